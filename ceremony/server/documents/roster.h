/* SPDX-License-Identifier: Apache-2.0 */
/* A roster is proposed, signed, and comes into force. */
#ifndef CEREMONY_SERVER_DOCUMENTS_ROSTER_H
#define CEREMONY_SERVER_DOCUMENTS_ROSTER_H

#include "ceremony/server/call.h"

enum err_code serve_roster_draft(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_roster_propose(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_roster_sign(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
