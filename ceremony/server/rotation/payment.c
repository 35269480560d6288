/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every move of a debt is one transaction with its leaf.  A ceremony follows its debt: DEGRADED with
 * it, CLOSED when it is retired.
 */
#include "ceremony/server/rotation/payment.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/credential.h"
#include "base/text.h"
#include "ceremony/protocol/states.h"
#include "ceremony/server/rotation/program.h"
#include "ceremony/server/rotation/wait.h"
#include "ceremony/server/vault/chain.h"
#include "vault/store/ceremony.h"

void
payment_done(struct payment *payment)
{
	rotator_free(payment->rotator);
	payment->rotator = NULL;
	definition_done(&payment->definition);
	escrow_done(&payment->escrow);
	escrow_done(&payment->newer);
}

enum style
payment_style(const struct payment *payment)
{
	return payment->definition.announced.style;
}

bool
payment_is_other(const struct payment *payment, uint32_t version)
{
	return version != payment->debt.old && version != payment->debt.pending;
}

/* ROTATING becomes DEGRADED; a ceremony in another state stays as it is. */
static enum err_code
follow_degraded(struct payment *payment, const struct debt_row *debt, struct err *err)
{
	struct ceremony_row row;
	struct session *session = payment->session;

	if (!debt->has_ceremony || debt->state != DEBT_DEGRADED)
		return ERR_OK;
	TRY(store_get_ceremony(session->store, &debt->ceremony, &row, err));
	if (row.state != CEREMONY_ROTATING)
		return ERR_OK;
	TRY(table_next(row.state, EVENT_DEGRADE, &row.state, err));
	return store_update_ceremony(session->store, &row, err);
}

/* A run goes by the definition that was in force when it began, and no further than that; and no further than its old value
 * stays sealed, where it did. */
static enum err_code
check_definition(struct payment *payment, struct err *err)
{
	struct secret_row secret;
	struct debt_row debt;

	TRY(store_get_secret(payment->session->store, &payment->debt.secret, &secret, err));
	TRY(store_get_debt(payment->session->store, &payment->debt.id, &debt, err));
	payment->overtaken = debt.untried != payment->debt.untried;
	if (payment->overtaken)
		return err_set(err, ERR_BUSY, "its quorum opened it while it was rotated");
	payment->overtaken = !digest_equal(&secret.definition, &payment->secret.definition);
	return payment->overtaken ?
	    err_set(err, ERR_BUSY,
	        "its definition changed while it was rotated; the next run goes on as that says") :
	    ERR_OK;
}

enum err_code
payment_commit(struct payment *payment, struct change *change, const struct debt_row *debt,
    struct leaf *leaf, struct err *err)
{
	TRY(check_definition(payment, err));
	TRY(store_update_debt(payment->session->store, debt, err));
	TRY(follow_degraded(payment, debt, err));
	leaf_debt(leaf, debt);
	leaf_text(leaf, "note", debt->note);
	TRY(journal_add(payment->session, leaf, err));
	TRY(change_commit(payment->session, change, err));
	payment->debt = *debt;
	return ERR_OK;
}

enum err_code
payment_log(struct payment *payment, enum debt_event event, enum debt_by by, struct debt_row *debt,
    struct err *err)
{
	LEAF leaf = leaf_new(debt_event_leaves[event]);

	TRY(payment_next(payment, event, by, debt, err));
	leaf_debt(&leaf, debt);
	leaf_text(&leaf, "note", debt->note);
	return journal_add(payment->session, &leaf, err);
}

static enum err_code
write_debt(struct payment *payment, const struct debt_row *debt, const char *event, struct err *err)
{
	CHANGE change = {0};
	LEAF leaf = leaf_new(event);

	TRY(change_begin(payment->session, &change, err));
	return payment_commit(payment, &change, debt, &leaf, err);
}

enum err_code
payment_next(const struct payment *payment, enum debt_event event, enum debt_by by,
    struct debt_row *debt, struct err *err)
{
	return debt_next(payment_style(payment), debt->state, event, by, &debt->state, err);
}

enum err_code
payment_write(struct payment *payment, enum debt_event event, const struct debt_row *debt,
    struct err *err)
{
	return write_debt(payment, debt, debt_event_leaves[event], err);
}

enum err_code
payment_move(struct payment *payment, enum debt_event event, enum debt_by by, struct err *err)
{
	struct debt_row debt = payment->debt;

	TRY(payment_next(payment, event, by, &debt, err));
	debt.note[0] = '\0';
	return payment_write(payment, event, &debt, err);
}

enum err_code
payment_attempt(struct payment *payment, const struct debt_row *debt, struct err *err)
{
	return write_debt(payment, debt, "attempt", err);
}

static enum err_code stop(struct payment *payment, enum debt_state state, enum err_code code,
    const char *event, const char *format, va_list arguments, struct err *err) FORMAT_LIKE(5, 0);

/* The debt waits in STATE, with the text as its note. */
static enum err_code
stop(struct payment *payment, enum debt_state state, enum err_code code, const char *event,
    const char *format, va_list arguments, struct err *err)
{
	struct debt_row debt = payment->debt;
	char text[ERR_TEXT_SIZE + NOTE_TEXT_MAX];

	vsnprintf(text, sizeof(text), format, arguments);
	plain_text(text, debt.note, sizeof(debt.note));
	wait_longer(&debt, session_now(payment->session));
	session_progress(payment->session, "%s: %s", payment->secret.name, QUOTED(debt.note));
	payment->stopped = true;
	payment->code = code;
	debt.state = state;
	return write_debt(payment, &debt, event, err);
}

enum err_code
payment_stop(struct payment *payment, enum err_code code, struct err *err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	code = stop(payment, payment->debt.state, code, "attempt", format, arguments, err);
	va_end(arguments);
	return code;
}

enum err_code
payment_hold(struct payment *payment, enum err_code code, const char *note, struct err *err)
{
	struct debt_row debt = payment->debt;

	plain_text(note, debt.note, sizeof(debt.note));
	session_progress(payment->session, "%s: %s", payment->secret.name, QUOTED(debt.note));
	payment->stopped = true;
	payment->code = code;
	return strcmp(debt.note, payment->debt.note) == 0 ?
	    ERR_OK :
	    write_debt(payment, &debt, "attempt", err);
}

enum err_code
payment_degrade(struct payment *payment, struct err *err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	struct debt_row debt = payment->debt;
	enum err_code code = payment_next(payment, DEBT_DEGRADES, BY_TARGET, &debt, err);

	if (code == ERR_OK)
		code = stop(payment, debt.state, ERR_TARGET, debt_event_leaves[DEBT_DEGRADES],
		    format, arguments, err);
	va_end(arguments);
	return code;
}

enum err_code
payment_forget(struct payment *payment, uint32_t version, struct err *err)
{
	escrow_drop(&payment->escrow, version);
	if (payment->session->rehearses)
		return ERR_OK;
	return escrow_write(payment->session->folder, &payment->escrow, &payment->session->keys,
	    err);
}

#define CURE_LOST                                                                                              \
	"put the escrow file back as it was, then run 'halligan rotate'; without it change the credential on " \
	"its target by hand"
#define CURE_NEWER                                                                                                \
	"put the newer database and its anchor back; if there is none, keep that file elsewhere: its target may " \
	"accept its newest value, which nothing else has, so change that credential by hand"

/* Is each value of a version that the database has, as it was sealed? */
static enum err_code
check_versions(struct session *session, const struct escrow *escrow, struct err *ret_lost,
    struct err *err)
{
	for (size_t i = 0; i < escrow->count; i++) {
		const struct escrow_value *value = &escrow->values[i];
		VERSION_ROW row = {0};
		enum err_code code =
		    store_get_version(session->store, &escrow->secret, value->version, &row, err);

		if (code != ERR_OK && code != ERR_NOT_FOUND)
			return code;
		if (code == ERR_OK && digest_equal(&row.header_hash, &value->header))
			continue;
		err_set(ret_lost, ERR_INTEGRITY,
		    "the escrow file of this debt has a value of version %u that the database does not "
		    "know: the database is older than that file",
		    value->version);
		err_cure(ret_lost, CURE_NEWER);
		return ERR_OK;
	}
	return ERR_OK;
}

static enum err_code
check_values(const struct escrow *escrow, const struct debt_row *debt, struct err *ret_lost)
{
	if ((debt->untried || escrow_find(escrow, debt->old) != NULL) &&
	    (debt->pending == 0 || escrow_find(escrow, debt->pending) != NULL))
		return ERR_OK;
	return err_set(ret_lost, ERR_INTEGRITY, "the escrow file lacks a value of this debt");
}

enum err_code
payment_escrow(struct session *session, const struct debt_row *debt, struct escrow *ret_escrow,
    struct err *ret_lost, struct err *err)
{
	ESCROW escrow = {.vault = session->chain.vault, .debt = debt->id, .secret = debt->secret};
	enum err_code code = escrow_read(session->folder, &session->keys, &escrow, ret_lost);

	ret_lost->code = code;
	if (code == ERR_MEMORY || code == ERR_IO) {
		*err = *ret_lost;
		return code;
	}
	if (code == ERR_OK)
		TRY(check_versions(session, &escrow, ret_lost, err));
	if (ret_lost->code == ERR_OK && check_values(&escrow, debt, ret_lost) == ERR_OK) {
		*ret_escrow = escrow;
		escrow.count = 0;
		return ERR_OK;
	}
	if (ret_lost->cure == NULL || code != ERR_OK)
		err_cure(ret_lost, CURE_LOST);
	return ERR_OK;
}

/* The value that the target accepts is nowhere else: only that file, or a person, can go on.  The debt stays as it
 * is, so that it goes on at once when the file is back. */
static void
escrow_lost(struct payment *payment, const struct err *lost)
{
	plain_format(payment->debt.note, sizeof(payment->debt.note), "%.250s: %s", lost->text,
	    lost->cure);
	session_progress(payment->session, "%s: the escrow file of its debt is not what it was",
	    payment->secret.name);
	payment->lost = lost->cure;
	payment->stopped = true;
	payment->code = ERR_INTEGRITY;
}

enum err_code
payment_settle_new(struct session *session, const struct id *debt, const struct secret_id *secret,
    struct err *err)
{
	ESCROW escrow = {.vault = session->chain.vault, .debt = *debt, .secret = *secret};
	struct err unknown = {0};
	enum err_code code = escrow_read_new(session->folder, &session->keys, &escrow, err);

	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (code == ERR_OK)
		TRY(check_versions(session, &escrow, &unknown, err));
	else if (code == ERR_INTEGRITY)
		unknown.code = code; /* it never became the escrow */
	else
		return code;
	return unknown.code == ERR_OK ? escrow_keep(session->folder, debt, true, err) :
	                                escrow_erase_new(session->folder, debt, err);
}

/* What is owed since a moment of the rehearsal has none yet; what it lacks is told in earnest. */
static enum err_code
make_up(struct payment *payment, uint32_t version, struct err *err)
{
	SECRET *value = NULL;

	if (version == 0 || escrow_find(&payment->escrow, version) != NULL)
		return ERR_OK;
	TRY(credential_new(&value, err));
	TRY(credential_add(value, FIELD_PASSWORD, view_of_text("?"), err));
	return escrow_add(&payment->escrow, version, &(struct digest){{0}}, TAKE(value), err);
}

static enum err_code
load_escrow(struct payment *payment, struct err *err)
{
	struct session *session = payment->session;
	struct err lost;

	payment->escrow = (struct escrow){.vault = session->chain.vault,
	    .debt = payment->debt.id,
	    .secret = payment->debt.secret};
	if (session->rehearses) {
		(void)!escrow_read(session->folder, &session->keys, &payment->escrow, &lost);
		TRY(make_up(payment, payment->debt.old, err));
		return make_up(payment, payment->debt.pending, err);
	}
	TRY(payment_settle_new(session, &payment->debt.id, &payment->debt.secret, err));
	TRY(payment_escrow(session, &payment->debt, &payment->escrow, &lost, err));
	if (lost.code != ERR_OK)
		escrow_lost(payment, &lost);
	return ERR_OK;
}

static enum err_code
load_definition(struct payment *payment, struct err *err)
{
	struct err cause;
	enum err_code code = chain_definition(payment->session, &payment->secret.definition,
	    &payment->definition, &cause);
	bool stops = code == ERR_REFUSED || code == ERR_NOT_FOUND;

	if (code == ERR_OK) {
		code =
		    program_of(payment->session, &payment->definition, &payment->program, &cause);
		/* Whatever it is, it is of this debt alone, which waits: the next one is paid. */
		stops = code != ERR_OK && code != ERR_MEMORY && code != ERR_INTERNAL;
	}
	if (stops)
		return payment_stop(payment, code, err, "%.400s", cause.text);
	if (code != ERR_OK)
		*err = cause;
	return code;
}

/* The newest other death watch of the secret has the value that works now, unless this debt is the newest. */
static enum err_code
load_newer(struct payment *payment, struct err *err)
{
	struct session *session = payment->session;
	struct debt_row newest;
	struct err lost;

	if ((DEBT_WATCHES & 1u << payment->debt.state) == 0)
		return ERR_OK;
	TRY(store_newest_watch(session->store, &payment->debt.secret, &newest, err));
	if (memcmp(&newest.id, &payment->debt.id, sizeof(newest.id)) == 0)
		return ERR_OK;
	TRY(payment_escrow(session, &newest, &payment->newer, &lost, err));
	if (lost.code == ERR_OK)
		payment->works = newest.pending;
	return ERR_OK; /* lost: that debt itself tells */
}

enum err_code
payment_load(struct session *session, const struct id *debt, struct payment *ret_payment,
    struct err *err)
{
	PAYMENT payment = {.session = session};

	TRY(chain_refresh(session, err));
	TRY(store_get_debt(session->store, debt, &payment.debt, err));
	TRY(store_get_secret(session->store, &payment.debt.secret, &payment.secret, err));
	payment.resumed = payment.debt.state == DEBT_APPLYING;
	if (payment.debt.state != DEBT_RETIRED) {
		TRY(load_definition(&payment, err));
		if (!payment.stopped)
			TRY(load_escrow(&payment, err));
		if (!payment.stopped && !session->rehearses)
			TRY(load_newer(&payment, err));
	}
	*ret_payment = payment;
	payment = (struct payment){0};
	return ERR_OK;
}
