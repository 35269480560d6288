/* SPDX-License-Identifier: Apache-2.0 */
/* A value that nobody has seen is replaced by an operator's order alone. */
#ifndef CEREMONY_SERVER_SECRETS_UNSEEN_H
#define CEREMONY_SERVER_SECRETS_UNSEEN_H

#include "ceremony/server/call.h"

enum err_code serve_rotate_unseen(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
