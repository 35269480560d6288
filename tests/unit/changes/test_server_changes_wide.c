/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many secrets of one long statement, changed by another, and then in one ceremony: what is shown of them, with the
 * statements from which they come, fits a reply; and each statement stands in it once.
 */
#include <stdio.h>

#include "base/random.h"
#include "ceremony/protocol/wire.h"
#include "tests/unit/changes/changes_bench.h"
#include "tests/unit/server/batch_bench.h"

enum { MANY = 20, FILLERS = 100, FILLER = 16000, SHOWN_MAX = 4 * 1024 * 1024, LONG = 400 };

/* COUNT definitions of secrets that nobody has, from ROWS on, which make a statement long.  FIRST: as this one is else. */
static void
fill_up(const struct definition *first, const char *room, struct definition *rows, size_t count)
{
	JSON *target = json_new_object();
	char filler[FILLER + 1];
	struct err err;

	memset(filler, 'x', FILLER);
	filler[FILLER] = '\0';
	json_put_text(target, "filler", filler);
	for (size_t i = 0; i < count; i++) {
		assert_ok(definition_copy(first, &rows[i], &err));
		definition_drop_change(&rows[i]);
		rows[i].revision = 1;
		snprintf(rows[i].name, sizeof(rows[i].name), "%s/s%03zu", room, i);
		assert_ok(random_bytes(rows[i].secret.bytes, SECRET_ID_SIZE, &err));
		assert_ok(definition_set_target(&rows[i], target, &err));
		json_put_text(rows[i].target, "name", rows[i].name); /* an account of its own */
	}
}

/* One statement: MANY secrets, and others that make it long. */
static void
define_many(struct bench *bench, struct credential_box boxes[MANY])
{
	struct definition *rows = calloc(MANY + FILLERS, sizeof(*rows));
	DSSE statement = {0};
	DEFINITIONS_OF read = {0};
	static const int both[] = {INFRA, SECOPS, -1};
	char name[40];
	bool live;
	struct err err;

	assert_non_null(rows);
	for (size_t i = 0; i < MANY; i++) {
		CLEANUP(credential_box_done) struct credential_box box = {0};

		snprintf(name, sizeof(name), "prod/s%03zu", i);
		bench_box(bench, name, "unused", &box);
		assert_ok(definition_copy(&box.definition, &rows[i], &err));
	}
	fill_up(&rows[0], "zzz", rows + MANY, FILLERS);
	changes_state(bench, rows, MANY + FILLERS, &statement);
	assert_ok(changes_send(bench, &statement, both, &live, &err));
	assert_true(live);
	assert_ok(definitions_parse(&statement, false, &read, &err));
	for (size_t i = 0; i < MANY + FILLERS; i++) {
		if (i < MANY)
			assert_ok(definition_copy(&read.rows[i], &boxes[i].definition, &err));
		definition_done(&rows[i]);
	}
	free(rows);
}

static void
adopt_many(struct bench *bench)
{
	struct credential_box boxes[MANY] = {{.ciphertext = {0}}};
	struct err err;

	define_many(bench, boxes);
	for (size_t i = 0; i < MANY; i++) {
		JSON *reply = NULL;

		bench_box_value(bench, "first-password", &boxes[i]);
		assert_ok(bench_send_value(bench, &boxes[i], false, &reply, &err));
		credential_box_done(&boxes[i]);
	}
}

static void
change_many(struct bench *bench)
{
	static const int quorum[] = {SECOPS, INFRA, -1};
	struct definition rows[MANY] = {{.revision = 0}};
	DSSE statement = {0};
	bool live;
	struct err err;

	for (size_t i = 0; i < MANY; i++) {
		char name[40];

		snprintf(name, sizeof(name), "prod/s%03zu", i);
		changes_draw(bench, name, &rows[i]);
		changes_edit(bench, POLICY, &rows[i]);
	}
	changes_state(bench, rows, MANY, &statement);
	assert_ok(changes_send(bench, &statement, quorum, &live, &err));
	assert_true(live);
	for (size_t i = 0; i < MANY; i++)
		definition_done(&rows[i]);
}

/* Of a reply; RET_BYTES: of the statements in it. */
static size_t
count_shown(const struct json *reply, size_t *ret_earlier, size_t *ret_bytes)
{
	struct err err;
	struct json_in in = json_in(reply, "reply", &err);
	const struct json *items = json_in_array(&in, "items", 1, MANY);

	*ret_earlier = *ret_bytes = 0;
	for (size_t i = 0; i < json_array_count(items); i++) {
		struct json_in item = json_in(json_array_object(items, i), "item", &err);

		if (!json_in_has(&item, "earlier"))
			continue;
		const struct json *earlier = json_in_array(&item, "earlier", 1, 10);
		*ret_earlier += json_array_count(earlier);
		for (size_t j = 0; j < json_array_count(earlier); j++)
			*ret_bytes += strlen(json_array_text(earlier, j));
	}
	return json_array_count(items);
}

static size_t
show_from(struct bench *bench, const struct id *id, size_t first)
{
	struct json *request = op_new("ceremony-items");
	struct positions positions = {.count = 0}, known = {.count = 0};
	JSON *reply = NULL;
	BUF headers = {0};
	size_t earlier, bytes;
	struct err err;

	for (size_t i = first; i < MANY; i++)
		positions.rows[positions.count++] = (uint32_t)i;
	for (size_t i = 0; i < first; i++)
		known.rows[known.count++] = (uint32_t)i;
	json_put_hex(request, "id", VIEW_OF(id->bytes));
	put_positions(request, "positions", &positions);
	put_positions(request, "known", &known);
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, &headers, &err));
	size_t shown = count_shown(reply, &earlier, &bytes);
	assert_int_equal(earlier, 1);
	assert_in_range(bytes, 1, SHOWN_MAX);
	return shown;
}

static void
what_many_items_come_from_is_shown_once(void **state)
{
	struct bench *bench = bench_new(false);
	size_t shown = 0;

	(void)state;
	target_accept(bench, "first-password\n");
	adopt_many(bench);
	change_many(bench);
	struct id id = batch_ask_many(bench, MODE_RESEAL, MANY);
	while (shown < MANY)
		shown += show_from(bench, &id, shown);
	/* And to officers. */
	batch_approve(bench, &bench->people[CISO], &id);
	batch_approve(bench, &bench->people[CAROL], &id);
	assert_int_equal(bench_current(bench, "prod/s019"), 2);
	bench_verify(bench);
	bench_free(bench);
}

/* prod/db's change among LONG others. */
static enum err_code
change_in_a_long_one(struct bench *bench, const char *room, enum part part, struct err *err)
{
	static const int quorum[] = {SECOPS, INFRA, -1};
	struct definition *rows = calloc(LONG + 1, sizeof(*rows));
	DSSE statement = {0};
	bool live = false;

	assert_non_null(rows);
	changes_draw(bench, "prod/db", &rows[0]);
	fill_up(&rows[0], room, rows + 1, LONG);
	changes_edit(bench, part, &rows[0]);
	changes_state(bench, rows, LONG + 1, &statement);
	for (size_t i = 0; i <= LONG; i++)
		definition_done(&rows[i]);
	free(rows);
	TRY(changes_send(bench, &statement, quorum, &live, err));
	assert_true(live);
	return ERR_OK;
}

/* Else nobody could ask for it, or approve that. */
static void
no_change_comes_into_force_that_could_not_be_shown(void **state)
{
	struct bench *bench = bench_new(false);
	SECRET *value = NULL;
	char sealed_to[QUORUM_TEXT_MAX + 1];
	struct digest sealed;
	struct err err;

	(void)state;
	bench_add_secret(bench);
	assert_ok(change_in_a_long_one(bench, "yyy", PROGRAM, &err));
	assert_error(ERR_REFUSED, change_in_a_long_one(bench, "zzz", POLICY, &err));
	assert_says("reseal it first, or change fewer secrets by one statement");
	/* By itself it may. */
	changes_make(bench, POLICY);
	assert_int_equal(changes_earlier(bench, "prod/db", &sealed, sealed_to), 2);
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[CAROL], &id, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, &value, NULL, &err));
	assert_true(target_accepts(bench, value));
	bench_verify(bench);
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_many_items_come_from_is_shown_once),
	    cmocka_unit_test(no_change_comes_into_force_that_could_not_be_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
