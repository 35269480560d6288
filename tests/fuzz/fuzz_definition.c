/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions of secrets: what is accepted survives being written and read. */
#include <string.h>

#include "tests/fuzz/statement.h"
#include "vault/documents/definition.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	DEFINITION definition = {0};
	DEFINITION again = {0};
	struct json *payload = NULL;
	JSON *same = NULL;
	DSSE statement = {0};
	DSSE second = {0};
	struct err err;
	BUF text = {0};
	BUF other = {0};

	statement_around(STATEMENT_SECRET, false, view_of(data, size), &statement);
	if (definition_parse(&statement, false, &definition, &err) != ERR_OK)
		return 0;
	MUST(strchr(definition.rotator, '/') == NULL && definition.rotator[0] != '.');
	MUST(definition_payload(&definition, &payload, &err) == ERR_OK);
	MUST(json_encode(payload, &text, &err) == ERR_OK);
	statement_again(STATEMENT_SECRET, false, payload, &second);
	MUST(definition_parse(&second, false, &again, &err) == ERR_OK);
	MUST(definition_payload(&again, &same, &err) == ERR_OK);
	MUST(json_encode(same, &other, &err) == ERR_OK);
	MUST(view_equal(buf_view(&text), buf_view(&other)));
	return 0;
}
