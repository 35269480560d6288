/* SPDX-License-Identifier: Apache-2.0 */
/* What libraries borrow: a stack that is locked and wiped, and memory behind malloc's interface. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/secret.h"
#include "base/secret_stack.h"
#include "tests/unit/check.h"
#include "tests/unit/memory_seam.h"

/* Leaves a pattern all over a part of its stack. */
static __attribute__((noinline)) enum err_code
soil(void *argument, struct err *err)
{
	volatile uint8_t pattern[100000];
	char flags[256];
	bool *locked = argument;

	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = 0xa5;
	flags_of((const void *)(uintptr_t)&pattern[0], flags);
	*locked = strstr(flags, locked_flag) != NULL && strstr(flags, " dd") != NULL;
	return err_set(err, ERR_TOUCH, "no touch %d", pattern[500] == 0xa5);
}

static void
the_stack_is_locked_and_wiped(void **state)
{
	bool locked = false;
	struct err err;

	(void)state;
	assert_error(ERR_TOUCH, secret_stack_run(soil, &locked, NULL, NULL, &err));
	assert_says("no touch 1");
	assert_true(locked);
	assert_int_equal(seam.reserved, 1);
	arena_trim();
	assert_int_equal(seam.freed, 1);
	assert_int_equal(seam.dirty, 0);
	assert_int_equal(seam.reserved, 0);
}

/* Where it was on its stack. */
static enum err_code
soil_and_tell(void *argument, struct err *err)
{
	uintptr_t *ret_at = argument;
	volatile uint8_t pattern[1000];

	(void)err;
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = 0xa5;
	*ret_at = (uintptr_t)pattern;
	return ERR_OK;
}

static void
the_stack_is_kept_and_nothing_of_what_was_on_it(void **state)
{
	uintptr_t at = 0, again = 0;
	struct err err;

	(void)state;
	if (under_valgrind())
		return;
	assert_ok(secret_stack_run(soil_and_tell, &at, NULL, NULL, &err));
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(((const uint8_t *)at)[i], 0);
	assert_ok(secret_stack_run(soil_and_tell, &again, NULL, NULL, &err));
	assert_int_equal(again, at);
	assert_int_equal(seam.reserved, 1);
	assert_int_equal(seam.freed, 0);
}

static void
a_child_makes_a_stack_of_its_own(void **state)
{
	bool locked = false;
	struct err err;
	int status;

	(void)state;
	assert_error(ERR_TOUCH, secret_stack_run(soil, &locked, NULL, NULL, &err));
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		locked = false;
		_exit(secret_stack_run(soil, &locked, NULL, NULL, &err) == ERR_TOUCH && locked ? 0 :
		                                                                                 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

struct waited {
	unsigned calls, last;
	bool in_order;
	pthread_t thread;
};

static enum err_code
take_its_time(void *argument, struct err *err)
{
	sigset_t mask;

	(void)err;
	usleep(900000);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	*(bool *)argument = sigismember(&mask, SIGINT) == 1;
	return ERR_OK;
}

static void
count_wait(void *argument, unsigned milliseconds)
{
	struct waited *waited = argument;

	waited->in_order = waited->in_order && milliseconds == waited->last + 250 &&
	    pthread_equal(pthread_self(), waited->thread);
	waited->last = milliseconds;
	waited->calls++;
}

static void
the_caller_is_told_how_long_it_waits(void **state)
{
	struct waited waited = {.in_order = true, .thread = pthread_self()};
	bool signals_blocked = false;
	struct err err;

	(void)state;
	assert_ok(secret_stack_run(take_its_time, &signals_blocked, count_wait, &waited, &err));
	assert_true(waited.calls >= 1);
	assert_true(waited.in_order);
	assert_true(signals_blocked);
}

static void
a_stack_that_cannot_be_locked_runs_nothing(void **state)
{
	bool ran = false;
	struct err err;

	(void)state;
	seam.fail_at = 2;
	seam.error_number = ENOMEM;
	assert_error(ERR_MEMORY, secret_stack_run(soil, &ran, NULL, NULL, &err));
	assert_false(ran);
	assert_int_equal(seam.reserved, 0);
}

static void
borrowed_memory_is_aligned_kept_and_wiped(void **state)
{
	uint8_t *bytes = NULL;

	(void)state;
	for (size_t size = 1; size < 9000; size = size * 3 + 1) {
		uint8_t *bigger = secret_realloc(bytes, size);

		assert_non_null(bigger);
		assert_int_equal((uintptr_t)bigger % 16, 0);
		if (bytes != NULL)
			assert_int_equal(bigger[0], 0xa5);
		memset(bigger, 0xa5, size);
		bytes = bigger;
	}
	bytes = secret_realloc(bytes, 1);
	assert_int_equal(bytes[0], 0xa5);
	secret_release(bytes);
	secret_release(NULL);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(bytes[i], 0);
	arena_trim();
	assert_true(seam.freed > 0);
	assert_int_equal(seam.dirty, 0);
	assert_int_equal(seam.reserved, 0);
}

static void
borrowed_memory_is_zero_locked_and_bounded(void **state)
{
	uint8_t *bytes = secret_calloc(3, 5);
	char flags[256];

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < 15; i++)
		assert_int_equal(bytes[i], 0);
	flags_of(bytes, flags);
	assert_non_null(strstr(flags, locked_flag));
	secret_release(bytes);
	bytes = secret_calloc(1, 20000);
	assert_true(under_valgrind() || faults(bytes + 20000, false));
	secret_release(bytes);
	assert_null(secret_calloc(SIZE_MAX, 2));
	assert_null(secret_calloc(1, SECRET_MAX + 1));
	bytes = secret_calloc(0, 0);
	assert_non_null(bytes);
	secret_release(bytes);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    BOTH(the_stack_is_locked_and_wiped),
	    BOTH(the_stack_is_kept_and_nothing_of_what_was_on_it),
	    BOTH(a_child_makes_a_stack_of_its_own),
	    BOTH(the_caller_is_told_how_long_it_waits),
	    BOTH(a_stack_that_cannot_be_locked_runs_nothing),
	    BOTH(borrowed_memory_is_aligned_kept_and_wiped),
	    BOTH(borrowed_memory_is_zero_locked_and_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
