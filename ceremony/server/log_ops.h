/* SPDX-License-Identifier: Apache-2.0 */
/* The log is listed, and verified. */
#ifndef CEREMONY_SERVER_LOG_OPS_H
#define CEREMONY_SERVER_LOG_OPS_H

#include "ceremony/server/call.h"

enum err_code serve_log_list(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_log_verify(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
