/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drafts: a charter, roster or suspension that collects signatures, and the enrolments of its tokens.  There
 * is at most one of each kind; proposing again replaces it.
 */
#ifndef CEREMONY_SERVER_DOCUMENTS_WAITING_H
#define CEREMONY_SERVER_DOCUMENTS_WAITING_H

#include "ceremony/server/call.h"
#include "ceremony/server/vault/log.h"

enum { DRAFT_ENROLMENTS = ROSTER_SEATS * SEAT_TOKENS };
enum draft_kind { DRAFT_CHARTER, DRAFT_ROSTER, DRAFT_SUSPENSION };

/* ERR_NOT_FOUND: none waits. */
enum err_code draft_load(struct session *session, enum draft_kind kind, struct dsse *ret_statement,
    struct err *err) MUST_CHECK;
/* Inside a change: keep STATEMENT (with the signatures that it now has) as the draft. */
enum err_code draft_keep(struct session *session, enum draft_kind kind,
    const struct dsse *statement, struct digest *ret_digest, struct err *err) MUST_CHECK;
/* Inside a change: no draft any more. */
enum err_code draft_drop(struct session *session, enum draft_kind kind, struct err *err) MUST_CHECK;
/* The stored enrolments of the tokens of SEATS, as array "enrolments" of OBJECT. */
enum err_code draft_put_enrolments(struct session *session, struct json *object,
    const struct seat *seats, size_t count, struct err *err) MUST_CHECK;

/* Inside a change: every token of SEATS has an enrolment, among GIVEN (texts) or stored before,
 * that verifies under POLICY and says what the seat says; those given are stored and named by LEAF, and
 * none may be left over.  A token that stands in KNOWN with the same id and enrolment is taken as
 * verified.  ERR_INVALID names a token without enrolment. */
enum err_code draft_enrolments(struct session *session, const struct json *given,
    const struct seat *seats, size_t count, const struct seat *known, size_t known_count,
    const struct charter *charter, struct leaf *leaf, struct err *err) MUST_CHECK;

/* Read "digest", "keyid", "sig", "authData" (FIDO2 only) of CALL, check that they are for DRAFT, add the signature and verify
 * it against the token's key in A or B.  Returns the seat that signed. */
enum err_code draft_sign(struct call *call, struct dsse *draft, const struct seat *a,
    size_t a_count, const struct seat *b, size_t b_count, const struct seat **ret_seat,
    struct err *err) MUST_CHECK;

#endif
