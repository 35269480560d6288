/* SPDX-License-Identifier: Apache-2.0 */
/* The value that was given is in use again, and no other; or it is said which file has the one that is. */
#ifndef ROTATORS_CHECKER_RESTORE_H
#define ROTATORS_CHECKER_RESTORE_H

#include "rotators/checker/session.h"

/* What is wrong is reported, and the files of the values stay then.  RIGHT: nothing of ours failed; unless all was right, each
 * value is looked for at the target.  Errors as keep_erase. */
enum err_code restore_run(struct trial *trial, bool right, struct err *err) MUST_CHECK;

#endif
