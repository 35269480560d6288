/* SPDX-License-Identifier: Apache-2.0 */
/* One line for each thing that waits: what, for whom, what next. */
#include "ceremony/server/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/server/documents/openable.h"
#include "ceremony/server/documents/waiting.h"
#include "ceremony/server/opening/batch.h"
#include "ceremony/server/opening/matter.h"
#include "ceremony/server/secrets/reseal_due.h"
#include "vault/store/log.h"
#include "vault/store/release.h"

/* A margin that `charter status` alarms about; `status` looks at so many secrets only. */
enum { THIN_MARGIN = 1, READINESS_SECRETS = 1000 };
enum {
	ITEMS_MAX = 200,
	DEBTS_SHOWN = 200,
	REFUSED_SHOWN = 64,
	BATCHES_SHOWN = 32,
	STALE_LOOKED_AT = 500,
	DAY = 86400
};

static void
add_item(struct json *items, const char *kind, const char *subject, const char *text,
    const char *waits, const char *next)
{
	struct json *item = json_new_object();

	json_put_text(item, "kind", kind);
	json_put_text(item, "subject", subject);
	json_put_text(item, "text", text);
	json_put_text(item, "waits", waits);
	json_put_text(item, "next", next);
	json_add(items, item);
}

static void
add_alarms(const struct session *session, struct json *items)
{
	for (size_t i = 0; i < session->alarm_count; i++)
		add_item(items, "alarm", session->alarms[i].subject, session->alarms[i].text,
		    "an operator", "halligan log verify");
}

static enum err_code
add_drafts(struct session *session, struct json *items, struct err *err)
{
	static const char *const names[] = {"charter", "roster"};
	static const enum draft_kind kinds[] = {DRAFT_CHARTER, DRAFT_ROSTER};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		DSSE draft = {0};
		char next[64];
		enum err_code code = draft_load(session, kinds[i], &draft, err);

		if (code == ERR_NOT_FOUND)
			continue;
		if (code != ERR_OK)
			return code;
		snprintf(next, sizeof(next), "halligan %s sign", names[i]);
		add_item(items, "founding", names[i], "a draft waits for signatures",
		    "officers who have not signed", next);
	}
	if (session->state == SESSION_FOUNDING && json_array_count(items) == 0)
		add_item(items, "founding", session->founding.name, "the vault has no charter yet",
		    "the founders", "halligan enroll, then halligan charter draft");
	return ERR_OK;
}

static void
add_collecting(struct session *session, struct json *items, const struct matter *matter,
    const char *id)
{
	BUF waits = {0};
	char text[NOTE_TEXT_MAX + 1], next[64], deadline[TEXT_TIME_SIZE];
	int missing;

	(void)matter_verdict(session, matter, session_now(session), &missing, &waits);
	text_time(matter->row.deadline, deadline);
	snprintf(text, sizeof(text), "%s asks for it (%s), until %s", matter->row.requester,
	    matter->request.incident, deadline);
	snprintf(next, sizeof(next), "halligan approve %.8s", id);
	add_item(items, "ceremony", matter->request.items.rows[0].name, text,
	    waits.size > 0 ? buf_string(&waits) : "", next);
}

static void
add_lease(struct json *items, const struct matter *matter, const char *id)
{
	char text[NOTE_TEXT_MAX + 1], next[64], expires[TEXT_TIME_SIZE];

	text_time(matter->row.expires, expires);
	snprintf(text, sizeof(text), "%s holds version %u until %s", matter->row.requester,
	    matter->row.version, expires);
	snprintf(next, sizeof(next), "halligan done %.8s", id);
	add_item(items, "lease", matter->request.items.rows[0].name, text, matter->row.requester,
	    next);
}

static enum err_code
add_ceremonies(struct session *session, struct json *items, struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count;
	unsigned states =
	    1u << CEREMONY_COLLECTING | 1u << CEREMONY_RELEASING | 1u << CEREMONY_RELEASED;

	TRY(matter_list(session, states, &rows, &count, err));
	for (size_t i = 0; i < count && i < ITEMS_MAX; i++) {
		MATTER *matter = NULL;
		char id[2 * ID_SIZE + 1];

		TRY(matter_load(session, &rows[i].id, &matter, err));
		text_hex(VIEW_OF(rows[i].id.bytes), id);
		if (rows[i].state == CEREMONY_COLLECTING)
			add_collecting(session, items, matter, id);
		else if (rows[i].state == CEREMONY_RELEASED)
			add_lease(items, matter, id);
		else
			add_item(items, "alarm", matter->request.items.rows[0].name,
			    "a release was not finished", "the vault's host", "halligan status");
	}
	return ERR_OK;
}

static enum err_code
add_debt(struct session *session, struct json *items, const struct debt_row *debt, struct err *err)
{
	struct secret_row secret;
	struct ceremony_row row = {.state = CEREMONY_ROTATING};
	char text[2 * NOTE_TEXT_MAX], next[128];
	bool degraded = debt->state == DEBT_DEGRADED;

	if (debt->has_ceremony)
		TRY(store_get_ceremony(session->store, &debt->ceremony, &row, err));
	if (row.state == CEREMONY_RELEASED || row.state == CEREMONY_RELEASING)
		return ERR_OK; /* shown as a lease */
	TRY(store_get_secret(session->store, &debt->secret, &secret, err));
	snprintf(text, sizeof(text), "rotation debt: %s%s%s", debt_state_names[debt->state],
	    debt->note[0] != '\0' ? ": " : "", debt->note);
	snprintf(next, sizeof(next), "halligan rotate %s", secret.name);
	add_item(items, degraded ? "alarm" : "debt", secret.name, text,
	    degraded ? "a person who can reach the target" : "the target", next);
	return ERR_OK;
}

DESTRUCTOR(freep, struct debt_row, free)

static enum err_code
add_debts(struct session *session, struct json *items, struct err *err)
{
	CLEANUP(freep) struct debt_row *rows = calloc(DEBTS_SHOWN, sizeof(*rows));
	unsigned states = ((1u << DEBT_STATES) - 1) & ~(1u << DEBT_RETIRED);
	size_t count;

	if (rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for rotation debts");
	TRY(store_list_debts(session->store, states, rows, DEBTS_SHOWN, &count, err));
	for (size_t i = 0; i < count; i++)
		TRY(add_debt(session, items, &rows[i], err));
	return ERR_OK;
}

/* Was CANDIDATE's version already named by one of the COUNT rows before it? */
static bool
is_repeated(const struct ceremony_row *rows, size_t count, const struct ceremony_row *candidate)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(&rows[i].secret, &candidate->secret, sizeof(rows[i].secret)) == 0 &&
		    rows[i].version == candidate->version)
			return true;
	return false;
}

/* Current versions of which officers opened shares without a release. */
static enum err_code
add_exposed(struct session *session, struct json *items, struct err *err)
{
	struct ceremony_row rows[REFUSED_SHOWN];
	size_t count;

	TRY(store_list_ceremonies(session->store, 1u << CEREMONY_REFUSED, rows, REFUSED_SHOWN,
	    &count, err));
	for (size_t i = 0; i < count; i++) {
		struct secret_row secret;
		VERSION_ROW version = {0};
		char text[100], next[100];

		TRY(store_get_secret(session->store, &rows[i].secret, &secret, err));
		if (secret.current != rows[i].version || is_repeated(rows, i, &rows[i]))
			continue;
		TRY(store_get_version(session->store, &secret.id, secret.current, &version, err));
		if (!version.part_exposed)
			continue;
		snprintf(text, sizeof(text),
		    "shares of version %u were opened in a refused ceremony", secret.current);
		snprintf(next, sizeof(next), "halligan reseal --rotate %s", secret.name);
		add_item(items, "exposed", secret.name, text, "an operator", next);
	}
	return ERR_OK;
}

static enum err_code
add_batch(struct session *session, struct json *items, const struct batch_row *row, struct err *err)
{
	BATCH *batch = NULL;
	BUF waits = {0};
	enum verdict verdict;
	char text[NOTE_TEXT_MAX + 1], next[64], deadline[TEXT_TIME_SIZE], id[2 * ID_SIZE + 1];

	TRY(batch_load(session, &row->id, &batch, err));
	text_hex(VIEW_OF(row->id.bytes), id);
	text_time(row->deadline, deadline);
	if (row->state == CEREMONY_RELEASING) {
		add_item(items, "alarm", id, "a batch ceremony was not finished",
		    "the vault's host", "halligan status");
		return ERR_OK;
	}
	TRY(batch_verdict(session, batch, session_now(session), &verdict, &waits, err));
	snprintf(text, sizeof(text), "%s asks to %s %zu secrets (%.200s), until %s", row->requester,
	    mode_names[batch->request.mode], batch->request.items.count, batch->request.reason,
	    deadline);
	snprintf(next, sizeof(next), "halligan approve %.8s", id);
	add_item(items, "ceremony", mode_names[batch->request.mode], text,
	    waits.size > 0 ? buf_string(&waits) : "", next);
	return ERR_OK;
}

static enum err_code
add_batches(struct session *session, struct json *items, struct err *err)
{
	struct batch_row rows[BATCHES_SHOWN];
	size_t count;

	TRY(store_list_batches(session->store, 1u << CEREMONY_COLLECTING | 1u << CEREMONY_RELEASING,
	    rows, BATCHES_SHOWN, &count, err));
	for (size_t i = 0; i < count; i++)
		TRY(add_batch(session, items, &rows[i], err));
	return ERR_OK;
}

/* Who can open what is not what the charter says. */
static enum err_code
add_stale(struct session *session, struct json *items, struct err *err)
{
	struct stale_summary sum;
	char text[2 * NOTE_TEXT_MAX];

	TRY(stale_summarize(session, STALE_LOOKED_AT, &sum, err));
	if (sum.left_count > 0) {
		int64_t days = (session_now(session) - sum.left) / DAY;

		snprintf(text, sizeof(text),
		    "a token that left %lld day%s ago still has envelopes of %zu%s "
		    "secret%s; after %d days this is an alarm",
		    (long long)days, days == 1 ? "" : "s", sum.left_count,
		    sum.more ? " or more" : "", sum.left_count == 1 ? "" : "s",
		    (int)STALE_LEFT_DAYS);
		add_item(items, days >= STALE_LEFT_DAYS ? "alarm" : "reseal", "leaver", text,
		    "an operator or officer", "halligan reseal");
	}
	if (sum.count > 0) {
		snprintf(text, sizeof(text), "%zu%s secret%s should be sealed again; %s: %s",
		    sum.count, sum.more ? " or more" : "", sum.count == 1 ? "" : "s", sum.first,
		    sum.why);
		add_item(items, "reseal", "secrets", text, "an operator or officer",
		    "halligan reseal --list");
	}
	return ERR_OK;
}

struct margins {
	const struct session *session;
	uint64_t thin;
};

static enum err_code
count_thin(void *context, const struct surveyed *version, struct err *err)
{
	struct margins *margins = context;
	const struct session *session = margins->session;
	const struct policy *policy =
	    charter_policy(session->chain.charter, version->definition->policy);
	struct reach reach;

	(void)err;
	reach_of(session->chain.charter, &session->chain.suspensions, version->header,
	    version->spares, version->quorum, policy != NULL ? &policy->quorum : NULL, &reach);
	margins->thin += reach.margin <= THIN_MARGIN;
	return ERR_OK;
}

/* One line about who can still open what; `charter status` says it in full, and verified. */
static enum err_code
add_readiness(struct session *session, struct json *items, struct err *err)
{
	struct margins count = {.session = session};
	bool complete;
	BUF text = {0};

	TRY(survey(session, READINESS_SECRETS, count_thin, &count, &complete, err));
	if (session->chain.suspensions.count > 0)
		buf_format(&text, "%zu suspended", session->chain.suspensions.count);
	if (count.thin > 0)
		buf_format(&text, "%s%" PRIu64 " of the secrets can lose one seat at most",
		    text.size > 0 ? ", " : "", count.thin);
	if (text.size == 0)
		return ERR_OK;
	if (!complete)
		buf_format(&text, " (of the first %d secrets)", (int)READINESS_SECRETS);
	add_item(items, "readiness", "tokens", buf_string(&text), "officers",
	    "halligan charter status");
	return buf_check(&text, err);
}

enum err_code
serve_status(struct session *session, struct call *call, struct err *err)
{
	JSON *items = json_new_array();
	uint64_t secrets = 0, size = 0;
	bool live = session->state == SESSION_LIVE;
	const char *copy = live ? session->chain.charter->copy : session->founding.copy;

	TRY(json_in_end(&call->in));
	TRY(store_log_size(session->store, &size, err));
	add_alarms(session, items);
	TRY(add_drafts(session, items, err));
	if (live) {
		TRY(store_count_secrets(session->store, &secrets, err));
		TRY(add_ceremonies(session, items, err));
		TRY(add_batches(session, items, err));
		TRY(add_debts(session, items, err));
		TRY(add_exposed(session, items, err));
		TRY(add_readiness(session, items, err));
		TRY(add_stale(session, items, err));
	}
	json_put_int(call->reply, "secrets", (int64_t)secrets);
	json_put_int(call->reply, "log", (int64_t)size);
	json_put_text(call->reply, "copy",
	    strcmp(copy, "none") == 0 ? "none: sealed versions exist on this host alone" : copy);
	json_put(call->reply, "items", TAKE(items));
	return ERR_OK;
}
