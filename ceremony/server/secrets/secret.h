/* SPDX-License-Identifier: Apache-2.0 */
/* What is sealed here: names, definitions, versions. */
#ifndef CEREMONY_SERVER_SECRETS_SECRET_H
#define CEREMONY_SERVER_SECRETS_SECRET_H

#include "ceremony/server/call.h"

enum err_code serve_secret_list(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_secret_find(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
