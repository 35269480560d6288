/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/secrets/order.h"

#include <string.h>

#include "ceremony/client/hand/unlock.h"

static void
fill(const struct client_options *options, const struct vault_view *view, const struct hand *hand,
    struct order *order)
{
	order->vault = view->chain.vault;
	order->token = hand->entry->id;
	memcpy(order->seat, hand->seat->name, sizeof(order->seat));
	order->created = options->now();
	order->expires = order->created + ORDER_LIFE;
}

enum err_code
order_sign(struct client *client, const struct vault_view *view, enum statement_type type,
    const struct member *more, const void *what, const char *purpose, struct order *order,
    struct dsse *ret_statement, struct err *err)
{
	const struct client_options *options = client_options(client);
	const struct charter *charter = view->chain.charter;
	const struct hand_want want = {.roles = ROLE_OPERATOR,
	    .lists = {{charter->seats, charter->seat_count}},
	    .suspended = &view->chain.suspensions};
	JSON *payload = NULL;
	HAND hand = {0};

	TRY(hand_take(options, &want, &hand, err));
	TRY(hand_unlock(&hand, 1, 0, err));
	fill(options, view, &hand, order);
	TRY(order_payload(order, more, what, &payload, err));
	TRY(hand_state(&hand, type, charter->training, payload, purpose, ret_statement, err));
	return dsse_digest(ret_statement, &order->digest, err);
}
