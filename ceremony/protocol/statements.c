/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements that people's tokens sign: request, approval, denial and cancel.  Those of the host
 * are in statements_host.c.  A payload is read member by member; nothing of it is used before the whole
 * was found good.
 */
#include "ceremony/protocol/statements.h"

#include "base/text.h"
#include "ceremony/protocol/statement_parts.h"

enum { DURATION_MAX = 10 * 365 * 86400 }; /* seconds; policies allow less */

void
request_done(struct request *request)
{
	items_done(&request->items);
	*request = (struct request){0};
}

enum err_code
request_payload(const struct request *request, struct json **ret_payload, struct err *err)
{
	struct json *payload = parts_new(&request->vault);

	json_put_text(payload, "mode", mode_names[request->mode]);
	put_items(payload, &request->items, false);
	put_recipients(payload, &request->recipients);
	json_put_text(payload, "seat", request->seat);
	json_put_hex(payload, "token", VIEW_OF(request->token.bytes));
	json_put_text(payload, "reason", request->reason);
	json_put_text(payload, "incident", request->incident);
	json_put_int(payload, "duration", request->duration);
	json_put_text(payload, "host", request->host);
	json_put_text(payload, "user", request->user);
	json_put_time(payload, "created", request->created);
	json_put_time(payload, "expires", request->expires);
	return parts_finish(payload, ret_payload, err);
}

/* Who asks, from where, why, and for how long. */
static void
read_asking(struct json_in *in, struct request *request)
{
	bool releases = mode_releases(request->mode);

	parts_in_name(in, "seat", request->seat, sizeof(request->seat));
	parts_in_digest(in, "token", &request->token);
	parts_in_text(in, "reason", 1, request->reason, sizeof(request->reason));
	parts_in_text(in, "incident", releases ? 1 : 0, request->incident,
	    sizeof(request->incident));
	request->duration =
	    json_in_int(in, "duration", releases ? 1 : 0, releases ? DURATION_MAX : 0);
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
	REQUEST request = {0};

	TRY(statement_payload(statement, STATEMENT_REQUEST, training, &payload, err));
	struct json_in in = json_in(payload, "request", err);
	parts_in(&in, &request.vault);
	request.mode = (enum mode)json_in_choice(&in, "mode", mode_names);
	struct items_in lists = in_items(&in, request.mode);
	read_asking(&in, &request);
	TRY(json_in_end(&in));
	TRY(read_items(&lists, "request", false, &request.items, &request.recipients, err));
	TRY(dsse_digest(statement, &request.digest, err));
	*ret_request = request;
	request.items.rows = NULL;
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
	json_put_hex(payload, "reply", VIEW_OF(approval->reply.bytes));
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
	parts_in_point(&in, "reply", &approval.reply);
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

enum err_code
done_payload(const struct done *done, struct json **ret_payload, struct err *err)
{
	struct json *payload = parts_new(&done->vault);

	json_put_hex(payload, "release", VIEW_OF(done->release.bytes));
	json_put_text(payload, "seat", done->seat);
	json_put_hex(payload, "token", VIEW_OF(done->token.bytes));
	json_put_time(payload, "time", done->time);
	return parts_finish(payload, ret_payload, err);
}

/* A seat with its token, or the lease key, which has neither. */
static void
read_ender(struct json_in *in, struct done *done)
{
	static const struct digest none;

	parts_in_text(in, "seat", 0, done->seat, sizeof(done->seat));
	if (in->code == ERR_OK && done->seat[0] != '\0' && !text_is_name(done->seat))
		json_in_fail(in, "seat", "not a name");
	parts_in_digest(in, "token", &done->token);
	if (in->code == ERR_OK && digest_equal(&done->token, &none) != (done->seat[0] == '\0'))
		json_in_fail(in, "token", "must be zero without a seat, and only then");
}

enum err_code
done_parse(const struct dsse *statement, bool training, struct done *ret_done, struct err *err)
{
	JSON *payload = NULL;
	struct done done = {0};

	TRY(statement_payload(statement, STATEMENT_DONE, training, &payload, err));
	struct json_in in = json_in(payload, "done", err);
	parts_in(&in, &done.vault);
	parts_in_digest(&in, "release", &done.release);
	read_ender(&in, &done);
	done.time = json_in_time(&in, "time");
	TRY(json_in_end(&in));
	TRY(dsse_digest(statement, &done.digest, err));
	*ret_done = done;
	return ERR_OK;
}
