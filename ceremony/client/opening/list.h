/* SPDX-License-Identifier: Apache-2.0 */
/* The server's list of ceremonies, to find the one that a person means.  Nothing of it is verified:
 * what is shown for a decision comes from a dossier. */
#ifndef CEREMONY_CLIENT_OPENING_LIST_H
#define CEREMONY_CLIENT_OPENING_LIST_H

#include "base/json_in.h"
#include "ceremony/client/connection.h"
#include "ceremony/protocol/items.h"
#include "vault/documents/id.h"
#include "vault/documents/state_names.h"

enum { ID_HEX_SIZE = 2 * ID_SIZE + 1 };

struct listed {
	char id[ID_HEX_SIZE];
	enum mode mode;
	size_t count;                 /* items */
	char name[SEAT_NAME_MAX + 1]; /* of the first */
	char requester[SEAT_NAME_MAX + 1];
	enum ceremony_state state;
	int64_t created, deadline, expires; /* expires: 0 before the release */
};

/* The ceremony that ID means: all of its 32 hex digits or the first 4 or more of them; or, when ID
 * is NULL, the only one in a state of the bit set STATES (and of REQUESTER, unless NULL).
 * ERR_NOT_FOUND, or ERR_USAGE with the list of those that fit. */
enum err_code listing_pick(struct client *client, const char *id, unsigned states,
    const char *requester, struct listed *ret_listed, struct err *err) MUST_CHECK;

#endif
