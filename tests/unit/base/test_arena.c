/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of locked memory that share few ranges. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "tests/unit/check.h"
#include "tests/unit/memory_seam.h"

enum { BLOCKS = 200, STEPS = 4000, THREADS = 4, LARGE = 20000, FULL = 16 * 1024 };

static uint8_t *
block_of(size_t size)
{
	void *block = NULL;
	struct err err;

	assert_ok(arena_new(size, &block, &err));
	return block;
}

static bool
is_all(const uint8_t *bytes, size_t size, uint8_t value)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

static void
a_block_is_zero_aligned_and_as_large_as_it_says(void **state)
{
	uint8_t *blocks[100];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		size_t size = i * i * 3;

		blocks[i] = block_of(size);
		assert_int_equal((uintptr_t)blocks[i] % 16, 0);
		assert_int_equal(arena_size(blocks[i]), size == 0 ? 16 : (size + 15) / 16 * 16);
		assert_true(is_all(blocks[i], arena_size(blocks[i]), 0));
		memset(blocks[i], (int)i + 1, arena_size(blocks[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		assert_true(is_all(blocks[i], arena_size(blocks[i]), (uint8_t)(i + 1)));
		arena_free(blocks[i]);
	}
	arena_trim();
	assert_int_equal(seam.dirty, 0);
	assert_int_equal(seam.reserved, 0);
}

static void
hundreds_of_small_blocks_share_one_range(void **state)
{
	uint8_t *blocks[500];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		blocks[i] = block_of(64);
	assert_int_equal(seam.reserved, 1);
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		arena_free(blocks[i]);
	assert_int_equal(seam.reserved, 1);
}

static void
a_large_block_has_a_range_to_itself_and_ends_at_its_guard_page(void **state)
{
	uint8_t *small = block_of(FULL);
	uint8_t *large = block_of(FULL + 1);
	uint8_t *largest = block_of(256 * 1024);

	(void)state;
	assert_int_equal(seam.reserved, 3);
	if (!under_valgrind()) {
		assert_false(faults(large + arena_size(large) - 1, true));
		assert_true(faults(large + arena_size(large), false));
		assert_true(faults(largest + 256 * 1024, false));
	}
	memset(largest, 0xa5, 256 * 1024);
	arena_free(largest);
	arena_free(large);
	assert_int_equal(seam.reserved, 1);
	assert_int_equal(seam.dirty, 0);
	arena_free(small);
}

static void
a_block_is_wiped_whole_when_freed(void **state)
{
	uint8_t *other = block_of(16);

	(void)state;
	for (size_t size = 1; size <= FULL; size = size * 3 + 1) {
		uint8_t *block = block_of(size);
		size_t whole = arena_size(block);

		memset(block, 0xa5, whole);
		arena_free(block);
		assert_true(is_all(block, whole, 0));
	}
	arena_free(other);
}

static void
freed_blocks_become_room_for_larger_ones(void **state)
{
	uint8_t *blocks[3 * 50];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		blocks[i] = block_of(400); /* nearly all of a range */
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		if (i % 3 != 0)
			arena_free(blocks[i]);
	for (size_t i = 0; i < 50; i++) {
		uint8_t *wider = block_of(816); /* two of them, and the mark between */

		assert_true(is_all(wider, 816, 0));
		blocks[3 * i + 1] = wider;
	}
	assert_int_equal(seam.reserved, 1);
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		if (i % 3 != 2)
			arena_free(blocks[i]);
}

static void
of_the_empty_ranges_one_is_kept(void **state)
{
	uint8_t *blocks[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		blocks[i] = block_of(FULL);
	assert_true(seam.reserved >= 4);
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		arena_free(blocks[i]);
	assert_int_equal(seam.reserved, 1);
	arena_trim();
	assert_int_equal(seam.reserved, 0);
	assert_int_equal(seam.dirty, 0);
	arena_trim();
}

/* ---- what was overwritten ---- */

static void
beyond_the_end(void)
{
	uint8_t *block = block_of(32);

	block[32] ^= 1;
	arena_free(block);
}

static void
beyond_the_end_of_a_neighbour(void)
{
	uint8_t *block = block_of(32), *other = block_of(32);

	block[47] ^= 0x80; /* the last byte of the mark between */
	arena_free(other);
}

static void
before_the_first_byte(void)
{
	uint8_t *block = block_of(32);

	block[-1] ^= 1;
	arena_free(block);
}

static void
beyond_a_block_that_is_free(void)
{
	uint8_t *kept = block_of(32), *block = block_of(32), *last = block_of(32);

	arena_free(block);
	block[40] ^= 1;
	arena_free(kept); /* finds it */
	arena_free(last);
	arena_trim();
}

static void
before_a_large_block(void)
{
	uint8_t *block = block_of(LARGE);

	block[-16] ^= 1;
	arena_free(block);
}

static void
at_the_end_of_the_range(void)
{
	uint8_t *block = block_of(32);
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	((uint8_t *)((uintptr_t)block & ~(page - 1)))[64 * 1024 - 1] ^= 1;
	arena_free(block);
}

static void
freed_twice(void)
{
	uint8_t *block = block_of(32), *other = block_of(32);

	arena_free(block);
	arena_free(block);
	arena_free(other);
}

static void
not_a_block(void)
{
	static uint8_t bytes[64];

	arena_free(bytes + 32);
}

/* FUNCTION in a child ends by SIGABRT and says LINE. */
static void
ends(void (*function)(void), const char *line)
{
	char said[200] = "";
	int status, pipes[2];

	assert_int_equal(pipe(pipes), 0);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		const struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		dup2(pipes[1], 2);
		function();
		_exit(0);
	}
	close(pipes[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(read(pipes[0], said, sizeof(said) - 1) >= 0);
	close(pipes[0]);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_non_null(strstr(said, line));
}

static void
a_broken_canary_ends_the_process(void **state)
{
	static void (*const faults_of[])(void) = {beyond_the_end, beyond_the_end_of_a_neighbour,
	    before_the_first_byte, beyond_a_block_that_is_free, before_a_large_block,
	    at_the_end_of_the_range};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults_of); i++)
		ends(faults_of[i],
		    "halligan: secret memory: somebody wrote beyond the end of a block");
}

static void
a_block_is_freed_once_and_only_a_block(void **state)
{
	/* In the child of a process that has blocks, anything else could be one of the parent's. */
	(void)state;
	ends(freed_twice, "halligan: secret memory: somebody frees a block twice");
	if (!seam.without_memfd) /* the first test: this process had none yet */
		ends(not_a_block, "halligan: secret memory: somebody frees what is no block");
}

/* ---- many at once ---- */

struct shuffle {
	uint64_t random;
	uint8_t *blocks[BLOCKS];
	bool failed;
};

/* xorshift64 */
static size_t
draw(struct shuffle *shuffle, size_t below)
{
	shuffle->random ^= shuffle->random << 13;
	shuffle->random ^= shuffle->random >> 7;
	shuffle->random ^= shuffle->random << 17;
	return (size_t)(shuffle->random >> 11) % below;
}

static void
shuffle_one(struct shuffle *shuffle, size_t i)
{
	struct err err;
	void *block = NULL;

	if (shuffle->blocks[i] != NULL) {
		size_t size = arena_size(shuffle->blocks[i]);

		shuffle->failed |= !is_all(shuffle->blocks[i], size, (uint8_t)(i + 1));
		arena_free(shuffle->blocks[i]);
		shuffle->blocks[i] = NULL;
		return;
	}
	size_t size = draw(shuffle, draw(shuffle, 40) == 0 ? LARGE : 700);

	if (arena_new(size, &block, &err) != ERR_OK || !is_all(block, arena_size(block), 0)) {
		shuffle->failed = true;
		return;
	}
	memset(block, (int)i + 1, arena_size(block));
	shuffle->blocks[i] = block;
}

static void *
shuffle_all(void *argument)
{
	struct shuffle *shuffle = argument;

	for (size_t i = 0; i < STEPS && !shuffle->failed; i++)
		shuffle_one(shuffle, draw(shuffle, BLOCKS));
	for (size_t i = 0; i < BLOCKS; i++)
		if (shuffle->blocks[i] != NULL)
			shuffle_one(shuffle, i);
	return NULL;
}

static void
threads_keep_their_own_while_others_fork(void **state)
{
	static struct shuffle shuffles[THREADS];
	pthread_t threads[THREADS];
	int status;

	(void)state;
	memset(shuffles, 0, sizeof(shuffles));
	for (size_t i = 0; i < THREADS; i++) {
		shuffles[i].random = 88172645463325252 + i;
		assert_int_equal(pthread_create(&threads[i], NULL, shuffle_all, &shuffles[i]), 0);
	}
	for (size_t i = 0; i < 20; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			alarm(60);
			arena_free(block_of(32));
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_false(shuffles[i].failed);
	}
	assert_int_equal(seam.reserved, 1);
	assert_int_equal(seam.dirty, 0);
}

/* ---- children ---- */

static void
use_in_child(uint8_t *small, uint8_t *large)
{
	int before = seam.reserved;
	uint8_t *own;

	arena_free(small);
	arena_free(large);
	own = block_of(32);
	memset(own, 1, 32);
	if (seam.reserved != before + 1 || !(under_valgrind() || faults(small, false)) ||
	    !(under_valgrind() || faults(large, false)))
		_exit(1);
	arena_free(own);
	arena_free(small);
	arena_trim();
	_exit(seam.reserved == before ? 0 : 2);
}

static void
check_child(pid_t pid, uint8_t *small, uint8_t *large)
{
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		use_in_child(small, large);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
a_child_neither_touches_nor_frees_and_makes_its_own(void **state)
{
	uint8_t *small = block_of(32), *large = block_of(LARGE);

	(void)state;
	memset(small, 0xa5, 32);
	memset(large, 0x5a, LARGE);
	check_child(fork(), small, large);
	check_child(_Fork(), small, large); /* without the handlers of fork(3) */
	assert_true(is_all(small, 32, 0xa5));
	assert_true(is_all(large, LARGE, 0x5a));
	arena_free(small);
	arena_free(large);
}

/* ---- little to lock ---- */

static void
what_is_kept_is_given_back_where_nothing_more_can_be_locked(void **state)
{
	struct err err;
	void *block = NULL;

	(void)state;
	arena_free(block_of(32));
	assert_int_equal(seam.reserved, 1);
	seam.fail_at = seam.calls + 2;
	seam.error_number = EAGAIN;
	assert_ok(arena_new(LARGE, &block, &err));
	assert_int_equal(seam.reserved, 1);
	seam.fail_at = seam.calls + 2; /* nothing is kept any more */
	void *none = NULL;

	assert_error(ERR_MEMORY, arena_new(LARGE, &none, &err));
	assert_null(none);
	seam.fail_at = 0;
	arena_free(block);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    BOTH(a_block_is_freed_once_and_only_a_block), /* first: no block was made yet */
	    BOTH(a_block_is_zero_aligned_and_as_large_as_it_says),
	    BOTH(hundreds_of_small_blocks_share_one_range),
	    BOTH(a_large_block_has_a_range_to_itself_and_ends_at_its_guard_page),
	    BOTH(a_block_is_wiped_whole_when_freed),
	    BOTH(freed_blocks_become_room_for_larger_ones),
	    BOTH(of_the_empty_ranges_one_is_kept),
	    BOTH(a_broken_canary_ends_the_process),
	    BOTH(threads_keep_their_own_while_others_fork),
	    BOTH(a_child_neither_touches_nor_frees_and_makes_its_own),
	    BOTH(what_is_kept_is_given_back_where_nothing_more_can_be_locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
