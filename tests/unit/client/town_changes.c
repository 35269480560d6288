/* SPDX-License-Identifier: Apache-2.0 */
/* What the town's server answers about documents that are drawn up and signed, and definitions above all. */
#include "base/credential.h"
#include "ceremony/protocol/message.h"
#include "tests/unit/client/town_parts.h"

/* It says that it took it, and keeps a definition alone; or what the test has it say. */
static void
answer_signature(const struct town *town, const struct dsse *statement, struct json *reply)
{
	struct err err;
	struct digest digest;

	fine(dsse_digest(statement, &digest, &err), &err);
	digest.bytes[0] ^= town->says_other;
	json_put_hex(reply, "digest", VIEW_OF(digest.bytes));
	json_put_bool(reply, "live", town->says_live);
	json_put_text(reply, "missing", "another officer signs, too");
	json_put_text(reply, "lost", "");
}

static void
answer_propose(struct town *town, const struct json *request, struct json *reply)
{
	struct err err;
	DSSE statement = {0};
	struct json_in in = json_in(request, "request", &err);

	in_statement(&in, "statement", &statement);
	bool try = json_in_bool(&in, "try");
	assert_int_equal(in.code, ERR_OK);
	if (try) {
		town->tried = true;
		return;
	}
	answer_signature(town, &statement, reply);
	if (!statement_is(&statement, STATEMENT_SECRET))
		return;
	dsse_done(&town->proposed);
	town->proposed = TAKE(statement);
}

static void
answer_drafts(const struct town *town, struct json *reply)
{
	struct json *array = json_new_array(), *row = json_new_object();
	struct err err;
	struct digest digest;

	json_put(reply, "drafts", array);
	if (town->proposed.count == 0) {
		json_free(row);
		return;
	}
	fine(dsse_digest(&town->proposed, &digest, &err), &err);
	json_put_hex(row, "digest", VIEW_OF(digest.bytes));
	json_put_text(row, "type",
	    statement_names[statement_is(&town->proposed, STATEMENT_SECRET) ? STATEMENT_SECRET :
	                                                                      STATEMENT_SUSPEND]);
	json_put_text(row, "seat", town->proposer != NULL ? town->proposer : "ciso");
	json_put_int(row, "signatures", (int64_t)town->proposed.count);
	json_put_time(row, "until", TOWN_NOW + 86400);
	json_add(array, row);
}

static void
answer_quorums(const struct town *town, const struct json *request, struct json *reply)
{
	const char *name = json_object_text(request, "name");
	struct json *array = json_new_array();

	for (size_t i = 0; i < town->item_count; i++)
		if (strcmp(town->items[i].name, name) == 0 &&
		    (town->unasked == NULL || strcmp(town->unasked, name) != 0))
			json_add_text(array, town->items[i].header->quorum);
	json_put(reply, "quorums", array);
}

/* As the definitions have it. */
static void
answer_rotator(struct json *reply)
{
	static const struct announcement announced = {.holds = 1, .can = CAN_EXPEL};
	struct json *object = json_new_object(), *fields = json_new_array();

	json_put_int(reply, "contract", 2);
	json_put_text(reply, "path", "/usr/libexec/halligan/halligan-rotate-ssh-key");
	announcement_put(object, &announced);
	json_put(reply, "announced", object);
	json_add_text(fields, credential_field_names[FIELD_PASSWORD]);
	json_put(reply, "fields", fields);
}

bool
town_answer_change(struct town *town, const char *op, const struct json *request,
    struct json *reply)
{
	if (strcmp(op, "propose") == 0)
		answer_propose(town, request, reply);
	else if (strcmp(op, "drafts") == 0)
		answer_drafts(town, reply);
	else if (strcmp(op, "draft") == 0)
		put_statement(reply, "statement", &town->proposed);
	else if (strcmp(op, "sign") == 0)
		answer_signature(town, &town->proposed, reply);
	else if (strcmp(op, "secret-quorums") == 0)
		answer_quorums(town, request, reply);
	else if (strcmp(op, "rotator") == 0)
		answer_rotator(reply);
	else
		return false;
	return true;
}
