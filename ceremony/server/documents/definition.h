/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Definitions of secrets, on their way into force: two people for the first, the quorums for a change
 * (vault/documents/definition_verify.h).  Nothing of one runs, and no target is asked, before it is whole and its leaf is
 * in the log; what can be judged of it until then is what the file beside its rotator says.
 */
#ifndef CEREMONY_SERVER_DOCUMENTS_DEFINITION_H
#define CEREMONY_SERVER_DOCUMENTS_DEFINITION_H

#include "ceremony/server/documents/waiting.h"
#include "vault/store/secret.h"

enum err_code definition_vet(struct session *session, struct proposal *proposal,
    struct err *err) MUST_CHECK;
enum err_code definition_weigh(struct session *session, struct proposal *proposal,
    const struct json *given, struct err *err) MUST_CHECK;
/* Inside a change: each of PROPOSAL's definitions is in force, with a leaf of its own, and a changed one ends the
 * ceremonies that name its secret. */
enum err_code definitions_enact(struct session *session, const struct proposal *proposal,
    struct err *err) MUST_CHECK;
enum err_code serve_secret_quorums(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
