/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements that define up to 500 secrets, in parts over the wire in both directions, against a real
 * server.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/credential.h"
#include "base/random.h"
#include "ceremony/server/secrets/seal_version.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "ceremony/server/vault/open.h"
#include "tests/unit/server/batch_bench.h"
#include "vault/store/secret.h"
#include "vault/store/statement.h"

enum { LONG = 3 * 1024 * 1024 };

/* COUNT definitions signed by infra and secops, the first of them FIRST, the others of secrets that nobody has, with
 * targets that make the statement longer than LONG. */
static void
define(struct bench *bench, const struct definition *first, size_t count,
    struct dsse *ret_statement)
{
	struct definition *rows = calloc(count, sizeof(*rows));
	const struct definitions definitions = {.vault = bench->vault_id,
	    .created = BENCH_START,
	    .rows = rows,
	    .count = count};
	char filler[LONG / 4 * 3 / DEFINITIONS + 500];
	struct err err;
	JSON *payload = NULL;

	assert_non_null(rows);
	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	for (size_t i = 0; i < count; i++) {
		rows[i] = *first;
		if (i == 0)
			continue;
		assert_ok(random_bytes(rows[i].secret.bytes, SECRET_ID_SIZE, &err));
		snprintf(rows[i].name, sizeof(rows[i].name), "other/s%zu", i);
		rows[i].target = json_new_object();
		json_put_text(rows[i].target, "filler", filler);
		json_put_text(rows[i].target, "name", rows[i].name);
	}
	assert_ok(definitions_payload(&definitions, &payload, &err));
	assert_ok(statement_new(STATEMENT_SECRET, false, payload, ret_statement, &err));
	person_sign(&bench->people[INFRA], ret_statement);
	person_sign(&bench->people[SECOPS], ret_statement);
	for (size_t i = 1; i < count; i++)
		json_free(rows[i].target);
	free(rows);
}

static enum err_code
send_definitions(struct bench *bench, const struct definition *first, size_t count, struct err *err)
{
	DSSE statement = {0};

	define(bench, first, count, &statement);
	return bench_propose(bench, &statement, 0, -1, err);
}

static void
one_statement_defines_up_to_500_with_a_leaf_for_each(void **state)
{
	struct bench *bench = bench_new(false);
	CLEANUP(credential_box_done) struct credential_box box = {0}, taken = {0};
	JSON *reply = NULL;
	uint64_t before;
	struct err err;

	(void)state;
	target_accept(bench, "first-password\n");
	bench_box(bench, "prod/db", "first-password", &box);
	before = bench_log_size(bench);
	batch_expect(send_definitions(bench, &box.definition, DEFINITIONS + 1, &err), ERR_INVALID,
	    &err, "definitions: ");
	assert_int_equal(bench_log_size(bench), before);
	assert_ok(send_definitions(bench, &box.definition, DEFINITIONS, &err));
	assert_int_equal(bench_count(bench, "SELECT count(*) FROM secrets"), DEFINITIONS);
	assert_int_equal(bench_count(bench, "SELECT count(*) FROM secrets WHERE newest > 0"), 0);
	assert_int_equal(bench_log_size(bench), before + 1 + DEFINITIONS);
	bench_box(bench, "prod/db", "first-password", &taken);
	batch_expect(send_definitions(bench, &taken.definition, 2, &err), ERR_EXISTS, &err,
	    "definitions[0]: there is a secret \"prod/db\" already");
	assert_ok(bench_send_value(bench, &box, false, &reply, &err));
	assert_int_equal(bench_current(bench, "prod/db"), 1);
	bench_verify(bench);
	bench_free(bench);
}

/* What waits for its second signature is no fault of the database. */
static void
with_one_signature_nothing_runs_and_there_is_the_drafts_leaf_alone(void **state)
{
	struct bench *bench = bench_new(false);
	CLEANUP(credential_box_done) struct credential_box box = {0};
	BUF calls = {0};
	JSON *reply = NULL;
	uint64_t before;
	bool live;
	struct err err;

	(void)state;
	target_accept(bench, "first-password\n");
	before = bench_log_size(bench);
	bench_box(bench, "prod/db", "first-password", &box);
	box.statement.count = 0;
	person_sign(&bench->people[INFRA], &box.statement);
	assert_ok(bench_propose(bench, &box.statement, 0, -1, &err));
	assert_int_equal(bench_log_size(bench), before + 1);
	assert_int_equal(bench_count(bench, "SELECT count(*) FROM secrets"), 0);
	assert_error(ERR_NOT_FOUND, bench_send_value(bench, &box, true, &reply, &err));
	assert_error(ERR_EXISTS,
	    bench_sign(bench, &bench->people[INFRA], &box.statement, &live, &err));
	bench_verify(bench);
	assert_string_equal(target_calls(bench, &calls), "");
	assert_ok(bench_sign(bench, &bench->people[CISO], &box.statement, &live, &err));
	assert_true(live);
	assert_string_equal(target_calls(bench, &calls), "");
	bench_expect_line(bench, "secrets",
	    "1 secret is defined and has no value yet; the first is prod/db");
	assert_ok(bench_send_value(bench, &box, true, &reply, &err));
	bench_verify(bench);
	bench_free(bench);
}

/* Signed by an operator's own program: no client writes such a definition. */
static void
a_definition_that_announces_another_thing_than_the_rotator_is_refused_untried(void **state)
{
	static const struct announcement others[] = {
	    {.style = STYLE_OVERLAP, .holds = 2, .can = CAN_EXPEL},
	    {.identity = IDENTITY_SELF, .holds = 1, .can = CAN_EXPEL},
	    {.holds = 1, .grace = 60, .can = CAN_EXPEL},
	    {.holds = 1, .death = DEATH_COPIES, .can = CAN_EXPEL},
	    {.holds = 1},
	    {.holds = 1, .can = CAN_EXPEL, .account_count = 1, .account = {"name"}},
	};
	static const char *const members[] = {"style", "identity", "grace", "death", "can",
	    "account"};
	struct bench *bench = bench_new(false);
	BUF calls = {0};
	struct err err;

	(void)state;
	target_accept(bench, "first-password\n");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		CLEANUP(credential_box_done) struct credential_box box = {0};
		JSON *reply = NULL;

		bench->announced = others[i];
		bench_box(bench, "prod/db", "first-password", &box);
		assert_error(ERR_REFUSED, bench_send_box(bench, &box, false, &reply, &err));
		assert_says("is not what rotator fake announces for this target");
		assert_says(members[i]);
	}
	assert_string_equal(target_calls(bench, &calls), "");
	assert_int_equal(bench_count(bench, "SELECT count(*) FROM secrets"), 0);
	bench_verify(bench);
	bench_free(bench);
}

static enum err_code
ask_rotator(struct bench *bench, const char *name, struct json **ret_reply, struct err *err)
{
	struct json *request = op_new("rotator"), *target = json_new_object();

	json_put_text(request, "name", name);
	json_put_text(target, "folder", bench->target);
	json_put(request, "target", target);
	return bench_call(bench, request, view_of(NULL, 0), ret_reply, NULL, err);
}

static void
what_a_rotator_announces_is_told_without_running_it(void **state)
{
	struct bench *bench = bench_new(false);
	JSON *reply = NULL, *none = NULL;
	struct announcement announced;
	BUF calls = {0};
	struct err err;

	(void)state;
	assert_ok(ask_rotator(bench, "fake", &reply, &err));
	struct json_in in = json_in(reply, "rotator", &err);
	const struct json *object = json_in_object(&in, "announced");

	assert_int_equal(json_in_set(&in, "fields", credential_field_names, 1),
	    1 << FIELD_PASSWORD);
	assert_ok(announcement_parse(object, "announced", &announced, &err));
	assert_null(announcement_differs(&announced, &bench->announced));
	assert_string_equal(target_calls(bench, &calls), "");
	assert_error(ERR_NOT_FOUND, ask_rotator(bench, "none", &none, &err));
	bench_free(bench);
}

/* By the program itself, as the first thing that it ever asks of this vault. */
static void
show_by_command(struct bench *bench, struct buf *ret_text)
{
	char command[1000], line[400];

	bench_end(bench);
	assert_int_equal(setenv("PROGRAM", BENCH_HALLIGAN, 1), 0); /* wherever it was built */
	snprintf(command, sizeof(command),
	    "HOME='%s' XDG_STATE_HOME='%s/state' \"$PROGRAM\" secret show prod/db --vault '%s' 2>&1",
	    bench->folder, bench->folder, bench->vault);
	FILE *output = popen(command, "r");
	assert_non_null(output);
	while (fgets(line, sizeof(line), output) != NULL)
		buf_text(ret_text, line);
	if (pclose(output) != 0)
		fail_msg("%s: %s", command, buf_string(ret_text));
}

static void
a_secret_defined_among_500_is_found_released_and_rotated(void **state)
{
	struct bench *bench = bench_new(false);
	CLEANUP(credential_box_done) struct credential_box box = {0};
	SECRET *credential = NULL;
	JSON *found = NULL, *reply = NULL;
	DSSE statement = {0};
	DEFINITIONS_OF definitions = {0};
	BUF shown = {0};
	struct json *request = op_new("secret-find");
	struct err err;
	char debt[20];

	(void)state;
	target_accept(bench, "first-password\n");
	bench_box(bench, "prod/db", "first-password", &box);
	assert_ok(send_definitions(bench, &box.definition, DEFINITIONS, &err));
	assert_ok(bench_send_value(bench, &box, false, &reply, &err));
	json_put_text(request, "name", "prod/db");
	assert_ok(bench_call(bench, request, (struct view){0}, &found, NULL, &err));
	struct json_in in = json_in(found, "reply", &err);
	in_statement(&in, "definition", &statement);
	assert_int_equal(in.code, ERR_OK);
	assert_ok(definitions_parse(&statement, false, &definitions, &err));
	assert_int_equal(definitions.count, DEFINITIONS);
	assert_non_null(definitions_find(&definitions, &box.definition.digest));
	show_by_command(bench, &shown);
	assert_non_null(strstr(buf_string(&shown), "root on prod/db"));
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, &credential, NULL, &err));
	assert_true(target_accepts(bench, credential));
	assert_ok(bench_done(bench, &id, debt, &err));
	assert_string_equal(debt, "retired");
	bench_verify(bench);
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_statement_defines_up_to_500_with_a_leaf_for_each),
	    cmocka_unit_test(with_one_signature_nothing_runs_and_there_is_the_drafts_leaf_alone),
	    cmocka_unit_test(
	        a_definition_that_announces_another_thing_than_the_rotator_is_refused_untried),
	    cmocka_unit_test(what_a_rotator_announces_is_told_without_running_it),
	    cmocka_unit_test(a_secret_defined_among_500_is_found_released_and_rotated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
