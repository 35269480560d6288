/* SPDX-License-Identifier: Apache-2.0 */
/* What waits in a vault, for whom, and what next: the server's word. */
#ifndef CEREMONY_CLIENT_STATUS_H
#define CEREMONY_CLIENT_STATUS_H

#include "ceremony/client/connection.h"
#include "ceremony/protocol/rows.h"

/* Its texts, and those of its items, live in the reply. */
struct status {
	int64_t secrets, log; /* how many; how many entries */
	const char *copy;     /* where copies go, and how they stand */
	const char *rotators; /* how they run: what they are isolated by */
	bool swap;            /* it may see keys that rotators' libraries copied */
	const struct json *items;
};

/* What status_fetch will ask for; PLAN is not used. */
void status_foresee(struct client *client, const void *plan);
/* Of a vault that lives (which is verified first) or is being founded. */
enum err_code status_fetch(struct client *client, struct reply *ret_reply,
    struct status *ret_status, struct err *err) MUST_CHECK;
enum err_code status_item(const struct status *status, size_t index, struct status_item *ret_item,
    struct err *err) MUST_CHECK;

#endif
