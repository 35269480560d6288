/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child process that is run to its end: input in, output out, values on descriptors, one
 * deadline.  All directions are pumped at once, so that no size of anything can block it.
 */
#ifndef BASE_RUNNER_H
#define BASE_RUNNER_H

#include "base/secret.h"

enum { CHILD_OUTPUT_MAX = 2 * 1024 * 1024, CHILD_ERRORS_MAX = 16384 };

struct child {
	const char *path; /* absolute */
	const char *name; /* of it in messages; NULL: PATH */
	const char *const *argv, *const *env;
	struct view input;        /* its stdin */
	struct view values[3];    /* its descriptors 3, 4 and 6; .size 0: closed */
	struct secret *generated; /* gets what it writes on descriptor 5; NULL: closed */
	struct buf *output;       /* gets its stdout, at most CHILD_OUTPUT_MAX; NULL: /dev/null */
	struct buf *errors; /* gets its stderr, the first CHILD_ERRORS_MAX bytes; NULL: /dev/null */
	int executable;     /* its descriptor 8, or -1 */
	int64_t deadline;   /* process_milliseconds */
	/* We have other children, and nobody waits at our stdout for what comes of it: a reader of that who goes away does not end it,
	 * and of what it leaves behind only its group is ended. */
	bool beside_others;
};

/* Runs it, ends its whole process group and, after left_watch (base/left.h), all else that it left behind, and
 * gives waitpid's status.  The only child at a time, but for BESIDE_OTHERS.
 * ERR_TARGET_UNKNOWN: the deadline passed.  ERR_PROTOCOL: too much output, or a value larger than
 * GENERATED holds.  ERR_WAITING: the reader of our stdout went away, so nobody waits for the
 * answer any more.  ERR_IO, ERR_NOT_FOUND: it could not be started; ERR_IO: what it
 * left behind could not be ended. */
enum err_code child_run(const struct child *child, int *ret_status, struct err *err) MUST_CHECK;

/* "exited with status 3" or "was killed by signal 9", appended. */
void child_status(int status, struct buf *text);

#endif
