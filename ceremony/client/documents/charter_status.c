/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything is verified here: definitions and headers as for a request, evidence by the token's own
 * signature.  The newest of three kinds counts: the enrolment (test-unsealed then), an approval, a test.
 * That there is nothing newer, or no further secret, is the host's word.
 */
#include "ceremony/client/documents/charter_status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/client/documents/drafts.h"
#include "ceremony/client/documents/enrolments.h"
#include "ceremony/client/secrets/headers.h"
#include "ceremony/client/statements.h"
#include "ceremony/client/sync.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/statements.h"
#include "ceremony/protocol/test.h"
#include "vault/documents/reach.h"

/* Secrets of which something is to be said, and the first of them. */
struct tally {
	uint64_t count;
	char first[2 * SEAT_NAME_MAX + 4];
};
struct standing {
	struct client *client;
	const struct vault_view *view;
	struct json *secrets, *tokens, *alarms;
	struct tally leavers;                   /* a token that left still has an envelope */
	struct tally untested;                  /* a spare never opened its envelope */
	struct tally thin[STANDING_MARGIN + 2]; /* by margin: -1, 0, ... */
};

static void
standing_done(struct standing *standing)
{
	json_freep(&standing->secrets);
	json_freep(&standing->tokens);
	json_freep(&standing->alarms);
}

/* ---- secrets ---- */

/* SEAT, whose token it is, may be NULL. */
static void
note(struct tally *tally, const char *name, const char *seat)
{
	if (tally->count++ == 0)
		snprintf(tally->first, sizeof(tally->first), "%s%s%s%s", name,
		    seat != NULL ? " (" : "", seat != NULL ? seat : "", seat != NULL ? ")" : "");
}

/* A seat or token of the header that the charter does not have any more can still open its envelope. */
static void
note_leavers(struct standing *standing, const struct lookup *lookup)
{
	const struct charter *charter = standing->view->chain.charter;

	for (size_t i = 0; i < lookup->header->envelope_count; i++) {
		const struct header_envelope *envelope = &lookup->header->envelopes[i];
		const struct seat_token *token;

		if (seat_by_token(charter->seats, charter->seat_count, &envelope->token, &token) !=
		    NULL)
			continue;
		note(&standing->leavers, lookup->definition.name, envelope->seat);
		return;
	}
}

/* Whoever left, or is suspended, need not test any more. */
static void
note_untested(struct standing *standing, const struct lookup *lookup)
{
	const struct charter *charter = standing->view->chain.charter;
	const struct seat_token *token;

	for (size_t i = 0; i < lookup->spares.count; i++) {
		const struct reach_spare *spare = &lookup->spares.rows[i];

		if (spare->tested ||
		    suspensions_find(&standing->view->chain.suspensions, &spare->token) != NULL ||
		    seat_by_token(charter->seats, charter->seat_count, &spare->token, &token) ==
		        NULL)
			continue;
		note(&standing->untested, lookup->definition.name, NULL);
		return;
	}
}

static enum err_code
add_thin_alarms(struct standing *standing, struct err *err)
{
	for (int margin = -1; margin <= STANDING_MARGIN; margin++) {
		const struct tally *thin = &standing->thin[margin + 1];
		bool one = thin->count == 1;
		BUF text = {0};

		if (thin->count == 0)
			continue;
		if (one)
			buf_format(&text, "%s: ", thin->first);
		else
			buf_format(&text, "%" PRIu64 " secrets, first %s: ", thin->count,
			    thin->first);
		if (margin < 0)
			buf_format(&text, "no quorum can open %s any more", one ? "it" : "them");
		else
			buf_format(&text, "when %d of %s seats are lost, nobody can open %s",
			    margin + 1, one ? "its" : "their", one ? "it" : "them");
		TRY(buf_check(&text, err));
		json_add_text(standing->alarms, buf_string(&text));
	}
	return ERR_OK;
}

static void
show_secret(struct standing *standing, const struct lookup *lookup, const struct reach *reach)
{
	const struct ui *ui = client_options(standing->client)->ui;
	struct json *object = json_new_object(), *seats = json_new_array();
	BUF names = {0};

	for (size_t i = 0; i < reach->seat_count; i++) {
		json_add_text(seats, reach->seats[i]);
		buf_format(&names, "%s%s", i > 0 ? ", " : "", reach->seats[i]);
	}
	json_put_text(object, "name", lookup->definition.name);
	json_put_text(object, "policy", lookup->definition.policy);
	json_put(object, "seats", seats);
	json_put_int(object, "margin", reach->margin >= 0 ? reach->margin : 0);
	json_put_bool(object, "openable", reach->margin >= 0);
	json_add(standing->secrets, object);
	ui_say(ui, "%-24s %-14s margin %-3d %s", lookup->definition.name, lookup->definition.policy,
	    reach->margin, names.size > 0 ? buf_string(&names) : "nobody");
	if (reach->margin <= STANDING_MARGIN)
		note(&standing->thin[reach->margin + 1], lookup->definition.name, NULL);
}

static enum err_code
look_at(void *context, const struct lookup *lookup, struct err *err)
{
	struct standing *standing = context;
	struct reach reach;

	(void)err;
	reach_of(standing->view->chain.charter, &standing->view->chain.suspensions, lookup->header,
	    &lookup->spares, lookup->quorum,
	    lookup->policy != NULL ? &lookup->policy->quorum : NULL, &reach);
	note_leavers(standing, lookup);
	note_untested(standing, lookup);
	show_secret(standing, lookup, &reach);
	return ERR_OK;
}

static enum err_code
look_at_secrets(struct standing *standing, struct err *err)
{
	BUF text = {0};

	TRY(headers_walk(standing->client, standing->view, look_at, standing, err));
	if (standing->untested.count > 0) {
		BUF untested = {0};

		buf_format(&untested,
		    "%" PRIu64 " %s an envelope that a spare token never opened and that does not "
		    "count, first %s: halligan token test, with the spare",
		    standing->untested.count,
		    text_plural(standing->untested.count, "secret has", "secrets have"),
		    standing->untested.first);
		TRY(buf_check(&untested, err));
		json_add_text(standing->alarms, buf_string(&untested));
	}
	if (standing->leavers.count == 0)
		return ERR_OK;
	buf_format(&text,
	    "%llu %s still sealed to tokens that left the charter, first %s: rotate or "
	    "reseal",
	    (unsigned long long)standing->leavers.count,
	    text_plural(standing->leavers.count, "secret is", "secrets are"),
	    standing->leavers.first);
	json_add_text(standing->alarms, buf_string(&text));
	return ERR_OK;
}

/* ---- tokens ---- */

struct evidence {
	const char *kind;
	int64_t time;
};

static void
newer(struct evidence *evidence, const char *kind, int64_t time)
{
	if (time >= evidence->time)
		*evidence = (struct evidence){kind, time};
}

/* What the server showed is of this token, of this vault, and signed by it. */
static enum err_code
read_evidence(const struct standing *standing, const struct json *object, const struct seat *seat,
    const struct seat_token *token, struct evidence *evidence, struct err *err)
{
	struct json_in in = json_in(object, "evidence", err);
	bool training = standing->view->chain.charter->training;
	struct digest id;

	json_in_hex(&in, "token", id.bytes, DIGEST_SIZE);
	if (in.code == ERR_OK && !digest_equal(&id, &token->id))
		json_in_fail(&in, "token", "another one than was asked for");
	if (json_in_has(&in, "test")) {
		DSSE statement = {0};
		READINESS test = {0};

		in_statement(&in, "test", &statement);
		TRY(in.code);
		TRY(readiness_parse(&statement, training, &test, err));
		TRY(seat_token_verify(&statement, token, err));
		if (!digest_equal(&test.vault, &standing->view->chain.vault) ||
		    strcmp(test.seat, seat->name) != 0)
			return err_set(err, ERR_INTEGRITY, "the test is of another vault or seat");
		newer(evidence, "test", test.time);
	}
	if (json_in_has(&in, "approval")) {
		DSSE statement = {0};
		struct approval approval;

		in_statement(&in, "approval", &statement);
		TRY(in.code);
		TRY(approval_parse(&statement, training, &approval, err));
		TRY(seat_token_verify(&statement, token, err));
		if (!digest_equal(&approval.vault, &standing->view->chain.vault))
			return err_set(err, ERR_INTEGRITY, "the approval is of another vault");
		newer(evidence, "approval", approval.time);
	}
	return json_in_end(&in);
}

static void
show_token(struct standing *standing, const struct seat *seat, const struct seat_token *token,
    const struct evidence *evidence)
{
	const struct client_options *options = client_options(standing->client);
	const struct suspension *suspension =
	    suspensions_find(&standing->view->chain.suspensions, &token->id);
	struct json *object = json_new_object();
	int64_t since = options->now() - evidence->time;
	char age[TEXT_DURATION_SIZE], due[TEXT_TIME_SIZE];
	BUF text = {0};

	text_duration(since > 0 ? since : 0, age);
	text_time(evidence->time + READINESS_DUE, due);
	json_put_text(object, "seat", seat->name);
	json_put_text(object, "label", token->label);
	json_put_int(object, "serial", token->serial);
	json_put_bool(object, "active", suspension == NULL);
	json_put_text(object, "evidence", evidence->kind);
	json_put_time(object, "time", evidence->time);
	json_add(standing->tokens, object);
	ui_say(options->ui, "%-12s %-24s %s %s ago%s%s", seat->name, QUOTED(token->label),
	    evidence->kind, age, suspension != NULL ? ", SUSPENDED" : "; next test by ",
	    suspension != NULL ? "" : due);
	if (suspension != NULL) {
		buf_format(&text, "%s's token %s is suspended: ", seat->name, QUOTED(token->label));
		suspension_text(suspension, &text);
	} else if (since > STANDING_OLD)
		buf_format(&text,
		    "%s's token %s has not been shown to work for %s: halligan token "
		    "test",
		    seat->name, QUOTED(token->label), age);
	if (text.size > 0)
		json_add_text(standing->alarms, buf_string(&text));
}

/* Tokens that are asked about together. */
enum { TOKENS_AT_ONCE = 64 };
struct held {
	const struct seat *seat;
	const struct seat_token *token;
};

static struct json *
evidence_request(const struct held *held, size_t count)
{
	struct json *request = op_new("evidence"), *tokens = json_new_array();

	for (size_t i = 0; i < count; i++)
		json_add_hex(tokens, VIEW_OF(held[i].token->id.bytes));
	json_put(request, "tokens", tokens);
	return request;
}

static enum err_code
look_at_token(struct standing *standing, const struct held *held, const struct dsse *enrolled,
    const struct json *shown, struct err *err)
{
	ENROLMENT enrolment = {0};
	struct evidence evidence = {"enrolment", 0};

	TRY(enrolment_parse(enrolled, standing->view->chain.charter->training, &enrolment, err));
	evidence.time = enrolment.created;
	TRY(read_evidence(standing, shown, held->seat, held->token, &evidence, err));
	show_token(standing, held->seat, held->token, &evidence);
	return ERR_OK;
}

struct enrolled {
	struct dsse statements[TOKENS_AT_ONCE];
};

static void
enrolled_freep(struct enrolled **enrolled)
{
	for (size_t i = 0; *enrolled != NULL && i < TOKENS_AT_ONCE; i++)
		dsse_done(&(*enrolled)->statements[i]);
	free(*enrolled);
}

static enum err_code
look_at_some(struct standing *standing, const struct held *held, size_t count, struct err *err)
{
	CLEANUP(enrolled_freep) struct enrolled *enrolled = calloc(1, sizeof(*enrolled));
	struct digest digests[TOKENS_AT_ONCE];
	REPLY reply = {0};

	if (enrolled == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for enrolments");
	for (size_t i = 0; i < count; i++)
		digests[i] = held[i].token->enrolment;
	client_foresee(standing->client, evidence_request(held, count));
	statements_foresee(standing->client, "enrolments", digests, count);
	drafts_foresee(standing->client); /* they are said last */
	TRY(client_ask(standing->client, evidence_request(held, count), "evidence", &reply, err));
	const struct json *list = json_in_array(&reply.in, "evidence", count, count);
	TRY(json_in_end(&reply.in));
	TRY(statements_fetch(standing->client, "enrolments", digests, count, enrolled->statements,
	    err));
	for (size_t i = 0; i < count; i++)
		if (look_at_token(standing, &held[i], &enrolled->statements[i],
		        json_array_object(list, i), err) != ERR_OK) {
			if (err->code == ERR_INVALID || err->code == ERR_REFUSED)
				err->code = ERR_INTEGRITY;
			return err_add(err, "the evidence for %s's token %s", held[i].seat->name,
			    QUOTED(held[i].token->label));
		}
	return ERR_OK;
}

static enum err_code
look_at_tokens(struct standing *standing, struct err *err)
{
	const struct charter *charter = standing->view->chain.charter;
	struct held held[TOKENS_AT_ONCE];
	size_t count = 0;

	for (size_t i = 0; i < charter->seat_count; i++)
		for (size_t t = 0; t < charter->seats[i].token_count; t++) {
			held[count++] =
			    (struct held){&charter->seats[i], &charter->seats[i].tokens[t]};
			if (count < TOKENS_AT_ONCE)
				continue;
			TRY(look_at_some(standing, held, count, err));
			count = 0;
		}
	return count > 0 ? look_at_some(standing, held, count, err) : ERR_OK;
}

void
standing_foresee(struct client *client, const void *plan)
{
	(void)plan;
	client_foresee_sync(client);
	headers_foresee(client);
}

enum err_code
standing_run(struct client *client, struct json **ret_object, struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	CLEANUP(standing_done)
	struct standing standing = {.client = client,
	    .secrets = json_new_array(),
	    .tokens = json_new_array(),
	    .alarms = json_new_array()};
	JSON *object = json_new_object();

	TRY(client_sync(client, &standing.view, err));
	ui_say(ui,
	    "Charter %u of %s. The margin is how many more seats may be lost, whoever they are.",
	    standing.view->chain.charter->version, standing.view->chain.charter->name);
	TRY(look_at_secrets(&standing, err));
	TRY(add_thin_alarms(&standing, err));
	TRY(look_at_tokens(&standing, err));
	for (size_t i = 0; i < json_array_count(standing.alarms); i++)
		ui_say(ui, "ALARM %s", json_array_text(standing.alarms, i));
	TRY(drafts_say(client, object, err));
	json_put_int(object, "charter", standing.view->chain.charter->version);
	json_put(object, "secrets", TAKE(standing.secrets));
	json_put(object, "tokens", TAKE(standing.tokens));
	json_put(object, "alarms", TAKE(standing.alarms));
	*ret_object = TAKE(object);
	return ERR_OK;
}
