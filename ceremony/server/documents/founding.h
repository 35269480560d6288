/* SPDX-License-Identifier: Apache-2.0 */
/* A vault is made, and what it says of itself until charter 1 is in force. */
#ifndef CEREMONY_SERVER_DOCUMENTS_FOUNDING_H
#define CEREMONY_SERVER_DOCUMENTS_FOUNDING_H

#include "ceremony/server/call.h"

enum err_code serve_init(struct session *session, struct call *call, struct err *err) MUST_CHECK;
enum err_code serve_founding(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
