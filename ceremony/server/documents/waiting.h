/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drafts: charters, rosters, suspensions and definitions of secrets that collect signatures, side by side by their digest.
 * Each is signed by who proposed it; a seat may have a few; none takes a signature
 * from another.  A draft counts for 14 days after it was drawn up; that is judged when it is used.
 */
#ifndef CEREMONY_SERVER_DOCUMENTS_WAITING_H
#define CEREMONY_SERVER_DOCUMENTS_WAITING_H

#include "ceremony/server/call.h"
#include "ceremony/server/documents/openable.h"
#include "ceremony/server/vault/log.h"
#include "vault/store/draft.h"

enum { DRAFTS_OF_SEAT = 4 };

struct draft {
	struct draft_row row;
	enum statement_type type;
	struct dsse statement;
	int64_t created;
};
void draft_done(struct draft *draft);

/* Is STATEMENT of a type that can be a draft? */
bool draft_type(const struct dsse *statement, enum statement_type *ret_type);
/* ERR_NOT_FOUND, ERR_EXPIRED. */
enum err_code draft_take(struct session *session, const struct digest *digest,
    struct draft *ret_draft, struct err *err) MUST_CHECK;
/* All, the oldest first; OVER: it waited too long.  A visit may drop the draft that it is given. */
typedef enum err_code (
    *draft_visit)(void *context, const struct draft *draft, bool over, struct err *err);
enum err_code draft_each(struct session *session, draft_visit visit, void *context,
    struct err *err) MUST_CHECK;
/* ERR_REFUSED: it was not drawn up within the last DRAFT_LIFE. */
enum err_code draft_check_time(const struct session *session, const struct dsse *statement,
    struct err *err) MUST_CHECK;
/* Inside a change: ERR_REFUSED when SEAT, at the founding the key KEYID, has its number waiting. */
enum err_code draft_check_room(struct session *session, const char *seat, const char *keyid,
    struct err *err) MUST_CHECK;
/* A charter, roster, suspension or secret statement with the signatures that it has now. */
struct proposal {
	struct dsse statement;
	enum statement_type type;
	/* As it was verified and weighed: */
	struct digest digest;
	bool waits;                   /* for signatures: */
	char missing[ERR_TEXT_SIZE];  /* whose */
	char seat[SEAT_NAME_MAX + 1]; /* of who proposes, or signs it last */
	struct charter *charter;      /* of that type, */
	struct roster *roster;
	struct definitions definitions;
	struct suspension suspension; /* and what would be suspended after it: */
	struct suspensions after;
	struct survey_lost lost; /* what nobody could open then */
};
/* Of its type: it is whole and the next of its kind, and every signature on it is of somebody who may sign it.  Asked
 * of documents in memory alone, before anything that takes time.  ERR_WAITING says what is missing; anything but
 * that and ERR_OK: it cannot be. */
typedef enum err_code (
    *proposal_verify)(struct session *session, struct proposal *proposal, struct err *err);
/* Then: each new token has its enrolment, among GIVEN (NULL: stored before), and no secret
 * is lost by it.  Reads only.  Codes as above. */
typedef enum err_code (*proposal_weigh)(struct session *session, struct proposal *proposal,
    const struct json *given, struct err *err);
/* Inside a change: what ends when it comes into force, and what its LEAF says of it beside the statement. */
typedef enum err_code (*proposal_enact)(struct session *session, const struct proposal *proposal,
    struct leaf *leaf, struct err *err);
/* Inside a change, with PROPOSAL coming into force: drop drafts that are over, and those that cannot follow it. */
enum err_code draft_clear(struct session *session, const struct proposal *proposal,
    struct err *err) MUST_CHECK;

enum err_code serve_drafts(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_draft(struct session *session, struct call *call, struct err *err) MUST_CHECK;

#endif
