/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/opening/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/log.h"
#include "vault/store/release.h"

void
batch_freep(struct batch **batch)
{
	if (*batch == NULL)
		return;
	request_done(&(*batch)->request);
	ceremony_done(&(*batch)->ceremony);
	free(TAKE(*batch));
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

static void
make_void(struct batch *batch, const char *why)
{
	if (batch->in_force)
		plain_text(why, batch->why_void, sizeof(batch->why_void));
	batch->in_force = false;
}

static enum err_code
read_statements(struct session *session, const struct batch_row *row, struct batch_cache *cache,
    struct err *err)
{
	DSSE ceremony = {0}, request = {0};
	const struct seat_token *token;
	bool training = session->chain.charter->training;

	TRY(session_statement(session, &row->digest, "ceremony", &ceremony, err));
	if (statement_verify_host(&ceremony, &session->keys.statement_public, err) != ERR_OK ||
	    ceremony_parse(&ceremony, training, &cache->ceremony, err) != ERR_OK)
		return as_integrity("ceremony", err);
	TRY(session_statement(session, &row->request, "request", &request, err));
	if (request_parse(&request, training, &cache->request, err) != ERR_OK)
		return as_integrity("request", err);
	token = chain_token(&session->chain, cache->request.seat, &cache->request.token);
	if (token != NULL && seat_token_verify(&request, token, err) != ERR_OK)
		return as_integrity("request", err);
	cache->is_signed = token != NULL;
	return ERR_OK;
}

static enum err_code
fill_cache(struct session *session, const struct batch_row *row, struct err *err)
{
	struct batch_cache *cache = &session->batch_cache;

	if (cache->is_signed && digest_equal(&cache->ceremony.digest, &row->digest) &&
	    digest_equal(&cache->request.digest, &row->request))
		return ERR_OK;
	batch_cache_done(cache);
	return read_statements(session, row, cache, err);
}

static enum err_code
load_statements(struct session *session, struct batch *batch, struct err *err)
{
	const struct batch_cache *cache = &session->batch_cache;

	TRY(fill_cache(session, &batch->row, err));
	batch->ceremony = cache->ceremony;
	batch->request = cache->request;
	batch->ceremony.items = batch->request.items = (struct items){0};
	TRY(items_copy(&cache->ceremony.items, &batch->ceremony.items, err));
	return items_copy(&cache->request.items, &batch->request.items, err);
}

static enum err_code
load_ceremony(struct session *session, struct batch *batch, struct err *err)
{
	const struct batch_row *row = &batch->row;
	struct ceremony *ceremony = &batch->ceremony;

	if (!digest_equal(&ceremony->vault, &session->chain.vault))
		return contradicts("vault", err);
	if (memcmp(&ceremony->id, &row->id, sizeof(row->id)) != 0)
		return contradicts("id", err);
	if (!digest_equal(&ceremony->charter, &row->charter))
		return contradicts("charter", err);
	if (ceremony->deadline != row->deadline || ceremony->created != row->created)
		return contradicts("times", err);
	return ERR_OK;
}

static enum err_code
load_request(struct session *session, struct batch *batch, struct err *err)
{
	const char *differs;

	differs = ceremony_differs(&batch->ceremony, &batch->request);
	if (differs != NULL)
		return contradicts(differs, err);
	if (strcmp(batch->request.seat, batch->row.requester) != 0)
		return contradicts("requester", err);
	/* Its signature was verified with the token of that id, when there was one. */
	if (chain_token(&session->chain, batch->request.seat, &batch->request.token) == NULL)
		make_void(batch, "the requester's seat or token is no longer active");
	return ERR_OK;
}

static enum err_code
load_items(struct session *session, struct batch *batch, struct err *err)
{
	size_t count;

	TRY(store_list_items(session->store, &batch->row.id, batch->items, &count, err));
	if (count != batch->ceremony.items.count)
		return contradicts("number of versions", err);
	for (size_t i = 0; i < count; i++)
		if (memcmp(&batch->items[i].secret, &batch->ceremony.items.rows[i].secret,
		        sizeof(batch->items[i].secret)) != 0 ||
		    batch->items[i].version != batch->ceremony.items.rows[i].version)
			return contradicts("secret and version", err);
	return ERR_OK;
}

/* Approval or denial: for this ceremony, of that token of an officer, signed. */
static enum err_code
check_voice(struct session *session, const struct batch *batch, const struct voice_row *row,
    struct err *err)
{
	DSSE statement = {0};
	struct approval approval;
	struct objection denial;
	const struct seat *seat = seat_by_name(session->chain.charter->seats,
	    session->chain.charter->seat_count, row->seat);
	const struct seat_token *token =
	    chain_listed_token(&session->chain, row->seat, &row->token);
	bool training = session->chain.charter->training, same;

	TRY(session_statement(session, &row->statement, row->denies ? "denial" : "approval",
	    &statement, err));
	if (row->denies) {
		TRY(objection_parse(&statement, STATEMENT_DENIAL, training, &denial, err));
		same = digest_equal(&denial.ceremony, &batch->row.digest) &&
		    strcmp(denial.seat, row->seat) == 0 && digest_equal(&denial.token, &row->token);
	} else {
		TRY(approval_parse(&statement, training, &approval, err));
		same = digest_equal(&approval.ceremony, &batch->row.digest) &&
		    strcmp(approval.seat, row->seat) == 0 &&
		    digest_equal(&approval.token, &row->token);
	}
	if (!same)
		return err_set(err, ERR_INTEGRITY, "it is of another ceremony, seat or token");
	if (seat == NULL || (seat->roles & ROLE_OFFICER) == 0 || token == NULL)
		return err_set(err, ERR_INTEGRITY, "the charter has no such officer and token");
	return seat_token_verify(&statement, token, err);
}

static enum err_code
load_voices(struct session *session, struct batch *batch, struct err *err)
{
	TRY(store_list_voices(session->store, &batch->row.id, batch->voices, BATCH_VOICES,
	    &batch->voice_count, err));
	if (!digest_equal(&batch->row.charter, &session->chain.charter->digest)) {
		make_void(batch, "the charter changed since the request");
		return ERR_OK;
	}
	for (size_t i = 0; i < batch->voice_count; i++)
		if (check_voice(session, batch, &batch->voices[i], err) != ERR_OK) {
			(void)err_add(err, "seat \"%s\"", batch->voices[i].seat);
			return as_integrity("approval or denial", err);
		}
	for (size_t i = 0; i < batch->voice_count; i++)
		batch->lost[i] =
		    suspensions_find(&session->chain.suspensions, &batch->voices[i].token) != NULL;
	return ERR_OK;
}

enum err_code
batch_load(struct session *session, const struct id *id, struct batch **ret_batch, struct err *err)
{
	BATCH *batch = calloc(1, sizeof(*batch));

	if (batch == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a ceremony");
	batch->in_force = true;
	TRY(store_get_batch(session->store, id, &batch->row, err));
	TRY(load_statements(session, batch, err));
	TRY(load_ceremony(session, batch, err));
	TRY(load_request(session, batch, err));
	TRY(load_items(session, batch, err));
	TRY(load_voices(session, batch, err));
	*ret_batch = TAKE(batch);
	return ERR_OK;
}

const struct voice_row *
batch_approval(const struct batch *batch, const char *seat)
{
	const struct voice_row *found = NULL;

	for (size_t i = 0; i < batch->voice_count; i++)
		if (strcmp(batch->voices[i].seat, seat) == 0 &&
		    (batch->voices[i].denies || !batch->lost[i]))
			found = batch->voices[i].denies ? NULL : &batch->voices[i];
	return found;
}

bool
batch_denied(const struct batch *batch, const char *seat)
{
	for (size_t i = 0; i < batch->voice_count; i++)
		if (strcmp(batch->voices[i].seat, seat) == 0 && batch->voices[i].denies)
			return true;
	return false;
}

bool
batch_counts(const struct batch *batch, const char *seat)
{
	return strcmp(seat, batch->row.requester) != 0 && batch_approval(batch, seat) != NULL &&
	    !batch_denied(batch, seat);
}

/* --- Items -------------------------------------------------------------------------------- */

void
case_item_freep(struct case_item **item)
{
	if (*item == NULL)
		return;
	definition_done(&(*item)->definition);
	version_row_done(&(*item)->version);
	header_freep(&(*item)->header);
	free((*item)->spares);
	for (size_t i = 0; i < (*item)->share_count; i++)
		batch_share_row_done(&(*item)->shares[i]);
	free(TAKE(*item));
}

static enum err_code
load_header(struct session *session, const struct item *open, struct case_item *item,
    struct err *err)
{
	struct digest hash;

	TRY(store_get_version(session->store, &open->secret, open->version, &item->version, err));
	TRY(header_hash(buf_view(&item->version.header), &hash, err));
	if (!digest_equal(&hash, &open->header) || !digest_equal(&hash, &item->version.header_hash))
		return contradicts("header of the sealed version", err);
	TRY(header_new(&item->header, err));
	TRY(header_decode(buf_view(&item->version.header), item->header, err));
	if (!digest_equal(&item->header->vault, &session->chain.vault) ||
	    memcmp(&item->header->secret, &open->secret, sizeof(open->secret)) != 0 ||
	    item->header->version != open->version)
		return contradicts("the header is of another secret", err);
	item->spares = calloc(1, sizeof(*item->spares));
	if (item->spares == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a version");
	TRY(spares_load(session, item->header, item->spares, err));
	return quorum_parse(item->header->quorum, &item->quorum, err);
}

/* Is the version still the one to open? */
static enum err_code
judge(struct session *session, const struct batch *batch, const struct item *open,
    const struct item_row *row, struct case_item *item, struct err *err)
{
	struct debt_row debt;
	struct release_row release;
	enum err_code code;

	if (!digest_equal(&item->secret.definition, &open->definition))
		snprintf(item->stale, sizeof(item->stale), "its definition changed since");
	else if (item->secret.current != open->version)
		snprintf(item->stale, sizeof(item->stale),
		    "version %u is no longer the current one", open->version);
	else if (item->policy == NULL)
		snprintf(item->stale, sizeof(item->stale), "the charter has its policy no more");
	else if (!batch->in_force)
		snprintf(item->stale, sizeof(item->stale), "%s", batch->why_void);
	code = store_open_debt(session->store, &open->secret, &debt, err);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	if (code == ERR_OK &&
	    (!row->has_debt || memcmp(&row->debt, &debt.id, sizeof(debt.id)) != 0))
		snprintf(item->stale, sizeof(item->stale),
		    "it has a rotation debt, which renews it");
	code = store_get_release(session->store, &open->secret, open->version, &release, err);
	if (code == ERR_OK)
		snprintf(item->stale, sizeof(item->stale), "version %u was released",
		    open->version);
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

/* Shares that came with an approval of a token that is suspended since do not count. */
static void
drop_lost(const struct batch *batch, struct case_item *item)
{
	size_t kept = 0;

	for (size_t i = 0; i < item->share_count; i++) {
		bool lost = false;

		for (size_t j = 0; j < batch->voice_count; j++)
			lost = lost ||
			    (batch->lost[j] &&
			        digest_equal(&batch->voices[j].statement,
			            &item->shares[i].statement));
		if (lost)
			batch_share_row_done(&item->shares[i]);
		else
			item->shares[kept++] = item->shares[i];
	}
	item->share_count = kept;
}

enum err_code
case_item_load(struct session *session, const struct batch *batch, size_t position,
    struct case_item **ret_item, struct err *err)
{
	CASE_ITEM *item = calloc(1, sizeof(*item));
	const struct item *open = &batch->ceremony.items.rows[position];
	enum err_code code;

	if (item == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a version");
	TRY(store_get_secret(session->store, &open->secret, &item->secret, err));
	code = load_header(session, open, item, err);
	if (code == ERR_INTEGRITY || code == ERR_VERSION || code == ERR_NOT_FOUND) {
		item->damaged = true; /* this one: the others need not wait for it */
		plain_text(err->text, item->stale, sizeof(item->stale));
		*ret_item = TAKE(item);
		return ERR_OK;
	}
	TRY(code);
	code = chain_definition(session, &open->definition, &item->definition, err);
	if (code == ERR_OK)
		item->policy = charter_policy(session->chain.charter, item->definition.policy);
	else if (code != ERR_REFUSED)
		return code;
	TRY(store_list_batch_shares(session->store, &batch->row.id, position, item->shares,
	    &item->share_count, err));
	drop_lost(batch, item);
	TRY(judge(session, batch, open, &batch->items[position], item, err));
	*ret_item = TAKE(item);
	return ERR_OK;
}

enum verdict
item_verdict(const struct session *session, const struct batch *batch, const struct case_item *item,
    int64_t now, int *ret_missing, struct buf *ret_text)
{
	const char *approved[QUORUM_SEATS], *denied[BATCH_VOICES + 2 * QUORUM_SEATS];
	struct verdict_facts facts = {.header = &item->quorum,
	    .policy = item->policy != NULL ? &item->policy->quorum : &item->quorum,
	    .seats = session->chain.charter->seats,
	    .seat_count = session->chain.charter->seat_count,
	    .requester = batch->row.requester,
	    .approved = approved,
	    .denied = denied,
	    .now = now,
	    .deadline = batch->row.deadline,
	    .charter_unchanged = batch->in_force};

	for (size_t i = 0; i < item->share_count; i++)
		if (batch_counts(batch, item->shares[i].seat))
			approved[facts.approved_count++] = item->shares[i].seat;
	for (size_t i = 0; i < batch->voice_count; i++)
		if (batch->voices[i].denies)
			denied[facts.denied_count++] = batch->voices[i].seat;
	for (size_t i = 0; i < item->quorum.seat_count; i++)
		if (!spares_seat_usable(session, item->header, item->spares, item->quorum.seats[i]))
			denied[facts.denied_count++] = item->quorum.seats[i];
	for (size_t i = 0; i < facts.policy->seat_count; i++)
		if (!spares_seat_usable(session, item->header, item->spares,
		        facts.policy->seats[i]))
			denied[facts.denied_count++] = facts.policy->seats[i];
	return verdict_of(&facts, ret_missing, ret_text);
}

/* How bad it is: the worst of all items is the batch's. */
static int
rank(enum verdict verdict)
{
	static const int ranks[] = {[VERDICT_MET] = 0,
	    [VERDICT_OPEN] = 1,
	    [VERDICT_UNREACHABLE] = 2,
	    [VERDICT_EXPIRED] = 3,
	    [VERDICT_VOID] = 4};

	return ranks[verdict];
}

enum err_code
batch_verdict(struct session *session, const struct batch *batch, int64_t now,
    enum verdict *ret_verdict, struct buf *ret_text, struct err *err)
{
	enum verdict worst = VERDICT_MET;
	size_t alive = 0;
	BUF words = {0};

	if (!batch->in_force) {
		buf_text(ret_text, batch->why_void);
		*ret_verdict = VERDICT_VOID;
		return buf_check(ret_text, err);
	}
	for (size_t i = 0; i < batch->ceremony.items.count; i++) {
		CASE_ITEM *item = NULL;
		BUF text = {0};
		int missing;

		TRY(case_item_load(session, batch, i, &item, err));
		if (item->stale[0] != '\0')
			continue;
		alive++;
		enum verdict verdict = item_verdict(session, batch, item, now, &missing, &text);
		if (rank(verdict) <= rank(worst))
			continue;
		worst = verdict;
		buf_done(&words);
		buf_text(&words, text.size > 0 ? buf_string(&text) : "");
	}
	if (alive == 0) {
		worst = VERDICT_VOID;
		buf_text(&words, "none of its versions is the current one any more");
	}
	buf_text(ret_text, words.size > 0 ? buf_string(&words) : "");
	*ret_verdict = worst;
	return buf_check(ret_text, err);
}

static bool
was_approved(const struct batch *batch)
{
	for (size_t i = 0; i < batch->voice_count; i++)
		if (!batch->voices[i].denies)
			return true;
	return false;
}

/* Officers who were given envelopes may have opened them. */
static enum err_code
mark_exposed(struct session *session, const struct batch *batch, struct err *err)
{
	if (!was_approved(batch))
		return ERR_OK;
	for (size_t i = 0; i < batch->ceremony.items.count; i++)
		TRY(store_set_part_exposed(session->store, &batch->items[i].secret,
		    batch->items[i].version, err));
	return ERR_OK;
}

enum err_code
batch_refuse(struct session *session, struct batch *batch, enum ceremony_event event,
    const char *reason, struct err *err)
{
	LEAF leaf = leaf_new("refused");

	TRY(table_next(batch->row.state, event, &batch->row.state, err));
	plain_text(reason, batch->row.reason, sizeof(batch->row.reason));
	TRY(store_update_batch(session->store, &batch->row, err));
	TRY(store_erase_batch_shares(session->store, &batch->row.id, -1, err));
	TRY(mark_exposed(session, batch, err));
	leaf_bytes(&leaf, "batch", VIEW_OF(batch->row.id.bytes));
	leaf_text(&leaf, "reason", batch->row.reason);
	leaf_int(&leaf, "exposed", was_approved(batch) ? (int64_t)batch->ceremony.items.count : 0);
	return journal_add(session, &leaf, err);
}
