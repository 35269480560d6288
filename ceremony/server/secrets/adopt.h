/* SPDX-License-Identifier: Apache-2.0 */
/* A credential of today is taken in, and sealed. */
#ifndef CEREMONY_SERVER_SECRETS_ADOPT_H
#define CEREMONY_SERVER_SECRETS_ADOPT_H

#include "ceremony/server/call.h"

enum err_code serve_adopt(struct session *session, struct call *call, struct err *err) MUST_CHECK;

#endif
