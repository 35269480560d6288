/* SPDX-License-Identifier: Apache-2.0 */
/* The ssh-key rotator's `apply`: the new public key takes the old one's place. */
#ifndef ROTATORS_SSH_APPLY_H
#define ROTATORS_SSH_APPLY_H

#include "rotators/ssh/account.h"

/* The rotation has both values.  Applied also when the new key is there already and the old one
 * is not; rejected when it is known that nothing was changed and why.  Every error means unknown,
 * except that after ERR_TARGET, too, nothing was changed. */
enum err_code ssh_apply(const struct ssh_account *account, struct rotation *rotation,
    enum change_result *ret_result, struct err *err) MUST_CHECK;

#endif
