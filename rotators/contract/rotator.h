/* SPDX-License-Identifier: Apache-2.0 */
/* The rotator contract (rotators/contract/contract.h), the vault's side: one rotator's process. */
#ifndef ROTATORS_CONTRACT_ROTATOR_H
#define ROTATORS_CONTRACT_ROTATOR_H

#include "base/announcement.h"
#include "base/crypto.h"
#include "rotators/contract/contract.h"
#include "rotators/contract/places.h"

struct rotator; /* one running process */

struct rotator_start {
	const char *path;
	struct digest hash; /* as it was found; ERR_REFUSED when the executable differs */
	bool own;           /* it is a program of the host's own (rotators/contract/places.h) */
	/* Where the program may stand that the target's "command" names, where its description asks for one; and who has it run. */
	const struct rotator_places *places;
	/* What its program is shown nothing of: the vault, and where its copies go; NULL: nothing. */
	const char *hidden[2];
	const struct json *target;      /* the definition's target object */
	const char *name;               /* of what the target makes (contract.h); NULL: none */
	struct view current, next, via; /* encoded credentials; .size 0: absent */
	unsigned seconds;               /* deadline for each verb, at least 1 */
};
/* ERR_REFUSED (hash, owner, mode; a program that the definition does not pin), ERR_NOT_FOUND, ERR_INVALID (a value that is no
 * credential), ERR_IO. */
enum err_code rotator_start(const struct rotator_start *start, struct rotator **ret_rotator,
    struct err *err) MUST_CHECK;
void rotator_free(struct rotator *rotator); /* ends the process; accepts NULL */
DESTRUCTOR(rotator_freep, struct rotator, rotator_free)
#define ROTATOR CLEANUP(rotator_freep) struct rotator

/* What the last answer said in "detail", or "". */
const char *rotator_detail(const struct rotator *rotator);

/* Asks `describe` and `check`.  ERR_REFUSED with the rotator's own words when the target is not sane, when it announces
 * something else than ANNOUNCED (NULL: whatever it wants), or when the current value lacks a field that the rotator
 * needs; ERR_VERSION for another contract; ERR_PROTOCOL or ERR_TARGET_UNKNOWN for a rotator that is broken or silent. */
enum err_code rotator_check(struct rotator *rotator, const struct announcement *announced,
    struct err *err) MUST_CHECK;
/* A fresh, well-formed value that differs from the current one.  ERR_REFUSED with the rotator's
 * own words, ERR_PROTOCOL, ERR_TARGET_UNKNOWN; ERR_INTERNAL when there is a next value already. */
enum err_code rotator_generate(struct rotator *rotator, struct secret **ret_next,
    struct err *err) MUST_CHECK;
/* Those below succeed with a result; a silent or broken rotator is UNREACHABLE, UNKNOWN or
 * CANNOT_TELL with the cause as detail.  ERR_INTERNAL when the value they need was not given. */
/* ISSUE or MINT: a value that the target made, when RET_RESULT is CHANGE_DONE; else RET_VALUE is not set. */
enum err_code rotator_make(struct rotator *rotator, enum rotator_change change,
    struct secret **ret_value, enum change_result *ret_result, struct err *err) MUST_CHECK;
enum err_code rotator_probe(struct rotator *rotator, enum rotator_value value,
    enum probe_result *ret_result, struct err *err) MUST_CHECK;
/* The other changes. */
enum err_code rotator_change(struct rotator *rotator, enum rotator_change change,
    enum change_result *ret_result, struct err *err) MUST_CHECK;
enum err_code rotator_expel(struct rotator *rotator, enum expel_result *ret_result,
    struct err *err) MUST_CHECK;
enum err_code rotator_warn(struct rotator *rotator, enum expel_result *ret_result,
    struct err *err) MUST_CHECK;

#endif
