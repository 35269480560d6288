/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/documents/founding.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ceremony/protocol/enrolment_verify.h"
#include "ceremony/protocol/message.h"

enum { BATCH = 64, ENROLMENT_FILE_MAX = 256 * 1024 };

enum err_code
founding_open(struct client *client, const char *name, bool training, const char *copy,
    struct digest *ret_init, struct err *err)
{
	struct json *request = op_new("init");
	REPLY reply = {0};
	struct digest init;

	json_put_text(request, "name", name);
	json_put_bool(request, "training", training);
	json_put_text(request, "copy", copy);
	TRY(client_ask(client, request, "init", &reply, err));
	json_in_hex(&reply.in, "init", init.bytes, DIGEST_SIZE);
	TRY(json_in_end(&reply.in));
	*ret_init = init;
	return ERR_OK;
}

static void
read_host(struct json_in *in, struct founding_view *view, struct err *err)
{
	const struct json *object = json_in_object(in, "host");
	struct json_in host;

	if (object == NULL)
		return;
	host = json_in(object, "founding host", err);
	json_in_hex(&host, "statement", view->host_statement.bytes, ED25519_SIZE);
	json_in_hex(&host, "log", view->host_log.bytes, ED25519_SIZE);
	json_in_hex(&host, "escrow", view->host_escrow.bytes, POINT_SIZE);
	if (json_in_end(&host) != ERR_OK)
		in->code = err->code;
}

enum err_code
founding_fetch(struct client *client, struct founding_view *ret_view, struct err *err)
{
	struct founding_view view = {0};
	REPLY reply = {0};

	TRY(client_ask(client, op_new("founding"), "founding", &reply, err));
	in_founding(&reply.in, &view.fixed);
	read_host(&reply.in, &view, err);
	TRY(json_in_end(&reply.in));
	*ret_view = view;
	return ERR_OK;
}

void
enrolment_set_done(struct enrolment_set *set)
{
	for (size_t i = 0; set->statements != NULL && i < set->count; i++)
		dsse_done(&set->statements[i]);
	free(set->statements);
	free(set->digests);
	*set = (struct enrolment_set){0};
}

/* Put STATEMENT where its digest was asked for; others are dropped. */
static enum err_code
place_statement(struct enrolment_set *set, bool *placed, struct dsse *statement, struct err *err)
{
	struct digest digest;

	TRY(dsse_digest(statement, &digest, err));
	for (size_t i = 0; i < set->count; i++) {
		if (!placed[i] && digest_equal(&digest, &set->digests[i])) {
			set->statements[i] = *statement;
			*statement = (struct dsse){0};
			placed[i] = true;
			return ERR_OK;
		}
	}
	return ERR_OK;
}

static enum err_code
place_list(struct enrolment_set *set, bool *placed, const struct json *list, struct err *err)
{
	for (size_t i = 0; i < json_array_count(list); i++) {
		DSSE statement = {0};

		TRY(array_statement(list, i, "enrolment", &statement, err));
		TRY(place_statement(set, placed, &statement, err));
	}
	return ERR_OK;
}

/* Ask for up to BATCH of those that are still missing; RET_ASKED says how many. */
static enum err_code
ask_batch(struct client *client, struct enrolment_set *set, bool *placed, size_t *ret_asked,
    struct err *err)
{
	struct json *request = op_new("enrolments");
	struct json *digests = json_new_array();
	REPLY reply = {0};
	const struct json *list;

	*ret_asked = 0;
	for (size_t i = 0; i < set->count && *ret_asked < BATCH; i++) {
		if (placed[i])
			continue;
		json_add_hex(digests, VIEW_OF(set->digests[i].bytes));
		(*ret_asked)++;
	}
	json_put(request, "digests", digests);
	if (*ret_asked == 0) {
		json_free(request);
		return ERR_OK;
	}
	TRY(client_ask(client, request, "enrolments", &reply, err));
	list = json_in_array(&reply.in, "enrolments", *ret_asked, *ret_asked);
	TRY(json_in_end(&reply.in));
	return place_list(set, placed, list, err);
}

static size_t
count_missing(const bool *placed, size_t count)
{
	size_t missing = 0;

	for (size_t i = 0; i < count; i++)
		missing += !placed[i];
	return missing;
}

static enum err_code
fill_set(struct client *client, struct enrolment_set *set, bool *placed, struct err *err)
{
	for (;;) {
		size_t before = count_missing(placed, set->count), asked;

		if (before == 0)
			return ERR_OK;
		TRY(ask_batch(client, set, placed, &asked, err));
		if (count_missing(placed, set->count) == before)
			return err_set(err, ERR_INTEGRITY,
			    "the server sent other enrolments than the document names");
	}
}

DESTRUCTOR(free_flags, bool, free)

enum err_code
enrolment_set_fetch(struct client *client, const struct digest *digests, size_t count,
    struct enrolment_set *ret_set, struct err *err)
{
	ENROLMENT_SET set = {.count = count};
	CLEANUP(free_flags) bool *placed = calloc(count + 1, sizeof(*placed));

	set.digests = calloc(count + 1, sizeof(*set.digests));
	set.statements = calloc(count + 1, sizeof(*set.statements));
	if (placed == NULL || set.digests == NULL || set.statements == NULL)
		return err_set(err, ERR_MEMORY, "out of memory");
	memcpy(set.digests, digests, count * sizeof(*digests));
	TRY(fill_set(client, &set, placed, err));
	*ret_set = TAKE(set);
	return ERR_OK;
}

static enum err_code
verify_token(const struct enrolment_set *set, const struct seat *seat,
    const struct seat_token *token, const struct charter *charter, const struct chain *chain,
    int64_t now, struct err *err)
{
	struct attest_policy policy;

	attest_policy_of(charter, &token->id, &policy);
	for (size_t i = 0; i < set->count; i++) {
		ENROLMENT enrolment = {0};

		if (!digest_equal(&set->digests[i], &token->enrolment))
			continue;
		TRY(enrolment_parse(&set->statements[i], charter->training, &enrolment, err));
		TRY(enrolment_verify(&set->statements[i], &enrolment, &charter->init, &policy,
		    err));
		if (chain == NULL || !chain_accepted(chain, &token->enrolment))
			TRY(enrolment_check_time(&enrolment, now, err));
		return enrolment_matches(&enrolment, seat, token, err);
	}
	return ERR_OK; /* known from a document that was verified before */
}

enum err_code
enrolment_set_verify(const struct enrolment_set *set, const struct seat *seats, size_t seat_count,
    const struct charter *charter, const struct chain *chain, int64_t now, struct err *err)
{
	for (size_t s = 0; s < seat_count; s++) {
		for (size_t t = 0; t < seats[s].token_count; t++) {
			if (verify_token(set, &seats[s], &seats[s].tokens[t], charter, chain, now,
			        err) != ERR_OK)
				return err_add(err, "the enrolment of %s's token \"%s\"",
				    seats[s].name, seats[s].tokens[t].label);
		}
	}
	return ERR_OK;
}

size_t
enrolment_digests(const struct seat *seats, size_t seat_count, const struct seat *known,
    size_t known_count, struct digest *ret_digests)
{
	size_t count = 0;

	for (size_t s = 0; s < seat_count; s++) {
		const struct seat *before = seat_by_name(known, known_count, seats[s].name);

		for (size_t t = 0; t < seats[s].token_count; t++) {
			const struct seat_token *token = &seats[s].tokens[t];

			if (before == NULL || !seat_same_token(before, &seats[s], token))
				ret_digests[count++] = token->enrolment;
		}
	}
	return count;
}

static enum err_code
parse_file(struct view text, bool training, struct dsse *statement, struct enrolment *enrolment,
    struct err *err)
{
	if (text.size > 0 && text.data[text.size - 1] == '\n')
		text.size--;
	TRY(dsse_parse(text, statement, err));
	return enrolment_parse(statement, training, enrolment, err);
}

enum err_code
enrolment_load(const char *path, bool training, struct dsse *ret_statement,
    struct enrolment *ret_enrolment, struct err *err)
{
	BUF text = {0};
	DSSE statement = {0};
	ENROLMENT enrolment = {0};

	TRY(file_read(path, ENROLMENT_FILE_MAX, &text, err));
	if (parse_file(buf_view(&text), training, &statement, &enrolment, err) != ERR_OK)
		return err_add(err, "%s", path);
	*ret_statement = TAKE(statement);
	*ret_enrolment = TAKE(enrolment);
	return ERR_OK;
}

enum err_code
enrolment_belongs(const char *path, const struct enrolment *enrolment, bool roster,
    const struct chain *chain, struct err *err)
{
	const struct seat *seat = &enrolment->seat;
	const struct seat_token *token = &seat->tokens[0];
	const struct seat_token *listed =
	    chain != NULL ? chain_listed_token(chain, seat->name, &token->id) : NULL;

	if (listed != NULL && digest_equal(&listed->enrolment, &enrolment->digest))
		return err_set(err, ERR_EXISTS, "%s: %s has its token \"%s\" already", path,
		    seat->name, token->label);
	if (roster && seat->roles != ROLE_RESPONDER)
		return err_set(err, ERR_INVALID,
		    "%s: %s is not a responder only; officers and operators stand in the charter: "
		    "halligan charter propose %s",
		    path, seat->name, path);
	if (!roster && seat->roles == ROLE_RESPONDER)
		return err_set(err, ERR_INVALID,
		    "%s: %s is a responder only; responders stand in the roster: halligan roster "
		    "add %s",
		    path, seat->name, path);
	return ERR_OK;
}

enum err_code
enrolment_check(const char *path, const struct dsse *statement, const struct enrolment *enrolment,
    const struct charter *charter, int64_t now, struct err *err)
{
	struct attest_policy policy;

	attest_policy_of(charter, &enrolment->seat.tokens[0].id, &policy);
	if (enrolment_verify(statement, enrolment, &charter->init, &policy, err) != ERR_OK ||
	    enrolment_check_time(enrolment, now, err) != ERR_OK)
		return err_add(err, "%s", path);
	return ERR_OK;
}
