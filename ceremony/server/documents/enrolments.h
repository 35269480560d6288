/* SPDX-License-Identifier: Apache-2.0 */
/* The enrolments that come with a proposal. */
#ifndef CEREMONY_SERVER_DOCUMENTS_ENROLMENTS_H
#define CEREMONY_SERVER_DOCUMENTS_ENROLMENTS_H

#include "ceremony/server/call.h"
#include "ceremony/server/vault/log.h"

enum { ENROLMENTS_GIVEN_MAX = ROSTER_SEATS * SEAT_TOKENS };

/* Every token of SEATS has an enrolment, among GIVEN (texts; NULL: none now) or stored before,
 * that verifies under CHARTER, says what the seat says, and, when no document accepted it yet, has not expired;
 * none of those given may be left over.  One of which KNOWN says the very same is
 * taken as verified.  ERR_INVALID names a token without enrolment. */
enum err_code enrolments_check(struct session *session, const struct json *given,
    const struct seat *seats, size_t count, const struct seat *known, size_t known_count,
    const struct charter *charter, struct err *err) MUST_CHECK;
/* Inside a change, after that: those given are stored, and named by LEAF. */
enum err_code enrolments_keep(struct session *session, const struct json *given, struct leaf *leaf,
    struct err *err) MUST_CHECK;

#endif
