/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets with all by which a client judges who can open them, some at a time: the client asks on. */
#ifndef CEREMONY_SERVER_SECRETS_HEADERS_H
#define CEREMONY_SERVER_SECRETS_HEADERS_H

#include "ceremony/server/call.h"

enum err_code serve_secret_headers(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
