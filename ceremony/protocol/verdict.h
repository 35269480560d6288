/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict on a ceremony: pure, time is an argument.  A seat counts when it has approved, has not
 * denied since, is an officer of the current charter, and is not the requester.  The quorum of the
 * sealed version's header and that of the current policy must both be met.
 */
#ifndef CEREMONY_PROTOCOL_VERDICT_H
#define CEREMONY_PROTOCOL_VERDICT_H

#include "vault/documents/charter.h"

/* What decides a release; taken again inside the transaction that releases. */
struct verdict_facts {
	const struct quorum *header; /* of the sealed version */
	const struct quorum *policy; /* of the current charter for this secret */
	const struct seat *seats;    /* the current charter's */
	size_t seat_count;
	const char *requester;
	const char *const *approved; /* seats with complete, valid approvals */
	size_t approved_count;
	const char *const *denied;
	size_t denied_count;
	int64_t now, deadline;
	bool charter_unchanged;
};
enum verdict { VERDICT_MET, VERDICT_OPEN, VERDICT_UNREACHABLE, VERDICT_EXPIRED, VERDICT_VOID };
/* RET_MISSING (>= 0): how many approvals are still needed at least, for OPEN.  RET_TEXT (appended)
 * says it in words ("2 more of infra, audit, legal"); nothing when MET. */
enum verdict verdict_of(const struct verdict_facts *facts, int *ret_missing, struct buf *ret_text);

#endif
