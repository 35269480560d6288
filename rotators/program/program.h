/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rotator contract (rotators/contract/contract.h), the rotator's side.  A rotator is a
 * table of verbs and one call:
 *
 *	int
 *	main(int argc, char **argv)
 *	{
 *		return program_run(&ops, argc, argv);
 *	}
 *
 * program_run hardens the process, reads the values from descriptors 3 and 4, the target line and
 * then verbs from stdin until its end, and answers each on stdout.
 */
#ifndef ROTATORS_PROGRAM_PROGRAM_H
#define ROTATORS_PROGRAM_PROGRAM_H

#include "rotators/contract/contract.h"
#include "rotators/contract/description.h"

/* What a rotator is told.  Owned by program_run. */
struct rotation {
	const struct json *target;
	const char *name;       /* of what the target makes; "": none was given */
	unsigned seconds;       /* for each verb */
	int64_t deadline;       /* of the present verb, a little before the vault's */
	struct secret *current; /* encoded and checked, or NULL */
	struct secret *next;    /* likewise; what `generate` or `issue` made, once it ran */
	struct secret *via;     /* likewise: that of the secret which changes this one */
	char detail[ROTATOR_DETAIL_MAX + 1]; /* a verb may fill it with plain text */
};

/* ISSUE and MINT set rotation->next when they are done. */
typedef enum err_code (*program_change)(void *state, struct rotation *rotation,
    enum change_result *ret_result, struct err *err);
typedef enum err_code (*program_sessions)(void *state, struct rotation *rotation,
    enum expel_result *ret_result, struct err *err);

struct program_ops {
	const char *name;        /* as in halligan-rotate-NAME */
	const char *const *help; /* lines of --help, NULL-terminated */
	/* Read and check the target; RET_STATE is handed to every verb.  A failure is the answer
	 * to every verb. */
	enum err_code (*open)(const struct rotation *rotation, void **ret_state, struct err *err);
	void (*close)(void *state); /* accepts NULL */
	/* What it announces of this target, and the fields that values must have. */
	void (*describe)(const void *state, struct description *ret_description);
	/* The verbs; NULL: it does not have this one.  An error means: check and generate refused, probe unreachable, a
	 * change unknown, expel and warn cannot-tell, with the error's text as detail; where it is refused, each part of
	 * the error (base/err.h) is a reason. */
	enum err_code (*check)(void *state, struct rotation *rotation, struct err *err);
	enum err_code (*generate)(void *state, struct rotation *rotation, struct secret **ret_next,
	    struct err *err);
	enum err_code (*probe)(void *state, struct rotation *rotation, enum rotator_value which,
	    enum probe_result *ret_result, struct err *err);
	program_change changes[ROTATOR_CHANGES];
	program_sessions expel, warn;
};

/* The exit status: 0 when stdin ended after a whole line, 1 after a failure, 2 for a wrong command
 * line.  Knows --help and --version. */
int program_run(const struct program_ops *ops, int argc, char **argv);

/* Fill rotation->detail; what does not fit is cut. */
void rotation_detail(struct rotation *rotation, const char *format, ...) FORMAT_LIKE(2, 3);
/* A copy of CURRENT in RET_NEXT in which FIELD has VALUE: how generate keeps user names, addresses
 * and notes.  CURRENT may be NULL. */
enum err_code rotation_replace(const struct secret *current, enum credential_field field,
    struct view value, struct secret **ret_next, struct err *err) MUST_CHECK;

#endif
