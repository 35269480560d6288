/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The matter of one ceremony: all that the store holds about it, verified again from the statements
 * up, because whoever can write the database is not believed: request and its token's signature, the
 * host's ceremony statement, the signed definition, the sealed version's header, every approval and
 * denial with its signature.
 */
#ifndef CEREMONY_SERVER_OPENING_MATTER_H
#define CEREMONY_SERVER_OPENING_MATTER_H

#include <stdlib.h>

#include "ceremony/protocol/statements.h"
#include "ceremony/protocol/statements_host.h"
#include "ceremony/protocol/states.h"
#include "ceremony/protocol/verdict.h"
#include "ceremony/server/opening/spare_envelopes.h"
#include "ceremony/server/vault/session.h"
#include "vault/store/ceremony.h"
#include "vault/store/secret.h"

struct matter {
	struct ceremony_row row;
	struct request request;
	struct ceremony ceremony;
	/* In force as when it was requested: the charter, the definition, the current version, and the
	 * requester's seat and token.  When false, the ceremony is void, VOID says why, and what
	 * follows may be missing. */
	bool in_force;
	char why_void[NOTE_TEXT_MAX + 1];
	const struct seat *requester;   /* of the session's charter or roster */
	const struct seat_token *token; /* that signed the request */
	struct secret_row secret;
	struct definition definition;
	const struct policy *policy;
	struct version_row version;
	struct header *header;
	struct quorum quorum;    /* of the header */
	struct spare_set spares; /* beside it */
	struct approval_row approvals[QUORUM_SEATS];
	size_t approval_count;
	struct denial_row denials[QUORUM_SEATS];
	size_t denial_count;
	/* Seats whose approval was complete and counts no more: its token was suspended. */
	const struct suspension *lost[QUORUM_SEATS];
	size_t lost_count;
};
void matter_freep(struct matter **matter);
#define MATTER CLEANUP(matter_freep) struct matter

/* ERR_NOT_FOUND; ERR_INTEGRITY names what contradicts what.  Inside a change, or not. */
enum err_code matter_load(struct session *session, const struct id *id, struct matter **ret_matter,
    struct err *err) MUST_CHECK;
/* The verdict at NOW (ceremony/protocol/verdict.h). */
enum verdict matter_verdict(const struct session *session, const struct matter *matter, int64_t now,
    int *ret_missing, struct buf *ret_text);
/* The request's token is suspended: its ceremonies are void (inside a change). */
enum err_code matter_void_token(struct session *session, const struct digest *token,
    const char *reason, struct err *err) MUST_CHECK;
/* The approval of SEAT, or NULL. */
const struct approval_row *matter_approval(const struct matter *matter, const char *seat);
bool matter_denied(const struct matter *matter, const char *seat);
/* For COLLECTING ceremonies inside a change: EVENT ends it without a release.  Row, shares, exposure
 * and leaf; the caller erases the key after the commit (ceremony_key_erase). */
enum err_code matter_refuse(struct session *session, struct ceremony_row *row,
    enum ceremony_event event, const char *reason, struct err *err) MUST_CHECK;
/* Every COLLECTING ceremony for SECRET (all, when NULL) becomes void, but not EXCEPT (may be NULL).
 * Their keys are erased by resume_erase after the commit. */
enum err_code matter_void_all(struct session *session, const struct secret_id *secret,
    const struct id *except, const char *reason, struct err *err) MUST_CHECK;
/* All ceremonies in the bit set STATES, newest first; the caller frees RET_ROWS. */
enum err_code matter_list(struct session *session, unsigned states, struct ceremony_row **ret_rows,
    size_t *ret_count, struct err *err) MUST_CHECK;
DESTRUCTOR(ceremony_rows_freep, struct ceremony_row, free)
#define CEREMONY_ROWS CLEANUP(ceremony_rows_freep) struct ceremony_row
/* ERR_BUSY when a ceremony is RELEASING: it must finish under the documents that it began with. */
enum err_code matter_none_releasing(struct session *session, struct err *err) MUST_CHECK;

#endif
