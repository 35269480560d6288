/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/rotator/difference.h"

#include <stdbool.h>
#include <string.h>

#include "base/lines.h"

static bool
has_line(const char *text, struct view wanted)
{
	struct lines lines = lines_of(view_of_text(text));
	struct view line;

	while (lines_next(&lines, &line))
		if (view_equal(line, wanted))
			return true;
	return false;
}

static void
gather_missing(const char *what, const char *verb, const char *text, const char *other,
    struct err *all)
{
	struct lines lines = lines_of(view_of_text(text));
	struct view line;
	struct err one;

	while (lines_next(&lines, &line))
		if (!has_line(other, line))
			err_gather(all,
			    err_set(&one, ERR_INTEGRITY, "of %s this %s so: %.*s", what, verb,
			        (int)(line.size < 250 ? line.size : 250), (const char *)line.data),
			    &one);
}

void
difference_gather(const char *what, const char *before, const char *after, struct err *all)
{
	gather_missing(what, "was", before, after, all);
	gather_missing(what, "is", after, before, all);
}
