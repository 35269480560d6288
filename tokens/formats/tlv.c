/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tag's first byte ends in 1F when more follow; of those, each but the last has its upper bit
 * set.  A length is one byte below 80, or 81 and one byte, or 82 and two.
 */
#include "tokens/formats/tlv.h"

enum { INTEGER = 0x02, SEQUENCE = 0x30, COORDINATE_MAX = 32 };

static uint32_t
read_tag(struct reader *reader)
{
	uint32_t tag = reader_u8(reader);

	if (tag == 0) /* padding, which nobody has asked for */
		reader->failed = true;
	if ((tag & 0x1f) != 0x1f)
		return tag;
	for (int i = 0; i < 2; i++) {
		uint8_t byte = reader_u8(reader);

		tag = tag << 8 | byte;
		if ((byte & 0x80) == 0)
			return tag;
	}
	reader->failed = true;
	return 0;
}

static size_t
read_length(struct reader *reader, bool shortest)
{
	size_t first = reader_u8(reader);
	size_t length = first;

	if (first == 0x81)
		length = reader_u8(reader);
	else if (first == 0x82)
		length = reader_u16(reader);
	else if (first >= 0x80)
		reader->failed = true;
	if (shortest && ((first == 0x81 && length < 0x80) || (first == 0x82 && length < 0x100)))
		reader->failed = true;
	return length;
}

static struct tlv
next(struct reader *reader, bool shortest)
{
	uint32_t tag = read_tag(reader);
	size_t length = read_length(reader, shortest);
	struct view value = reader_bytes(reader, length);

	return reader->failed ? (struct tlv){0} : (struct tlv){tag, value};
}

struct tlv
tlv_next(struct reader *reader)
{
	return next(reader, false);
}

struct tlv
tlv_next_der(struct reader *reader)
{
	return next(reader, true);
}

static bool
only(struct view bytes, uint32_t tag, bool shortest, struct view *ret_value)
{
	struct reader reader = reader_of(bytes);
	struct tlv element = next(&reader, shortest);

	if (!reader_end(&reader) || element.tag != tag)
		return false;
	*ret_value = element.value;
	return true;
}

bool
tlv_only(struct view bytes, uint32_t tag, struct view *ret_value)
{
	return only(bytes, tag, false, ret_value);
}

bool
tlv_only_der(struct view bytes, uint32_t tag, struct view *ret_value)
{
	return only(bytes, tag, true, ret_value);
}

bool
tlv_find(struct view bytes, uint32_t tag, struct view *ret_value)
{
	struct reader reader = reader_of(bytes);
	struct view found = {0};
	unsigned count = 0;

	while (!reader.failed && reader.rest.size > 0) {
		struct tlv element = tlv_next(&reader);

		if (element.tag != tag)
			continue;
		found = element.value;
		count++;
	}
	if (reader.failed || count != 1)
		return false;
	*ret_value = found;
	return true;
}

/* Not empty, not negative, no zero byte in front but one that keeps the sign. */
static bool
is_natural(struct view integer)
{
	if (integer.size == 0 || (integer.data[0] & 0x80) != 0)
		return false;
	return integer.size == 1 || integer.data[0] != 0 || (integer.data[1] & 0x80) != 0;
}

bool
tlv_u32(struct view integer, uint32_t *ret_number)
{
	uint64_t number = 0;

	if (!is_natural(integer) || integer.size > 5)
		return false;
	for (size_t i = 0; i < integer.size; i++)
		number = number << 8 | integer.data[i];
	if (number > UINT32_MAX)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

static bool
is_coordinate(struct view integer)
{
	if (!is_natural(integer))
		return false;
	if (integer.size == 1 && integer.data[0] == 0)
		return false;
	return integer.size <= COORDINATE_MAX ||
	    (integer.size == COORDINATE_MAX + 1 && integer.data[0] == 0);
}

bool
tlv_is_signature(struct view der)
{
	struct view sequence;

	if (!tlv_only_der(der, SEQUENCE, &sequence))
		return false;
	struct reader reader = reader_of(sequence);
	struct tlv r = tlv_next_der(&reader);
	struct tlv s = tlv_next_der(&reader);

	return reader_end(&reader) && r.tag == INTEGER && s.tag == INTEGER &&
	    is_coordinate(r.value) && is_coordinate(s.value);
}

static void
put_tag(struct buf *buf, uint32_t tag)
{
	if (tag > 0xffff)
		buf_u8(buf, (uint8_t)(tag >> 16));
	if (tag > 0xff)
		buf_u8(buf, (uint8_t)(tag >> 8));
	buf_u8(buf, (uint8_t)tag);
}

void
tlv_put(struct buf *buf, uint32_t tag, struct view value)
{
	put_tag(buf, tag);
	if (value.size > 0xffff)
		buf->failed = true;
	else if (value.size > 0xff) {
		buf_u8(buf, 0x82);
		buf_u16(buf, (uint16_t)value.size);
	} else {
		if (value.size > 0x7f)
			buf_u8(buf, 0x81);
		buf_u8(buf, (uint8_t)value.size);
	}
	buf_bytes(buf, value);
}

void
tlv_put_u8(struct buf *buf, uint32_t tag, uint8_t value)
{
	tlv_put(buf, tag, view_of(&value, 1));
}
