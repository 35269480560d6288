/* SPDX-License-Identifier: Apache-2.0 */
/* An operator's token signs an order. */
#ifndef CEREMONY_CLIENT_SECRETS_ORDER_H
#define CEREMONY_CLIENT_SECRETS_ORDER_H

#include "ceremony/client/connection.h"
#include "ceremony/client/view.h"
#include "ceremony/protocol/order.h"

/* ORDER, which has its items, of TYPE, with the members MORE of WHAT (NULL: no more).  Vault, seat, token, times and digest
 * become ORDER's.  The token is given back. */
enum err_code order_sign(struct client *client, const struct vault_view *view,
    enum statement_type type, const struct member *more, const void *what, const char *purpose,
    struct order *order, struct dsse *ret_statement, struct err *err) MUST_CHECK;

#endif
