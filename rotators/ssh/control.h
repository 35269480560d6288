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

/* One session: WHICH, and after a no the other key, for a proof.  A key that is expected to be refused is never tried
 * to find a control for another: accounts get locked. */
enum err_code control_probe(struct control *control, const struct ssh_account *account,
    struct rotation *rotation, enum rotator_value which, enum probe_result *ret_result,
    struct err *err) MUST_CHECK;

/* Before anything is made: does the host do what proofs rest on?  ERR_REFUSED names what it demands, or that it ends
 * the connection at the first wrong key or takes no other after it, so that none can be proven dead; also when ACCOUNT is changed over ssh and runs
 * no commands.  A host that does not answer, or does not take the current key, is no failure here: the probe tells. */
enum err_code control_check(struct control *control, const struct ssh_account *account,
    struct rotation *rotation, struct err *err) MUST_CHECK;

#endif
