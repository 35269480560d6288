/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was told to the target, and what it accepts since.  Only a probe decides: that a rotator says "applied" or
 * "added" is a reason to ask, and nothing else.
 */
#include "ceremony/server/rotation/place.h"

#include <stdio.h>

#include "base/text.h"
#include "ceremony/server/rotation/death.h"
#include "ceremony/server/rotation/target.h"
#include "ceremony/server/rotation/wait.h"
#include "ceremony/server/secrets/seal_version.h"
#include "ceremony/server/vault/change.h"

#define SAID(payment) target_detail(payment)[0] != '\0' ? ": " : "", target_detail(payment)

/* The pending value is given up: it stays in the escrow until the target refuses it. */
static enum err_code
give_up(struct payment *payment, enum debt_event event, const struct debt_row *debt,
    struct err *err)
{
	struct session *session = payment->session;
	CHANGE change = {0};
	LEAF leaf = leaf_new(debt_event_leaves[event]);
	struct debt_row without = *debt;

	TRY(change_begin(session, &change, err));
	if (without.pending != 0)
		TRY(store_set_version_state(session->store, &without.secret, without.pending,
		    VERSION_REJECTED, err));
	without.pending = 0;
	TRY(payment_commit(payment, &change, &without, &leaf, err));
	rotator_freep(&payment->rotator);
	return ERR_OK;
}

enum err_code
rotate_find(struct payment *payment, uint32_t version, struct err *err)
{
	struct session *session = payment->session;
	CHANGE change = {0};
	LEAF leaf = leaf_new(debt_event_leaves[DEBT_FINDS]);
	struct debt_row debt = payment->debt;

	TRY(payment_next(payment, DEBT_FINDS, BY_TARGET, &debt, err));
	TRY(change_begin(session, &change, err));
	if (debt.pending != 0)
		TRY(store_set_version_state(session->store, &debt.secret, debt.pending,
		    VERSION_REJECTED, err));
	TRY(store_set_version_state(session->store, &debt.secret, version, VERSION_PENDING, err));
	debt.pending = version;
	debt.tries = 0;
	debt.note[0] = '\0';
	TRY(payment_commit(payment, &change, &debt, &leaf, err));
	payment->resumed = true;
	rotator_freep(&payment->rotator);
	return ERR_OK;
}

/* The pending value works.  Where the target holds one alone, the old one's sessions end before it is asked whether it
 * refuses that: a live session could put it back. */
static enum err_code
landed(struct payment *payment, struct err *err)
{
	struct debt_row debt = payment->debt;
	struct err cause;

	payment->resumed = false;
	if (payment_style(payment) != STYLE_REPLACE)
		return rotate_commit(payment, err);
	if (target_expel(payment, &debt.sessions, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	TRY(payment_next(payment, DEBT_EXPELS, payment->new_works ? BY_TARGET : BY_ROTATOR, &debt,
	    err));
	if (payment
	        ->new_works) /* seen, and not only said: else a liar would be tried every few seconds */
		debt.tries = 0;
	debt.note[0] = '\0';
	return payment_write(payment, DEBT_EXPELS, &debt, err);
}

/* The target says no to this value for good. */
static enum err_code
reject(struct payment *payment, struct err *err)
{
	struct debt_row debt = payment->debt;
	bool last = debt.rejected + 1 >= PAYMENT_REJECTIONS;

	debt.rejected++;
	TRY(payment_next(payment, last ? DEBT_DEGRADES : DEBT_REJECTS, BY_ROTATOR, &debt, err));
	if (last)
		wait_longer(&debt, session_now(payment->session));
	plain_format(debt.note, sizeof(debt.note),
	    "the target rejected version %u (%u of %d)%s%.300s", debt.pending, debt.rejected,
	    (int)PAYMENT_REJECTIONS, SAID(payment));
	TRY(give_up(payment, DEBT_REJECTS, &debt, err));
	session_progress(payment->session, "%s: %s", payment->secret.name, QUOTED(debt.note));
	payment->stopped = last;
	payment->code = last ? ERR_TARGET : payment->code;
	return ERR_OK;
}

/* RET_HERE: the target accepts the value PLACE says; else the run stopped, or the debt has moved. */
static enum err_code
locate(struct payment *payment, bool *ret_here, struct err *err)
{
	enum target_place place;
	uint32_t version = 0;
	struct err cause;

	*ret_here = false;
	if (payment->resumed || payment->rotator == NULL) /* it did not answer */
		session_progress(payment->session, "%s: asking the target which value it accepts",
		    payment->secret.name);
	if (target_locate(payment, &place, &version, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	switch (place) {
	case TARGET_PENDING:
	case TARGET_OLD:
		payment->new_works = place == TARGET_PENDING;
		payment->seen_works |= payment->new_works;
		payment->old_works = !payment->new_works;
		*ret_here = true;
		return ERR_OK;
	case TARGET_OTHER:
		return rotate_find(payment, version, err);
	case TARGET_NONE:
		return payment_degrade(payment, err,
		    "the target accepts none of the values that it was ever given; repair the account so "
		    "that one of them works, then 'halligan rotate %s'",
		    payment->secret.name);
	case TARGET_UNKNOWN:
	default:
		return payment_stop(payment, ERR_TARGET_UNKNOWN, err,
		    "the target cannot be reached, so what it accepts is not known%s%.300s",
		    SAID(payment));
	}
}

/* Where old values work for a while, one that was taken for rejected and then replaced by a later one is accepted, too, and
 * dies with its time: what works is told once more before it counts. */
static bool
must_be_told(const struct payment *payment)
{
	return payment_style(payment) == STYLE_REPLACE && payment->definition.announced.grace > 0 &&
	    payment->told != payment->debt.pending;
}

/* May the target be told now?  Not before it is known where it stands, once it may have been told before. */
static enum err_code
may_tell(struct payment *payment, bool *ret_may, struct err *err)
{
	bool told = payment->resumed || payment->tells > 0, here = true;

	*ret_may = false;
	if (told && !payment->old_works)
		TRY(locate(payment, &here, err));
	if (!here)
		return ERR_OK;
	payment->resumed = false;
	if (payment->new_works && !must_be_told(payment))
		return landed(payment, err);
	if (payment->tells >= PAYMENT_TELLS)
		return payment_stop(payment, ERR_TARGET, err,
		    "the target was told the new value %u times and %s%s%.250s", payment->tells,
		    payment->debt.untried ? "does not accept it" :
		                            "still accepts the old one alone",
		    payment->pending_said[0] != '\0' ? ": " : "", payment->pending_said);
	*ret_may = true;
	return ERR_OK;
}

/* A value that was said to be rejected, or came late, may take up the room that the target has: what it accepts of them is
 * withdrawn, so that there is room when the same value is tried again. */
static enum err_code
make_place(struct payment *payment, struct err *err)
{
	enum probe_result ignored;
	uint32_t version;
	struct err cause;

	if (payment_style(payment) != STYLE_OVERLAP)
		return ERR_OK;
	if (target_others(payment, payment->debt.old, &ignored, &version, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	return ERR_OK;
}

enum err_code
rotate_apply(struct payment *payment, struct err *err)
{
	bool replace = payment_style(payment) == STYLE_REPLACE, may, works;
	enum change_result result;
	struct err cause;

	TRY(may_tell(payment, &may, err));
	if (!may)
		return ERR_OK;
	works = payment->new_works; /* it is told again all the same (must_be_told) */
	session_progress(payment->session, "%s: %s version %u", payment->secret.name,
	    replace ? "applying" : "adding", payment->debt.pending);
	if (target_tell(payment, replace ? ROTATOR_APPLY : ROTATOR_ADD, &result, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	switch (result) {
	case CHANGE_DONE:
		return replace ? landed(payment, err) : ERR_OK;
	case CHANGE_REJECTED:
		return works ?
		    payment_stop(payment, ERR_TARGET, err,
		        "the target accepts version %u and its rotator says that it is not wanted; it is told once more in the next run%s%.250s",
		        payment->debt.pending, SAID(payment)) :
		    reject(payment, err);
	case CHANGE_UNCHANGED:
		TRY(make_place(payment, err));
		if (payment->stopped)
			return ERR_OK;
		return payment_stop(payment, ERR_TARGET, err,
		    "nothing was changed at the target, and the same value is tried again%s%.300s",
		    SAID(payment));
	case CHANGE_UNKNOWN:
	default:
		return ERR_OK;
	}
}

/* Is the old value refused?  RET_DEAD false: the run stopped, or the target was told again. */
static enum err_code
prove_refused(struct payment *payment, bool *ret_dead, struct err *err)
{
	enum probe_result result;
	enum change_result ignored;
	struct err cause;

	if (target_expel(payment, &payment->debt.sessions, &cause) != ERR_OK ||
	    target_probe(payment, ROTATOR_CURRENT, &result, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	*ret_dead = payment->old_refused = result == PROBE_REFUSED;
	snprintf(payment->proof, sizeof(payment->proof), "%s", target_detail(payment));
	if (*ret_dead)
		return ERR_OK;
	if (result != PROBE_ACCEPTED)
		return payment_stop(payment, ERR_TARGET_UNKNOWN, err,
		    "version %u is in place, but whether the old value is refused is not known%s%.250s",
		    payment->debt.pending, SAID(payment));
	if (payment->tells >= PAYMENT_TELLS)
		return payment_stop(payment, ERR_TARGET, err,
		    "the target accepts the new value, but still the one of version %u as well; remove "
		    "it there, then 'halligan rotate %s'",
		    payment->debt.old, payment->secret.name);
	if (target_tell(payment, ROTATOR_APPLY, &ignored, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	return ERR_OK;
}

enum err_code
rotate_verify_replaced(struct payment *payment, struct err *err)
{
	bool here = payment->new_works,
	     dead = payment->definition.announced.grace > 0 || payment->debt.untried ||
	    payment->definition.announced.death == DEATH_NONE;

	if (!here)
		TRY(locate(payment, &here, err));
	if (!here)
		return ERR_OK;
	if (payment->old_works)
		return payment_move(payment, DEBT_APPLIES, BY_TARGET, err);
	if (!dead)
		TRY(prove_refused(payment, &dead, err));
	return dead ? rotate_commit(payment, err) : ERR_OK;
}

enum err_code
rotate_verify_issued(struct payment *payment, struct err *err)
{
	bool here;

	TRY(locate(payment, &here, err));
	if (!here)
		return ERR_OK;
	if (payment->new_works)
		return rotate_commit(payment, err);
	struct debt_row debt = payment->debt;

	TRY(payment_next(payment, DEBT_REJECTS, BY_TARGET, &debt, err));
	plain_format(debt.note, sizeof(debt.note),
	    "the target made version %u and does not accept it%s%.300s", debt.pending,
	    SAID(payment));
	TRY(give_up(payment, DEBT_REJECTS, &debt, err));
	return payment_stop(payment, ERR_TARGET, err, "%s", debt.note);
}

enum err_code
rotate_recover(struct payment *payment, struct err *err)
{
	struct debt_row debt = payment->debt;
	bool here;

	TRY(locate(payment, &here, err));
	if (!here)
		return ERR_OK;
	if (payment->new_works && !must_be_told(payment))
		return landed(payment, err);
	payment->resumed = false;
	if (debt.pending != 0 && payment_style(payment) != STYLE_ISSUE)
		return payment_move(payment, DEBT_APPLIES, BY_TARGET, err);
	debt.rejected = 0;
	debt.note[0] = '\0';
	TRY(payment_next(payment, DEBT_REJECTS, BY_TARGET, &debt, err));
	return give_up(payment, DEBT_REJECTS, &debt, err);
}
