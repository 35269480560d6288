/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every move of a debt is one transaction with its leaf.  A ceremony follows its debt: DEGRADED with
 * it, CLOSED when it is retired.
 */
#include "ceremony/server/rotation/payment.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/credential.h"
#include "ceremony/protocol/states.h"
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

enum err_code
payment_commit(struct payment *payment, struct change *change, const struct debt_row *debt,
    struct leaf *leaf, struct err *err)
{
	TRY(store_update_debt(payment->session->store, debt, err));
	TRY(follow_degraded(payment, debt, err));
	leaf_debt(leaf, debt);
	leaf_text(leaf, "note", debt->note);
	TRY(journal_add(payment->session, leaf, err));
	TRY(change_commit(payment->session, change, err));
	payment->debt = *debt;
	return ERR_OK;
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
payment_move(struct payment *payment, enum debt_state state, const char *event, struct err *err)
{
	struct debt_row debt = payment->debt;

	debt.state = state;
	debt.note[0] = '\0';
	if (state == DEBT_VERIFIED)
		debt.tries = 0;
	return write_debt(payment, &debt, event, err);
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
	session_progress(payment->session, "%s: %s", payment->secret.name, debt.note);
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
payment_degrade(struct payment *payment, struct err *err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	enum err_code code =
	    stop(payment, DEBT_DEGRADED, ERR_TARGET, "degraded", format, arguments, err);
	va_end(arguments);
	return code;
}

/* The value that the target accepts is nowhere else: only that file, or a person, can go on.  The debt stays as it
 * is, so that it goes on at once when the file is back. */
static enum err_code
escrow_lost(struct payment *payment, const char *cause)
{
	snprintf(payment->debt.note, sizeof(payment->debt.note), "%.300s: " ESCROW_LOST, cause);
	session_progress(payment->session, "%s: the escrow file of its debt is gone or damaged",
	    payment->secret.name);
	payment->stopped = true;
	payment->code = ERR_INTEGRITY;
	return ERR_OK;
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
	return escrow_add(&payment->escrow, version, TAKE(value), err);
}

static enum err_code
load_escrow(struct payment *payment, struct err *err)
{
	struct err cause;
	enum err_code code;

	payment->escrow = (struct escrow){.vault = payment->session->chain.vault,
	    .debt = payment->debt.id,
	    .secret = payment->debt.secret};
	code = escrow_read(payment->session->folder, &payment->session->keys, &payment->escrow,
	    &cause);
	if (payment->session->rehearses) {
		TRY(make_up(payment, payment->debt.old, err));
		return make_up(payment, payment->debt.pending, err);
	}
	if (code == ERR_NOT_FOUND || code == ERR_INTEGRITY || code == ERR_VERSION)
		return escrow_lost(payment, cause.text);
	if (code != ERR_OK) {
		*err = cause;
		return code;
	}
	if (escrow_find(&payment->escrow, payment->debt.old) == NULL ||
	    (payment->debt.pending != 0 &&
	        escrow_find(&payment->escrow, payment->debt.pending) == NULL))
		return escrow_lost(payment, "the escrow file lacks a value of this debt");
	return ERR_OK;
}

static enum err_code
load_definition(struct payment *payment, struct err *err)
{
	struct digest hash;
	struct err cause;
	enum err_code code = chain_definition(payment->session, &payment->secret.definition,
	    &payment->definition, &cause);

	if (code == ERR_OK)
		code = rotator_find(payment->definition.rotator,
		    payment->session->options->rotator_folders, payment->path, &hash, &cause);
	if (code == ERR_REFUSED || code == ERR_NOT_FOUND)
		return payment_stop(payment, code, err, "%.400s", cause.text);
	if (code != ERR_OK)
		*err = cause;
	return code;
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
	}
	*ret_payment = payment;
	payment = (struct payment){0};
	return ERR_OK;
}
