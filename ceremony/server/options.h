/* SPDX-License-Identifier: Apache-2.0 */
/* What a server is told when it is started. */
#ifndef CEREMONY_SERVER_OPTIONS_H
#define CEREMONY_SERVER_OPTIONS_H

#include <stdint.h>

#include "base/process.h"

enum { ROTATOR_SECONDS = 60, PATIENCE_SECONDS = 600 };

struct rotator_places;

struct server_options {
	const char *folder; /* the vault */
	const struct rotator_places *rotators;
	int64_t (*now)(void); /* seconds since 1970; process_now in production */
	/* What no one sets, for the end of leases; NULL, or one that is not known: the wall clock alone decides. */
	struct boot (*boot)(void);
	int due_seconds; /* nothing of what is due is begun after so long; 0: DUE_SECONDS */
	unsigned rotator_seconds; /* for each verb of a rotator; 0: ROTATOR_SECONDS */
	unsigned
	    patience_seconds; /* with a client that does not read its reply; 0: PATIENCE_SECONDS */
	/* Has due_run() done beside the session, which does not wait for it; NULL: nobody does. */
	void (*start_due)(const struct server_options *options);
};

#endif
