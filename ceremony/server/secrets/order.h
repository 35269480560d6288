/* SPDX-License-Identifier: Apache-2.0 */
/* May they order that? */
#ifndef CEREMONY_SERVER_SECRETS_ORDER_H
#define CEREMONY_SERVER_SECRETS_ORDER_H

#include "ceremony/protocol/order.h"
#include "ceremony/server/vault/session.h"
#include "vault/store/secret.h"

/* ORDER, which STATEMENT is, comes from an operator of this vault, whose one signature is right, and is of today. */
enum err_code order_check(struct session *session, const struct dsse *statement,
    const struct order *order, struct err *err) MUST_CHECK;
/* The secret of ITEM, which is not retired and has the definition that the order names. */
enum err_code order_secret(struct session *session, const struct order_item *item,
    struct secret_row *ret_row, struct err *err) MUST_CHECK;
/* Inside a change: STATEMENT is kept.  One order is for many, one after the other. */
enum err_code order_keep(struct session *session, const struct dsse *statement,
    enum statement_type type, const struct order *order, struct err *err) MUST_CHECK;

#endif
