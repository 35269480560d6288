/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process of one rotator, and lines to and from it: the mechanics under
 * rotators/contract/rotator.h.
 */
#ifndef ROTATORS_CONTRACT_EXCHANGE_H
#define ROTATORS_CONTRACT_EXCHANGE_H

#include <sys/types.h>

#include "base/json.h"
#include "base/secret.h"
#include "rotators/contract/starter.h"

struct exchange {
	pid_t pid;                           /* 0: not running, or another's child */
	struct starter starter;              /* who has it run isolated; {0}: nobody */
	int requests, answers, generated_fd; /* -1: closed */
	unsigned seconds;                    /* for each line and its answer */
	struct secret *generated; /* what came on descriptor 5 so far; NULL: never open */
};

/* What a rotator is started with, and values, NULL: absent. */
struct exchange_start {
	const char *name;
	/* Isolated: by whom, and what it is asked for, but for the descriptors.  NULL: as a child of ours, */
	const struct rotator_places *places;
	struct start_message *isolated;
	int executable; /* that was opened (rotators/contract/executable.h) */
	int program;    /* that it runs: its descriptor ROTATOR_PROGRAM_FD; -1: closed */
	int errors;     /* its stderr; -1: /dev/null */
	const struct secret *current, *next, *via;
};
/* EXCHANGE has -1 for its descriptors and its seconds set.  The starter's errors, too. */
enum err_code exchange_start(struct exchange *exchange, const struct exchange_start *start,
    struct err *err) MUST_CHECK;
/* ERR_PROTOCOL when it said something since its last answer, which nobody asked. */
enum err_code exchange_send(struct exchange *exchange, const struct json *line,
    struct err *err) MUST_CHECK;
/* The next line, and what was written on descriptor 5 before it.  ERR_TARGET_UNKNOWN at the
 * deadline; ERR_PROTOCOL for an end, a line over ROTATOR_LINE_MAX, or too large a value. */
enum err_code exchange_receive(struct exchange *exchange, struct buf *ret_line,
    struct err *err) MUST_CHECK;
/* Closes its descriptors, which lets the rotator clean up; two seconds later its whole group is
 * killed, whatever it did.  May be called again. */
void exchange_end(struct exchange *exchange);

#endif
