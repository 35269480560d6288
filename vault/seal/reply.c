/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/seal/reply.h"

#include "base/hpke.h"
#include "base/hpke_info.h"

static enum err_code
reply_info(const struct reply_ids *ids, struct digest *ret_info, struct err *err)
{
	BUF bytes = {0};
	hpke_info_begin(&bytes, "halligan/v1 reply", &ids->vault);
	buf_bytes(&bytes, VIEW_OF(ids->statement.bytes));
	buf_bytes(&bytes, VIEW_OF(ids->header.bytes));
	buf_lp8(&bytes, view_of_text(ids->seat));
	buf_bytes(&bytes, VIEW_OF(ids->token.bytes));
	return hpke_info_end(&bytes, ret_info, err);
}

enum err_code
reply_seal(const struct reply_ids *ids, const struct point *reply, struct view envelope,
    struct buf *ret_box, struct err *err)
{
	HPKE *hpke = NULL;
	struct digest info;
	struct point enc;
	TRY(reply_info(ids, &info, err));
	TRY(hpke_sender(hpke_suite_default, reply, VIEW_OF(info.bytes), &hpke, &enc, err));
	buf_bytes(ret_box, VIEW_OF(enc.bytes));
	return hpke_seal(hpke, VIEW_OF(ids->statement.bytes), envelope, ret_box, err);
}

enum err_code
reply_open(const struct reply_ids *ids, struct p256_key *key, struct view box,
    struct buf *ret_envelope, struct err *err)
{
	HPKE *hpke = NULL;
	SECRET *envelope = NULL;
	struct digest info;
	struct point public_key;
	if (box.size <= POINT_SIZE)
		return err_set(err, ERR_INTEGRITY, "the envelope has %zu bytes", box.size);
	p256_key_public(key, &public_key);
	TRY(reply_info(ids, &info, err));
	TRY(hpke_recipient(hpke_suite_default, view_of(box.data, POINT_SIZE), &public_key,
	    hpke_agree_local, key, VIEW_OF(info.bytes), &hpke, err));
	if (hpke_open(hpke, VIEW_OF(ids->statement.bytes),
	        view_of(box.data + POINT_SIZE, box.size - POINT_SIZE), &envelope, err) != ERR_OK)
		return err_set(err, ERR_INTEGRITY,
		    "the envelope was not sealed to this request, or was changed on its way");
	buf_bytes(ret_envelope, secret_view(envelope));
	return buf_check(ret_envelope, err);
}
