/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for a terminal of so many columns.  Pure. */
#ifndef CLI_TERMINAL_WRAP_H
#define CLI_TERMINAL_WRAP_H

#include "base/bytes.h"

enum { WRAP_MIN = 30 }; /* narrower ones are left alone */

/* LINE, broken between words so that no piece has more than COLUMNS columns, appended without a newline at
 * the end.  Pieces after the first are indented like the text of the line: after its leading spaces,
 * or under the value of "  name   value".  A longer word stays whole where it is ASCII (a path, a
 * digest); another one, in which foreign spaces could stand, is broken.  COLUMNS 0: unbroken.
 *
 * A line that begins with WRAP_QUOTE holds words of others: every piece begins with it, and none is
 * left to the terminal to break, whatever COLUMNS is (0: for 80), so that they look like nothing of ours. */
#define WRAP_QUOTE "  | "
enum { WRAP_QUOTE_COLUMNS = 80 };
void wrap_line(const char *line, size_t columns, struct buf *ret_text);
/* The bytes of LINE that fit in COLUMNS columns; all for 0. */
size_t wrap_fit(const char *line, size_t columns);

#endif
