/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/documents/founding.h"

#include "base/json_members.h"
#include "ceremony/client/sync.h"
#include "ceremony/protocol/message.h"

enum err_code
founding_open(struct client *client, const char *name, bool training, const char *copy,
    struct digest *ret_init, struct err *err)
{
	struct json *request;
	REPLY reply = {0};
	struct digest init;

	TRY(client_check_new(client, err));
	request = op_new("init");
	json_put_text(request, "name", name);
	json_put_bool(request, "training", training);
	json_put_text(request, "copy", copy);
	TRY(client_ask(client, request, "init", &reply, err));
	json_in_hex(&reply.in, "init", init.bytes, DIGEST_SIZE);
	TRY(json_in_end(&reply.in));
	*ret_init = init;
	return ERR_OK;
}

static const struct member key_members[] = {
    {"statement", MEMBER_HEX, FIELD(struct founding_view, host_statement)},
    {"log", MEMBER_HEX, FIELD(struct founding_view, host_log)},
    {"escrow", MEMBER_HEX, FIELD(struct founding_view, host_escrow)},
    {NULL},
};
static const struct member host_members[] = {
    {"host", MEMBER_OBJECT, .members = key_members, .what = "founding host"},
    {NULL},
};

enum err_code
founding_fetch(struct client *client, struct founding_view *ret_view, struct err *err)
{
	struct founding_view view = {0};
	REPLY reply = {0};

	TRY(client_check_new(client, err));
	TRY(client_ask(client, op_new("founding"), "founding", &reply, err));
	in_founding(&reply.in, &view.fixed);
	members_in(&reply.in, host_members, &view);
	TRY(json_in_end(&reply.in));
	*ret_view = view;
	return ERR_OK;
}
