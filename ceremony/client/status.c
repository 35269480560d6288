/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/status.h"

#include "ceremony/client/sync.h"
#include "ceremony/protocol/message.h"

enum { ITEMS_MAX = 100000, COPY_TEXT_MAX = 4096, ROTATORS_TEXT_MAX = 1024 };

/* A founding has nothing to verify yet, but where a vault was alive before, it is an alarm. */
static enum err_code
verify(struct client *client, struct err *err)
{
	const struct vault_view *view;

	if (client_hello(client)->state != VAULT_FOUNDING)
		return client_sync(client, &view, err);
	return client_check_new(client, err);
}

void
status_foresee(struct client *client, const void *plan)
{
	(void)plan;
	client_foresee_sync(client);
	client_foresee(client, op_new("status"));
}

enum err_code
status_fetch(struct client *client, struct reply *ret_reply, struct status *ret_status,
    struct err *err)
{
	struct json_in *in = &ret_reply->in;

	TRY(verify(client, err));
	TRY(client_ask(client, op_new("status"), "status", ret_reply, err));
	ret_status->secrets = json_in_int(in, "secrets", 0, INT64_MAX);
	ret_status->log = json_in_int(in, "log", 0, INT64_MAX);
	ret_status->copy = json_in_text(in, "copy", 1, COPY_TEXT_MAX);
	ret_status->swap = json_in_bool(in, "swap");
	ret_status->rotators = json_in_text(in, "rotators", 1, ROTATORS_TEXT_MAX);
	ret_status->items = json_in_array(in, "items", 0, ITEMS_MAX);
	return json_in_end(in);
}

enum err_code
status_item(const struct status *status, size_t index, struct status_item *ret_item,
    struct err *err)
{
	struct status_item item;

	TRY(members_read(json_array_object(status->items, index), "status", status_item_members,
	    &item, err));
	*ret_item = item;
	return ERR_OK;
}
