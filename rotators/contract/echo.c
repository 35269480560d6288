/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The places of a stretch of text are put into a table by their next bytes, and then each place of the value is looked up
 * there.  Nothing of the value is kept; of the text, only where things stand.
 */
#include "rotators/contract/echo.h"

#include <string.h>

enum { WHOLE_MIN = 4, CODE_MIN = 6, STRETCH = 8192, SLOTS = 8192, SLOTS_SHIFT = 64 - 13 };

/* Places are one more than they are, so that 0 is none. */
struct places {
	struct view text; /* at most STRETCH bytes */
	uint16_t first[SLOTS], next[STRETCH + 1];
};

static size_t
slot(const uint8_t at[ECHO_PART])
{
	uint64_t begin;
	uint32_t end;

	memcpy(&begin, at, sizeof(begin));
	memcpy(&end, at + sizeof(begin), sizeof(end));
	return (size_t)(((begin ^ ((uint64_t)end << 29)) * 0x9e3779b97f4a7c15) >> SLOTS_SHIFT);
}

static void
fill(struct places *places, struct view text)
{
	memset(places->first, 0, sizeof(places->first));
	places->text = text;
	for (size_t i = 0; i + ECHO_PART <= text.size; i++) {
		uint16_t *first = &places->first[slot(text.data + i)];

		places->next[i + 1] = *first;
		*first = (uint16_t)(i + 1);
	}
}

/* Do the SIZE bytes, ECHO_PART or more, at PART stand in the text? */
static bool
stands(const struct places *places, const uint8_t *part, size_t size)
{
	for (size_t at = places->first[slot(part)]; at != 0; at = places->next[at])
		if (at - 1 + size <= places->text.size &&
		    memcmp(places->text.data + at - 1, part, size) == 0)
			return true;
	return false;
}

/* --- What is looked for ---------------------------------------------------------------------- */

/* 3 bytes as 4 letters. */
static void
put_letters(const uint8_t bytes[3], uint8_t letters[4])
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	letters[0] = (uint8_t)alphabet[bytes[0] >> 2];
	letters[1] = (uint8_t)alphabet[(bytes[0] & 3) << 4 | bytes[1] >> 4];
	letters[2] = (uint8_t)alphabet[(bytes[1] & 15) << 2 | bytes[2] >> 6];
	letters[3] = (uint8_t)alphabet[bytes[2] & 63];
}

/* Base64 of what begins with any byte of VALUE: with each beginning all three alignments are had. */
static bool
holds_letters(const struct places *places, struct view value)
{
	uint8_t letters[ECHO_LETTERS + 4];
	bool found = false;

	for (size_t i = 0; !found && i + 12 <= value.size; i++) {
		size_t size = 0;

		for (; size < sizeof(letters) && i + size / 4 * 3 + 3 <= value.size; size += 4)
			put_letters(value.data + i + size / 4 * 3, letters + size);
		for (size_t at = 0; at < 4 && at + ECHO_LETTERS <= size; at++)
			found = found || stands(places, letters + at, ECHO_LETTERS);
	}
	explicit_bzero(letters, sizeof(letters));
	return found;
}

static bool
holds_part(const struct places *places, struct view part)
{
	for (size_t i = 0; i + ECHO_PART <= part.size; i++)
		if (stands(places, part.data + i, ECHO_PART))
			return true;
	return false;
}

static bool
holds(struct view text, struct view part, size_t min)
{
	return part.size >= min && text.size >= part.size &&
	    memmem(text.data, text.size, part.data, part.size) != NULL;
}

/* The line of VALUE at *AT, without its end; *AT is the next one's. */
static struct view
next_line(struct view value, size_t *at)
{
	size_t start = *at, end = start;

	while (end < value.size && value.data[end] != '\n' && value.data[end] != '\r')
		end++;
	*at = end + 1;
	return view_of(value.data + start, end - start);
}

static bool
is_armour(struct view line)
{
	return line.size >= 5 && memcmp(line.data, "-----", 5) == 0;
}

/* Parts of what stands between lines of armour, over the ends of lines. */
static bool
holds_parts(const struct places *places, struct view value)
{
	size_t start = 0;

	for (size_t at = 0; at < value.size;) {
		size_t begin = at;

		if (!is_armour(next_line(value, &at)))
			continue;
		if (holds_part(places, view_of(value.data + start, begin - start)))
			return true;
		start = at;
	}
	return start < value.size &&
	    holds_part(places, view_of(value.data + start, value.size - start));
}

static bool
holds_code(struct view text, struct view codes)
{
	for (size_t at = 0; at < codes.size;)
		if (holds(text, next_line(codes, &at), CODE_MIN))
			return true;
	return false;
}

/* Does the stretch of text hold VALUE, as it is or as base64? */
static bool
holds_value(const struct places *places, struct view value)
{
	return holds_parts(places, value) || holds_letters(places, value);
}

/* --- Credentials ----------------------------------------------------------------------------- */

/* What is too short for the table, and so has no stretches. */
static bool
found_whole(struct view text, enum credential_field field, struct view value)
{
	return (value.size < ECHO_PART && holds(text, value, WHOLE_MIN)) ||
	    (field == FIELD_CODES && holds_code(text, value));
}

bool
echo_found(struct view text, struct view encoded)
{
	enum {
		STEP = STRETCH - ECHO_LETTERS + 1
	}; /* what lies over an end stands in the next one */
	struct view value;
	struct err absent;
	struct places places;

	for (size_t at = 0; encoded.size > 0 && (at == 0 || at + ECHO_PART <= text.size);
	     at += STEP) {
		size_t left = text.size - at;

		fill(&places, view_of(text.data + at, left < STRETCH ? left : STRETCH));
		for (int i = 0; i < CREDENTIAL_FIELDS; i++) {
			enum credential_field field = (enum credential_field)i;

			if (!credential_field_is_secret(field) ||
			    credential_get(encoded, field, &value, &absent) != ERR_OK)
				continue;
			if ((at == 0 && found_whole(text, field, value)) ||
			    holds_value(&places, value))
				return true;
		}
	}
	return false;
}

bool
echo_found_any(struct view text, const struct secret *const *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (values[i] != NULL && echo_found(text, secret_view(values[i])))
			return true;
	return false;
}
