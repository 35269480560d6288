/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/documents/founding.h"

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

static void
read_host(struct json_in *in, struct founding_view *view, struct err *err)
{
	const struct json *object = json_in_object(in, "host");
	struct json_in host;

	if (object == NULL)
		return;
	host = json_in(object, "founding host", err);
	json_in_hex(&host, "statement", view->host_statement.bytes, ED25519_SIZE);
	json_in_hex(&host, "log", view->host_log.bytes, ED25519_SIZE);
	json_in_hex(&host, "escrow", view->host_escrow.bytes, POINT_SIZE);
	if (json_in_end(&host) != ERR_OK)
		in->code = err->code;
}

enum err_code
founding_fetch(struct client *client, struct founding_view *ret_view, struct err *err)
{
	struct founding_view view = {0};
	REPLY reply = {0};

	TRY(client_check_new(client, err));
	TRY(client_ask(client, op_new("founding"), "founding", &reply, err));
	in_founding(&reply.in, &view.fixed);
	read_host(&reply.in, &view, err);
	TRY(json_in_end(&reply.in));
	*ret_view = view;
	return ERR_OK;
}
