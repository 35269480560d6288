/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lines.h"

#include <string.h>

struct lines
lines_of(struct view text)
{
	static const uint8_t mark[] = {0xef, 0xbb, 0xbf};

	if (text.size >= sizeof(mark) && memcmp(text.data, mark, sizeof(mark)) == 0)
		text = view_of(text.data + sizeof(mark), text.size - sizeof(mark));
	return (struct lines){.rest = text};
}

bool
lines_next(struct lines *lines, struct view *ret_line)
{
	struct view rest = lines->rest;
	const uint8_t *end = rest.size > 0 ? memchr(rest.data, '\n', rest.size) : NULL;
	size_t size = end != NULL ? (size_t)(end - rest.data) : rest.size;
	size_t after = end != NULL ? size + 1 : size;

	if (rest.size == 0)
		return false;
	lines->rest = view_of(rest.data + after, rest.size - after);
	lines->number++;
	lines->ended = end != NULL;
	if (end != NULL && size > 0 && rest.data[size - 1] == '\r')
		size--;
	*ret_line = view_of(rest.data, size);
	return true;
}

bool
lines_blank(struct view line)
{
	for (size_t i = 0; i < line.size; i++)
		if (line.data[i] != ' ' && line.data[i] != '\t')
			return false;
	return true;
}
