/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One envelope: opened with a token, and its shares held against their commitments.  A commitment
 * is checked whenever shares arrive, from the token or re-sealed from an officer: combining
 * cannot tell a wrong share from a right one, and the last to arrive could choose the result.
 */
#include "vault/seal/envelope.h"

#include "base/crypto_key.h"
#include "base/hpke_info.h"

const char seal_label_approval[] = "halligan/v1 approval";
const char seal_label_answer[] = "halligan/v1 answer";

void
sealed_box_done(struct sealed_box *box)
{
	buf_done(&box->ciphertext);
}

/* What every hash begins with. */
static void
put_ids(struct buf *bytes, const char *label, const struct digest *vault,
    const struct secret_id *secret, uint32_t version)
{
	hpke_info_begin(bytes, label, vault);
	buf_bytes(bytes, VIEW_OF(secret->bytes));
	buf_u32(bytes, version);
}

enum err_code
envelope_commitment(const struct header *header, const struct header_share *share,
    struct view salted, struct digest *ret_commitment, struct err *err)
{
	BUF place = {0};
	put_ids(&place, "halligan/v1 share", &header->vault, &header->secret, header->version);
	buf_bytes(&place, VIEW_OF(header->charter.bytes));
	buf_u8(&place, share->clause);
	buf_u8(&place, share->group);
	buf_u8(&place, share->m);
	buf_u8(&place, share->n);
	buf_u8(&place, share->x);
	TRY(buf_check(&place, err));
	const struct view parts[] = {buf_view(&place), salted};
	return sha256(parts, ARRAY_SIZE(parts), ret_commitment, err);
}

/* What an envelope is bound to, be it the version's or a spare's. */
static void
put_envelope(struct buf *ids, const char *label, const struct header *header, size_t index)
{
	const struct header_envelope *envelope = &header->envelopes[index];
	put_ids(ids, label, &header->vault, &header->secret, header->version);
	buf_bytes(ids, VIEW_OF(header->charter.bytes));
	buf_bytes(ids, VIEW_OF(header->definition.bytes));
	buf_lp8(ids, view_of_text(envelope->seat));
	buf_bytes(ids, VIEW_OF(envelope->token.bytes));
}

enum err_code
envelope_info(const struct header *header, size_t index, struct digest *ret_info, struct err *err)
{
	BUF ids = {0};
	put_envelope(&ids, "halligan/v1 envelope", header, index);
	return hpke_info_end(&ids, ret_info, err);
}

enum err_code
seal_spare_info(const struct header *header, size_t index, const struct digest *spare,
    struct digest *ret_info, struct err *err)
{
	BUF ids = {0};
	put_envelope(&ids, "halligan/v1 spare", header, index);
	buf_bytes(&ids, VIEW_OF(spare->bytes));
	return hpke_info_end(&ids, ret_info, err);
}

enum err_code
seal_box_info(const struct box_ids *ids, struct digest *ret_info, struct err *err)
{
	BUF bytes = {0};
	put_ids(&bytes, ids->label, &ids->vault, &ids->secret, ids->version);
	buf_bytes(&bytes, VIEW_OF(ids->header_hash.bytes));
	buf_bytes(&bytes, VIEW_OF(ids->ceremony.bytes));
	buf_lp8(&bytes, view_of_text(ids->seat));
	buf_bytes(&bytes, VIEW_OF(ids->token.bytes));
	return hpke_info_end(&bytes, ret_info, err);
}

static enum err_code
check_index(const struct header *header, size_t index, struct err *err)
{
	if (index >= header->envelope_count)
		return err_set(err, ERR_INVALID, "envelope %zu: the header has %u", index,
		    header->envelope_count);
	return ERR_OK;
}

enum err_code
seal_check_shares(const struct header *header, size_t index, const struct secret *shares,
    struct err *err)
{
	TRY(check_index(header, index, err));
	const struct header_envelope *envelope = &header->envelopes[index];
	struct view bytes = secret_view(shares);
	size_t expected = (size_t)envelope->share_count * ENVELOPE_SHARE_SIZE;
	if (bytes.size != expected)
		return err_set(err, ERR_INTEGRITY,
		    "the shares of seat \"%s\" have %zu bytes, expected %zu", envelope->seat,
		    bytes.size, expected);
	for (size_t i = 0; i < envelope->share_count; i++) {
		struct digest commitment;
		TRY(envelope_commitment(header, &envelope->shares[i],
		    view_of(bytes.data + i * ENVELOPE_SHARE_SIZE, ENVELOPE_SHARE_SIZE), &commitment,
		    err));
		if (!digest_equal(&commitment, &envelope->shares[i].commitment))
			return err_set(err, ERR_INTEGRITY,
			    "share %zu of seat \"%s\" is not the one that was sealed", i + 1,
			    envelope->seat);
	}
	return ERR_OK;
}

static enum err_code
check_sizes(const struct header_envelope *envelope, struct view enc, struct view ciphertext,
    struct err *err)
{
	struct point point;
	size_t expected = (size_t)envelope->share_count * ENVELOPE_SHARE_SIZE + AEAD_TAG_SIZE;
	if (point_from(enc, &point, err) != ERR_OK)
		return err_set(err, ERR_INTEGRITY,
		    "the envelope of seat \"%s\": enc: not a point of P-256", envelope->seat);
	if (ciphertext.size != expected)
		return err_set(err, ERR_INTEGRITY,
		    "the envelope of seat \"%s\": ciphertext: %zu bytes, expected %zu",
		    envelope->seat, ciphertext.size, expected);
	return ERR_OK;
}

/* How the shares of one envelope are sealed: to which key, under which info. */
struct lock {
	const struct point *recipient;
	struct digest info;
};

static enum err_code
open_shares(const struct header *header, const struct digest *header_hash, size_t index,
    const struct lock *lock, struct view enc, struct view ciphertext, hpke_agree agree,
    void *context, struct secret **ret_shares, struct err *err)
{
	HPKE *hpke = NULL;
	SECRET *shares = NULL;
	const struct header_envelope *envelope = &header->envelopes[index];
	TRY(check_sizes(envelope, enc, ciphertext, err));
	if (hpke_recipient(envelope->suite, enc, lock->recipient, agree, context,
	        VIEW_OF(lock->info.bytes), &hpke, err) != ERR_OK)
		return err_add(err, "opening the envelope of seat \"%s\"", envelope->seat);
	if (hpke_open(hpke, VIEW_OF(header_hash->bytes), ciphertext, &shares, err) != ERR_OK) {
		if (err->code != ERR_CRYPTO)
			return err_add(err, "opening the envelope of seat \"%s\"", envelope->seat);
		return err_set(err, ERR_INTEGRITY,
		    "the envelope of seat \"%s\" was changed, or belongs to another token or version",
		    envelope->seat);
	}
	TRY(seal_check_shares(header, index, shares, err));
	*ret_shares = TAKE(shares);
	return ERR_OK;
}

enum err_code
seal_open_envelope(const struct header *header, const struct digest *header_hash, size_t index,
    struct view enc, struct view ciphertext, hpke_agree agree, void *context,
    struct secret **ret_shares, struct err *err)
{
	TRY(check_index(header, index, err));
	struct lock lock = {.recipient = &header->envelopes[index].recipient};
	TRY(envelope_info(header, index, &lock.info, err));
	return open_shares(header, header_hash, index, &lock, enc, ciphertext, agree, context,
	    ret_shares, err);
}

enum err_code
seal_open_spare(const struct header *header, const struct digest *header_hash, size_t index,
    const struct digest *spare, const struct point *share_key, struct view enc,
    struct view ciphertext, hpke_agree agree, void *context, struct secret **ret_shares,
    struct err *err)
{
	TRY(check_index(header, index, err));
	struct lock lock = {.recipient = share_key};
	TRY(seal_spare_info(header, index, spare, &lock.info, err));
	return open_shares(header, header_hash, index, &lock, enc, ciphertext, agree, context,
	    ret_shares, err);
}
