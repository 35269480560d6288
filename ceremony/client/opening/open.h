/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving what a ceremony released: fetch, verify, open with a touch each (a FIDO2 token: one). */
#ifndef CEREMONY_CLIENT_OPENING_OPEN_H
#define CEREMONY_CLIENT_OPENING_OPEN_H

#include "base/credential.h"
#include "ceremony/client/case_fetch.h"

struct opened_item {
	char name[SEAT_NAME_MAX + 1];
	struct secret *credential; /* encoded and checked */
	struct definition definition;
};
struct opened {
	char id[ID_HEX_SIZE];
	char title[SEAT_NAME_MAX + 40]; /* "prod/db", "prod/db and 2 others" */
	int64_t expires;
	struct opened_item *items;
	size_t count;
	struct digest vault, release; /* of the release statement */
	bool training;
	struct secret *lease; /* seed of the key that may end the lease */
	char kept[4096];      /* the file in which the release statement was kept */
};
void opened_done(struct opened *opened); /* accepts {0} */
#define OPENED CLEANUP(opened_done) struct opened

struct open_plan {
	const char *
	    id; /* or a prefix; NULL: the released ceremony of the seat whose token is plugged in */
	/* What will be asked of each credential.  Where the target in a definition has "fields", and this
	 * is none of them, the person is told before the PIN.  NULL: nothing, or all. */
	const enum credential_field *field;
	/* One that still collects is looked at again after so many milliseconds (await.h).  0: it is ERR_WAITING. */
	int pause;
};

/* What open_run will ask for; PLAN is a struct open_plan. */
void open_foresee(struct client *client, const void *plan);
/* The release is verified as delivery.h says before the PIN, and kept with its checkpoint (ceremony/client/memory.h).
 * A token that is no recipient is ERR_REFUSED before the PIN.  Opening again gives the same. */
enum err_code open_run(struct client *client, const struct open_plan *plan,
    struct opened *ret_opened, struct err *err) MUST_CHECK;

#endif
