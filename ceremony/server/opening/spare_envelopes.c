/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a version is hashed and authenticated, so a further envelope stands beside it.  What
 * is in it is held against the header's commitments whenever it arrives, like any other share; the
 * signature tells who put it there.
 */
#include "ceremony/server/opening/spare_envelopes.h"

#include <string.h>

#include "base/json_members.h"
#include "ceremony/protocol/spare.h"
#include "ceremony/server/vault/chain.h"
#include "vault/seal/envelope.h"
#include "vault/store/secret.h"

enum err_code
spares_load(struct session *session, const struct header *header, struct spare_set *ret_set,
    struct err *err)
{
	TRY(store_list_spares(session->store, &header->secret, header->version, ret_set->rows,
	    ARRAY_SIZE(ret_set->rows), &ret_set->count, err));
	for (size_t i = 0; i < ret_set->count; i++)
		if (ret_set->rows[i].envelope >= header->envelope_count)
			return err_set(err, ERR_INTEGRITY,
			    "the database has a spare token's envelope for one that the header does not have");
	return ERR_OK;
}

/* The spare of SET for TOKEN, or NULL. */
static const struct spare_row *
find(const struct spare_set *set, const struct digest *token)
{
	for (size_t i = 0; i < set->count; i++)
		if (digest_equal(&set->rows[i].token, token))
			return &set->rows[i];
	return NULL;
}

enum err_code
spares_envelope(const struct header *header, const struct spare_set *set, const char *seat,
    const struct digest *token, uint32_t *ret_index, const struct spare_row **ret_spare,
    struct err *err)
{
	const struct spare_row *spare = find(set, token);

	for (uint32_t i = 0; i < header->envelope_count; i++) {
		const struct header_envelope *envelope = &header->envelopes[i];

		if (strcmp(envelope->seat, seat) != 0)
			continue;
		if (!digest_equal(&envelope->token, token) &&
		    (spare == NULL || spare->envelope != i))
			continue;
		*ret_index = i;
		*ret_spare = digest_equal(&envelope->token, token) ? NULL : spare;
		return ERR_OK;
	}
	return err_set(err, ERR_NOT_FOUND, "seat \"%s\" has no envelope for this token", seat);
}

/* The sign key of TOKEN of SEAT, in any charter of the chain, the newest first. */
static enum err_code
verify_signer(struct session *session, const struct dsse *statement, const struct spare *spare,
    struct err *err)
{
	const struct seat_token *token = chain_token(&session->chain, spare->seat, &spare->from);

	if (token != NULL)
		return seat_token_verify(statement, token, err);
	for (size_t i = session->chain.charter_count - 1; i > 0; i--) {
		const struct charter *charter;
		const struct seat *seat;

		TRY(chain_charter(&session->chain, i - 1, &charter, err));
		seat = seat_by_token(charter->seats, charter->seat_count, &spare->from, &token);
		if (seat != NULL && strcmp(seat->name, spare->seat) == 0)
			return seat_token_verify(statement, token, err);
	}
	return err_set(err, ERR_INTEGRITY, "no charter has the token that signed it");
}

/* RET_SPARE: the statement of ROW, which says what the row says. */
static enum err_code
load_statement(struct session *session, const struct header *header, const struct spare_row *row,
    struct spare *ret_spare, struct err *err)
{
	DSSE statement = {0};
	SPARE spare = {0};
	const struct header_envelope *envelope = &header->envelopes[row->envelope];
	const struct spare_open *open;

	TRY(session_statement(session, &row->statement, "spare", &statement, err));
	TRY(spare_parse(&statement, session->chain.charter->training, &spare, err));
	open = spare_find(&spare, &row->secret, row->version);
	if (!digest_equal(&spare.vault, &session->chain.vault) || open == NULL ||
	    open->envelope != row->envelope || !digest_equal(&spare.to, &row->token))
		return err_set(err, ERR_INTEGRITY, "the statement is of another envelope");
	if (strcmp(spare.seat, envelope->seat) != 0 || !digest_equal(&spare.from, &envelope->token))
		return err_set(err, ERR_INTEGRITY, "the statement is of another seat");
	TRY(verify_signer(session, &statement, &spare, err));
	*ret_spare = TAKE(spare);
	return ERR_OK;
}

/* RET_CIPHERTEXT is the box of ROW, as the one-time key of its statement signed it. */
static enum err_code
load_box(struct session *session, const struct spare_row *row, const struct spare *spare,
    struct buf *ret_ciphertext, struct err *err)
{
	BUF ciphertext = {0};
	struct digest box;

	TRY(store_get_spare(session->store, &row->secret, row->version, &row->token, &ciphertext,
	    err));
	TRY(spare_box_digest(spare, spare_find(spare, &row->secret, row->version),
	    buf_view(&ciphertext), &box, err));
	if (!digest_equal(&box, &row->box) ||
	    ed25519_verify(&spare->box_key, VIEW_OF(box.bytes), VIEW_OF(row->signature), err) !=
	        ERR_OK)
		return err_set(err, ERR_INTEGRITY, "it is not the one that was signed");
	buf_bytes(ret_ciphertext, buf_view(&ciphertext));
	return buf_check(ret_ciphertext, err);
}

/* RET_CIPHERTEXT may be NULL. */
static enum err_code
load(struct session *session, const struct header *header, const struct spare_row *row,
    struct point *ret_enc, struct buf *ret_ciphertext, struct err *err)
{
	SPARE spare = {0};
	enum err_code code = load_statement(session, header, row, &spare, err);

	if (code == ERR_OK && ret_ciphertext != NULL)
		code = load_box(session, row, &spare, ret_ciphertext, err);
	if (code == ERR_OK) {
		*ret_enc = spare.enc;
		return ERR_OK;
	}
	if (code == ERR_INVALID || code == ERR_REFUSED)
		err->code = ERR_INTEGRITY;
	return err_add(err, "the envelope for a spare token of seat \"%s\"",
	    header->envelopes[row->envelope].seat);
}

enum err_code
spares_verify(struct session *session, const struct header *header, const struct spare_row *row,
    struct point *ret_enc, struct err *err)
{
	return load(session, header, row, ret_enc, NULL, err);
}

enum err_code
spares_read_box(struct session *session, const struct header *header, uint32_t index,
    const struct spare_row *spare, struct buf *ret_bytes, struct err *err)
{
	CLEANUP(sealed_box_done) struct sealed_box box = {0};
	struct digest token;
	struct point enc;

	if (spare != NULL) {
		TRY(load(session, header, spare, &enc, &box.ciphertext, err));
		memcpy(box.enc, enc.bytes, POINT_SIZE);
	} else {
		TRY(store_get_envelope(session->store, &header->secret, header->version, index,
		    &token, &box, err));
		if (!digest_equal(&token, &header->envelopes[index].token))
			return err_set(err, ERR_INTEGRITY,
			    "envelope %u in the database is another token's", index);
	}
	buf_bytes(ret_bytes, VIEW_OF(box.enc));
	buf_bytes(ret_bytes, buf_view(&box.ciphertext));
	return buf_check(ret_bytes, err);
}

void
spares_reach(const struct spare_set *set, struct reach_spares *ret_spares)
{
	ret_spares->count = set->count;
	for (size_t i = 0; i < set->count; i++)
		ret_spares->rows[i] = (struct reach_spare){set->rows[i].token,
		    set->rows[i].envelope, set->rows[i].tested};
}

enum err_code
spares_load_reach(struct session *session, const struct header *header,
    struct reach_spares *ret_spares, struct err *err)
{
	struct spare_set set;

	TRY(spares_load(session, header, &set, err));
	spares_reach(&set, ret_spares);
	return ERR_OK;
}

static const struct member spare_members[] = {
    {"token", MEMBER_HEX, FIELD(struct reach_spare, token)},
    {"envelope", MEMBER_NUMBER, FIELD(struct reach_spare, envelope)},
    {"tested", MEMBER_BOOL, FIELD(struct reach_spare, tested)},
    {NULL},
};

void
spares_put(struct json *reply, const struct reach_spares *spares)
{
	members_put_rows(reply, "spares", spare_members, spares->rows, sizeof(spares->rows[0]),
	    spares->count);
}

bool
spares_seat_usable(const struct session *session, const struct header *header,
    const struct spare_set *set, const char *name)
{
	struct reach_spares spares;

	spares_reach(set, &spares);
	return reach_seat(session->chain.charter, &session->chain.suspensions, header, &spares,
	    name);
}
