/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/text/whole.h"

#include <stdio.h>
#include <string.h>

enum { PIECE = 1000, ROW_SIZE = PIECE + 100 };

/* Where the piece ends that begins AT, of what ends at END: between letters. */
static size_t
end_piece(const char *text, size_t at, size_t end)
{
	size_t to = at + PIECE < end ? at + PIECE : end;

	while (to < end && ((unsigned char)text[to] & 0xc0) == 0x80)
		to++;
	return to;
}

void
show_whole(const char *label, const char *text, whole_row row, void *context)
{
	const size_t end = strlen(text) - 1; /* its last quotation mark */
	size_t count = 0, at = 1;

	if (end < PIECE) {
		row(context, label, text);
		return;
	}
	for (size_t to = 1; to < end; to = end_piece(text, to, end))
		count++;
	for (size_t i = 1; i <= count; i++) {
		char line[ROW_SIZE];
		size_t to = end_piece(text, at, end);

		(void)snprintf(line, sizeof(line), "(%zu of %zu) \"%.*s\"", i, count,
		    (int)(to - at), text + at);
		row(context, i == 1 ? label : "", line);
		at = to;
	}
}
