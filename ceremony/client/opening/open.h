/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving what a ceremony released: fetch, verify, open with a touch. */
#ifndef CEREMONY_CLIENT_OPENING_OPEN_H
#define CEREMONY_CLIENT_OPENING_OPEN_H

#include "base/credential.h"
#include "ceremony/client/opening/list.h"

struct opened {
	char id[ID_HEX_SIZE];
	char name[SEAT_NAME_MAX + 1];
	int64_t expires;
	struct secret *credential; /* encoded and checked */
	char kept[4096];           /* the file in which the release statement was kept */
};
void opened_done(struct opened *opened);
#define OPENED CLEANUP(opened_done) struct opened

/* ID or a prefix; NULL: the released ceremony of the seat whose token is plugged in.  The release
 * must be signed by the host, rest on verified approvals that meet the quorum, and name exactly the
 * box that came.  It and its checkpoint are kept (ceremony/client/trust.h).  Opening again gives the same. */
enum err_code open_run(struct client *client, const char *id, struct opened *ret_opened,
    struct err *err) MUST_CHECK;

/* How a lease is going. */
struct lease {
	enum ceremony_state state;
	int64_t expires;
};
enum err_code lease_look(struct client *client, const char *id, struct lease *ret_lease,
    struct err *err) MUST_CHECK;
/* End the lease now and replace the credential; progress is shown.  ID NULL: the only released
 * one.  RET_RETIRED: the new value was accepted and the old one refused. */
enum err_code lease_end(struct client *client, const char *id, bool *ret_retired,
    struct err *err) MUST_CHECK;

#endif
