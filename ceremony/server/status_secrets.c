/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/status_secrets.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/server/documents/openable.h"
#include "ceremony/server/secrets/reseal_due.h"
#include "ceremony/server/status_item.h"
#include "vault/store/debt.h"
#include "vault/store/sealed.h"

/* A margin that `charter status` alarms about. */
enum { THIN_MARGIN = 1 };
enum { EXPOSED_SHOWN = 50, SEEN_LOOKED_AT = 16, DAYS_SIZE = 40, DAY = 86400 };

/* Current versions of which officers opened shares, and nothing came of it. */
static enum err_code
add_exposed(struct session *session, struct json *items, struct err *err)
{
	struct sealed_row rows[EXPOSED_SHOWN];
	size_t count;
	uint64_t all;

	TRY(store_list_sealed(session->store, SEALED_EXPOSED, rows, EXPOSED_SHOWN, &count, &all,
	    err));
	for (size_t i = 0; i < count; i++) {
		struct secret_row secret;
		char text[100], next[SEAT_NAME_MAX + 80];

		TRY(store_get_secret(session->store, &rows[i].secret, &secret, err));
		snprintf(text, sizeof(text),
		    "shares of version %u were opened in a ceremony that came to nothing",
		    rows[i].number);
		snprintf(next, sizeof(next),
		    "halligan reseal --rotate --reason \"shares were opened\" %s", secret.name);
		status_add(items, "exposed", secret.name, text, "an operator", next);
	}
	status_add_rest(items, "exposed", "secrets", all, count, "halligan reseal --list");
	return ERR_OK;
}

/* The first of ROWS that owes nothing; RET_OWED: how many owe their first replacement, and are told with that debt. */
static enum err_code
find_settled(struct session *session, const struct sealed_row *rows, size_t count,
    const struct sealed_row **ret_first, size_t *ret_owed, struct err *err)
{
	struct debt_row debt;

	*ret_first = NULL;
	*ret_owed = 0;
	for (size_t i = 0; i < count; i++) {
		enum err_code code = store_open_debt(session->store, &rows[i].secret, &debt, err);

		if (code != ERR_OK && code != ERR_NOT_FOUND)
			return code;
		*ret_owed += code == ERR_OK;
		if (code == ERR_NOT_FOUND && *ret_first == NULL)
			*ret_first = &rows[i];
	}
	return ERR_OK;
}

/* What was taken in and not replaced. */
static enum err_code
add_seen(struct session *session, struct json *items, struct err *err)
{
	struct sealed_row rows[SEEN_LOOKED_AT];
	const struct sealed_row *first;
	struct secret_row secret;
	char text[200 + SEAT_NAME_MAX], next[SEAT_NAME_MAX + 80];
	size_t count, owed;
	uint64_t all;

	TRY(store_list_sealed(session->store, SEALED_SEEN, rows, SEEN_LOOKED_AT, &count, &all,
	    err));
	TRY(find_settled(session, rows, count, &first, &owed, err));
	if (first == NULL)
		return ERR_OK;
	TRY(store_get_secret(session->store, &first->secret, &secret, err));
	snprintf(text, sizeof(text),
	    "%" PRIu64
	    " %s a value that was not replaced since it was given: whoever gave it has it "
	    "still; the first is %s",
	    all - owed, text_plural(all - owed, "secret has", "secrets have"), secret.name);
	snprintf(next, sizeof(next), "halligan reseal --rotate --reason \"it was seen\" %s",
	    secret.name);
	status_add(items, "seen", "secrets", text, "an operator", next);
	return ERR_OK;
}

/* What two people agreed to, and no operator gave a value of. */
static enum err_code
add_defined(struct session *session, struct json *items, struct err *err)
{
	struct secret_row first;
	char text[100 + SEAT_NAME_MAX], next[SEAT_NAME_MAX + 40];
	size_t count;
	uint64_t all;

	TRY(store_list_defined(session->store, &first, 1, &count, &all, err));
	if (count == 0)
		return ERR_OK;
	snprintf(text, sizeof(text), "%" PRIu64 " %s defined and %s no value yet; the first is %s",
	    all, text_plural(all, "secret is", "secrets are"), text_plural(all, "has", "have"),
	    first.name);
	snprintf(next, sizeof(next), "halligan secret adopt %s", all == 1 ? first.name : "--all");
	status_add(items, "defined", "secrets", text, "an operator", next);
	return ERR_OK;
}

/* Secrets by the margin of their current version: -1, nobody can open it; 0, ... */
struct margins {
	uint64_t counts[THIN_MARGIN + 2];
};

/* The days from FROM to TO, as in "2 days ago", "in 2 days"; or "today". */
static void
say_days(int64_t from, int64_t to, const char *before, const char *behind, char ret_text[DAYS_SIZE])
{
	int64_t days = (to - from) / DAY;

	if (days > 0)
		snprintf(ret_text, DAYS_SIZE, "%s%lld %s%s", before, (long long)days,
		    text_plural((uint64_t)days, "day", "days"), behind);
	else
		snprintf(ret_text, DAYS_SIZE, "today");
}

static void
add_left(struct json *items, const struct reseal_due_summary *sum)
{
	char text[NOTE_TEXT_MAX], left[DAYS_SIZE];
	const int64_t now = session_now(sum->session);
	bool overdue = now - sum->left >= (int64_t)STALE_LEFT_DAYS * DAY;

	if (sum->left_count == 0)
		return;
	say_days(sum->left, now, "", " ago", left);
	snprintf(text, sizeof(text),
	    "a token that left %s still has envelopes of %" PRIu64
	    " %s; after %d days this is overdue",
	    left, sum->left_count, text_plural(sum->left_count, "secret", "secrets"),
	    (int)STALE_LEFT_DAYS);
	status_add(items, overdue ? "overdue" : "reseal", "leaver", text, "an operator or officer",
	    "halligan reseal");
}

/* What is right today, and soon is not. */
static void
add_soon(struct json *items, const struct reseal_due_summary *sum)
{
	char text[NOTE_TEXT_MAX], when[DAYS_SIZE], next[SEAT_NAME_MAX + 80];

	if (sum->soon_count == 0)
		return;
	say_days(session_now(sum->session), sum->soon_at, "in ", "", when);
	snprintf(text, sizeof(text),
	    "%" PRIu64 " %s older than the policy allows within %d days, %s first: %s",
	    sum->soon_count, text_plural(sum->soon_count, "secret gets", "secrets get"),
	    (int)STALE_SOON_DAYS, sum->soon, when);
	snprintf(next, sizeof(next), "halligan reseal --reason \"it gets old\" %s", sum->soon);
	status_add(items, "reseal", "soon", text, "an operator or officer", next);
}

/* Who can open what is not what the charter says. */
static void
add_stale(struct json *items, const struct reseal_due_summary *sum)
{
	char text[2 * NOTE_TEXT_MAX];

	add_left(items, sum);
	if (sum->count > 0) {
		snprintf(text, sizeof(text), "%" PRIu64 " %s should be sealed again; %s: %s",
		    sum->count, text_plural(sum->count, "secret", "secrets"), sum->first, sum->why);
		status_add(items, "reseal", "secrets", text, "an operator or officer",
		    "halligan reseal --list");
	}
	add_soon(items, sum);
}

/* One line about who can still open what; `charter status` says it in full. */
static enum err_code
add_readiness(const struct session *session, const struct margins *margins, struct json *items,
    struct err *err)
{
	static const char *const says[] = {"that nobody can open any more",
	    "that no seat may be lost of", "that one seat may be lost of, no more"};
	BUF text = {0};

	if (session->chain.suspensions.count > 0)
		buf_format(&text, "%zu suspended", session->chain.suspensions.count);
	for (size_t i = 0; i < ARRAY_SIZE(margins->counts); i++)
		if (margins->counts[i] > 0)
			buf_format(&text, "%s%" PRIu64 " %s %s", text.size > 0 ? ", " : "",
			    margins->counts[i],
			    text_plural(margins->counts[i], "secret", "secrets"), says[i]);
	if (text.size == 0)
		return ERR_OK;
	status_add(items, "readiness", "tokens", buf_string(&text), "officers",
	    "halligan charter status");
	return buf_check(&text, err);
}

/* Whatever their number, one version of each class is read. */
static enum err_code
add_sealed(struct session *session, struct json *items, struct err *err)
{
	CLASS_WALK walk = {.session = session, .list = SEALED_CURRENT};
	struct reseal_due_summary due = {.session = session};
	struct margins margins = {0};
	const struct class_member *member;

	TRY(class_walk_next(&walk, &member, err));
	while (member != NULL) {
		int margin =
		    openable_margin(session->chain.charter, &session->chain.suspensions, member);

		if (margin <= THIN_MARGIN)
			margins.counts[margin + 1] += member->count;
		TRY(reseal_due_add(&due, member, err));
		TRY(class_walk_next(&walk, &member, err));
	}
	TRY(add_readiness(session, &margins, items, err));
	add_stale(items, &due);
	return ERR_OK;
}

enum err_code
status_add_secrets(struct session *session, struct json *items, struct err *err)
{
	TRY(add_defined(session, items, err));
	TRY(add_seen(session, items, err));
	TRY(add_exposed(session, items, err));
	return add_sealed(session, items, err);
}
