/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/documents/class.h"

static void
begin(struct buf *bytes, const char *label)
{
	buf_lp8(bytes, view_of_text(label));
}

static enum err_code
end(const struct buf *bytes, struct digest *ret_digest, struct err *err)
{
	TRY(buf_check(bytes, err));
	return sha256_one(buf_view(bytes), ret_digest, err);
}

enum err_code
class_shape(const struct header *header, const char *policy, struct digest *ret_shape,
    struct err *err)
{
	BUF bytes = {0};

	begin(&bytes, "halligan/v1 shape");
	buf_lp8(&bytes, view_of_text(policy));
	buf_lp16(&bytes, view_of_text(header->quorum));
	buf_u16(&bytes, header->envelope_count);
	for (size_t i = 0; i < header->envelope_count; i++) {
		buf_lp8(&bytes, view_of_text(header->envelopes[i].seat));
		buf_bytes(&bytes, VIEW_OF(header->envelopes[i].token.bytes));
	}
	return end(&bytes, ret_shape, err);
}

enum err_code
class_of(const struct digest *shape, const struct reach_spare *spares, size_t count,
    struct digest *ret_class, struct err *err)
{
	BUF bytes = {0};

	begin(&bytes, "halligan/v1 class");
	buf_bytes(&bytes, VIEW_OF(shape->bytes));
	buf_u16(&bytes, (uint16_t)count);
	for (size_t i = 0; i < count; i++) {
		buf_bytes(&bytes, VIEW_OF(spares[i].token.bytes));
		buf_u32(&bytes, spares[i].envelope);
		buf_u8(&bytes, spares[i].tested ? 1 : 0);
	}
	return end(&bytes, ret_class, err);
}
