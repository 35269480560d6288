/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A column is a code point: texts are plain (base/text.h), and wide letters in a name cost a ragged
 * edge, nothing else.
 */
#include "cli/terminal/wrap.h"

#include <string.h>

static bool
starts_column(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

static size_t
count_columns(const char *text, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += starts_column(text[i]);
	return count;
}

size_t
wrap_fit(const char *line, size_t columns)
{
	size_t at = 0, count = 0;

	if (columns == 0)
		return strlen(line);
	for (; line[at] != '\0'; at++) {
		if (starts_column(line[at]) && count++ == columns)
			break;
	}
	return at;
}

/* Where the value of "  name   value" begins; else after the leading spaces. */
static size_t
find_indent(const char *line, size_t columns)
{
	size_t lead = strspn(line, " ");
	size_t name = strcspn(line + lead, " ");
	size_t gap = strspn(line + lead + name, " ");
	size_t value = count_columns(line, lead + name + gap);

	if (lead >= 2 && gap >= 2 && value <= columns / 2)
		return value;
	return lead <= columns / 2 ? lead : 0;
}

/* The first piece of TEXT: up to the last space that leaves it within COLUMNS, or up to the first one. */
static size_t
piece_size(const char *text, size_t columns)
{
	size_t fits = wrap_fit(text, columns), lead = strspn(text, " "), end = fits;

	if (text[fits] == '\0')
		return fits;
	while (end > lead && text[end] != ' ')
		end--;
	if (end > lead)
		return end;
	return lead + strcspn(text + lead, " ");
}

void
wrap_line(const char *line, size_t columns, struct buf *ret_text)
{
	size_t indent = find_indent(line, columns), room = columns;

	if (columns < WRAP_MIN) {
		buf_text(ret_text, line);
		return;
	}
	for (;;) {
		size_t size = piece_size(line, room);

		buf_bytes(ret_text, view_of(line, size));
		line += size;
		line += strspn(line, " ");
		if (*line == '\0')
			return;
		buf_u8(ret_text, '\n');
		for (size_t i = 0; i < indent; i++)
			buf_u8(ret_text, ' ');
		room = columns - indent;
	}
}
