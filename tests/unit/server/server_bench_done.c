/* SPDX-License-Identifier: Apache-2.0 */
/* The bench's client: the end of a lease. */
#include <stdio.h>

#include "tests/unit/server/server_bench.h"

static const struct person *
person_called(const struct bench *bench, const char *name)
{
	for (int i = 0; i < PEOPLE; i++)
		if (strcmp(bench->people[i].name, name) == 0)
			return &bench->people[i];
	fail_msg("nobody is called %s", name);
	return NULL;
}

struct json *
bench_done_message(struct bench *bench, const struct id *id)
{
	struct err err;
	JSON *payload = NULL;
	DSSE statement = {0};
	SHOWN shown = {0};
	struct json *request = op_new("done");

	bench_show(bench, id, &shown);
	const struct person *person = person_called(bench, shown.requester);
	struct done done = {.vault = bench->vault_id,
	    .release = shown.release,
	    .token = person->seat.tokens[0].id,
	    .time = bench->shared->now};
	snprintf(done.seat, sizeof(done.seat), "%s", person->name);
	assert_ok(done_payload(&done, &payload, &err));
	assert_ok(statement_new(STATEMENT_DONE, false, payload, &statement, &err));
	person_sign(person, &statement);
	json_put_hex(request, "id", VIEW_OF(id->bytes));
	put_statement(request, "done", &statement);
	return request;
}

enum err_code
bench_done(struct bench *bench, const struct id *id, char ret_debt[20], struct err *err)
{
	struct err inner;
	JSON *reply = NULL;

	TRY(bench_call(bench, bench_done_message(bench, id), (struct view){0}, &reply, NULL, err));
	struct json_in in = json_in(reply, "reply", &inner);
	const struct json *debts = json_in_array(&in, "debts", 1, CEREMONY_ITEMS);
	snprintf(ret_debt, 20, "%s", json_object_text(json_array_object(debts, 0), "state"));
	return ERR_OK;
}
