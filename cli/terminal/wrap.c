/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is beyond the alphabets counts two columns, whether it is wide
 * or not: a piece may end early, but is never left to the terminal, which goes on in the first column.
 */
#include "cli/terminal/wrap.h"

#include <string.h>

#include "base/text.h"

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

/* Where the value of "  some name   value" begins; else after the leading spaces, and never in the first column. */
static size_t
find_indent(const char *line, size_t columns)
{
	size_t lead = strspn(line, " ");
	const char *gap = strstr(line + lead, "  ");
	size_t before = gap == NULL ? 0 : (size_t)(gap - line) + strspn(gap, " ");
	size_t value = count_columns(line, before);

	if (lead >= 2 && value > 0 && value <= columns / 2)
		return value;
	return lead >= 2 && lead <= columns / 2 ? lead : 2;
}

/* It may be broken: others wrote of it, or foreign spaces could stand in it. */
static bool
is_theirs(const char *word, size_t size, bool quoted)
{
	for (size_t i = 0; i < size; i++)
		quoted |= word[i] == '"' || (unsigned char)word[i] >= 0x80;
	return quoted;
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
	return is_theirs(text, word, quoted) ? fits : word;
}

/* Of a piece after the first, whose text begins after INDENT columns, or 4 where it needs the mark. */
static void
put_lead(size_t indent, bool quoted, struct buf *ret_text)
{
	buf_u8(ret_text, '\n');
	for (size_t i = quoted ? sizeof(WRAP_MARK) - 1 : 0; i < indent; i++)
		buf_u8(ret_text, ' ');
	buf_text(ret_text, quoted ? WRAP_MARK : "");
}

/* A piece of SIZE bytes, or more: up to the words of others in which, or before which, it may end. */
static size_t
reach_theirs(const char *text, size_t size, bool quoted)
{
	size_t end = size + strcspn(text + size, "\"");

	for (size_t i = 0; i < size; i++)
		quoted ^= text[i] == '"';
	if (quoted || text[end] == '\0')
		return quoted ? size : end;
	while (end > size && text[end] != ' ')
		end--;
	return end;
}

/* LINE in pieces of COLUMNS columns; 0: of WRAP_COLUMNS, where words of others stand. */
static void
wrap_text(const char *line, size_t columns, struct buf *ret_text)
{
	const size_t widest = 2; /* letter, which is written in any case */
	size_t width = columns == 0 ? WRAP_COLUMNS : columns;
	size_t indent = find_indent(line, width), room = width;

	for (bool quoted = false;;) {
		size_t size = piece_size(line, room > widest ? room : widest, quoted);

		if (columns == 0)
			size = reach_theirs(line, size, quoted);
		buf_bytes(ret_text, view_of(line, size));
		for (size_t i = 0; i < size; i++)
			quoted ^= line[i] == '"';
		line += size;
		line += strspn(line, " ");
		if (*line == '\0')
			return;
		size_t lead = quoted && indent < 4 ? 4 : indent;
		put_lead(lead, quoted, ret_text);
		room = width > lead ? width - lead : 0;
	}
}

void
wrap_line(const char *line, size_t columns, struct buf *ret_text)
{
	BUF plain = {0};

	text_plain(line, &plain);
	if (columns >= WRAP_MIN || strchr(line, '"') != NULL)
		wrap_text(buf_string(&plain), columns, ret_text);
	else
		buf_bytes(ret_text, buf_view(&plain));
	ret_text->failed |= plain.failed;
}
