/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paying one rotation debt: what is known about it while the debt's lock is held.  For
 * ceremony/server/rotation/debt.c and the files of its steps.
 */
#ifndef CEREMONY_SERVER_ROTATION_PAYMENT_H
#define CEREMONY_SERVER_ROTATION_PAYMENT_H

#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/escrow.h"
#include "ceremony/server/vault/log.h"
#include "ceremony/server/vault/session.h"
#include "rotators/contract/contract.h"
#include "rotators/contract/rotator.h"
#include "vault/store/debt.h"
#include "vault/store/secret.h"

enum { PAYMENT_APPLIES = 2, PAYMENT_REJECTIONS = 3 };

struct payment {
	struct session *session;
	struct debt_row debt;
	struct secret_row secret;
	struct definition definition;
	char path[4096]; /* of the rotator */
	struct escrow escrow;
	struct rotator *rotator; /* with the old value as current and the pending one as next */
	/* An earlier run may have applied the pending value. */
	bool resumed;
	unsigned applies; /* of the pending value, in this run */
	bool stopped;
	const char *lost;   /* what mends its escrow, at the end of the note; NULL: it is whole */
	enum err_code code; /* why, when it stopped before RETIRED */
};
void payment_done(struct payment *payment);
#define PAYMENT CLEANUP(payment_done) struct payment

/* The values of DEBT, each of a version that the database knows.  When they are not to be had nothing may be done:
 * RET_LOST says why, with its cure, and is ERR_OK else; a debt that is just being opened has none yet.  Errors
 * returned are the vault's own. */
enum err_code payment_escrow(struct session *session, const struct debt_row *debt,
    struct escrow *ret_escrow, struct err *ret_lost, struct err *err) MUST_CHECK;

/* Read debt, secret, definition and escrow.  When that is lost the payment has stopped with ERR_INTEGRITY and LOST, and
 * nothing was done. */
enum err_code payment_load(struct session *session, const struct id *debt,
    struct payment *ret_payment, struct err *err) MUST_CHECK;
/* The debt is in STATE from now on; the leaf is called EVENT.  VERIFIED: the target accepts the new value, so
 * that what fails later waits no longer than after a first try. */
enum err_code payment_move(struct payment *payment, enum debt_state state, const char *event,
    struct err *err) MUST_CHECK;
/* Inside CHANGE, which ends by it: the row and the leaf that payment_move would write. */
enum err_code payment_commit(struct payment *payment, struct change *change,
    const struct debt_row *debt, struct leaf *leaf, struct err *err) MUST_CHECK;
/* This run ends here; the note says why, a later one goes on, once the debt is due again. */
enum err_code payment_stop(struct payment *payment, enum err_code code, struct err *err,
    const char *format, ...) FORMAT_LIKE(4, 5) MUST_CHECK;
/* Nothing is accepted, or nothing can be known: a person must look; it is due again as after a stop. */
enum err_code payment_degrade(struct payment *payment, struct err *err, const char *format, ...)
    FORMAT_LIKE(3, 4) MUST_CHECK;
/* The values that the target had refused for good, and that are not proven dead. */
bool payment_is_other(const struct payment *payment, uint32_t version);

#endif
