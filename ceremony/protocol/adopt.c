/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/adopt.h"

#include "base/hpke_info.h"

const struct member adopt_members[] = {
    {"box_key", MEMBER_HEX, FIELD(struct adopt, box_key)},
    {"rotate", MEMBER_BOOL, FIELD(struct adopt, rotate)},
    {NULL},
};

void
adopt_done(struct adopt *adopt)
{
	order_done(&adopt->order);
	*adopt = (struct adopt){0};
}

enum err_code
adopt_parse(const struct dsse *statement, bool training, struct adopt *ret_adopt, struct err *err)
{
	ADOPT adopt = {0};

	TRY(order_parse(statement, STATEMENT_ADOPT, training, adopt_members, &adopt, &adopt.order,
	    err));
	*ret_adopt = adopt;
	adopt.order.items = NULL;
	return ERR_OK;
}

enum err_code
adopt_info(const struct digest *vault, const struct order_item *item, struct digest *ret_info,
    struct err *err)
{
	BUF bytes = {0};

	hpke_info_begin(&bytes, "halligan/v1 adopt", vault);
	buf_bytes(&bytes, VIEW_OF(item->secret.bytes));
	buf_bytes(&bytes, VIEW_OF(item->definition.bytes));
	return hpke_info_end(&bytes, ret_info, err);
}

enum err_code
adopt_box_digest(const struct adopt *adopt, const struct order_item *item, const struct point *enc,
    struct view ciphertext, struct digest *ret_digest, struct err *err)
{
	BUF bytes = {0};

	hpke_info_begin(&bytes, "halligan/v1 adopt box", &adopt->order.vault);
	buf_bytes(&bytes, VIEW_OF(adopt->order.digest.bytes));
	buf_bytes(&bytes, VIEW_OF(item->secret.bytes));
	buf_bytes(&bytes, VIEW_OF(enc->bytes));
	buf_lp32(&bytes, ciphertext);
	return hpke_info_end(&bytes, ret_digest, err);
}
