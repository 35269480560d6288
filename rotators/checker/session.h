/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process of the rotator that is tried, and what is seen of every one of them: that it ends when it should, leaves
 * nothing behind, and says no value.  Where rotators/contract/rotator.h drops an answer that breaks the contract, this
 * says what is wrong with it.
 */
#ifndef ROTATORS_CHECKER_SESSION_H
#define ROTATORS_CHECKER_SESSION_H

#include "rotators/checker/finding.h"
#include "rotators/checker/keep.h"
#include "rotators/contract/answer.h"
#include "rotators/contract/exchange.h"

/* What is tried, the same for all processes. */
struct trial {
	const char *program, *name; /* absolute; NAME of halligan-rotate-NAME */
	int executable;             /* opened, or -1 */
	int started;                /* the program that it runs, likewise */
	const struct json *target;
	const struct secret *given, *via; /* the present value; that of identity via, or NULL */
	unsigned seconds;
	char label[ROTATOR_VALUE_NAME_MAX + 1]; /* "name" of the first line */
	bool unseen;                    /* what was killed may have made a value under that name */
	struct description description; /* of the file beside the program */
	struct report report;
	struct keep keep;
	int64_t took; /* milliseconds: the longest that a change took */
	struct err
	    stopped; /* unless its code is ERR_OK: what failed of ours, and nothing more may be made */
};

enum { SAID_NOTHING = -1, SAID_UNSUPPORTED = -2 };

struct session {
	struct trial *trial;
	struct exchange exchange; /* what it gave on descriptor 5 is exchange.generated */
	const struct secret *current, *next;
	int errors;
	unsigned wrong; /* what was wrong when it was started */
	bool silent;    /* it gave no answer, and is not asked again */
	bool
	    away; /* by the last answer: no probe reaches the target, or it changed nothing, and it was said why */
	char said[ERR_TEXT_SIZE]; /* the last answer, to be printed */
};

/* TARGET NULL: the trial's.  What fails is met as silence at the first question. */
void session_start(struct session *session, struct trial *trial, const struct json *target,
    const struct secret *current, const struct secret *next);
/* Closes its standard input and reports what it does then; may be called again. */
void session_end(struct session *session);
#define SESSION CLEANUP(session_end) struct session
/* Kills it, and all that it started, as when the host loses its power.  False: some of it cannot be ended, as is told. */
bool session_crash(struct session *session);

/* The index of its answer in RESULTS (NULL-terminated), SAID_UNSUPPORTED, or SAID_NOTHING: none that the contract has. */
int session_ask(struct session *session, const char *verb, const char *value,
    const char *const *results);
/* HOLDS, which is returned, of the last answer; where not, the target may be the cause. */
bool session_is(struct session *session, enum finding finding, bool holds);
/* Asks for what no contract has: true when it says so, or ends. */
bool session_knows_not(struct session *session, const char *verb);
/* Another name for what the target makes, since another rotation begins.  ERR_CRYPTO. */
enum err_code session_name(struct trial *trial, struct err *err) MUST_CHECK;
/* What stopped the trial, if anything did. */
enum err_code session_stopped(const struct trial *trial, struct err *err) MUST_CHECK;
/* Asks, and does not wait. */
void session_send(struct session *session, const char *verb, const char *value);
/* ERR_REFUSED: it refuses this target; else as answer_describe. */
enum err_code session_describe(struct session *session, struct description *ret_description,
    struct err *err) MUST_CHECK;

#endif
