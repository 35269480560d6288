/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/statements.h"

#include "ceremony/protocol/message.h"

enum { BATCH = 64 };

static struct json *
batch_request(const char *op, const struct digest *digests, size_t count)
{
	struct json *request = op_new(op), *array = json_new_array();

	for (size_t i = 0; i < count; i++)
		json_add_hex(array, VIEW_OF(digests[i].bytes));
	json_put(request, "digests", array);
	return request;
}

static enum err_code
fetch_batch(struct client *client, const char *op, const struct digest *digests, size_t count,
    struct dsse *ret_statements, struct err *err)
{
	REPLY reply = {0};

	TRY(client_ask(client, batch_request(op, digests, count), op, &reply, err));
	const struct json *list = json_in_array(&reply.in, op, count, count);
	TRY(json_in_end(&reply.in));
	for (size_t i = 0; i < count; i++) {
		struct digest found;

		TRY(array_statement(list, i, "statement", &ret_statements[i], err));
		TRY(dsse_digest(&ret_statements[i], &found, err));
		if (!digest_equal(&found, &digests[i]))
			return err_set(err, ERR_INTEGRITY,
			    "the server sent other %s than those that were asked for", op);
	}
	return ERR_OK;
}

void
statements_foresee(struct client *client, const char *op, const struct digest *digests,
    size_t count)
{
	for (size_t at = 0; at < count; at += BATCH)
		client_foresee(client,
		    batch_request(op, digests + at, count - at < BATCH ? count - at : BATCH));
}

enum err_code
statements_fetch(struct client *client, const char *op, const struct digest *digests, size_t count,
    struct dsse *ret_statements, struct err *err)
{
	for (size_t at = 0; at < count; at += BATCH)
		TRY(fetch_batch(client, op, digests + at, count - at < BATCH ? count - at : BATCH,
		    ret_statements + at, err));
	return ERR_OK;
}
