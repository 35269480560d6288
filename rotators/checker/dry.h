/* SPDX-License-Identifier: Apache-2.0 */
/* All that changes nothing at the target. */
#ifndef ROTATORS_CHECKER_DRY_H
#define ROTATORS_CHECKER_DRY_H

#include "rotators/checker/session.h"

/* Two values that nobody has seen, where the style has them made by the rotator; else NULL. */
struct made {
	struct secret *values[2];
};
void made_done(struct made *made);
#define MADE CLEANUP(made_done) struct made

/* RET_GO_ON: the present value is accepted, and the values are there.  What is wrong is reported; errors are our own. */
enum err_code dry_run(struct trial *trial, struct made *ret_made, bool *ret_go_on,
    struct err *err) MUST_CHECK;

#endif
