/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each leaf that tells of a charter, roster, suspension or test names its statement; that is fetched,
 * held against the digest in the leaf, and verified against the documents that were in force then: the
 * chain is folded once more, leaf by leaf.
 * Nothing is shown before the whole log was seen to be that of the checkpoint.
 */
#include "ceremony/client/documents/charter_history.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/client/documents/enrolments.h"
#include "ceremony/client/log.h"
#include "ceremony/client/statements.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/charter.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/test.h"
#include "vault/documents/chain_fold.h"
#include "vault/documents/reach.h"

struct story {
	struct client *client;
	const struct vault_view *view;
	struct chain chain; /* in force at this point of the story */
	struct json *events;
};

static void
story_done(struct story *story)
{
	chain_done(&story->chain);
	json_freep(&story->events);
}

static void
add_signer(struct json *names, const char *keyid, const struct seat *seats, size_t count)
{
	const struct seat_token *token;
	const struct seat *seat = NULL;
	struct digest id;

	if (text_from_hex(keyid, id.bytes, DIGEST_SIZE))
		seat = seat_by_token(seats, count, &id, &token);
	if (seat == NULL)
		return;
	for (size_t i = 0; i < json_array_count(names); i++)
		if (strcmp(json_array_text(names, i), seat->name) == 0)
			return;
	json_add_text(names, seat->name);
}

/* Seats of BEFORE (may be NULL), then of what is in force, that signed. */
static struct json *
signers(const struct story *story, const struct dsse *statement, const struct charter *before)
{
	struct json *names = json_new_array();
	const struct charter *charter = story->chain.charter;
	const struct roster *roster = story->chain.roster;

	for (size_t i = 0; i < statement->count; i++) {
		const char *keyid = statement->signatures[i].keyid;

		if (before != NULL)
			add_signer(names, keyid, before->seats, before->seat_count);
		add_signer(names, keyid, charter->seats, charter->seat_count);
		add_signer(names, keyid, roster->seats, roster->seat_count);
	}
	return names;
}

/* NAMES is taken over. */
static enum err_code
add_event(struct story *story, int64_t time, const char *kind, struct buf *text, struct json *names,
    struct err *err)
{
	struct json *event = json_new_object();

	json_put_time(event, "time", time);
	json_put_text(event, "kind", kind);
	json_put_text(event, "text", buf_string(text));
	json_put(event, "signed", names);
	json_add(story->events, event);
	return buf_check(text, err);
}

/* ---- what changed ---- */

static void
tell_people(struct buf *text, const struct seat *before, size_t before_count,
    const struct seat *after, size_t after_count)
{
	char roles[SHOW_ROLES_SIZE];

	for (size_t i = 0; i < after_count; i++) {
		const struct seat *was = seat_by_name(before, before_count, after[i].name);
		const struct seat_token *token;

		show_roles(after[i].roles, roles);
		if (was == NULL)
			buf_format(text, "; %s joined (%s, %s)", after[i].name,
			    QUOTED(after[i].person), roles);
		else if (was->roles != after[i].roles)
			buf_format(text, "; %s is now %s", after[i].name, roles);
		for (size_t t = 0; was != NULL && t < after[i].token_count; t++)
			if (seat_by_token(before, before_count, &after[i].tokens[t].id, &token) ==
			    NULL)
				buf_format(text, "; %s got the token %s", after[i].name,
				    QUOTED(after[i].tokens[t].label));
	}
	for (size_t i = 0; i < before_count; i++) {
		const struct seat *now = seat_by_name(after, after_count, before[i].name);
		const struct seat_token *token;

		if (now == NULL)
			buf_format(text, "; %s left", before[i].name);
		for (size_t t = 0; now != NULL && t < before[i].token_count; t++)
			if (seat_by_token(after, after_count, &before[i].tokens[t].id, &token) ==
			    NULL)
				buf_format(text, "; %s's token %s was taken out", before[i].name,
				    QUOTED(before[i].tokens[t].label));
	}
}

static void
tell_policies(struct buf *text, const struct charter *before, const struct charter *after,
    const struct suspensions *suspended)
{
	for (size_t i = 0; i < after->policy_count; i++) {
		const struct policy *policy = &after->policies[i];
		const struct policy *was = charter_policy(before, policy->name);

		if (was == NULL || strcmp(was->quorum_text, policy->quorum_text) != 0)
			buf_format(text, "; policy %s is now %s", policy->name,
			    policy->quorum_text);
		else if (was->max_duration != policy->max_duration ||
		    was->request_ttl != policy->request_ttl || was->max_age != policy->max_age)
			buf_format(text, "; policy %s has other durations", policy->name);
	}
	for (size_t i = 0; i < before->policy_count; i++)
		if (charter_policy(after, before->policies[i].name) == NULL)
			buf_format(text, "; policy %s ended", before->policies[i].name);
	for (size_t i = 0; i < before->policy_count; i++)
		if (charter_changes_policy(after, &before->policies[i]) &&
		    !reach_signers(before, suspended, &before->policies[i].quorum))
			buf_format(text,
			    "; the quorum that policy %s had could not be met, tokens of it were suspended",
			    before->policies[i].name);
	if (strcmp(before->change_text, after->change_text) != 0)
		buf_format(text, "; it can be changed by %s", after->change_text);
}

static void
tell_waivers(struct buf *text, const struct charter *before, const struct charter *after)
{
	for (size_t i = 0; i < after->waiver_count; i++) {
		const struct charter_waiver *waiver = &after->waivers[i];
		const struct charter_waiver *was =
		    before != NULL ? charter_waiver(before, &waiver->token) : NULL;
		const struct seat_token *token = NULL;
		const struct seat *seat =
		    seat_by_token(after->seats, after->seat_count, &waiver->token, &token);

		if (seat == NULL || (was != NULL && was->waives == waiver->waives))
			continue;
		buf_format(text, "; for %s's token %s: ", seat->name, QUOTED(token->label));
		show_waiver(after, &waiver->token, text);
	}
}

static void
tell_restored(struct buf *text, const struct story *story, const struct charter *after)
{
	for (size_t i = 0; i < after->restored_count; i++) {
		const struct suspension *row =
		    suspensions_by_digest(&story->chain.suspensions, &after->restored[i]);

		if (row != NULL)
			buf_format(text, "; %s's token %s was restored", row->holder,
			    QUOTED(row->bound.label));
	}
}

static void
tell_copy(struct buf *text, const struct charter *before, const struct charter *after)
{
	if (strcmp(before->copy, after->copy) == 0)
		return;
	if (strcmp(after->copy, "none") == 0)
		buf_format(text, "; no copies are kept any more");
	else
		buf_format(text, "; copies go to %s", QUOTED(after->copy));
}

/* ---- events ---- */

static enum err_code
on_charter(struct story *story, const struct dsse *statement, struct buf *text, struct err *err)
{
	const struct charter *before = story->chain.charter;
	CHARTER *charter = NULL;

	TRY(charter_parse(statement, &charter, err));
	if (before == NULL) {
		buf_format(text, "%s was founded", charter->name);
		tell_people(text, NULL, 0, charter->seats, charter->seat_count);
		tell_waivers(text, NULL, charter);
		return ERR_OK;
	}
	buf_format(text, "charter %u", charter->version);
	tell_people(text, before->seats, before->seat_count, charter->seats, charter->seat_count);
	tell_policies(text, before, charter, &story->chain.suspensions);
	tell_waivers(text, before, charter);
	tell_copy(text, before, charter);
	tell_restored(text, story, charter);
	return ERR_OK;
}

static enum err_code
on_roster(struct story *story, const struct dsse *statement, struct buf *text, struct err *err)
{
	const struct roster *before = story->chain.roster;
	ROSTER *roster = NULL;

	TRY(roster_parse(statement, story->chain.charter, &roster, err));
	buf_format(text, "roster %u", roster->version);
	tell_people(text, before->seats, before->seat_count, roster->seats, roster->seat_count);
	return ERR_OK;
}

static enum err_code
on_suspend(struct story *story, const struct dsse *statement, struct buf *text, struct err *err)
{
	struct suspension suspension;
	const struct seat_token *token;

	TRY(suspension_parse(statement, story->chain.charter->training, &suspension, err));
	token = chain_listed_token(&story->chain, suspension.holder, &suspension.suspended);
	buf_format(text, "%s's token %s was suspended: %s", suspension.holder,
	    QUOTED(token != NULL ? token->label : "?"), QUOTED(suspension.reason));
	return ERR_OK;
}

static enum err_code
on_test(struct story *story, const struct dsse *statement, struct buf *text, struct err *err)
{
	READINESS test = {0};
	const struct seat_token *token;

	TRY(readiness_parse(statement, story->chain.charter->training, &test, err));
	token = chain_listed_token(&story->chain, test.seat, &test.token);
	if (token == NULL)
		return err_set(err, ERR_INTEGRITY, "the test is of no token of seat %s",
		    QUOTED(test.seat));
	buf_format(text, "%s tested the token %s: it works", test.seat, QUOTED(token->label));
	return seat_token_verify(statement, token, err);
}

static const struct teller {
	const char *event;
	bool joins; /* the chain: the next document of it */
	enum err_code (*tell)(struct story *story, const struct dsse *statement, struct buf *text,
	    struct err *err);
} told[] = {{"charter", true, on_charter}, {"roster", true, on_roster},
    {"suspend", true, on_suspend}, {"test", false, on_test}};

static enum err_code
on_event(struct story *story, const struct teller *teller, const struct digest *digest,
    int64_t time, struct err *err)
{
	const struct charter *before = story->chain.charter;
	DSSE statement = {0};
	BUF text = {0};

	if (before == NULL && teller->tell != on_charter)
		return err_set(err, ERR_INTEGRITY, "it comes before the first charter");
	TRY(statements_fetch(story->client, "statements", digest, 1, &statement, err));
	TRY(teller->tell(story, &statement, &text, err));
	if (teller->joins)
		TRY(chain_add(&story->chain, &statement, err));
	return add_event(story, time, teller->event, &text, signers(story, &statement, before),
	    err);
}

static enum err_code
on_leaf(void *context, const char *leaf, struct err *err)
{
	struct story *story = context;
	JSON *object = NULL;
	struct digest digest;

	TRY(json_parse(view_of_text(leaf), &object, err));
	struct json_in in = json_in(object, "leaf", err);
	const char *event = json_in_text(&in, "event", 1, 64);
	const struct json *statements = json_in_array(&in, "statements", 0, UINT16_MAX);
	int64_t time = json_in_time(&in, "time");
	TRY(in.code);
	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		const char *hex = json_array_text(statements, 0);

		if (strcmp(told[i].event, event) != 0)
			continue;
		if (hex == NULL || !text_from_hex(hex, digest.bytes, DIGEST_SIZE))
			return err_set(err, ERR_INTEGRITY, "it names no statement");
		return on_event(story, &told[i], &digest, time, err);
	}
	return ERR_OK;
}

static enum err_code
show(const struct story *story, struct err *err)
{
	const struct ui *ui = client_options(story->client)->ui;

	for (size_t i = 0; i < json_array_count(story->events); i++) {
		struct json_in in = json_in(json_array_object(story->events, i), "event", err);
		char date[TEXT_TIME_SIZE];
		BUF names = {0};

		text_time(json_in_time(&in, "time"), date);
		const char *text = json_in_text(&in, "text", 1, JSON_TEXT_MAX);
		TRY(array_join(json_in_array(&in, "signed", 0, DSSE_SIGNATURES_MAX), &names, err));
		TRY(in.code);
		ui_say(ui, "%s  %s (signed by %s)", date, text,
		    names.size > 0 ? buf_string(&names) : "nobody");
	}
	return ERR_OK;
}

enum err_code
story_run(struct client *client, struct json **ret_object, struct err *err)
{
	CLEANUP(story_done) struct story story = {.client = client, .events = json_new_array()};
	JSON *object = json_new_object();

	TRY(client_sync(client, &story.view, err));
	story.chain.vault = story.view->chain.vault;
	if (leaves_walk(client, &story.view->checkpoint, on_leaf, &story, err) != ERR_OK) {
		if (err->code == ERR_REFUSED || err->code == ERR_INVALID ||
		    err->code == ERR_WAITING || err->code == ERR_EXISTS)
			err->code = ERR_INTEGRITY;
		return err->code;
	}
	if (story.chain.document_count != story.view->chain.document_count)
		return err_set(err, ERR_INTEGRITY,
		    "the log tells of %zu charters, rosters and suspensions, and %zu are in force",
		    story.chain.document_count, story.view->chain.document_count);
	TRY(show(&story, err));
	json_put(object, "events", TAKE(story.events));
	*ret_object = TAKE(object);
	return ERR_OK;
}
