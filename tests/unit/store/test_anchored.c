/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault/store/anchored.c and store_settle: where a database stands by its anchor, whoever died, failed, waited
 * or put an older one back at which point of a commit.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/lib/store_readings.h"
#include "vault/store/inside.h"
#include "vault/store/sql_query.h"

enum { MAX_FILE = 1 << 24, BUSY_MILLISECONDS = 50 };

/* What happens to the calls of a commit: write {R,S}, COMMIT, write {S,S}. */
enum step { STEP_NONE, STEP_ANNOUNCE, STEP_COMMIT, STEP_CONFIRM };
static struct {
	enum step dies_before, dies_after, fails, waits_before;
	enum err_code code; /* of what fails */
	unsigned slots;     /* written or tried so far */
	int said, told;     /* pipes of what waits */
} seam;

enum err_code __wrap_anchor_write(struct anchor *anchor, uint64_t before,
    const struct anchor_state *from, const struct anchor_state *to, struct err *err);
enum err_code __real_anchor_write(struct anchor *anchor, uint64_t before,
    const struct anchor_state *from, const struct anchor_state *to, struct err *err);
enum err_code __wrap_sql_commit(struct sql *sql, struct err *err);
enum err_code __real_sql_commit(struct sql *sql, struct err *err);
int __wrap_sqlite3_busy_timeout(sqlite3 *database, int milliseconds);
int __real_sqlite3_busy_timeout(sqlite3 *database, int milliseconds);

/* True when it fails. */
static bool
reach(enum step step, struct err *err)
{
	char byte = 'x';
	if (seam.dies_before == step)
		kill(getpid(), SIGKILL);
	if (seam.waits_before == step &&
	    (write(seam.said, &byte, 1) != 1 || read(seam.told, &byte, 1) != 1))
		_exit(3);
	if (seam.fails != step)
		return false;
	err_set(err, seam.code, "as the test wants it");
	return true;
}

static void
leave(enum step step)
{
	if (seam.dies_after == step)
		kill(getpid(), SIGKILL);
}

enum err_code
__wrap_anchor_write(struct anchor *anchor, uint64_t before, const struct anchor_state *from,
    const struct anchor_state *to, struct err *err)
{
	enum step step = anchor_state_equal(from, to) ? STEP_CONFIRM : STEP_ANNOUNCE;
	seam.slots++;
	if (reach(step, err))
		return seam.code;
	enum err_code code = __real_anchor_write(anchor, before, from, to, err);
	leave(step);
	return code;
}

enum err_code
__wrap_sql_commit(struct sql *sql, struct err *err)
{
	if (reach(STEP_COMMIT, err)) {
		sql_rollback(sql);
		return seam.code;
	}
	enum err_code code = __real_sql_commit(sql, err);
	leave(STEP_COMMIT);
	return code;
}

int
__wrap_sqlite3_busy_timeout(sqlite3 *database, int milliseconds)
{
	assert_true(milliseconds > BUSY_MILLISECONDS);
	return __real_sqlite3_busy_timeout(database, BUSY_MILLISECONDS);
}

static int
setup(void **state)
{
	memset(&seam, 0, sizeof(seam));
	if (bench_setup(state) != 0)
		return -1;
	bench_fill(*state); /* so that its log has a leaf */
	seam.slots = 0;
	return 0;
}

/* The slot that counts. */
static struct anchor_slot
slot_of(const struct bench *bench)
{
	struct err err;
	struct anchor_slot slot;
	ANCHOR *anchor = NULL;
	assert_ok(anchor_open(bench->folder, &bench_no_id, bench->key, &anchor, &err));
	assert_ok(anchor_read(anchor, &slot, &err));
	return slot;
}

static void
expect_slot(const struct bench *bench, uint64_t seq, uint64_t from, uint64_t to)
{
	struct anchor_slot slot = slot_of(bench);
	assert_int_equal(slot.seq, seq);
	assert_int_equal(slot.from.size, from);
	assert_int_equal(slot.to.size, to);
	assert_int_equal(anchor_slot_is_settled(&slot), from == to);
}

static uint64_t
size_of(struct store *store)
{
	struct err err;
	uint64_t size = 0;
	assert_ok(store_log_size(store, &size, &err));
	return size;
}

/* One transaction, whose leaf is TEXT too. */
static enum err_code
work(struct store *store, const char *text, struct err *err)
{
	uint64_t index;
	TRY(store_begin(store, err));
	enum err_code code = store_set_text(store, "draft", text, err);
	if (code == ERR_OK)
		code = store_append_leaf(store, view_of_text(text), &index, err);
	if (code == ERR_OK)
		code = store_commit(store, err);
	store_rollback(store);
	return code;
}

static void
expect_text(struct store *store, const char *expected)
{
	struct err err;
	BUF text = {0};
	assert_ok(store_get_text(store, "draft", &text, &err));
	assert_string_equal(buf_string(&text), expected);
}

/* A writer of TEXT in a process of its own, which the seam kills. */
static void
let_die(struct bench *bench, const char *text, enum step before, enum step after)
{
	int status;
	pid_t child = bench_fork(bench);
	if (child == 0) {
		struct err err;
		struct store *store = NULL;
		seam.dies_before = before;
		seam.dies_after = after;
		if (bench_open(bench, &store, &err) == ERR_OK)
			(void)!work(store, text, &err);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
a_commit_is_announced_and_confirmed(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct digest root;
	struct anchor_slot before = slot_of(bench);
	uint64_t index;
	assert_ok(store_begin(bench->store, &err));
	assert_ok(store_set_text(bench->store, "draft", "another", &err));
	assert_ok(store_append_leaf(bench->store, view_of_text("one"), &index, &err));
	assert_ok(store_append_leaf(bench->store, view_of_text("two"), &index, &err));
	assert_ok(store_state_root(bench->store, &root, &err));
	expect_slot(bench, before.seq, 1, 1);
	assert_ok(store_commit(bench->store, &err));
	struct anchor_slot after = slot_of(bench);
	expect_slot(bench, before.seq + 2, 3, 3);
	assert_true(digest_equal(&after.to.state_root, &root));
	assert_false(digest_equal(&after.to.state_root, &before.to.state_root));
	assert_int_equal(seam.slots, 2);
	assert_ok(store_settle(bench->store, &err)); /* there is nothing to do */
	assert_int_equal(seam.slots, 2);
}

/* The table in vault/log/anchor.h: for who reads next, and who writes next. */
static void
whoever_dies_at_any_step_leaves_what_the_next_one_knows(void **state)
{
	static const struct {
		enum step before, after;
		uint64_t size;     /* of the log, for the next reader */
		uint64_t slots;    /* written */
		uint64_t from, to; /* of the last one */
		uint64_t settled;  /* what the next reader writes before its reply */
		const char *text;
	} deaths[] = {
	    {STEP_ANNOUNCE, STEP_NONE, 1, 0, 1, 1, 0, "a draft"},
	    {STEP_NONE, STEP_ANNOUNCE, 1, 1, 1, 2, 0, "a draft"},
	    {STEP_COMMIT, STEP_NONE, 1, 1, 1, 2, 0, "a draft"},
	    {STEP_NONE, STEP_COMMIT, 2, 1, 1, 2, 1, "another"},
	    {STEP_CONFIRM, STEP_NONE, 2, 1, 1, 2, 1, "another"},
	    {STEP_NONE, STEP_CONFIRM, 2, 2, 2, 2, 0, "another"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(deaths); i++) {
		for (int reads = 0; reads < 2; reads++) {
			struct err err;
			void *own = NULL;
			assert_int_equal(setup(&own), 0);
			struct bench *bench = own;
			uint64_t seq = slot_of(bench).seq, size = deaths[i].size;
			let_die(bench, "another", deaths[i].before, deaths[i].after);
			seq += deaths[i].slots;
			expect_slot(bench, seq, deaths[i].from, deaths[i].to);
			if (reads) {
				assert_int_equal(size_of(bench->store), size);
				expect_text(bench->store, deaths[i].text);
				assert_ok(verify(bench->store, &err));
				assert_ok(store_settle(bench->store, &err));
				assert_int_equal(seam.slots, deaths[i].settled);
				if (deaths[i].settled > 0)
					expect_slot(bench, ++seq, size, size);
				assert_ok(store_settle(bench->store, &err));
				assert_int_equal(seam.slots, deaths[i].settled);
			}
			assert_ok(work(bench->store, "a third", &err));
			expect_slot(bench, seq + 2, size + 1, size + 1);
			expect_text(bench->store, "a third");
			assert_ok(verify(bench->store, &err));
			assert_ok(store_log_recompute(bench->store, NULL, &err));
			bench_teardown(&own);
		}
	}
}

/* The writer is where its slot says {S,T}, and it holds the lock file. */
static void
a_reader_waits_for_a_writer_that_lives(void **state)
{
	struct bench *bench = *state;
	struct err err;
	int said[2], told[2], status;
	char byte = 'x';
	uint64_t seq = slot_of(bench).seq;
	assert_int_equal(pipe(said), 0);
	assert_int_equal(pipe(told), 0);
	pid_t child = bench_fork(bench);
	if (child == 0) {
		struct store *store = NULL;
		seam.waits_before = STEP_CONFIRM;
		seam.said = said[1];
		seam.told = told[0];
		bool good = bench_open(bench, &store, &err) == ERR_OK &&
		    work(store, "another", &err) == ERR_OK;
		store_free(store);
		_exit(good ? 0 : 1);
	}
	assert_int_equal(read(said[0], &byte, 1), 1);
	expect_text(bench->store, "another");
	expect_slot(bench, seq + 1, 1, 2);
	assert_int_equal(write(told[1], &byte, 1), 1);
	assert_ok(store_settle(bench->store, &err));
	expect_slot(bench, seq + 2, 2, 2);
	assert_int_equal(seam.slots, 0); /* by the writer */
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	for (size_t i = 0; i < 2; i++) {
		close(said[i]);
		close(told[i]);
	}
}

static void
what_others_wrote_after_it_settles_what_was_read(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct store *other = NULL;
	uint64_t seq = slot_of(bench).seq;
	let_die(bench, "another", STEP_CONFIRM, STEP_NONE);
	expect_text(bench->store, "another");
	assert_ok(bench_open(bench, &other, &err));
	assert_ok(work(other, "a third", &err));
	expect_slot(bench, seq + 3, 3, 3);
	seam.slots = 0;
	assert_ok(store_settle(bench->store, &err));
	assert_int_equal(seam.slots, 0);
	store_free(other);
}

/* A writer that settles nothing first builds on what the dead one left. */
static void
a_state_that_its_writer_did_not_confirm_is_settled_by_the_next_commit(void **state)
{
	struct bench *bench = *state;
	struct err err;
	uint64_t seq = slot_of(bench).seq;
	let_die(bench, "another", STEP_CONFIRM, STEP_NONE);
	seam.fails = STEP_CONFIRM;
	seam.code = ERR_IO;
	assert_error(ERR_IO, work(bench->store, "a third", &err));
	expect_slot(bench, seq + 2, 2, 3);
}

/* What the anchor of a dead writer allows is no longer allowed to who has read more. */
static void
an_older_database_is_an_alarm_before_the_reply(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF old = {0};
	assert_ok(file_read(bench->file, MAX_FILE, &old, &err));
	let_die(bench, "another", STEP_CONFIRM, STEP_NONE);
	expect_text(bench->store, "another");
	struct anchor_slot slot = slot_of(bench);
	store_rollback(bench->store);
	FILE *file = fopen(bench->file, "r+");
	assert_non_null(file);
	assert_int_equal(fwrite(old.data, 1, old.size, file), old.size);
	assert_int_equal(fclose(file), 0);
	expect_error(store_settle(bench->store, &err), ERR_INTEGRITY, &err,
	    "an old database was put in place meanwhile");
	expect_error(store_begin(bench->store, &err), ERR_INTEGRITY, &err,
	    "put in place meanwhile");
	expect_error(store_begin_read(bench->store, &err), ERR_INTEGRITY, &err,
	    "put in place meanwhile");
	assert_error(ERR_INTEGRITY, store_settle(bench->store, &err));
	expect_slot(bench, slot.seq, 1, 2);
	/* Who has read nothing cannot tell it from a commit that never was. */
	bench_reopen(bench);
	expect_text(bench->store, "a draft");
	assert_ok(store_settle(bench->store, &err));
	assert_ok(work(bench->store, "a third", &err));
}

/* Others may build on the older database, which the dead writer's slot allows; who read more does not follow. */
static void
a_state_that_was_undone_is_an_alarm_whatever_came_instead(void **state)
{
	(void)state;
	for (unsigned more = 1; more < 4; more++) {
		struct err err;
		void *own = NULL;
		struct store *other = NULL;
		BUF old = {0};
		assert_int_equal(setup(&own), 0);
		struct bench *bench = own;
		assert_ok(file_read(bench->file, MAX_FILE, &old, &err));
		let_die(bench, "another", STEP_CONFIRM, STEP_NONE);
		expect_text(bench->store, "another");
		FILE *file = fopen(bench->file, "r+");
		assert_non_null(file);
		assert_int_equal(fwrite(old.data, 1, old.size, file), old.size);
		assert_int_equal(fclose(file), 0);
		assert_ok(bench_open(bench, &other, &err));
		for (unsigned i = 0; i < more; i++)
			assert_ok(work(other, "instead", &err));
		expect_error(store_settle(bench->store, &err), ERR_INTEGRITY, &err,
		    "an old database was put in place meanwhile");
		expect_error(store_begin_read(bench->store, &err), ERR_INTEGRITY, &err,
		    "an old database was put in place meanwhile");
		expect_text(other, "instead");
		store_free(other);
		bench_teardown(&own);
	}
}

static void
a_database_that_is_older_than_its_anchor_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF old = {0}, newer = {0};
	assert_ok(file_read(bench->file, MAX_FILE, &old, &err));
	assert_ok(work(bench->store, "another", &err));
	assert_ok(file_read(bench->file, MAX_FILE, &newer, &err));
	store_freep(&bench->store);
	assert_ok(file_write(bench->file, buf_view(&old), 0600, &err));
	expect_error(bench_open(bench, &bench->store, &err), ERR_INTEGRITY, &err,
	    "an old database was restored, or another: its log has 1 leaf, and the vault's has 2");
	assert_ok(file_write(bench->file, buf_view(&newer), 0600, &err));
	let_die(bench, "a third", STEP_CONFIRM, STEP_NONE); /* {2,3}: one before is no better */
	assert_ok(file_write(bench->file, buf_view(&old), 0600, &err));
	expect_error(bench_open(bench, &bench->store, &err), ERR_INTEGRITY, &err,
	    "an old database");
}

static void
an_anchor_that_is_older_than_its_database_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	struct err err;
	char path[100];
	BUF old = {0};
	snprintf(path, sizeof(path), "%s/anchor", bench->folder);
	assert_ok(file_read(path, MAX_FILE, &old, &err));
	assert_ok(work(bench->store, "another", &err));
	store_freep(&bench->store);
	assert_ok(file_write(path, buf_view(&old), 0600, &err));
	expect_error(bench_open(bench, &bench->store, &err), ERR_INTEGRITY, &err,
	    "the log of the database has 2 leaves, and the vault's has 1 by its anchor: "
	    "somebody wrote there, or the anchor is an old one");
}

static void
a_commit_that_had_to_wait_for_a_reader_is_closed_and_the_next_one_works(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct store *reader = NULL;
	uint64_t seq = slot_of(bench).seq;
	assert_ok(bench_open(bench, &reader, &err));
	assert_ok(store_begin_read(reader, &err));
	assert_int_equal(size_of(reader), 1);
	assert_error(ERR_BUSY, work(bench->store, "another", &err));
	expect_slot(bench, seq + 2, 1, 1);
	expect_text(reader, "a draft");
	store_rollback(reader);
	expect_text(bench->store, "a draft");
	assert_ok(work(bench->store, "another", &err));
	expect_slot(bench, seq + 4, 2, 2);
	expect_text(reader, "another");
	assert_ok(store_settle(reader, &err));
	assert_ok(verify(bench->store, &err));
	store_free(reader);
}

static void
a_commit_of_which_the_disk_says_nothing_stays_open(void **state)
{
	struct bench *bench = *state;
	struct err err;
	uint64_t seq = slot_of(bench).seq;
	seam.fails = STEP_COMMIT;
	seam.code = ERR_IO;
	assert_error(ERR_IO, work(bench->store, "another", &err));
	expect_slot(bench, seq + 1, 1, 2); /* it may have happened */
	seam.fails = STEP_NONE;
	bench_reopen(bench);
	expect_text(bench->store, "a draft");
	assert_ok(work(bench->store, "another", &err));
	expect_slot(bench, seq + 3, 2, 2);
}

static void
nothing_is_committed_that_was_not_announced(void **state)
{
	static const enum err_code codes[] = {ERR_IO, ERR_NO_SPACE, ERR_INTEGRITY, ERR_MEMORY};
	struct bench *bench = *state;
	struct err err;
	uint64_t seq = slot_of(bench).seq;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		bool of_disk = codes[i] == ERR_IO || codes[i] == ERR_NO_SPACE;
		seam.fails = STEP_ANNOUNCE;
		seam.code = codes[i];
		assert_error(codes[i], work(bench->store, "another", &err));
		seam.fails = STEP_NONE;
		expect_slot(bench, seq, 1, 1);
		assert_int_equal(store_check(bench->store, &err), of_disk ? ERR_IO : ERR_OK);
		if (of_disk)
			bench_reopen(bench);
		expect_text(bench->store, "a draft");
	}
}

/* Nobody may be told that it is undone, and nobody that it is so. */
static void
what_was_committed_and_not_confirmed_stops_the_store(void **state)
{
	static const enum err_code codes[] = {ERR_IO, ERR_NO_SPACE, ERR_INTEGRITY, ERR_MEMORY};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		struct err err;
		void *own = NULL;
		uint64_t size;
		assert_int_equal(setup(&own), 0);
		struct bench *bench = own;
		seam.fails = STEP_CONFIRM;
		seam.code = codes[i];
		assert_error(ERR_IO, work(bench->store, "another", &err));
		assert_says(
		    "what was changed is in the database, and not confirmed yet: as the test");
		seam.fails = STEP_NONE;
		assert_error(ERR_IO, store_settle(bench->store, &err));
		assert_error(ERR_IO, store_log_size(bench->store, &size, &err));
		assert_error(ERR_IO, store_begin(bench->store, &err));
		assert_error(ERR_IO, store_check(bench->store, &err));
		bench_reopen(bench);
		expect_text(bench->store, "another");
		assert_ok(store_settle(bench->store, &err));
		struct anchor_slot slot = slot_of(bench);
		assert_true(anchor_slot_is_settled(&slot));
		bench_teardown(&own);
	}
}

static void
a_state_is_settled_outside_a_transaction(void **state)
{
	struct bench *bench = *state;
	struct err err;
	let_die(bench, "another", STEP_CONFIRM, STEP_NONE);
	assert_ok(store_begin_read(bench->store, &err));
	assert_error(ERR_INTERNAL, store_settle(bench->store, &err));
	store_rollback(bench->store);
	assert_ok(store_settle(bench->store, &err));
	assert_int_equal(seam.slots, 1);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_commit_is_announced_and_confirmed),
	    cmocka_unit_test(whoever_dies_at_any_step_leaves_what_the_next_one_knows),
	    CASE(a_reader_waits_for_a_writer_that_lives),
	    CASE(what_others_wrote_after_it_settles_what_was_read),
	    CASE(a_state_that_its_writer_did_not_confirm_is_settled_by_the_next_commit),
	    CASE(an_older_database_is_an_alarm_before_the_reply),
	    cmocka_unit_test(a_state_that_was_undone_is_an_alarm_whatever_came_instead),
	    CASE(a_database_that_is_older_than_its_anchor_is_an_alarm),
	    CASE(an_anchor_that_is_older_than_its_database_is_an_alarm),
	    CASE(a_commit_that_had_to_wait_for_a_reader_is_closed_and_the_next_one_works),
	    CASE(a_commit_of_which_the_disk_says_nothing_stays_open),
	    CASE(nothing_is_committed_that_was_not_announced),
	    cmocka_unit_test(what_was_committed_and_not_confirmed_stops_the_store),
	    CASE(a_state_is_settled_outside_a_transaction),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
