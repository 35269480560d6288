/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator alone may order for secrets that are defined: that their present values be taken in (adopt.h), and that
 * values which nobody has seen be replaced:
 *
 * rotate    {"format":1,"vault":HEX32,"seat":..,"token":HEX32,
 *	      "secrets":[{"secret":HEX16,"definition":HEX32,"version":N}] (1..500),
 *	      "created":TIME,"expires":TIME,"nonce"}				signed by that token
 *
 * "definition" is the one in force, "version" the current one (0: none yet): an order is good once for each.
 */
#ifndef CEREMONY_PROTOCOL_ORDER_H
#define CEREMONY_PROTOCOL_ORDER_H

#include "vault/documents/definition.h"
#include "vault/documents/statement.h"

enum { ORDER_SECRETS = 500, ORDER_LIFE = 24 * 3600 /* seconds */ };

struct order_item {
	struct secret_id secret;
	struct digest definition;
	uint32_t version;
};
struct order {
	struct digest digest, vault, token;
	char seat[SEAT_NAME_MAX + 1];
	struct order_item *items; /* owned */
	size_t count;
	int64_t created, expires;
};
void order_done(struct order *order); /* accepts {0} */
#define ORDER CLEANUP(order_done) struct order

/* With the members MORE of WHAT (NULL: no more). */
enum err_code order_payload(const struct order *order, const struct member *more, const void *what,
    struct json **ret_payload, struct err *err) MUST_CHECK;
/* ERR_INVALID names the line; no secret stands twice. */
enum err_code order_parse(const struct dsse *statement, enum statement_type type, bool training,
    const struct member *more, void *ret_what, struct order *ret_order, struct err *err) MUST_CHECK;
/* The entry for SECRET, or NULL. */
const struct order_item *order_find(const struct order *order, const struct secret_id *secret);

#endif
