/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/power/bench.h"

#include <sqlite3.h>

#include "tests/lib/store_bench.h"
#include "vault/store/anchored.h"
#include "vault/store/format.h"
#include "vault/store/sql_query.h"
#include "vault/store/verify.h"

#define STORE CLEANUP(store_freep) struct store

const char *const power_step_names[STEPS] = {"making", "rows", "slot {R,S}", "COMMIT", "slot {S,S}",
    "replied", "opened again"};

/* The work that is being done; the calls that are wrapped below find it here. */
static struct {
	struct work *work; /* NULL: none is noted */
	struct promise now;
	struct anchor_state
	    next;             /* that of the slot which was written last, when it is not settled */
	bool commits;         /* between two slots */
	bool dies;            /* after the next COMMIT */
	struct store *reader; /* reads before the second slot */
	enum power_fault fault;
} doing;

/* ---- promises ---- */

static void
promise(enum power_step step)
{
	struct work *work = doing.work;

	if (work->count == work->room) {
		work->room = work->room == 0 ? 64 : 2 * work->room;
		work->promises = realloc(work->promises, work->room * sizeof(*work->promises));
		assert_non_null(work->promises);
	}
	doing.now.step = step;
	work->promises[work->count] = doing.now;
	disk_mark(work->count++);
}

/* Somebody was told of STATE. */
static void
promise_reply(const struct anchor_state *state)
{
	doing.now.lacks = false;
	doing.now.low = doing.now.high = doing.now.replied = *state;
	promise(STEP_REPLIED);
}

static void
begin_work(struct work *work, const char *folder, const struct disk *start,
    const struct promise *first, enum power_fault fault)
{
	static const char *const lies[] = {[FAULT_NONE] = "",
	    [FAULT_ANCHOR] = ANCHOR_FILE,
	    [FAULT_JOURNAL] = STORE_FILE "-journal",
	    [FAULT_DATABASE] = STORE_FILE,
	    [FAULT_FOLDER] = ".",
	    [FAULT_LEFT] = ""};

	memset(&doing, 0, sizeof(doing));
	doing.fault = fault;
	snprintf(work->notes.lie, sizeof(work->notes.lie), "%s", lies[fault]);
	disk_note(&work->notes, folder, start);
	doing.work = work;
	doing.now = *first;
	promise(first->step);
}

static void
end_work(void)
{
	doing.work = NULL;
	doing.fault = FAULT_NONE;
	disk_note_end();
}

void
work_done(struct work *work)
{
	free(work->promises);
	disk_notes_done(&work->notes);
}

/* ---- the steps, as they are taken ---- */

enum err_code __real_anchor_write(struct anchor *anchor, uint64_t before,
    const struct anchor_state *from, const struct anchor_state *to, struct err *err);
enum err_code __wrap_anchor_write(struct anchor *anchor, uint64_t before,
    const struct anchor_state *from, const struct anchor_state *to, struct err *err);
enum err_code __real_sql_commit(struct sql *sql, struct err *err);
enum err_code __wrap_sql_commit(struct sql *sql, struct err *err);
enum err_code __real_store_make_last(struct store *store, struct err *err);
enum err_code __wrap_store_make_last(struct store *store, struct err *err);
int __real_sqlite3_busy_timeout(sqlite3 *database, int milliseconds);
int __wrap_sqlite3_busy_timeout(sqlite3 *database, int milliseconds);

static enum err_code look(struct store *store, struct anchor_state *ret_state, struct err *err);

static enum err_code
write_first(struct anchor *anchor, uint64_t before, const struct anchor_state *from,
    const struct anchor_state *to, struct err *err)
{
	doing.next = *to;
	doing.commits = true;
	doing.now.high = *from; /* the writer has seen it */
	promise(STEP_SLOT);
	enum err_code code = __real_anchor_write(anchor, before, from, to, err);
	doing.now.low = *from; /* which the anchor says from now on */
	return code;
}

static enum err_code
write_second(struct anchor *anchor, uint64_t before, const struct anchor_state *from,
    const struct anchor_state *to, struct err *err)
{
	struct anchor_state state;

	promise(STEP_SETTLE);
	if (doing.dies) {
		doing.dies = false;
		return err_set(err, ERR_IO, "the writer died");
	}
	if (doing.reader != NULL) {
		fine(look(doing.reader, &state, err), err);
		assert_true(anchor_state_equal(&state, to));
	}
	return __real_anchor_write(anchor, before, from, to, err);
}

enum err_code
__wrap_anchor_write(struct anchor *anchor, uint64_t before, const struct anchor_state *from,
    const struct anchor_state *to, struct err *err)
{
	if (doing.work == NULL)
		return __real_anchor_write(anchor, before, from, to, err);
	return (anchor_state_equal(from, to) ? write_second : write_first)(anchor, before, from, to,
	    err);
}

enum err_code
__wrap_sql_commit(struct sql *sql, struct err *err)
{
	if (doing.work == NULL || !doing.commits)
		return __real_sql_commit(sql, err);
	doing.commits = false;
	struct anchor_state before = doing.now.high;
	doing.now.high = doing.next;
	promise(STEP_COMMIT);
	enum err_code code = __real_sql_commit(sql, err);
	if (code == ERR_OK)
		doing.now.low = doing.next;
	else
		doing.now.high = before;
	promise(STEP_SETTLE);
	return code;
}

enum err_code
__wrap_store_make_last(struct store *store, struct err *err)
{
	return doing.fault == FAULT_LEFT ? ERR_OK : __real_store_make_last(store, err);
}

/* Nobody here ends a transaction while another waits for it. */
int
__wrap_sqlite3_busy_timeout(sqlite3 *database, int milliseconds)
{
	(void)milliseconds;
	return __real_sqlite3_busy_timeout(database, 0);
}

/* ---- what handles do ---- */

static enum err_code
open_store(const char *folder, const struct secret *key, struct store **ret_store, struct err *err)
{
	return store_open(folder, "test", &bench_no_id, key, ret_store, err);
}

static enum err_code
look_open(struct store *store, struct anchor_state *ret_state, struct err *err)
{
	TRY(store_log_head(store, &ret_state->size, &ret_state->log_root, err));
	return store_state_root(store, &ret_state->state_root, err);
}

/* The state that it is in, without settling it. */
static enum err_code
look(struct store *store, struct anchor_state *ret_state, struct err *err)
{
	TRY(store_begin_read(store, err));
	enum err_code code = look_open(store, ret_state, err);
	store_rollback(store);
	return code;
}

static enum err_code
add_leaf(struct store *store, struct err *err)
{
	uint64_t index;
	char text[40];

	TRY(store_log_size(store, &index, err));
	snprintf(text, sizeof(text), "after %u", (unsigned)index);
	TRY(store_set_text(store, "draft", text, err));
	return store_append_leaf(store, view_of_text(text), &index, err);
}

/* Bytes that are worth COUNT pages. */
static enum err_code
add_pages(struct store *store, unsigned count, struct err *err)
{
	static const uint8_t bytes[4000];
	uint64_t size;

	TRY(store_log_size(store, &size, err));
	for (unsigned i = 0; i < count; i++) {
		struct digest digest = digest_of(0x70 + (unsigned)size);
		digest.bytes[1] = (uint8_t)i;
		TRY(store_put_statement(store, &digest, "test", VIEW_OF(bytes), false, err));
	}
	return ERR_OK;
}

static enum err_code
write_next(struct store *store, unsigned pages, struct err *err)
{
	TRY(store_begin(store, err));
	if (doing.work != NULL)
		promise(STEP_ROWS);
	TRY(add_pages(store, pages, err));
	TRY(add_leaf(store, err));
	return store_commit(store, err);
}

/* A commit that is told of when it has worked. */
static enum err_code
commit_next(struct store *store, unsigned pages, struct err *err)
{
	enum err_code code = write_next(store, pages, err);

	store_rollback(store);
	if (code == ERR_OK && doing.work != NULL)
		promise_reply(&doing.next);
	return code;
}

static void
must_commit(struct store *store, unsigned pages)
{
	struct err err;

	assert_ok(commit_next(store, pages, &err));
}

/* What is read is told of. */
static enum err_code
read_and_settle(struct store *store, struct anchor_state *ret_state, struct err *err)
{
	TRY(look(store, ret_state, err));
	if (doing.work != NULL) {
		doing.now.high = *ret_state;
		promise(doing.now.step);
	}
	TRY(store_settle(store, err));
	if (doing.work != NULL)
		promise_reply(ret_state);
	return ERR_OK;
}

static void
must_settle(struct store *store)
{
	struct err err;
	struct anchor_state state;

	assert_ok(read_and_settle(store, &state, &err));
}

/* ---- lives ---- */

struct pair {
	struct secret *key;
	struct store *first, *second;
};

static void
pair_done(struct pair *pair)
{
	store_free(pair->first);
	store_free(pair->second);
	secret_free(pair->key);
}

#define PAIR CLEANUP(pair_done) struct pair

/* A row in every table. */
static void
fill(struct store *store)
{
	struct bench bench = {.store = store};

	bench_fill(&bench);
	promise_reply(&doing.next);
}

static void
begin_life(struct work *work, const char *folder, enum power_fault fault, struct pair *ret_pair)
{
	static const struct promise nothing = {.step = STEP_MAKING, .lacks = true};
	struct err err;
	DISK start;

	disk_read(&start, folder);
	assert_ok(bench_key(&ret_pair->key, &err));
	begin_work(work, folder, &start, &nothing, fault);
	assert_ok(store_create(folder, "test", ret_pair->key, &ret_pair->first, &err));
	assert_ok(open_store(folder, ret_pair->key, &ret_pair->second, &err));
	/* What init says when it has made a vault; no commit has been. */
	must_settle(ret_pair->first);
	promise(STEP_ROWS);
	fill(ret_pair->first);
}

static void
erase(struct store *store)
{
	struct err err;

	assert_ok(store_begin(store, &err));
	promise(STEP_ROWS);
	assert_ok(store_erase_shares(store, &bench_ceremony, -1, &err));
	assert_ok(add_leaf(store, &err));
	assert_ok(store_commit(store, &err));
	promise_reply(&doing.next);
}

/* A reader holds the database while the writer commits. */
static void
be_refused(struct store *writer, struct store *reader)
{
	struct err err;
	uint64_t size;

	assert_ok(store_begin_read(reader, &err));
	assert_ok(store_log_size(reader, &size, &err));
	assert_error(ERR_BUSY, write_next(writer, 1, &err));
	store_rollback(writer);
	store_rollback(reader);
	promise(STEP_REPLIED);
}

/* After COMMIT and before the second slot; another handle takes its place. */
static void
die(struct pair *pair, const char *folder)
{
	struct err err;

	doing.dies = true;
	assert_error(ERR_IO, write_next(pair->first, 1, &err));
	store_freep(&pair->first);
	assert_ok(open_store(folder, pair->key, &pair->first, &err));
}

void
power_live(struct work *work, const char *folder, enum power_fault fault)
{
	PAIR pair = {0};

	begin_life(work, folder, fault, &pair);
	must_commit(pair.first, 1);
	doing.reader = pair.second;
	must_commit(pair.first, 2);
	doing.reader = NULL;
	must_settle(pair.second);
	must_commit(pair.second, 1);
	erase(pair.first);
	must_commit(pair.second, 1);
	be_refused(pair.first, pair.second);
	must_commit(pair.second, 1);
	die(&pair, folder);
	must_settle(pair.second);
	must_commit(pair.second, 20);
	die(&pair, folder);
	must_commit(pair.second, 1);
	erase(pair.second);
	must_commit(pair.first, 1);
	end_work();
}

void
power_live_shortly(struct work *work, const char *folder)
{
	PAIR pair = {0};

	begin_life(work, folder, FAULT_NONE, &pair);
	must_commit(pair.first, 1);
	erase(pair.second);
	end_work();
}

void
power_live_unsettled(const char *folder)
{
	PAIR pair = {0};
	WORK work = {0};

	begin_life(&work, folder, FAULT_NONE, &pair);
	die(&pair, folder);
	end_work();
}

static enum err_code
live_on(const char *folder, const struct secret *key, bool reads, struct err *err)
{
	struct anchor_state state;
	STORE *store = NULL;

	TRY(open_store(folder, key, &store, err));
	if (reads)
		TRY(read_and_settle(store, &state, err));
	TRY(commit_next(store, 0, err));
	return read_and_settle(store, &state, err);
}

enum err_code
power_live_on(struct work *work, const char *folder, const struct disk *start,
    const struct promise *first, bool reads, enum power_fault fault, struct err *err)
{
	struct promise again = *first;
	SECRET *key = NULL;

	TRY(bench_key(&key, err));
	again.step = STEP_OPENING;
	begin_work(work, folder, start, &again, fault);
	enum err_code code = live_on(folder, key, reads, err);
	end_work();
	return code;
}

/* ---- the judge ---- */

static enum err_code
check_whole(struct store *store, struct anchor_state *ret_state, struct err *err)
{
	struct store_totals totals;

	TRY(store_begin_read(store, err));
	enum err_code code = look_open(store, ret_state, err);
	if (code == ERR_OK)
		code = store_verify_state(store, NULL, NULL, &totals, err);
	if (code == ERR_OK)
		code = store_log_recompute(store, NULL, err);
	if (code == ERR_OK)
		code = store_check(store, err);
	store_rollback(store);
	return code == ERR_OK ? store_settle(store, err) : code;
}

enum err_code
power_accept(const char *folder, struct anchor_state *ret_state, struct err *err)
{
	SECRET *key = NULL;
	STORE *store = NULL;

	TRY(bench_key(&key, err));
	TRY(open_store(folder, key, &store, err));
	return check_whole(store, ret_state, err);
}

static enum err_code
check_promise(const struct promise *promise, const struct anchor_state *state, struct err *err)
{
	if (anchor_state_equal(state, &promise->low) || anchor_state_equal(state, &promise->high))
		return ERR_OK;
	return err_set(err, ERR_REFUSED, "it is at %u leaves, and may be at %u or %u",
	    (unsigned)state->size, (unsigned)promise->low.size, (unsigned)promise->high.size);
}

/* Where there is no vault, one can be made. */
static enum err_code
judge_lacking(const char *folder, const struct secret *key, struct err *err)
{
	STORE *store = NULL;

	TRY(store_create(folder, "test", key, &store, err));
	return commit_next(store, 0, err);
}

static enum err_code
judge(const char *folder, const struct secret *key, const struct promise *promise, struct err *err)
{
	struct anchor_state found, later;
	STORE *store = NULL;
	enum err_code code = open_store(folder, key, &store, err);

	if (code == ERR_NOT_FOUND && promise->lacks)
		return judge_lacking(folder, key, err);
	if (code == ERR_OK)
		code = check_whole(store, &found, err);
	if (code == ERR_OK && !promise->lacks)
		code = check_promise(promise, &found, err);
	if (code == ERR_OK)
		code = commit_next(store, 0, err);
	if (code == ERR_OK)
		code = read_and_settle(store, &later, err);
	if (code == ERR_OK && later.size != found.size + 1)
		return err_set(err, ERR_REFUSED, "a commit afterwards did nothing");
	return code;
}

enum err_code
power_judge(const char *folder, const struct promise *promise, struct err *err)
{
	SECRET *key = NULL;

	TRY(bench_key(&key, err));
	return judge(folder, key, promise, err);
}

void
power_folder(char ret_folder[64])
{
	snprintf(ret_folder, 64, "/tmp/halligan-power-XXXXXX");
	assert_non_null(mkdtemp(ret_folder));
}

void
power_folder_done(const char *folder)
{
	char lock[80];

	disk_clear_folder(folder);
	snprintf(lock, sizeof(lock), "%s/lock", folder);
	unlink(lock);
	rmdir(folder);
}
