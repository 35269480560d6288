/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for a terminal of so many columns.  Pure. */
#ifndef CLI_TERMINAL_WRAP_H
#define CLI_TERMINAL_WRAP_H

#include "base/bytes.h"

enum { WRAP_MIN = 30, WRAP_COLUMNS = 80 }; /* narrower ones are left alone */

/* LINE, broken between words so that no piece has more than COLUMNS columns, appended without a newline at
 * the end.  Pieces after the first are indented like the text of the line: after its leading spaces,
 * or under the value of "  some name   value".  A longer word stays whole where it is ASCII (a path, a
 * digest); another one, in which foreign spaces could stand, is broken.  COLUMNS 0: unbroken.
 *
 * Between quotation marks stand the words of others (text_quote, which leaves them no mark of their own): a
 * piece that begins within has WRAP_MARK before it, and such words are left to no terminal to break, whatever
 * COLUMNS is (0: they end at WRAP_COLUMNS, and nothing else is broken), so that they look like nothing of ours.
 *
 * Whatever LINE is, what comes out is plain (text_plain), but for the newlines between pieces. */
#define WRAP_MARK "| "
void wrap_line(const char *line, size_t columns, struct buf *ret_text);
/* The bytes of LINE that fit in COLUMNS columns; all for 0. */
size_t wrap_fit(const char *line, size_t columns);

#endif
