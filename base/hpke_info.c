/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hpke_info.h"

void
hpke_info_begin(struct buf *bytes, const char *label, const struct digest *vault)
{
	buf_lp8(bytes, view_of_text(label));
	buf_bytes(bytes, VIEW_OF(vault->bytes));
}

enum err_code
hpke_info_end(const struct buf *bytes, struct digest *ret_info, struct err *err)
{
	TRY(buf_check(bytes, err));
	return sha256_one(buf_view(bytes), ret_info, err);
}
