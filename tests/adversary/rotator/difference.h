/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between two states of a thing that are written as lines. */
#ifndef TESTS_ADVERSARY_ROTATOR_DIFFERENCE_H
#define TESTS_ADVERSARY_ROTATOR_DIFFERENCE_H

#include "base/err.h"

/* Each line that was in BEFORE and is not in AFTER, or the other way round, is gathered in ALL (err_gather) as
 * ERR_INTEGRITY of WHAT. */
void difference_gather(const char *what, const char *before, const char *after, struct err *all);

#endif
