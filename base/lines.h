/* SPDX-License-Identifier: Apache-2.0 */
/* A text line by line, and the number of each, which errors name. */
#ifndef BASE_LINES_H
#define BASE_LINES_H

#include "base/bytes.h"

struct lines {
	struct view rest;
	size_t number; /* of the line that was given last, 1 being the first; 0: none yet */
	bool ended;    /* it had a line end, so that it is all there */
};

/* A byte-order mark of UTF-8 at the start is passed over.  The lines are views into TEXT. */
struct lines lines_of(struct view text);
/* The next line without its end, which is LF or CRLF; false where there is none.  A CR elsewhere is a byte like others. */
bool lines_next(struct lines *lines, struct view *ret_line);
/* Nothing, or only spaces and tabs. */
bool lines_blank(struct view line);

#endif
