/* SPDX-License-Identifier: Apache-2.0 */
/* A charter is proposed, signed, and comes into force. */
#ifndef CEREMONY_SERVER_DOCUMENTS_CHARTER_H
#define CEREMONY_SERVER_DOCUMENTS_CHARTER_H

#include "ceremony/server/call.h"

enum err_code serve_charter_propose(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_charter_sign(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
