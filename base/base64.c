/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

/* All ones when LOW <= VALUE <= HIGH, else zero; for values below 256. */
static uint32_t
within(uint32_t value, uint32_t low, uint32_t high)
{
	return (((value - low) | (high - value)) >> 31) - 1U;
}

static uint8_t
letter_of(uint32_t six)
{
	uint32_t letter = (within(six, 0, 25) & (six + 'A')) |
	    (within(six, 26, 51) & (six + 'a' - 26)) | (within(six, 52, 61) & (six + '0' - 52)) |
	    (within(six, 62, 62) & '+') | (within(six, 63, 63) & '/');

	return (uint8_t)letter;
}

/* The six bits, or 64 for a byte that is no base64 letter. */
static uint32_t
six_of(uint32_t letter)
{
	uint32_t upper = within(letter, 'A', 'Z'), lower = within(letter, 'a', 'z');
	uint32_t digit = within(letter, '0', '9'), plus = within(letter, '+', '+');
	uint32_t slash = within(letter, '/', '/');
	uint32_t none = ~(upper | lower | digit | plus | slash);

	return (upper & (letter - 'A')) | (lower & (letter - 'a' + 26)) |
	    (digit & (letter - '0' + 52)) | (plus & 62) | (slash & 63) | (none & 64);
}

void
base64_letters(const uint8_t *bytes, size_t size, uint8_t ret_letters[4])
{
	uint32_t group = (uint32_t)bytes[0] << 16 | (size > 1 ? (uint32_t)bytes[1] << 8 : 0) |
	    (size > 2 ? (uint32_t)bytes[2] : 0);

	for (size_t i = 0; i < 4; i++)
		ret_letters[i] = i <= size ? letter_of(group >> (18 - 6 * i) & 63) : (uint8_t)'=';
}

size_t
base64_bytes(const uint8_t letters[4], uint8_t ret_bytes[3])
{
	size_t pads = letters[3] != '=' ? 0 : letters[2] != '=' ? 1 : 2;
	uint32_t group = 0, wrong = 0;

	for (size_t i = 0; i < 4; i++) {
		uint32_t six = i < 4 - pads ? six_of(letters[i]) : 0;

		wrong |= six & 64;
		group = group << 6 | (six & 63);
	}
	wrong |= group & ((1U << (8 * pads)) - 1);
	for (size_t i = 0; i < 3; i++)
		ret_bytes[i] = (uint8_t)(group >> (16 - 8 * i));
	return wrong == 0 ? 3 - pads : 0;
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
