/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/opening/batch_shares.h"

#include <string.h>

#include "base/crypto_key.h"
#include "base/hpke.h"
#include "vault/seal/envelope.h"
#include "vault/seal/opener.h"

enum err_code
batch_key(struct session *session, const struct batch *batch, struct p256_key **ret_key,
    struct err *err)
{
	P256_KEY *key = NULL;
	struct point public_key;

	TRY(ceremony_key_load(session->folder, &batch->row.id, &key, err));
	p256_key_public(key, &public_key);
	if (!point_equal(&public_key, &batch->ceremony.key))
		return err_set(err, ERR_INTEGRITY,
		    "the key of this ceremony is not the one that it names: it was changed");
	*ret_key = TAKE(key);
	return ERR_OK;
}

/* The approval that ROW's shares belong to: of the same seat, and verified with the batch. */
static enum err_code
find_approval(struct session *session, const struct batch *batch, const struct batch_share_row *row,
    struct approval *ret_approval, struct err *err)
{
	for (size_t i = 0; i < batch->voice_count; i++) {
		const struct voice_row *voice = &batch->voices[i];
		DSSE statement = {0};

		if (voice->denies || !digest_equal(&voice->statement, &row->statement) ||
		    strcmp(voice->seat, row->seat) != 0)
			continue;
		TRY(session_statement(session, &row->statement, "approval", &statement, err));
		return approval_parse(&statement, session->chain.charter->training, ret_approval,
		    err);
	}
	return err_set(err, ERR_INTEGRITY, "the shares of seat \"%s\" belong to no approval",
	    row->seat);
}

/* An approval counts for the envelope of its own token alone. */
static enum err_code
check_envelope(const struct case_item *item, const struct batch_share_row *row,
    const struct digest *token, struct err *err)
{
	const struct spare_row *spare = NULL;
	uint32_t index;

	if (spares_envelope(item->header, item->spares, row->seat, token, &index, &spare, err) !=
	        ERR_OK ||
	    index != row->envelope)
		return err_set(err, ERR_INTEGRITY,
		    "the shares of seat \"%s\" are of another envelope", row->seat);
	return ERR_OK;
}

static enum err_code
open_box(const struct session *session, const struct batch *batch,
    const struct batch_share_row *row, const struct approval *approval, struct p256_key *key,
    struct secret **ret_shares, struct err *err)
{
	const struct item *open = &batch->ceremony.items.rows[row->position];
	HPKE *hpke = NULL;
	struct digest info;
	const struct box_ids ids = {.label = seal_label_approval,
	    .vault = session->chain.vault,
	    .secret = open->secret,
	    .version = open->version,
	    .header_hash = open->header,
	    .ceremony = batch->row.digest,
	    .seat = row->seat,
	    .token = approval->token};

	TRY(seal_box_info(&ids, &info, err));
	TRY(hpke_recipient(hpke_suite_default, VIEW_OF(approval->enc.bytes), &batch->ceremony.key,
	    hpke_agree_local, key, VIEW_OF(info.bytes), &hpke, err));
	return hpke_open(hpke, VIEW_OF(batch->row.digest.bytes), buf_view(&row->ciphertext),
	    ret_shares, err);
}

enum err_code
batch_shares_open(struct session *session, const struct batch *batch, const struct case_item *item,
    const struct batch_share_row *row, struct p256_key *key, struct secret **ret_shares,
    struct err *err)
{
	SECRET *shares = NULL;
	struct approval approval;

	TRY(find_approval(session, batch, row, &approval, err));
	TRY(check_envelope(item, row, &approval.token, err));
	enum err_code code = open_box(session, batch, row, &approval, key, &shares, err);
	if (code == ERR_CRYPTO)
		return err_set(err, ERR_INTEGRITY,
		    "the shares of seat \"%s\" do not open: they are not those that it signed",
		    row->seat);
	if (code != ERR_OK)
		return code;
	TRY(seal_check_shares(item->header, row->envelope, shares, err));
	*ret_shares = TAKE(shares);
	return ERR_OK;
}

enum err_code
batch_combine(struct session *session, const struct batch *batch, const struct case_item *item,
    struct p256_key *key, struct secret **ret_credential, struct err *err)
{
	OPENER *opener = NULL;

	TRY(opener_new(item->header, &opener, err));
	for (size_t i = 0; i < item->share_count && !opener_ready(opener); i++) {
		SECRET *shares = NULL;

		if (!batch_counts(batch, item->shares[i].seat))
			continue;
		TRY(batch_shares_open(session, batch, item, &item->shares[i], key, &shares, err));
		TRY(opener_add(opener, item->shares[i].envelope, shares, err));
	}
	return opener_open(opener, buf_view(&item->version.header),
	    buf_view(&item->version.ciphertext), ret_credential, err);
}
