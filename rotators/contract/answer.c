/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/contract/answer.h"

#include <string.h>

#include "base/json.h"
#include "base/json_in.h"
#include "base/text.h"

const char *const probe_result_names[] = {"accepted", "refused", "denied", "unreachable", NULL};
const char *const expel_result_names[] = {"ended", "none", "cannot-tell", NULL};
const char *const warn_result_names[] = {"told", "none", "cannot-tell", NULL};
static const char *const ok_names[] = {"ok", NULL};

#define RESULTS(done)      {done, "rejected", "unchanged", "unknown", NULL}, true
#define RESULTS_AWAY(done) {done, "unchanged", "unknown", NULL}, false
const struct change_verb change_verbs[ROTATOR_CHANGES] = {
    [ROTATOR_APPLY] = {"apply", NULL, RESULTS("applied")},
    [ROTATOR_ADD] = {"add", NULL, RESULTS("added")},
    [ROTATOR_ISSUE] = {"issue", NULL, RESULTS("issued")},
    [ROTATOR_WITHDRAW] = {"withdraw", "current", RESULTS_AWAY("withdrawn")},
    [ROTATOR_WITHDRAW_ORPHANS] = {"withdraw", "orphans", RESULTS_AWAY("withdrawn")},
    [ROTATOR_MINT] = {"mint", NULL, RESULTS("minted")},
    [ROTATOR_UNMINT] = {"unmint", NULL, RESULTS_AWAY("unminted")},
};

enum change_result
change_verb_result(const struct change_verb *verb, int result)
{
	return (enum change_result)(verb->rejects || result == 0 ? result : result + 1);
}

const char *
change_verb_name(const struct change_verb *verb, enum change_result result)
{
	return verb->results[verb->rejects || result == CHANGE_DONE ? result : result - 1];
}

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

/* A rotator that cannot work with its target says so at the first question. */
static enum err_code
describe_refused(struct view line, char ret_detail[ROTATOR_DETAIL_MAX + 1], struct err *err)
{
	static const char *const names[] = {"refused", NULL};
	struct answer answer;

	TRY(answer_parse(line, names, &answer, err));
	memcpy(ret_detail, answer.detail, sizeof(answer.detail));
	return ERR_OK;
}

static enum err_code
describe_ok(const struct json *json, struct description *description,
    char ret_detail[ROTATOR_DETAIL_MAX + 1], struct err *err)
{
	struct json_in in = json_in(json, "answer", err);

	(void)json_in_choice(&in, "result", ok_names);
	const char *detail = json_in_text_optional(&in, "detail", 0, ROTATOR_DETAIL_MAX);
	const char *name = json_in_text(&in, "rotator", 1, ROTATOR_NAME_MAX);
	int64_t contract = json_in_int(&in, "contract", 1, INT32_MAX);

	if (in.code == ERR_OK && contract != ROTATOR_CONTRACT)
		return err_set(err, ERR_VERSION,
		    "the rotator speaks contract %lld, this Halligan speaks %d",
		    (long long)contract, ROTATOR_CONTRACT);
	description_fields(&in, description->fields);
	announcement_in(&in, &description->announced);
	if (json_in_end(&in) != ERR_OK)
		return broken(err);
	memcpy(description->rotator, name, strlen(name) + 1);
	answer_detail(detail == NULL ? "" : detail, ret_detail);
	return ERR_OK;
}

enum err_code
answer_describe(struct view line, struct description *ret_description, bool *ret_refused,
    char ret_detail[ROTATOR_DETAIL_MAX + 1], struct err *err)
{
	struct description description = {0};
	JSON *json = NULL;

	if (json_parse(line, &json, err) != ERR_OK)
		return broken(err);
	const char *result = json_object_text(json, "result");

	*ret_refused = result != NULL && strcmp(result, "refused") == 0;
	if (*ret_refused)
		return describe_refused(line, ret_detail, err);
	TRY(describe_ok(json, &description, ret_detail, err));
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
