/* SPDX-License-Identifier: Apache-2.0 */
/* What a charter must be, and what happens when it comes into force. */
#ifndef CEREMONY_SERVER_DOCUMENTS_CHARTER_H
#define CEREMONY_SERVER_DOCUMENTS_CHARTER_H

#include "ceremony/server/documents/waiting.h"

/* As of waiting.h. */
enum err_code charter_vet(struct session *session, struct proposal *proposal,
    struct err *err) MUST_CHECK;
enum err_code charter_weigh(struct session *session, struct proposal *proposal,
    const struct json *given, struct err *err) MUST_CHECK;
enum err_code charter_enact(struct session *session, const struct proposal *proposal,
    struct leaf *leaf, struct err *err) MUST_CHECK;

#endif
