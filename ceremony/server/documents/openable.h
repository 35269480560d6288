/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who can open what, today or under a document that is only proposed: asked of one version of each class
 * (ceremony/server/secrets/classes.h), for all secrets.
 */
#ifndef CEREMONY_SERVER_DOCUMENTS_OPENABLE_H
#define CEREMONY_SERVER_DOCUMENTS_OPENABLE_H

#include "ceremony/server/secrets/classes.h"

/* How many seats may be lost so that somebody can still open MEMBER under CHARTER and SUSPENDED (may be NULL); -1:
 * nobody can (vault/documents/reach.h). */
int openable_margin(const struct charter *charter, const struct suspensions *suspended,
    const struct class_member *member);

/* Secrets that somebody can open under the charter in force, were NOW suspended (may be NULL), and nobody
 * could under CHARTER and SUSPENDED: their current version, or one that waits for its target. */
enum { SURVEY_NAMES = 5 };
struct survey_lost {
	uint64_t count;
	size_t name_count;
	char names[SURVEY_NAMES][SEAT_NAME_MAX + 1]; /* of some, in their order */
};
enum err_code survey_find_lost(struct session *session, const struct suspensions *now,
    const struct charter *charter, const struct suspensions *suspended,
    struct survey_lost *ret_lost, struct err *err) MUST_CHECK;
/* The version of SECRET, its current one or one that waits for its target, that somebody can open under the policy NOW (may
 * be NULL) and nobody could under LATER; 0: there is none. */
enum err_code survey_find_shut(struct session *session, const struct secret_row *secret,
    const struct policy *now, const struct policy *later, uint32_t *ret_version,
    struct err *err) MUST_CHECK;
/* "prod/db, prod/web and 3 more". */
void survey_names(const struct survey_lost *lost, struct buf *ret_text);

#endif
