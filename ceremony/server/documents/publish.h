/* SPDX-License-Identifier: Apache-2.0 */
/* What a client needs before it can trust anything. */
#ifndef CEREMONY_SERVER_DOCUMENTS_PUBLISH_H
#define CEREMONY_SERVER_DOCUMENTS_PUBLISH_H

#include "ceremony/server/call.h"

enum err_code serve_hello(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_chain(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_enrolments(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_statements(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_rotator(struct session *session, struct call *call, struct err *err) MUST_CHECK;

#endif
