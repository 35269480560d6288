/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the outside in: the ceremony statement (signed by this host, its digest in the row), the
 * request that it names, what is in force now, then what seats said.  A contradiction is an
 * integrity alarm; something that merely changed since makes the ceremony void.
 */
#include "ceremony/server/opening/matter.h"

#include <stdlib.h>
#include <string.h>

#include "ceremony/protocol/statements_host.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/log.h"
#include "vault/documents/reach.h"

void
matter_freep(struct matter **matter)
{
	if (*matter == NULL)
		return;
	request_done(&(*matter)->request);
	ceremony_done(&(*matter)->ceremony);
	definition_done(&(*matter)->definition);
	version_row_done(&(*matter)->version);
	header_freep(&(*matter)->header);
	for (size_t i = 0; i < (*matter)->approval_count; i++)
		approval_row_done(&(*matter)->approvals[i]);
	free(TAKE(*matter));
}

static enum err_code
contradicts(const char *what, struct err *err)
{
	return err_set(err, ERR_INTEGRITY, "the database contradicts the ceremony statement: %s",
	    what);
}

/* A fault in what was verified before it was stored. */
static enum err_code
as_integrity(const char *what, struct err *err)
{
	(void)err_add(err, "the stored %s", what);
	if (err->code == ERR_INVALID || err->code == ERR_REFUSED)
		err->code = ERR_INTEGRITY;
	return err->code;
}

static enum err_code
load_ceremony(struct session *session, struct matter *matter, struct err *err)
{
	DSSE statement = {0};
	const struct ceremony_row *row = &matter->row;
	const struct ceremony *ceremony = &matter->ceremony;

	TRY(session_statement(session, &row->digest, "ceremony", &statement, err));
	if (statement_verify_host(&statement, &session->keys.statement_public, err) != ERR_OK ||
	    ceremony_parse(&statement, session->chain.charter->training, &matter->ceremony, err) !=
	        ERR_OK)
		return as_integrity("ceremony", err);
	if (!digest_equal(&ceremony->vault, &session->chain.vault))
		return contradicts("vault", err);
	if (memcmp(&ceremony->id, &row->id, sizeof(row->id)) != 0)
		return contradicts("id", err);
	if (!digest_equal(&ceremony->request, &row->request))
		return contradicts("request", err);
	if (memcmp(&ceremony->items.rows[0].secret, &row->secret, sizeof(row->secret)) != 0 ||
	    ceremony->items.rows[0].version != row->version)
		return contradicts("secret and version", err);
	if (!digest_equal(&ceremony->charter, &row->charter))
		return contradicts("charter", err);
	if (ceremony->deadline != row->deadline || ceremony->created != row->created)
		return contradicts("times", err);
	return ERR_OK;
}

static void
make_void(struct matter *matter, const char *why)
{
	if (matter->in_force)
		plain_text(why, matter->why_void, sizeof(matter->why_void));
	matter->in_force = false;
}

static enum err_code
load_request(struct session *session, struct matter *matter, struct err *err)
{
	DSSE statement = {0};
	const struct request *request = &matter->request;

	TRY(session_statement(session, &matter->row.request, "request", &statement, err));
	if (request_parse(&statement, session->chain.charter->training, &matter->request, err) !=
	    ERR_OK)
		return as_integrity("request", err);
	if (strcmp(request->seat, matter->row.requester) != 0)
		return contradicts("requester", err);
	const char *differs = ceremony_differs(&matter->ceremony, request);
	if (differs != NULL)
		return contradicts(differs, err);
	matter->requester = chain_seat(&session->chain, request->seat);
	matter->token = chain_token(&session->chain, request->seat, &request->token);
	if (suspensions_find(&session->chain.suspensions, &request->token) != NULL) {
		make_void(matter, "the requester's token is suspended");
		return ERR_OK;
	}
	if (matter->token == NULL || (matter->requester->roles & ROLE_RESPONDER) == 0) {
		make_void(matter, "the requester's seat or token is no longer active");
		return ERR_OK;
	}
	if (seat_token_verify(&statement, matter->token, err) != ERR_OK)
		return as_integrity("request", err);
	for (size_t i = 0; i < request->recipients.count; i++)
		if (chain_token(&session->chain, request->seat,
		        &request->recipients.rows[i].token) == NULL)
			make_void(matter, "a recipient's token is no longer active");
	return ERR_OK;
}

static enum err_code
load_header(struct session *session, struct matter *matter, struct err *err)
{
	struct digest hash;
	const struct header *header;

	TRY(store_get_version(session->store, &matter->row.secret, matter->row.version,
	    &matter->version, err));
	TRY(header_hash(buf_view(&matter->version.header), &hash, err));
	if (!digest_equal(&hash, &matter->ceremony.items.rows[0].header) ||
	    !digest_equal(&hash, &matter->version.header_hash))
		return contradicts("header of the sealed version", err);
	TRY(header_new(&matter->header, err));
	TRY(header_decode(buf_view(&matter->version.header), matter->header, err));
	header = matter->header;
	if (!digest_equal(&header->vault, &session->chain.vault) ||
	    memcmp(&header->secret, &matter->row.secret, sizeof(header->secret)) != 0 ||
	    header->version != matter->row.version)
		return contradicts("the header is of another secret", err);
	if (strcmp(header->quorum, matter->ceremony.items.rows[0].quorum) != 0)
		return contradicts("quorum", err);
	TRY(spares_load(session, header, &matter->spares, err));
	return quorum_parse(header->quorum, &matter->quorum, err);
}

/* What officers decide about must be what was requested. */
static enum err_code
load_secret(struct session *session, struct matter *matter, struct err *err)
{
	TRY(store_get_secret(session->store, &matter->row.secret, &matter->secret, err));
	TRY(load_header(session, matter, err));
	if (!digest_equal(&matter->secret.definition, &matter->ceremony.items.rows[0].definition)) {
		make_void(matter, "the definition of the secret changed since the request");
		return ERR_OK;
	}
	if (matter->secret.current != matter->row.version)
		make_void(matter, "the requested version is no longer the current one");
	enum err_code code =
	    chain_definition(session, &matter->secret.definition, &matter->definition, err);
	if (code == ERR_REFUSED) {
		make_void(matter, err->text);
		return ERR_OK;
	}
	if (code != ERR_OK)
		return code;
	matter->policy = charter_policy(session->chain.charter, matter->definition.policy);
	return ERR_OK;
}

/* TOKEN of the officer NAME in the current charter, or NULL; it may be suspended since. */
static const struct seat_token *
officer_token(const struct session *session, const char *name, const struct digest *token)
{
	const struct seat *seat =
	    seat_by_name(session->chain.charter->seats, session->chain.charter->seat_count, name);
	const struct seat_token *found = chain_listed_token(&session->chain, name, token);

	if (seat == NULL || found == NULL || (seat->roles & ROLE_OFFICER) == 0)
		return NULL;
	return found;
}

static enum err_code
check_approval(struct session *session, const struct matter *matter, const struct approval_row *row,
    struct err *err)
{
	DSSE statement = {0};
	struct approval approval;
	const struct seat_token *token = officer_token(session, row->seat, &row->token);
	const struct spare_row *spare = NULL;
	struct point enc;
	uint32_t index;

	TRY(session_statement(session, &row->statement, "approval", &statement, err));
	TRY(approval_parse(&statement, session->chain.charter->training, &approval, err));
	if (!digest_equal(&approval.ceremony, &matter->row.digest))
		return err_set(err, ERR_INTEGRITY, "it is for another ceremony");
	if (strcmp(approval.seat, row->seat) != 0 || !digest_equal(&approval.token, &row->token))
		return err_set(err, ERR_INTEGRITY, "it is of another seat or token");
	if (token == NULL)
		return err_set(err, ERR_INTEGRITY, "the charter has no such officer and token");
	TRY(seat_token_verify(&statement, token, err));
	if (spares_envelope(matter->header, &matter->spares, row->seat, &row->token, &index, &spare,
	        err) != ERR_OK ||
	    index != row->envelope)
		return err_set(err, ERR_INTEGRITY, "its envelope is another's");
	if (spare != NULL)
		TRY(spares_verify(session, matter->header, spare, &enc, err));
	if (row->shares.ciphertext.size > 0 &&
	    memcmp(row->shares.enc, approval.enc.bytes, POINT_SIZE) != 0)
		return err_set(err, ERR_INTEGRITY, "its shares are not those that were signed");
	return ERR_OK;
}

static enum err_code
check_denial(struct session *session, const struct matter *matter, const struct denial_row *row,
    struct err *err)
{
	DSSE statement = {0};
	struct objection denial;
	const struct seat_token *token;

	TRY(session_statement(session, &row->statement, "denial", &statement, err));
	TRY(objection_parse(&statement, STATEMENT_DENIAL, session->chain.charter->training, &denial,
	    err));
	token = officer_token(session, row->seat, &denial.token);
	if (!digest_equal(&denial.ceremony, &matter->row.digest))
		return err_set(err, ERR_INTEGRITY, "it is for another ceremony");
	if (strcmp(denial.seat, row->seat) != 0 || token == NULL)
		return err_set(err, ERR_INTEGRITY, "it is of another seat");
	return seat_token_verify(&statement, token, err);
}

/* While a ceremony collects, what a suspended token approved does not count; afterwards it was counted
 * before the suspension, or never. */
static void
drop_suspended(const struct session *session, struct matter *matter)
{
	for (size_t i = 0; i < matter->approval_count; i++) {
		struct approval_row *row = &matter->approvals[i];
		const struct suspension *found =
		    suspensions_find(&session->chain.suspensions, &row->token);

		if (found == NULL || matter->row.state != CEREMONY_COLLECTING)
			continue;
		row->complete = false;
		matter->lost[matter->lost_count++] = found;
	}
}

/* Approvals and denials; those of an earlier charter cannot count and are not verified. */
static enum err_code
load_voices(struct session *session, struct matter *matter, struct err *err)
{
	const struct id *id = &matter->row.id;
	bool same = digest_equal(&matter->row.charter, &session->chain.charter->digest);

	TRY(store_list_approvals(session->store, id, matter->approvals, &matter->approval_count,
	    err));
	TRY(store_list_denials(session->store, id, matter->denials, &matter->denial_count, err));
	if (!same)
		make_void(matter, "the charter changed since the request");
	for (size_t i = 0; same && i < matter->approval_count; i++)
		if (check_approval(session, matter, &matter->approvals[i], err) != ERR_OK) {
			(void)err_add(err, "seat \"%s\"", matter->approvals[i].seat);
			return as_integrity("approval", err);
		}
	for (size_t i = 0; same && i < matter->denial_count; i++)
		if (check_denial(session, matter, &matter->denials[i], err) != ERR_OK) {
			(void)err_add(err, "seat \"%s\"", matter->denials[i].seat);
			return as_integrity("denial", err);
		}
	drop_suspended(session, matter);
	return ERR_OK;
}

enum err_code
matter_load(struct session *session, const struct id *id, struct matter **ret_matter,
    struct err *err)
{
	MATTER *matter = calloc(1, sizeof(*matter));

	if (matter == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a ceremony");
	matter->in_force = true;
	TRY(store_get_ceremony(session->store, id, &matter->row, err));
	TRY(load_ceremony(session, matter, err));
	TRY(load_request(session, matter, err));
	TRY(load_secret(session, matter, err));
	TRY(load_voices(session, matter, err));
	*ret_matter = TAKE(matter);
	return ERR_OK;
}

const struct approval_row *
matter_approval(const struct matter *matter, const char *seat)
{
	for (size_t i = 0; i < matter->approval_count; i++)
		if (strcmp(matter->approvals[i].seat, seat) == 0)
			return &matter->approvals[i];
	return NULL;
}

bool
matter_denied(const struct matter *matter, const char *seat)
{
	for (size_t i = 0; i < matter->denial_count; i++)
		if (strcmp(matter->denials[i].seat, seat) == 0)
			return true;
	return false;
}

/* Who cannot open an envelope cannot help either. */
static size_t
add_unusable(const struct session *session, const struct matter *matter,
    const struct quorum *quorum, const char **denied, size_t count)
{
	for (size_t i = 0; i < quorum->seat_count; i++)
		if (!spares_seat_usable(session, matter->header, &matter->spares, quorum->seats[i]))
			denied[count++] = quorum->seats[i];
	return count;
}

static void
say_lost(const struct matter *matter, struct buf *text)
{
	for (size_t i = 0; i < matter->lost_count; i++)
		buf_format(text,
		    "; the approval of %s does not count: its token was suspended by %s",
		    matter->lost[i]->holder, matter->lost[i]->seat);
}

enum verdict
matter_verdict(const struct session *session, const struct matter *matter, int64_t now,
    int *ret_missing, struct buf *ret_text)
{
	const char *approved[QUORUM_SEATS], *denied[3 * QUORUM_SEATS];
	struct verdict_facts facts = {.header = &matter->quorum,
	    .seats = session->chain.charter->seats,
	    .seat_count = session->chain.charter->seat_count,
	    .requester = matter->row.requester,
	    .approved = approved,
	    .denied = denied,
	    .now = now,
	    .deadline = matter->row.deadline,
	    .charter_unchanged = true};

	if (!matter->in_force) {
		*ret_missing = 0;
		buf_text(ret_text, matter->why_void);
		return VERDICT_VOID;
	}
	facts.policy = &matter->policy->quorum;
	for (size_t i = 0; i < matter->approval_count; i++)
		if (matter->approvals[i].complete)
			approved[facts.approved_count++] = matter->approvals[i].seat;
	for (size_t i = 0; i < matter->denial_count; i++)
		denied[facts.denied_count++] = matter->denials[i].seat;
	facts.denied_count =
	    add_unusable(session, matter, &matter->quorum, denied, facts.denied_count);
	facts.denied_count =
	    add_unusable(session, matter, facts.policy, denied, facts.denied_count);
	enum verdict verdict = verdict_of(&facts, ret_missing, ret_text);
	if (verdict == VERDICT_OPEN || verdict == VERDICT_UNREACHABLE)
		say_lost(matter, ret_text);
	return verdict;
}

enum err_code
matter_refuse(struct session *session, struct ceremony_row *row, enum ceremony_event event,
    const char *reason, struct err *err)
{
	struct approval_row *approvals = calloc(QUORUM_SEATS, sizeof(*approvals));
	size_t count = 0;
	LEAF leaf = leaf_new("refused");

	if (approvals == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a ceremony");
	enum err_code code = store_list_approvals(session->store, &row->id, approvals, &count, err);
	for (size_t i = 0; i < count; i++)
		approval_row_done(&approvals[i]);
	free(approvals);
	if (code != ERR_OK)
		return code;
	TRY(table_next(row->state, event, &row->state, err));
	plain_text(reason, row->reason, sizeof(row->reason));
	TRY(store_update_ceremony(session->store, row, err));
	TRY(store_erase_shares(session->store, &row->id, err));
	/* An officer who was given an envelope may have opened it. */
	if (count > 0)
		TRY(store_set_part_exposed(session->store, &row->secret, row->version, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(row->id.bytes));
	leaf_text(&leaf, "reason", row->reason);
	leaf_bytes(&leaf, "secret", VIEW_OF(row->secret.bytes));
	leaf_int(&leaf, "version", row->version);
	leaf_int(&leaf, "exposed", (int64_t)count);
	return journal_add(session, &leaf, err);
}

enum err_code
matter_list(struct session *session, unsigned states, struct ceremony_row **ret_rows,
    size_t *ret_count, struct err *err)
{
	for (size_t max = 64;; max *= 2) {
		size_t count;
		CEREMONY_ROWS *rows = calloc(max, sizeof(*rows));

		if (rows == NULL)
			return err_set(err, ERR_MEMORY, "out of memory for %zu ceremonies", max);
		TRY(store_list_ceremonies(session->store, states, rows, max, &count, err));
		if (count == max)
			continue;
		*ret_rows = TAKE(rows);
		*ret_count = count;
		return ERR_OK;
	}
}

enum err_code
matter_void_token(struct session *session, const struct digest *token, const char *reason,
    struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count;

	TRY(matter_list(session, 1u << CEREMONY_COLLECTING, &rows, &count, err));
	for (size_t i = 0; i < count; i++) {
		DSSE statement = {0};
		REQUEST request = {0};

		TRY(session_statement(session, &rows[i].request, "request", &statement, err));
		TRY(request_parse(&statement, session->chain.charter->training, &request, err));
		if (digest_equal(&request.token, token))
			TRY(matter_refuse(session, &rows[i], EVENT_VOID, reason, err));
	}
	return ERR_OK;
}

enum err_code
matter_void_all(struct session *session, const struct secret_id *secret, const struct id *except,
    const char *reason, struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count;

	TRY(matter_list(session, 1u << CEREMONY_COLLECTING, &rows, &count, err));
	for (size_t i = 0; i < count; i++) {
		if (secret != NULL && memcmp(secret, &rows[i].secret, sizeof(*secret)) != 0)
			continue;
		if (except != NULL && memcmp(except, &rows[i].id, sizeof(*except)) == 0)
			continue;
		TRY(matter_refuse(session, &rows[i], EVENT_VOID, reason, err));
	}
	return ERR_OK;
}

enum err_code
matter_none_releasing(struct session *session, struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count;

	TRY(matter_list(session, 1u << CEREMONY_RELEASING, &rows, &count, err));
	if (count > 0)
		return err_set(err, ERR_BUSY,
		    "a ceremony is releasing just now and must finish first; try again, and look at "
		    "'halligan status'");
	return ERR_OK;
}
