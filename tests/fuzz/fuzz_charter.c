/* SPDX-License-Identifier: Apache-2.0 */
/* Charters: what is accepted is written in one way, and that is accepted and the same. */
#include "tests/fuzz/statement.h"
#include "vault/documents/charter.h"

static void
encode(const struct charter *charter, struct json **ret_payload, struct buf *ret_text)
{
	struct err err;

	MUST(charter_payload(charter, ret_payload, &err) == ERR_OK);
	MUST(json_encode(*ret_payload, ret_text, &err) == ERR_OK);
}

static void
try(struct view input, bool training)
{
	CHARTER *charter = NULL;
	CHARTER *again = NULL;
	struct json *payload = NULL;
	JSON *same = NULL;
	DSSE statement = {0};
	DSSE second = {0};
	struct err err;
	BUF text = {0};
	BUF other = {0};

	statement_around(STATEMENT_CHARTER, training, input, &statement);
	if (charter_parse(&statement, &charter, &err) != ERR_OK)
		return;
	MUST(charter->training == training && quorum_least(&charter->change) >= 2);
	encode(charter, &payload, &text);
	statement_again(STATEMENT_CHARTER, training, payload, &second);
	MUST(charter_parse(&second, &again, &err) == ERR_OK);
	encode(again, &same, &other);
	MUST(view_equal(buf_view(&text), buf_view(&other)));
	/* What is read again has the same policies, and with another age it has not. */
	for (size_t i = 0; i < charter->policy_count; i++)
		MUST(!charter_changes_policy(again, &charter->policies[i]));
	again->policies[0].max_age++;
	MUST(charter_changes_policy(again, &charter->policies[0]));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try(view_of(data, size), false);
	try(view_of(data, size), true);
	return 0;
}
