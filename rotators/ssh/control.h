/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a key is dead.  A host says no in the same words to a removed key, an unknown user, a locked account, a
 * forbidden algorithm: its no is a proof only when the rotation's other key is let into the same account just before
 * and just after.
 */
#ifndef ROTATORS_SSH_CONTROL_H
#define ROTATORS_SSH_CONTROL_H

#include "rotators/ssh/account.h"

/* What this process has seen, by enum rotator_value: process_milliseconds of the last time that the key was let in
 * (0: never), and whether its last answer was no. */
struct control {
	int64_t accepted[2];
	bool denied[2];
};
/* The target, or the next value, is another one now. */
void control_forget(struct control *control);

/* One attempt with WHICH, and as many with the other key as a proof needs.  A key that is expected to be refused is
 * never tried to find a control for another. */
enum err_code control_probe(struct control *control, const struct ssh_account *account,
    struct rotation *rotation, enum rotator_value which, enum probe_result *ret_result,
    struct err *err) MUST_CHECK;

/* Before anything is made: does the host do what proofs rest on?  ERR_REFUSED names what it demands, or that it ends
 * the connection at the first wrong key, so that none can be proven dead; also when ACCOUNT is changed over ssh and runs
 * no commands.  A host that does not answer, or does not take the current key, is no failure here: the probe tells. */
enum err_code control_check(struct control *control, const struct ssh_account *account,
    struct rotation *rotation, struct err *err) MUST_CHECK;

#endif
