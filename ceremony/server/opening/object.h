/* SPDX-License-Identifier: Apache-2.0 */
/* An officer denies, or the requester cancels. */
#ifndef CEREMONY_SERVER_OPENING_OBJECT_H
#define CEREMONY_SERVER_OPENING_OBJECT_H

#include "ceremony/server/call.h"

enum err_code serve_object(struct session *session, struct call *call, struct err *err) MUST_CHECK;

#endif
