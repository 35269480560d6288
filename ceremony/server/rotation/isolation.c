/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/rotation/isolation.h"

#include <stdio.h>

#include "rotators/contract/starter.h"

static const struct {
	const char *before, *behind; /* the account */
	bool enough;
} kinds[] = {
    [ISOLATION_ACCOUNT] = {"as ", ", in namespaces of their own", true},
    [ISOLATION_SUB_UID] = {"as a sub-uid of ", ", in namespaces of their own", true},
    [ISOLATION_SAME_UID] = {"as ", ", the vault's own account, in namespaces of their own", true},
    [ISOLATION_OTHER] = {"as ",
        ", without namespaces, which cannot be made here: only rotators that come with Halligan run",
        false},
    [ISOLATION_FILTER] = {"as ",
        ", the vault's own account, without namespaces, which cannot be made here: only rotators that come with "
        "Halligan run, and one that went bad could see more than it should (docs/HARDENING.md)",
        false},
};

bool
isolation_tell(const struct session *session, char ret_text[ISOLATION_TEXT_SIZE])
{
	const struct rotator_places *places = session->options->rotators;
	struct start_holds holds;
	char how[ISOLATION_TEXT_SIZE];
	struct err err;

	if (places->starter == NULL) {
		(void)snprintf(ret_text, ISOLATION_TEXT_SIZE, "as the vault does");
		return true;
	}
	if (starter_holds(places, &holds, &err) != ERR_OK) {
		(void)snprintf(ret_text, ISOLATION_TEXT_SIZE, "not at all: %.480s", err.text);
		return false;
	}
	(void)snprintf(how, sizeof(how), "%s%s%s", kinds[holds.isolation].before, holds.account,
	    kinds[holds.isolation].behind);
	if (holds.landlock > 0)
		(void)snprintf(ret_text, ISOLATION_TEXT_SIZE,
		    "%.400s, with Landlock (ABI %d) and seccomp", how, holds.landlock);
	else
		(void)snprintf(ret_text, ISOLATION_TEXT_SIZE,
		    "%.400s, with seccomp; this kernel has no Landlock", how);
	return kinds[holds.isolation].enough;
}
