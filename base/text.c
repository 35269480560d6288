/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every decoder here accepts one spelling only, the one that its encoder writes: two texts that
 * mean the same must be the same bytes, because bytes are what gets hashed and signed.
 */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/words.h"

void
text_hex(struct view bytes, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.size; i++) {
		*ret_text++ = digits[bytes.data[i] >> 4];
		*ret_text++ = digits[bytes.data[i] & 15];
	}
	*ret_text = '\0';
}

void
buf_hex(struct buf *buf, struct view bytes)
{
	for (size_t i = 0; i < bytes.size; i++) {
		char pair[3];

		text_hex(view_of(bytes.data + i, 1), pair);
		buf_text(buf, pair);
	}
}

/* The value of a lower-case hex digit, or -1. */
static int
hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

bool
text_from_hex(const char *text, uint8_t *ret_bytes, size_t size)
{
	if (strlen(text) / 2 != size || strlen(text) % 2 != 0)
		return false;
	for (size_t i = 0; i < 2 * size; i++) {
		if (hex_value(text[i]) < 0)
			return false;
	}
	for (size_t i = 0; i < size; i++)
		ret_bytes[i] = (uint8_t)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
	return true;
}

/* The next code point of valid UTF-8 (no overlong forms, no surrogates), or -1. */
static int32_t
utf8_next(struct reader *reader)
{
	static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint8_t first = reader_u8(reader);
	unsigned more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	int32_t point;

	if ((first >= 0x80 && first < 0xc2) || first > 0xf4)
		return -1;
	point = more == 0 ? first : first & (0x3f >> more);
	for (unsigned i = 0; i < more; i++) {
		uint8_t next = reader_u8(reader);

		if ((next & 0xc0) != 0x80)
			return -1;
		point = point << 6 | (next & 0x3f);
	}
	if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return -1;
	return point;
}

struct range {
	int32_t first, last;
};

static bool
is_within(const struct range *ranges, size_t count, int32_t point)
{
	for (size_t i = 0; i < count; i++)
		if (point >= ranges[i].first && point <= ranges[i].last)
			return true;
	return false;
}

/* Code points that control a terminal or reorder what a person reads, and non-characters. */
static bool
is_forbidden(int32_t point)
{
	static const struct range ranges[] = {
	    {0x00, 0x1f},
	    {0x7f, 0x9f},
	    {0x061c, 0x061c},
	    {0x200e, 0x200f},
	    {0x2028, 0x202e},
	    {0x2066, 0x2069},
	    {0xfdd0, 0xfdef},
	    {0xfeff, 0xfeff},
	};

	return is_within(ranges, ARRAY_SIZE(ranges), point) || (point & 0xfffe) == 0xfffe;
}

/* Past what needs no further look, which is most of any text. */
static void
skip_ascii(struct reader *reader)
{
	const uint8_t *data = reader->rest.data;
	size_t size = 0;

	while (size < reader->rest.size && data[size] >= ' ' && data[size] <= '~')
		size++;
	reader_bytes(reader, size);
}

bool
text_is_plain(struct view text)
{
	struct reader reader = reader_of(text);

	for (skip_ascii(&reader); reader.rest.size > 0; skip_ascii(&reader)) {
		int32_t point = utf8_next(&reader);

		if (point < 0 || is_forbidden(point))
			return false;
	}
	return !reader.failed;
}

void
text_plain(const char *text, struct buf *ret_text)
{
	struct reader reader = reader_of(view_of_text(text));

	while (reader.rest.size > 0) {
		struct view rest = reader.rest;
		int32_t point = utf8_next(&reader);

		if (point >= 0 && !is_forbidden(point)) {
			buf_bytes(ret_text, view_of(rest.data, rest.size - reader.rest.size));
			continue;
		}
		buf_u8(ret_text, '?');
		if (point < 0) /* what follows the byte that begins no letter may be one */
			reader = reader_of(view_of(rest.data + 1, rest.size - 1));
	}
}

void
text_make_plain(char *text)
{
	if (text_is_plain(view_of_text(text)))
		return;
	for (char *c = text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static bool
is_letter_or_digit(char character)
{
	return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
}

bool
text_is_otp(struct view text)
{
	enum { OTP_MIN = 32 };

	if (text.size < OTP_MIN)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (memchr("cbdefghijklnrtuv", text.data[i], 16) == NULL)
			return false;
	}
	return true;
}

bool
text_is_name(const char *text)
{
	size_t size = strlen(text);
	bool begins = true;

	if (size < 1 || size > 63)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (begins && !is_letter_or_digit(text[i]))
			return false;
		if (!is_letter_or_digit(text[i]) && strchr("-_./", text[i]) == NULL)
			return false;
		begins = text[i] == '/';
	}
	return !begins;
}

const char *
text_plural(uint64_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}

/* What a terminal draws as nothing, in one column or two. */
static bool
is_space(int32_t point)
{
	static const struct range ranges[] = {{0x20, 0x20}, {0xa0, 0xa0}, {0x115f, 0x1160},
	    {0x1680, 0x1680}, {0x2000, 0x200a}, {0x202f, 0x202f}, {0x205f, 0x205f},
	    {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164}, {0xffa0, 0xffa0}};

	return is_within(ranges, ARRAY_SIZE(ranges), point);
}

/* What it draws in no column, so that two spaces with it between them are side by side. */
static bool
is_unseen(int32_t point)
{
	static const struct range ranges[] = {{0xad, 0xad}, {0x034f, 0x034f}, {0x17b4, 0x17b5},
	    {0x180b, 0x180f}, {0x200b, 0x200d}, {0x2060, 0x2065}, {0x206a, 0x206f},
	    {0xfe00, 0xfe0f}, {0xfff0, 0xfffb}, {0xe0000, 0xe0fff}};

	return is_within(ranges, ARRAY_SIZE(ranges), point);
}

/* The letters of WORDS as they are printed into RET_TEXT of MAX bytes; their size. */
static size_t
print_words(const char *words, char *ret_text, size_t max, bool *ret_cut)
{
	struct reader reader = reader_of(view_of_text(words));
	size_t size = 0;
	bool space = false;

	while (reader.rest.size > 0) {
		struct view letter = reader.rest;
		int32_t point = utf8_next(&reader);

		letter.size -= reader.rest.size;
		if (point == '"' || point < 0 || is_forbidden(point))
			letter = view_of_text(point == '"' ? "'" : "?");
		if (is_space(point) || (is_unseen(point) && (space || size == 0))) {
			space = size > 0;
			continue;
		}
		*ret_cut = size + space + letter.size > max;
		if (*ret_cut)
			break;
		if (space)
			ret_text[size++] = ' ';
		memcpy(ret_text + size, letter.data, letter.size);
		size += letter.size;
		space = false;
	}
	return size;
}

struct text_quoted
text_quoted(const char *words)
{
	struct text_quoted quoted = {"\""};
	bool cut = false;
	size_t size = print_words(words, quoted.text + 1, QUOTED_MAX, &cut);

	memcpy(quoted.text + 1 + size, cut ? "...\"" : "\"", cut ? 5 : 2);
	return quoted;
}

void
text_quote(const char *words, struct buf *ret_text)
{
	buf_text(ret_text, QUOTED(words));
}

void
text_quote_whole(const char *words, struct buf *ret_text)
{
	struct reader reader = reader_of(view_of_text(words));
	bool blank = true; /* before it, or nothing yet */

	buf_text(ret_text, "\"");
	while (reader.rest.size > 0) {
		struct view letter = reader.rest;
		int32_t point = utf8_next(&reader);
		bool ends = blank || reader.rest.size == 0 || point != ' ';

		letter.size -= reader.rest.size;
		blank = is_space(point) || is_unseen(point);
		if (point < 0 || is_forbidden(point))
			buf_text(ret_text, "?");
		else if (point == '"' || point == '\\')
			buf_text(ret_text, point == '"' ? "\\'" : "\\\\");
		else if (blank && ends)
			buf_format(ret_text, "\\u{%x}", (unsigned)point);
		else
			buf_bytes(ret_text, letter);
	}
	buf_text(ret_text, "\"");
}

/* Levenshtein's distance, one row of its table at a time; A is of at most NEAREST_MAX bytes. */
enum { NEAREST_MAX = 64 };

static size_t
distance(const char *a, size_t size, const char *b)
{
	size_t row[NEAREST_MAX + 1];

	for (size_t i = 0; i <= size; i++)
		row[i] = i;
	for (; *b != '\0'; b++) {
		size_t diagonal = row[0]++;

		for (size_t i = 0; i < size; i++) {
			size_t best = diagonal + (a[i] != *b);

			diagonal = row[i + 1];
			if (diagonal + 1 < best)
				best = diagonal + 1;
			if (row[i] + 1 < best)
				best = row[i] + 1;
			row[i + 1] = best;
		}
	}
	return row[size];
}

const char *
text_nearest(const char *text, const char *const *names)
{
	const char *nearest = NULL;
	size_t size = strlen(text);
	size_t least = 2 + size / 3; /* one more than the farthest that counts as near */

	if (size > NEAREST_MAX)
		return NULL;
	for (; *names != NULL; names++) {
		size_t away = distance(text, size, *names);

		if (away < least) {
			least = away;
			nearest = *names;
		}
	}
	return nearest;
}

void
text_words(struct view bytes, char ret_text[TEXT_WORDS_SIZE])
{
	size_t used = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < bytes.size && used < TEXT_WORDS_SIZE; i++) {
		const char *const *words = i % 2 == 0 ? words_even : words_odd;

		used += (size_t)snprintf(ret_text + used, TEXT_WORDS_SIZE - used, "%s%s",
		    i > 0 ? " " : "", words[bytes.data[i]]);
	}
}

bool
firmware_from_text(const char *text, uint8_t ret_firmware[3])
{
	unsigned numbers[3] = {0};
	char again[FIRMWARE_TEXT_SIZE];
	if (strlen(text) >= sizeof(again) ||
	    sscanf(text, "%3u.%3u.%3u", &numbers[0], &numbers[1], &numbers[2]) != 3)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (numbers[i] > UINT8_MAX)
			return false;
	const uint8_t firmware[3] = {(uint8_t)numbers[0], (uint8_t)numbers[1], (uint8_t)numbers[2]};
	firmware_text(firmware, again);
	if (strcmp(text, again) != 0)
		return false;
	memcpy(ret_firmware, firmware, sizeof(firmware));
	return true;
}

void
firmware_text(const uint8_t firmware[3], char ret_text[FIRMWARE_TEXT_SIZE])
{
	snprintf(ret_text, FIRMWARE_TEXT_SIZE, "%u.%u.%u", firmware[0], firmware[1], firmware[2]);
}
