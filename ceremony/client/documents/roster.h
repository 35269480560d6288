/* SPDX-License-Identifier: Apache-2.0 */
/* The roster of responders, client side: draw up, sign, show. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_ROSTER_H
#define CEREMONY_CLIENT_DOCUMENTS_ROSTER_H

#include "ceremony/client/connection.h"

/* What the next roster changes: enrolment files to add, seats to remove. */
struct roll_plan {
	const char *const *files;
	size_t file_count;
	const char *const *remove;
	size_t remove_count;
};
/* Verify the enrolments, draw up the next roster, sign it with the operator's or officer's token
 * plugged in, and hand it to the server.  RET_LIVE: in force (never after one signature). */
enum err_code roll_change(struct client *client, const struct roll_plan *plan, bool *ret_live,
    struct err *err) MUST_CHECK;
/* The second person: check the waiting roster wholly, show what it changes, ask, sign. */
enum err_code roll_sign(struct client *client, bool *ret_live, struct err *err) MUST_CHECK;

#endif
