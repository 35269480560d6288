/* SPDX-License-Identifier: Apache-2.0 */
/* Values that a target may have, on disk before it is asked to take them: whatever happens, none is lost. */
#ifndef ROTATORS_CHECKER_KEEP_H
#define ROTATORS_CHECKER_KEEP_H

#include "base/credential.h"

enum { KEPT_MAX = 32 };

struct keep {
	char folder[4096]; /* "": none */
	struct secret *values[KEPT_MAX];
	size_t count;
};
/* Makes the folder, of mode 0700, in the present one.  ERR_IO, ERR_NO_SPACE. */
enum err_code keep_begin(struct keep *keep, struct err *err) MUST_CHECK;

/* Writes each field of VALUE to FOLDER/N.FIELD, mode 0600, and holds a copy.  ERR_IO, ERR_NO_SPACE;
 * ERR_INTERNAL when there are too many. */
enum err_code keep_add(struct keep *keep, const struct secret *value, struct err *err) MUST_CHECK;
/* The files of the value INDEX, one after the other, to be printed. */
void keep_files(const struct keep *keep, size_t index, struct buf *ret_text);
/* Erases all files and the folder. */
enum err_code keep_erase(struct keep *keep, struct err *err) MUST_CHECK;
void keep_done(struct keep *keep); /* the files stay */

#endif
