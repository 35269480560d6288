/* SPDX-License-Identifier: Apache-2.0 */
/* A token is suspended, at once or with a second signature. */
#ifndef CEREMONY_SERVER_DOCUMENTS_SUSPEND_H
#define CEREMONY_SERVER_DOCUMENTS_SUSPEND_H

#include "ceremony/server/call.h"

enum err_code serve_suspend(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_suspension_draft(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
