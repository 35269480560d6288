/* SPDX-License-Identifier: Apache-2.0 */
/* An officer signs, is handed envelopes, and gives the shares. */
#ifndef CEREMONY_SERVER_OPENING_APPROVE_H
#define CEREMONY_SERVER_OPENING_APPROVE_H

#include "ceremony/server/call.h"

enum err_code serve_approve(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_envelopes(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_shares(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_advance(struct session *session, struct call *call, struct err *err) MUST_CHECK;

#endif
