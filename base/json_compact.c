/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check on jansson: a document without its white space, its texts spelled as json_encode()
 * spells them, must be what json_encode() makes of the tree that was read.  jansson 2.14 ignores
 * a failure to grow its buffer and drops the character, so that a text or a number loses a part
 * without an error; and a person must never see anything else than the bytes that were signed.
 *
 * The input is already known to be JSON; whatever it is, nothing outside of it is read.
 */
#include "base/json_compact.h"

#include "base/text.h"

/* Four hex digits of either case. */
static uint32_t
read_unit(struct reader *reader)
{
	uint32_t unit = 0;

	for (int i = 0; i < 4; i++) {
		uint8_t digit = reader_u8(reader);

		unit = unit << 4 |
		    (digit >= 'a'        ? digit - 'a' + 10u :
		            digit >= 'A' ? digit - 'A' + 10u :
		                           digit - '0' + 0u);
	}
	return unit;
}

static void
put_point(struct buf *buf, uint32_t point)
{
	unsigned more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
	static const uint8_t first[] = {0, 0xc0, 0xe0, 0xf0};

	buf_u8(buf, (uint8_t)(first[more] | point >> (6 * more)));
	for (; more > 0; more--)
		buf_u8(buf, (uint8_t)(0x80 | (point >> (6 * (more - 1)) & 0x3f)));
}

/* What follows a backslash. */
static void
compact_escape(struct reader *reader, struct buf *ret_text)
{
	uint8_t kind = reader_u8(reader);
	uint32_t point = kind;

	if (kind == 'u') {
		point = read_unit(reader);
		if (point >= 0xd800 && point < 0xdc00) { /* the first half of a pair */
			reader_bytes(reader, 2);
			point = 0x10000 + ((point & 0x3ff) << 10 | (read_unit(reader) & 0x3ff));
		}
	} else if (kind != '"' && kind != '\\' && kind != '/') {
		point = 0xfffd; /* a control character, which no text of ours may have */
	}
	if (point == '"' || point == '\\')
		buf_u8(ret_text, '\\');
	put_point(ret_text, point);
}

/* Past what stands before the next quotation mark or backslash of a text: most of any document is that. */
static struct view
read_letters(struct reader *reader)
{
	const uint8_t *data = reader->rest.data;
	size_t size = 0;

	while (size < reader->rest.size && data[size] != '"' && data[size] != '\\')
		size++;
	return reader_bytes(reader, size);
}

static void
compact_string(struct reader *reader, struct buf *ret_text)
{
	buf_u8(ret_text, '"');
	while (reader->rest.size > 0) {
		buf_bytes(ret_text, read_letters(reader));
		if (reader->rest.size == 0)
			return;
		if (reader_u8(reader) == '"') {
			buf_u8(ret_text, '"');
			return;
		}
		compact_escape(reader, ret_text);
	}
}

/* Past a text whose first quotation mark was read. */
static void
skip_string(struct reader *reader)
{
	while (reader->rest.size > 0) {
		read_letters(reader);
		if (reader->rest.size == 0 || reader_u8(reader) == '"')
			return;
		if (reader->rest.size > 0)
			reader_u8(reader);
	}
}

size_t
json_values(struct view text)
{
	struct reader reader = reader_of(text);
	size_t count = 1;

	while (reader.rest.size > 0) {
		uint8_t byte = reader_u8(&reader);

		if (byte == '"')
			skip_string(&reader);
		else if (byte == ',' || byte == ':' || byte == '[' || byte == '{')
			count++;
	}
	return count;
}

void
json_compact(struct view text, struct buf *ret_text)
{
	struct reader reader = reader_of(text);

	while (reader.rest.size > 0) {
		uint8_t byte = reader_u8(&reader);

		if (byte == '"')
			compact_string(&reader, ret_text);
		else if (byte != ' ' && byte != '\t' && byte != '\n' && byte != '\r')
			buf_u8(ret_text, byte);
	}
}
