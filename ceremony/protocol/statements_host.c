/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that the host signs: ceremony, release and rotation. */
#include "ceremony/protocol/statements_host.h"

#include <string.h>

#include "base/text.h"
#include "ceremony/protocol/statement_parts.h"

static struct json *
opens_json(const struct ceremony *ceremony)
{
	struct json *array = json_new_array(), *object = json_new_object();

	json_put_hex(object, "secret", VIEW_OF(ceremony->secret.bytes));
	json_put_int(object, "version", ceremony->version);
	json_put_hex(object, "definition", VIEW_OF(ceremony->definition.bytes));
	json_put_hex(object, "header", VIEW_OF(ceremony->header.bytes));
	json_add(array, object);
	return array;
}

enum err_code
ceremony_payload(const struct ceremony *ceremony, struct json **ret_payload, struct err *err)
{
	struct json *payload = parts_new(&ceremony->vault);

	json_put_hex(payload, "id", VIEW_OF(ceremony->id.bytes));
	json_put_hex(payload, "request", VIEW_OF(ceremony->request.bytes));
	json_put(payload, "opens", opens_json(ceremony));
	json_put_text(payload, "quorum", ceremony->quorum);
	json_put_hex(payload, "charter", VIEW_OF(ceremony->charter.bytes));
	json_put_hex(payload, "roster", VIEW_OF(ceremony->roster.bytes));
	json_put_hex(payload, "key", VIEW_OF(ceremony->key.bytes));
	json_put_time(payload, "created", ceremony->created);
	json_put_time(payload, "deadline", ceremony->deadline);
	parts_put_checkpoint(payload, ceremony->size, &ceremony->root);
	return parts_finish(payload, ret_payload, err);
}

static enum err_code
read_opens(const struct json *object, struct ceremony *ceremony, struct err *err)
{
	struct json_in in = json_in(object, "ceremony: opens[0]", err);

	json_in_hex(&in, "secret", ceremony->secret.bytes, SECRET_ID_SIZE);
	ceremony->version = (uint32_t)json_in_int(&in, "version", 1, UINT32_MAX);
	parts_in_digest(&in, "definition", &ceremony->definition);
	parts_in_digest(&in, "header", &ceremony->header);
	return json_in_end(&in);
}

/* The text of a quorum in its canonical form, so that equal quorums are equal texts. */
static void
read_quorum(struct json_in *in, struct ceremony *ceremony)
{
	BUF canonical = {0};
	struct quorum quorum;
	struct err cause;

	parts_in_text(in, "quorum", 1, ceremony->quorum, sizeof(ceremony->quorum));
	if (in->code != ERR_OK)
		return;
	if (quorum_parse(ceremony->quorum, &quorum, &cause) != ERR_OK ||
	    quorum_format(&quorum, &canonical, &cause) != ERR_OK ||
	    strcmp(buf_string(&canonical), ceremony->quorum) != 0)
		json_in_fail(in, "quorum", "not a quorum in canonical form");
}

enum err_code
ceremony_parse(const struct dsse *statement, bool training, struct ceremony *ret_ceremony,
    struct err *err)
{
	JSON *payload = NULL;
	struct ceremony ceremony = {0};

	TRY(statement_payload(statement, STATEMENT_CEREMONY, training, &payload, err));
	struct json_in in = json_in(payload, "ceremony", err);
	parts_in(&in, &ceremony.vault);
	json_in_hex(&in, "id", ceremony.id.bytes, ID_SIZE);
	parts_in_digest(&in, "request", &ceremony.request);
	const struct json *opens = json_in_array(&in, "opens", 1, 1);
	read_quorum(&in, &ceremony);
	parts_in_digest(&in, "charter", &ceremony.charter);
	parts_in_digest(&in, "roster", &ceremony.roster);
	parts_in_point(&in, "key", &ceremony.key);
	ceremony.created = json_in_time(&in, "created");
	ceremony.deadline = json_in_time(&in, "deadline");
	if (in.code == ERR_OK && ceremony.deadline <= ceremony.created)
		json_in_fail(&in, "deadline", "must be later than created");
	parts_in_checkpoint(&in, &ceremony.size, &ceremony.root);
	TRY(json_in_end(&in));
	TRY(read_opens(json_array_object(opens, 0), &ceremony, err));
	TRY(dsse_digest(statement, &ceremony.digest, err));
	*ret_ceremony = ceremony;
	return ERR_OK;
}

enum err_code
release_payload(const struct release *release, struct json **ret_payload, struct err *err)
{
	struct json *payload = parts_new(&release->vault);
	struct json *approvals = json_new_array(), *answers = json_new_array();

	json_put_hex(payload, "ceremony", VIEW_OF(release->ceremony.bytes));
	json_put_hex(payload, "secret", VIEW_OF(release->secret.bytes));
	json_put_int(payload, "version", release->version);
	json_put_hex(payload, "header", VIEW_OF(release->header.bytes));
	for (size_t i = 0; i < release->approval_count; i++)
		json_add_hex(approvals, VIEW_OF(release->approvals[i].bytes));
	json_put(payload, "approvals", approvals);
	for (size_t i = 0; i < release->answer_count; i++) {
		struct json *answer = json_new_object();

		json_put_hex(answer, "token", VIEW_OF(release->answers[i].token.bytes));
		json_put_hex(answer, "box", VIEW_OF(release->answers[i].box.bytes));
		json_add(answers, answer);
	}
	json_put(payload, "answers", answers);
	json_put_hex(payload, "debt", VIEW_OF(release->debt.bytes));
	json_put_time(payload, "released", release->released);
	json_put_time(payload, "expires", release->expires);
	return parts_finish(payload, ret_payload, err);
}

static enum err_code
read_approvals(const struct json *array, struct release *release, struct err *err)
{
	for (size_t i = 0; i < json_array_count(array); i++) {
		const char *text = json_array_text(array, i);

		if (text == NULL || !text_from_hex(text, release->approvals[i].bytes, DIGEST_SIZE))
			return err_set(err, ERR_INVALID,
			    "release: approvals[%zu]: must be 64 lower-case hex digits", i);
		for (size_t j = 0; j < i; j++)
			if (digest_equal(&release->approvals[i], &release->approvals[j]))
				return err_set(err, ERR_INVALID,
				    "release: approvals[%zu]: stands twice", i);
	}
	release->approval_count = json_array_count(array);
	return ERR_OK;
}

static enum err_code
read_answers(const struct json *array, struct release *release, struct err *err)
{
	for (size_t i = 0; i < json_array_count(array); i++) {
		struct json_in in = json_in(json_array_object(array, i), "release: answers", err);

		parts_in_digest(&in, "token", &release->answers[i].token);
		parts_in_digest(&in, "box", &release->answers[i].box);
		TRY(json_in_end(&in));
		for (size_t j = 0; j < i; j++)
			if (digest_equal(&release->answers[i].token, &release->answers[j].token))
				return err_set(err, ERR_INVALID,
				    "release: answers[%zu]: token: stands twice", i);
	}
	release->answer_count = json_array_count(array);
	return ERR_OK;
}

enum err_code
release_parse(const struct dsse *statement, bool training, struct release *ret_release,
    struct err *err)
{
	JSON *payload = NULL;
	struct release release = {0};

	TRY(statement_payload(statement, STATEMENT_RELEASE, training, &payload, err));
	struct json_in in = json_in(payload, "release", err);
	parts_in(&in, &release.vault);
	parts_in_digest(&in, "ceremony", &release.ceremony);
	json_in_hex(&in, "secret", release.secret.bytes, SECRET_ID_SIZE);
	release.version = (uint32_t)json_in_int(&in, "version", 1, UINT32_MAX);
	parts_in_digest(&in, "header", &release.header);
	const struct json *approvals = json_in_array(&in, "approvals", 1, QUORUM_SEATS);
	const struct json *answers = json_in_array(&in, "answers", 1, RELEASE_ANSWERS);
	json_in_hex(&in, "debt", release.debt.bytes, ID_SIZE);
	release.released = json_in_time(&in, "released");
	release.expires = json_in_time(&in, "expires");
	if (in.code == ERR_OK && release.expires <= release.released)
		json_in_fail(&in, "expires", "must be later than released");
	TRY(json_in_end(&in));
	TRY(read_approvals(approvals, &release, err));
	TRY(read_answers(answers, &release, err));
	TRY(dsse_digest(statement, &release.digest, err));
	*ret_release = release;
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
