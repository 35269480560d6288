/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All versions that should be sealed again or rotated: who can open them is not who the charter in
 * force says, or they are too old.
 */
#ifndef CEREMONY_SERVER_SECRETS_RESEAL_DUE_H
#define CEREMONY_SERVER_SECRETS_RESEAL_DUE_H

#include "ceremony/server/call.h"
#include "vault/documents/state_names.h"

/* Days after which a token that left, and still has envelopes, is an alarm. */
enum { STALE_LEFT_DAYS = 7 };

/* For `status`: at most LIMIT versions are looked at, those that a charter's change can concern first;
 * MORE: there are others. */
struct reseal_due_summary {
	size_t count, left_count;
	int64_t left; /* the earliest */
	char first[SEAT_NAME_MAX + 1], why[NOTE_TEXT_MAX + 1];
	bool more;
};
enum err_code reseal_due_summarize(struct session *session, size_t limit,
    struct reseal_due_summary *ret_summary, struct err *err) MUST_CHECK;

/* Some secrets at a time: the client asks on. */
enum err_code serve_reseal_list(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
