/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ends/ends_table.h"

#include <stdio.h>

#include "tests/unit/changes/changes_bench.h"
#include "vault/documents/charter.h"
#include "vault/documents/suspension.h"

/* --- Asking ------------------------------------------------------------------------------- */

const struct person *
who_asks(const struct table *table, enum mode mode)
{
	return &table->bench->people[mode == MODE_RELEASE || mode == MODE_DRILL ? ALICE : INFRA];
}

static void
draw_request(struct table *table, enum mode mode, struct request *request)
{
	const struct person *person = who_asks(table, mode);
	const struct seat_token *token = &person->seat.tokens[0];
	int64_t now = table->bench->shared->now;

	*request = (struct request){.vault = table->bench->vault_id,
	    .mode = mode,
	    .items = {table->items, table->count},
	    .token = token->id,
	    .created = now,
	    .expires = now + 900};
	snprintf(request->seat, sizeof(request->seat), "%s", person->name);
	snprintf(request->reason, sizeof(request->reason), "to see how it ends");
	snprintf(request->host, sizeof(request->host), "desk");
	snprintf(request->user, sizeof(request->user), "%s", person->name);
	if (mode != MODE_RELEASE && mode != MODE_DRILL)
		return;
	request->duration = 600;
	snprintf(request->incident, sizeof(request->incident), "INC-1");
	request->recipients.rows[0] = (struct recipient){token->id, token->keys[KEY_RELEASE]};
	request->recipients.count = 1;
}

enum err_code
table_ask(struct table *table, enum mode mode, struct err *err)
{
	struct request request;

	draw_request(table, mode, &request);
	return batch_send_request(table->bench, who_asks(table, mode), &request, &table->id, err);
}

/* --- What will end it --------------------------------------------------------------------- */

static void
state_charter(struct table *table)
{
	struct err err;
	JSON *payload = NULL;
	struct charter next = *table->bench->charter;

	next.previous = table->bench->charter->digest;
	next.version++;
	next.policies[0].max_duration = 1800;
	dsse_done(&table->charter);
	table->charter = (struct dsse){0};
	assert_ok(charter_payload(&next, &payload, &err));
	assert_ok(statement_new(STATEMENT_CHARTER, false, payload, &table->charter, &err));
	person_sign(&table->bench->people[CISO], &table->charter);
}

/* The roster without alice. */
static void
state_roster(struct table *table)
{
	struct err err;
	JSON *payload = NULL;
	ROSTER *roster = NULL;

	assert_ok(roster_new(&roster, &err));
	roster->vault = table->bench->vault_id;
	roster->charter = table->bench->charter->digest;
	roster->version = 2;
	roster->previous = table->bench->roster;
	roster->created = BENCH_START;
	dsse_done(&table->roster);
	table->roster = (struct dsse){0};
	assert_ok(roster_payload(roster, &payload, &err));
	assert_ok(statement_new(STATEMENT_ROSTER, false, payload, &table->roster, &err));
	person_sign(&table->bench->people[INFRA], &table->roster);
}

static void
state_suspension(struct table *table, enum mode mode)
{
	struct err err;
	JSON *payload = NULL;
	struct suspension suspension = {.vault = table->bench->vault_id,
	    .charter = table->bench->charter->digest,
	    .roster = table->bench->roster,
	    .token = table->bench->people[SECOPS].seat.tokens[0].id,
	    .suspended = who_asks(table, mode)->seat.tokens[0].id,
	    .time = table->bench->shared->now,
	    .seat = "secops",
	    .reason = "lost"};

	snprintf(suspension.holder, sizeof(suspension.holder), "%s", who_asks(table, mode)->name);
	dsse_done(&table->suspension);
	table->suspension = (struct dsse){0};
	assert_ok(suspension_payload(&suspension, &payload, &err));
	assert_ok(statement_new(STATEMENT_SUSPEND, false, payload, &table->suspension, &err));
	person_sign(&table->bench->people[SECOPS], &table->suspension);
}

static void
state_definition(struct table *table, bool retires, struct dsse *ret_statement)
{
	DEFINITION next = {0};
	char name[32];

	batch_name(table->count / 2, name);
	changes_draw(table->bench, name, &next);
	next.change.retires = retires;
	if (!retires)
		changes_edit(table->bench, PROGRAM, &next);
	dsse_done(ret_statement);
	*ret_statement = (struct dsse){0};
	changes_state(table->bench, &next, 1, ret_statement);
	person_sign(&table->bench->people[SECOPS], ret_statement);
}

void
table_state(struct table *table, enum mode mode)
{
	state_charter(table);
	state_roster(table);
	state_suspension(table, mode);
	state_definition(table, false, &table->change);
	state_definition(table, true, &table->retirement);
}

void
table_drop(struct table *table)
{
	dsse_done(&table->charter);
	dsse_done(&table->roster);
	dsse_done(&table->suspension);
	dsse_done(&table->change);
	dsse_done(&table->retirement);
}
