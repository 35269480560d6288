/* SPDX-License-Identifier: Apache-2.0 */
/* An officer signs, gets the envelope, and gives the shares; the last of them releases. */
#ifndef CEREMONY_SERVER_OPENING_APPROVE_H
#define CEREMONY_SERVER_OPENING_APPROVE_H

#include "ceremony/server/call.h"

enum err_code serve_approve(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_shares(struct session *session, struct call *call, struct err *err) MUST_CHECK;

#endif
