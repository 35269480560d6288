/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All versions that should be sealed again or rotated: who can open them is not who the charter in
 * force says, or they are too old.
 */
#ifndef CEREMONY_SERVER_SECRETS_RESEAL_DUE_H
#define CEREMONY_SERVER_SECRETS_RESEAL_DUE_H

#include "ceremony/server/call.h"
#include "ceremony/server/secrets/stale.h"
#include "vault/documents/state_names.h"

/* Days after which a token that left, and still has envelopes, is an alarm. */
enum { STALE_LEFT_DAYS = 7 };

/* For `status`, from the classes of current versions: all that are stale, those that a token which left has an
 * envelope of, and those that get too old within STALE_SOON_DAYS. */
enum { STALE_SOON_DAYS = 7 };
struct reseal_due_summary {
	struct session *session;
	uint64_t count, left_count, soon_count;
	int64_t left;                                          /* the earliest */
	char first[SEAT_NAME_MAX + 1], why[NOTE_TEXT_MAX + 1]; /* one of COUNT */
	char soon[SEAT_NAME_MAX + 1];                          /* the first of SOON_COUNT, */
	int64_t soon_at;                                       /* and when it is too old */
};
/* Add the class that MEMBER, the oldest of it, stands for; at first SUMMARY has nothing but its session. */
enum err_code reseal_due_add(struct reseal_due_summary *summary, const struct class_member *member,
    struct err *err) MUST_CHECK;

/* Some secrets at a time: the client asks on. */
enum err_code serve_reseal_list(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
/* Those that are named, stale or not. */
enum err_code serve_reseal_find(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
