/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk fails, or the process dies, at every single call in turn.  The calls by which SQLite
 * writes are replaced by ours below: this program's symbols come before the C library's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/lib/store_bench.h"
#include "vault/store/verify.h"

enum call { CALL_PWRITE, CALL_SYNC, CALL_UNLINK, CALL_TRUNCATE, CALLS };
enum fault { FAULT_NONE, FAULT_ERROR, FAULT_DEATH };

/* What happens at call number AT (from 1) of a kind, or of any kind. */
static struct {
	enum fault fault;
	bool any;
	enum call call;
	int error_number;
	unsigned at, seen;
	bool torn;   /* half of what is written arrives */
	bool folder; /* it was a folder that could not be synced */
	bool unlinked;
} plan;

/* Keeps what a child leaves with, so that leak checkers see that it was not lost. */
static const struct bench *volatile held;

/* True when this call must fail. */
static bool
meets_fault(enum call call)
{
	if (plan.fault == FAULT_NONE || (!plan.any && call != plan.call) || ++plan.seen < plan.at)
		return false;
	if (plan.fault == FAULT_DEATH && !plan.torn)
		kill(getpid(), SIGKILL);
	return plan.fault == FAULT_DEATH || plan.seen == plan.at;
}

ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
	ssize_t (*real)(int, const void *, size_t, off_t);
	*(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
	if (!meets_fault(CALL_PWRITE))
		return real(fd, bytes, size, offset);
	if (plan.fault == FAULT_DEATH) {
		real(fd, bytes, size / 2, offset);
		kill(getpid(), SIGKILL);
	}
	errno = plan.error_number;
	return -1;
}

int
fdatasync(int fd)
{
	int (*real)(int);
	*(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
	if (!meets_fault(CALL_SYNC))
		return real(fd);
	struct stat status;
	plan.folder = fstat(fd, &status) == 0 && S_ISDIR(status.st_mode) && !plan.unlinked;
	errno = plan.error_number;
	return -1;
}

int
unlink(const char *path)
{
	int (*real)(const char *);
	*(void **)&real = dlsym(RTLD_NEXT, "unlink");
	if (!meets_fault(CALL_UNLINK)) {
		plan.unlinked = true;
		return real(path);
	}
	errno = plan.error_number;
	return -1;
}

int
ftruncate(int fd, off_t size)
{
	int (*real)(int, off_t);
	*(void **)&real = dlsym(RTLD_NEXT, "ftruncate64");
	if (!meets_fault(CALL_TRUNCATE))
		return real(fd, size);
	errno = plan.error_number;
	return -1;
}

/* One transaction of leaf, statement and secret, large enough for several pages. */
static enum err_code
work(struct store *store, struct err *err)
{
	static const uint8_t data[6000];
	struct digest digest = digest_of(0x61);
	struct secret_row secret = {.id = {{0x61}}, .name = "new", .definition = digest};
	uint64_t index;
	TRY(store_begin(store, err));
	TRY(store_put_statement(store, &digest, "test", VIEW_OF(data), false, err));
	TRY(store_add_definition(store, &digest, &digest, err));
	TRY(store_add_secret(store, &secret, err));
	TRY(store_set_version_state(store, &bench_secret, 1, VERSION_RETIRED, err));
	TRY(store_append_leaf(store, VIEW_OF(data), &index, err));
	return store_commit(store, err);
}

/* Everything of work() is there, or nothing; the rest is whole.  Returns which. */
static bool
is_done(struct bench *bench)
{
	struct err err;
	struct secret_row row;
	VERSION_ROW version = {0};
	struct digest digest = digest_of(0x61);
	struct store_totals totals;
	uint64_t size;
	BUF text = {0};
	bench_reopen(bench);
	assert_ok(store_check(bench->store, &err));
	assert_ok(store_log_recompute(bench->store, NULL, &err));
	assert_ok(store_begin_read(bench->store, &err));
	assert_ok(store_verify_state(bench->store, NULL, NULL, &totals, &err));
	store_rollback(bench->store);
	assert_ok(store_settle(bench->store, &err));
	assert_ok(store_log_size(bench->store, &size, &err));
	assert_ok(store_get_version(bench->store, &bench_secret, 1, &version, &err));
	enum err_code secret = store_find_secret(bench->store, "new", &row, &err);
	enum err_code statement = store_get_statement(bench->store, &digest, &text, &err);
	bool done = secret == ERR_OK;
	assert_int_equal(secret, done ? ERR_OK : ERR_NOT_FOUND);
	assert_int_equal(statement, secret);
	assert_int_equal(size, done ? 2 : 1);
	assert_int_equal(version.state, done ? VERSION_RETIRED : VERSION_PENDING);
	return done;
}

static void
set_plan(enum fault fault, enum call call, int error_number, unsigned at)
{
	memset(&plan, 0, sizeof(plan));
	plan.fault = fault;
	plan.call = call;
	plan.error_number = error_number;
	plan.at = at;
}

static struct bench *
new_bench(void)
{
	void *state = NULL;
	assert_int_equal(bench_setup(&state), 0);
	struct bench *bench = state;
	bench_fill(bench);
	return bench;
}

static void
end_bench(struct bench *bench)
{
	void *state = bench;
	bench_teardown(&state);
}

/* Whether a quota ended in the journal is lost when SQLite rolls back. */
static bool
is_told(enum err_code got, enum err_code code, int error_number)
{
	return got == code || (error_number == EDQUOT && got == ERR_IO);
}

/* Fail call 1, 2, ... of a kind until the work succeeds; the error must be CODE, and nothing done.  But the
 * last call is that of the anchor's slot behind the commit: then it is done, and no other error than ERR_IO
 * may be told. */
static unsigned
fail_each(enum call call, int error_number, enum err_code code)
{
	struct err err;
	bool was_last = false;
	for (unsigned at = 1;; at++) {
		struct bench *bench = new_bench();
		set_plan(FAULT_ERROR, call, error_number, at);
		enum err_code got = work(bench->store, &err);
		bool met = plan.seen >= at;
		set_plan(FAULT_NONE, call, 0, 0);
		store_rollback(bench->store);
		bool done = is_done(bench);
		end_bench(bench);
		if (!met) {
			assert_true(got == ERR_OK && done && was_last);
			return at - 1;
		}
		assert_false(was_last);
		was_last = done;
		if (done ? got != ERR_IO : !is_told(got, code, error_number))
			fail_msg("call %u: %s: %s", at, err_name(got),
			    got == ERR_OK ? "" : err.text);
	}
}

static void
a_full_disk_at_any_write_changes_nothing(void **state)
{
	(void)state;
	assert_true(fail_each(CALL_PWRITE, ENOSPC, ERR_NO_SPACE) > 10);
	assert_true(fail_each(CALL_PWRITE, EDQUOT, ERR_NO_SPACE) > 10);
}

static void
an_error_at_any_write_changes_nothing(void **state)
{
	(void)state;
	assert_true(fail_each(CALL_PWRITE, EIO, ERR_IO) > 10);
}

static void
a_file_that_may_not_grow_is_a_full_disk(void **state)
{
	struct err err;
	struct rlimit before, small;
	struct bench *bench = new_bench();
	struct stat status;
	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(stat(bench->file, &status), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = (rlim_t)status.st_size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	enum err_code code = work(bench->store, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(code, ERR_NO_SPACE);
	store_rollback(bench->store);
	assert_false(is_done(bench));
	assert_ok(work(bench->store, &err));
	end_bench(bench);
}

/* After the error the store does nothing more; after a restart all or nothing is there.  The sync
 * of the folder when the journal is made is one that SQLite does not look at. */
static unsigned
fail_each_sync(int error_number)
{
	struct err err, later;
	uint64_t size;
	unsigned reported = 0;
	for (unsigned at = 1;; at++) {
		struct bench *bench = new_bench();
		set_plan(FAULT_ERROR, CALL_SYNC, error_number, at);
		enum err_code got = work(bench->store, &err);
		bool met = plan.seen >= at, unseen = plan.folder;
		set_plan(FAULT_NONE, CALL_SYNC, 0, 0);
		reported += met && !unseen;
		assert_int_equal(got, met && !unseen ? ERR_IO : ERR_OK);
		if (got != ERR_OK) {
			store_rollback(bench->store);
			assert_int_equal(store_begin(bench->store, &later), ERR_IO);
			assert_int_equal(store_begin_read(bench->store, &later), ERR_IO);
			assert_int_equal(store_log_size(bench->store, &size, &later), ERR_IO);
			assert_int_equal(store_check(bench->store, &later), ERR_IO);
			assert_non_null(strstr(later.text, "restart"));
		}
		assert_true(is_done(bench) || met);
		end_bench(bench);
		if (!met)
			return reported;
	}
}

static void
after_a_failed_sync_the_store_refuses_everything(void **state)
{
	(void)state;
	/* Journal, journal again, database, and the journal's end; before and after them the anchor. */
	assert_true(fail_each_sync(EIO) >= 6);
	assert_true(fail_each_sync(ENOSPC) >= 6);
}

static enum err_code
erase(struct store *store, struct err *err)
{
	uint64_t index;
	TRY(store_begin(store, err));
	TRY(store_erase_shares(store, &bench_ceremony, -1, err));
	TRY(store_append_leaf(store, view_of_text("erased"), &index, err));
	return store_commit(store, err);
}

/* Cutting it is the commit of a transaction that erases. */
static void
a_journal_that_cannot_be_cut_is_no_commit(void **state)
{
	struct err err;
	uint64_t size;
	struct bench *bench = new_bench();
	(void)state;
	set_plan(FAULT_ERROR, CALL_TRUNCATE, EIO, 1);
	enum err_code code = erase(bench->store, &err);
	set_plan(FAULT_NONE, CALL_TRUNCATE, 0, 0);
	assert_int_equal(code, ERR_IO);
	assert_says("committing");
	assert_int_equal(store_begin(bench->store, &err), ERR_IO);
	bench_reopen(bench);
	assert_ok(store_log_size(bench->store, &size, &err));
	assert_int_equal(size, 1);
	assert_true(bench_file_holds(bench, bench_shares));
	assert_ok(erase(bench->store, &err));
	assert_false(bench_file_holds(bench, bench_shares));
	end_bench(bench);
}

/* More than SQLite's cache is said to hold. */
static enum err_code
write_much(struct store *store, struct err *err)
{
	enum { SIZE = 1000000, ROWS = 20 };
	BUF data = {0};
	if (buf_space(&data, SIZE) == NULL)
		return buf_check(&data, err);
	for (unsigned i = 0; i < ROWS; i++) {
		struct digest digest = digest_of(0xc0 + i);
		TRY(store_put_statement(store, &digest, "test", buf_view(&data), false, err));
	}
	return ERR_OK;
}

/* Calls of a kind since set_plan, none of which failed. */
static unsigned
count_calls(void)
{
	unsigned seen = plan.seen;
	set_plan(FAULT_NONE, CALL_SYNC, 0, 0);
	return seen;
}

static void
a_large_transaction_is_written_at_its_commit_and_synced_no_oftener(void **state)
{
	struct err err;
	struct bench *bench = new_bench();
	struct stat before, after;
	(void)state;
	assert_int_equal(stat(bench->file, &before), 0);
	set_plan(FAULT_ERROR, CALL_SYNC, EIO, UINT32_MAX);
	bench_begin(bench);
	assert_ok(write_much(bench->store, &err));
	assert_int_equal(count_calls(), 0);
	assert_int_equal(stat(bench->file, &after), 0);
	assert_int_equal(after.st_size, before.st_size);
	assert_memory_equal(&after.st_mtim, &before.st_mtim, sizeof(after.st_mtim));
	set_plan(FAULT_ERROR, CALL_SYNC, EIO, UINT32_MAX);
	bench_commit(bench);
	unsigned large = count_calls();
	set_plan(FAULT_ERROR, CALL_SYNC, EIO, UINT32_MAX);
	assert_ok(erase(bench->store, &err));
	unsigned erasing = count_calls();
	set_plan(FAULT_ERROR, CALL_SYNC, EIO, UINT32_MAX);
	assert_ok(work(bench->store, &err));
	assert_int_equal(large, count_calls());
	assert_int_equal(large, erasing);
	assert_in_range(large, 5, 7); /* two of them are the anchor's */
	end_bench(bench);
}

/* SQLite rolls back by itself then; what comes after must not be written for itself. */
static void
nothing_is_written_after_a_failure_within_a_transaction(void **state)
{
	struct err err;
	uint64_t index;
	struct bench *bench = new_bench();
	BUF text = {0};
	(void)state;
	bench_begin(bench);
	set_plan(FAULT_ERROR, CALL_PWRITE, ENOSPC, 3); /* of the journal */
	enum err_code code = write_much(bench->store, &err);
	set_plan(FAULT_NONE, CALL_PWRITE, 0, 0);
	assert_int_equal(code, ERR_NO_SPACE);
	assert_error(ERR_INTERNAL, store_set_text(bench->store, "alone", "x", &err));
	assert_says("ended the transaction");
	assert_error(ERR_INTERNAL,
	    store_append_leaf(bench->store, view_of_text("x"), &index, &err));
	assert_error(ERR_INTERNAL, store_commit(bench->store, &err));
	assert_false(is_done(bench));
	assert_error(ERR_NOT_FOUND, store_get_text(bench->store, "alone", &text, &err));
	end_bench(bench);
}

/* A child that makes a vault and dies at call AT of any kind; true when it lived. */
static bool
survives_making(struct bench *bench, unsigned at)
{
	int status;
	pid_t child = bench_fork(bench);
	if (child == 0) {
		struct err err;
		struct store *store = NULL;
		set_plan(FAULT_DEATH, CALL_PWRITE, 0, at);
		plan.any = true;
		held = bench;
		bool good =
		    store_create(bench->folder, "child", bench->key, &store, &err) == ERR_OK;
		store_free(store);
		_exit(good ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) || status == 0);
	return WIFEXITED(status);
}

static void
a_vault_is_made_whole_or_not_at_all(void **state)
{
	struct err err;
	struct bench *bench = new_bench();
	bool lived = false;
	unsigned at = 1;
	char journal[100];
	(void)state;
	snprintf(journal, sizeof(journal), "%s-journal", bench->file);
	for (; !lived; at += 3) {
		store_freep(&bench->store);
		unlink(bench->file);
		unlink(journal);
		lived = survives_making(bench, at);
		enum err_code code = store_open(bench->folder, "test", &bench_no_id, bench->key,
		    &bench->store, &err);
		if (code == ERR_NOT_FOUND && !lived)
			code = store_create(bench->folder, "test", bench->key, &bench->store, &err);
		assert_int_equal(code, ERR_OK);
		assert_ok(store_check(bench->store, &err));
	}
	assert_true(at > 30);
	end_bench(bench);
}

/* A child that does the work and dies at call AT of any kind; true when it lived. */
static bool
survives(struct bench *bench, unsigned at, bool torn)
{
	struct err err;
	int status;
	pid_t child = bench_fork(bench);
	if (child == 0) {
		struct store *store = NULL;
		if (store_open(bench->folder, "child", &bench_no_id, bench->key, &store, &err) !=
		    ERR_OK)
			_exit(2);
		set_plan(FAULT_DEATH, CALL_PWRITE, 0, at);
		plan.any = !torn;
		plan.torn = torn;
		held = bench;
		bool good = work(store, &err) == ERR_OK;
		store_free(store);
		_exit(good ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status))
		assert_int_equal(WTERMSIG(status), SIGKILL);
	else
		assert_int_equal(status, 0);
	return WIFEXITED(status);
}

static void
die_everywhere(bool torn)
{
	struct err err;
	bool lived = false, done_before = false;
	unsigned at = 1;
	for (; !lived; at++) {
		struct bench *bench = new_bench();
		store_freep(&bench->store);
		lived = survives(bench, at, torn);
		bool done = is_done(bench);
		assert_true(done || !lived);
		assert_true(done || !done_before); /* later deaths do not undo */
		done_before = done;
		if (!done)
			assert_ok(work(bench->store, &err)); /* and it can be done again */
		end_bench(bench);
	}
	assert_true(at > 10);
}

static void
a_process_that_dies_at_any_call_leaves_all_or_nothing(void **state)
{
	(void)state;
	die_everywhere(false);
}

static void
a_process_that_dies_amid_a_write_leaves_all_or_nothing(void **state)
{
	(void)state;
	die_everywhere(true);
}

/* In each round a child appends leaves as fast as it can, and is killed at a random moment. */
static void
what_was_committed_before_a_kill_is_there(void **state)
{
	struct err err;
	struct bench *bench = new_bench();
	uint64_t size, confirmed = 1;
	(void)state;
	store_freep(&bench->store);
	for (unsigned round = 0; round < 10; round++) {
		int said[2];
		assert_int_equal(pipe(said), 0);
		pid_t child = bench_fork(bench);
		if (child == 0) {
			struct store *store = NULL;
			uint64_t index = 0;
			bool going = store_open(bench->folder, "child", &bench_no_id, bench->key,
			                 &store, &err) == ERR_OK;
			while (going)
				going = store_begin(store, &err) == ERR_OK &&
				    store_append_leaf(store, view_of_text("x"), &index, &err) ==
				        ERR_OK &&
				    store_commit(store, &err) == ERR_OK &&
				    write(said[1], &index, sizeof(index)) == sizeof(index);
			_exit(1);
		}
		close(said[1]);
		for (unsigned i = 0; i < 3 + round * 7; i++)
			assert_int_equal(read(said[0], &confirmed, sizeof(confirmed)),
			    sizeof(confirmed));
		kill(child, SIGKILL);
		while (read(said[0], &confirmed, sizeof(confirmed)) == sizeof(confirmed))
			continue;
		close(said[0]);
		assert_int_equal(waitpid(child, NULL, 0), child);
		bench_reopen(bench);
		assert_ok(store_log_size(bench->store, &size, &err));
		assert_true(size > confirmed && size <= confirmed + 2);
		assert_ok(store_log_recompute(bench->store, NULL, &err));
		store_freep(&bench->store);
	}
	end_bench(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_full_disk_at_any_write_changes_nothing),
	    cmocka_unit_test(an_error_at_any_write_changes_nothing),
	    cmocka_unit_test(a_file_that_may_not_grow_is_a_full_disk),
	    cmocka_unit_test(after_a_failed_sync_the_store_refuses_everything),
	    cmocka_unit_test(a_journal_that_cannot_be_cut_is_no_commit),
	    cmocka_unit_test(a_large_transaction_is_written_at_its_commit_and_synced_no_oftener),
	    cmocka_unit_test(nothing_is_written_after_a_failure_within_a_transaction),
	    cmocka_unit_test(a_vault_is_made_whole_or_not_at_all),
	    cmocka_unit_test(a_process_that_dies_at_any_call_leaves_all_or_nothing),
	    cmocka_unit_test(a_process_that_dies_amid_a_write_leaves_all_or_nothing),
	    cmocka_unit_test(what_was_committed_before_a_kill_is_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
