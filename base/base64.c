/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

/* Four letters are coded at once, a byte of a word each, all of them below 128. */
static const uint32_t each = 0x01010101, tops = 0x80808080;

/* All ones in the bytes of FOUR that are LOW to HIGH, else zero. */
static uint32_t
within(uint32_t four, uint32_t low, uint32_t high)
{
	uint32_t above = (four | tops) - low * each, below = (high * each | tops) - four;

	return ((above & below & tops) >> 7) * 0xff;
}

/* The bytes that are LOW and more, COUNT of them, as FIRST and more; the others as zero; RET_KNOWN has all
 * ones where it was so. */
static uint32_t
moved(uint32_t four, uint32_t low, uint32_t count, uint32_t first, uint32_t *ret_known)
{
	uint32_t mask = within(four, low, low + count - 1);

	*ret_known |= mask;
	return (four & mask) - (low * each & mask) + (first * each & mask);
}

static const struct {
	uint8_t six, count, letter;
} alphabet[] = {{0, 26, 'A'}, {26, 26, 'a'}, {52, 10, '0'}, {62, 1, '+'}, {63, 1, '/'}};

static uint32_t
letters_of(uint32_t sixes)
{
	uint32_t letters = 0, known = 0;

	for (size_t i = 0; i < ARRAY_SIZE(alphabet); i++)
		letters |=
		    moved(sixes, alphabet[i].six, alphabet[i].count, alphabet[i].letter, &known);
	return letters;
}

/* False: one of them is no base64 letter. */
static bool
sixes_of(uint32_t letters, uint32_t *ret_sixes)
{
	uint32_t sixes = 0, known = 0;

	for (size_t i = 0; i < ARRAY_SIZE(alphabet); i++)
		sixes |= moved(letters & ~tops, alphabet[i].letter, alphabet[i].count,
		    alphabet[i].six, &known);
	*ret_sixes = sixes;
	return (~known | (letters & tops)) == 0;
}

void
base64_letters(const uint8_t *bytes, size_t size, uint8_t ret_letters[4])
{
	uint32_t group = (uint32_t)bytes[0] << 16 | (size > 1 ? (uint32_t)bytes[1] << 8 : 0) |
	    (size > 2 ? (uint32_t)bytes[2] : 0);
	uint32_t letters = letters_of((group & 0xfc0000) << 6 | (group & 0x3f000) << 4 |
	    (group & 0xfc0) << 2 | (group & 0x3f));

	for (size_t i = 0; i < 4; i++) {
		uint32_t letter = i <= size ? letters >> (24 - 8 * i) & 0xff : '=';

		ret_letters[i] = (uint8_t)letter;
	}
}

size_t
base64_bytes(const uint8_t letters[4], uint8_t ret_bytes[3])
{
	size_t pads = letters[3] != '=' ? 0 : letters[2] != '=' ? 1 : 2;
	uint32_t four = 0, sixes, group;

	for (size_t i = 0; i < 4; i++)
		four = four << 8 | (i < 4 - pads ? letters[i] : 'A');
	bool right = sixes_of(four, &sixes);
	group =
	    (sixes >> 24) << 18 | (sixes >> 16 & 63) << 12 | (sixes >> 8 & 63) << 6 | (sixes & 63);
	for (size_t i = 0; i < 3; i++)
		ret_bytes[i] = (uint8_t)(group >> (16 - 8 * i));
	return right && (group & ((1U << (8 * pads)) - 1)) == 0 ? 3 - pads : 0;
}

void
buf_base64(struct buf *buf, struct view bytes)
{
	uint8_t *out = buf_space(buf, (bytes.size + 2) / 3 * 4);

	for (size_t i = 0; out != NULL && i < bytes.size; i += 3, out += 4)
		base64_letters(bytes.data + i, bytes.size - i, out);
}

bool
buf_from_base64(struct buf *buf, struct view text)
{
	size_t before = buf->size, count = 3;
	uint8_t bytes[3];

	for (size_t i = 0; i < text.size; i += 4) {
		/* Only the last group has padding. */
		count = count == 3 && text.size % 4 == 0 ? base64_bytes(text.data + i, bytes) : 0;
		if (count == 0) {
			buf->size = before;
			return false;
		}
		buf_bytes(buf, view_of(bytes, count));
	}
	return !buf->failed;
}
