/* SPDX-License-Identifier: Apache-2.0 */
/* Secret memory, both of its kinds. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/secret.h"
#include "tests/unit/check.h"
#include "tests/unit/memory_seam.h"

static struct secret *
secret_of(size_t capacity)
{
	struct secret *secret = NULL;
	struct err err;

	assert_ok(secret_new(capacity, &secret, &err));
	return secret;
}

static void
a_secret_has_1_to_256_kib(void **state)
{
	static const size_t sizes[] = {1, 2, 31, 4000, 4096, 4097, 65536, SECRET_MAX};
	struct secret *none = NULL;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		SECRET *secret = secret_of(sizes[i]);

		assert_int_equal(secret_capacity(secret), sizes[i]);
		assert_int_equal(secret_size(secret), 0);
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(secret_data(secret)[j], 0);
		memset(secret_data(secret), 0xa5, sizes[i]);
	}
	assert_error(ERR_INTERNAL, secret_new(0, &none, &err));
	assert_error(ERR_INTERNAL, secret_new(SECRET_MAX + 1, &none, &err));
	assert_error(ERR_INTERNAL, secret_new(SIZE_MAX, &none, &err));
	assert_null(none);
	secret_free(NULL);
}

/* Of a small one by looking again, since another secret keeps its pages; of a large one when they go. */
static void
the_whole_allocation_is_wiped_when_freed(void **state)
{
	static const size_t sizes[] = {1, 32, 4096, 10000, 20000, 100000};
	SECRET *other = secret_of(1); /* so that the small ones' range stays mapped */

	(void)state;
	assert_non_null(other);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct secret *secret = secret_of(sizes[i]);
		uint8_t *data = secret_data(secret);
		unsigned freed = seam.freed;

		memset(data, 0xa5, sizes[i]); /* more than the size says */
		secret_free(secret);
		for (size_t j = 0; seam.freed == freed && j < sizes[i]; j++)
			assert_int_equal(data[j], 0);
	}
	assert_int_equal(seam.freed, 2);
	assert_int_equal(seam.dirty, 0);
	assert_int_equal(seam.reserved, 1);
}

static void
guard_pages_fault_on_both_sides(void **state)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)state;
	if (under_valgrind())
		return;
	SECRET *large = secret_of(20000);
	SECRET *small = secret_of(32); /* the first one on its pages */
	uint8_t *begins[] = {(uint8_t *)((uintptr_t)large & ~(page - 1)),
	    (uint8_t *)((uintptr_t)small & ~(page - 1))};
	uint8_t *ends[] = {secret_data(large) + 20000, begins[1] + 64 * 1024};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		assert_false(faults(ends[i] - 1, false));
		assert_true(faults(ends[i], false));
		assert_true(faults(ends[i], true));
		assert_false(faults(begins[i], false));
		assert_true(faults(begins[i] - 1, false));
		assert_true(faults(begins[i] - 1, true));
	}
}

static void
pages_are_locked_not_dumped_and_not_inherited(void **state)
{
	SECRET *secret = secret_of(5000);
	char flags[256];

	(void)state;
	memset(secret_data(secret), 1, 5000);
	flags_of(secret_data(secret), flags);
	assert_non_null(strstr(flags, locked_flag));
	assert_non_null(strstr(flags, " dd"));
	assert_non_null(strstr(flags, " dc"));
}

static void
exit_42(int number)
{
	(void)number;
	_exit(42);
}

static void
a_child_has_no_secrets(void **state)
{
	SECRET *secret = secret_of(32);
	int status;
	pid_t pid;

	(void)state;
	if (under_valgrind())
		return;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGSEGV, exit_42);
		_exit(*(volatile uint8_t *)secret_data(secret) == 0 ? 1 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

/* Every call in turn fails: an error, nothing made, nothing left mapped, no descriptor open. */
static void
each_failing_call_is_an_error_with_its_remedy(void **state)
{
	const struct rlimit limit = {65536, 65536};
	struct err err;
	int free_fd = dup(0);

	(void)state;
	close(free_fd);
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	for (seam.fail_at = 1;; seam.fail_at++) {
		struct secret *secret = NULL;
		enum err_code code;
		int fd;

		seam.calls = 0;
		seam.error_number = EAGAIN;
		code = secret_new(5000, &secret, &err);
		fd = dup(0);
		close(fd);
		assert_int_equal(fd, free_fd);
		if (seam.calls < seam.fail_at) {
			assert_int_equal(code, ERR_OK);
			secret_free(secret);
			arena_trim();
			break;
		}
		assert_int_equal(code, ERR_MEMORY);
		assert_null(secret);
		assert_int_equal(seam.reserved, 0);
		if (seam.fail_at > 1) {
			assert_says("RLIMIT_MEMLOCK");
			assert_says("65536 bytes");
			assert_says("ulimit -l");
			assert_says("LimitMEMLOCK=");
		}
	}
	assert_true(seam.fail_at >= 5);
}

static void
sizes_stay_within_the_capacity_and_drops_are_wiped(void **state)
{
	SECRET *secret = secret_of(16);
	struct err err;

	(void)state;
	assert_ok(secret_append(secret, view_of_text("0123456789"), &err));
	assert_error(ERR_INTERNAL, secret_append(secret, view_of_text("abcdefg"), &err));
	assert_view(secret_view(secret), view_of_text("0123456789"));
	assert_ok(secret_append(secret, view_of_text("abcdef"), &err));
	assert_error(ERR_INTERNAL, secret_append(secret, view_of_text("x"), &err));
	assert_error(ERR_INTERNAL, secret_resize(secret, 17, &err));
	assert_ok(secret_resize(secret, 4, &err));
	assert_memory_equal(secret_data(secret), "0123\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_ok(secret_resize(secret, 16, &err));
	assert_int_equal(secret_data(secret)[15], 0);
	secret_clear(secret);
	assert_int_equal(secret_size(secret), 0);
	assert_int_equal(secret_data(secret)[0], 0);
}

static void
a_secret_from_bytes_is_exactly_those(void **state)
{
	SECRET *secret = NULL;
	SECRET *empty = NULL;
	struct err err;

	(void)state;
	assert_ok(secret_from(view_of_text("pin"), &secret, &err));
	assert_view(secret_view(secret), view_of_text("pin"));
	assert_int_equal(secret_capacity(secret), 3);
	assert_ok(secret_from((struct view){0}, &empty, &err));
	assert_int_equal(secret_size(empty), 0);
}

static void
equality_looks_at_size_and_every_byte(void **state)
{
	SECRET *a = secret_of(64);
	SECRET *b = secret_of(65);
	struct err err;

	(void)state;
	assert_true(secret_equal(a, b));
	assert_ok(secret_random(a, 64, &err));
	assert_ok(secret_append(b, secret_view(a), &err));
	assert_true(secret_equal(a, b));
	for (size_t i = 0; i < 64; i++) {
		secret_data(b)[i] ^= 0x80;
		assert_false(secret_equal(a, b));
		secret_data(b)[i] ^= 0x80;
	}
	assert_ok(secret_resize(b, 65, &err));
	assert_false(secret_equal(a, b));
	assert_ok(secret_resize(b, 63, &err));
	assert_false(secret_equal(a, b));
}

static void
random_bytes_survive_short_and_interrupted_calls(void **state)
{
	SECRET *secret = secret_of(40);
	uint8_t seen[40] = {0};
	struct err err;

	(void)state;
	seam.random_step = 7;
	for (int i = 0; i < 64; i++) {
		assert_ok(secret_random(secret, 40, &err));
		for (size_t j = 0; j < sizeof(seen); j++)
			seen[j] |= secret_data(secret)[j];
	}
	for (size_t j = 0; j < sizeof(seen); j++)
		assert_int_equal(seen[j], 0xff);
	assert_error(ERR_INTERNAL, secret_random(secret, 41, &err));
}

static void
a_failing_random_source_leaves_nothing(void **state)
{
	SECRET *secret = secret_of(40);
	struct err err;

	(void)state;
	seam.random_step = 7;
	for (seam.random_fail = 2; seam.random_fail <= 12; seam.random_fail += 2) {
		seam.random_calls = 0;
		assert_error(ERR_CRYPTO, secret_random(secret, 40, &err));
		assert_int_equal(secret_size(secret), 0);
		for (size_t i = 0; i < 40; i++)
			assert_int_equal(secret_data(secret)[i], 0);
	}
}

static void
reading_takes_up_to_the_capacity(void **state)
{
	(void)state;
	for (size_t size = 0; size <= 9; size++) {
		SECRET *secret = secret_of(8);
		SECRET *source = NULL;
		struct err err;
		int ends[2];

		assert_int_equal(pipe(ends), 0);
		assert_ok(secret_from(view_of("123456789", size), &source, &err));
		assert_ok(secret_write_fd(source, ends[1], &err));
		close(ends[1]);
		if (size <= 8) {
			assert_ok(secret_read_fd(secret, ends[0], &err));
			assert_true(secret_equal(secret, source));
		} else {
			assert_error(ERR_INVALID, secret_read_fd(secret, ends[0], &err));
			assert_int_equal(secret_size(secret), 0);
			assert_int_equal(secret_data(secret)[0], 0);
		}
		close(ends[0]);
	}
}

static void
a_bad_descriptor_is_an_error(void **state)
{
	SECRET *secret = secret_of(8);
	struct err err;

	(void)state;
	assert_error(ERR_IO, secret_read_fd(secret, -1, &err));
	assert_ok(secret_append(secret, view_of_text("x"), &err));
	assert_error(ERR_IO, secret_write_fd(secret, -1, &err));
}

static void
the_kind_is_named(void **state)
{
	(void)state;
	if (seam.without_memfd)
		assert_string_equal(secret_kind(), "mlock");
	else
		assert_true(strcmp(secret_kind(), "memfd_secret") == 0 ||
		    strcmp(secret_kind(), "mlock") == 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    BOTH(a_secret_has_1_to_256_kib), BOTH(the_whole_allocation_is_wiped_when_freed),
	    BOTH(guard_pages_fault_on_both_sides),
	    BOTH(pages_are_locked_not_dumped_and_not_inherited), BOTH(a_child_has_no_secrets),
	    BOTH(sizes_stay_within_the_capacity_and_drops_are_wiped),
	    BOTH(a_secret_from_bytes_is_exactly_those), BOTH(equality_looks_at_size_and_every_byte),
	    BOTH(random_bytes_survive_short_and_interrupted_calls),
	    BOTH(a_failing_random_source_leaves_nothing), BOTH(reading_takes_up_to_the_capacity),
	    BOTH(a_bad_descriptor_is_an_error), BOTH(the_kind_is_named),
	    BOTH(each_failing_call_is_an_error_with_its_remedy), /* last: lowers the limit */
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
