/* SPDX-License-Identifier: Apache-2.0 */
/* What a secret is from now on, or that it is no more. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_DEFINITION_CHANGE_H
#define CEREMONY_CLIENT_DOCUMENTS_DEFINITION_CHANGE_H

#include "ceremony/client/connection.h"

/* NULL: as before. */
struct change_plan {
	const char *name, *policy, *rotator, *effect;
	const struct json *
	    target; /* an object: members that take the place of those of the same name, or are new */
	const char *const *without; /* members of the target that go */
	size_t without_count;
	bool retires; /* and nothing else */
};
/* ERR_EXISTS: nothing would change. */
enum err_code definition_change(struct client *client, const struct change_plan *plan,
    struct err *err) MUST_CHECK;

#endif
