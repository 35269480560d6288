/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions that should be sealed again or rotated, and why: who can open them is not who the charter
 * in force says, or they are too old.
 */
#ifndef CEREMONY_SERVER_SECRETS_RESEAL_DUE_H
#define CEREMONY_SERVER_SECRETS_RESEAL_DUE_H

#include "ceremony/server/call.h"

/* Days after which a token that left, and still has envelopes, is an alarm. */
enum { STALE_LEFT_DAYS = 7 };

struct stale {
	struct digest definition, header;
	bool stale;
	char why[NOTE_TEXT_MAX + 1]; /* "; " between several */
	int64_t left;                /* since when a token that left has an envelope; 0: none has */
	/* A batch can open it: it is the current version, unreleased, without a debt, and enough of
	 * its seats still have an envelope.  Else CANNOT says why not. */
	bool can;
	char cannot[NOTE_TEXT_MAX + 1];
};
/* A token that stood in a charter and stands in none now, and since when. */
struct leaver {
	struct digest token;
	char label[LABEL_MAX + 1];
	int64_t since;
};
enum { STALE_LEAVERS = 256 };
struct leavers {
	size_t count;
	struct leaver rows[STALE_LEAVERS];
};
/* Every token of an earlier charter of the chain that the present one does not have. */
enum err_code leavers_load(struct session *session, struct leavers *ret_leavers,
    struct err *err) MUST_CHECK;

/* The current version of SECRET. */
enum err_code stale_judge(struct session *session, const struct leavers *leavers,
    const struct secret_row *secret, struct stale *ret_stale, struct err *err) MUST_CHECK;

/* For `status`: at most LIMIT versions are looked at, those that a charter's change can concern first;
 * MORE: there are others. */
struct stale_summary {
	size_t count, left_count;
	int64_t left; /* the earliest */
	char first[SEAT_NAME_MAX + 1], why[NOTE_TEXT_MAX + 1];
	bool more;
};
enum err_code stale_summarize(struct session *session, size_t limit,
    struct stale_summary *ret_summary, struct err *err) MUST_CHECK;

enum err_code serve_reseal_list(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
