/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/secrets/rotate.h"

#include <string.h>

#include "ceremony/client/sync.h"
#include "ceremony/protocol/message.h"
#include "vault/documents/state_names.h"

enum { ROTATIONS_MAX = 100000 };

enum err_code
rotate_run(struct client *client, const char *name, struct reply *ret_reply,
    const struct json **ret_list, struct err *err)
{
	const struct vault_view *view;
	struct json *request;

	TRY(client_sync(client, &view, err));
	request = op_new("rotate");
	if (name != NULL)
		json_put_text(request, "name", name);
	TRY(client_ask(client, request, "rotate", ret_reply, err));
	*ret_list = json_in_array(&ret_reply->in, "rotations", 0, ROTATIONS_MAX);
	return json_in_end(&ret_reply->in);
}

enum err_code
rotate_result(const struct json *list, size_t index, struct rotated *ret_rotated, struct err *err)
{
	struct rotated row;

	TRY(members_read(json_array_object(list, index), "rotation", rotation_told_members,
	    &row.told, err));
	row.retired = strcmp(row.told.debt, debt_state_names[DEBT_RETIRED]) == 0;
	row.none = strcmp(row.told.debt, "none") == 0;
	row.code = strcmp(row.told.code, "ok") != 0 ? err_from_name(row.told.code) : ERR_OK;
	row.watched =
	    row.code == ERR_OK && strcmp(row.told.debt, debt_state_names[DEBT_WATCHED]) == 0;
	*ret_rotated = row;
	return ERR_OK;
}
