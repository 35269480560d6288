/* SPDX-License-Identifier: Apache-2.0 */
/* A temporary account, from mint to unmint. */
#ifndef ROTATORS_CHECKER_MINT_H
#define ROTATORS_CHECKER_MINT_H

#include "rotators/checker/session.h"

/* What is wrong is reported, and ends it there; errors are our own. */
enum err_code mint_run(struct trial *trial, struct err *err) MUST_CHECK;

#endif
