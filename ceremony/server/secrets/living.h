/* SPDX-License-Identifier: Apache-2.0 */
/* What of a secret may still open something: its debts, and its versions that are not retired. */
#ifndef CEREMONY_SERVER_SECRETS_LIVING_H
#define CEREMONY_SERVER_SECRETS_LIVING_H

#include "ceremony/server/vault/session.h"
#include "vault/store/debt.h"
#include "vault/store/secret.h"

/* The debts of SECRET that are not paid, the open one first. */
enum err_code living_debts(struct session *session, const struct secret_id *secret,
    struct debt_row ret_rows[DEBT_WATCHES_MAX + 1], size_t *ret_count, struct err *err) MUST_CHECK;

typedef enum err_code (
    *living_visit)(void *context, const struct version_row *version, struct err *err);
/* Each version of SECRET that is not retired: its current one, and all since the earliest that a debt or a death watch is
 * about, be they rejected: they are in its escrow. */
enum err_code living_each(struct session *session, const struct secret_row *secret,
    living_visit visit, void *context, struct err *err) MUST_CHECK;

#endif
