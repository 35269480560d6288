/* SPDX-License-Identifier: Apache-2.0 */
/* The whole way of a rotator of style replace, and back. */
#ifndef ROTATORS_CHECKER_REPLACE_H
#define ROTATORS_CHECKER_REPLACE_H

#include "rotators/checker/dry.h"

/* What is wrong is reported, and ends it there; errors are our own. */
enum err_code replace_run(struct trial *trial, const struct made *made, struct err *err) MUST_CHECK;

#endif
