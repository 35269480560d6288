/* SPDX-License-Identifier: Apache-2.0 */
/* Each part is described once, for writing and for reading. */
#include "vault/documents/chain_image.h"

#include <stdlib.h>
#include <string.h>

/* Where parts go (OUT), or whence they come. */
struct passing {
	struct buf *out; /* NULL: from IN */
	struct reader in;
	bool lacks_memory, of_another; /* vault */
};

/* ---- parts ---- */

static void
pass_bytes(struct passing *passing, void *bytes, size_t size)
{
	if (passing->out != NULL)
		buf_bytes(passing->out, view_of(bytes, size));
	else
		reader_copy(&passing->in, bytes, size);
}

static void
pass_digest(struct passing *passing, struct digest *digest)
{
	pass_bytes(passing, digest->bytes, DIGEST_SIZE);
}

static uint64_t
pass_number(struct passing *passing, uint64_t number, uint64_t max)
{
	if (passing->out != NULL)
		buf_u64(passing->out, number);
	else
		number = reader_u64(&passing->in);
	if (number > max)
		passing->in.failed = true;
	return passing->in.failed ? 0 : number;
}

static int64_t
pass_time(struct passing *passing, int64_t time)
{
	return (int64_t)pass_number(passing, (uint64_t)time, INT64_MAX);
}

/* At most SIZE bytes; RET_SIZE of them. */
static void
pass_some(struct passing *passing, void *bytes, size_t size, size_t *ret_size)
{
	if (passing->out != NULL) {
		buf_lp16(passing->out, view_of(bytes, *ret_size));
		return;
	}
	struct view view = reader_lp16(&passing->in, size);
	if (view.size > 0)
		memcpy(bytes, view.data, view.size);
	*ret_size = view.size;
}

/* Text without a NUL, in an array of SIZE. */
static void
pass_text(struct passing *passing, char *text, size_t size)
{
	size_t length = passing->out != NULL ? strlen(text) : 0;

	pass_some(passing, text, size - 1, &length);
	if (passing->out != NULL)
		return;
	text[length] = '\0';
	if (strlen(text) != length)
		passing->in.failed = true;
}

static void
pass_key(struct passing *passing, struct point *key, bool *has)
{
	size_t size = *has ? POINT_SIZE : 0;

	pass_some(passing, key->bytes, POINT_SIZE, &size);
	*has = size == POINT_SIZE;
	if (size > 0 && !*has)
		passing->in.failed = true;
}

static void
pass_token(struct passing *passing, struct seat_token *token)
{
	pass_text(passing, token->label, sizeof(token->label));
	pass_text(passing, token->driver, sizeof(token->driver));
	token->serial = (uint32_t)pass_number(passing, token->serial, UINT32_MAX);
	pass_bytes(passing, token->firmware, sizeof(token->firmware));
	pass_digest(passing, &token->enrolment);
	pass_digest(passing, &token->id);
	for (size_t i = 0; i < KEY_COUNT; i++)
		pass_key(passing, &token->keys[i], &token->has[i]);
	token->signs = (enum signs)pass_number(passing, token->signs, SIGNS_ASSERTION);
	pass_some(passing, token->credential, sizeof(token->credential), &token->credential_size);
	pass_digest(passing, &token->salt);
	pass_bytes(passing, token->aaguid, sizeof(token->aaguid));
}

static void
pass_person(struct passing *passing, const struct chain *chain, struct seat *seat,
    struct chain_stay *stay)
{
	size_t newest = chain->document_count - 1;

	pass_text(passing, seat->name, sizeof(seat->name));
	pass_text(passing, seat->person, sizeof(seat->person));
	seat->roles = (unsigned)pass_number(passing, seat->roles, UINT8_MAX);
	stay->present = pass_number(passing, stay->present, 1) == 1;
	stay->seat = (size_t)pass_number(passing, stay->seat, newest);
	seat->token_count = (size_t)pass_number(passing, seat->token_count, SEAT_TOKENS);
	for (size_t i = 0; i < seat->token_count; i++) {
		pass_token(passing, &seat->tokens[i]);
		stay->tokens[i] = (size_t)pass_number(passing, stay->tokens[i], newest);
	}
}

static void
pass_suspension(struct passing *passing, struct suspension *row)
{
	pass_digest(passing, &row->digest);
	pass_digest(passing, &row->vault);
	pass_digest(passing, &row->charter);
	pass_digest(passing, &row->roster);
	pass_text(passing, row->seat, sizeof(row->seat));
	pass_digest(passing, &row->token);
	pass_text(passing, row->holder, sizeof(row->holder));
	pass_digest(passing, &row->suspended);
	pass_text(passing, row->reason, sizeof(row->reason));
	row->time = pass_time(passing, row->time);
	pass_token(passing, &row->bound);
}

static void
pass_document(struct passing *passing, struct chain_document *document)
{
	enum { SEATS_TEXT = DSSE_SIGNATURES_MAX * (SEAT_NAME_MAX + 2) };
	char by[SEATS_TEXT + 1] = "";

	if (document->by != NULL)
		memcpy(by, document->by, strnlen(document->by, SEATS_TEXT));
	document->type =
	    (enum statement_type)pass_number(passing, document->type, STATEMENT_TYPES - 1);
	pass_digest(passing, &document->digest);
	document->version = (uint32_t)pass_number(passing, document->version, UINT32_MAX);
	document->created = pass_time(passing, document->created);
	pass_text(passing, by, sizeof(by));
	if (passing->out == NULL)
		document->by = strdup(by);
}

static void
pass_leaver(struct passing *passing, struct chain_leaver *leaver)
{
	pass_digest(passing, &leaver->token);
	pass_text(passing, leaver->label, sizeof(leaver->label));
	leaver->since = pass_time(passing, leaver->since);
}

static const char magic[] = "halligan chain 1";

static void
pass_head(struct passing *passing, struct digest *vault)
{
	char begins[sizeof(magic)];
	struct digest id = *vault;

	memcpy(begins, magic, sizeof(magic));
	pass_text(passing, begins, sizeof(begins));
	pass_digest(passing, &id);
	if (strcmp(begins, magic) != 0)
		passing->in.failed = true;
	passing->of_another = !passing->in.failed && !digest_equal(&id, vault);
}

/* ROWS, or COUNT new ones of SIZE where they are read; none after a failure. */
static void *
rows_of(struct passing *passing, void *rows, size_t *count, size_t size)
{
	if (passing->out != NULL)
		return rows;
	if (*count > passing->in.rest.size) /* each takes more than a byte */
		passing->in.failed = true;
	if (passing->in.failed)
		*count = 0;
	rows = calloc(*count + 1, size);
	if (rows == NULL)
		*count = 0;
	passing->lacks_memory |= rows == NULL;
	return rows;
}

/* The same, of which the number is passed: at most MAX. */
static void *
pass_rows(struct passing *passing, void *rows, size_t *count, size_t max, size_t size)
{
	*count = (size_t)pass_number(passing, *count, max);
	return rows_of(passing, rows, count, size);
}

static void
pass_people(struct passing *passing, struct chain *chain)
{
	size_t *count = &chain->people_count;

	chain->people = pass_rows(passing, chain->people, count, CHAIN_DOCUMENTS_MAX * ROSTER_SEATS,
	    sizeof(*chain->people));
	chain->stays = rows_of(passing, chain->stays, count, sizeof(*chain->stays));
	for (size_t i = 0; i < *count; i++)
		pass_person(passing, chain, &chain->people[i], &chain->stays[i]);
}

static void
pass_chain(struct passing *passing, struct chain *chain)
{
	enum { TOKENS_MAX = CHAIN_DOCUMENTS_MAX * ROSTER_SEATS * SEAT_TOKENS };
	struct suspensions *suspensions = &chain->suspensions;

	pass_head(passing, &chain->vault);
	chain->documents = pass_rows(passing, chain->documents, &chain->document_count,
	    CHAIN_DOCUMENTS_MAX, sizeof(*chain->documents));
	for (size_t i = 0; i < chain->document_count; i++)
		pass_document(passing, &chain->documents[i]);
	pass_people(passing, chain);
	chain->enrolments = pass_rows(passing, chain->enrolments, &chain->enrolment_count,
	    TOKENS_MAX, sizeof(*chain->enrolments));
	for (size_t i = 0; i < chain->enrolment_count; i++)
		pass_digest(passing, &chain->enrolments[i]);
	suspensions->rows = pass_rows(passing, suspensions->rows, &suspensions->count, TOKENS_MAX,
	    sizeof(*suspensions->rows));
	for (size_t i = 0; i < suspensions->count; i++)
		pass_suspension(passing, &suspensions->rows[i]);
	chain->leavers = pass_rows(passing, chain->leavers, &chain->leaver_count, TOKENS_MAX,
	    sizeof(*chain->leavers));
	for (size_t i = 0; i < chain->leaver_count; i++)
		pass_leaver(passing, &chain->leavers[i]);
}

/* ---- the whole ---- */

enum err_code
chain_image(const struct chain *chain, struct buf *ret_image, struct err *err)
{
	struct passing passing = {.out = ret_image};
	struct chain same = *chain; /* nothing of it changes */

	pass_chain(&passing, &same);
	return buf_check(ret_image, err);
}

static enum err_code
check_read(const struct passing *passing, const struct chain *chain, struct err *err)
{
	bool lacks = passing->lacks_memory;

	for (size_t i = 0; i < chain->document_count; i++)
		lacks |= chain->documents[i].by == NULL;
	if (lacks)
		return err_set(err, ERR_MEMORY, "out of memory for a chain of documents");
	if (passing->of_another)
		return chain_refuse_vault(err);
	if (!reader_end(&passing->in) || chain->document_count == 0 ||
	    chain->documents[0].type != STATEMENT_CHARTER)
		return err_set(err, ERR_INTEGRITY,
		    "what is kept of the charters, rosters and suspensions is damaged");
	return ERR_OK;
}

/* Room for the charters, which are read when they are asked for; the one in force, and the roster. */
static enum err_code
read_in_force(struct chain *chain, struct err *err)
{
	for (size_t i = 0; i < chain->document_count; i++)
		chain->charter_count += chain->documents[i].type == STATEMENT_CHARTER;
	chain->charters = calloc(chain->charter_count, sizeof(*chain->charters));
	if (chain->charters == NULL) {
		chain->charter_count = 0;
		return err_set(err, ERR_MEMORY, "out of memory for charters");
	}
	TRY(chain_charter(chain, chain->charter_count - 1, &chain->charter, err));
	return chain_read_roster(chain, err);
}

enum err_code
chain_resume(struct view image, struct chain *chain, struct err *err)
{
	struct passing passing = {.in = reader_of(image)};
	CHAIN read = {.vault = chain->vault, .fetch = chain->fetch, .context = chain->context};

	pass_chain(&passing, &read);
	TRY(check_read(&passing, &read, err));
	TRY(read_in_force(&read, err));
	chain_done(chain);
	*chain = TAKE(read);
	return ERR_OK;
}
