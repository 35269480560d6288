/* SPDX-License-Identifier: Apache-2.0 */
/* What waits: what, for whom, what next. */
#ifndef CEREMONY_SERVER_STATUS_H
#define CEREMONY_SERVER_STATUS_H

#include "ceremony/server/call.h"

enum err_code serve_status(struct session *session, struct call *call, struct err *err) MUST_CHECK;

#endif
