/* SPDX-License-Identifier: Apache-2.0 */
/* Charters, rosters and suspensions on their way into force: proposed with a signature, signed by others. */
#ifndef CEREMONY_SERVER_DOCUMENTS_PROPOSE_H
#define CEREMONY_SERVER_DOCUMENTS_PROPOSE_H

#include "ceremony/server/call.h"

enum err_code serve_propose(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_sign(struct session *session, struct call *call, struct err *err) MUST_CHECK;

#endif
