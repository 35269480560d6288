/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/documents/enrolments.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "ceremony/client/documents/charter_draft_tokens.h"
#include "ceremony/client/statements.h"
#include "ceremony/client/text/charter.h"
#include "ceremony/protocol/enrolment_verify.h"
#include "ceremony/protocol/message.h"

enum { ENROLMENT_FILE_MAX = 256 * 1024 };

/* ---- from the server ---- */

static enum err_code
verify_token(const struct dsse *statement, const struct seat *seat, const struct seat_token *token,
    const struct charter *charter, const struct chain *chain, int64_t now, struct err *err)
{
	struct attest_policy policy;
	ENROLMENT enrolment = {0};

	attest_policy_of(charter, &token->id, &policy);
	TRY(enrolment_parse(statement, charter->training, &enrolment, err));
	TRY(enrolment_verify(statement, &enrolment, &charter->init, &policy, err));
	if (chain == NULL || !chain_accepted(chain, &token->enrolment))
		TRY(enrolment_check_time(&enrolment, now, err));
	return enrolment_matches(&enrolment, seat, token, err);
}

/* A token of a document, and its enrolment. */
struct wanted {
	const struct seat *seat;
	const struct seat_token *token;
};
struct wanted_list {
	size_t count;
	struct wanted *rows;
	struct digest *digests;
	struct dsse *statements;
};

static void
wanted_list_done(struct wanted_list *list)
{
	for (size_t i = 0; list->statements != NULL && i < list->count; i++)
		dsse_done(&list->statements[i]);
	free(list->rows);
	free(list->digests);
	free(list->statements);
}

/* Those of SEATS of which KNOWN does not say the very same. */
static enum err_code
find_wanted(const struct seat *seats, size_t seat_count, const struct seat *known,
    size_t known_count, struct wanted_list *list, struct err *err)
{
	size_t max = seat_count * SEAT_TOKENS + 1;

	list->rows = calloc(max, sizeof(*list->rows));
	list->digests = calloc(max, sizeof(*list->digests));
	if (list->rows == NULL || list->digests == NULL)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t s = 0; s < seat_count; s++) {
		const struct seat *before = seat_by_name(known, known_count, seats[s].name);

		for (size_t t = 0; t < seats[s].token_count; t++) {
			const struct seat_token *token = &seats[s].tokens[t];

			if (before != NULL && seat_same_token(before, &seats[s], token))
				continue;
			list->rows[list->count] = (struct wanted){&seats[s], token};
			list->digests[list->count++] = token->enrolment;
		}
	}
	list->statements = calloc(list->count + 1, sizeof(*list->statements));
	if (list->statements == NULL)
		return err_set(err, ERR_MEMORY, "out of memory");
	return ERR_OK;
}

enum err_code
enrolments_verify(struct client *client, const struct seat *seats, size_t seat_count,
    const struct seat *known, size_t known_count, const struct charter *charter,
    const struct chain *chain, struct err *err)
{
	CLEANUP(wanted_list_done) struct wanted_list list = {0};
	int64_t now = client_options(client)->now();

	TRY(find_wanted(seats, seat_count, known, known_count, &list, err));
	TRY(statements_fetch(client, "enrolments", list.digests, list.count, list.statements, err));
	for (size_t i = 0; i < list.count; i++)
		if (verify_token(&list.statements[i], list.rows[i].seat, list.rows[i].token,
		        charter, chain, now, err) != ERR_OK)
			return err_add(err, "the enrolment of %s's token %s",
			    list.rows[i].seat->name, QUOTED(list.rows[i].token->label));
	return ERR_OK;
}

/* ---- from files ---- */

static enum err_code
parse_file(struct view text, bool training, struct dsse *statement, struct enrolment *enrolment,
    struct err *err)
{
	if (text.size > 0 && text.data[text.size - 1] == '\n')
		text.size--;
	TRY(dsse_parse(text, statement, err));
	return enrolment_parse(statement, training, enrolment, err);
}

/* Statement and content, of which nothing is verified but the form. */
static enum err_code
load(const char *path, bool training, struct dsse *statement, struct enrolment *enrolment,
    struct err *err)
{
	BUF text = {0};

	TRY(file_read(path, ENROLMENT_FILE_MAX, &text, err));
	if (parse_file(buf_view(&text), training, statement, enrolment, err) != ERR_OK)
		return err_add(err, "%s", path);
	return ERR_OK;
}

static enum err_code
check_belongs(const struct admission *admission, const char *path,
    const struct enrolment *enrolment, struct err *err)
{
	const struct seat *seat = &enrolment->seat;
	const struct seat_token *token = &seat->tokens[0];
	const struct seat_token *listed = admission->chain != NULL ?
	    chain_listed_token(admission->chain, seat->name, &token->id) :
	    NULL;
	bool roster = admission->plan == NULL;

	if (listed != NULL && digest_equal(&listed->enrolment, &enrolment->digest))
		return err_set(err, ERR_EXISTS, "%s: %s has its token %s already", path, seat->name,
		    QUOTED(token->label));
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

/* Signature and attestation, for this vault, and that it may be accepted now. */
static enum err_code
verify(const struct admission *admission, const struct dsse *statement,
    const struct enrolment *enrolment, struct err *err)
{
	const struct charter *charter = admission->charter;
	struct attest_policy policy;

	attest_policy_of(charter, &enrolment->seat.tokens[0].id, &policy);
	TRY(enrolment_verify(statement, enrolment, &charter->init, &policy, err));
	return enrolment_check_time(enrolment, admission->options->now(), err);
}

/* A new seat, or one more token for a seat that is there. */
static enum err_code
add(const struct admission *admission, const struct enrolment *enrolment, const char *path,
    struct err *err)
{
	const char *document = admission->plan != NULL ? "charter" : "roster";
	const struct seat *from = &enrolment->seat;
	struct seat *seat = NULL;

	for (size_t i = 0; i < *admission->count; i++)
		if (strcmp(admission->seats[i].name, from->name) == 0)
			seat = &admission->seats[i];
	if (seat == NULL && *admission->count == admission->max)
		return err_set(err, ERR_INVALID, "a %s has at most %zu seats", document,
		    admission->max);
	if (seat == NULL) {
		seat = &admission->seats[(*admission->count)++];
		*seat = *from;
		seat->token_count = 0;
	}
	if (strcmp(seat->person, from->person) != 0 || seat->roles != from->roles)
		return err_set(err, ERR_INVALID,
		    "%s: the seat %s has another person or other roles in the %s or another file; a "
		    "seat is one person",
		    path, from->name, document);
	if (seat->token_count == SEAT_TOKENS)
		return err_set(err, ERR_INVALID, "%s: the seat %s has %d tokens already", path,
		    from->name, SEAT_TOKENS);
	seat->tokens[seat->token_count] = from->tokens[0];
	seat->tokens[seat->token_count++].enrolment = enrolment->digest;
	return ERR_OK;
}

static enum err_code
admit(const struct admission *admission, const char *path, size_t *added, struct err *err)
{
	DSSE statement = {0};
	ENROLMENT enrolment = {0};
	const struct seat *seat = &enrolment.seat;

	TRY(load(path, admission->charter->training, &statement, &enrolment, err));
	if (check_belongs(admission, path, &enrolment, err) != ERR_OK) {
		ui_say(admission->options->ui, "Left out: %s", err->text);
		return ERR_OK;
	}
	if (admission->plan != NULL)
		TRY(draft_waive(admission->plan, admission->draft, seat->tokens[0].label,
		    &seat->tokens[0].id, err));
	if (verify(admission, &statement, &enrolment, err) != ERR_OK)
		return err_add(err, "%s", path);
	TRY(add(admission, &enrolment, path, err));
	show_enrolment(admission->options->ui, seat, &enrolment.digest);
	add_statement(admission->texts, &statement);
	(*added)++;
	return ERR_OK;
}

enum err_code
enrolments_admit(const struct admission *admission, struct err *err)
{
	size_t added = 0;

	for (size_t i = 0; i < admission->file_count; i++)
		TRY(admit(admission, admission->files[i], &added, err));
	return added > 0 || admission->file_count == 0 ? ERR_OK : err->code;
}
