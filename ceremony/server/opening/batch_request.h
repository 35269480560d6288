/* SPDX-License-Identifier: Apache-2.0 */
/* A batch begins. */
#ifndef CEREMONY_SERVER_OPENING_BATCH_REQUEST_H
#define CEREMONY_SERVER_OPENING_BATCH_REQUEST_H

#include "ceremony/server/call.h"

enum err_code serve_batch_request(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
