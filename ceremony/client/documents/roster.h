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
 * plugged in, and hand it to the server.  It is never in force after one signature. */
enum err_code roll_change(struct client *client, const struct roll_plan *plan,
    struct err *err) MUST_CHECK;
/* The second person: check the waiting roster that WHICH means (drafts.h) wholly, show what it changes, ask, sign. */
enum err_code roll_sign(struct client *client, const char *which, struct err *err) MUST_CHECK;

#endif
