/* SPDX-License-Identifier: Apache-2.0 */
/* One line for each thing that waits: what, for whom, what next. */
#include "ceremony/server/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "base/whole.h"
#include "ceremony/protocol/rows.h"
#include "ceremony/server/clock.h"
#include "ceremony/server/copies/tell.h"
#include "ceremony/server/documents/waiting.h"
#include "ceremony/server/due_note.h"
#include "ceremony/server/opening/item.h"
#include "ceremony/server/rotation/isolation.h"
#include "ceremony/server/rotation/lease_left.h"
#include "ceremony/server/rotation/payment.h"
#include "ceremony/server/rotation/wait.h"
#include "ceremony/server/status_item.h"
#include "ceremony/server/status_secrets.h"
#include "ceremony/server/vault/escrow.h"
#include "vault/store/debt.h"
#include "vault/store/log.h"

enum {
	CEREMONIES_SHOWN = 200,
	DEBTS_SHOWN = 200,
	NEXT_SIZE = 120, /* a command and a token's label */
	WHAT_SIZE = SEAT_NAME_MAX + 40
};

static void
add_alarms(const struct session *session, struct json *items)
{
	for (size_t i = 0; i < session->alarm_count; i++)
		status_add(items, "alarm", session->alarms[i].subject, session->alarms[i].text,
		    "an operator", "halligan log verify");
	status_add_rest(items, "alarm", "alarms", session->alarm_count + session->alarms_lost,
	    session->alarm_count, "halligan status");
}

static enum err_code
add_clock(struct session *session, struct json *items, struct err *err)
{
	char text[NOTE_TEXT_MAX + 1];
	bool behind;

	TRY(clock_tell(session, &behind, text, err));
	if (behind)
		status_add(items, "clock", "the vault host's", text,
		    "its administrator to set it right, then an officer", "halligan clock");
	return ERR_OK;
}

struct telling {
	const struct session *session;
	struct json *items;
};

/* The command by which somebody adds a signature, as it is to be typed. */
static enum err_code
say_next(const struct session *session, const struct draft *draft, const char *hex,
    char ret_next[NEXT_SIZE], struct err *err)
{
	struct suspension suspension;
	const struct seat_token *token;
	char typed[LABEL_MAX + 1] = "LABEL";

	if (draft->type != STATEMENT_SUSPEND) {
		snprintf(ret_next, NEXT_SIZE, "halligan %s sign %.8s", statement_names[draft->type],
		    hex);
		return ERR_OK;
	}
	TRY(suspension_parse(&draft->statement, session->chain.charter->training, &suspension,
	    err));
	token = chain_listed_token(&session->chain, suspension.holder, &suspension.suspended);
	if (token != NULL)
		seat_token_typed(token, typed);
	snprintf(ret_next, NEXT_SIZE, "halligan suspend %s --reason agreed", typed);
	return ERR_OK;
}

enum { READ_MAX = 1 << 20 }; /* bytes: what is longer is not read for a line */

/* "define prod/db and 39 more", "change prod/db", "retire prod/db"; the type's name of what is no definition. */
static enum err_code
say_what(const struct session *session, const struct draft *draft, char ret_what[WHAT_SIZE],
    struct err *err)
{
	DEFINITIONS_OF read = {0};
	const struct definition *first;

	snprintf(ret_what, WHAT_SIZE, "%s", statement_names[draft->type]);
	if (draft->type != STATEMENT_SECRET || draft->statement.payload.size > READ_MAX)
		return ERR_OK;
	TRY(definitions_parse(&draft->statement, session->chain.charter->training, &read, err));
	first = &read.rows[0];
	snprintf(ret_what, WHAT_SIZE, "%s %s",
	    first->revision == 1      ? "define" :
	        first->change.retires ? "retire" :
	                                "change",
	    first->name);
	if (read.count > 1)
		snprintf(ret_what + strlen(ret_what), WHAT_SIZE - strlen(ret_what), " and %zu more",
		    read.count - 1);
	return ERR_OK;
}

static enum err_code
add_draft(void *context, const struct draft *draft, bool over, struct err *err)
{
	const struct telling *telling = context;
	char text[200], what[WHAT_SIZE], next[NEXT_SIZE], hex[2 * DIGEST_SIZE + 1],
	    until[TEXT_TIME_SIZE];

	if (over)
		return ERR_OK;
	text_hex(VIEW_OF(draft->row.digest.bytes), hex);
	text_time(draft->created + DRAFT_LIFE, until);
	snprintf(text, sizeof(text), "%s proposes it; %zu signed so far; it waits until %s",
	    draft->row.seat, draft->statement.count, until);
	TRY(say_what(telling->session, draft, what, err));
	TRY(say_next(telling->session, draft, hex, next, err));
	status_add(telling->items, "draft", what, text,
	    draft->type == STATEMENT_SUSPEND ? "a second officer" : "those who have not signed",
	    next);
	return ERR_OK;
}

static enum err_code
add_drafts(struct session *session, struct json *items, struct err *err)
{
	struct telling telling = {session, items};

	TRY(draft_each(session, add_draft, &telling, err));
	if (session->state == SESSION_FOUNDING && json_array_count(items) == 0)
		status_add(items, "founding", session->founding.name,
		    "the vault has no charter yet", "the founders",
		    "halligan enroll, then halligan charter draft");
	return ERR_OK;
}

/* "prod/db", or "prod/db and 6 more". */
static void
name_items(const struct opening *opening, char ret_name[SEAT_NAME_MAX + 32])
{
	snprintf(ret_name, SEAT_NAME_MAX + 32, "%s",
	    opening->transcript->request.items.rows[0].name);
	if (opening->count > 1)
		snprintf(ret_name + strlen(ret_name), 32, " and %zu more", opening->count - 1);
}

static enum err_code
add_collecting(struct session *session, struct json *items, const struct opening *opening,
    const char *name, const char *id, struct err *err)
{
	static const char *const wants[MODES] = {[MODE_RELEASE] = "asks for it",
	    [MODE_RESEAL] = "asks to seal it again",
	    [MODE_ROTATE] = "asks to replace it"};
	const struct request *request = &opening->transcript->request;
	const char *why = request->incident[0] != '\0' ? request->incident : request->reason;
	BUF waits = {0}, text = {0};
	enum verdict verdict;
	char next[64], deadline[TEXT_TIME_SIZE];

	TRY(opening_verdict(opening, session_now(session), &verdict, &waits, err));
	text_time(opening->row.deadline, deadline);
	buf_format(&text, "%s %s until %s: ", opening->row.requester, wants[opening->row.mode],
	    deadline);
	text_quote(why, &text);
	TRY(buf_check(&text, err));
	snprintf(next, sizeof(next), "halligan approve %.8s", id);
	status_add(items, "ceremony", name, buf_string(&text),
	    waits.size > 0 ? buf_string(&waits) : "", next);
	return ERR_OK;
}

static enum err_code
add_lease(struct json *items, const struct opening *opening, const char *name, const char *id,
    struct err *err)
{
	char text[NOTE_TEXT_MAX + 1], next[64], expires[TEXT_TIME_SIZE];
	int64_t left;

	TRY(lease_left(opening->session, &opening->row, &left, err));
	text_time(opening->row.expires, expires);
	snprintf(text, sizeof(text),
	    left > 0 ? "%s holds version %u until %s" :
	               "%s held version %u until %s: it is replaced next",
	    opening->row.requester, opening->items[0].version, expires);
	snprintf(next, sizeof(next), "halligan done %.8s", id);
	status_add(items, "lease", name, text, opening->row.requester, next);
	return ERR_OK;
}

static enum err_code
add_ceremonies(struct session *session, struct json *items, struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count;
	uint64_t all;
	unsigned states =
	    1u << CEREMONY_COLLECTING | 1u << CEREMONY_RELEASING | 1u << CEREMONY_RELEASED;

	TRY(store_newest_ceremonies(session->store, states, CEREMONIES_SHOWN, &rows, &count, &all,
	    err));
	for (size_t i = 0; i < count; i++) {
		OPENING *opening = NULL;
		char id[2 * ID_SIZE + 1], name[SEAT_NAME_MAX + 32];

		TRY(opening_load(session, &rows[i].id, &opening, err));
		text_hex(VIEW_OF(rows[i].id.bytes), id);
		name_items(opening, name);
		if (rows[i].state == CEREMONY_COLLECTING)
			TRY(add_collecting(session, items, opening, name, id, err));
		else if (rows[i].state == CEREMONY_RELEASED)
			TRY(add_lease(items, opening, name, id, err));
		else
			status_add(items, "stuck", name, "a ceremony was not finished",
			    "the vault's host", "halligan status");
	}
	status_add_rest(items, "ceremony", "ceremonies", all, count, "halligan status");
	return ERR_OK;
}

/* Its escrow is there once what was released is opened, unless another session has paid the debt meanwhile, and
 * erased it.  RET_LOST says what is wrong, or "". */
static enum err_code
look_at_escrow(struct session *session, const struct debt_row *debt, char ret_lost[NOTE_TEXT_MAX],
    struct err *err)
{
	ESCROW escrow = {0};
	struct debt_row now;
	struct err lost = {0};
	bool opening;

	ret_lost[0] = '\0';
	TRY(store_debt_is_opening(session->store, &debt->id, &opening, err));
	if (opening)
		return ERR_OK;
	TRY(payment_escrow(session, debt, &escrow, &lost, err));
	if (lost.code == ERR_OK)
		return ERR_OK;
	TRY(store_get_debt(session->store, &debt->id, &now, err));
	if (now.state != DEBT_RETIRED)
		plain_format(ret_lost, NOTE_TEXT_MAX, "%.250s: %s", lost.text, lost.cure);
	return ERR_OK;
}

static void
add_owed(const struct session *session, struct json *items, const struct debt_row *debt,
    const char *name, const char *next, const struct copies_told *copies)
{
	char text[2 * NOTE_TEXT_MAX], waits[WAIT_TEXT_SIZE] = "";
	bool degraded = debt->state == DEBT_DEGRADED;
	bool stuck = copies->dead && (debt->state == DEBT_OWED || debt->state == DEBT_ISSUING);

	if (wait_goes_on(debt, session_now(session)))
		wait_text(debt, waits);
	snprintf(text, sizeof(text), "rotation debt: %s%s%s%s%s%s%s", debt_state_names[debt->state],
	    debt->note[0] != '\0' ? ": " : "", debt->note, waits[0] != '\0' ? "; " : "", waits,
	    degraded ? "; what may work there: halligan secret show " : "", degraded ? name : "");
	status_add(items, degraded ? "degraded" : "debt", name, text,
	    degraded  ? "a person who can reach the target" :
	        stuck ? "the copy sink" :
	                "the target",
	    stuck ? copies->next : next);
}

/* The new value works; what remains is to see the old one die. */
static void
add_death(const struct session *session, struct json *items, const struct debt_row *debt,
    const char *name, const char *next)
{
	char words[NOTE_TEXT_MAX + 1], text[2 * NOTE_TEXT_MAX + 40];

	wait_death(debt, session_now(session), words);
	snprintf(text, sizeof(text), "death watch: %s%s%s", words,
	    debt->note[0] != '\0' ? ": " : "", debt->note);
	if (debt->state == DEBT_WATCHED && wait_goes_on(debt, session_now(session)))
		status_add(items, "watch", name, text, "", ""); /* it is tried by itself */
	else
		status_add(items, "watch", name, text, "the target", next);
}

static enum err_code
add_debt(struct session *session, struct json *items, const struct debt_row *debt,
    const struct copies_told *copies, struct err *err)
{
	struct secret_row secret;
	struct ceremony_row row = {.state = CEREMONY_ROTATING};
	char next[128], lost[NOTE_TEXT_MAX];

	if (debt->has_ceremony)
		TRY(store_get_ceremony(session->store, &debt->ceremony, &row, err));
	TRY(store_get_secret(session->store, &debt->secret, &secret, err));
	TRY(look_at_escrow(session, debt, lost, err));
	snprintf(next, sizeof(next), "halligan rotate %s", secret.name);
	if (lost[0] != '\0')
		status_add(items, "alarm", secret.name, lost, "who has the vault's escrow folder",
		    next);
	else if ((DEBT_WATCHES & 1u << debt->state) != 0)
		add_death(session, items, debt, secret.name, next);
	else if (row.state != CEREMONY_RELEASED &&
	    row.state != CEREMONY_RELEASING) /* else: a lease */
		add_owed(session, items, debt, secret.name, next, copies);
	return ERR_OK;
}

static enum err_code
add_debts(struct session *session, struct json *items, const struct copies_told *copies,
    struct err *err)
{
	DEBT_ROWS *rows = NULL;
	size_t count;
	uint64_t all;

	TRY(store_oldest_debts(session->store, DEBT_UNPAID, DEBTS_SHOWN, &rows, &count, &all, err));
	for (size_t i = 0; i < count; i++)
		TRY(add_debt(session, items, &rows[i], copies, err));
	status_add_rest(items, "debt", "rotation debts", all, count, "halligan status");
	return ERR_OK;
}

/* What holds stands below; here only what somebody should see to. */
static void
put_rotators(const struct session *session, struct json *reply, struct json *items)
{
	char text[ISOLATION_TEXT_SIZE];

	if (!isolation_tell(session, text))
		status_add(items, "isolation", "rotators run", text,
		    "whoever answers for the vault's host", "");
	json_put_text(reply, "rotators", text);
}

enum err_code
serve_status(struct session *session, struct call *call, struct err *err)
{
	JSON *items = json_new_array();
	uint64_t secrets = 0, size = 0;
	struct copies_told copies = {0};
	bool live = session->state == SESSION_LIVE;
	const char *copy = live ? session->chain.charter->copy : session->founding.copy;

	TRY(json_in_end(&call->in));
	TRY(store_log_size(session->store, &size, err));
	if (live)
		TRY(due_note_read(session, err));
	add_alarms(session, items);
	TRY(add_clock(session, items, err));
	TRY(add_drafts(session, items, err));
	if (live) {
		TRY(store_count_secrets(session->store, &secrets, err));
		TRY(add_ceremonies(session, items, err));
		TRY(copies_tell(session, &copies, err));
		TRY(add_debts(session, items, &copies, err));
		if (copies.text[0] != '\0')
			status_add(items, "copy", "copy sink", copies.text,
			    "whoever answers for the vault's host", copies.next);
		TRY(status_add_secrets(session, items, err));
	}
	json_put_int(call->reply, "secrets", (int64_t)secrets);
	json_put_int(call->reply, "log", (int64_t)size);
	json_put_text(call->reply, "copy",
	    strcmp(copy, "none") == 0 ? "none: sealed versions exist on this host alone" : copy);
	json_put_bool(call->reply, "swap", whole_may_swap("/proc/swaps"));
	put_rotators(session, call->reply, items);
	json_put(call->reply, "items", TAKE(items));
	return ERR_OK;
}
