/* SPDX-License-Identifier: Apache-2.0 */
/* What a test and the server process that it started share, in a file that both map. */
#ifndef TESTS_UNIT_SERVER_SERVED_H
#define TESTS_UNIT_SERVER_SERVED_H

#include <stdint.h>

struct served_shared {
	int64_t now;  /* the server's clock */
	int64_t boot; /* the number of its kernel's start, and the seconds since; 0: nobody tells */
	int64_t uptime;
	int64_t points;      /* durable steps so far: commits, fsyncs, renames, unlinks */
	int64_t kill_at;     /* the process is killed at this one; 0: never */
	int64_t fail_fsync;  /* this fsync of a file fails, once; 0: none */
	int64_t due_seconds; /* of server_options */
	int64_t patience;    /* seconds, with a client that does not read; 0: as everywhere */
	int64_t no_due;      /* what is due is left: the process that would do it is gone */
	int64_t
	    lose_copy; /* what is written into the copy sink next is lost, and said to be there; so many times */
	int64_t
	    stop_copy; /* the process stops when it has written so many sealed copies; 0: never */
};

#endif
