/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An officer hands their own shares on to a spare token of their seat:
 *
 *	spare-list	what the spare cannot open yet and the other token can
 *	spare		the signed statement: from now on, for a day, its envelopes are handed out
 *	spare-envelope	one of them, sealed to the statement's one-time key: for its signer alone
 *	spare-box	what came out of it, sealed to the spare's share key and signed
 *
 * A later statement about the same version and spare takes the place of an earlier one: from then on
 * only it may store the box, which takes the place of the earlier one's.  So its seat can mend a box
 * that does not open, and whoever repeats an old one changes nothing.
 *
 * That the charter has the spare in that seat is the quorum's consent.  Each step checks the
 * statement, its signature and the charter of that moment anew.  What was handed over stays when
 * the officer stops; a new statement names the rest.
 */
#include "ceremony/server/opening/spare.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto_key.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/spare.h"
#include "ceremony/server/opening/spare_envelopes.h"
#include "ceremony/server/secrets/walk.h"
#include "ceremony/server/vault/alarm.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "vault/seal/envelope.h"
#include "vault/seal/reply.h"
#include "vault/store/secret.h"

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
	*ret_place = TAKE(place);
	return ERR_OK;
}

enum handed { HANDED_NOT, HANDED, HANDED_TESTED };

/* FROM is in the header and TO is not: RET_INDEX is FROM's envelope, RET_HANDED what TO has of it. */
static bool
may_hand_on(const struct place *place, const char *seat, const struct digest *from,
    const struct digest *to, uint32_t *ret_index, enum handed *ret_handed)
{
	const struct spare_row *spare = NULL;
	struct err ignored;
	uint32_t index;

	*ret_handed = HANDED_NOT;
	if (spares_envelope(place->header, place->spares, seat, to, &index, &spare, &ignored) ==
	    ERR_OK) {
		if (spare == NULL)
			return false;
		*ret_handed = spare->tested ? HANDED_TESTED : HANDED;
	}
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
	const struct spare_listed listed = {place->secret.name,
	    {.secret = place->secret.id,
	        .version = place->secret.current,
	        .header = place->hash,
	        .envelope = index}};

	members_add(items, spare_listed_members, &listed);
}

struct listing_of {
	const char *seat;
	struct digest from, to;
	struct json *items;
	size_t count;
	bool again, more;
};

static enum err_code
list_missing(struct session *session, struct listing_of *listing, struct err *err)
{
	struct secret_walk walk = {.store = session->store};
	const struct secret_row *secret;

	while (!listing->more) {
		PLACE place = {0};
		uint32_t index;
		enum handed handed;

		TRY(secret_walk_next(&walk, &secret, err));
		if (secret == NULL)
			break;
		if (secret->current == 0)
			continue;
		TRY(load_place(session, secret, &place, err));
		if (!may_hand_on(&place, listing->seat, &listing->from, &listing->to, &index,
		        &handed) ||
		    handed > (listing->again ? HANDED : HANDED_NOT))
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
	listing.again = json_in_bool(&call->in, "again");
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
		return err_set(err, ERR_REFUSED, "vault: it is for another vault");
	TRY(check_tokens(session, &spare->from, &spare->to, &seat, &from, &to, err));
	if (strcmp(seat->name, spare->seat) != 0)
		return err_set(err, ERR_REFUSED, "its tokens belong to the seat \"%s\"",
		    seat->name);
	if (statement->count != 1)
		return err_set(err, ERR_INVALID, "it must carry one signature");
	TRY(alarm_of_client(session, seat_token_verify(statement, from, err)));
	if (spare->time > now + CLOCK_BACK_MAX || spare->time < now - STATEMENT_AGE)
		return err_set(err, ERR_EXPIRED,
		    "it is not of today (or the clocks differ): run halligan spare again");
	return ERR_OK;
}

/* The version that OPEN names is the current one, and TO was not sealed to in it. */
static enum err_code
check_open(struct session *session, const struct spare *spare, const struct spare_open *open,
    struct place *ret_place, struct err *err)
{
	struct secret_row secret;
	uint32_t index;
	enum handed handed;

	TRY(store_get_secret(session->store, &open->secret, &secret, err));
	if (secret.current != open->version)
		return err_set(err, ERR_REFUSED, "%s has another current version now: run it again",
		    secret.name);
	TRY(load_place(session, &secret, ret_place, err));
	if (!digest_equal(&ret_place->hash, &open->header))
		return err_set(err, ERR_REFUSED, "the header is not that of %s version %u",
		    secret.name, open->version);
	if (!may_hand_on(ret_place, spare->seat, &spare->from, &spare->to, &index, &handed) ||
	    index != open->envelope)
		return err_set(err, ERR_REFUSED,
		    "%s: it was sealed to the spare token, or was not to the other one",
		    secret.name);
	return ERR_OK;
}

struct handing_on {
	struct dsse statement;
	struct spare spare; /* what it says */
	size_t index;       /* of its entry in hand */
	struct place place; /* that of the entry */
	struct view box;    /* what came out of it, sealed to the spare */
	struct spare_row row;
};

static void
handing_on_done(struct handing_on *on)
{
	dsse_done(&on->statement);
	spare_done(&on->spare);
	place_done(&on->place);
}

static enum err_code
judge_spare(struct session *session, void *context, struct err *err)
{
	struct handing_on *on = context;

	TRY(journal_check_clock(session, err));
	TRY(check_statement(session, &on->statement, &on->spare, err));
	return session_check_new(session, &on->statement, STATEMENT_SPARE, err);
}

static enum err_code
accept(struct session *session, struct handing_on *on, struct err *err)
{
	CHANGE change = {0};
	LEAF leaf = leaf_new("spare");
	const struct spare *spare = &on->spare;
	struct digest digest;

	TRY(change_begin_judged(session, &change, judge_spare, on, err));
	TRY(session_keep(session, &on->statement, STATEMENT_SPARE, false, &digest, err));
	TRY(journal_check_seen(session, spare->seat, spare->size, &spare->root, err));
	for (size_t i = 0; i < spare->count; i++) {
		PLACE place = {0};

		TRY(check_open(session, spare, &spare->opens[i], &place, err));
	}
	for (size_t i = 0; i < spare->count; i++)
		TRY(store_accept_spare(session->store, &spare->opens[i].secret,
		    spare->opens[i].version, &spare->to, &digest, err));
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
	CLEANUP(handing_on_done) struct handing_on on = {0};

	in_statement(&call->in, "spare", &on.statement);
	TRY(json_in_end(&call->in));
	TRY(spare_parse(&on.statement, session->chain.charter->training, &on.spare, err));
	if (accept(session, &on, err) != ERR_OK)
		return err_add(err, "the statement of seat \"%s\" about a spare token",
		    on.spare.seat);
	return ERR_OK;
}

/* The accepted statement that IN names by "statement", and its entry "index". */
static enum err_code
read_accepted(struct session *session, struct json_in *in, struct handing_on *on, struct err *err)
{
	struct digest digest;

	json_in_hex(in, "statement", digest.bytes, DIGEST_SIZE);
	on->index = (size_t)json_in_int(in, "index", 0, SPARE_OPENS - 1);
	TRY(json_in_end(in));
	TRY(session_find(session, &digest, "spare statement", &on->statement, err));
	if (spare_parse(&on->statement, session->chain.charter->training, &on->spare, err) !=
	    ERR_OK)
		return err_add(err, "the statement about a spare token");
	if (on->index >= on->spare.count)
		return err_set(err, ERR_INVALID, "index: the statement has %zu entries",
		    on->spare.count);
	return ERR_OK;
}

/* It is in force still, and so is what its entry names. */
static enum err_code
check_accepted(struct session *session, struct handing_on *on, struct err *err)
{
	place_done(&on->place);
	on->place = (struct place){0};
	if (check_statement(session, &on->statement, &on->spare, err) != ERR_OK)
		return err_add(err, "the statement about a spare token");
	return check_open(session, &on->spare, &on->spare.opens[on->index], &on->place, err);
}

enum err_code
serve_spare_envelope(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(handing_on_done) struct handing_on on = {0};
	VERSION_ROW version = {0};
	BUF envelope = {0};

	TRY(read_accepted(session, &call->in, &on, err));
	TRY(check_accepted(session, &on, err));
	const struct spare_open *open = &on.spare.opens[on.index];
	TRY(store_get_version(session->store, &open->secret, open->version, &version, err));
	TRY(spares_read_box(session, on.place.header, open->envelope, NULL, &envelope, err));
	const struct reply_ids ids = {.vault = on.spare.vault,
	    .statement = on.spare.digest,
	    .header = open->header,
	    .seat = on.spare.seat,
	    .token = on.spare.from};
	buf_lp32(&call->out, buf_view(&version.header));
	return reply_seal(&ids, &on.spare.reply, buf_view(&envelope), &call->out, err);
}

static enum err_code
store_box(struct session *session, const struct spare *spare, const struct spare_row *row,
    struct view ciphertext, struct err *err)
{
	LEAF leaf = leaf_new("spare-box");

	TRY(store_put_spare(session->store, row, ciphertext, err));
	leaf_bytes(&leaf, "secret", VIEW_OF(row->secret.bytes));
	leaf_int(&leaf, "version", row->version);
	leaf_text(&leaf, "seat", spare->seat);
	leaf_bytes(&leaf, "token", VIEW_OF(row->token.bytes));
	leaf_bytes(&leaf, "box", VIEW_OF(row->box.bytes));
	leaf_statement(&leaf, &row->statement);
	return journal_add(session, &leaf, err);
}

/* Only whoever signed the statement has its one-time key. */
static enum err_code
judge_box(struct session *session, void *context, struct err *err)
{
	struct handing_on *on = context;
	const struct spare_open *open = &on->spare.opens[on->index];

	TRY(check_accepted(session, on, err));
	size_t size =
	    (size_t)on->place.header->envelopes[open->envelope].share_count * ENVELOPE_SHARE_SIZE +
	    AEAD_TAG_SIZE;
	if (on->box.size != size)
		return err_set(err, ERR_INVALID, "the box has %zu bytes, expected %zu",
		    on->box.size, size);
	TRY(spare_box_digest(&on->spare, open, on->box, &on->row.box, err));
	if (ed25519_verify(&on->spare.box_key, VIEW_OF(on->row.box.bytes),
	        VIEW_OF(on->row.signature), err) != ERR_OK)
		return err_set(err, ERR_REFUSED,
		    "the box was not signed with the statement's one-time key");
	return ERR_OK;
}

enum err_code
serve_spare_box(struct session *session, struct call *call, struct err *err)
{
	CHANGE change = {0};
	CLEANUP(handing_on_done) struct handing_on on = {.box = call->blob};

	json_in_hex(&call->in, "signature", on.row.signature, sizeof(on.row.signature));
	TRY(read_accepted(session, &call->in, &on, err));
	TRY(change_begin_judged(session, &change, judge_box, &on, err));
	const struct spare_open *open = &on.spare.opens[on.index];
	on.row.secret = open->secret;
	on.row.version = open->version;
	on.row.token = on.spare.to;
	on.row.envelope = open->envelope;
	on.row.statement = on.spare.digest;
	TRY(store_box(session, &on.spare, &on.row, call->blob, err));
	return change_commit(session, &change, err);
}
