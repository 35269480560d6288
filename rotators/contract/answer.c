/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/contract/answer.h"

#include <string.h>

#include "base/json.h"
#include "base/json_in.h"
#include "base/text.h"

const char *const probe_result_names[] = {"accepted", "refused", "denied", "unreachable", NULL};
const char *const apply_result_names[] = {"applied", "rejected", "unknown", NULL};
const char *const expel_result_names[] = {"ended", "none", "cannot-tell", NULL};
static const char *const ok_names[] = {"ok", NULL};
static const char *const identity_names[] = {"ambient", "self", NULL};

/* A broken rotator is ERR_PROTOCOL, whatever the JSON layer calls it. */
static enum err_code
broken(struct err *err)
{
	struct err cause = *err;

	return err_set(err, ERR_PROTOCOL, "the rotator's answer breaks the contract: %s",
	    cause.text);
}

enum err_code
answer_parse(struct view line, const char *const *results, struct answer *ret_answer,
    struct err *err)
{
	struct answer answer = {0};
	JSON *json = NULL;

	if (json_parse(line, &json, err) != ERR_OK)
		return broken(err);
	struct json_in in = json_in(json, "answer", err);
	const char *detail = json_in_text_optional(&in, "detail", 0, ROTATOR_DETAIL_MAX);

	answer.result = json_in_choice(&in, "result", results);
	if (json_in_end(&in) != ERR_OK)
		return broken(err);
	answer_detail(detail == NULL ? "" : detail, answer.detail);
	*ret_answer = answer;
	return ERR_OK;
}

void
answer_fields(struct json_in *in, bool ret_fields[CREDENTIAL_FIELDS])
{
	uint32_t fields = json_in_set(in, "fields", credential_field_names, 1);

	for (unsigned field = 0; field < CREDENTIAL_FIELDS; field++)
		ret_fields[field] = (fields & 1u << field) != 0;
}

/* A rotator that cannot work with its target says so at the first question. */
static enum err_code
describe_refused(struct view line, struct description *ret_description, struct err *err)
{
	static const char *const names[] = {"refused", NULL};
	struct description description = {.refused = true};
	struct answer answer;

	TRY(answer_parse(line, names, &answer, err));
	memcpy(description.detail, answer.detail, sizeof(description.detail));
	*ret_description = description;
	return ERR_OK;
}

enum err_code
answer_describe(struct view line, struct description *ret_description, struct err *err)
{
	struct description description = {0};
	JSON *json = NULL;

	if (json_parse(line, &json, err) != ERR_OK)
		return broken(err);
	const char *result = json_object_text(json, "result");
	if (result != NULL && strcmp(result, "refused") == 0)
		return describe_refused(line, ret_description, err);
	struct json_in in = json_in(json, "answer", err);

	(void)json_in_choice(&in, "result", ok_names);
	(void)json_in_text_optional(&in, "detail", 0, ROTATOR_DETAIL_MAX);
	const char *name = json_in_text(&in, "rotator", 1, ROTATOR_NAME_MAX);
	int64_t contract = json_in_int(&in, "contract", 1, INT32_MAX);

	if (in.code == ERR_OK && contract != ROTATOR_CONTRACT)
		return err_set(err, ERR_VERSION,
		    "the rotator speaks contract %lld, this Halligan speaks %d",
		    (long long)contract, ROTATOR_CONTRACT);
	description.self = json_in_choice(&in, "identity", identity_names) == 1;
	answer_fields(&in, description.fields);
	if (json_in_end(&in) != ERR_OK)
		return broken(err);
	memcpy(description.rotator, name, strlen(name) + 1);
	*ret_description = description;
	return ERR_OK;
}

void
answer_detail(const char *text, char ret_detail[ROTATOR_DETAIL_MAX + 1])
{
	size_t size = strlen(text);

	if (size > ROTATOR_DETAIL_MAX) {
		size = ROTATOR_DETAIL_MAX;
		while (size > 0 && ((uint8_t)text[size] & 0xc0) == 0x80)
			size--; /* not within a character */
	}
	memcpy(ret_detail, text, size);
	ret_detail[size] = '\0';
}
