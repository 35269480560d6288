/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that a rotator gone bad tries: a table, in an order that stays the same in one build.  Each attempt is harmless to
 * the machine (bounded; what it changed, it changes back) and runs in a child of its own with an alarm clock, so that none
 * blocks, spoils or ends the next.
 *
 * An attempt knows only what it was answered.  Where a call succeeds whether or not it had an effect (a signal that is
 * dropped, a file that was made in a root of its own), its row names the evidence, and the driver looks for that instead.
 */
#ifndef TESTS_ADVERSARY_ROTATOR_ATTEMPTS_H
#define TESTS_ADVERSARY_ROTATOR_ATTEMPTS_H

#include <errno.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "tests/adversary/rotator/world.h"

enum attempt_result {
	ATTEMPT_SUCCEEDED,
	ATTEMPT_STOPPED,   /* with an errno, or ATTEMPT_KILLED and the signal that killed it */
	ATTEMPT_NOT_HERE,  /* this machine has no such thing, whoever tries */
	ATTEMPT_NOT_TRIED, /* no child could be made for it */
	ATTEMPT_RESULTS
};

/* What success would mean. */
enum attempt_kind {
	ATTEMPT_TAKES,   /* it read, changed, reached or ended what is not its own */
	ATTEMPT_SEES,    /* it was told that something is there */
	ATTEMPT_NETWORK, /* it reached what a rotator must reach whose target is a host */
	ATTEMPT_OWN,     /* nothing but itself was changed: a way to more */
	ATTEMPT_ENDLESS, /* it took so much that others lack it */
	ATTEMPT_OUTLIVES /* it goes on when it was ended; these run last, when they are asked for */
};

enum {
	NOT_HERE = -1,        /* what run() returns for ATTEMPT_NOT_HERE */
	ATTEMPT_KILLED = 1000 /* + the signal's number */
};

struct attempt {
	const char *name;  /* words with _ between them */
	const char *wants; /* for people */
	/* 0: it succeeded; an errno; NOT_HERE. */
	int (*run)(const struct world *world, const struct attempt *attempt);
	int of; /* enum world_text or world_number: at what it is tried */
	enum attempt_kind kind;
	int absent; /* the errno by which a kernel that has no such thing says so; 0: each has it */
	int signal; /* evidence: process OF gets SIGRTMIN plus this; 0: none */
	const char
	    *mark; /* evidence: the folder in which a file called WORLD_MARK is then; NULL: none */
};

struct attempts {
	const struct attempt *rows;
	size_t count;
};
/* By subject, each in the file of that name. */
struct attempts attempts_files(void);
struct attempts attempts_ways(void);
struct attempts attempts_processes(void);
struct attempts attempts_memory(void);
struct attempts attempts_sockets(void);
struct attempts attempts_privileges(void);
struct attempts attempts_around(void);
struct attempts attempts_kernel(void);
struct attempts attempts_endless(void);
struct attempts attempts_outlive(void);

enum { ATTEMPTS_MAX = 320 };
/* All of them. */
size_t attempt_count(void);
const struct attempt *attempt_at(size_t index); /* NULL beyond the last */

struct outcome {
	enum attempt_result result;
	int error_number; /* of ATTEMPT_STOPPED */
};
/* The kernel has no such thing, or something stopped it in the words of one that has not: in a run without isolation it
 * is the former. */
static inline bool
outcome_absent(const struct attempt *attempt, struct outcome outcome)
{
	return outcome.result == ATTEMPT_NOT_HERE ||
	    (outcome.result == ATTEMPT_STOPPED && attempt->absent != 0 &&
	        outcome.error_number == attempt->absent);
}

struct outcome attempt_run(const struct world *world, const struct attempt *attempt);

/* Outcomes as text, in the table's order with one space between: "+", "-", "?" or a number. */
void outcome_pack(const struct outcome *outcome, struct buf *ret_text);
/* Those of TEXT, one for each attempt; ERR_INVALID otherwise. */
enum err_code outcomes_unpack(const char *text, struct outcome ret_outcomes[ATTEMPTS_MAX],
    struct err *err) MUST_CHECK;

/* For people: "succeeded", "EACCES", "killed by SIGSYS". */
void outcome_text(struct outcome outcome, char ret_text[64]);

/* For run(): what a system call returned. */
static inline int
code_of(long result)
{
	return result < 0 ? errno : 0;
}

static inline const char *
text_of(const struct world *world, const struct attempt *attempt)
{
	return world->texts[attempt->of];
}

static inline int64_t
number_of(const struct world *world, const struct attempt *attempt)
{
	return world->numbers[attempt->of];
}

/* The process at which it is tried; nobody's number where that number is another one's: a process namespace has its own. */
pid_t process_of(const struct world *world, const struct attempt *attempt);

/* FOLDER/NAME as a value that lives as long as the call. */
struct path {
	char text[1024];
};
struct path path_of(const char *folder, const char *name);
#define PATH(folder, name) (path_of((folder), (name)).text)

#endif
