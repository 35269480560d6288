/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each step takes a debt from one state to the next (rotation/states.h), or stops the run with a note.
 *
 * What must hold at every instant (docs/DESIGN.md, "What must always be true", 5 to 8): a value that the target accepts
 * is sealed to the officers and in the escrow.  So a new value is sealed, copied, escrowed and committed before the
 * target hears of it (one that the target makes: before it drops anything); that it may hear of something is committed
 * before it does; and the escrow is erased only after the old value and every other that the target ever saw were refused.
 *
 * Debts of one secret end in the order in which they began: the newest has the value that proves the others dead.
 */
#include "ceremony/server/rotation/debt.h"

#include <stdio.h>
#include <string.h>

#include "base/file_lock.h"
#include "base/text_time.h"
#include "ceremony/protocol/rows.h"
#include "ceremony/server/rotation/death.h"
#include "ceremony/server/rotation/payment.h"
#include "ceremony/server/rotation/place.h"
#include "ceremony/server/rotation/prepare.h"
#include "ceremony/server/rotation/target.h"
#include "ceremony/server/rotation/wait.h"
#include "ceremony/server/vault/copy_sink.h"
#include "ceremony/server/vault/rehearsal.h"
#include "vault/store/ceremony.h"

/* The charter may have named another copy sink since it was sealed. */
static enum err_code
go_on_prepared(struct payment *payment, struct err *err)
{
	struct err cause;
	enum err_code code = copy_check_version(payment->session, &payment->debt.secret,
	    payment->debt.pending, &cause);

	if (code == ERR_WAITING)
		return payment_hold(payment, code, cause.text, err);
	if (code != ERR_OK) {
		*err = cause;
		return code;
	}
	return payment_style(payment) == STYLE_ISSUE ?
	    rotate_verify_issued(payment, err) :
	    payment_move(payment, DEBT_APPLIES, BY_HOST, err);
}

static enum err_code
step(struct payment *payment, struct err *err)
{
	switch (payment->debt.state) {
	case DEBT_OWED:
	case DEBT_ISSUING:
		return rotate_prepare(payment, err);
	case DEBT_PREPARED:
		return go_on_prepared(payment, err);
	case DEBT_APPLYING:
		return rotate_apply(payment, err);
	case DEBT_EXPELLED:
		return rotate_verify_replaced(payment, err);
	case DEBT_VERIFIED:
		return rotate_commit(payment, err);
	case DEBT_DEGRADED:
		return rotate_recover(payment, err);
	case DEBT_WITHDRAWING:
		return rotate_withdraw(payment, err);
	case DEBT_WATCHED:
		return rotate_retire(payment, err);
	case DEBT_COMMITTED: /* passed through */
	case DEBT_RETIRED:
	case DEBT_STATES:
	default:
		return err_set(err, ERR_INTERNAL, "a debt has no state %d",
		    (int)payment->debt.state);
	}
}

/* While the lease runs, the responder works with the old value. */
static enum err_code
check_lease(struct session *session, const struct debt_row *debt, struct paid *paid,
    struct err *err)
{
	struct ceremony_row row;
	char expires[TEXT_TIME_SIZE];
	bool opening;

	TRY(store_debt_is_opening(session->store, &debt->id, &opening, err));
	if (opening) {
		paid->code = ERR_WAITING;
		snprintf(paid->note, sizeof(paid->note),
		    "a ceremony is about to open it; the next command goes on with that");
		return ERR_OK;
	}
	if (!debt->has_ceremony)
		return ERR_OK;
	TRY(store_get_ceremony(session->store, &debt->ceremony, &row, err));
	if (row.state != CEREMONY_RELEASED && row.state != CEREMONY_RELEASING)
		return ERR_OK;
	text_time(row.expires, expires);
	paid->code = ERR_WAITING;
	snprintf(paid->note, sizeof(paid->note),
	    "seat %s holds it until %s; 'halligan done' ends that", row.requester, expires);
	return ERR_OK;
}

/* Asked again under the debt's lock: what stayed sealed may have been opened. */
static enum err_code
check_lease_again(struct session *session, const struct id *id, struct paid *paid, struct err *err)
{
	struct debt_row debt;

	TRY(store_get_debt(session->store, id, &debt, err));
	return check_lease(session, &debt, paid, err);
}

/* Asked again under the debt's lock: who waited for another run's end does not follow on its heels. */
static enum err_code
check_due(struct session *session, const struct id *id, struct paid *paid, struct err *err)
{
	struct debt_row debt;
	char waits[WAIT_TEXT_SIZE];

	TRY(store_get_debt(session->store, id, &debt, err));
	paid->state = debt.state;
	if (!wait_goes_on(&debt, session_now(session)))
		return ERR_OK;
	wait_text(&debt, waits);
	paid->in_grace = debt.state == DEBT_WATCHED && debt.tries == 0 && debt.rejected == 0;
	paid->code = ERR_WAITING;
	plain_format(paid->note, sizeof(paid->note), "%s%s%.300s", waits,
	    debt.note[0] != '\0' ? ": " : "", debt.note);
	return ERR_OK;
}

/* Its grace time runs, or another death comes first: the next run goes on there. */
static bool
is_watched(const struct payment *payment)
{
	return payment->debt.state == DEBT_WATCHED && !payment->session->rehearses &&
	    (payment->earlier || wait_goes_on(&payment->debt, session_now(payment->session)));
}

static enum err_code
run(struct payment *payment, struct err *err)
{
	while (!payment->stopped && payment->debt.state != DEBT_RETIRED && !is_watched(payment))
		TRY(step(payment, err));
	return ERR_OK;
}

/* Values that the target refused may turn out to be the one that it accepts. */
static enum err_code
prove_others(struct payment *payment, struct err *err)
{
	for (size_t i = 0; i < payment->escrow.count; i++) {
		uint32_t version = payment->escrow.values[i].version;

		if (payment_is_other(payment, version))
			TRY(store_set_version_state(payment->session->store, &payment->debt.secret,
			    version, VERSION_REJECTED, err));
	}
	return ERR_OK;
}

/* First it fails for good, then it is paid. */
static enum err_code
rehearse_payment(struct session *session, const void *id, struct err *err)
{
	PAYMENT payment = {0};

	TRY(payment_load(session, id, &payment, err));
	if (payment.stopped || payment.debt.state == DEBT_RETIRED)
		return ERR_OK;
	TRY(prove_others(&payment, err));
	if ((DEBT_BLOCKS & ~(1u << DEBT_VERIFIED) & 1u << payment.debt.state) != 0)
		TRY(payment_degrade(&payment, err, "rehearsed"));
	if (payment.debt.state == DEBT_WITHDRAWING && payment_style(&payment) == STYLE_ISSUE)
		TRY(rotate_lose(&payment, err));
	payment.stopped = false;
	return run(&payment, err);
}

static void
say_watched(const struct payment *payment, char note[NOTE_TEXT_MAX + 1])
{
	if (payment->earlier)
		snprintf(note, NOTE_TEXT_MAX + 1,
		    "version %u was taken away; the death of an earlier version is watched before it",
		    payment->debt.old);
	else
		wait_text(&payment->debt, note);
}

/* What is to be done before a debt of the same secret: one that began earlier is not dead yet; FIRST, where it is not
 * RETIRED, is not even taken away, so that a target may hold it beside two others. */
struct before {
	bool earlier;
	struct debt_row first;
};

/* It waits for FIRST, unless the target lost its own old value, so that there is room: then FIRST itself may wait for a
 * value that works, which comes with this debt alone. */
static enum err_code
wait_for_first(struct payment *payment, const struct debt_row *first, struct err *err)
{
	bool asks = payment_style(payment) != STYLE_REPLACE;
	enum probe_result result = PROBE_ACCEPTED;
	struct err cause;
	char note[NOTE_TEXT_MAX + 1];

	if (first->state == DEBT_RETIRED || (DEBT_BLOCKS & 1u << payment->debt.state) == 0)
		return ERR_OK;
	if (asks && target_probe(payment, ROTATOR_CURRENT, &result, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	if (result == PROBE_REFUSED || result == PROBE_DENIED)
		return ERR_OK;
	plain_format(note, sizeof(note),
	    "version %u must be taken away first, and is not yet: %.300s", first->old, first->note);
	if (asks) /* not by each command again */
		return payment_stop(payment, ERR_WAITING, err, "%s", note);
	snprintf(payment->debt.note, sizeof(payment->debt.note), "%s", note);
	payment->stopped = true;
	payment->code = ERR_WAITING;
	return ERR_OK;
}

/* Another session changed what this run goes by: it ends here, and nothing else does. */
static enum err_code
say_overtaken(const struct payment *payment, const struct err *why, struct paid *paid)
{
	paid->code = ERR_BUSY;
	plain_text(why->text, paid->note, sizeof(paid->note));
	session_progress(payment->session, "%s: %s", payment->secret.name, paid->note);
	return ERR_OK;
}

static enum err_code
pay_locked(struct session *session, const struct id *id, const struct before *before,
    struct paid *paid, struct err *err)
{
	PAYMENT payment = {0};
	enum err_code code;

	TRY(check_due(session, id, paid, err));
	if (paid->code != ERR_WAITING)
		TRY(check_lease_again(session, id, paid, err));
	if (paid->code == ERR_WAITING)
		return ERR_OK;
	TRY(rehearse(session, rehearse_payment, id, err));
	if (session->rehearses)
		return rehearse_payment(session, id, err);
	TRY(payment_load(session, id, &payment, err));
	payment.earlier = before->earlier;
	if (!payment.stopped)
		TRY(wait_for_first(&payment, &before->first, err));
	code = run(&payment, err);
	paid->state = payment.debt.state;
	if (code == ERR_BUSY && payment.overtaken)
		return say_overtaken(&payment, err, paid);
	TRY(code);
	paid->code = payment.debt.state == DEBT_RETIRED ? ERR_OK : payment.code;
	paid->lost = payment.lost;
	paid->has_grade = payment.debt.state == DEBT_RETIRED;
	paid->grade = payment.grade;
	snprintf(paid->note, sizeof(paid->note), "%s", payment.debt.note);
	if (!payment.stopped && is_watched(&payment))
		say_watched(&payment, paid->note);
	return ERR_OK;
}

/* Also when an earlier run was cut off after its last commit. */
static enum err_code
erase_paid(struct session *session, const struct id *id, const char *lock, struct err *err)
{
	TRY(store_settle(session->store, err));
	TRY(escrow_erase(session->folder, id, err));
	return file_erase(lock, err);
}

enum { LOCK_SECONDS = 10 };

/* Whoever is asked by a person waits for a process that does what is due. */
static enum err_code
lock_debt(struct session *session, const char *path, struct file_lock **ret_lock, struct err *err)
{
	enum err_code code = file_lock(path, "rotate", 0, ret_lock, err);

	if (code != ERR_BUSY || session->out < 0)
		return code;
	session_progress(session,
	    "another process rotates it just now: waiting for that, 10 s at most");
	return file_lock(path, "rotate", LOCK_SECONDS, ret_lock, err);
}

static enum err_code
pay_one(struct session *session, const struct id *id, const struct before *before,
    struct paid *paid, struct err *err)
{
	FILE_LOCK *lock = NULL;
	struct err cause;
	char path[4096];
	enum err_code code = ERR_OK;

	TRY(host_id_path(session->folder, "escrow", id, ".lock", path, err));
	if (!session->rehearses)
		code = lock_debt(session, path, &lock, &cause);
	if (code == ERR_BUSY) {
		paid->code = ERR_BUSY;
		snprintf(paid->note, sizeof(paid->note), "another session is rotating it just now");
		return ERR_OK;
	}
	if (code != ERR_OK) {
		*err = cause;
		return code;
	}
	TRY(pay_locked(session, id, before, paid, err));
	return paid->state == DEBT_RETIRED && !session->rehearses ?
	    erase_paid(session, id, path, err) :
	    ERR_OK;
}

/* Pays those that began before DEBT. */
static enum err_code
pay_earlier(struct session *session, const struct debt_row *debt, struct before *ret_before,
    struct err *err)
{
	struct debt_row rows[DEBT_WATCHES_MAX];
	struct before before = {.first = {.state = DEBT_RETIRED}};
	size_t count;

	TRY(store_list_watches(session->store, &debt->secret, rows, DEBT_WATCHES_MAX, &count, err));
	for (size_t i = 0; i < count && memcmp(&rows[i].id, &debt->id, sizeof(debt->id)) != 0;
	     i++) {
		const struct before none = {before.earlier, {.state = DEBT_RETIRED}};
		struct paid paid = {.state = rows[i].state};

		TRY(check_due(session, &rows[i].id, &paid, err));
		if (paid.code != ERR_WAITING)
			TRY(pay_one(session, &rows[i].id, &none, &paid, err));
		before.earlier |= paid.state != DEBT_RETIRED;
		if (paid.state == DEBT_COMMITTED || paid.state == DEBT_WITHDRAWING)
			before.first = rows[i];
	}
	*ret_before = before;
	return ERR_OK;
}

/* What it waits for, if it does: RET_PAID's code is ERR_WAITING then. */
static enum err_code
prepare_to_pay(struct session *session, const struct id *id, struct before *ret_before,
    struct paid *paid, struct err *err)
{
	struct debt_row debt;

	TRY(store_get_debt(session->store, id, &debt, err));
	paid->state = debt.state;
	TRY(check_lease(session, &debt, paid, err));
	if (paid->code != ERR_WAITING)
		TRY(check_due(session, id, paid, err));
	return paid->code == ERR_WAITING || session->rehearses ?
	    ERR_OK :
	    pay_earlier(session, &debt, ret_before, err);
}

enum err_code
rotate_pay(struct session *session, const struct id *id, struct paid *ret_paid, struct err *err)
{
	struct before before = {.first = {.state = DEBT_RETIRED}};
	struct paid paid = {0};

	TRY(prepare_to_pay(session, id, &before, &paid, err));
	if (paid.code != ERR_WAITING)
		TRY(pay_one(session, id, &before, &paid, err));
	*ret_paid = paid;
	return ERR_OK;
}

void
paid_tell(struct json *array, const char *name, const char *debt, const struct paid *paid)
{
	const struct rotation_told told = {.name = name,
	    .debt = debt,
	    .code = paid->code == ERR_OK || paid->in_grace ? "ok" : err_name(paid->code),
	    .note = paid->note,
	    .grade = paid->has_grade ? grade_names[paid->grade] : ""};

	members_add(array, rotation_told_members, &told);
}
