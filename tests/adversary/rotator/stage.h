/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a world: a vault, what it copied, a configuration, what is shown to a rotator; and whether all is as it was. */
#ifndef TESTS_ADVERSARY_ROTATOR_STAGE_H
#define TESTS_ADVERSARY_ROTATOR_STAGE_H

#include <sys/types.h>

#include "base/bytes.h"
#include "tests/adversary/rotator/world.h"

struct stage {
	char folder[64]; /* "": there is none */
	char paths[WORLD_TEXTS][128];
	char *before; /* all of it as text */
};

/* Whose the vault is, and whose the place. */
struct stage_users {
	uid_t owner, user;
};
/* Below the folder PARENT.  PROGRAM is copied for those that are more than who starts them,
 * where we are root.  WORLD's texts are STAGE's. */
enum err_code stage_make(const char *parent, const char *program, const struct stage_users *users,
    struct stage *stage, struct world *world, struct err *err) MUST_CHECK;
/* What now stands there is what will be looked for. */
enum err_code stage_remember(struct stage *stage, struct err *err) MUST_CHECK;
/* ERR_INTEGRITY names, as parts, what is there but was not, and the other way round.  What is in the place does not count. */
enum err_code stage_verify(const struct stage *stage, struct err *err) MUST_CHECK;
void stage_remove(struct stage *stage); /* accepts {0} */

#endif
