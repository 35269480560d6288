/* SPDX-License-Identifier: Apache-2.0 */
/* What a rotator can do wrong, a row for each: what is claimed, what is said where it does not hold, what that would mean
 * to a vault, and what its author does about it. */
#ifndef ROTATORS_CHECKER_FINDING_H
#define ROTATORS_CHECKER_FINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

enum finding {
	FIND_PROGRAM,
	FIND_DESCRIPTION,
	FIND_TARGET,
	FIND_DESCRIBE,
	FIND_CHECK,
	FIND_UNKNOWN_MEMBER,
	FIND_UNKNOWN_PROBE,
	FIND_PROBE_CURRENT,
	FIND_GENERATE,
	FIND_GENERATE_FRESH,
	FIND_GENERATE_KEEPS,
	FIND_STRANGER,
	FIND_UNPROVEN,
	FIND_VERB,
	FIND_APPLY,
	FIND_APPLY_NEXT,
	FIND_APPLY_CURRENT,
	FIND_APPLY_AGAIN,
	FIND_APPLY_ALONE,
	FIND_ADD,
	FIND_ADD_BOTH,
	FIND_ADD_AGAIN,
	FIND_WITHDRAW,
	FIND_WITHDRAW_NEXT,
	FIND_WITHDRAW_CURRENT,
	FIND_WITHDRAW_AGAIN,
	FIND_ISSUE,
	FIND_ISSUE_FRESH,
	FIND_ISSUE_BOTH,
	FIND_ISSUE_AGAIN,
	FIND_ORPHANS,
	FIND_ORPHANS_ALL,
	FIND_BACK,
	FIND_KILLED,
	FIND_EXPEL,
	FIND_WARN,
	FIND_MINT,
	FIND_UNMINT,
	FIND_UNMINT_AGAIN,
	/* of every process */
	FIND_ENDS,
	FIND_LEFT,
	FIND_UNASKED,
	FIND_ECHO_ANSWER,
	FIND_FLOOD,
	FIND_ECHO_ERRORS,
	/* last of all, one of them */
	FIND_TOLD,
	FIND_RESTORED,
	FINDINGS
};

struct finding_row {
	const char *holds, *fault, *means, *cure;
};
extern const struct finding_row finding_rows[FINDINGS];

/* Who is told, and what was told. */
struct report {
	void (*print)(void *context, const char *line);
	void *context;
	unsigned wrong;
	unsigned
	    away; /* of those: what the target, and no fault of the rotator, was said to be the cause of */
	enum { UNTRIED, HOLDS, SAID, FAULT } states[FINDINGS];
};

/* So far; said by report_flush, unless a fault is met until then. */
void report_ok(struct report *report, enum finding finding);
void report_flush(struct report *report);
/* A fault is told once, where it is first met. */
/* FORMAT: what was seen; words of the rotator are QUOTED by the caller. */
void report_wrong(struct report *report, enum finding finding, const char *format, ...)
    FORMAT_LIKE(3, 4);
/* As a fault: it does not hold, since the rotator says that the target is away, or takes no change. */
void report_away(struct report *report, enum finding finding, const char *said);
/* A fault unless HOLDS; returns HOLDS.  SAID: what was seen, where it does not hold. */
bool report_is(struct report *report, enum finding finding, bool holds, const char *said);
void report_note(const struct report *report, const char *format, ...) FORMAT_LIKE(2, 3);

#endif
