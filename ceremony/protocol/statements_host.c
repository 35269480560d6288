/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that the host signs: ceremony, release and rotation. */
#include "ceremony/protocol/statements_host.h"

#include <stdio.h>
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

static const char *const new_probe_names[] = {"accepted", NULL};
static const char *const old_probe_names[] = {"refused", NULL};
static const char *const session_names[] = {"ended", "none", "cannot-tell", NULL};

enum err_code
rotation_payload(const struct rotation *rotation, struct json **ret_payload, struct err *err)
{
	struct json *payload = parts_new(&rotation->vault);

	json_put_hex(payload, "debt", VIEW_OF(rotation->debt.bytes));
	json_put_hex(payload, "secret", VIEW_OF(rotation->secret.bytes));
	json_put_int(payload, "old", rotation->old);
	json_put_int(payload, "new", rotation->new);
	json_put_hex(payload, "header", VIEW_OF(rotation->header.bytes));
	json_put_text(payload, "new_probe", new_probe_names[0]);
	json_put_text(payload, "old_probe", old_probe_names[0]);
	json_put_text(payload, "sessions", rotation->sessions);
	json_put_text(payload, "detail", rotation->detail);
	json_put_time(payload, "time", rotation->time);
	return parts_finish(payload, ret_payload, err);
}

enum err_code
rotation_parse(const struct dsse *statement, bool training, struct rotation *ret_rotation,
    struct err *err)
{
	JSON *payload = NULL;
	struct rotation rotation = {0};

	TRY(statement_payload(statement, STATEMENT_ROTATION, training, &payload, err));
	struct json_in in = json_in(payload, "rotation", err);
	parts_in(&in, &rotation.vault);
	json_in_hex(&in, "debt", rotation.debt.bytes, ID_SIZE);
	json_in_hex(&in, "secret", rotation.secret.bytes, SECRET_ID_SIZE);
	rotation.old = (uint32_t)json_in_int(&in, "old", 1, UINT32_MAX);
	rotation.new = (uint32_t)json_in_int(&in, "new", 1, UINT32_MAX);
	if (in.code == ERR_OK && rotation.new <= rotation.old)
		json_in_fail(&in, "new", "must be later than old");
	parts_in_digest(&in, "header", &rotation.header);
	(void)json_in_choice(&in, "new_probe", new_probe_names);
	(void)json_in_choice(&in, "old_probe", old_probe_names);
	snprintf(rotation.sessions, sizeof(rotation.sessions), "%s",
	    session_names[json_in_choice(&in, "sessions", session_names)]);
	parts_in_text(&in, "detail", 0, rotation.detail, sizeof(rotation.detail));
	rotation.time = json_in_time(&in, "time");
	TRY(json_in_end(&in));
	TRY(dsse_digest(statement, &rotation.digest, err));
	*ret_rotation = rotation;
	return ERR_OK;
}
