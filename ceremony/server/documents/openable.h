/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking all secrets: who can open what, today or under a document that is only proposed.  Current
 * versions and those that wait for their target; definitions and headers are verified.
 */
#ifndef CEREMONY_SERVER_DOCUMENTS_OPENABLE_H
#define CEREMONY_SERVER_DOCUMENTS_OPENABLE_H

#include "ceremony/server/vault/session.h"
#include "vault/documents/reach.h"
#include "vault/store/secret.h"

struct surveyed {
	const struct secret_row *secret;
	const struct definition *definition;
	const struct header *header;
	const struct quorum *quorum; /* of the header */
	const struct reach_spares *spares;
};
typedef enum err_code (
    *survey_visit)(void *context, const struct surveyed *version, struct err *err);
/* MAX secrets at most, 0: all.  RET_COMPLETE: all were visited. */
enum err_code survey(struct session *session, uint64_t max, survey_visit visit, void *context,
    bool *ret_complete, struct err *err) MUST_CHECK;

/* Secrets that somebody can open under the charter in force, were NOW suspended (may be NULL), and nobody
 * could under CHARTER and SUSPENDED, among the first MAX secrets, 0: all. */
enum { SURVEY_NAMES = 5 };
struct survey_lost {
	uint64_t count;
	char names[SURVEY_NAMES][SEAT_NAME_MAX + 1]; /* the first */
};
enum err_code survey_find_lost(struct session *session, const struct suspensions *now,
    const struct charter *charter, const struct suspensions *suspended, uint64_t max,
    struct survey_lost *ret_lost, struct err *err) MUST_CHECK;
/* "prod/db, prod/web and 3 more". */
void survey_names(const struct survey_lost *lost, struct buf *ret_text);

#endif
