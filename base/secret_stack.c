/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread on locked pages.  The stack's lower guard page is that of the pages.  glibc puts the
 * thread's own data at the top of the same pages; all of it is wiped once the thread is joined.
 * Signals stay with the calling thread, so that no handler runs on (and outgrows) this stack.
 * The thread must not fork: its stack does not exist in a child (exec through posix_spawn does).
 */
#include "base/secret_stack.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/arena.h"

enum { STACK_SIZE = 256 * 1024, WAIT_MILLISECONDS = 250 };

struct job {
	enum err_code (*function)(void *argument, struct err *err);
	void *argument;
	struct err *err;
	enum err_code code;
};

static void
stack_freep(struct locked *stack)
{
	if (stack->data != NULL)
		arena_stack_free(*stack);
}

static void *
run_job(void *argument)
{
	struct job *job = argument;

	job->code = job->function(job->argument, job->err);
	return NULL;
}

/* 0 or an errno. */
static int
start(struct job *job, struct locked stack, pthread_t *ret_thread)
{
	pthread_attr_t attr;
	sigset_t all;
	int failed;

	sigfillset(&all);
	failed = pthread_attr_init(&attr);
	if (failed != 0)
		return failed;
	failed = pthread_attr_setstack(&attr, stack.data, stack.size);
	if (failed == 0)
		failed = pthread_attr_setsigmask_np(&attr, &all);
	if (failed == 0)
		failed = pthread_create(ret_thread, &attr, run_job, job);
	pthread_attr_destroy(&attr);
	return failed;
}

/* Join, calling WAIT each 250 ms until then.  0 or an errno. */
static int
join(pthread_t thread, void (*wait)(void *wait_argument, unsigned milliseconds),
    void *wait_argument)
{
	struct timespec until;
	unsigned waited = 0;
	int failed;

	if (wait == NULL)
		return pthread_join(thread, NULL);
	clock_gettime(CLOCK_MONOTONIC, &until);
	for (;;) {
		until.tv_nsec += WAIT_MILLISECONDS * 1000000L;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000L;
		}
		failed = pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until);
		if (failed != ETIMEDOUT)
			return failed;
		waited += WAIT_MILLISECONDS;
		wait(wait_argument, waited);
	}
}

enum err_code
secret_stack_run(enum err_code (*function)(void *argument, struct err *err), void *argument,
    void (*wait)(void *wait_argument, unsigned milliseconds), void *wait_argument, struct err *err)
{
	CLEANUP(stack_freep) struct locked stack = {0};
	struct job job = {.function = function, .argument = argument, .err = err};
	pthread_t thread;
	int failed;

	TRY(arena_stack_new(STACK_SIZE, &stack, err));
	failed = start(&job, stack, &thread);
	if (failed != 0)
		return err_errno(err, ERR_MEMORY, failed, "cannot start a thread for a secret");
	failed = join(thread, wait, wait_argument);
	if (failed != 0) {
		stack = (struct locked){0}; /* the thread may still live on it */
		return err_errno(err, ERR_INTERNAL, failed, "cannot join a thread");
	}
	return job.code;
}
