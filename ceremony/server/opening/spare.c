/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An officer hands their own shares on to a spare token of their seat:
 *
 *	spare-list	what the spare cannot open yet and the other token can
 *	spare		the signed statement: from now on, for a day, its envelopes are handed out
 *	spare-envelope	one of them
 *	spare-box	what came out of it, sealed to the spare's share key
 *
 * That the charter has the spare in that seat is the quorum's consent.  Each step checks the
 * statement, its signature and the charter of that moment anew.  What was handed over stays when
 * the officer stops; a new statement names the rest.
 */
#include "ceremony/server/opening/spare.h"

#include <stdlib.h>
#include <string.h>

#include "ceremony/protocol/message.h"
#include "ceremony/protocol/spare.h"
#include "ceremony/server/opening/spare_envelopes.h"
#include "ceremony/server/secrets/walk.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "vault/seal/envelope.h"
#include "vault/store/secret.h"

enum { STATEMENT_AGE = 24 * 3600 };

/* A current version, as far as it matters here. */
struct place {
	struct secret_row secret;
	struct digest hash;
	struct header *header;
	struct spare_set *spares;
};

static void
place_done(struct place *place)
{
	header_freep(&place->header);
	free(place->spares);
}
#define PLACE CLEANUP(place_done) struct place

static enum err_code
load_place(struct session *session, const struct secret_row *secret, struct place *ret_place,
    struct err *err)
{
	VERSION_ROW version = {0};
	PLACE place = {.secret = *secret, .spares = calloc(1, sizeof(*place.spares))};

	if (place.spares == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a version");
	TRY(store_get_version(session->store, &secret->id, secret->current, &version, err));
	TRY(header_hash(buf_view(&version.header), &place.hash, err));
	if (!digest_equal(&place.hash, &version.header_hash))
		return err_set(err, ERR_INTEGRITY, "the stored header of %s version %u was changed",
		    secret->name, secret->current);
	TRY(header_new(&place.header, err));
	TRY(header_decode(buf_view(&version.header), place.header, err));
	TRY(spares_load(session, place.header, place.spares, err));
	*ret_place = place;
	place = (struct place){0};
	return ERR_OK;
}

/* FROM is in the header, TO nowhere yet: RET_INDEX is FROM's envelope. */
static bool
is_missing(const struct place *place, const char *seat, const struct digest *from,
    const struct digest *to, uint32_t *ret_index)
{
	const struct spare_row *spare = NULL;
	struct err ignored;
	uint32_t index;

	if (spares_envelope(place->header, place->spares, seat, to, &index, &spare, &ignored) ==
	    ERR_OK)
		return false;
	return spares_envelope(place->header, place->spares, seat, from, ret_index, &spare,
	           &ignored) == ERR_OK &&
	    spare == NULL;
}

/* The officer's seat of the charter that has both tokens. */
static enum err_code
check_tokens(const struct session *session, const struct digest *from, const struct digest *to,
    const struct seat **ret_seat, const struct seat_token **ret_from,
    const struct seat_token **ret_to, struct err *err)
{
	const struct charter *charter = session->chain.charter;
	const struct seat *seat =
	    seat_by_token(charter->seats, charter->seat_count, from, ret_from);

	if (seat == NULL || (seat->roles & ROLE_OFFICER) == 0 ||
	    chain_token(&session->chain, seat->name, from) == NULL)
		return err_set(err, ERR_REFUSED, "the charter has no officer with this token");
	*ret_to = chain_token(&session->chain, seat->name, to);
	if (*ret_to == NULL || digest_equal(from, to) || !(*ret_to)->has[KEY_SHARE])
		return err_set(err, ERR_REFUSED,
		    "the charter has no such spare token in the seat \"%s\": a charter change adds it first",
		    seat->name);
	*ret_seat = seat;
	return ERR_OK;
}

static void
add_missing(struct json *items, const struct place *place, uint32_t index)
{
	struct json *item = json_new_object();

	json_put_hex(item, "secret", VIEW_OF(place->secret.id.bytes));
	json_put_text(item, "name", place->secret.name);
	json_put_int(item, "version", place->secret.current);
	json_put_hex(item, "header", VIEW_OF(place->hash.bytes));
	json_put_int(item, "envelope", index);
	json_add(items, item);
}

struct listing_of {
	const char *seat;
	struct digest from, to;
	struct json *items;
	size_t count;
	bool more;
};

static enum err_code
list_missing(struct session *session, struct listing_of *listing, struct err *err)
{
	struct secret_walk walk = {.store = session->store};
	const struct secret_row *secret;

	while (!listing->more) {
		PLACE place = {0};
		uint32_t index;

		TRY(secret_walk_next(&walk, &secret, err));
		if (secret == NULL)
			break;
		if (secret->current == 0)
			continue;
		TRY(load_place(session, secret, &place, err));
		if (!is_missing(&place, listing->seat, &listing->from, &listing->to, &index))
			continue;
		if (listing->count == SPARE_OPENS)
			listing->more = true;
		else {
			add_missing(listing->items, &place, index);
			listing->count++;
		}
	}
	return ERR_OK;
}

enum err_code
serve_spare_list(struct session *session, struct call *call, struct err *err)
{
	JSON *items = json_new_array();
	struct listing_of listing = {.items = items};
	const struct seat *seat = NULL;
	const struct seat_token *from = NULL, *to = NULL;

	json_in_hex(&call->in, "from", listing.from.bytes, DIGEST_SIZE);
	json_in_hex(&call->in, "to", listing.to.bytes, DIGEST_SIZE);
	TRY(json_in_end(&call->in));
	TRY(check_tokens(session, &listing.from, &listing.to, &seat, &from, &to, err));
	listing.seat = seat->name;
	TRY(list_missing(session, &listing, err));
	json_put(call->reply, "items", TAKE(items));
	json_put_bool(call->reply, "more", listing.more);
	return ERR_OK;
}

/* Is SPARE in force: of this vault, of tokens of today, signed, and of this day? */
static enum err_code
check_statement(struct session *session, const struct dsse *statement, const struct spare *spare,
    struct err *err)
{
	const struct seat *seat = NULL;
	const struct seat_token *from = NULL, *to = NULL;
	int64_t now = session_now(session);

	if (!digest_equal(&spare->vault, &session->chain.vault))
		return err_set(err, ERR_REFUSED, "it is for another vault");
	TRY(check_tokens(session, &spare->from, &spare->to, &seat, &from, &to, err));
	if (strcmp(seat->name, spare->seat) != 0)
		return err_set(err, ERR_REFUSED, "its tokens belong to the seat \"%s\"",
		    seat->name);
	if (statement->count != 1)
		return err_set(err, ERR_INVALID, "it must carry one signature");
	TRY(seat_token_verify(statement, from, err));
	if (spare->time > now + CLOCK_BACK_MAX || spare->time < now - STATEMENT_AGE)
		return err_set(err, ERR_EXPIRED,
		    "it is not of today (or the clocks differ): run halligan spare again");
	return ERR_OK;
}

/* The version that OPEN names is the current one, and TO has no envelope there. */
static enum err_code
check_open(struct session *session, const struct spare *spare, const struct spare_open *open,
    struct place *ret_place, struct err *err)
{
	struct secret_row secret;
	uint32_t index;

	TRY(store_get_secret(session->store, &open->secret, &secret, err));
	if (secret.current != open->version)
		return err_set(err, ERR_REFUSED, "%s has another current version now: run it again",
		    secret.name);
	TRY(load_place(session, &secret, ret_place, err));
	if (!digest_equal(&ret_place->hash, &open->header))
		return err_set(err, ERR_REFUSED, "the header is not that of %s version %u",
		    secret.name, open->version);
	if (!is_missing(ret_place, spare->seat, &spare->from, &spare->to, &index) ||
	    index != open->envelope)
		return err_set(err, ERR_REFUSED,
		    "%s: the spare token has its envelope already, or the other one has none",
		    secret.name);
	return ERR_OK;
}

static enum err_code
accept(struct session *session, const struct dsse *statement, const struct spare *spare,
    struct err *err)
{
	CHANGE change = {0};
	LEAF leaf = leaf_new("spare");
	struct digest digest;

	TRY(change_begin(session, &change, err));
	TRY(journal_check_clock(session, err));
	TRY(check_statement(session, statement, spare, err));
	TRY(journal_check_seen(session, spare->seat, spare->size, &spare->root, err));
	for (size_t i = 0; i < spare->count; i++) {
		PLACE place = {0};

		TRY(check_open(session, spare, &spare->opens[i], &place, err));
	}
	TRY(session_keep(session, statement, STATEMENT_SPARE, false, &digest, err));
	leaf_text(&leaf, "seat", spare->seat);
	leaf_bytes(&leaf, "token", VIEW_OF(spare->from.bytes));
	leaf_bytes(&leaf, "to", VIEW_OF(spare->to.bytes));
	leaf_int(&leaf, "count", (int64_t)spare->count);
	leaf_statement(&leaf, &digest);
	TRY(journal_add(session, &leaf, err));
	return change_commit(session, &change, err);
}

enum err_code
serve_spare(struct session *session, struct call *call, struct err *err)
{
	DSSE statement = {0};
	SPARE spare = {0};

	in_statement(&call->in, "spare", &statement);
	TRY(json_in_end(&call->in));
	TRY(spare_parse(&statement, session->chain.charter->training, &spare, err));
	if (accept(session, &statement, &spare, err) != ERR_OK)
		return err_add(err, "the statement of seat \"%s\" about a spare token", spare.seat);
	return ERR_OK;
}

/* The accepted statement that IN names, checked anew, and its entry "index". */
static enum err_code
load_accepted(struct session *session, struct json_in *in, struct spare *spare,
    const struct spare_open **ret_open, struct err *err)
{
	DSSE statement = {0};
	struct digest digest;
	enum err_code code;

	json_in_hex(in, "statement", digest.bytes, DIGEST_SIZE);
	size_t index = (size_t)json_in_int(in, "index", 0, SPARE_OPENS - 1);
	TRY(json_in_end(in));
	TRY(session_statement(session, &digest, "spare", &statement, err));
	code = spare_parse(&statement, session->chain.charter->training, spare, err);
	if (code == ERR_OK)
		code = check_statement(session, &statement, spare, err);
	if (code != ERR_OK)
		return err_add(err, "the statement about a spare token");
	if (index >= spare->count)
		return err_set(err, ERR_INVALID, "index: the statement has %zu entries",
		    spare->count);
	*ret_open = &spare->opens[index];
	return ERR_OK;
}

enum err_code
serve_spare_envelope(struct session *session, struct call *call, struct err *err)
{
	SPARE spare = {0};
	PLACE place = {0};
	VERSION_ROW version = {0};
	const struct spare_open *open = NULL;

	TRY(load_accepted(session, &call->in, &spare, &open, err));
	TRY(check_open(session, &spare, open, &place, err));
	TRY(store_get_version(session->store, &open->secret, open->version, &version, err));
	buf_lp32(&call->out, buf_view(&version.header));
	return spares_read_box(session, place.header, open->envelope, NULL, &call->out, err);
}

static enum err_code
store_box(struct session *session, const struct spare *spare, const struct spare_open *open,
    struct view ciphertext, struct err *err)
{
	CLEANUP(sealed_box_done) struct sealed_box box = {0};
	const struct spare_row row = {.secret = open->secret,
	    .version = open->version,
	    .token = spare->to,
	    .envelope = open->envelope,
	    .statement = spare->digest};
	LEAF leaf = leaf_new("spare-box");

	memcpy(box.enc, spare->enc.bytes, POINT_SIZE);
	buf_bytes(&box.ciphertext, ciphertext);
	TRY(buf_check(&box.ciphertext, err));
	TRY(store_add_spare(session->store, &row, &box, err));
	leaf_bytes(&leaf, "secret", VIEW_OF(row.secret.bytes));
	leaf_int(&leaf, "version", row.version);
	leaf_text(&leaf, "seat", spare->seat);
	leaf_bytes(&leaf, "token", VIEW_OF(row.token.bytes));
	leaf_statement(&leaf, &row.statement);
	return journal_add(session, &leaf, err);
}

enum err_code
serve_spare_box(struct session *session, struct call *call, struct err *err)
{
	CHANGE change = {0};
	SPARE spare = {0};
	PLACE place = {0};
	const struct spare_open *open = NULL;

	TRY(change_begin(session, &change, err));
	TRY(load_accepted(session, &call->in, &spare, &open, err));
	TRY(check_open(session, &spare, open, &place, err));
	size_t size =
	    (size_t)place.header->envelopes[open->envelope].share_count * ENVELOPE_SHARE_SIZE +
	    AEAD_TAG_SIZE;
	if (call->blob.size != size)
		return err_set(err, ERR_INVALID, "the box has %zu bytes, expected %zu",
		    call->blob.size, size);
	TRY(store_box(session, &spare, open, call->blob, err));
	return change_commit(session, &change, err);
}
