/* SPDX-License-Identifier: Apache-2.0 */
/* What a rotator sees that root's starter starts, by the starter's own plan, looked at from outside. */
#ifndef TESTS_ADVERSARY_SHOWN_H
#define TESTS_ADVERSARY_SHOWN_H

#include "base/bytes.h"

struct shown_ask {
	const char *rotators; /* the folder of those that come with Halligan: `exec` is started */
	const char *path;     /* that its definition names for reading */
	const char *hidden;   /* the vault */
	/* Between the judgement and the start; NULL: nothing. */
	void (*between)(void *context);
	void *context;
};
/* The content of what stands at FILE then, in the root that the rotator has. */
enum err_code shown_read(const struct shown_ask *ask, const char *file, struct buf *ret_text,
    struct err *err) MUST_CHECK;

#endif
