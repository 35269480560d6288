/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts are plain (base/text.h).  What is beyond the alphabets counts two columns, whether it is wide
 * or not: a piece may end early, but is never left to the terminal, which goes on in the first column.
 */
#include "cli/terminal/wrap.h"

#include <string.h>

static bool
starts_column(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

/* Of the letter that begins with BYTE: from three bytes on two columns (Hangul, CJK, emoji, signs). */
static size_t
width_of(char byte)
{
	return !starts_column(byte) ? 0 : (unsigned char)byte >= 0xe0 ? 2 : 1;
}

static size_t
count_columns(const char *text, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += width_of(text[i]);
	return count;
}

size_t
wrap_fit(const char *line, size_t columns)
{
	size_t at = 0, count = 0;

	if (columns == 0)
		return strlen(line);
	for (; line[at] != '\0'; at++) {
		count += width_of(line[at]);
		if (count > columns)
			break;
	}
	return at;
}

/* Where the value of "  name   value" begins; else after the leading spaces, and never in the first column:
 * what wraps may be somebody else's words, and is not to look like a line of ours. */
static size_t
find_indent(const char *line, size_t columns)
{
	size_t lead = strspn(line, " ");
	size_t name = strcspn(line + lead, " ");
	size_t gap = strspn(line + lead + name, " ");
	size_t value = count_columns(line, lead + name + gap);

	if (lead >= 2 && gap >= 2 && value <= columns / 2)
		return value;
	return lead >= 2 && lead <= columns / 2 ? lead : 2;
}

static bool
is_ascii(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

/* The first piece of TEXT: up to the last space that leaves it within COLUMNS, or else one word, or what
 * fits of it. */
static size_t
piece_size(const char *text, size_t columns, bool quoted)
{
	size_t fits = wrap_fit(text, columns), lead = strspn(text, " "), end = fits;

	if (text[fits] == '\0')
		return fits;
	while (end > lead && text[end] != ' ')
		end--;
	while (end > lead && text[end - 1] == ' ')
		end--;
	if (end > lead)
		return end;
	size_t word = lead + strcspn(text + lead, " ");
	return quoted || !is_ascii(text, word) ? fits : word;
}

/* TEXT in pieces: of FIRST columns, then of ROOM, each after LEAD. */
static void
wrap_text(const char *text, size_t first, size_t room, struct view lead, bool quoted,
    struct buf *ret_text)
{
	size_t size = piece_size(text, first, quoted);

	for (;;) {
		buf_bytes(ret_text, view_of(text, size));
		text += size;
		text += strspn(text, " ");
		if (*text == '\0')
			return;
		buf_u8(ret_text, '\n');
		buf_bytes(ret_text, lead);
		size = piece_size(text, room, quoted);
	}
}

static void
wrap_quote(const char *text, size_t columns, struct buf *ret_text)
{
	const struct view mark = view_of_text(WRAP_QUOTE);
	size_t room = columns == 0 ? WRAP_QUOTE_COLUMNS : columns;

	room = room > mark.size + 2 ? room - mark.size : 2; /* the widest letter */
	buf_bytes(ret_text, mark);
	wrap_text(text, room, room, mark, true, ret_text);
}

void
wrap_line(const char *line, size_t columns, struct buf *ret_text)
{
	const size_t mark = sizeof(WRAP_QUOTE) - 1;
	size_t indent = find_indent(line, columns);
	BUF lead = {0};

	for (size_t i = 0; i < indent; i++)
		buf_u8(&lead, ' ');
	if (strncmp(line, WRAP_QUOTE, mark) == 0)
		wrap_quote(line + mark, columns, ret_text);
	else if (columns < WRAP_MIN)
		buf_text(ret_text, line);
	else
		wrap_text(line, columns, columns - indent, buf_view(&lead), false, ret_text);
}
