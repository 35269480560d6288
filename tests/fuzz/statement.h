/* SPDX-License-Identifier: Apache-2.0 */
/* Statements made of a fuzzed payload, for the targets that read one. */
#ifndef TESTS_FUZZ_STATEMENT_H
#define TESTS_FUZZ_STATEMENT_H

#include <stdio.h>

#include "tests/fuzz/target.h"
#include "vault/documents/statement.h"

/* An unsigned statement of TYPE around PAYLOAD's bytes, whatever they are. */
__attribute__((unused)) static void
statement_around(enum statement_type type, bool training, struct view payload, struct dsse *ret)
{
	char name[DSSE_TYPE_MAX + 1];
	struct err err;

	snprintf(name, sizeof(name), "application/vnd.halligan.%s%s+json",
	    training ? "training." : "", statement_names[type]);
	if (dsse_set(ret, name, payload, &err) != ERR_OK)
		MUST(payload.size == 0 || payload.size > DSSE_PAYLOAD_MAX);
}

/* A statement of PAYLOAD (taken over), and its text. */
__attribute__((unused)) static void
statement_again(enum statement_type type, bool training, struct json *payload, struct dsse *ret)
{
	struct err err;

	MUST(statement_new(type, training, payload, ret, &err) == ERR_OK);
	json_free(payload);
}

#endif
