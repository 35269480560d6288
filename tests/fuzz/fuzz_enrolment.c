/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolments: what is accepted survives being written and read; nothing unsigned verifies. */
#include "ceremony/protocol/enrolment.h"
#include "ceremony/protocol/enrolment_verify.h"
#include "tests/fuzz/statement.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct attest_policy policy = {.roots = {{{0}}}, .root_count = 1};
	ENROLMENT enrolment = {0};
	ENROLMENT again = {0};
	struct json *payload = NULL;
	JSON *same = NULL;
	DSSE statement = {0};
	DSSE second = {0};
	struct err err;
	BUF text = {0};
	BUF other = {0};

	statement_around(STATEMENT_ENROLMENT, false, view_of(data, size), &statement);
	if (enrolment_parse(&statement, false, &enrolment, &err) != ERR_OK)
		return 0;
	MUST(enrolment_verify(&statement, &enrolment, &enrolment.init, &policy, &err) != ERR_OK);
	MUST(enrolment.seat.token_count == 1 && enrolment.seat.tokens[0].has[KEY_SIGN]);
	MUST(enrolment_payload(&enrolment, &payload, &err) == ERR_OK);
	MUST(json_encode(payload, &text, &err) == ERR_OK);
	statement_again(STATEMENT_ENROLMENT, false, payload, &second);
	MUST(enrolment_parse(&second, false, &again, &err) == ERR_OK);
	MUST(enrolment_payload(&again, &same, &err) == ERR_OK);
	MUST(json_encode(same, &other, &err) == ERR_OK);
	MUST(view_equal(buf_view(&text), buf_view(&other)));
	return 0;
}
