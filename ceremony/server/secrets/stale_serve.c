/* SPDX-License-Identifier: Apache-2.0 */
/* The list of what should be sealed again, some secrets at a time: the client asks on. */
#include <stdlib.h>
#include <string.h>

#include "ceremony/server/secrets/reseal_due.h"

enum { SCANNED = 256 };

static void
add(struct json *array, const struct secret_row *secret, const struct stale *stale)
{
	struct json *object = json_new_object();

	json_put_hex(object, "secret", VIEW_OF(secret->id.bytes));
	json_put_text(object, "name", secret->name);
	json_put_int(object, "version", secret->current);
	json_put_hex(object, "definition", VIEW_OF(stale->definition.bytes));
	json_put_hex(object, "header", VIEW_OF(stale->header.bytes));
	json_put_text(object, "why", stale->why);
	json_put_int(object, "left", stale->left);
	json_put_bool(object, "can", stale->can);
	json_put_text(object, "cannot", stale->cannot);
	json_add(array, object);
}

static void
freep(struct secret_row **rows)
{
	free(*rows);
}

static void
leavers_freep(struct leavers **leavers)
{
	free(*leavers);
}

enum err_code
serve_reseal_list(struct session *session, struct call *call, struct err *err)
{
	const char *after = json_in_text(&call->in, "after", 0, SEAT_NAME_MAX);
	bool all = json_in_bool(&call->in, "all");
	CLEANUP(freep) struct secret_row *rows = calloc(SCANNED, sizeof(*rows));
	CLEANUP(leavers_freep) struct leavers *leavers = calloc(1, sizeof(*leavers));
	JSON *array = json_new_array();
	size_t count;

	TRY(json_in_end(&call->in));
	if (rows == NULL || leavers == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a list of secrets");
	TRY(leavers_load(session, leavers, err));
	TRY(store_list_secrets(session->store, after, rows, SCANNED, &count, err));
	for (size_t i = 0; i < count; i++) {
		struct stale stale;

		if (rows[i].current == 0)
			continue;
		TRY(stale_judge(session, leavers, &rows[i], &stale, err));
		if (stale.stale || all)
			add(array, &rows[i], &stale);
	}
	json_put(call->reply, "secrets", TAKE(array));
	json_put_text(call->reply, "next", count == SCANNED ? rows[count - 1].name : "");
	return ERR_OK;
}
