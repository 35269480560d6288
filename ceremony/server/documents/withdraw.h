/* SPDX-License-Identifier: Apache-2.0 */
/* A draft is withdrawn by the seat that proposed it. */
#ifndef CEREMONY_SERVER_DOCUMENTS_WITHDRAW_H
#define CEREMONY_SERVER_DOCUMENTS_WITHDRAW_H

#include "ceremony/server/call.h"

enum err_code serve_withdraw(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;

#endif
