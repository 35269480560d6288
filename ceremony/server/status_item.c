/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/status_item.h"

#include <inttypes.h>
#include <stdio.h>

#include "ceremony/protocol/rows.h"

void
status_add(struct json *items, const char *kind, const char *subject, const char *text,
    const char *waits, const char *next)
{
	const struct status_item item = {kind, subject, text, waits, next};

	members_add(items, status_item_members, &item);
}

void
status_add_rest(struct json *items, const char *kind, const char *what, uint64_t count,
    uint64_t shown, const char *next)
{
	char text[100];

	if (count <= shown)
		return;
	snprintf(text, sizeof(text), "%" PRIu64 " more of them are not shown", count - shown);
	status_add(items, kind, what, text, "those of the others", next);
}
