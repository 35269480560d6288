/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each step below takes a debt from one state to the next, or stops the run with a note.
 *
 * What must hold at every instant (docs/DESIGN.md, "What must always be true", 5 to 8): the value that
 * the target accepts is sealed to the officers and in the escrow.  So a new value is sealed, copied,
 * escrowed and committed before `apply`; APPLYING is committed before the target hears of it; and the
 * escrow is erased only after the old value and every other that the target ever saw were refused.
 */
#include "ceremony/server/rotation/debt.h"

#include <stdio.h>
#include <string.h>

#include "base/file_lock.h"
#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/protocol/statements_host.h"
#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/rotation/payment.h"
#include "ceremony/server/rotation/target.h"
#include "ceremony/server/rotation/wait.h"
#include "ceremony/server/secrets/seal_version.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/rehearsal.h"
#include "rotators/contract/answer.h"

/* A new value from the rotator; RET_NEXT is NULL when the run stopped. */
static enum err_code
generate(struct payment *payment, struct secret **ret_next, struct err *err)
{
	struct err cause;
	enum err_code code;

	code = target_generate(payment, ret_next, &cause);
	if (code != ERR_OK)
		return payment_stop(payment, target_code(&cause), err,
		    "no new value was made: %.400s", cause.text);
	return ERR_OK;
}

static enum err_code
commit_prepared(struct payment *payment, const struct sealing *sealing, struct err *err)
{
	struct session *session = payment->session;
	CHANGE change = {0};
	LEAF leaf = leaf_new("prepared");
	struct secret_row secret;
	struct debt_row debt = payment->debt;

	TRY(change_begin(session, &change, err));
	TRY(store_get_secret(session->store, &payment->debt.secret, &secret, err));
	if (secret.newest + 1 != sealing->number)
		return err_set(err, ERR_BUSY, "another session sealed a version of %s meanwhile",
		    secret.name);
	TRY(sealing_store(session, sealing, VERSION_PENDING, err));
	secret.newest = sealing->number;
	TRY(store_update_secret(session->store, &secret, err));
	debt.pending = sealing->number;
	debt.state = DEBT_PREPARED;
	debt.note[0] = '\0';
	leaf_bytes(&leaf, "header", VIEW_OF(sealing->hash.bytes));
	TRY(payment_commit(payment, &change, &debt, &leaf, err));
	payment->secret = secret;
	payment->resumed = false;
	payment->applies = 0;
	return ERR_OK;
}

static enum err_code
prepare(struct payment *payment, struct err *err)
{
	SECRET *next = NULL;
	SEALING sealing = {0};
	struct err cause;
	uint32_t number = payment->secret.newest + 1;

	TRY(generate(payment, &next, err));
	if (payment->stopped)
		return ERR_OK;
	enum err_code code =
	    sealing_make(payment->session, &payment->definition, number, next, &sealing, &cause);
	if (code == ERR_OK)
		code = escrow_add(&payment->escrow, number, &sealing.hash, TAKE(next), &cause);
	if (code == ERR_OK && !payment->session->rehearses)
		code = escrow_write_new(payment->session->folder, &payment->escrow,
		    &payment->session->keys, &cause);
	if (code != ERR_OK)
		return payment_stop(payment, code, err,
		    "the target was not touched: the new value could not be kept: %.350s",
		    cause.text);
	TRY(commit_prepared(payment, &sealing, err));
	if (!payment->session->rehearses)
		TRY(escrow_keep(payment->session->folder, &payment->debt.id, true, err));
	session_progress(payment->session, "%s: version %u generated, sealed to the officers",
	    payment->secret.name, number);
	return ERR_OK;
}

/* The target says no to this value for good. */
static enum err_code
reject(struct payment *payment, struct err *err)
{
	struct session *session = payment->session;
	CHANGE change = {0};
	LEAF leaf = leaf_new("rejected");
	struct debt_row debt = payment->debt;

	debt.rejected++;
	debt.state = debt.rejected < PAYMENT_REJECTIONS ? DEBT_OWED : DEBT_DEGRADED;
	if (debt.state == DEBT_DEGRADED)
		wait_longer(&debt, session_now(session));
	snprintf(debt.note, sizeof(debt.note), "the target rejected version %u (%u of %d)%s%.300s",
	    debt.pending, debt.rejected, (int)PAYMENT_REJECTIONS,
	    target_detail(payment)[0] != '\0' ? ": " : "", target_detail(payment));
	TRY(change_begin(session, &change, err));
	TRY(store_set_version_state(session->store, &debt.secret, debt.pending, VERSION_REJECTED,
	    err));
	debt.pending = 0;
	TRY(payment_commit(payment, &change, &debt, &leaf, err));
	session_progress(session, "%s: %s", payment->secret.name, debt.note);
	if (debt.state == DEBT_DEGRADED) {
		payment->stopped = true;
		payment->code = ERR_TARGET;
	}
	return ERR_OK;
}

/* A value that was thought dead is the one that works: it becomes the pending one. */
static enum err_code
adopt_other(struct payment *payment, uint32_t version, struct err *err)
{
	struct session *session = payment->session;
	CHANGE change = {0};
	LEAF leaf = leaf_new("verified");
	struct debt_row debt = payment->debt;

	TRY(change_begin(session, &change, err));
	if (debt.pending != 0)
		TRY(store_set_version_state(session->store, &debt.secret, debt.pending,
		    VERSION_REJECTED, err));
	TRY(store_set_version_state(session->store, &debt.secret, version, VERSION_PENDING, err));
	debt.pending = version;
	debt.state = DEBT_VERIFIED;
	debt.tries = 0;
	debt.note[0] = '\0';
	TRY(payment_commit(payment, &change, &debt, &leaf, err));
	rotator_freep(&payment->rotator);
	return ERR_OK;
}

/* Find out which value the target accepts; RET_OLD: the old one, so that applying is next. */
static enum err_code
reconcile(struct payment *payment, bool *ret_old, struct err *err)
{
	enum target_place place;
	uint32_t version = 0;
	struct err cause;

	*ret_old = false;
	if (target_locate(payment, &place, &version, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	switch (place) {
	case TARGET_PENDING:
		return payment_move(payment, DEBT_VERIFIED, "verified", err);
	case TARGET_OTHER:
		return adopt_other(payment, version, err);
	case TARGET_OLD:
		*ret_old = true;
		return ERR_OK;
	case TARGET_NONE:
		return payment_degrade(payment, err,
		    "the target accepts none of the values that it was ever given; repair the account so "
		    "that one of them works, then 'halligan rotate %s'",
		    payment->secret.name);
	case TARGET_UNKNOWN:
	default:
		return payment_stop(payment, ERR_TARGET_UNKNOWN, err,
		    "the target cannot be reached, so what it accepts is not known%s%.300s",
		    target_detail(payment)[0] != '\0' ? ": " : "", target_detail(payment));
	}
}

static enum err_code
apply(struct payment *payment, struct err *err)
{
	enum change_result result;
	struct err cause;

	if (payment->resumed || payment->applies > 0) {
		bool old;

		TRY(reconcile(payment, &old, err));
		if (!old)
			return ERR_OK;
		if (payment->applies >= PAYMENT_APPLIES)
			return payment_stop(payment, ERR_TARGET, err,
			    "the target was told the new value %u times and still accepts the old one alone",
			    payment->applies);
		payment->resumed = false;
	}
	session_progress(payment->session, "%s: applying version %u", payment->secret.name,
	    payment->debt.pending);
	if (target_apply(payment, &result, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	return result == CHANGE_REJECTED ? reject(payment, err) : ERR_OK;
}

static enum err_code
commit(struct payment *payment, struct err *err)
{
	struct session *session = payment->session;
	CHANGE change = {0};
	LEAF leaf = leaf_new("committed");
	struct secret_row secret;
	struct debt_row debt = payment->debt;

	TRY(change_begin(session, &change, err));
	TRY(store_get_secret(session->store, &debt.secret, &secret, err));
	TRY(store_set_version_state(session->store, &debt.secret, debt.old, VERSION_PREVIOUS, err));
	TRY(store_set_version_state(session->store, &debt.secret, debt.pending, VERSION_CURRENT,
	    err));
	secret.current = debt.pending;
	TRY(store_update_secret(session->store, &secret, err));
	TRY(void_secret(session, &debt.secret, NULL, "the secret was rotated", err));
	debt.state = DEBT_COMMITTED;
	TRY(payment_commit(payment, &change, &debt, &leaf, err));
	payment->secret = secret;
	session_progress(session, "%s: the target accepts version %u, which is current now",
	    secret.name, secret.current);
	return ERR_OK;
}

/* Is everything but the new value refused?  RET_DEAD false: the run stopped, or is to apply again. */
static enum err_code
prove_dead(struct payment *payment, bool *ret_dead, struct err *err)
{
	enum probe_result result;
	enum change_result ignored;
	struct err cause;
	uint32_t version = payment->debt.old;
	enum err_code code = target_probe(payment, ROTATOR_CURRENT, &result, &cause);

	*ret_dead = false;
	if (code == ERR_OK && result == PROBE_REFUSED)
		code = target_others(payment, payment->debt.pending, &result, &version, &cause);
	if (code != ERR_OK)
		return payment_stop(payment, code, err, "%.400s", cause.text);
	if (result == PROBE_UNREACHABLE || result == PROBE_DENIED)
		return payment_stop(payment, ERR_TARGET_UNKNOWN, err,
		    "version %u is in place, but whether the old value is refused is not known%s%.250s",
		    payment->debt.pending, target_detail(payment)[0] != '\0' ? ": " : "",
		    target_detail(payment));
	*ret_dead = result == PROBE_REFUSED;
	if (*ret_dead)
		return ERR_OK;
	if (payment->applies >= PAYMENT_APPLIES)
		return payment_stop(payment, ERR_TARGET, err,
		    "the target accepts the new value, but still the one of version %u as well; remove "
		    "it there, then 'halligan rotate %s'",
		    version, payment->secret.name);
	if (target_apply(payment, &ignored, &cause) != ERR_OK)
		return payment_stop(payment, cause.code, err, "%.400s", cause.text);
	return ERR_OK;
}

static enum err_code
make_statement(struct payment *payment, enum expel_result sessions, struct dsse *ret_statement,
    struct err *err)
{
	struct session *session = payment->session;
	VERSION_ROW version = {0};
	JSON *payload = NULL;
	struct rotation rotation = {.vault = session->chain.vault,
	    .debt = payment->debt.id,
	    .secret = payment->debt.secret,
	    .old = payment->debt.old,
	    .new = payment->debt.pending,
	    .time = session_now(session)};

	TRY(store_get_version(session->store, &payment->debt.secret, payment->debt.pending,
	    &version, err));
	rotation.header = version.header_hash;
	snprintf(rotation.sessions, sizeof(rotation.sessions), "%s", expel_result_names[sessions]);
	plain_text(target_detail(payment), rotation.detail, sizeof(rotation.detail));
	TRY(rotation_payload(&rotation, &payload, err));
	TRY(statement_new(STATEMENT_ROTATION, session->chain.charter->training, payload,
	    ret_statement, err));
	return statement_sign_host(ret_statement, session->keys.statement, err);
}

/* Is every debt of the ceremony but ONE paid? */
static enum err_code
is_last(struct session *session, const struct id *ceremony, const struct id *one, bool *ret_last,
    struct err *err)
{
	struct item_row items[CEREMONY_ITEMS];
	size_t count;

	*ret_last = true;
	TRY(store_list_items(session->store, ceremony, items, CEREMONY_ITEMS, &count, err));
	for (size_t i = 0; i < count; i++) {
		struct debt_row debt;

		if (!items[i].has_debt || memcmp(&items[i].debt, one, sizeof(*one)) == 0)
			continue;
		TRY(store_get_debt(session->store, &items[i].debt, &debt, err));
		*ret_last &= debt.state == DEBT_RETIRED;
	}
	return ERR_OK;
}

static enum err_code
close_ceremony(struct session *session, const struct debt_row *debt, struct err *err)
{
	struct ceremony_row row;
	bool last;

	if (!debt->has_ceremony)
		return ERR_OK;
	TRY(is_last(session, &debt->ceremony, &debt->id, &last, err));
	if (!last)
		return ERR_OK;
	TRY(store_get_ceremony(session->store, &debt->ceremony, &row, err));
	TRY(table_next(row.state, EVENT_ROTATED, &row.state, err));
	return store_update_ceremony(session->store, &row, err);
}

static enum err_code
commit_retired(struct payment *payment, const struct dsse *statement, struct err *err)
{
	struct session *session = payment->session;
	CHANGE change = {0};
	LEAF leaf = leaf_new("retired");
	struct debt_row debt = payment->debt;
	struct digest digest;

	TRY(change_begin(session, &change, err));
	TRY(session_keep(session, statement, STATEMENT_ROTATION, false, &digest, err));
	TRY(store_set_version_state(session->store, &debt.secret, debt.old, VERSION_RETIRED, err));
	TRY(close_ceremony(session, &debt, err));
	debt.state = DEBT_RETIRED;
	debt.note[0] = '\0';
	leaf_statement(&leaf, &digest);
	return payment_commit(payment, &change, &debt, &leaf, err);
}

static enum err_code
retire(struct payment *payment, struct err *err)
{
	DSSE statement = {0};
	enum expel_result sessions = EXPEL_CANNOT_TELL;
	bool dead;

	TRY(prove_dead(payment, &dead, err));
	if (!dead)
		return ERR_OK;
	TRY(target_expel(payment, &sessions, err));
	TRY(make_statement(payment, sessions, &statement, err));
	TRY(commit_retired(payment, &statement, err));
	session_progress(payment->session, "%s: the old value is refused; the debt is paid",
	    payment->secret.name);
	return ERR_OK;
}

/* A person had a look and runs it again. */
static enum err_code
recover(struct payment *payment, struct err *err)
{
	bool old;

	TRY(reconcile(payment, &old, err));
	if (!old)
		return ERR_OK;
	payment->resumed = false;
	if (payment->debt.pending != 0)
		return payment_move(payment, DEBT_APPLYING, "applying", err);
	payment->debt.rejected = 0;
	return payment_move(payment, DEBT_OWED, "resumed", err);
}

static enum err_code
step(struct payment *payment, struct err *err)
{
	switch (payment->debt.state) {
	case DEBT_OWED:
		return prepare(payment, err);
	case DEBT_PREPARED:
		return payment_move(payment, DEBT_APPLYING, "applying", err);
	case DEBT_APPLYING:
		return apply(payment, err);
	case DEBT_VERIFIED:
		return commit(payment, err);
	case DEBT_COMMITTED:
		return retire(payment, err);
	case DEBT_DEGRADED:
		return recover(payment, err);
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
	paid->code = ERR_WAITING;
	snprintf(paid->note, sizeof(paid->note), "%s, so that nobody locks the account out%s%.300s",
	    waits, debt.note[0] != '\0' ? ": " : "", debt.note);
	return ERR_OK;
}

static enum err_code
run(struct payment *payment, struct err *err)
{
	while (!payment->stopped && payment->debt.state != DEBT_RETIRED)
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
	TRY(payment_degrade(&payment, err, "rehearsed"));
	payment.stopped = false;
	return run(&payment, err);
}

static enum err_code
pay_locked(struct session *session, const struct id *id, struct paid *paid, struct err *err)
{
	PAYMENT payment = {0};

	TRY(check_due(session, id, paid, err));
	if (paid->code == ERR_WAITING)
		return ERR_OK;
	TRY(rehearse(session, rehearse_payment, id, err));
	if (session->rehearses)
		return rehearse_payment(session, id, err);
	TRY(payment_load(session, id, &payment, err));
	TRY(run(&payment, err));
	paid->state = payment.debt.state;
	paid->code = payment.debt.state == DEBT_RETIRED ? ERR_OK : payment.code;
	paid->lost = payment.lost;
	snprintf(paid->note, sizeof(paid->note), "%s", payment.debt.note);
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

enum err_code
rotate_pay(struct session *session, const struct id *id, struct paid *ret_paid, struct err *err)
{
	FILE_LOCK *lock = NULL;
	struct debt_row debt;
	struct paid paid = {0};
	struct err cause;
	char path[4096];
	enum err_code code = ERR_OK;

	TRY(store_get_debt(session->store, id, &debt, err));
	paid.state = debt.state;
	TRY(check_lease(session, &debt, &paid, err));
	if (paid.code != ERR_WAITING)
		TRY(check_due(session, id, &paid, err));
	if (paid.code == ERR_WAITING) {
		*ret_paid = paid;
		return ERR_OK;
	}
	TRY(host_id_path(session->folder, "escrow", id, ".lock", path, err));
	if (!session->rehearses)
		code = lock_debt(session, path, &lock, &cause);
	if (code == ERR_OK)
		TRY(pay_locked(session, id, &paid, err));
	else if (code == ERR_BUSY) {
		paid.code = ERR_BUSY;
		snprintf(paid.note, sizeof(paid.note), "another session is rotating it just now");
	} else {
		*err = cause;
		return code;
	}
	if (paid.state == DEBT_RETIRED && !session->rehearses)
		TRY(erase_paid(session, id, path, err));
	*ret_paid = paid;
	return ERR_OK;
}
