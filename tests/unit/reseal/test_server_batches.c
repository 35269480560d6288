/* SPDX-License-Identifier: Apache-2.0 */
/*
 * More versions than are sealed again at once: what becomes current together, what that costs, and who gets in
 * between.  DESIGN.md, invariants 16 and 18.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ceremony/protocol/wire.h"
#include "ceremony/server/opening/to_vault.h"
#include "tests/unit/server/batch_bench.h"
#include "tests/unit/server/hand_bench.h"
#include "tests/unit/sweep.h"

enum { MANY = 2 * RESEAL_AT_ONCE + 6, BATCHES = 3 };

/* A ceremony over all of them, with everything but the last step. */
struct ready {
	struct bench *bench;
	struct id id;
};

static int
begin(void **state)
{
	struct ready *ready = calloc(1, sizeof(*ready));

	assert_non_null(ready);
	ready->bench = batch_bench(true, MANY);
	bench_due(ready->bench); /* the copy sink has all that it should */
	ready->id = batch_ask_many(ready->bench, MODE_RESEAL, MANY);
	batch_approve(ready->bench, &ready->bench->people[CISO], &ready->id);
	batch_give_last(ready->bench, &ready->bench->people[CAROL], &ready->id);
	bench_keep(ready->bench, "ready");
	*state = ready;
	return 0;
}

static int
end(void **state)
{
	struct ready *ready = *state;

	bench_free(ready->bench);
	free(ready);
	return 0;
}

static int64_t
transactions(struct bench *bench)
{
	return bench_count(bench,
	    "SELECT count(*) FROM log_leaf WHERE instr(CAST(data AS TEXT), '\"tree\":') > 0");
}

/* How many of the first ceremony's items are in STATE. */
static int64_t
items(struct bench *bench, const char *state)
{
	char query[300];

	bench_end(bench);
	snprintf(query, sizeof(query),
	    "SELECT count(*) FROM items WHERE state = '%s' AND ceremony = (SELECT id FROM ceremonies "
	    "ORDER BY arrival LIMIT 1)",
	    state);
	return bench_count(bench, query);
}

/* Each item waits, with its old version current and openable, or is done, with the new one so. */
static void
assert_whole(struct bench *bench)
{
	static const char query[] =
	    "SELECT count(*) FROM items JOIN secrets ON secrets.id = items.secret WHERE "
	    "secrets.current = items.version + (items.state = 'done') AND "
	    "(SELECT state FROM versions WHERE versions.secret = secrets.id AND number = "
	    "secrets.current) = 'current' AND "
	    "(SELECT count(*) FROM versions WHERE versions.secret = secrets.id AND state = 'current') "
	    "= 1 AND "
	    "(SELECT count(ciphertext) FROM envelopes WHERE envelopes.secret = secrets.id AND version = "
	    "secrets.current) = 4 AND "
	    "(SELECT count(ciphertext) FROM envelopes WHERE envelopes.secret = secrets.id AND version < "
	    "secrets.current) = 0 AND "
	    "(SELECT count(ciphertext) FROM shares WHERE shares.ceremony = items.ceremony AND "
	    "shares.position = items.position) = 2 * (items.state = 'waiting') AND "
	    "(SELECT count(*) FROM opened WHERE opened.secret = secrets.id) = (items.state = 'done')";

	bench_end(bench);
	assert_int_equal(bench_count(bench, query), MANY);
}

static void
assert_closed(const struct ready *ready)
{
	char text[20], notes[NOTES_MAX];

	for (int i = 0; i < 3; i++)
		bench_due(ready->bench);
	batch_states(ready->bench, &ready->id, text, notes);
	assert_string_equal(text, "closed");
}

/* A leaf with the state's root ends each transaction: one for the decision, one for each batch, one for the end. */
static void
many_become_current_in_a_transaction_a_batch(void **state)
{
	const struct ready *ready = *state;
	struct bench *bench = ready->bench;
	struct err err;

	bench_restore(bench, "ready");
	int64_t before = transactions(bench);
	bench->progress.size = 0;
	assert_ok(batch_advance_op(bench, &ready->id, &err));
	assert_int_equal(items(bench, "done"), MANY);
	assert_int_equal(transactions(bench) - before, 1 + BATCHES + 1);
	assert_non_null(strstr(buf_string(&bench->progress), "70 of 70 secrets sealed again"));
	assert_null(strstr(buf_string(&bench->progress), "prod/s7:"));
	assert_whole(bench);
	bench_verify(bench);
}

/* The most durable steps: syncs, renames, unlinks before and after, commits before and after.  They may fall, not grow. */
enum {
	STEPS_GIVING = 20,   /* an approval, and the shares of all in two messages */
	STEPS_COPY = 6,      /* of each version */
	STEPS_RESEALING = 40 /* all else of five transactions, and the ceremony's files */
};

static void
durable_steps_do_not_grow_with_the_secrets(void **state)
{
	const struct ready *ready = *state;
	struct bench *bench = ready->bench;
	struct err err;

	bench_restore(bench, "ready");
	bench->shared->points = 0;
	assert_ok(batch_advance_op(bench, &ready->id, &err));
	int64_t resealing = bench->shared->points - STEPS_COPY * MANY;
	bench_end(bench);
	const struct id next = batch_ask_many(bench, MODE_RESEAL, MANY);
	int64_t before = transactions(bench);
	bench_end(bench);
	bench->shared->points = 0;
	batch_give_all(bench, &bench->people[CISO], &next);
	int64_t giving = bench->shared->points;
	bench_end(bench);
	assert_int_equal(transactions(bench) - before, 1 + 2);
	printf(
	    "# %lld durable steps to seal %d again, beside %d a copy; %lld to give their shares\n",
	    (long long)resealing, MANY, STEPS_COPY, (long long)giving);
	assert_true(resealing <= STEPS_RESEALING);
	assert_true(giving <= STEPS_GIVING);
}

static void
a_kill_leaves_each_version_whole(void **state)
{
	const struct ready *ready = *state;
	struct bench *bench = ready->bench;
	struct err err;

	bench_restore(bench, "ready");
	bench->shared->points = 0;
	assert_ok(batch_advance_op(bench, &ready->id, &err));
	int64_t points = bench->shared->points;
	for (int64_t at = 1; at <= points; at++) {
		if (!sweep_takes(at, 37))
			continue;
		bench_restore(bench, "ready");
		bench->shared->points = 0;
		bench->shared->kill_at = at;
		bench->shared->no_due = 1;
		(void)!batch_advance_op(bench, &ready->id, &err);
		bench_end(bench);
		bench->shared->kill_at = 0;
		assert_true(bench->shared->points >= at);
		assert_whole(bench);
		int64_t done = items(bench, "done");
		assert_true(done == MANY || done % RESEAL_AT_ONCE == 0);
		bench->shared->no_due = 0;
		assert_closed(ready);
		assert_whole(bench);
		assert_int_equal(items(bench, "done"), MANY);
	}
}

/* A copy that cannot be written, a commit that cannot. */
static void
a_failed_sync_leaves_each_version_whole(void **state)
{
	const struct ready *ready = *state;
	struct bench *bench = ready->bench;
	struct err err;
	size_t failed = 0;

	for (int64_t at = 1; at <= MANY * 2 + 40; at += 11) {
		bench_restore(bench, "ready");
		bench->shared->no_due = 1;
		bench->shared->fail_fsync = at;
		failed += batch_advance_op(bench, &ready->id, &err) != ERR_OK;
		bench->shared->fail_fsync = 0;
		assert_whole(bench);
		bench->shared->no_due = 0;
		assert_closed(ready);
		assert_int_equal(items(bench, "done"), MANY);
	}
	assert_true(failed > 5);
}

static void
spoil_ciphertext(const struct bench *bench, struct hand_version *version)
{
	(void)bench;
	memset(version->row.ciphertext.data, 0, version->row.ciphertext.size);
}

/* NAME alone is sealed again, by a ceremony of its own. */
static void
reseal_one(struct bench *bench, const char *name)
{
	struct item opens[MANY];
	struct request request;
	struct err err;
	struct id id;

	batch_draw_request(bench, &bench->people[INFRA], MODE_RESEAL, true, opens, &request);
	for (size_t i = 0; i < request.items.count; i++)
		if (strcmp(opens[i].name, name) == 0)
			opens[0] = opens[i];
	request.items.count = 1;
	assert_ok(batch_send_request(bench, &bench->people[INFRA], &request, &id, &err));
	batch_approve(bench, &bench->people[CISO], &id);
	batch_approve(bench, &bench->people[SECOPS], &id);
	assert_int_equal(bench_current(bench, name), 2);
}

static void
one_damaged_and_one_stale_among_many_end_alone(void **state)
{
	const struct ready *ready = *state;
	struct bench *bench = ready->bench;

	bench_restore(bench, "ready");
	bench->shared->no_due = 1;
	hand_exchange(bench, "prod/s40", spoil_ciphertext);
	reseal_one(bench, "prod/s7");
	bench_end(bench);
	bench->shared->no_due = 0;
	assert_closed(ready);
	assert_int_equal(items(bench, "done"), MANY - 2);
	assert_int_equal(items(bench, "damaged"), 1);
	assert_int_equal(items(bench, "skipped"), 1);
	assert_int_equal(bench_current(bench, "prod/s7"), 2);
	assert_int_equal(bench_current(bench, "prod/s40"), 1);
	assert_int_equal(bench_current(bench, "prod/s41"), 2);
	bench_verify(bench);
}

/* --- Between two batches ------------------------------------------------------------------ */

static void
other_start(const struct bench *bench, const struct id *id, struct other_server *other)
{
	struct err err;
	JSON *request = op_new("advance");

	json_put_hex(request, "id", VIEW_OF(id->bytes));
	other_server_start(bench, other);
	assert_ok(wire_send(other->to, request, (struct view){0}, -1, &err));
}

/* It goes on; true when its reply is no error. */
static bool
other_end(struct other_server *other)
{
	struct err err;
	bool ended = false, ok = false;

	kill(other->pid, SIGCONT);
	while (!ended) {
		JSON *reply = NULL;
		BUF blob = {0};

		assert_ok(wire_receive(other->from, &reply, &blob, -1, &err));
		struct json_in in = json_in(reply, "reply", &err);
		ended = json_in_has(&in, "ok");
		ok = ended && json_in_bool(&in, "ok");
		if (ended && !ok)
			printf("# %s\n", json_object_text(reply, "text"));
	}
	close(other->to);
	close(other->from);
	waitpid(other->pid, NULL, 0);
	return ok;
}

static void
between_two_batches_others_write_and_what_they_changed_is_left_to_them(void **state)
{
	const struct ready *ready = *state;
	struct bench *bench = ready->bench;
	struct other_server other;
	int status = 0;
	char name[SEAT_NAME_MAX + 1];
	SEEN seen = {0};

	batch_name_at(bench, &ready->id, RESEAL_AT_ONCE, name);
	bench_restore(bench, "ready");
	bench->shared->no_due = 1;
	bench->shared->stop_copy = RESEAL_AT_ONCE + 3;
	other_start(bench, &ready->id, &other);
	assert_int_equal(waitpid(other.pid, &status, WUNTRACED), other.pid);
	assert_true(WIFSTOPPED(status));
	/* The first of the second batch has been sealed, and waits. */
	assert_int_equal(bench_count(bench, "SELECT count(*) FROM items WHERE state = 'done'"),
	    RESEAL_AT_ONCE);
	reseal_one(bench, name);
	assert_true(other_end(&other));
	bench->shared->no_due = 0;
	assert_int_equal(items(bench, "done"), MANY - 1);
	assert_int_equal(items(bench, "skipped"), 1);
	assert_int_equal(bench_current(bench, name), 2);
	batch_look(bench, &ready->id, &seen);
	assert_string_equal(seen.state, "closed");
	bench_verify(bench);
}

/* Another ceremony about the same version, of which one officer's shares were opened, ends while it waits to be sealed. */
static void
a_value_that_was_exposed_meanwhile_stays_so(void **state)
{
	const struct ready *ready = *state;
	struct bench *bench = ready->bench;
	struct other_server other;
	struct item opens[MANY];
	struct request request;
	char name[SEAT_NAME_MAX + 1], query[300];
	int status = 0;
	struct err err;
	struct id id;

	batch_name_at(bench, &ready->id, RESEAL_AT_ONCE, name);
	bench_restore(bench, "ready");
	bench->shared->no_due = 1;
	batch_draw_request(bench, &bench->people[INFRA], MODE_RESEAL, true, opens, &request);
	for (size_t i = 0; i < request.items.count; i++)
		if (strcmp(opens[i].name, name) == 0)
			opens[0] = opens[i];
	request.items.count = 1;
	assert_ok(batch_send_request(bench, &bench->people[INFRA], &request, &id, &err));
	batch_give_all(bench, &bench->people[CISO], &id);
	bench_end(bench);
	bench->shared->stop_copy = RESEAL_AT_ONCE + 3;
	other_start(bench, &ready->id, &other);
	assert_int_equal(waitpid(other.pid, &status, WUNTRACED), other.pid);
	assert_true(WIFSTOPPED(status));
	assert_ok(bench_object(bench, &bench->people[INFRA], &id, STATEMENT_CANCEL, &err));
	bench_end(bench);
	assert_true(other_end(&other));
	bench->shared->no_due = 0;
	snprintf(query, sizeof(query),
	    "SELECT count(*) FROM versions WHERE part_exposed AND number = 2 AND secret ="
	    " (SELECT id FROM secrets WHERE name = '%s')",
	    name);
	assert_int_equal(bench_count(bench, query), 1);
	assert_true(bench_status(bench, "exposed", name));
	bench_verify(bench);
}

/* One of those whose envelopes an officer asks for together was sealed again by others since it was shown. */
static void
what_is_gone_of_several_keeps_nobody_from_the_others(void **state)
{
	const struct ready *ready = *state;
	struct bench *bench = ready->bench;
	struct item opens[MANY];
	struct request request;
	struct positions positions = {0};
	SEEN seen = {0};
	GIVING giving = {0};
	struct id id, other;
	char name[SEAT_NAME_MAX + 1];
	struct err err;

	bench_restore(bench, "ready");
	bench->shared->no_due = 1;
	assert_ok(batch_advance_op(bench, &ready->id, &err));
	id = batch_ask_many(bench, MODE_RESEAL, MANY);
	batch_look(bench, &id, &seen);
	assert_ok(batch_sign(bench, &bench->people[CISO], &id, &seen, &giving, &err));
	batch_name_at(bench, &id, 40, name);
	batch_draw_request(bench, &bench->people[INFRA], MODE_RESEAL, true, opens, &request);
	for (size_t i = 0; i < request.items.count; i++)
		if (strcmp(opens[i].name, name) == 0)
			opens[0] = opens[i];
	request.items.count = 1;
	assert_ok(batch_send_request(bench, &bench->people[INFRA], &request, &other, &err));
	batch_approve(bench, &bench->people[CISO], &other);
	batch_approve(bench, &bench->people[SECOPS], &other);
	for (; positions.count < ITEMS_AT_ONCE; positions.count++)
		positions.rows[positions.count] = (uint32_t)positions.count;
	assert_ok(batch_give_some(bench, &giving, &id, &seen, &positions, false, &err));
	bench_end(bench);
	bench->shared->no_due = 0;
	assert_int_equal(bench_count(bench,
	                     "SELECT count(*) FROM shares WHERE ceremony ="
	                     " (SELECT id FROM ceremonies ORDER BY arrival DESC LIMIT 1 OFFSET 1)"),
	    ITEMS_AT_ONCE - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(many_become_current_in_a_transaction_a_batch),
	    cmocka_unit_test(durable_steps_do_not_grow_with_the_secrets),
	    cmocka_unit_test(a_kill_leaves_each_version_whole),
	    cmocka_unit_test(a_failed_sync_leaves_each_version_whole),
	    cmocka_unit_test(one_damaged_and_one_stale_among_many_end_alone),
	    cmocka_unit_test(
	        between_two_batches_others_write_and_what_they_changed_is_left_to_them),
	    cmocka_unit_test(a_value_that_was_exposed_meanwhile_stays_so),
	    cmocka_unit_test(what_is_gone_of_several_keeps_nobody_from_the_others),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
