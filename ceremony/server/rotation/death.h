/* SPDX-License-Identifier: Apache-2.0 */
/* From a new value that is current to an old one that is dead. */
#ifndef CEREMONY_SERVER_ROTATION_DEATH_H
#define CEREMONY_SERVER_ROTATION_DEATH_H

#include "ceremony/server/rotation/payment.h"

/* The target accepts the new value, and refuses the old one where it holds one alone: verified, committed, and to be
 * taken away or watched. */
enum err_code rotate_commit(struct payment *payment, struct err *err) MUST_CHECK;
/* WITHDRAWING */
enum err_code rotate_withdraw(struct payment *payment, struct err *err) MUST_CHECK;
/* The same where the target made the new value and lost it, while it accepts the old one: that is current again, and
 * another is owed. */
enum err_code rotate_lose(struct payment *payment, struct err *err) MUST_CHECK;
/* WATCHED, and its grace time is over */
enum err_code rotate_retire(struct payment *payment, struct err *err) MUST_CHECK;

#endif
