/* SPDX-License-Identifier: Apache-2.0 */
/* Charters, rosters and suspensions that wait for signatures, client side. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_DRAFTS_H
#define CEREMONY_CLIENT_DOCUMENTS_DRAFTS_H

#include "ceremony/client/hand/hand.h"

/* What the host says waits; nothing of it is verified. */
struct draft_row {
	struct digest digest;
	char seat[SEAT_NAME_MAX + 1]; /* who proposed it */
	enum statement_type type;
	size_t signatures;
	int64_t until;
};
struct draft_list {
	struct draft_row *rows;
	size_t count;
};
void draft_list_done(struct draft_list *list);
#define DRAFT_LIST CLEANUP(draft_list_done) struct draft_list
/* Send for what drafts_fetch will be called for. */
void drafts_foresee(struct client *client);
/* The oldest first. */
enum err_code drafts_fetch(struct client *client, struct draft_list *ret_list,
    struct err *err) MUST_CHECK;
/* "charter 3fa2c1d0 (topmost Istanbul ...), proposed by infra, 2 signed, until TIME", appended. */
enum err_code draft_text(const struct draft_row *row, struct buf *ret_text,
    struct err *err) MUST_CHECK;
/* Say a line of each; they become array "waiting" of OBJECT. */
enum err_code drafts_say(struct client *client, struct json *object, struct err *err) MUST_CHECK;
/* The statement of ROW, which has its digest.  ERR_EXPIRED: it is older than a draft may be. */
enum err_code draft_fetch(struct client *client, const struct draft_row *row,
    struct dsse *ret_statement, struct err *err) MUST_CHECK;
/* The draft of TYPE (STATEMENT_TYPES: of any) that WHICH means: its first hex digits, or its first words; NULL: the
 * only one.  ERR_NOT_FOUND, and ERR_USAGE names those that could be meant. */
enum err_code draft_pick(struct client *client, enum statement_type type, const char *which,
    struct draft_row *ret_row, struct err *err) MUST_CHECK;

/* What came of a signature.  When LIVE, the vault's documents, verified anew, have it: a view from before is over.  (Of
 * definitions whoever asks looks for them.) */
struct draft_outcome {
	bool live;
	char missing[2048]; /* whose signatures it still needs; "" when live */
	char lost[1024];    /* secrets that nobody could open then; "" mostly */
	char name[16];      /* by which it can be meant */
};
/* Would the server take STATEMENT, once somebody signs it?  Asked before PIN and touch; nothing is kept. */
enum err_code draft_try(struct client *client, const struct dsse *statement,
    const struct json *enrolments, struct err *err) MUST_CHECK;
/* A new document with its first signature, and the enrolments that it brings. */
enum err_code draft_propose(struct client *client, const struct dsse *statement,
    const struct json *enrolments, struct draft_outcome *ret_outcome, struct err *err) MUST_CHECK;
/* The signature of HAND's token on STATEMENT, which waits. */
enum err_code draft_sign(struct client *client, const struct hand *hand,
    const struct dsse *statement, struct draft_outcome *ret_outcome, struct err *err) MUST_CHECK;
/* Withdraw the draft that WHICH means, with a token of the seat that proposed it. */
enum err_code withdraw_run(struct client *client, const char *which, const char *reason,
    struct err *err) MUST_CHECK;

#endif
