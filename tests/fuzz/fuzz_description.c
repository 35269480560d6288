/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands beside a rotator, and what a rotator answers to `describe`: the input's first line is a target, the rest
 * is the file, which an answer is read from, too.  What is accepted announces the same when it is written and read.
 */
#include <string.h>

#include "rotators/contract/answer.h"
#include "rotators/contract/description.h"
#include "tests/fuzz/target.h"

static void
same_again(const struct description *description)
{
	JSON *object = json_new_object();
	JSON *fields = json_new_object();
	struct announcement again;
	struct err err;
	bool read[CREDENTIAL_FIELDS];

	announcement_put(object, &description->announced);
	MUST(announcement_parse(object, "again", &again, &err) == ERR_OK);
	MUST(announcement_differs(&description->announced, &again) == NULL);
	MUST((again.holds == 1) == (again.style == STYLE_REPLACE));
	description_put_fields(fields, description->fields);
	struct json_in in = json_in(fields, "again", &err);

	description_fields(&in, read);
	MUST(json_in_end(&in) == ERR_OK);
	MUST(memcmp(read, description->fields, sizeof(read)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size == 0 ? NULL : memchr(data, '\n', size);
	struct description description, answered;
	char detail[ROTATOR_DETAIL_MAX + 1];
	JSON *target = NULL;
	struct err why, err;
	bool of_target;

	if (newline == NULL)
		return 0;
	size_t line = (size_t)(newline - data);
	struct view rest = view_of(newline + 1, size - line - 1);

	if (answer_describe(rest, &answered, detail, &why, &err) == ERR_OK && why.code == ERR_OK)
		same_again(&answered);
	if (json_parse(view_of(data, line), &target, &err) != ERR_OK ||
	    description_parse(rest, "test", target, &description, &of_target, &err) != ERR_OK)
		return 0;
	MUST(of_target); /* all that the file says is sound then */
	MUST(strcmp(description.rotator, "test") == 0);
	same_again(&description);
	return 0;
}
