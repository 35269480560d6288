/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/contract/answer.h"

#include <string.h>

#include "base/json.h"
#include "base/json_in.h"
#include "base/text.h"

const char *const probe_result_names[] = {"accepted", "refused", "denied", "unreachable", NULL};
const char *const expel_result_names[] = {"ended", "none", "cannot-tell", NULL};
const char *const ok_result_names[] = {"ok", "refused", NULL};
const char *const warn_result_names[] = {"told", "none", "cannot-tell", NULL};
enum {
	REASONS_ROOM = ERR_TEXT_SIZE - 256
}; /* the rest is for what is put before them, and between */
static const char *const described_names[] = {"ok", NULL};

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

/* At most SIZE bytes of TEXT, cut between characters. */
static void
cut(const char *text, size_t size, char ret_text[ROTATOR_DETAIL_MAX + 1])
{
	size_t whole = strlen(text);

	if (size > ROTATOR_DETAIL_MAX)
		size = ROTATOR_DETAIL_MAX;
	if (whole < size)
		size = whole;
	while (size > 0 && size < whole && ((uint8_t)text[size] & 0xc0) == 0x80)
		size--;
	memcpy(ret_text, text, size);
	ret_text[size] = '\0';
}

void
answer_detail(const char *text, char ret_detail[ROTATOR_DETAIL_MAX + 1])
{
	cut(text, ROTATOR_DETAIL_MAX, ret_detail);
}

static bool
is_reason(const char *text)
{
	return text != NULL && text[0] != '\0' && strlen(text) <= ROTATOR_DETAIL_MAX &&
	    text_is_plain(view_of_text(text));
}

/* "detail" is one reason, "reasons" are several. */
static void
take_reasons(struct json_in *in, const char *detail, struct err *why)
{
	const struct json *reasons = json_in_has(in, "reasons") ?
	    json_in_array(in, "reasons", 1, ROTATOR_REASONS_MAX) :
	    NULL;
	size_t count = json_array_count(reasons);

	(void)err_set(why, ERR_REFUSED, "%s", detail == NULL ? "it gave no reason" : detail);
	for (size_t i = 0; i < count; i++) {
		const char *reason = json_array_text(reasons, i);
		char text[ROTATOR_DETAIL_MAX + 1];
		struct err one;

		if (!is_reason(reason)) {
			json_in_fail(in, "reasons", "must hold plain texts of 1 to 500 bytes");
			return;
		}
		cut(reason, REASONS_ROOM / count, text);
		(void)err_set(&one, ERR_REFUSED, "%s", text);
		if (i == 0 && detail == NULL)
			*why = one;
		else
			(void)err_also(why, &one);
	}
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
	if (results == ok_result_names && answer.result != 0)
		take_reasons(&in, detail, &answer.why);
	if (json_in_end(&in) != ERR_OK)
		return broken(err);
	answer_detail(detail == NULL ? "" : detail, answer.detail);
	*ret_answer = answer;
	return ERR_OK;
}

void
answer_put_refused(struct json *answer, const struct err *why)
{
	struct json *reasons = json_new_array();
	char text[ERR_TEXT_SIZE], reason[ROTATOR_DETAIL_MAX + 1];

	json_put_text(answer, "result", "refused");
	for (size_t i = 0; i < err_parts(why); i++) {
		err_copy_part(why, i, text);
		text_make_plain(text); /* it may quote a name that somebody chose */
		answer_detail(text, reason);
		json_add_text(reasons, reason);
	}
	json_put(answer, "reasons", reasons);
}

static enum err_code
describe_ok(const struct json *json, struct description *description,
    char ret_detail[ROTATOR_DETAIL_MAX + 1], struct err *err)
{
	struct json_in in = json_in(json, "answer", err);

	(void)json_in_choice(&in, "result", described_names);
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
answer_describe(struct view line, struct description *ret_description,
    char ret_detail[ROTATOR_DETAIL_MAX + 1], struct err *ret_why, struct err *err)
{
	struct description description = {0};
	struct answer refused;
	JSON *json = NULL;

	ret_detail[0] = '\0';
	ret_why->code = ERR_OK;
	if (json_parse(line, &json, err) != ERR_OK)
		return broken(err);
	const char *result = json_object_text(json, "result");

	/* A rotator that cannot work with its target says so at the first question. */
	if (result != NULL && strcmp(result, "refused") == 0) {
		TRY(answer_parse(line, ok_result_names, &refused, err));
		*ret_why = refused.why;
		return ERR_OK;
	}
	TRY(describe_ok(json, &description, ret_detail, err));
	*ret_description = description;
	return ERR_OK;
}
