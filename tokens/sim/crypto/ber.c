/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens/sim/crypto/ber.h"

void
ber_put_header(struct buf *buf, uint8_t tag, size_t size)
{
	buf_u8(buf, tag);
	if (size > UINT16_MAX) {
		buf->failed = true;
	} else if (size > UINT8_MAX) {
		buf_u8(buf, 0x82);
		buf_u16(buf, (uint16_t)size);
	} else {
		if (size > 0x7f)
			buf_u8(buf, 0x81);
		buf_u8(buf, (uint8_t)size);
	}
}

void
ber_put(struct buf *buf, uint8_t tag, struct view value)
{
	ber_put_header(buf, tag, value.size);
	buf_bytes(buf, value);
}

void
ber_put_long(struct buf *buf, uint8_t tag, struct view value)
{
	buf_u8(buf, tag);
	if (value.size > UINT8_MAX) {
		buf_u8(buf, 0x82);
		buf_lp16(buf, value);
	} else {
		buf_u8(buf, 0x81);
		buf_lp8(buf, value);
	}
}

struct ber
ber_next(struct reader *reader)
{
	uint8_t tag = reader_u8(reader);
	size_t size = reader_u8(reader);

	if (size == 0x81)
		size = reader_u8(reader);
	else if (size == 0x82)
		size = reader_u16(reader);
	else if (size > 0x7f)
		reader->failed = true;
	struct view value = reader_bytes(reader, size);
	return reader->failed ? (struct ber){0} : (struct ber){tag, value};
}

bool
ber_find(struct view bytes, uint8_t tag, struct view *ret_value)
{
	struct reader reader = reader_of(bytes);
	bool found = false;

	while (!reader.failed && reader.rest.size > 0) {
		struct ber element = ber_next(&reader);
		if (!reader.failed && !found && element.tag == tag) {
			*ret_value = element.value;
			found = true;
		}
	}
	return found && reader_end(&reader);
}
