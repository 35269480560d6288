/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of tokens, and the newest evidence that each works (ceremony/protocol/test.h). */
#ifndef CEREMONY_SERVER_DOCUMENTS_TOKEN_TEST_H
#define CEREMONY_SERVER_DOCUMENTS_TOKEN_TEST_H

#include "ceremony/server/call.h"

enum err_code serve_test_begin(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_test_box(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_test(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_evidence(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
