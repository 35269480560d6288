/* SPDX-License-Identifier: Apache-2.0 */
/* A ceremony begins. */
#ifndef CEREMONY_SERVER_OPENING_REQUEST_H
#define CEREMONY_SERVER_OPENING_REQUEST_H

#include "ceremony/server/call.h"

enum err_code serve_request(struct session *session, struct call *call, struct err *err) MUST_CHECK;

#endif
