/* SPDX-License-Identifier: Apache-2.0 */
/* What secrets are from now on, or that they are no more. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_DEFINITION_CHANGE_H
#define CEREMONY_CLIENT_DOCUMENTS_DEFINITION_CHANGE_H

#include "ceremony/client/connection.h"

/* The same for each of COUNT NAMES; NULL: as before. */
struct change_plan {
	const char *const *names;
	size_t count;
	const char *policy, *rotator, *effect;
	const struct json *
	    target; /* an object: members that take the place of those of the same name, or are new */
	const char *const *without; /* members of the target that go */
	size_t without_count;
	bool retires; /* and nothing else */
};
/* 1 to 500 of them by one statement, all of them or none: what is wrong with each is told before anybody is asked for a PIN.
 * ERR_USAGE: a name stands twice; ERR_EXISTS: one of them would not change. */
enum err_code definition_change(struct client *client, const struct change_plan *plan,
    struct err *err) MUST_CHECK;

#endif
