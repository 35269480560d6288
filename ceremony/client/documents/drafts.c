/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/documents/drafts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json_members.h"
#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/client/documents/founding.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/opening/object.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/typed.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/statements.h"

enum { DRAFTS_MAX = 4096, SHORT = 8, WORDS = 8, WHICH_MIN = 4 };

void
draft_list_done(struct draft_list *list)
{
	free(list->rows);
	*list = (struct draft_list){0};
}

static const struct member row_members[] = {
    {"digest", MEMBER_HEX, FIELD(struct draft_row, digest)},
    {"type", MEMBER_CHOICE, FIELD(struct draft_row, type), .choices = statement_names},
    {"seat", MEMBER_NAME, FIELD(struct draft_row, seat)},
    {"signatures", MEMBER_NUMBER, FIELD(struct draft_row, signatures), .min = 1,
        .max = DSSE_SIGNATURES_MAX},
    {"until", MEMBER_TIME, FIELD(struct draft_row, until)},
    {NULL},
};

void
drafts_foresee(struct client *client)
{
	client_foresee(client, op_new("drafts"));
}

enum err_code
drafts_fetch(struct client *client, struct draft_list *ret_list, struct err *err)
{
	DRAFT_LIST list = {0};
	REPLY reply = {0};

	TRY(client_ask(client, op_new("drafts"), "drafts", &reply, err));
	const struct json *array = json_in_array(&reply.in, "drafts", 0, DRAFTS_MAX);
	TRY(json_in_end(&reply.in));
	list.rows = calloc(json_array_count(array) + 1, sizeof(*list.rows));
	if (list.rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (; list.count < json_array_count(array); list.count++)
		TRY(members_read(json_array_object(array, list.count), "draft in the list",
		    row_members, &list.rows[list.count], err));
	*ret_list = TAKE(list);
	return ERR_OK;
}

enum err_code
draft_text(const struct draft_row *row, struct buf *ret_text, struct err *err)
{
	char hex[2 * DIGEST_SIZE + 1], words[TEXT_WORDS_SIZE], until[TEXT_TIME_SIZE];

	text_hex(VIEW_OF(row->digest.bytes), hex);
	text_words(view_of(row->digest.bytes, WORDS), words);
	text_time(row->until, until);
	buf_format(ret_text, "%s %.*s (%s), proposed by %s, %zu signed, until %s",
	    statement_names[row->type], SHORT, hex, words, row->seat, row->signatures, until);
	return buf_check(ret_text, err);
}

enum err_code
drafts_say(struct client *client, struct json *object, struct err *err)
{
	DRAFT_LIST list = {0};
	struct json *array = json_new_array();

	json_put(object, "waiting", array);
	TRY(drafts_fetch(client, &list, err));
	for (size_t i = 0; i < list.count; i++) {
		BUF text = {0};

		TRY(draft_text(&list.rows[i], &text, err));
		json_add_text(array, buf_string(&text));
		ui_say(client_options(client)->ui, "WAITS %s", buf_string(&text));
	}
	return ERR_OK;
}

enum err_code
draft_fetch(struct client *client, const struct draft_row *row, struct dsse *ret_statement,
    struct err *err)
{
	struct json *request = op_new("draft");
	DSSE statement = {0};
	REPLY reply = {0};
	struct digest digest;
	int64_t created;

	json_put_hex(request, "digest", VIEW_OF(row->digest.bytes));
	TRY(client_ask(client, request, "draft", &reply, err));
	in_statement(&reply.in, "statement", &statement);
	TRY(json_in_end(&reply.in));
	TRY(dsse_digest(&statement, &digest, err));
	if (!digest_equal(&digest, &row->digest))
		return err_set(err, ERR_INTEGRITY,
		    "the server sent another draft than was asked for");
	TRY(statement_created(&statement, &created, err));
	if (client_options(client)->now() >= created + DRAFT_LIFE)
		return err_set(err, ERR_EXPIRED,
		    "that draft waited for more than %d days and counts no more; propose it again",
		    (int)DRAFT_DAYS);
	*ret_statement = TAKE(statement);
	return ERR_OK;
}

/* Hex digits as they are; words with spaces or dashes, in any case. */
static bool
is_meant(const struct draft_row *row, enum statement_type type, const char *which)
{
	char hex[2 * DIGEST_SIZE + 1], words[TEXT_WORDS_SIZE];
	size_t size = which != NULL ? strlen(which) : 0, same = 0;

	if (type != STATEMENT_TYPES && row->type != type)
		return false;
	text_hex(VIEW_OF(row->digest.bytes), hex);
	text_words(view_of(row->digest.bytes, WORDS), words);
	while (same < size &&
	    (strncasecmp(words + same, which + same, 1) == 0 ||
	        (words[same] == ' ' && which[same] == '-')))
		same++;
	return which == NULL || strncmp(hex, which, size) == 0 || same == size;
}

enum err_code
draft_pick(struct client *client, enum statement_type type, const char *which,
    struct draft_row *ret_row, struct err *err)
{
	const char *what = type == STATEMENT_TYPES ? "draft" : statement_names[type];
	const struct draft_row *chosen = NULL;
	DRAFT_LIST list = {0};
	BUF names = {0};
	size_t count = 0;

	if (which != NULL && strlen(which) < WHICH_MIN)
		return err_set(err, ERR_USAGE,
		    "%s is too short: give at least %d of its digits, or its words", QUOTED(which),
		    WHICH_MIN);
	TRY(drafts_fetch(client, &list, err));
	for (size_t i = 0; i < list.count; i++) {
		if (!is_meant(&list.rows[i], type, which))
			continue;
		chosen = &list.rows[i];
		buf_format(&names, "%s", count++ > 0 ? "; " : "");
		TRY(draft_text(chosen, &names, err));
	}
	if (count == 0)
		return err_set(err, ERR_NOT_FOUND, "no %s%s%s waits for signatures", what,
		    which != NULL ? " " : "", which != NULL ? which : "");
	if (count > 1)
		return err_set(err, ERR_USAGE,
		    "several could be meant; name one by its digits or words: %s",
		    buf_string(&names));
	*ret_row = *chosen;
	return ERR_OK;
}

/* Whoever has the host could say so and drop it: a suspension that never came into force. */
static enum err_code
check_in_force(struct client *client, const struct digest *digest, struct err *err)
{
	const struct vault_view *view;

	if (client_hello(client)->state != VAULT_LIVE)
		TRY(client_greet(client, err)); /* by this signature it lives */
	TRY(client_sync(client, &view, err));
	for (size_t i = view->chain.document_count; i > 0; i--)
		if (digest_equal(&view->chain.documents[i - 1].digest, digest))
			return ERR_OK;
	return err_set(err, ERR_INTEGRITY,
	    "the server says that what you signed is in force, and its documents do not have it");
}

/* REQUEST brings a signature on STATEMENT, which has DIGEST. */
static enum err_code
ask(struct client *client, struct json *request, const struct dsse *statement,
    const struct digest *digest, struct draft_outcome *ret_outcome, struct err *err)
{
	struct draft_outcome outcome;
	REPLY reply = {0};
	struct digest said;
	char hex[2 * DIGEST_SIZE + 1];

	TRY(client_ask(client, request, "signature", &reply, err));
	json_in_hex(&reply.in, "digest", said.bytes, DIGEST_SIZE);
	outcome.live = json_in_bool(&reply.in, "live");
	snprintf(outcome.missing, sizeof(outcome.missing), "%s",
	    json_in_text(&reply.in, "missing", 0, sizeof(outcome.missing) - 1));
	snprintf(outcome.lost, sizeof(outcome.lost), "%s",
	    json_in_text(&reply.in, "lost", 0, sizeof(outcome.lost) - 1));
	TRY(json_in_end(&reply.in));
	if (!digest_equal(&said, digest))
		return err_set(err, ERR_INTEGRITY,
		    "the server answered about another document than the one that you signed");
	if (outcome.live &&
	    !statement_is(statement, STATEMENT_SECRET)) /* no document of the chain */
		TRY(check_in_force(client, digest, err));
	text_hex(VIEW_OF(digest->bytes), hex);
	snprintf(outcome.name, sizeof(outcome.name), "%.*s", SHORT, hex);
	*ret_outcome = outcome;
	return ERR_OK;
}

static struct json *
proposal(const struct dsse *statement, const struct json *enrolments, bool try)
{
	struct json *request = op_new("propose");

	put_statement(request, "statement", statement);
	json_put_copy(request, "enrolments", enrolments);
	json_put_bool(request, "try", try);
	return request;
}

enum err_code
draft_try(struct client *client, const struct dsse *statement, const struct json *enrolments,
    struct err *err)
{
	return client_tell(client, proposal(statement, enrolments, true), "proposal", err);
}

enum err_code
draft_propose(struct client *client, const struct dsse *statement, const struct json *enrolments,
    struct draft_outcome *ret_outcome, struct err *err)
{
	struct digest digest;

	TRY(dsse_digest(statement, &digest, err));
	return ask(client, proposal(statement, enrolments, false), statement, &digest, ret_outcome,
	    err);
}

enum err_code
draft_sign(struct client *client, const struct hand *hand, const struct dsse *statement,
    struct draft_outcome *ret_outcome, struct err *err)
{
	struct json *request = NULL;
	char keyid[2 * DIGEST_SIZE + 1];
	struct digest digest;

	TRY(dsse_digest(statement, &digest, err));
	text_hex(VIEW_OF(hand->entry->id.bytes), keyid);
	request = op_new("sign");
	json_put_hex(request, "digest", VIEW_OF(digest.bytes));
	put_signature(request, dsse_find(statement, keyid));
	return ask(client, request, statement, &digest, ret_outcome, err);
}

/* ---- withdrawing ---- */

static enum err_code
cancel_draft(struct client *client, const struct hand_want *want, const struct digest *vault,
    const struct draft_row *row, const char *reason, struct err *err)
{
	struct json *request = NULL;
	const struct client_options *options = client_options(client);
	HAND hand = {0};
	DSSE statement = {0};
	BUF text = {0};

	TRY(draft_text(row, &text, err));
	ui_say(options->ui, "%s", buf_string(&text));
	TRY(hand_take(options, want, &hand, err));
	TRY(ui_demand(options->ui, "Withdraw it? Type yes", "yes", err));
	TRY(hand_unlock(&hand, 1, 0, err));
	TRY(objection_sign(&hand, STATEMENT_CANCEL, client_hello(client)->training, vault,
	    &row->digest, reason, "sign the withdrawal", &statement, err));
	request = op_new("withdraw");
	put_statement(request, "statement", &statement);
	TRY(client_tell(client, request, "withdraw", err));
	ui_say(options->ui, "Withdrawn.");
	return ERR_OK;
}

/* Before the first charter the seats are the draft's own, and the vault is named by the founding. */
static enum err_code
withdraw_founding(struct client *client, const struct draft_row *row, const char *reason,
    struct err *err)
{
	struct founding_view founding;
	CHARTER *charter = NULL;
	DSSE statement = {0};

	TRY(founding_fetch(client, &founding, err));
	TRY(draft_fetch(client, row, &statement, err));
	TRY(charter_parse(&statement, &charter, err));
	const struct hand_want want = {.lists = {{charter->seats, charter->seat_count}},
	    .seat = row->seat};
	return cancel_draft(client, &want, &founding.fixed.init, row, reason, err);
}

enum err_code
withdraw_run(struct client *client, const char *which, const char *reason, struct err *err)
{
	const struct vault_view *view;
	struct draft_row row;

	TRY(typed_check("--reason", reason, REASON_MAX, err));
	TRY(draft_pick(client, STATEMENT_TYPES, which, &row, err));
	if (client_hello(client)->state != VAULT_LIVE)
		return withdraw_founding(client, &row, reason, err);
	TRY(client_sync(client, &view, err));
	const struct chain *chain = &view->chain;
	const struct hand_want want = {.lists = {{chain->charter->seats,
	                                             chain->charter->seat_count},
	                                   {chain->roster->seats, chain->roster->seat_count}},
	    .seat = row.seat,
	    .suspended = &chain->suspensions};
	return cancel_draft(client, &want, &chain->vault, &row, reason, err);
}
