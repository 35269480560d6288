/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The escrow holds few values: those that are not wanted any more are proven dead before another is made, so that no
 * number of failures is a dead end.
 */
#include "ceremony/server/rotation/prepare.h"

#include <stdio.h>

#include "base/credential.h"
#include "ceremony/server/rotation/place.h"
#include "ceremony/server/rotation/target.h"
#include "ceremony/server/secrets/seal_version.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/copy_sink.h"

/* A value that the rotator makes, or the target; RET_NEXT is NULL when the run stopped. */
static enum err_code
make(struct payment *payment, struct secret **ret_next, struct err *err)
{
	struct err cause;
	enum change_result result = CHANGE_DONE;
	enum err_code code = payment->debt.state == DEBT_ISSUING ?
	    target_issue(payment, ret_next, &result, &cause) :
	    target_generate(payment, ret_next, &cause);

	if (code != ERR_OK)
		return payment_stop(payment, target_code(&cause), err,
		    "no new value was made: %.400s", cause.text);
	if (result == CHANGE_UNKNOWN)
		return payment_stop(payment, ERR_TARGET_UNKNOWN, err,
		    "whether the target made a new value is not known; what it made is withdrawn "
		    "before another is made: %.300s",
		    target_detail(payment));
	if (result != CHANGE_DONE)
		return payment_stop(payment, ERR_TARGET, err,
		    "the target made no new value: %.400s", target_detail(payment));
	return ERR_OK;
}

static enum err_code
commit_prepared(struct payment *payment, const struct sealing *sealing, struct err *err)
{
	struct session *session = payment->session;
	CHANGE change = {0};
	LEAF leaf = leaf_new(debt_event_leaves[DEBT_PREPARES]);
	struct secret_row secret;
	struct debt_row debt = payment->debt;

	TRY(change_begin(session, &change, err));
	TRY(store_get_secret(session->store, &payment->debt.secret, &secret, err));
	payment->overtaken = secret.newest + 1 != sealing->number;
	if (payment->overtaken)
		return err_set(err, ERR_BUSY, "another session sealed a version of it meanwhile");
	TRY(sealing_store(session, sealing, VERSION_PENDING, false, err));
	secret.newest = sealing->number;
	TRY(store_update_secret(session->store, &secret, err));
	debt.pending = sealing->number;
	TRY(payment_next(payment, DEBT_PREPARES, BY_ROTATOR, &debt, err));
	debt.note[0] = '\0';
	leaf_bytes(&leaf, "header", VIEW_OF(sealing->hash.bytes));
	TRY(payment_commit(payment, &change, &debt, &leaf, err));
	payment->secret = secret;
	payment->resumed = payment->new_works = payment->old_works = false;
	payment->tells = 0;
	return ERR_OK;
}

/* NEXT is sealed to the officers, copied, and in the escrow. */
static enum err_code
keep(struct payment *payment, struct secret *next, uint32_t number, struct sealing *sealing,
    struct err *err)
{
	struct session *session = payment->session;
	SECRET *kept = next;

	TRY(sealing_make(session, &payment->definition, number, kept, sealing, err));
	TRY(escrow_add(&payment->escrow, number, &sealing->hash, TAKE(kept), err));
	return session->rehearses ?
	    ERR_OK :
	    escrow_write_new(session->folder, &payment->escrow, &session->keys, err);
}

/* One of the values that are not wanted is proven dead by the old one, which works as far as anybody knows.  One at a time: nobody locks the account out.  One
 * that works all the same, where the old one does not, needs no other: RET_FOUND.  Where the old one stays sealed there is room for it, too: nothing is
 * proven dead, and its quorum may open it. */
static enum err_code
make_room(struct payment *payment, bool *ret_found, struct err *err)
{
	enum probe_result result = PROBE_DENIED;
	bool untried = payment->debt.untried, taken;
	size_t room = untried ? ESCROW_VALUES - 1 : ESCROW_VALUES;
	uint32_t version;
	struct err cause;

	*ret_found = false;
	if (payment->escrow.count < room || payment->session->rehearses)
		return ERR_OK;
	version = target_choose_other(payment);
	if (target_other(payment, version, untried ? 0 : payment->debt.old, &result, &taken,
	        &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	*ret_found = result == PROBE_ACCEPTED && !taken;
	if (*ret_found)
		return rotate_find(payment, version, err);
	if (result == PROBE_REFUSED && !untried)
		return ERR_OK;
	return payment_stop(payment, ERR_TARGET_UNKNOWN, err,
	    "the escrow holds %zu values that the target may accept; no other is made before it refuses "
	    "one of them%s",
	    room, untried ? ", which its present value shows: let its officers open that" : "");
}

/* What stands in the old value alone, which stays sealed, is not lost: the rotator may be another than when that was tried. */
static enum err_code
check_fields(struct payment *payment, const struct secret *next, struct err *err)
{
	VERSION_ROW version = {0};
	uint32_t lost;

	TRY(store_get_version(payment->session->store, &payment->debt.secret, payment->debt.old,
	    &version, err));
	lost = version.fields & ~credential_fields(secret_view(next));
	return lost == 0 || payment->session->rehearses ?
	    ERR_OK :
	    payment_stop(payment, ERR_TARGET, err,
	        "a new value would lack a field that version %u has; let its officers open that, then it is kept",
	        payment->debt.old);
}

enum err_code
rotate_prepare(struct payment *payment, struct err *err)
{
	SECRET *next = NULL;
	SEALING sealing = {0};
	struct err cause;
	uint32_t number = payment->secret.newest + 1;
	bool found;

	/* Before the target is asked for anything: it could not be told in the end. */
	if (copy_look(payment->session, &cause) != ERR_OK)
		return payment_hold(payment, cause.code, cause.text, err);
	if (payment->debt.state == DEBT_OWED && payment_style(payment) == STYLE_ISSUE)
		return payment_move(payment, DEBT_ISSUES, BY_HOST, err);
	TRY(make_room(payment, &found, err));
	if (!payment->stopped && !found)
		TRY(make(payment, &next, err));
	if (next != NULL && payment->debt.untried)
		TRY(check_fields(payment, next, err));
	if (payment->stopped || found)
		return ERR_OK;
	enum err_code code = keep(payment, TAKE(next), number, &sealing, &cause);

	if (code != ERR_OK)
		return payment_stop(payment, code, err, "the new value could not be kept: %.350s",
		    cause.text);
	TRY(commit_prepared(payment, &sealing, err));
	if (!payment->session->rehearses)
		TRY(escrow_keep(payment->session->folder, &payment->debt.id, true, err));
	session_progress(payment->session, "%s: version %u %s, sealed to the officers",
	    payment->secret.name, number,
	    payment_style(payment) == STYLE_ISSUE ? "made by the target" : "generated");
	return ERR_OK;
}
