/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The truth table of ceremonies: a request of 1, of 2, of 20, of 500 versions, of each mode, that ends in
 * each way; and killed at every durable step of that end (where 500 go one by one: in the first, the middle
 * and the last).
 * A ceremony of any size comes to the same end, and leaves the same behind.
 *
 * usage: test-server_ends [500]
 */
#include <stdio.h>

#include "base/text.h"
#include "tests/unit/changes/changes_bench.h"
#include "tests/unit/ends/ends_table.h"
#include "tests/unit/sweep.h"

enum { ATTEMPTS = 8, PART = 20, STEP = 101, RETRY = 301 };

/* The ceremony's state after that end; of MODES that have no destination yet: "", as the request is refused. */
static const char *const truth[MODES][ENDS] = {
    [MODE_RELEASE] = {"released", "refused", "refused", "refused", "refused", "refused", "refused",
        "refused", "refused"},
    /* Who asked for these stands in the charter: no roster names them. */
    [MODE_RESEAL] = {"closed", "refused", "refused", "refused", "refused", "collecting", "refused",
        "refused", "refused"},
    [MODE_ROTATE] = {"closed", "refused", "refused", "refused", "refused", "collecting", "refused",
        "refused", "refused"},
    [MODE_RECOVER] = {"", "", "", "", "", "", "", "", ""},
    [MODE_DRILL] = {"", "", "", "", "", "", "", "", ""},
};
static const char *const end_names[ENDS] = {"quorum", "denial", "cancel", "expiry", "charter",
    "roster", "suspension", "change", "retirement"};

static void
expect(const struct table *table, const char *what, uint64_t got, uint64_t wanted)
{
	if (got != wanted)
		fail_msg("%s: %s: %llu instead of %llu", table->place, what,
		    (unsigned long long)got, (unsigned long long)wanted);
}

static void
expect_text(const struct table *table, const char *what, const char *got, const char *wanted)
{
	if (strcmp(got, wanted) != 0)
		fail_msg("%s: %s: \"%s\" instead of \"%s\"", table->place, what, got, wanted);
}

/* --- Ending ------------------------------------------------------------------------------- */

/* The same command again, when a kill cut it off: who was heard already is told so. */
static void
object(const struct table *table, const struct person *person, enum statement_type type)
{
	struct err err;

	(void)!bench_object(table->bench, person, &table->id, type, &err);
}

static void
deny(const struct table *table, enum mode mode)
{
	for (int i = SECOPS; i <= CAROL; i++) {
		const struct person *person = &table->bench->people[i];

		if (i != AUDIT && person != who_asks(table, mode))
			object(table, person, STATEMENT_DENIAL);
	}
}

/* By two people: whoever drew it up signed it. */
static void
send_document(const struct table *table, const struct dsse *statement, int second)
{
	struct err err;
	bool live;

	(void)!bench_propose(table->bench, statement, 0, -1, &err);
	(void)!bench_sign(table->bench, &table->bench->people[second], statement, &live, &err);
}

static void
bring_to_end(struct table *table, enum mode mode, enum end end)
{
	struct err err;

	switch (end) {
	case BY_DENIAL:
		deny(table, mode);
		break;
	case BY_CANCEL:
		object(table, who_asks(table, mode), STATEMENT_CANCEL);
		break;
	case BY_CHARTER:
		send_document(table, &table->charter, INFRA);
		break;
	case BY_ROSTER:
		send_document(table, &table->roster, CISO);
		break;
	case BY_SUSPENSION:
		(void)!bench_propose(table->bench, &table->suspension, 0, -1, &err);
		break;
	case BY_EXPIRY:
		table->bench->shared->now = table->bench->kept_at + 7200;
		(void)!batch_advance_op(table->bench, &table->id, &err);
		break;
	case BY_CHANGE:
		send_document(table, &table->change, INFRA);
		break;
	case BY_RETIREMENT:
		send_document(table, &table->retirement, INFRA);
		break;
	default:
		(void)!batch_advance_op(table->bench, &table->id, &err);
	}
}

/* --- What it leaves ----------------------------------------------------------------------- */

static bool
is_exposed(const struct table *table, size_t position)
{
	struct err err;
	JSON *reply = NULL;
	struct json *request = op_new("ceremony-items");

	json_put_hex(request, "id", VIEW_OF(table->id.bytes));
	bench_put_position(request, position);
	json_put(request, "known", json_new_array());
	assert_ok(bench_call(table->bench, request, (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	in = json_in(json_array_object(json_in_array(&in, "items", 1, 1), 0), "items", &err);
	return json_in_bool(&in, "part_exposed");
}

/* Of the middle item: NAME. */
static void
assert_definition(const struct table *table, const char *name)
{
	DEFINITION now = {0};

	changes_in_force(table->bench, name, &now);
	expect(table, "revision", now.revision, table->end >= BY_CHANGE ? 2 : 1);
	expect(table, "retired", now.change.retires, table->end == BY_RETIREMENT);
}

/* Of item POSITION: its value, its debt, what was seen of it. */
static void
assert_item(const struct table *table, size_t position, const char *state)
{
	char name[32], debt[20];
	bool closed = strcmp(state, "closed") == 0;

	batch_name(position, name);
	bench_debt(table->bench, name, debt);
	expect_text(table, "debt", debt, strcmp(state, "released") == 0 ? "owed" : "");
	if (position == table->count / 2)
		assert_definition(table, name);
	if (table->end != BY_RETIREMENT || position != table->count / 2) /* else: none */
		expect(table, "current", bench_current(table->bench, name), closed ? 2 : 1);
	if (!closed)
		expect(table, "exposed", is_exposed(table, position),
		    strcmp(state, "refused") == 0);
}

static void
assert_answer(struct table *table, size_t position)
{
	struct err err;
	SECRET *credential = NULL;
	char password[32];

	assert_ok(bench_open_at(table->bench, &table->bench->people[ALICE], &table->id, position,
	    &credential, NULL, &err));
	snprintf(password, sizeof(password), "password-%zu", position);
	struct view got = secret_view(credential);
	assert_non_null(memmem(got.data, got.size, password, strlen(password)));
}

/* Is a rotation unfinished, so that it is tried again? */
static bool
owes(const struct table *table)
{
	return bench_files(table->bench, "escrow") > 0;
}

static void
end_lease(struct table *table)
{
	struct err err = {.code = ERR_OK};
	char debt[20], state[20] = "", notes[NOTES_MAX];

	for (int i = 0; i < ATTEMPTS && (strcmp(state, "closed") != 0 || owes(table)); i++) {
		table->bench->shared->now += RETRY;
		bench_end(table->bench);
		(void)!bench_done(table->bench, &table->id, debt, &err);
		batch_states(table->bench, &table->id, state, notes);
	}
	if (strcmp(state, "closed") != 0)
		printf("# %s; %s\n", err.code != ERR_OK ? err.text : "it was asked for", notes);
	expect_text(table, "after done", state, "closed");
}

static void
assert_left(struct table *table, const char *state)
{
	const size_t positions[] = {0, table->count / 2, table->count - 1};

	for (size_t i = 0; i < ARRAY_SIZE(positions); i++)
		assert_item(table, positions[i], state);
	if (strcmp(state, "released") == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(positions); i++)
			assert_answer(table, positions[i]);
		end_lease(table);
		for (size_t i = 0; i < ARRAY_SIZE(positions); i++)
			assert_item(table, positions[i], "closed");
	}
	bench_end(table->bench);
	expect(table, "keys", bench_files(table->bench, "ceremony"),
	    strcmp(state, "collecting") == 0);
	expect(table, "escrows", bench_files(table->bench, "escrow"), 0);
	bench_verify(table->bench);
}

/* --- The table ---------------------------------------------------------------------------- */

/* Whoever was cut off tries again, until it has ended so. */
static void
come_to_end(struct table *table, enum mode mode, enum end end, int64_t at)
{
	struct bench *bench = table->bench;
	const char *wanted = truth[mode][end];
	char state[20] = "", notes[NOTES_MAX];

	for (int i = 0; i < ATTEMPTS; i++) {
		batch_states(bench, &table->id, state, notes);
		/* What goes on looks as if nothing had happened: the command must have come through. */
		bool pays = mode == MODE_ROTATE && owes(table);

		if (strcmp(state, wanted) == 0 && !pays && (i > 0 || at == 0 || end != BY_ROSTER))
			break;
		bench->shared->now += pays ? RETRY : 1;
		if (pays)
			bench_end(bench); /* it is tried again after the session */
		bring_to_end(table, mode, end);
	}
	expect_text(table, "state", state, wanted);
}

/* One row, killed at its durable step AT (0: never): how many there were. */
static int64_t
try_row(struct table *table, enum mode mode, enum end end, int64_t at)
{
	struct bench *bench = table->bench;

	table->end = end;
	snprintf(table->place, sizeof(table->place), "%s of %zu, %s, killed at %lld",
	    mode_names[mode], table->count, end_names[end], (long long)at);
	bench_restore(bench, end == BY_QUORUM ? "approved" : "asked");
	bench->shared->points = 0;
	bench->shared->kill_at = at;
	bring_to_end(table, mode, end);
	bench_end(bench); /* what is due after it is a place to die, too */
	int64_t points = bench->shared->points;
	bench->shared->kill_at = 0;
	come_to_end(table, mode, end, at);
	assert_left(table, truth[mode][end]);
	return points;
}

/* Of an end that goes item by item, 500 need not all be killed in: the first with what comes before it, the
 * middle one, the last with what comes after it. */
static bool
stands_in_window(const struct table *table, int64_t at, int64_t points)
{
	int64_t count = (int64_t)table->count, middle = points / 2;
	int64_t each = points / count, rest = points % count;

	return count < CEREMONY_ITEMS || points < count || at <= rest + each ||
	    at > points - rest - each || (at > middle && at <= middle + each);
}

/* --- Which rows a run takes --------------------------------------------------------------- */

/*
 * A row of 500 takes ten seconds and opening them takes more, so each of 40 slices has one mode, and of its
 * rows every COUNT-th: all of them come by in the slices FIRST to FIRST + COUNT - 1.  A mode has as many as
 * its rows need time.  In the plain suite, which takes every SLICES + 1st number, none comes by.
 */
enum { SLICES = 40 };
static const struct {
	int64_t first, count;
} slices[MODES] = {[MODE_RELEASE] = {1, 10}, [MODE_RESEAL] = {11, 5}, [MODE_ROTATE] = {16, 25}};

static bool
takes_of_500(enum mode mode, int64_t row)
{
	return sweep_takes(slices[mode].first + row % slices[mode].count, SLICES + 1);
}

static bool
takes_mode_of_500(enum mode mode)
{
	for (int64_t row = 0; row < slices[mode].count; row++)
		if (takes_of_500(mode, row))
			return true;
	return false;
}

/* The next row. */
static bool
takes_row(struct table *table, enum mode mode)
{
	int64_t row = table->row++;

	return table->count < CEREMONY_ITEMS ? sweep_takes(row + 1, STEP) : takes_of_500(mode, row);
}

static void
try_kills(struct table *table, enum mode mode, enum end end, int64_t points)
{
	for (int64_t at = 1; at <= points; at++)
		if (stands_in_window(table, at, points) && takes_row(table, mode))
			(void)try_row(table, mode, end, at);
}

static void
keep_asked(struct table *table, enum mode mode)
{
	struct err err;

	bench_restore(table->bench, "founded");
	assert_ok(table_ask(table, mode, &err));
	batch_give_all(table->bench, &table->bench->people[CISO], &table->id);
	table_state(table, mode);
	bench_keep(table->bench, "asked");
	batch_give_last(table->bench, &table->bench->people[CAROL], &table->id);
	bench_keep(table->bench, "approved");
}

static void
try_mode(struct table *table, enum mode mode)
{
	struct err err;

	if (truth[mode][BY_QUORUM][0] == '\0') {
		batch_expect(table_ask(table, mode, &err), ERR_REFUSED, &err, "no destination");
		return;
	}
	if (table->count == CEREMONY_ITEMS && !takes_mode_of_500(mode))
		return;
	keep_asked(table, mode);
	for (int end = 0; end < ENDS; end++) {
		int64_t points = try_row(table, mode, (enum end)end, 0);

		assert_true(points > 4);
		try_kills(table, mode, (enum end)end, points);
	}
}

static void
accept_all(struct table *table)
{
	BUF list = {0};

	for (size_t i = 0; i < table->count; i++) {
		char line[32];

		snprintf(line, sizeof(line), "password-%zu\n", i);
		buf_text(&list, line);
	}
	buf_u8(&list, 0);
	target_accept(table->bench, (const char *)list.data);
	target_mode(table->bench, "apply=one!\n");
}

static void
table_begin(struct table *table, size_t count)
{
	*table = (struct table){.bench = batch_bench(true, count), .count = count};
	accept_all(table);
	for (size_t i = 0; i < count; i++) {
		char name[32];

		batch_name(i, name);
		bench_item(table->bench, name, &table->items[i]);
	}
	bench_keep(table->bench, "founded");
}

static void
table_end(struct table *table)
{
	table_drop(table);
	bench_free(table->bench);
}

static void
try_size(size_t count)
{
	struct table table;

	table_begin(&table, count);
	for (int mode = 0; mode < MODES; mode++)
		try_mode(&table, (enum mode)mode);
	table_end(&table);
}

/* --- What is being released ----------------------------------------------------------------- */

/* Cut off so that it is RELEASING, and nobody has gone on with it. */
static void
keep_releasing(struct table *table, enum mode mode)
{
	struct bench *bench = table->bench;
	int64_t found = 0;

	bench->shared->no_due = 1;
	for (int64_t at = 1; found == 0; at++) {
		bench_restore(bench, "approved");
		bench->shared->points = 0;
		bench->shared->kill_at = at;
		bring_to_end(table, mode, BY_QUORUM);
		bench_end(bench);
		assert_int_equal(bench->shared->points, at);
		bench->shared->kill_at = 0;
		found =
		    bench_count(bench, "SELECT count(*) FROM ceremonies WHERE state = 'releasing'");
	}
	bench_keep(bench, "releasing");
}

/* Its last signature is refused, as it stands, or heard after what the session finished first: a release. */
static void
try_releasing(struct table *table, enum mode mode, enum end end)
{
	const struct dsse *statement = end == BY_CHANGE ? &table->change : &table->retirement;
	struct bench *bench = table->bench;
	bool releases = mode == MODE_RELEASE, live;
	char state[20], notes[NOTES_MAX], name[32];
	struct err err;

	snprintf(table->place, sizeof(table->place), "%s of %zu, releasing, %s", mode_names[mode],
	    table->count, end_names[end]);
	bench_restore(bench, "releasing");
	bench->shared->no_due = 1;
	enum err_code code = bench_propose(bench, statement, 0, -1, &err);
	if (code == ERR_OK)
		code = bench_sign(bench, &bench->people[INFRA], statement, &live, &err);
	if (mode != MODE_RESEAL && end == BY_RETIREMENT) /* what was begun has a debt already */
		batch_expect(code, ERR_REFUSED, &err, "nothing is retired while one is open");
	else if (!releases)
		batch_expect(code, ERR_BUSY, &err, "a ceremony is releasing just now");
	else
		assert_ok(code);
	table->end = code == ERR_OK ? end : BY_QUORUM; /* what is in force */
	batch_states(bench, &table->id, state, notes);
	expect_text(table, "meanwhile", state, releases ? "released" : "releasing");
	bench->shared->no_due = 0;
	bring_to_end(table, mode, BY_QUORUM);
	come_to_end(table, mode, BY_QUORUM, 0);
	assert_left(table, truth[mode][BY_QUORUM]);
	if (code == ERR_OK)
		return;
	/* Afterwards nothing is in its way. */
	send_document(table, statement, INFRA);
	batch_name(table->count / 2, name);
	table->end = end;
	assert_definition(table, name);
}

static void
what_is_being_released_is_voided_by_no_definition(void **state)
{
	static const size_t sizes[] = {1, 2};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct table table;

		table_begin(&table, sizes[i]);
		for (int mode = 0; mode < MODES; mode++) {
			if (truth[mode][BY_QUORUM][0] == '\0')
				continue;
			keep_asked(&table, (enum mode)mode);
			keep_releasing(&table, (enum mode)mode);
			try_releasing(&table, (enum mode)mode, BY_CHANGE);
			try_releasing(&table, (enum mode)mode, BY_RETIREMENT);
		}
		table_end(&table);
	}
}

static void
a_ceremony_of_one_ends_as_the_table_says(void **state)
{
	(void)state;
	try_size(1);
}

static void
a_ceremony_of_two_ends_as_the_table_says(void **state)
{
	(void)state;
	try_size(2);
}

static void
a_ceremony_of_twenty_ends_as_the_table_says(void **state)
{
	(void)state;
	try_size(PART);
}

static void
a_ceremony_of_500_ends_as_the_table_says(void **state)
{
	(void)state;
	try_size(CEREMONY_ITEMS);
}

static int
try_500(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_ceremony_of_500_ends_as_the_table_says),
	};
	bool takes = false;

	for (int mode = 0; mode < MODES; mode++)
		takes = takes || takes_mode_of_500((enum mode)mode);
	if (takes)
		return cmocka_run_group_tests(tests, NULL, NULL);
	puts("1..0 # SKIP in another slice");
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_ceremony_of_one_ends_as_the_table_says),
	    cmocka_unit_test(a_ceremony_of_two_ends_as_the_table_says),
	    cmocka_unit_test(a_ceremony_of_twenty_ends_as_the_table_says),
	    cmocka_unit_test(what_is_being_released_is_voided_by_no_definition),
	};

	if (argc > 1 && strcmp(argv[1], "500") == 0)
		return try_500();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
