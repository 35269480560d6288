/* SPDX-License-Identifier: Apache-2.0 */
/* Rosters, beside a charter of one seat whose sign key is the base point of P-256. */
#include <string.h>

#include "base/crypto_key.h"
#include "tests/fuzz/statement.h"
#include "vault/documents/roster.h"

static const struct charter *
charter_of_one(void)
{
	static struct charter charter;
	struct seat_token *token = &charter.seats[0].tokens[0];
	uint8_t one[SCALAR_SIZE] = {[SCALAR_SIZE - 1] = 1};
	P256_KEY *key = NULL;
	SECRET *scalar = NULL;
	struct err err;

	if (charter.seat_count == 1)
		return &charter;
	MUST(crypto_start(&err) == ERR_OK);
	MUST(secret_from(VIEW_OF(one), &scalar, &err) == ERR_OK);
	MUST(p256_key_from(scalar, &key, &err) == ERR_OK);
	charter.seat_count = charter.seats[0].token_count = 1;
	charter.seats[0].roles = ROLE_OPERATOR;
	memcpy(charter.seats[0].name, "ciso", 5);
	memcpy(charter.seats[0].person, "Person", 7);
	memcpy(token->label, "ciso-1", 7);
	memcpy(token->driver, "piv", 4);
	token->serial = 1000;
	token->has[KEY_SIGN] = true;
	p256_key_public(key, &token->keys[KEY_SIGN]);
	MUST(token_id(&token->keys[KEY_SIGN], &token->id, &err) == ERR_OK);
	return &charter;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ROSTER *roster = NULL;
	ROSTER *again = NULL;
	struct json *payload = NULL;
	JSON *same = NULL;
	DSSE statement = {0};
	DSSE second = {0};
	struct err err;
	BUF text = {0};
	BUF other = {0};

	statement_around(STATEMENT_ROSTER, false, view_of(data, size), &statement);
	if (roster_parse(&statement, charter_of_one(), &roster, &err) != ERR_OK)
		return 0;
	for (size_t i = 0; i < roster->seat_count; i++)
		MUST(roster->seats[i].roles == ROLE_RESPONDER);
	MUST(roster_payload(roster, &payload, &err) == ERR_OK);
	MUST(json_encode(payload, &text, &err) == ERR_OK);
	statement_again(STATEMENT_ROSTER, false, payload, &second);
	MUST(roster_parse(&second, charter_of_one(), &again, &err) == ERR_OK);
	MUST(roster_payload(again, &same, &err) == ERR_OK);
	MUST(json_encode(same, &other, &err) == ERR_OK);
	MUST(view_equal(buf_view(&text), buf_view(&other)));
	return 0;
}
