/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A head is one byte, kind << 5 | value; values 24, 25, 26 and 27 say that the value follows in
 * 1, 2, 4 or 8 bytes.
 */
#include "tokens/formats/cbor.h"

enum { UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, OTHER };
enum { FALSE_VALUE = 20, TRUE_VALUE = 21, NULL_VALUE = 22, ONE_BYTE = 24, EIGHT_BYTES = 27 };

static const uint64_t least[] = {24, UINT8_MAX + 1, UINT16_MAX + 1, (uint64_t)UINT32_MAX + 1};

static uint64_t
fail(struct reader *reader)
{
	reader->failed = true;
	reader->rest = (struct view){0};
	return 0;
}

static uint64_t
head(struct reader *reader, unsigned *ret_kind)
{
	uint8_t first = reader_u8(reader);
	unsigned value = first & 0x1f;
	uint64_t number = value;

	*ret_kind = first >> 5;
	if (reader->failed || value > EIGHT_BYTES)
		return fail(reader);
	if (value < ONE_BYTE)
		return number;
	if (value == ONE_BYTE)
		number = reader_u8(reader);
	else if (value == ONE_BYTE + 1)
		number = reader_u16(reader);
	else if (value == ONE_BYTE + 2)
		number = reader_u32(reader);
	else
		number = reader_u64(reader);
	return number < least[value - ONE_BYTE] ? fail(reader) : number;
}

/* A head of KIND whose value is at most MAX. */
static size_t
sized(struct reader *reader, unsigned kind, size_t max)
{
	unsigned found;
	uint64_t size = head(reader, &found);

	if (reader->failed || found != kind || size > max)
		return (size_t)fail(reader);
	return (size_t)size;
}

int64_t
cbor_int(struct reader *reader)
{
	unsigned kind;
	uint64_t number = head(reader, &kind);

	if (reader->failed || kind > NEGATIVE || number > INT64_MAX)
		return (int64_t)fail(reader);
	return kind == NEGATIVE ? -1 - (int64_t)number : (int64_t)number;
}

bool
cbor_bool(struct reader *reader)
{
	unsigned kind;
	uint64_t number = head(reader, &kind);

	if (reader->failed || kind != OTHER || (number != FALSE_VALUE && number != TRUE_VALUE))
		return fail(reader) != 0;
	return number == TRUE_VALUE;
}

struct view
cbor_bytes(struct reader *reader, size_t max)
{
	return reader_bytes(reader, sized(reader, BYTES, max));
}

struct view
cbor_text(struct reader *reader, size_t max)
{
	return reader_bytes(reader, sized(reader, TEXT, max));
}

size_t
cbor_array(struct reader *reader, size_t max)
{
	return sized(reader, ARRAY, max);
}

size_t
cbor_map(struct reader *reader, size_t max)
{
	return sized(reader, MAP, max);
}

static void
skip(struct reader *reader, unsigned depth)
{
	unsigned kind;
	uint64_t number = head(reader, &kind);

	if (reader->failed || depth > CBOR_DEPTH || kind == TAG)
		fail(reader);
	else if (kind == BYTES || kind == TEXT)
		reader_bytes(reader, number > SIZE_MAX ? SIZE_MAX : (size_t)number);
	else if (kind == OTHER && (number < FALSE_VALUE || number > NULL_VALUE))
		fail(reader);
	else if (kind == ARRAY || kind == MAP) {
		for (uint64_t i = 0; i < number && !reader->failed; i++) {
			skip(reader, depth + 1);
			if (kind == MAP)
				skip(reader, depth + 1);
		}
	}
}

void
cbor_skip(struct reader *reader)
{
	skip(reader, 0);
}
