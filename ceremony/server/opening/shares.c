/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/opening/shares.h"

#include "base/crypto_key.h"
#include "base/hpke.h"
#include "ceremony/server/vault/host.h"
#include "vault/seal/envelope.h"

static enum err_code
wrong_key(const struct session *session, const struct matter *matter, struct err *err)
{
	char path[4096];

	TRY(host_id_path(session->folder, "ceremony", &matter->row.id, ".key", path, err));
	return err_set(err, ERR_INTEGRITY,
	    "%s is not the key that the ceremony names: it was changed; no approval can be opened",
	    path);
}

enum err_code
shares_open(struct session *session, const struct matter *matter, const struct approval_row *row,
    struct view enc, struct view ciphertext, struct secret **ret_shares, struct err *err)
{
	P256_KEY *key = NULL;
	HPKE *hpke = NULL;
	struct point public_key;
	struct digest info;
	const struct box_ids ids = {.label = seal_label_approval,
	    .vault = session->chain.vault,
	    .secret = matter->row.secret,
	    .version = matter->row.version,
	    .header_hash = matter->ceremony.items.rows[0].header,
	    .ceremony = matter->row.digest,
	    .seat = row->seat,
	    .token = row->token};

	TRY(ceremony_key_load(session->folder, &matter->row.id, &key, err));
	p256_key_public(key, &public_key);
	if (!point_equal(&public_key, &matter->ceremony.key))
		return wrong_key(session, matter, err);
	TRY(seal_box_info(&ids, &info, err));
	TRY(hpke_recipient(hpke_suite_default, enc, &public_key, hpke_agree_local, key,
	    VIEW_OF(info.bytes), &hpke, err));
	return hpke_open(hpke, VIEW_OF(matter->row.digest.bytes), ciphertext, ret_shares, err);
}
