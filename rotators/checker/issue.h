/* SPDX-License-Identifier: Apache-2.0 */
/* The whole way of a rotator of style issue: the value that was given stays beside all that it makes. */
#ifndef ROTATORS_CHECKER_ISSUE_H
#define ROTATORS_CHECKER_ISSUE_H

#include "rotators/checker/session.h"

/* What is wrong is reported, and ends it there; errors are our own. */
enum err_code issue_run(struct trial *trial, struct err *err) MUST_CHECK;

#endif
