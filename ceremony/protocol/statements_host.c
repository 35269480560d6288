/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that the host signs: ceremony, release and rotation. */
#include "ceremony/protocol/statements_host.h"

#include <stdlib.h>
#include <string.h>

#include "vault/documents/digests.h"

/* Items and recipients stand between the two. */
static const struct member ceremony_members[] = {
    {"vault", MEMBER_HEX, FIELD(struct ceremony, vault)},
    {"id", MEMBER_HEX, FIELD(struct ceremony, id)},
    {"request", MEMBER_HEX, FIELD(struct ceremony, request)},
    {"mode", MEMBER_CHOICE, FIELD(struct ceremony, mode), .choices = mode_names},
    {NULL},
};
static const struct member under_members[] = {
    {"charter", MEMBER_HEX, FIELD(struct ceremony, charter)},
    {"roster", MEMBER_HEX, FIELD(struct ceremony, roster)},
    {"key", MEMBER_POINT, FIELD(struct ceremony, key)},
    {"created", MEMBER_TIME, FIELD(struct ceremony, created)},
    {"deadline", MEMBER_TIME, FIELD(struct ceremony, deadline)},
    {"size", MEMBER_NUMBER, FIELD(struct ceremony, size), .max = INT64_MAX},
    {"root", MEMBER_HEX, FIELD(struct ceremony, root)},
    {NULL},
};
static const struct member opened_members[] = {
    {"secret", MEMBER_HEX, FIELD(struct release_item, secret)},
    {"version", MEMBER_NUMBER, FIELD(struct release_item, version), 1, UINT32_MAX},
    {"header", MEMBER_HEX, FIELD(struct release_item, header)},
    {"debt", MEMBER_HEX, FIELD(struct release_item, debt)},
    {NULL},
};
/* Three lists stand between the two. */
static const struct member release_members[] = {
    {"vault", MEMBER_HEX, FIELD(struct release, vault)},
    {"ceremony", MEMBER_HEX, FIELD(struct release, ceremony)},
    {NULL},
};
static const struct member lease_members[] = {
    {"key", MEMBER_HEX, FIELD(struct release, key)},
    {"released", MEMBER_TIME, FIELD(struct release, released)},
    {"expires", MEMBER_TIME, FIELD(struct release, expires)},
    {NULL},
};
const char *const grade_names[GRADES + 1] = {"refused", "refused-after-grace", "copies-open",
    "replaced-not-tried", "attested", "cannot-die", NULL};
static const char *const sessions[] = {"ended", "none", "cannot-tell", "cannot-be-ended", NULL};
static const struct member rotation_members[] = {
    {"vault", MEMBER_HEX, FIELD(struct rotation, vault)},
    {"debt", MEMBER_HEX, FIELD(struct rotation, debt)},
    {"secret", MEMBER_HEX, FIELD(struct rotation, secret)},
    {"header", MEMBER_HEX, FIELD(struct rotation, header)},
    {NULL},
};
const struct member rotation_end_members[] = {
    {"old", MEMBER_NUMBER, FIELD(struct rotation, old), .min = 1, .max = UINT32_MAX},
    {"new", MEMBER_NUMBER, FIELD(struct rotation, new), .min = 1, .max = UINT32_MAX},
    {"rotator", MEMBER_HEX, FIELD(struct rotation, rotator)},
    {"grade", MEMBER_CHOICE, FIELD(struct rotation, grade), .choices = grade_names},
    {"proof", MEMBER_TEXT, FIELD(struct rotation, proof)},
    {"sessions", MEMBER_CHOICE, FIELD(struct rotation, sessions), .choices = sessions},
    {"time", MEMBER_TIME, FIELD(struct rotation, time)},
    {NULL},
};

void
ceremony_done(struct ceremony *ceremony)
{
	items_done(&ceremony->items);
	*ceremony = (struct ceremony){0};
}

enum err_code
ceremony_payload(const struct ceremony *ceremony, struct json **ret_payload, struct err *err)
{
	struct json *payload = payload_begin(ceremony_members, ceremony);

	put_items(payload, &ceremony->items, true);
	put_recipients(payload, &ceremony->recipients);
	members_put(payload, under_members, ceremony);
	return payload_finish(payload, ret_payload, err);
}

enum err_code
ceremony_parse(const struct dsse *statement, bool training, struct ceremony *ret_ceremony,
    struct err *err)
{
	JSON *payload = NULL;
	CEREMONY ceremony = {0};
	struct json_in in = statement_in(statement, STATEMENT_CEREMONY, training, &payload, err);

	members_in(&in, ceremony_members, &ceremony);
	struct items_in lists = in_items(&in, ceremony.mode);
	members_in(&in, under_members, &ceremony);
	if (ceremony.deadline <= ceremony.created)
		json_in_fail(&in, "deadline", "must be later than created");
	TRY(json_in_end(&in));
	TRY(read_items(&lists, "ceremony", true, &ceremony.items, &ceremony.recipients, err));
	TRY(dsse_digest(statement, &ceremony.digest, err));
	*ret_ceremony = ceremony;
	ceremony.items.rows = NULL;
	return ERR_OK;
}

const char *
ceremony_differs(const struct ceremony *ceremony, const struct request *request)
{
	return !digest_equal(&ceremony->vault, &request->vault)            ? "vault" :
	    !digest_equal(&ceremony->request, &request->digest)            ? "request" :
	    ceremony->mode != request->mode                                ? "mode" :
	    !items_equal(&ceremony->items, &request->items)                ? "items" :
	    !recipients_equal(&ceremony->recipients, &request->recipients) ? "recipients" :
	                                                                     NULL;
}

void
release_done(struct release *release)
{
	free(release->items);
	*release = (struct release){0};
}

enum err_code
release_payload(const struct release *release, struct json **ret_payload, struct err *err)
{
	struct json *payload = payload_begin(release_members, release);

	members_put_rows(payload, "items", opened_members, release->items, sizeof(*release->items),
	    release->item_count);
	put_digests(payload, "recipients", release->recipients, release->recipient_count);
	put_digests(payload, "approvals", release->approvals, release->approval_count);
	members_put(payload, lease_members, release);
	return payload_finish(payload, ret_payload, err);
}

static enum err_code
read_opened(const struct json *array, struct release *release, struct err *err)
{
	char line[LINE_SIZE];

	release->item_count = json_array_count(array);
	release->items = calloc(release->item_count, sizeof(*release->items));
	if (release->items == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a release");
	for (size_t i = 0; i < release->item_count; i++) {
		struct release_item *item = &release->items[i];

		TRY(members_read(json_array_object(array, i),
		    items_line("release", "items", i, line), opened_members, item, err));
		for (const struct release_item *other = release->items; other < item; other++)
			if (memcmp(&other->secret, &item->secret, sizeof(item->secret)) == 0 ||
			    memcmp(&other->debt, &item->debt, sizeof(item->debt)) == 0)
				return err_set(err, ERR_INVALID,
				    "%s: the secret or its debt stands twice", line);
	}
	return ERR_OK;
}

enum err_code
release_parse(const struct dsse *statement, bool training, struct release *ret_release,
    struct err *err)
{
	JSON *payload = NULL;
	RELEASE release = {0};
	struct json_in in = statement_in(statement, STATEMENT_RELEASE, training, &payload, err);

	members_in(&in, release_members, &release);
	const struct json *items = json_in_array(&in, "items", 1, CEREMONY_ITEMS);
	const struct json *recipients = json_in_array(&in, "recipients", 1, RECIPIENTS);
	const struct json *approvals = json_in_array(&in, "approvals", 1, QUORUM_SEATS);
	members_in(&in, lease_members, &release);
	if (release.expires <= release.released)
		json_in_fail(&in, "expires", "must be later than released");
	TRY(json_in_end(&in));
	TRY(read_opened(items, &release, err));
	TRY(read_digests(recipients, "release: recipients", release.recipients,
	    &release.recipient_count, err));
	TRY(read_digests(approvals, "release: approvals", release.approvals,
	    &release.approval_count, err));
	TRY(dsse_digest(statement, &release.digest, err));
	*ret_release = release;
	release.items = NULL;
	return ERR_OK;
}

enum err_code
rotation_payload(const struct rotation *rotation, struct json **ret_payload, struct err *err)
{
	struct json *payload = payload_begin(rotation_members, rotation);

	members_put(payload, rotation_end_members, rotation);
	return payload_finish(payload, ret_payload, err);
}

enum err_code
rotation_parse(const struct dsse *statement, bool training, struct rotation *ret_rotation,
    struct err *err)
{
	JSON *payload = NULL;
	struct rotation rotation = {0};
	struct json_in in = statement_in(statement, STATEMENT_ROTATION, training, &payload, err);

	members_in(&in, rotation_members, &rotation);
	members_in(&in, rotation_end_members, &rotation);
	TRY(json_in_end(&in));
	*ret_rotation = rotation;
	return ERR_OK;
}
