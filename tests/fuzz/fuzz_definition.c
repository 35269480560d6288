/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions of secrets: what is accepted survives being written and read. */
#include <string.h>

#include "tests/fuzz/statement.h"
#include "vault/documents/definition_account.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	DEFINITIONS_OF definitions = {0};
	DEFINITIONS_OF again = {0};
	struct json *payload = NULL;
	JSON *same = NULL;
	DSSE statement = {0};
	DSSE second = {0};
	struct digest account, second_account;
	struct err err;
	BUF text = {0};
	BUF other = {0};

	statement_around(STATEMENT_SECRET, false, view_of(data, size), &statement);
	if (definitions_parse(&statement, false, &definitions, &err) != ERR_OK)
		return 0;
	MUST(definitions.count > 0 && definitions.count <= DEFINITIONS);
	for (size_t i = 0; i < definitions.count; i++) {
		const struct definition *row = &definitions.rows[i];

		MUST(strchr(row->rotator, '/') == NULL && row->rotator[0] != '.');
		MUST(definitions_find(&definitions, &row->digest) == row);
	}
	MUST(definitions_payload(&definitions, &payload, &err) == ERR_OK);
	MUST(json_encode(payload, &text, &err) == ERR_OK);
	statement_again(STATEMENT_SECRET, false, payload, &second);
	MUST(definitions_parse(&second, false, &again, &err) == ERR_OK);
	MUST(definitions_payload(&again, &same, &err) == ERR_OK);
	MUST(json_encode(same, &other, &err) == ERR_OK);
	for (size_t i = 0; i < definitions.count; i++) {
		MUST(definition_account(&definitions.rows[i], &account, &err) == ERR_OK);
		MUST(definition_account(&again.rows[i], &second_account, &err) == ERR_OK);
		MUST(digest_equal(&account, &second_account));
	}
	MUST(view_equal(buf_view(&text), buf_view(&other)));
	return 0;
}
