/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An approval has two halves: the signed statement, and for each item the shares that came out of the
 * seat's envelope, sealed again under the encapsulation that the statement signed.  Only both together
 * count.  Envelopes are handed out sealed to the statement's own "reply", so that whoever repeats it is
 * given nothing that opens.  Every refusal names the seat and leaves the ceremony as it was.
 */
#include "ceremony/server/opening/approve.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto_key.h"
#include "base/text_time.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/states.h"
#include "ceremony/server/opening/list.h"
#include "ceremony/server/opening/settle.h"
#include "ceremony/server/opening/shares.h"
#include "ceremony/server/rotation/lease.h"
#include "ceremony/server/vault/alarm.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "vault/seal/reply.h"

/* One that is late or void takes nothing more.  Sessions end it when they begin, and `advance` does. */
static enum err_code
check_open(const struct session *session, const struct opening *opening, struct err *err)
{
	char deadline[TEXT_TIME_SIZE];
	enum ceremony_state next;

	TRY(table_next(opening->row.state, EVENT_APPROVE, &next, err));
	if (session_now(session) >= opening->row.deadline) {
		text_time(opening->row.deadline, deadline);
		return err_set(err, ERR_EXPIRED,
		    "the ceremony's deadline was %s: the approval is too late and counts for nothing; a "
		    "new request is needed",
		    deadline);
	}
	if (!opening->transcript->in_force)
		return err_set(err, ERR_REFUSED,
		    "the ceremony is void: %s; a new request is needed",
		    opening->transcript->why_void);
	return ERR_OK;
}

static enum err_code
check_statement(struct session *session, const struct opening *opening,
    const struct dsse *statement, const struct approval *approval, struct err *err)
{
	const struct seat_token *token =
	    chain_token(&session->chain, approval->seat, &approval->token);

	if (!digest_equal(&approval->vault, &session->chain.vault))
		return err_set(err, ERR_REFUSED, "vault: it is for another vault");
	if (!digest_equal(&approval->ceremony, &opening->row.digest))
		return err_set(err, ERR_REFUSED, "ceremony: it is for another ceremony");
	if (token == NULL) {
		TRY(chain_refuse_token(&session->chain, approval->seat, &approval->token, err));
		return ERR_REFUSED;
	}
	if (statement->count != 1)
		return err_set(err, ERR_INVALID, "it must carry one signature");
	TRY(alarm_of_client(session, seat_token_verify(statement, token, err)));
	return journal_check_seen(session, approval->seat, approval->size, &approval->root, err);
}

/* Does SEAT still have something to give for any item? */
static enum err_code
check_needed(const struct opening *opening, const struct approval *approval, struct err *err)
{
	size_t envelopes = 0, left = 0;
	struct err none;

	for (size_t i = 0; i < opening->count; i++) {
		ITEM *item = NULL;
		uint32_t index;
		bool spare, given = false;

		TRY(item_load(opening, i, &item, err));
		if (item->stale[0] != '\0' ||
		    exhibit_envelope(item->exhibit, approval->seat, &approval->token, &index,
		        &spare, opening->count == 1 ? err : &none) != ERR_OK)
			continue;
		envelopes++;
		for (size_t j = 0; j < item->share_count; j++)
			given |= strcmp(item->shares[j].seat, approval->seat) == 0;
		left += !given;
	}
	if (envelopes == 0 && opening->count == 1)
		return err_set(err, ERR_REFUSED, "%s", err->text);
	if (envelopes == 0)
		return err_set(err, ERR_REFUSED,
		    "seat \"%s\" has no envelope for this token in any of these versions: they were "
		    "sealed before the token was enrolled (then halligan spare, with an older token of "
		    "the seat, mends that), or no quorum names the seat",
		    approval->seat);
	if (left == 0)
		return err_set(err, ERR_EXISTS, "seat \"%s\" has approved already", approval->seat);
	return ERR_OK;
}

/* The same statement again, by whomever: nothing happens, and nothing is logged. */
static bool
is_repeated(const struct opening *opening, const struct digest *digest)
{
	for (size_t i = 0; i < opening->transcript->voice_count; i++)
		if (digest_equal(&opening->transcript->voices[i].digest, digest))
			return true;
	return false;
}

/* No seat can fill the place of the others. */
static enum err_code
check_room(const struct transcript *transcript, const char *seat, struct err *err)
{
	size_t own = 0;

	for (size_t i = 0; i < transcript->voice_count; i++)
		own += strcmp(transcript->voices[i].seat, seat) == 0;
	if (own < CEREMONY_VOICES_OF_SEAT && transcript->voice_count < CEREMONY_APPROVALS)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "seat \"%s\" has approved this ceremony %zu times, all seats %zu times: that is the most; "
	    "others approve, or it is requested again",
	    seat, own, transcript->voice_count);
}

struct approving {
	struct id id;
	struct dsse statement;
	struct approval approval;
	struct opening *opening;
	bool repeated;
};

static void
approving_done(struct approving *approving)
{
	dsse_done(&approving->statement);
	opening_freep(&approving->opening);
}

/* An officer of this ceremony signed it, or it was accepted before. */
static enum err_code
judge_approval(struct session *session, void *context, struct err *err)
{
	struct approving *approving = context;
	const struct approval *approval = &approving->approval;

	opening_freep(&approving->opening);
	TRY(journal_check_clock(session, err));
	TRY(opening_load(session, &approving->id, &approving->opening, err));
	TRY(check_open(session, approving->opening, err));
	approving->repeated = is_repeated(approving->opening, &approval->digest);
	if (approving->repeated)
		return ERR_OK;
	TRY(transcript_check_seat(approving->opening->transcript, &session->chain, approval->seat,
	    err));
	if (check_statement(session, approving->opening, &approving->statement, approval, err) !=
	    ERR_OK)
		return err_add(err, "the approval of seat \"%s\"", approval->seat);
	return ERR_OK;
}

/* Inside a change. */
static enum err_code
accept_approval(struct session *session, const struct approving *approving, struct err *err)
{
	const struct approval *approval = &approving->approval;
	struct voice_row row = {.token = approval->token};

	TRY(check_needed(approving->opening, approval, err));
	TRY(check_room(approving->opening->transcript, approval->seat, err));
	snprintf(row.seat, sizeof(row.seat), "%s", approval->seat);
	return voice_store(session, approving->opening, &approving->statement, &row, err);
}

enum err_code
serve_approve(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(approving_done) struct approving approving = {0};
	CHANGE change = {0};

	json_in_hex(&call->in, "id", approving.id.bytes, ID_SIZE);
	in_statement(&call->in, "approval", &approving.statement);
	TRY(json_in_end(&call->in));
	TRY(approval_parse(&approving.statement, session->chain.charter->training,
	    &approving.approval, err));
	TRY(judge_approval(session, &approving, err));
	if (approving.repeated)
		return ERR_OK;
	TRY(change_begin(session, &change, err));
	TRY(judge_approval(session, &approving, err));
	if (approving.repeated)
		return ERR_OK;
	TRY(accept_approval(session, &approving, err));
	return change_commit(session, &change, err);
}

/* --- Envelopes and shares ----------------------------------------------------------------- */

/* Of several items under one approval. */
struct handing {
	struct id id;
	struct positions positions;
	struct digest approval;
	struct approval said;
	struct opening *opening;
	/* The one in hand: */
	struct loaded_item *item;
	bool gone;      /* others replaced its version meanwhile */
	uint32_t index; /* of the envelope */
	bool spare;
};

static void
handing_done(struct handing *handing)
{
	item_freep(&handing->item);
	opening_freep(&handing->opening);
}
#define HANDING CLEANUP(handing_done) struct handing

/* "id", "positions", "approval" of CALL. */
static enum err_code
read_handing(struct call *call, struct handing *handing)
{
	json_in_hex(&call->in, "id", handing->id.bytes, ID_SIZE);
	in_positions(&call->in, "positions", 1, &handing->positions);
	json_in_hex(&call->in, "approval", handing->approval.bytes, DIGEST_SIZE);
	return json_in_end(&call->in);
}

/* The standing approval that was named. */
static enum err_code
find_approval(struct session *session, struct handing *handing, struct err *err)
{
	DSSE statement = {0};

	if (!is_repeated(handing->opening, &handing->approval))
		return err_set(err, ERR_REFUSED, "this ceremony has no such approval");
	TRY(session_statement(session, &handing->approval, "approval", &statement, err));
	TRY(approval_parse(&statement, session->chain.charter->training, &handing->said, err));
	TRY(transcript_check_seat(handing->opening->transcript, &session->chain, handing->said.seat,
	    err));
	if (chain_token(&session->chain, handing->said.seat, &handing->said.token) == NULL)
		return chain_refuse_token(&session->chain, handing->said.seat, &handing->said.token,
		    err);
	return ERR_OK;
}

static enum err_code
load_handing(struct session *session, struct handing *handing, struct err *err)
{
	handing_done(handing);
	TRY(journal_check_clock(session, err));
	TRY(opening_load(session, &handing->id, &handing->opening, err));
	TRY(check_open(session, handing->opening, err));
	return find_approval(session, handing, err);
}

/* The seat's envelope of the item at POSITION, if the seat has not given its shares yet.  One of several that is gone
 * keeps nobody from the others. */
static enum err_code
find_envelope(struct handing *handing, size_t position, struct err *err)
{
	const struct opening *opening = handing->opening;
	const char *seat = handing->said.seat;

	if (position >= opening->count)
		return err_set(err, ERR_INVALID, "positions: the ceremony has %zu versions",
		    opening->count);
	item_freep(&handing->item);
	TRY(item_load(opening, position, &handing->item, err));
	handing->gone = handing->item->stale[0] != '\0' && !handing->item->damaged &&
	    handing->positions.count > 1;
	if (handing->gone)
		return ERR_OK;
	if (handing->item->stale[0] != '\0')
		return err_set(err, handing->item->damaged ? ERR_INTEGRITY : ERR_REFUSED, "%s: %s",
		    handing->item->secret.name, handing->item->stale);
	for (size_t i = 0; i < handing->item->share_count; i++)
		if (strcmp(handing->item->shares[i].seat, seat) == 0)
			return err_set(err, ERR_EXISTS,
			    "seat \"%s\" has given its shares of %s already", seat,
			    handing->item->secret.name);
	if (exhibit_envelope(handing->item->exhibit, seat, &handing->said.token, &handing->index,
	        &handing->spare, err) != ERR_OK)
		return err->code = ERR_REFUSED;
	return ERR_OK;
}

static enum err_code
read_box(struct session *session, const struct handing *handing, struct buf *ret_envelope,
    struct err *err)
{
	const struct spare_row *spare = NULL;
	uint32_t index;

	TRY(spares_envelope(handing->item->exhibit->header, &handing->item->spares,
	    handing->said.seat, &handing->said.token, &index, &spare, err));
	return spares_read_box(session, handing->item->exhibit->header, index, spare, ret_envelope,
	    err);
}

static enum err_code
hand_out(struct session *session, struct handing *handing, size_t position, struct buf *out,
    struct err *err)
{
	BUF envelope = {0}, sealed = {0};

	TRY(find_envelope(handing, position, err));
	if (handing->gone) {
		buf_lp32(out, view_of(NULL, 0));
		return buf_check(out, err);
	}
	TRY(read_box(session, handing, &envelope, err));
	const struct reply_ids ids = {.vault = session->chain.vault,
	    .statement = handing->said.digest,
	    .header = handing->item->exhibit->header_hash,
	    .seat = handing->said.seat,
	    .token = handing->said.token};
	TRY(reply_seal(&ids, &handing->said.reply, buf_view(&envelope), &sealed, err));
	buf_lp32(out, buf_view(&sealed));
	return buf_check(out, err);
}

enum err_code
serve_envelopes(struct session *session, struct call *call, struct err *err)
{
	HANDING handing = {0};
	JSON *indexes = json_new_array();

	TRY(read_handing(call, &handing));
	TRY(load_handing(session, &handing, err));
	for (size_t i = 0; i < handing.positions.count; i++) {
		TRY(hand_out(session, &handing, handing.positions.rows[i], &call->out, err));
		json_add_int(indexes, handing.gone ? -1 : (int64_t)handing.index);
	}
	json_put(call->reply, "envelopes", TAKE(indexes));
	return ERR_OK;
}

/* What a client sent, in the order of the positions. */
struct sent {
	struct share_row rows[ITEMS_AT_ONCE];
	size_t count;
};

static void
sent_done(struct sent *sent)
{
	for (size_t i = 0; i < sent->count; i++)
		share_row_done(&sent->rows[i]);
}

static enum err_code
read_shares(struct view blob, const struct positions *positions, struct sent *sent, struct err *err)
{
	struct reader reader = reader_of(blob);

	for (size_t i = 0; i < positions->count; i++) {
		struct share_row *row = &sent->rows[sent->count++];
		struct view ciphertext = reader_lp32(&reader, ENVELOPE_CT_MAX);

		if (reader.failed || ciphertext.size == 0)
			return err_set(err, ERR_INVALID, "the shares of item %u are missing",
			    positions->rows[i]);
		row->position = positions->rows[i];
		buf_bytes(&row->ciphertext, ciphertext);
		TRY(buf_check(&row->ciphertext, err));
	}
	return reader_end(&reader) ? ERR_OK :
	                             err_set(err, ERR_INVALID, "there are more shares than items");
}

/* They open, and are those of the envelope: whoever approved sent them. */
static enum err_code
check_shares(struct session *session, struct handing *handing, struct p256_key *key,
    struct share_row *row, struct err *err)
{
	SECRET *shares = NULL;

	TRY(find_envelope(handing, row->position, err));
	if (handing->gone)
		return ERR_OK;
	row->statement = handing->said.digest;
	row->envelope = handing->index;
	snprintf(row->seat, sizeof(row->seat), "%s", handing->said.seat);
	if (alarm_of_client(session,
	        share_open(handing->opening, handing->item, row, key, &shares, err)) != ERR_OK)
		return err_add(err,
		    "%s: the shares of seat \"%s\" are wrong; the ceremony goes on, and the seat may "
		    "approve again",
		    handing->item->secret.name, row->seat);
	return ERR_OK;
}

/* Before the change.  What is read for it is read together. */
static enum err_code
check_sent(struct session *session, struct handing *handing, struct sent *sent, struct err *err)
{
	P256_KEY *key = NULL;
	READING reading = NULL;

	TRY(reading_begin(session, &reading, err));
	TRY(load_handing(session, handing, err));
	TRY(opening_keys(handing->opening, &key, NULL, err));
	for (size_t i = 0; i < sent->count; i++)
		TRY(check_shares(session, handing, key, &sent->rows[i], err));
	return ERR_OK;
}

/* Inside a change. */
static enum err_code
accept_shares(struct session *session, struct handing *handing, const struct share_row *row,
    struct err *err)
{
	LEAF leaf = leaf_new("shares");

	TRY(find_envelope(handing, row->position, err));
	if (handing->gone)
		return ERR_OK;
	/* What was passed over before the change was not opened either. */
	if (row->seat[0] == '\0' || handing->index != row->envelope)
		return err_set(err, ERR_BUSY,
		    "the seat was handed another envelope meanwhile; approve again");
	TRY(store_add_share(session->store, &handing->id, row, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(handing->id.bytes));
	leaf_int(&leaf, "item", row->position);
	leaf_text(&leaf, "seat", row->seat);
	leaf_statement(&leaf, &row->statement);
	return journal_add(session, &leaf, err);
}

enum err_code
serve_shares(struct session *session, struct call *call, struct err *err)
{
	CHANGE change = {0};
	HANDING handing = {0};
	CLEANUP(sent_done) struct sent sent = {0};

	TRY(read_handing(call, &handing));
	TRY(read_shares(call->blob, &handing.positions, &sent, err));
	TRY(check_sent(session, &handing, &sent, err));
	TRY(change_begin(session, &change, err));
	TRY(load_handing(session, &handing, err));
	for (size_t i = 0; i < sent.count; i++)
		TRY(accept_shares(session, &handing, &sent.rows[i], err));
	return change_commit(session, &change, err);
}

/* The quorum was met, and what is sealed does not open. */
static enum err_code
check_released(struct session *session, const struct id *id, struct err *err)
{
	OPENING *opening = NULL;

	TRY(opening_load(session, id, &opening, err));
	if (opening->row.state != CEREMONY_CLOSED || !mode_releases(opening->row.mode))
		return ERR_OK;
	for (size_t i = 0; i < opening->count; i++)
		if (opening->items[i].state == ITEM_DONE)
			return ERR_OK;
	session->told = true;
	return err_set(err, ERR_INTEGRITY, "the quorum is met, but nothing could be released: %s",
	    opening->row.reason);
}

enum err_code
serve_advance(struct session *session, struct call *call, struct err *err)
{
	READING reading = NULL;
	struct id id;

	json_in_hex(&call->in, "id", id.bytes, ID_SIZE);
	TRY(json_in_end(&call->in));
	enum err_code code = ceremony_advance(session, &id, err);
	if (code != ERR_OK)
		return err_add(err,
		    "what was approved is recorded and counts; any command, such as `halligan status`, "
		    "goes on once this is mended");
	TRY(check_released(session, &id, err));
	/* What was opened to be replaced is replaced at once. */
	TRY(leases_pay_of(session, &id, err));
	TRY(reading_begin(session, &reading, err));
	return reply_state(session, call->reply, &id, err);
}
