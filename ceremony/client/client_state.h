/* SPDX-License-Identifier: Apache-2.0 */
/* What client.c and sync.c share. */
#ifndef CEREMONY_CLIENT_CLIENT_STATE_H
#define CEREMONY_CLIENT_CLIENT_STATE_H

#include <sys/types.h>

#include "ceremony/client/connection.h"
#include "ceremony/client/location.h"

struct client {
	struct client_options options;
	struct location location;
	struct client_hello hello;
	bool warned; /* the person knows that it is a training vault */
	int in, out; /* the same descriptor for a child; -1 once the session is broken */
	pid_t pid;   /* of the child; 0: none */
	struct vault_view view;
	struct charter **charters; /* owned; what the view shows */
};

/* Frees what the view shows. */
void vault_view_done(struct client *client);

#endif
