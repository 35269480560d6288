/* SPDX-License-Identifier: Apache-2.0 */
/* Giving a secret to the vault: its signed definition, and its present value once. */
#ifndef CEREMONY_CLIENT_SECRETS_SECRET_ADD_H
#define CEREMONY_CLIENT_SECRETS_SECRET_ADD_H

#include "base/credential.h"
#include "ceremony/client/connection.h"

struct adopt_plan {
	const char *name, *policy, *rotator, *effect;
	struct json *target;       /* an object, lent; the rotator judges it */
	struct secret *credential; /* encoded */
	bool rotate; /* replace the value at once, so that nobody knows the sealed one */
};
/* RET_STATE is "rotated", "adopted" or "owed"; the person is told more. */
enum err_code adopt_run(struct client *client, const struct adopt_plan *plan, char ret_state[32],
    struct err *err) MUST_CHECK;

#endif
