/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives a rotator through the contract (rotators/contract/contract.h) at a target of its author's, and says what it does
 * wrong there, a line for each claim.
 *
 * At no time can the value be lost that the target takes: each that is brought there stands on disk before, in a folder
 * that is removed in the end, when the value that was given is in use again and nothing else is.
 */
#ifndef ROTATORS_CHECKER_CHECKER_H
#define ROTATORS_CHECKER_CHECKER_H

#include "base/json.h"
#include "base/secret.h"
#include "rotators/contract/places.h"

enum { CHECKER_SECONDS_MAX = 3600 };

struct checker_plan {
	const char *program; /* absolute path of halligan-rotate-NAME */
	const struct json *target;
	const struct secret *given; /* encoded: the value that the target takes now */
	const struct secret
	    *via; /* that of the secret which changes it, where the identity is via; or NULL */
	unsigned seconds; /* for each verb, 1 to CHECKER_SECONDS_MAX */
	bool dry;         /* only what changes nothing */
	void (*print)(void *context, const char *line);
	void *context;
};

/* The path of PROGRAM: what has a slash is a file, from the present folder; other words name a rotator, which is found as a vault
 * finds it, in PLACES.  ERR_NOT_FOUND, ERR_REFUSED, ERR_INVALID as rotator_find; ERR_IO. */
enum err_code checker_find(const char *program, const struct rotator_places *places,
    char ret_path[4096], struct err *err) MUST_CHECK;

/* ERR_REFUSED: something is wrong, and was told.  ERR_USAGE: a value is missing.  Others are our own. */
enum err_code checker_run(const struct checker_plan *plan, struct err *err) MUST_CHECK;

#endif
