/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several writers and readers, each a process of its own, of whom one after the other is killed: at a chance
 * moment, or at a given write or sync of its transaction, amid it too.  Nobody is alarmed, nothing that
 * somebody was told of is gone, and all is whole in the end; then an older database is an alarm.
 *
 * The control: readers who look at the slots before they read the database are alarmed for nothing.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/lib/store_bench.h"
#include "tests/unit/sweep.h"
#include "vault/log/anchor.h"
#include "vault/store/sql.h"
#include "vault/store/verify.h"

enum {
	SEATS = 6,
	WRITERS = 3, /* the first ones */
	LEAVES = 1 << 16,
	TEXT = 40,
	KILLS = 800,
	CALLS = 61,   /* as many as a transaction has, and prime */
	PATIENCE = 15 /* commits of others, in which one who is to die has not come so far */
};

/* What all of them see. */
struct crowd {
	_Atomic uint64_t told; /* leaves that somebody was told of */
	_Atomic uint64_t commits, reads, busy;
	_Atomic bool ends;
	_Atomic unsigned faults;
	char first[900];
	struct {
		_Atomic bool told;
		char text[TEXT];
	} leaves[LEAVES];
};

struct death {
	unsigned at; /* call, from 1; 0: none */
	bool torn;
};

/* Of this process. */
static struct {
	struct death death;
	unsigned calls;
	bool early; /* looks at the slots before it begins */
	struct anchor *anchor;
	bool has_slot;
	struct anchor_slot slot;
} self;

/* ---- the calls by which it writes, at one of which it dies ---- */

static bool
dies(void)
{
	return self.death.at > 0 && ++self.calls == self.death.at;
}

ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
	ssize_t (*real)(int, const void *, size_t, off_t);

	*(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
	if (dies()) {
		if (self.death.torn)
			real(fd, bytes, size / 2, offset);
		kill(getpid(), SIGKILL);
	}
	return real(fd, bytes, size, offset);
}

int
ftruncate(int fd, off_t size)
{
	int (*real)(int, off_t);

	*(void **)&real = dlsym(RTLD_NEXT, "ftruncate64");
	if (dies())
		kill(getpid(), SIGKILL);
	return real(fd, size);
}

/* A process that dies loses nothing that it has written. */
int
fdatasync(int fd)
{
	(void)fd;
	if (dies())
		kill(getpid(), SIGKILL);
	return 0;
}

int
fsync(int fd)
{
	return fdatasync(fd);
}

/* ---- who looks too early ---- */

enum err_code __real_anchor_open(const char *folder, const struct digest *vault,
    const struct secret *key, struct anchor **ret_anchor, struct err *err);
enum err_code __wrap_anchor_open(const char *folder, const struct digest *vault,
    const struct secret *key, struct anchor **ret_anchor, struct err *err);
enum err_code __real_anchor_read(struct anchor *anchor, struct anchor_slot *ret_slot,
    struct err *err);
enum err_code __wrap_anchor_read(struct anchor *anchor, struct anchor_slot *ret_slot,
    struct err *err);
enum err_code __real_sql_begin(struct sql *sql, bool writing, struct err *err);
enum err_code __wrap_sql_begin(struct sql *sql, bool writing, struct err *err);

enum err_code
__wrap_anchor_open(const char *folder, const struct digest *vault, const struct secret *key,
    struct anchor **ret_anchor, struct err *err)
{
	TRY(__real_anchor_open(folder, vault, key, ret_anchor, err));
	self.anchor = *ret_anchor;
	return ERR_OK;
}

enum err_code
__wrap_sql_begin(struct sql *sql, bool writing, struct err *err)
{
	if (self.early && self.anchor != NULL) {
		TRY(__real_anchor_read(self.anchor, &self.slot, err));
		self.has_slot = true;
		usleep(1000);
	}
	return __real_sql_begin(sql, writing, err);
}

enum err_code
__wrap_anchor_read(struct anchor *anchor, struct anchor_slot *ret_slot, struct err *err)
{
	if (!self.has_slot)
		return __real_anchor_read(anchor, ret_slot, err);
	self.has_slot = false;
	*ret_slot = self.slot;
	return ERR_OK;
}

/* ---- what one does ---- */

static void
tell(struct crowd *crowd, uint64_t size)
{
	uint64_t before = atomic_load(&crowd->told);

	while (before < size && !atomic_compare_exchange_weak(&crowd->told, &before, size))
		continue;
}

static enum err_code
check_size(uint64_t size, uint64_t told, struct err *err)
{
	if (size < told)
		return err_set(err, ERR_INTERNAL,
		    "%u leaves are there, and somebody was told of %u", (unsigned)size,
		    (unsigned)told);
	return ERR_OK;
}

static enum err_code
add(struct store *store, uint64_t told, char ret_text[TEXT], uint64_t *ret_index, struct err *err)
{
	static const uint8_t bytes[5000];
	struct digest digest = {{0}};
	uint64_t size;

	TRY(store_log_size(store, &size, err));
	TRY(check_size(size, told, err));
	snprintf(ret_text, TEXT, "%u by %ld", (unsigned)size, (long)getpid());
	memcpy(digest.bytes, &size, sizeof(size));
	TRY(store_put_statement(store, &digest, "test", view_of(bytes, size % 3 * 2500), false,
	    err));
	TRY(store_set_text(store, "draft", ret_text, err));
	return store_append_leaf(store, view_of_text(ret_text), ret_index, err);
}

static enum err_code
write_one(struct crowd *crowd, struct store *store, struct err *err)
{
	char text[TEXT];
	uint64_t index, told = atomic_load(&crowd->told);

	TRY(store_begin(store, err));
	enum err_code code = add(store, told, text, &index, err);
	if (code == ERR_OK)
		code = store_commit(store, err);
	store_rollback(store);
	if (code != ERR_OK)
		return code;
	if (index >= LEAVES)
		return err_set(err, ERR_INTERNAL, "too many leaves");
	memcpy(crowd->leaves[index].text, text, TEXT);
	atomic_store(&crowd->leaves[index].told, true);
	tell(crowd, index + 1);
	atomic_fetch_add(&crowd->commits, 1);
	return ERR_OK;
}

/* The last leaf, and the row that was written with it. */
static enum err_code
look(struct store *store, uint64_t *ret_size, struct err *err)
{
	BUF leaf = {0}, text = {0};

	TRY(store_log_size(store, ret_size, err));
	TRY(store_log_leaf(store, *ret_size - 1, &leaf, err));
	TRY(store_get_text(store, "draft", &text, err));
	if (!view_equal(buf_view(&leaf), buf_view(&text)))
		return err_set(err, ERR_INTERNAL, "a row is not as old as the log");
	return ERR_OK;
}

static enum err_code
read_one(struct crowd *crowd, struct store *store, struct err *err)
{
	uint64_t size, told = atomic_load(&crowd->told);

	TRY(store_begin_read(store, err));
	enum err_code code = look(store, &size, err);
	store_rollback(store);
	if (code != ERR_OK)
		return code;
	TRY(check_size(size, told, err));
	TRY(store_settle(store, err));
	tell(crowd, size);
	atomic_fetch_add(&crowd->reads, 1);
	return ERR_OK;
}

/* Somebody who has waited too long may try again. */
static enum err_code
go_on(struct crowd *crowd, struct store *store, bool writes, struct err *err)
{
	while (!atomic_load(&crowd->ends)) {
		enum err_code code = (writes ? write_one : read_one)(crowd, store, err);

		if (code == ERR_BUSY)
			atomic_fetch_add(&crowd->busy, 1);
		else if (code != ERR_OK)
			return code;
		if (!writes)
			usleep(300);
	}
	return ERR_OK;
}

static enum err_code
live(struct crowd *crowd, struct bench *bench, bool writes, struct err *err)
{
	TRY(bench_open(bench, &bench->store, err));
	self.calls = 0;
	return go_on(crowd, bench->store, writes, err);
}

/* ---- the crowd ---- */

struct run {
	struct crowd *crowd;
	struct bench *bench;
	pid_t seats[SEATS];
	bool early; /* the readers are */
	uint64_t chance;
	unsigned killed, spared; /* the latter before they came so far */
};

static unsigned
chance(struct run *run, unsigned below)
{
	run->chance = run->chance * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(run->chance >> 33) % below;
}

static void
sit_down(struct run *run, unsigned seat, struct death death)
{
	struct err err;
	pid_t child = bench_fork(run->bench);

	if (child > 0) {
		run->seats[seat] = child;
		return;
	}
	bool writes = seat < WRITERS;
	self.early = run->early && !writes;
	self.death = death;
	self.calls = 0;
	if (live(run->crowd, run->bench, writes, &err) != ERR_OK &&
	    atomic_fetch_add(&run->crowd->faults, 1) == 0)
		snprintf(run->crowd->first, sizeof(run->crowd->first), "%s: %.800s",
		    writes ? "a writer" : "a reader", err.text);
	kill(getpid(), SIGKILL); /* so that no leak checker looks at what is its parent's */
}

static bool
is_dead(struct run *run, unsigned seat, int flags)
{
	int status;

	if (waitpid(run->seats[seat], &status, flags) != run->seats[seat])
		return false;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	run->killed++;
	return true;
}

static void
kill_seat(struct run *run, unsigned seat)
{
	kill(run->seats[seat], SIGKILL);
	assert_true(is_dead(run, seat, 0));
}

static uint64_t
done(const struct run *run)
{
	return atomic_load(&run->crowd->commits) + atomic_load(&run->crowd->reads);
}

static bool
goes_on(const struct run *run)
{
	return atomic_load(&run->crowd->faults) == 0;
}

/* Until COUNT more transactions are through. */
static void
wait_for(const struct run *run, uint64_t count)
{
	uint64_t before = done(run);

	while (goes_on(run) && done(run) < before + count)
		usleep(500);
}

static void
kill_by_chance(struct run *run)
{
	unsigned seat = chance(run, SEATS);

	wait_for(run, 1 + chance(run, 4));
	usleep(chance(run, 3000));
	kill_seat(run, seat);
	sit_down(run, seat, (struct death){0});
}

/* Somebody sits down who dies at that call, while the others go on.  Readers have few. */
static void
kill_at(struct run *run, unsigned call, bool torn)
{
	unsigned seat =
	    chance(run, 4) == 0 ? WRITERS + chance(run, SEATS - WRITERS) : chance(run, WRITERS);
	uint64_t before = atomic_load(&run->crowd->commits);

	kill_seat(run, seat);
	sit_down(run, seat, (struct death){1 + call % (seat < WRITERS ? CALLS : 6), torn});
	while (goes_on(run) && !is_dead(run, seat, WNOHANG)) {
		if (atomic_load(&run->crowd->commits) > before + PATIENCE) {
			kill_seat(run, seat);
			run->spared++;
			break;
		}
		usleep(500);
	}
	sit_down(run, seat, (struct death){0});
}

static void
come(struct run *run, struct bench *bench, bool early)
{
	*run = (struct run){.bench = bench, .early = early, .chance = 1};
	run->crowd = mmap(NULL, sizeof(*run->crowd), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(run->crowd != MAP_FAILED);
	for (unsigned seat = 0; seat < SEATS; seat++)
		sit_down(run, seat, (struct death){0});
}

static void
go_home(struct run *run)
{
	atomic_store(&run->crowd->ends, true);
	for (unsigned seat = 0; seat < SEATS; seat++)
		waitpid(run->seats[seat], NULL, 0);
}

static void
report(const struct run *run, const char *what)
{
	const struct crowd *crowd = run->crowd;

	print_message(
	    "# %s: %u killed (%u before their call), %lu commits, %lu readings, %lu times busy%s%s\n",
	    what, run->killed, run->spared, (unsigned long)atomic_load(&crowd->commits),
	    (unsigned long)atomic_load(&crowd->reads), (unsigned long)atomic_load(&crowd->busy),
	    crowd->first[0] != '\0' ? "; " : "", crowd->first);
}

/* ---- what they leave ---- */

static void
check_leaves(const struct crowd *crowd, struct store *store, uint64_t size)
{
	struct err err;

	assert_true(size >= atomic_load(&crowd->told));
	for (uint64_t i = 0; i < size; i++) {
		BUF leaf = {0};

		assert_ok(store_log_leaf(store, i, &leaf, &err));
		if (atomic_load(&crowd->leaves[i].told))
			assert_string_equal(buf_string(&leaf), crowd->leaves[i].text);
	}
}

static void
check_whole(const struct run *run)
{
	struct err err;
	struct store *store;
	struct store_totals totals;
	uint64_t size;

	bench_reopen(run->bench);
	store = run->bench->store;
	assert_ok(store_begin_read(store, &err));
	assert_ok(store_log_size(store, &size, &err));
	assert_ok(store_verify_state(store, NULL, NULL, &totals, &err));
	assert_ok(store_log_recompute(store, NULL, &err));
	assert_ok(store_check(store, &err));
	check_leaves(run->crowd, store, size);
	store_rollback(store);
	store_freep(&run->bench->store);
}

/* Database and journal as they were. */
static void
check_older(struct bench *bench, const struct buf *database)
{
	struct err err;
	uint64_t size;
	char journal[100];

	snprintf(journal, sizeof(journal), "%s-journal", bench->file);
	assert_ok(file_write(bench->file, buf_view(database), 0600, &err));
	unlink(journal);
	enum err_code code = bench_open(bench, &bench->store, &err);
	if (code == ERR_OK)
		code = store_log_size(bench->store, &size, &err);
	assert_int_equal(code, ERR_INTEGRITY);
	assert_says("an old database");
}

static struct bench *
new_bench(struct buf *ret_database)
{
	struct err err;
	void *state = NULL;

	assert_int_equal(bench_setup(&state), 0);
	struct bench *bench = state;
	bench_begin(bench);
	assert_ok(store_set_text(bench->store, "draft", "leaf", &err));
	bench_commit(bench);
	store_freep(&bench->store);
	assert_ok(file_read(bench->file, 1 << 24, ret_database, &err));
	return bench;
}

static void
whoever_is_killed_nobody_is_alarmed_and_nothing_told_is_undone(void **state)
{
	struct run run;
	BUF database = {0};
	struct bench *bench = new_bench(&database);
	void *again = bench;

	(void)state;
	come(&run, bench, false);
	for (unsigned i = 1; i <= KILLS && goes_on(&run); i++) {
		if (!sweep_takes(i, 20))
			continue;
		kill_by_chance(&run);
		kill_at(&run, i % CALLS, chance(&run, 2) == 0);
	}
	wait_for(&run, 20);
	go_home(&run);
	report(&run, "a crowd");
	if (!goes_on(&run))
		fail_msg("%s", run.crowd->first);
	check_whole(&run);
	check_older(bench, &database);
	munmap(run.crowd, sizeof(*run.crowd));
	bench_teardown(&again);
}

static void
readers_who_look_at_the_slots_first_are_alarmed_for_nothing(void **state)
{
	struct run run;
	BUF database = {0};
	struct bench *bench = new_bench(&database);
	void *again = bench;

	(void)state;
	come(&run, bench, true);
	wait_for(&run, LEAVES);
	go_home(&run);
	report(&run, "control: slots read before the database");
	assert_false(goes_on(&run));
	assert_non_null(strstr(run.crowd->first, "a reader"));
	assert_non_null(strstr(run.crowd->first, "by its anchor"));
	check_whole(&run); /* and nothing is wrong */
	munmap(run.crowd, sizeof(*run.crowd));
	bench_teardown(&again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whoever_is_killed_nobody_is_alarmed_and_nothing_told_is_undone),
	    cmocka_unit_test(readers_who_look_at_the_slots_first_are_alarmed_for_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
