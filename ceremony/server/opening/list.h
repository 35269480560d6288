/* SPDX-License-Identifier: Apache-2.0 */
/* Ceremonies are shown. */
#ifndef CEREMONY_SERVER_OPENING_LIST_H
#define CEREMONY_SERVER_OPENING_LIST_H

#include "ceremony/server/call.h"
#include "vault/documents/id.h"

enum err_code serve_ceremony_find(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_ceremony_get(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
enum err_code serve_ceremony_items(struct session *session, struct call *call,
    struct err *err) MUST_CHECK;
/* "state", "reason" and "missing" of REPLY: where ceremony ID stands now. */
enum err_code reply_state(struct session *session, struct json *reply, const struct id *id,
    struct err *err) MUST_CHECK;

#endif
