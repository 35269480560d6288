/* SPDX-License-Identifier: Apache-2.0 */
/* A batch is shown, approved, objected to, and goes on. */
#ifndef CEREMONY_SERVER_OPENING_BATCH_SERVE_H
#define CEREMONY_SERVER_OPENING_BATCH_SERVE_H

#include "ceremony/server/call.h"

enum err_code serve_batch_get(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_batch_item(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_batch_approve(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_batch_envelope(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_batch_shares(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_batch_advance(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_batch_object(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
