/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements that people's tokens sign: request, approval, denial and cancel.  Those of the host
 * are in statements_host.c.  A payload is read member by member; nothing of it is used before the whole
 * was found good.
 */
#include "ceremony/protocol/statements.h"

#include "ceremony/protocol/statement_parts.h"

enum { DURATION_MAX = 10 * 365 * 86400 }; /* seconds; policies allow less */

static const char *const mode_names[] = {"break-glass", NULL};

enum err_code
request_payload(const struct request *request, struct json **ret_payload, struct err *err)
{
	struct json *payload = parts_new(&request->vault);

	json_put_hex(payload, "secret", VIEW_OF(request->secret.bytes));
	json_put_text(payload, "name", request->name);
	json_put_hex(payload, "definition", VIEW_OF(request->definition.bytes));
	json_put_hex(payload, "header", VIEW_OF(request->header.bytes));
	json_put_int(payload, "version", request->version);
	json_put_text(payload, "seat", request->seat);
	json_put_hex(payload, "token", VIEW_OF(request->token.bytes));
	json_put_text(payload, "reason", request->reason);
	json_put_text(payload, "incident", request->incident);
	json_put_int(payload, "duration", request->duration);
	json_put_text(payload, "mode", mode_names[0]);
	json_put_text(payload, "host", request->host);
	json_put_text(payload, "user", request->user);
	json_put_time(payload, "created", request->created);
	json_put_time(payload, "expires", request->expires);
	return parts_finish(payload, ret_payload, err);
}

/* What is asked for. */
static void
read_wanted(struct json_in *in, struct request *request)
{
	json_in_hex(in, "secret", request->secret.bytes, SECRET_ID_SIZE);
	parts_in_name(in, "name", request->name, sizeof(request->name));
	parts_in_digest(in, "definition", &request->definition);
	parts_in_digest(in, "header", &request->header);
	request->version = (uint32_t)json_in_int(in, "version", 1, UINT32_MAX);
	request->duration = json_in_int(in, "duration", 1, DURATION_MAX);
	(void)json_in_choice(in, "mode", mode_names);
}

/* Who asks, from where, and why. */
static void
read_asking(struct json_in *in, struct request *request)
{
	parts_in_name(in, "seat", request->seat, sizeof(request->seat));
	parts_in_digest(in, "token", &request->token);
	parts_in_text(in, "reason", 1, request->reason, sizeof(request->reason));
	parts_in_text(in, "incident", 1, request->incident, sizeof(request->incident));
	parts_in_text(in, "host", 1, request->host, sizeof(request->host));
	parts_in_text(in, "user", 1, request->user, sizeof(request->user));
	request->created = json_in_time(in, "created");
	request->expires = json_in_time(in, "expires");
	if (in->code == ERR_OK && request->expires <= request->created)
		json_in_fail(in, "expires", "must be later than created");
}

enum err_code
request_parse(const struct dsse *statement, bool training, struct request *ret_request,
    struct err *err)
{
	JSON *payload = NULL;
	struct request request = {0};

	TRY(statement_payload(statement, STATEMENT_REQUEST, training, &payload, err));
	struct json_in in = json_in(payload, "request", err);
	parts_in(&in, &request.vault);
	read_wanted(&in, &request);
	read_asking(&in, &request);
	TRY(json_in_end(&in));
	TRY(dsse_digest(statement, &request.digest, err));
	*ret_request = request;
	return ERR_OK;
}

enum err_code
approval_payload(const struct approval *approval, struct json **ret_payload, struct err *err)
{
	struct json *payload = parts_new(&approval->vault);

	json_put_hex(payload, "ceremony", VIEW_OF(approval->ceremony.bytes));
	json_put_text(payload, "seat", approval->seat);
	json_put_hex(payload, "token", VIEW_OF(approval->token.bytes));
	json_put_hex(payload, "enc", VIEW_OF(approval->enc.bytes));
	json_put_time(payload, "time", approval->time);
	parts_put_checkpoint(payload, approval->size, &approval->root);
	return parts_finish(payload, ret_payload, err);
}

enum err_code
approval_parse(const struct dsse *statement, bool training, struct approval *ret_approval,
    struct err *err)
{
	JSON *payload = NULL;
	struct approval approval = {0};

	TRY(statement_payload(statement, STATEMENT_APPROVAL, training, &payload, err));
	struct json_in in = json_in(payload, "approval", err);
	parts_in(&in, &approval.vault);
	parts_in_digest(&in, "ceremony", &approval.ceremony);
	parts_in_name(&in, "seat", approval.seat, sizeof(approval.seat));
	parts_in_digest(&in, "token", &approval.token);
	parts_in_point(&in, "enc", &approval.enc);
	approval.time = json_in_time(&in, "time");
	parts_in_checkpoint(&in, &approval.size, &approval.root);
	TRY(json_in_end(&in));
	TRY(dsse_digest(statement, &approval.digest, err));
	*ret_approval = approval;
	return ERR_OK;
}

enum err_code
objection_payload(const struct objection *objection, struct json **ret_payload, struct err *err)
{
	struct json *payload = parts_new(&objection->vault);

	json_put_hex(payload, "ceremony", VIEW_OF(objection->ceremony.bytes));
	json_put_text(payload, "seat", objection->seat);
	json_put_hex(payload, "token", VIEW_OF(objection->token.bytes));
	json_put_text(payload, "reason", objection->reason);
	json_put_time(payload, "time", objection->time);
	return parts_finish(payload, ret_payload, err);
}

enum err_code
objection_parse(const struct dsse *statement, enum statement_type type, bool training,
    struct objection *ret_objection, struct err *err)
{
	JSON *payload = NULL;
	struct objection objection = {0};

	TRY(statement_payload(statement, type, training, &payload, err));
	struct json_in in = json_in(payload, statement_names[type], err);
	parts_in(&in, &objection.vault);
	parts_in_digest(&in, "ceremony", &objection.ceremony);
	parts_in_name(&in, "seat", objection.seat, sizeof(objection.seat));
	parts_in_digest(&in, "token", &objection.token);
	parts_in_text(&in, "reason", 1, objection.reason, sizeof(objection.reason));
	objection.time = json_in_time(&in, "time");
	TRY(json_in_end(&in));
	TRY(dsse_digest(statement, &objection.digest, err));
	*ret_objection = objection;
	return ERR_OK;
}
