/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/opening/shares.h"

#include <string.h>

#include "base/crypto_key.h"
#include "base/hpke.h"
#include "vault/seal/opener.h"

enum err_code
opening_keys(const struct opening *opening, struct p256_key **ret_key, struct secret **ret_lease,
    struct err *err)
{
	P256_KEY *key = NULL;
	SECRET *lease = NULL;
	struct point public_key;
	char path[4096];

	TRY(host_id_path(opening->session->folder, "ceremony", &opening->row.id, ".key", path,
	    err));
	TRY(ceremony_key_load(opening->session->folder, &opening->row.id, &key, &lease, err));
	p256_key_public(key, &public_key);
	if (!point_equal(&public_key, &opening->transcript->ceremony.key))
		return err_set(err, ERR_INTEGRITY,
		    "%s is not the key that the ceremony names: it was changed; no approval can be "
		    "opened",
		    path);
	*ret_key = TAKE(key);
	if (ret_lease != NULL)
		*ret_lease = TAKE(lease);
	return ERR_OK;
}

static enum err_code
open_box(const struct opening *opening, const struct share_row *row, const struct voice *voice,
    struct p256_key *key, struct secret **ret_shares, struct err *err)
{
	const struct ceremony *ceremony = &opening->transcript->ceremony;
	const struct item *item = &ceremony->items.rows[row->position];
	HPKE *hpke = NULL;
	struct digest info;
	const struct box_ids ids = {.label = seal_label_approval,
	    .vault = opening->session->chain.vault,
	    .secret = item->secret,
	    .version = item->version,
	    .header_hash = item->header,
	    .ceremony = ceremony->digest,
	    .seat = row->seat,
	    .token = voice->token};

	TRY(seal_box_info(&ids, &info, err));
	TRY(hpke_recipient(hpke_suite_default, VIEW_OF(voice->enc.bytes), &ceremony->key,
	    hpke_agree_local, key, VIEW_OF(info.bytes), &hpke, err));
	return hpke_open(hpke, VIEW_OF(ceremony->digest.bytes), buf_view(&row->ciphertext),
	    ret_shares, err);
}

enum err_code
share_open(const struct opening *opening, const struct loaded_item *item,
    const struct share_row *row, struct p256_key *key, struct secret **ret_shares, struct err *err)
{
	const struct voice *voice = share_voice(opening, row);
	SECRET *shares = NULL;
	uint32_t index;
	bool spare;

	if (exhibit_envelope(item->exhibit, row->seat, &voice->token, &index, &spare, err) !=
	        ERR_OK ||
	    index != row->envelope)
		return err_set(err, ERR_INTEGRITY,
		    "the shares of seat \"%s\" are of another envelope", row->seat);
	enum err_code code = open_box(opening, row, voice, key, &shares, err);
	if (code == ERR_CRYPTO)
		return err_set(err, ERR_INTEGRITY,
		    "the shares of seat \"%s\" do not open: they are not those that it signed",
		    row->seat);
	if (code != ERR_OK)
		return code;
	TRY(seal_check_shares(item->exhibit->header, row->envelope, shares, err));
	*ret_shares = TAKE(shares);
	return ERR_OK;
}

enum err_code
item_combine(const struct opening *opening, const struct loaded_item *item, struct p256_key *key,
    struct secret **ret_credential, struct err *err)
{
	OPENER *opener = NULL;

	TRY(opener_new(item->exhibit->header, &opener, err));
	for (size_t i = 0; i < item->share_count && !opener_ready(opener); i++) {
		SECRET *shares = NULL;

		if (!item_counts(opening, &item->shares[i]))
			continue;
		TRY(share_open(opening, item, &item->shares[i], key, &shares, err));
		TRY(opener_add(opener, item->shares[i].envelope, shares, err));
	}
	return opener_open(opener, buf_view(&item->version.header),
	    buf_view(&item->version.ciphertext), ret_credential, err);
}
