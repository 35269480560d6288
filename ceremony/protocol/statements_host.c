/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that the host signs: ceremony, release and rotation. */
#include "ceremony/protocol/statements_host.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/protocol/statement_parts.h"

void
ceremony_done(struct ceremony *ceremony)
{
	items_done(&ceremony->items);
	*ceremony = (struct ceremony){0};
}

enum err_code
ceremony_payload(const struct ceremony *ceremony, struct json **ret_payload, struct err *err)
{
	struct json *payload = parts_new(&ceremony->vault);

	json_put_hex(payload, "id", VIEW_OF(ceremony->id.bytes));
	json_put_hex(payload, "request", VIEW_OF(ceremony->request.bytes));
	json_put_text(payload, "mode", mode_names[ceremony->mode]);
	put_items(payload, &ceremony->items, true);
	put_recipients(payload, &ceremony->recipients);
	json_put_hex(payload, "charter", VIEW_OF(ceremony->charter.bytes));
	json_put_hex(payload, "roster", VIEW_OF(ceremony->roster.bytes));
	json_put_hex(payload, "key", VIEW_OF(ceremony->key.bytes));
	json_put_time(payload, "created", ceremony->created);
	json_put_time(payload, "deadline", ceremony->deadline);
	parts_put_checkpoint(payload, ceremony->size, &ceremony->root);
	return parts_finish(payload, ret_payload, err);
}

enum err_code
ceremony_parse(const struct dsse *statement, bool training, struct ceremony *ret_ceremony,
    struct err *err)
{
	JSON *payload = NULL;
	CEREMONY ceremony = {0};

	TRY(statement_payload(statement, STATEMENT_CEREMONY, training, &payload, err));
	struct json_in in = json_in(payload, "ceremony", err);
	parts_in(&in, &ceremony.vault);
	json_in_hex(&in, "id", ceremony.id.bytes, ID_SIZE);
	parts_in_digest(&in, "request", &ceremony.request);
	ceremony.mode = (enum mode)json_in_choice(&in, "mode", mode_names);
	struct items_in lists = in_items(&in, ceremony.mode);
	parts_in_digest(&in, "charter", &ceremony.charter);
	parts_in_digest(&in, "roster", &ceremony.roster);
	parts_in_point(&in, "key", &ceremony.key);
	ceremony.created = json_in_time(&in, "created");
	ceremony.deadline = json_in_time(&in, "deadline");
	if (in.code == ERR_OK && ceremony.deadline <= ceremony.created)
		json_in_fail(&in, "deadline", "must be later than created");
	parts_in_checkpoint(&in, &ceremony.size, &ceremony.root);
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

static void
put_digests(struct json *payload, const char *name, const struct digest *digests, size_t count)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < count; i++)
		json_add_hex(array, VIEW_OF(digests[i].bytes));
	json_put(payload, name, array);
}

static void
put_opened(struct json *payload, const struct release *release)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < release->item_count; i++) {
		const struct release_item *item = &release->items[i];
		struct json *object = json_new_object();

		json_put_hex(object, "secret", VIEW_OF(item->secret.bytes));
		json_put_int(object, "version", item->version);
		json_put_hex(object, "header", VIEW_OF(item->header.bytes));
		json_put_hex(object, "debt", VIEW_OF(item->debt.bytes));
		json_add(array, object);
	}
	json_put(payload, "items", array);
}

enum err_code
release_payload(const struct release *release, struct json **ret_payload, struct err *err)
{
	struct json *payload = parts_new(&release->vault);

	json_put_hex(payload, "ceremony", VIEW_OF(release->ceremony.bytes));
	put_opened(payload, release);
	put_digests(payload, "recipients", release->recipients, release->recipient_count);
	put_digests(payload, "approvals", release->approvals, release->approval_count);
	json_put_hex(payload, "key", VIEW_OF(release->key.bytes));
	json_put_time(payload, "released", release->released);
	json_put_time(payload, "expires", release->expires);
	return parts_finish(payload, ret_payload, err);
}

static enum err_code
read_digests(const struct json *array, const char *what, struct digest *digests, size_t *ret_count,
    struct err *err)
{
	size_t count = json_array_count(array);

	for (size_t i = 0; i < count; i++) {
		const char *text = json_array_text(array, i);

		if (text == NULL || !text_from_hex(text, digests[i].bytes, DIGEST_SIZE))
			return err_set(err, ERR_INVALID,
			    "release: %s[%zu]: must be 64 lower-case hex digits", what, i);
		for (size_t j = 0; j < i; j++)
			if (digest_equal(&digests[i], &digests[j]))
				return err_set(err, ERR_INVALID, "release: %s[%zu]: stands twice",
				    what, i);
	}
	*ret_count = count;
	return ERR_OK;
}

static enum err_code
read_opened_item(const struct json *object, const char *line, struct release_item *item,
    struct err *err)
{
	struct json_in in = json_in(object, line, err);

	json_in_hex(&in, "secret", item->secret.bytes, SECRET_ID_SIZE);
	item->version = (uint32_t)json_in_int(&in, "version", 1, UINT32_MAX);
	parts_in_digest(&in, "header", &item->header);
	json_in_hex(&in, "debt", item->debt.bytes, ID_SIZE);
	return json_in_end(&in);
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

		TRY(read_opened_item(json_array_object(array, i),
		    parts_line("release", "items", i, line), item, err));
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

	TRY(statement_payload(statement, STATEMENT_RELEASE, training, &payload, err));
	struct json_in in = json_in(payload, "release", err);
	parts_in(&in, &release.vault);
	parts_in_digest(&in, "ceremony", &release.ceremony);
	const struct json *items = json_in_array(&in, "items", 1, CEREMONY_ITEMS);
	const struct json *recipients = json_in_array(&in, "recipients", 1, RECIPIENTS);
	const struct json *approvals = json_in_array(&in, "approvals", 1, QUORUM_SEATS);
	json_in_hex(&in, "key", release.key.bytes, ED25519_SIZE);
	release.released = json_in_time(&in, "released");
	release.expires = json_in_time(&in, "expires");
	if (in.code == ERR_OK && release.expires <= release.released)
		json_in_fail(&in, "expires", "must be later than released");
	TRY(json_in_end(&in));
	TRY(read_opened(items, &release, err));
	TRY(read_digests(recipients, "recipients", release.recipients, &release.recipient_count,
	    err));
	TRY(read_digests(approvals, "approvals", release.approvals, &release.approval_count, err));
	TRY(dsse_digest(statement, &release.digest, err));
	*ret_release = release;
	release.items = NULL;
	return ERR_OK;
}

enum err_code
rotation_payload(const struct rotation *rotation, struct json **ret_payload, struct err *err)
{
	struct json *payload = parts_new(&rotation->vault);

	json_put_hex(payload, "debt", VIEW_OF(rotation->debt.bytes));
	json_put_hex(payload, "secret", VIEW_OF(rotation->secret.bytes));
	json_put_int(payload, "old", rotation->old);
	json_put_int(payload, "new", rotation->new);
	json_put_hex(payload, "header", VIEW_OF(rotation->header.bytes));
	json_put_text(payload, "new_probe", "accepted");
	json_put_text(payload, "old_probe", "refused");
	json_put_text(payload, "sessions", rotation->sessions);
	json_put_text(payload, "detail", rotation->detail);
	json_put_time(payload, "time", rotation->time);
	return parts_finish(payload, ret_payload, err);
}
