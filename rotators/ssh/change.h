/* SPDX-License-Identifier: Apache-2.0 */
/* The ssh-key rotator's `add` and `withdraw`: the new public key beside the old one, and then the old one no longer. */
#ifndef ROTATORS_SSH_CHANGE_H
#define ROTATORS_SSH_CHANGE_H

#include "rotators/ssh/account.h"

/* Both may come again: what is done already is done.  Unchanged when it is known that nothing was changed, and why;
 * no value is ever rejected.  Every error means unknown. */

/* With access ssh by the old key, or by the new one where that is not let in. */
enum err_code ssh_add(const struct ssh_account *account, struct rotation *rotation,
    enum change_result *ret_result, struct err *err) MUST_CHECK;
/* With access ssh by the new key alone.  Unchanged, too, when the new key does not stand in the file: what is taken away
 * may be the last line that lets anybody in. */
enum err_code ssh_withdraw(const struct ssh_account *account, struct rotation *rotation,
    enum change_result *ret_result, struct err *err) MUST_CHECK;

#endif
