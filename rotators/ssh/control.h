/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a key is dead.  A host says no in the same words to a removed key, an unknown user, a locked account, a
 * forbidden algorithm, and whoever is between can send each connection to another of the servers that have the pinned
 * host key: a no is a proof only when the rotation's other key is let into the same account in the same session.
 */
#ifndef ROTATORS_SSH_CONTROL_H
#define ROTATORS_SSH_CONTROL_H

#include "rotators/ssh/account.h"

/* The host's last answers to this process, by enum rotator_value. */
struct control {
	bool accepted[2], denied[2];
};
/* The target, or the next value, is another one now. */
void control_forget(struct control *control);
void control_forget_next(struct control *control);
/* What the host said to the key WHICH. */
void control_remember(struct control *control, enum rotator_value which,
    const struct ssh_answer *answer);

/* One session: WHICH, and after a no the other key, for a proof.  A key that is expected to be refused is never tried
 * to find a control for another: accounts get locked. */
enum err_code control_probe(struct control *control, const struct ssh_account *account,
    struct rotation *rotation, enum rotator_value which, enum probe_result *ret_result,
    struct err *err) MUST_CHECK;

#endif
