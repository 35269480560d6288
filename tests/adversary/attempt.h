/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An adversary of docs/THREATS.md: a program that tries all it can, by a table of attempts.  Each is made with what that
 * adversary has and nothing else, from the same beginning, in a process of its own.  Whether it succeeded is judged by
 * what the adversary holds then, or what the vault has become; never by the words of a refusal.
 *
 * Each attempt names its guard: tests/adversary/guards/GUARD.patch removes that from the product, and then the attempt
 * succeeds (tests/adversary/guards.py tries it).  One that nothing stops is conceded, in the words of THREATS.md.
 *
 *	adversary-NAME			all attempts, as TAP: what stopped each
 *	adversary-NAME ATTEMPT...	these alone
 *	adversary-NAME --list		a line for each: its name, its guard ("conceded": none)
 */
#ifndef TESTS_ADVERSARY_ATTEMPT_H
#define TESTS_ADVERSARY_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* STAGE as the adversary's `arrive` made it.  True: the adversary got what it wanted.  False: WHY is what it was told, or
 * untouched where it was told nothing. */
typedef bool attempt_run(void *stage, struct err *why);

struct attempt {
	const char *name; /* what is wanted, as if it were so */
	attempt_run *run;
	const char *guard; /* NULL: conceded */
};
#define ATTEMPT(name, guard)                                                                       \
	{                                                                                          \
#name, name, guard                                                                 \
	}
#define CONCEDED(name)                                                                             \
	{                                                                                          \
#name, name, NULL                                                                  \
	}

struct adversary {
	const char *name, *who;
	const struct attempt *attempts;
	size_t count;
	/* Where they all begin.  Between two attempts `again` brings that back, in the process that arrived; `pause` ends
	 * what the process of an attempt started. */
	void *(*arrive)(void);
	void (*pause)(void *stage);
	void (*again)(void *stage);
	void (*leave)(void *stage);
};

/* A program's main; the exit status is 0 when each attempt came out as its row says. */
int adversary_main(const struct adversary *adversary, int argc, char **argv);

#endif
