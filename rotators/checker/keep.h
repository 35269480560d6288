/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that a target may have, on disk before it is asked to take them, or, where it makes them, with room on disk before
 * it is asked to: whatever happens, none is lost.
 */
#ifndef ROTATORS_CHECKER_KEEP_H
#define ROTATORS_CHECKER_KEEP_H

#include "base/credential.h"
#include "rotators/contract/contract.h"

enum { KEPT_MAX = 32, KEEP_PLACES = 3 };

struct kept {
	struct secret *value;
	bool whole;   /* a credential, else bytes that nobody can bring anywhere */
	size_t place; /* of its files: 0 FOLDER, else the one of OTHERS before it */
	char name[ROTATOR_VALUE_NAME_MAX + 1]; /* under which the target made it; "": it did not */
};

struct keep {
	char folder[4096], others[KEEP_PLACES - 1][64]; /* "": none */
	struct kept values[KEPT_MAX];
	size_t count;
};
/* Makes the folder, of mode 0700, in the present one.  ERR_IO, ERR_NO_SPACE. */
enum err_code keep_begin(struct keep *keep, struct err *err) MUST_CHECK;

/* Writes each field of VALUE to FOLDER/N.FIELD, mode 0600, and holds a copy; where one cannot be written, none stays.
 * ERR_IO, ERR_NO_SPACE, ERR_MEMORY; ERR_INTERNAL when there are too many. */
enum err_code keep_add(struct keep *keep, const struct secret *value, struct err *err) MUST_CHECK;
/* Before a target is asked to make a value: room for it, in memory and in the folder, until the next one is taken.
 * ERR_IO, ERR_NO_SPACE, ERR_INTERNAL. */
enum err_code keep_reserve(struct keep *keep, struct err *err) MUST_CHECK;
void keep_give_up(const struct keep *keep); /* that room: no value came */
/* VALUE, which the target made under NAME, is held from now on, in any case: *RET_HELD, what stands in VALUES.  What is no
 * whole credential is written to FOLDER/N.raw.  Errors as keep_add: then it is held, and not written. */
enum err_code keep_take(struct keep *keep, struct secret *value, const char *name,
    const struct secret **ret_held, struct err *err) MUST_CHECK;
/* The value INDEX is written where it does not stand yet, or not any more: in the folder, else in one of memory, else in one
 * for what is passing; in one of them whole, and nothing of it in another.  Errors as keep_add, of the first. */
enum err_code keep_save(struct keep *keep, size_t index, struct err *err) MUST_CHECK;
/* The files of the value INDEX, one after the other, to be printed. */
void keep_files(const struct keep *keep, size_t index, struct buf *ret_text);
/* Erases all files and the folders: one that cannot be erased (the first is named) keeps no other. */
enum err_code keep_erase(struct keep *keep, struct err *err) MUST_CHECK;
void keep_done(struct keep *keep); /* the files stay */

#endif
