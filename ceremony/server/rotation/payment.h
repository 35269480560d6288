/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paying one rotation debt: what is known about it while the debt's lock is held.  For
 * ceremony/server/rotation/debt.c and the files of its steps.
 */
#ifndef CEREMONY_SERVER_ROTATION_PAYMENT_H
#define CEREMONY_SERVER_ROTATION_PAYMENT_H

#include "ceremony/protocol/statements_host.h"
#include "ceremony/server/rotation/states.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/escrow.h"
#include "ceremony/server/vault/log.h"
#include "ceremony/server/vault/session.h"
#include "rotators/contract/rotator.h"
#include "vault/store/debt.h"
#include "vault/store/secret.h"

enum { PAYMENT_TELLS = 2, PAYMENT_REJECTIONS = 3 };

struct payment {
	struct session *session;
	struct debt_row debt;
	struct secret_row secret;
	struct definition definition;
	struct rotator_found program; /* the rotator */
	struct digest ran;            /* its SHA-256 once it was started; else zeros */
	struct escrow escrow;
	/* With the old value as current, and as next the pending one, or the one that works, if there are newer ones. */
	struct rotator *rotator;
	/* Of the newest debt of the secret whose new value the target was seen to accept; its pending version, or 0: there is
	 * none beside this one. */
	struct escrow newer;
	uint32_t works;
	/* An earlier run may have told the target the pending value. */
	bool resumed;
	/* Since the target was told last it was seen to accept the pending value, or the old one and not that. */
	bool new_works, old_works;
	bool
	    seen_works; /* since the target was told last in this run it was seen to accept the value that works */
	bool
	    expelled; /* likewise: the old value's sessions were ended, as far as such a target can */
	bool old_refused; /* in this run */
	bool earlier;     /* another death of this secret is watched before this one's */
	unsigned tells;   /* how often the target was told, in this run */
	uint32_t told;    /* the version that it was given last, in this run */
	/* What the rotator said when the old value was refused; and what one said last that is gone. */
	char proof[ROTATOR_DETAIL_MAX + 1], said[ROTATOR_DETAIL_MAX + 1];
	char pending_said[ROTATOR_DETAIL_MAX + 1]; /* when the pending value was last said no to */
	enum grade grade;                          /* when it is RETIRED by this run */
	bool overtaken; /* ERR_BUSY: another session changed what this run goes by */
	bool stopped;
	const char *lost;   /* what mends its escrow, at the end of the note; NULL: it is whole */
	enum err_code code; /* why, when it stopped before RETIRED */
};
void payment_done(struct payment *payment);
#define PAYMENT CLEANUP(payment_done) struct payment

/* An earlier run was cut off while it committed: what it wrote beside the escrow of DEBT, which is SECRET's, becomes the escrow
 * or goes.  Under the debt's lock. */
enum err_code payment_settle_new(struct session *session, const struct id *debt,
    const struct secret_id *secret, struct err *err) MUST_CHECK;
/* The values of DEBT, each of a version that the database knows.  When they are not to be had nothing may be done:
 * RET_LOST says why, with its cure, and is ERR_OK else; a debt that is just being opened has none yet.  Errors
 * returned are the vault's own. */
enum err_code payment_escrow(struct session *session, const struct debt_row *debt,
    struct escrow *ret_escrow, struct err *ret_lost, struct err *err) MUST_CHECK;

/* Read debt, secret, definition and escrow.  When that is lost the payment has stopped with ERR_INTEGRITY and LOST, and
 * nothing was done. */
enum err_code payment_load(struct session *session, const struct id *debt,
    struct payment *ret_payment, struct err *err) MUST_CHECK;
/* DEBT moves by EVENT, by the word of BY (rotation/states.h), in memory. */
enum err_code payment_next(const struct payment *payment, enum debt_event event, enum debt_by by,
    struct debt_row *debt, struct err *err) MUST_CHECK;
/* It moves, and that is committed. */
enum err_code payment_move(struct payment *payment, enum debt_event event, enum debt_by by,
    struct err *err) MUST_CHECK;
/* The same with what DEBT, whose state is set, has beside. */
enum err_code payment_write(struct payment *payment, enum debt_event event,
    const struct debt_row *debt, struct err *err) MUST_CHECK;
/* Inside a change that payment_commit ends: the leaf of a step that is followed by another at once. */
enum err_code payment_log(struct payment *payment, enum debt_event event, enum debt_by by,
    struct debt_row *debt, struct err *err) MUST_CHECK;
/* Inside CHANGE, which ends by it: the row and the leaf. */
enum err_code payment_commit(struct payment *payment, struct change *change,
    const struct debt_row *debt, struct leaf *leaf, struct err *err) MUST_CHECK;
/* DEBT as it is, after a try that came to nothing. */
enum err_code payment_attempt(struct payment *payment, const struct debt_row *debt,
    struct err *err) MUST_CHECK;
/* This run ends here; the note says why, a later one goes on, once the debt is due again. */
enum err_code payment_stop(struct payment *payment, enum err_code code, struct err *err,
    const char *format, ...) FORMAT_LIKE(4, 5) MUST_CHECK;
/* The same of what no target was asked about: it is due as it was, and only another note than it has is written. */
enum err_code payment_hold(struct payment *payment, enum err_code code, const char *note,
    struct err *err) MUST_CHECK;
/* The target was seen to accept nothing: a person must look; it is due again as after a stop. */
enum err_code payment_degrade(struct payment *payment, struct err *err, const char *format, ...)
    FORMAT_LIKE(3, 4) MUST_CHECK;
/* The values that the target did not want, or that turned out not to be the one that works: not proven dead yet. */
bool payment_is_other(const struct payment *payment, uint32_t version);
/* VERSION is proven dead: it leaves the escrow. */
enum err_code payment_forget(struct payment *payment, uint32_t version, struct err *err) MUST_CHECK;
enum style payment_style(const struct payment *payment);

#endif
