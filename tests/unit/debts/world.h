/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world for the debt engine: one simulated target behind the rotator contract's calls, and what the test and each
 * process that it starts know of it.  It lies in memory that they share, so that it outlives whoever is killed.
 *
 * What is told to the target is done, and what is asked is answered, unless a plan says what goes wrong at which call.
 * What must always be true is judged from here and from the vault's files, at each call, before and after it, and
 * whenever a process begins and ends (truths.c).
 */
#ifndef TESTS_UNIT_DEBTS_WORLD_H
#define TESTS_UNIT_DEBTS_WORLD_H

#include <stdio.h>

#include "ceremony/server/rotation/states.h"
#include "ceremony/server/vault/session.h"
#include "rotators/contract/contract.h"
#include "tests/unit/server/served.h"
#include "vault/store/debt.h"

enum verb {
	VERB_CHECK,
	VERB_GENERATE,
	VERB_PROBE,
	VERB_APPLY,
	VERB_ADD,
	VERB_ISSUE,
	VERB_WITHDRAW,
	VERB_ORPHANS,
	VERB_EXPEL,
	VERBS
};
extern const char *const verb_names[VERBS];

enum fault {
	FAULT_NONE,
	FAULT_REFUSES,        /* check, generate */
	FAULT_SILENT,         /* check, generate, expel: no answer; probe: unreachable */
	FAULT_DENIED,         /* probe: what is refused, without a proof */
	FAULT_LOCKED,         /* probe: whatever it is, likewise */
	FAULT_REJECTS,        /* not done, and never will be */
	FAULT_UNCHANGED,      /* not done, for another reason */
	FAULT_HANGS_BEFORE,   /* not done, no answer */
	FAULT_HANGS_AFTER,    /* done, no answer */
	FAULT_LATE,           /* no answer; done when the next process first asks something */
	FAULT_LATER,          /* the same, three calls later */
	FAULT_DIES_BEFORE,    /* not done; the vault's process is killed */
	FAULT_DIES_AFTER,     /* done; likewise */
	FAULT_TWICE,          /* done twice */
	FAULT_FORGETS,        /* done; two calls later all is as it was before */
	FAULT_BOTH,           /* apply: the old one stays */
	FAULT_LIES,           /* not done, says that it is */
	FAULT_LIES_REJECTED,  /* done, says that it never will be */
	FAULT_LIES_UNCHANGED, /* done, says that it is not */
	FAULT_SPOILS,         /* says that it is done, and accepts nothing any more */
	FAULTS
};
extern const char *const fault_names[FAULTS];
bool fault_fits(enum fault fault, enum verb verb);

enum { VALUE_SIZE = 40, NAME_SIZE = 64, HELD = 64, VERSIONS = 64, CALLS = 600, PLANS = 3 };

/* A value that the target accepts, or accepted. */
struct held {
	char value[VALUE_SIZE], name[NAME_SIZE];
	int64_t until; /* not any more from then on; INT64_MAX: nobody took it away */
};
struct told {
	enum verb verb;
	char current[VALUE_SIZE], next[VALUE_SIZE], name[NAME_SIZE];
};
struct plan {
	unsigned at; /* which call, from 1 on; 0: none */
	enum fault fault;
};
struct called {
	uint8_t state, verb, fault; /* of the debt; what was asked; what went wrong */
};
/* A statement that the host signed. */
struct ended {
	char grade[24], sessions[24];
	uint32_t old, new;
};

/* What a case begins with and changes. */
struct scene {
	struct announcement announced;
	struct held held[HELD], before[HELD]; /* before: what it forgets */
	size_t held_count, before_count;
	struct told late;
	unsigned late_at, forget_at; /* calls; 0: never */
	struct plan plans[PLANS];
	struct { /* at each VERB, so many times */
		enum verb verb;
		enum fault fault;
		unsigned times;
	} habit;
	unsigned calls;
	struct called trace[CALLS];
	enum debt_state state;             /* of the debt that is being paid */
	struct id debt;                    /* that one */
	char sealed[VERSIONS][VALUE_SIZE]; /* by version: to the officers */
	struct id owner[VERSIONS];         /* the debt that made it */
	bool unresolved;        /* the value told last is neither accepted nor rejected */
	bool spoiled;           /* others made it accept nothing */
	bool reverted;          /* others put back what was there before: */
	bool refused[VERSIONS]; /* even what it was seen to refuse */
	bool orphaned; /* it said that it withdrew what nobody has, and did not, or put it back */
	unsigned made, ended_count; /* values; statements */
	struct ended ended[16];
	unsigned failed, failed_same, failed_most, same_most,
	    none_most; /* logins in a row, and the most; while it accepts nothing */
	char failed_value[VALUE_SIZE];
	unsigned locks_after; /* so many failed logins in a row, for ten minutes; 0: never */
	int64_t locked_until;
	/* By version: it was taken away, when, and nobody ended its sessions since its time is over. */
	bool unexpelled[VERSIONS];
	int64_t taken[VERSIONS];
	uint32_t
	    untried; /* the version that nobody has seen, and that an operator ordered to be replaced; 0 */
	bool blunt; /* it calls refused whatever it does not accept */
	bool stale; /* the last run was killed: nobody knows more than before it */
	/* When the last run ended: debts; the newest of them; versions. */
	unsigned unpaid;
	struct debt_row last;
	uint32_t current, newest;
};
/* What all cases together did. */
struct tally {
	unsigned rows[STYLES][DEBT_STATES][DEBT_EVENTS],
	    rehearsed[STYLES][DEBT_STATES][DEBT_EVENTS];
	unsigned seen[STYLES][DEBT_STATES][VERBS][FAULTS];
	unsigned killed[STYLES][DEBT_STATES]; /* at a durable step */
	unsigned failures, cases, runs, kills, checks, failed_most, same_most, none_most, runs_most;
	char failed_where[200];
};
struct world {
	struct scene scene;
	struct tally tally;
	char failure[800]; /* the first thing that was not true */
};
/* This process's. */
struct world *world(void);
/* An empty one. */
void world_begin(void);
/* This process is one of the vault's, on CLOCK: it may be killed at each durable step. */
void world_serve(struct served_shared *clock);
void world_look(struct served_shared *clock); /* it is the test's */
int64_t world_now(void);
/* Has the debts' table such a row? */
bool world_has_row(enum style style, enum debt_state from, enum debt_event event);
/* What must be true is not: noted, and this process ends. */
_Noreturn void world_fail(const char *format, ...) FORMAT_LIKE(1, 2);

/* --- The target ---------------------------------------------------------------------------- */

bool target_takes(const char *value);
/* Nobody took it away, either. */
bool target_keeps(const char *value);
/* The same as a login, which is counted. */
bool target_login(const char *value);
void target_forget_all(void);
void target_repair(const char *value);
/* Removes it. */
void target_remove(const char *value);
/* CHANGE_DONE, or CHANGE_UNCHANGED where there is no room.  What was issued goes into TOLD's next.  BOTH: the old value
 * stays.  LATE: long after it was told. */
enum change_result target_do(struct told *told, bool both, bool late);
/* Once more, as if it had not been done: what is added stands there twice, what is made is another value. */
void target_do_again(const struct told *told);
/* At a call of VERB: what was told before is done only now; what was done is forgotten, but not within a change, where
 * nobody could see it. */
void target_catch_up(enum verb verb);

/* --- The truths (truths.c) ------------------------------------------------------------------ */

/* SESSION: the process that pays; NULL: no truth is asked there. */
void truths_of(struct session *session);
void truths_check(void);
bool truths_came_back(uint32_t version);
uint32_t truths_version_of(const char *value); /* 0: of none */
/* VALUE is about to be told to the target: it is sealed and in the escrow already. */
void truths_check_told(const char *value);
/* When a debt is retired: it was OLD's, and NEW works. */
void truths_check_dead(const struct id *debt, uint32_t old, uint32_t new);
void truths_check_end(struct session *session);

#endif
