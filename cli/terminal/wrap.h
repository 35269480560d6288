/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for a terminal of so many columns.  Pure. */
#ifndef CLI_TERMINAL_WRAP_H
#define CLI_TERMINAL_WRAP_H

#include "base/bytes.h"

enum { WRAP_MIN = 30 }; /* narrower ones are left alone */

/* LINE, broken between words so that no piece has more than COLUMNS columns (a longer word stays whole);
 * appended without a newline at the end.  Pieces after the first are indented like the text of the
 * line: after its leading spaces, or under the value of "  name   value".  COLUMNS 0: unbroken. */
void wrap_line(const char *line, size_t columns, struct buf *ret_text);
/* The bytes of LINE that fit in COLUMNS columns; all for 0. */
size_t wrap_fit(const char *line, size_t columns);

#endif
