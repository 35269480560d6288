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

#include "base/credential.h"
#include "base/json.h"
#include "rotators/contract/contract.h"

/* What a rotator is told.  Owned by program_run. */
struct rotation {
	const struct json *target;
	unsigned seconds;                    /* for each verb */
	int64_t deadline;                    /* of the present verb, a little before the vault's */
	struct secret *current;              /* encoded and checked, or NULL */
	struct secret *next;                 /* likewise; what `generate` made, once it ran */
	char detail[ROTATOR_DETAIL_MAX + 1]; /* a verb may fill it with plain text */
};

struct program_ops {
	const char *name;        /* as in halligan-rotate-NAME */
	const char *const *help; /* lines of --help, NULL-terminated */
	/* Read and check the target; RET_STATE is handed to every verb.  A failure is the answer
	 * to every verb. */
	enum err_code (*open)(const struct rotation *rotation, void **ret_state, struct err *err);
	void (*close)(void *state);      /* accepts NULL */
	bool (*self)(const void *state); /* identity: true "self", false "ambient" */
	/* Adds the names of the fields that current and next must have. */
	void (*fields)(const void *state, struct json *names);
	/* The verbs.  An error means: check and generate refused, probe unreachable, apply
	 * unknown, expel cannot-tell, with the error's text as detail. */
	enum err_code (*check)(void *state, struct rotation *rotation, struct err *err);
	enum err_code (*generate)(void *state, struct rotation *rotation, struct secret **ret_next,
	    struct err *err);
	enum err_code (*probe)(void *state, struct rotation *rotation, enum rotator_value which,
	    enum probe_result *ret_result, struct err *err);
	enum err_code (*apply)(void *state, struct rotation *rotation,
	    enum apply_result *ret_result, struct err *err);
	enum err_code (*expel)(void *state, struct rotation *rotation,
	    enum expel_result *ret_result, struct err *err);
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
