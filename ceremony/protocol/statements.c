/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements that people's tokens sign: request, approval, denial and cancel.  Those of the host
 * are in statements_host.c.  A payload is read member by member; nothing of it is used before the whole
 * was found good.
 */
#include "ceremony/protocol/statements.h"

#include "base/text.h"

enum { DURATION_MAX = 10 * 365 * 86400 }; /* seconds; policies allow less */

/* Items and recipients stand between the two. */
static const struct member request_members[] = {
    {"vault", MEMBER_HEX, FIELD(struct request, vault)},
    {"mode", MEMBER_CHOICE, FIELD(struct request, mode), .choices = mode_names},
    {NULL},
};
/* Who asks, from where, why, and for how long. */
static const struct member asking_members[] = {
    {"seat", MEMBER_NAME, FIELD(struct request, seat)},
    {"token", MEMBER_HEX, FIELD(struct request, token)},
    {"reason", MEMBER_TEXT, FIELD(struct request, reason), .min = 1},
    {"incident", MEMBER_TEXT, FIELD(struct request, incident)},
    {"duration", MEMBER_NUMBER, FIELD(struct request, duration), .max = DURATION_MAX},
    {"host", MEMBER_TEXT, FIELD(struct request, host), .min = 1},
    {"user", MEMBER_TEXT, FIELD(struct request, user), .min = 1},
    {"created", MEMBER_TIME, FIELD(struct request, created)},
    {"expires", MEMBER_TIME, FIELD(struct request, expires)},
    {NULL},
};
static const struct member approval_members[] = {
    {"vault", MEMBER_HEX, FIELD(struct approval, vault)},
    {"ceremony", MEMBER_HEX, FIELD(struct approval, ceremony)},
    {"seat", MEMBER_NAME, FIELD(struct approval, seat)},
    {"token", MEMBER_HEX, FIELD(struct approval, token)},
    {"enc", MEMBER_POINT, FIELD(struct approval, enc)},
    {"reply", MEMBER_POINT, FIELD(struct approval, reply)},
    {"time", MEMBER_TIME, FIELD(struct approval, time)},
    {"size", MEMBER_NUMBER, FIELD(struct approval, size), .max = INT64_MAX},
    {"root", MEMBER_HEX, FIELD(struct approval, root)},
    {NULL},
};
static const struct member objection_members[] = {
    {"vault", MEMBER_HEX, FIELD(struct objection, vault)},
    {"ceremony", MEMBER_HEX, FIELD(struct objection, ceremony)},
    {"seat", MEMBER_NAME, FIELD(struct objection, seat)},
    {"token", MEMBER_HEX, FIELD(struct objection, token)},
    {"reason", MEMBER_TEXT, FIELD(struct objection, reason), .min = 1},
    {"time", MEMBER_TIME, FIELD(struct objection, time)},
    {NULL},
};
static const struct member done_members[] = {
    {"vault", MEMBER_HEX, FIELD(struct done, vault)},
    {"release", MEMBER_HEX, FIELD(struct done, release)},
    {"seat", MEMBER_TEXT, FIELD(struct done, seat)},
    {"token", MEMBER_HEX, FIELD(struct done, token)},
    {"time", MEMBER_TIME, FIELD(struct done, time)},
    {NULL},
};

void
request_done(struct request *request)
{
	items_done(&request->items);
	*request = (struct request){0};
}

enum err_code
request_payload(const struct request *request, struct json **ret_payload, struct err *err)
{
	struct json *payload = payload_begin(request_members, request);

	put_items(payload, &request->items, false);
	put_recipients(payload, &request->recipients);
	members_put(payload, asking_members, request);
	return payload_finish(payload, ret_payload, err);
}

/* Incident and duration are what a release needs, and nothing else has. */
static void
read_asking(struct json_in *in, struct request *request)
{
	bool releases = mode_releases(request->mode);

	(void)json_in_text(in, "incident", releases ? 1 : 0, INCIDENT_MAX);
	(void)json_in_int(in, "duration", releases ? 1 : 0, releases ? DURATION_MAX : 0);
	members_in(in, asking_members, request);
	if (request->expires <= request->created)
		json_in_fail(in, "expires", "must be later than created");
}

enum err_code
request_parse(const struct dsse *statement, bool training, struct request *ret_request,
    struct err *err)
{
	JSON *payload = NULL;
	REQUEST request = {0};
	struct json_in in = statement_in(statement, STATEMENT_REQUEST, training, &payload, err);

	members_in(&in, request_members, &request);
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
	return payload_write(approval_members, approval, ret_payload, err);
}

enum err_code
approval_parse(const struct dsse *statement, bool training, struct approval *ret_approval,
    struct err *err)
{
	struct approval approval = {0};

	TRY(statement_read(statement, STATEMENT_APPROVAL, training, approval_members, &approval,
	    &approval.digest, err));
	*ret_approval = approval;
	return ERR_OK;
}

enum err_code
objection_payload(const struct objection *objection, struct json **ret_payload, struct err *err)
{
	return payload_write(objection_members, objection, ret_payload, err);
}

enum err_code
objection_parse(const struct dsse *statement, enum statement_type type, bool training,
    struct objection *ret_objection, struct err *err)
{
	struct objection objection = {0};

	TRY(statement_read(statement, type, training, objection_members, &objection,
	    &objection.digest, err));
	*ret_objection = objection;
	return ERR_OK;
}

enum err_code
done_payload(const struct done *done, struct json **ret_payload, struct err *err)
{
	return payload_write(done_members, done, ret_payload, err);
}

/* A seat with its token, or the lease key, which has neither. */
static enum err_code
check_ender(const struct done *done, struct err *err)
{
	static const struct digest none;

	if (done->seat[0] != '\0' && !text_is_name(done->seat))
		return err_set(err, ERR_INVALID, "done: seat: not a name");
	if (digest_equal(&done->token, &none) != (done->seat[0] == '\0'))
		return err_set(err, ERR_INVALID,
		    "done: token: must be zero without a seat, and only then");
	return ERR_OK;
}

enum err_code
done_parse(const struct dsse *statement, bool training, struct done *ret_done, struct err *err)
{
	struct done done = {0};

	TRY(statement_read(statement, STATEMENT_DONE, training, done_members, &done, &done.digest,
	    err));
	TRY(check_ender(&done, err));
	*ret_done = done;
	return ERR_OK;
}
