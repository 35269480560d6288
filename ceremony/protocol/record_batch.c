/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/record_batch.h"

#include <stdlib.h>
#include <string.h>

#include "ceremony/protocol/statement_parts.h"
#include "vault/documents/state_names.h"

enum { BATCH_FORMAT = 2 };

const char *const batch_mode_names[] = {"reseal", "rotate", NULL};

void
batch_request_done(struct batch_request *request)
{
	free(request->opens);
	*request = (struct batch_request){0};
}

void
batch_ceremony_done(struct batch_ceremony *ceremony)
{
	free(ceremony->opens);
	*ceremony = (struct batch_ceremony){0};
}

static struct json *
opens_json(const struct batch_open *opens, size_t count, bool names)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < count; i++) {
		struct json *object = json_new_object();

		json_put_hex(object, "secret", VIEW_OF(opens[i].secret.bytes));
		if (names)
			json_put_text(object, "name", opens[i].name);
		json_put_int(object, "version", opens[i].version);
		json_put_hex(object, "definition", VIEW_OF(opens[i].definition.bytes));
		json_put_hex(object, "header", VIEW_OF(opens[i].header.bytes));
		json_add(array, object);
	}
	return array;
}

static enum err_code
read_open(const struct json *object, const char *what, bool names, struct batch_open *open,
    struct err *err)
{
	struct json_in in = json_in(object, what, err);

	json_in_hex(&in, "secret", open->secret.bytes, SECRET_ID_SIZE);
	if (names)
		parts_in_name(&in, "name", open->name, sizeof(open->name));
	open->version = (uint32_t)json_in_int(&in, "version", 1, UINT32_MAX);
	parts_in_digest(&in, "definition", &open->definition);
	parts_in_digest(&in, "header", &open->header);
	return json_in_end(&in);
}

DESTRUCTOR(freep, struct batch_open, free)

/* No secret stands twice. */
static enum err_code
read_opens(const struct json *array, const char *what, bool names, struct batch_open **ret_opens,
    size_t *ret_count, struct err *err)
{
	size_t count = json_array_count(array);
	CLEANUP(freep) struct batch_open *opens = calloc(count, sizeof(*opens));

	if (opens == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a statement");
	for (size_t i = 0; i < count; i++) {
		TRY(read_open(json_array_object(array, i), what, names, &opens[i], err));
		for (size_t j = 0; j < i; j++)
			if (memcmp(&opens[i].secret, &opens[j].secret, sizeof(opens[i].secret)) ==
			    0)
				return err_set(err, ERR_INVALID, "%s[%zu]: the secret stands twice",
				    what, i);
	}
	*ret_opens = TAKE(opens);
	*ret_count = count;
	return ERR_OK;
}

enum err_code
batch_request_payload(const struct batch_request *request, struct json **ret_payload,
    struct err *err)
{
	struct json *payload = parts_new_as(BATCH_FORMAT, &request->vault);

	json_put_text(payload, "mode", batch_mode_names[request->mode]);
	json_put_text(payload, "seat", request->seat);
	json_put_hex(payload, "token", VIEW_OF(request->token.bytes));
	json_put_text(payload, "reason", request->reason);
	json_put(payload, "opens", opens_json(request->opens, request->count, true));
	json_put_text(payload, "host", request->host);
	json_put_text(payload, "user", request->user);
	json_put_time(payload, "created", request->created);
	json_put_time(payload, "expires", request->expires);
	return parts_finish(payload, ret_payload, err);
}

enum err_code
batch_request_parse(const struct dsse *statement, bool training, struct batch_request *ret_request,
    struct err *err)
{
	JSON *payload = NULL;
	BATCH_REQUEST request = {0};

	TRY(statement_payload(statement, STATEMENT_REQUEST, training, &payload, err));
	struct json_in in = json_in(payload, "request", err);
	parts_in_as(&in, BATCH_FORMAT, &request.vault);
	request.mode = (enum batch_mode)json_in_choice(&in, "mode", batch_mode_names);
	parts_in_name(&in, "seat", request.seat, sizeof(request.seat));
	parts_in_digest(&in, "token", &request.token);
	parts_in_text(&in, "reason", 1, request.reason, sizeof(request.reason));
	const struct json *opens = json_in_array(&in, "opens", 1, BATCH_ITEMS);
	parts_in_text(&in, "host", 1, request.host, sizeof(request.host));
	parts_in_text(&in, "user", 1, request.user, sizeof(request.user));
	request.created = json_in_time(&in, "created");
	request.expires = json_in_time(&in, "expires");
	if (in.code == ERR_OK && request.expires <= request.created)
		json_in_fail(&in, "expires", "must be later than created");
	TRY(json_in_end(&in));
	TRY(read_opens(opens, "request: opens", true, &request.opens, &request.count, err));
	TRY(dsse_digest(statement, &request.digest, err));
	*ret_request = request;
	request.opens = NULL;
	return ERR_OK;
}

enum err_code
batch_ceremony_payload(const struct batch_ceremony *ceremony, struct json **ret_payload,
    struct err *err)
{
	struct json *payload = parts_new_as(BATCH_FORMAT, &ceremony->vault);

	json_put_hex(payload, "id", VIEW_OF(ceremony->id.bytes));
	json_put_hex(payload, "request", VIEW_OF(ceremony->request.bytes));
	json_put_text(payload, "mode", batch_mode_names[ceremony->mode]);
	json_put(payload, "opens", opens_json(ceremony->opens, ceremony->count, false));
	json_put_hex(payload, "charter", VIEW_OF(ceremony->charter.bytes));
	json_put_hex(payload, "roster", VIEW_OF(ceremony->roster.bytes));
	json_put_hex(payload, "key", VIEW_OF(ceremony->key.bytes));
	json_put_time(payload, "created", ceremony->created);
	json_put_time(payload, "deadline", ceremony->deadline);
	parts_put_checkpoint(payload, ceremony->size, &ceremony->root);
	return parts_finish(payload, ret_payload, err);
}

enum err_code
batch_ceremony_parse(const struct dsse *statement, bool training,
    struct batch_ceremony *ret_ceremony, struct err *err)
{
	JSON *payload = NULL;
	BATCH_CEREMONY ceremony = {0};

	TRY(statement_payload(statement, STATEMENT_CEREMONY, training, &payload, err));
	struct json_in in = json_in(payload, "ceremony", err);
	parts_in_as(&in, BATCH_FORMAT, &ceremony.vault);
	json_in_hex(&in, "id", ceremony.id.bytes, ID_SIZE);
	parts_in_digest(&in, "request", &ceremony.request);
	ceremony.mode = (enum batch_mode)json_in_choice(&in, "mode", batch_mode_names);
	const struct json *opens = json_in_array(&in, "opens", 1, BATCH_ITEMS);
	parts_in_digest(&in, "charter", &ceremony.charter);
	parts_in_digest(&in, "roster", &ceremony.roster);
	parts_in_point(&in, "key", &ceremony.key);
	ceremony.created = json_in_time(&in, "created");
	ceremony.deadline = json_in_time(&in, "deadline");
	if (in.code == ERR_OK && ceremony.deadline <= ceremony.created)
		json_in_fail(&in, "deadline", "must be later than created");
	parts_in_checkpoint(&in, &ceremony.size, &ceremony.root);
	TRY(json_in_end(&in));
	TRY(read_opens(opens, "ceremony: opens", false, &ceremony.opens, &ceremony.count, err));
	TRY(dsse_digest(statement, &ceremony.digest, err));
	*ret_ceremony = ceremony;
	ceremony.opens = NULL;
	return ERR_OK;
}

const char *
batch_differs(const struct batch_ceremony *ceremony, const struct batch_request *request)
{
	if (!digest_equal(&ceremony->vault, &request->vault))
		return "vault";
	if (!digest_equal(&ceremony->request, &request->digest))
		return "request";
	if (ceremony->mode != request->mode)
		return "mode";
	if (ceremony->count != request->count)
		return "opens";
	for (size_t i = 0; i < request->count; i++) {
		const struct batch_open *a = &ceremony->opens[i], *b = &request->opens[i];

		if (memcmp(&a->secret, &b->secret, sizeof(a->secret)) != 0 ||
		    a->version != b->version || !digest_equal(&a->definition, &b->definition) ||
		    !digest_equal(&a->header, &b->header))
			return "opens";
	}
	return NULL;
}
