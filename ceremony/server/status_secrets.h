/* SPDX-License-Identifier: Apache-2.0 */
/* What `status` says of all secrets: those without a value, opened in part, that somebody has seen, that should be sealed again. */
#ifndef CEREMONY_SERVER_STATUS_SECRETS_H
#define CEREMONY_SERVER_STATUS_SECRETS_H

#include "ceremony/server/vault/session.h"

enum err_code status_add_secrets(struct session *session, struct json *items,
    struct err *err) MUST_CHECK;

#endif
