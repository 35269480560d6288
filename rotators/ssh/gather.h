/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that do not need each other's answers are all asked, and what is wrong is told at once (base/err.h, err_also). */
#ifndef ROTATORS_SSH_GATHER_H
#define ROTATORS_SSH_GATHER_H

#include "base/err.h"

/* What came of one of them, with ONE when that is an error, into ALL, which is {0} at first. */
static inline void
gather(struct err *all, enum err_code code, const struct err *one)
{
	if (code != ERR_OK)
		(void)err_also(all, one);
}

static inline enum err_code
gathered(const struct err *all, struct err *err)
{
	if (all->code != ERR_OK)
		*err = *all;
	return all->code;
}

#endif
