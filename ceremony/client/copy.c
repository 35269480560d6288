/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/copy.h"

#include <string.h>

#include "ceremony/client/sync.h"
#include "ceremony/protocol/message.h"

enum { COPY_MAX = 4096, WHY_MAX = ERR_TEXT_SIZE, ITEMS_MAX = 1000 };

enum err_code
copy_state_fetch(struct client *client, struct reply *ret_reply, struct copy_state *ret_state,
    struct err *err)
{
	struct json_in *in = &ret_reply->in;
	const struct vault_view *view;
	struct copy_state state;

	TRY(client_sync(client, &view, err));
	TRY(client_ask(client, op_new("copy-status"), "copy-status", ret_reply, err));
	state.copy = json_in_text(in, "copy", 1, COPY_MAX);
	state.there = json_in_bool(in, "there");
	state.why = json_in_text(in, "why", 0, WHY_MAX);
	state.files = json_in_int(in, "files", 0, INT64_MAX);
	state.missing = json_in_int(in, "missing", 0, INT64_MAX);
	state.damaged = json_in_int(in, "damaged", 0, INT64_MAX);
	state.unneeded = json_in_int(in, "unneeded", 0, INT64_MAX);
	state.foreign = json_in_int(in, "foreign", 0, INT64_MAX);
	state.left = json_in_int(in, "left", 0, INT64_MAX);
	state.items = json_in_array(in, "items", 0, ITEMS_MAX);
	TRY(json_in_end(in));
	if (strcmp(state.copy, view->chain.charter->copy) != 0)
		return err_set(err, ERR_BUSY,
		    "the host speaks of another copy sink than the charter names, which may have changed just now: run it again");
	*ret_state = state;
	return ERR_OK;
}

enum err_code
copy_state_item(const struct copy_state *state, size_t index, struct copy_found *ret_found,
    struct err *err)
{
	struct copy_found found;

	TRY(members_read(json_array_object(state->items, index), "copy-status", copy_found_members,
	    &found, err));
	*ret_found = found;
	return ERR_OK;
}

enum err_code
copy_repair(struct client *client, int64_t *ret_proven, int64_t *ret_written, struct err *err)
{
	const struct vault_view *view;
	REPLY reply = {0};

	TRY(client_sync(client, &view, err));
	TRY(client_ask(client, op_new("copy-repair"), "copy-repair", &reply, err));
	int64_t proven = json_in_int(&reply.in, "proven", 0, INT64_MAX);
	int64_t written = json_in_int(&reply.in, "written", 0, INT64_MAX);
	TRY(json_in_end(&reply.in));
	*ret_proven = proven;
	*ret_written = written;
	return ERR_OK;
}
