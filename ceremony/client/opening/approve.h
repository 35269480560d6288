/* SPDX-License-Identifier: Apache-2.0 */
/* What an officer does about an open ceremony of 1 to 500 secrets. */
#ifndef CEREMONY_CLIENT_OPENING_APPROVE_H
#define CEREMONY_CLIENT_OPENING_APPROVE_H

#include "ceremony/client/connection.h"

enum { APPROVE_PART = 20 };

struct approve_plan {
	const char *id; /* or a prefix of it; NULL: the only open one */
	/* Give the shares of these alone now: secrets (PART - 1) * APPROVE_PART + 1 to PART *
	 * APPROVE_PART as the request lists them; 0: all, or what the person chooses. */
	int64_t part;
	bool all; /* show and take everything at once, without asking */
};
/* What approve_run will ask for; PLAN is a struct approve_plan. */
void approve_foresee(struct client *client, const void *plan);
/* Show the ceremony, ask, sign, then open each envelope of the officer and hand over its shares,
 * sealed again to the ceremony.  Whatever was given stays when it is interrupted: running it again
 * signs anew and goes on with what is left.  ERR_EXISTS: nothing is left. */
enum err_code approve_run(struct client *client, const struct approve_plan *plan,
    struct err *err) MUST_CHECK;

#endif
