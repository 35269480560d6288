/* SPDX-License-Identifier: Apache-2.0 */
/* A lease: how it is going, and its end before its time. */
#ifndef CEREMONY_CLIENT_OPENING_DONE_H
#define CEREMONY_CLIENT_OPENING_DONE_H

#include "ceremony/client/opening/open.h"

struct lease {
	enum ceremony_state state;
	int64_t expires;
};
/* Send for it: lease_look of the same, once client_has_answer, waits for nobody. */
void lease_foresee_look(struct client *client, const char *id);
enum err_code lease_look(struct client *client, const char *id, struct lease *ret_lease,
    struct err *err) MUST_CHECK;
/* End the lease of OPENED with its lease key: no token is needed.  RET_RETIRED: every new value was
 * accepted and every old one refused; what became of each is told. */
enum err_code lease_end(struct client *client, const struct opened *opened, bool *ret_retired,
    struct err *err) MUST_CHECK;
/* What done_run will ask for; PLAN is its ID. */
void done_foresee(struct client *client, const void *plan);
/* The same by a token of the requester or of an officer (touch 1 of 1).  ID or a prefix; NULL: the only
 * one that is released or being replaced.  ERR_WAITING, ERR_REFUSED: nothing was released. */
enum err_code done_run(struct client *client, const char *id, bool *ret_retired,
    struct err *err) MUST_CHECK;

#endif
