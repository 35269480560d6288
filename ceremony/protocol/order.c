/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/protocol/order.h"

#include <stdlib.h>
#include <string.h>

static const struct member item_members[] = {
    {"secret", MEMBER_HEX, FIELD(struct order_item, secret)},
    {"definition", MEMBER_HEX, FIELD(struct order_item, definition)},
    {"version", MEMBER_NUMBER, FIELD(struct order_item, version), .max = UINT32_MAX},
    {NULL},
};
/* "secrets" stands between the two. */
static const struct member order_members[] = {
    {"vault", MEMBER_HEX, FIELD(struct order, vault)},
    {"seat", MEMBER_NAME, FIELD(struct order, seat)},
    {"token", MEMBER_HEX, FIELD(struct order, token)},
    {NULL},
};
static const struct member time_members[] = {
    {"created", MEMBER_TIME, FIELD(struct order, created)},
    {"expires", MEMBER_TIME, FIELD(struct order, expires)},
    {NULL},
};

void
order_done(struct order *order)
{
	free(order->items);
	*order = (struct order){0};
}

enum err_code
order_payload(const struct order *order, const struct member *more, const void *what,
    struct json **ret_payload, struct err *err)
{
	struct json *payload = payload_begin(order_members, order);

	if (more != NULL)
		members_put(payload, more, what);
	members_put_rows(payload, "secrets", item_members, order->items, sizeof(*order->items),
	    order->count);
	members_put(payload, time_members, order);
	return payload_finish(payload, ret_payload, err);
}

static enum err_code
read_items(const struct json *array, struct order *order, struct err *err)
{
	size_t count = json_array_count(array);

	order->items = calloc(count, sizeof(*order->items));
	if (order->items == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a statement");
	for (size_t i = 0; i < count; i++) {
		struct order_item item = {0};

		TRY(members_read(json_array_object(array, i), "secrets", item_members, &item, err));
		if (order_find(order, &item.secret) != NULL)
			return err_set(err, ERR_INVALID, "secrets[%zu]: stands twice", i);
		order->items[order->count++] = item;
	}
	return ERR_OK;
}

enum err_code
order_parse(const struct dsse *statement, enum statement_type type, bool training,
    const struct member *more, void *ret_what, struct order *ret_order, struct err *err)
{
	JSON *payload = NULL;
	ORDER order = {0};
	struct json_in in = statement_in(statement, type, training, &payload, err);

	members_in(&in, order_members, &order);
	if (more != NULL)
		members_in(&in, more, ret_what);
	const struct json *items = json_in_array(&in, "secrets", 1, ORDER_SECRETS);
	members_in(&in, time_members, &order);
	TRY(json_in_end(&in));
	if (read_items(items, &order, err) != ERR_OK)
		return err_add(err, "%s", statement_names[type]);
	TRY(dsse_digest(statement, &order.digest, err));
	*ret_order = order;
	order.items = NULL;
	return ERR_OK;
}

const struct order_item *
order_find(const struct order *order, const struct secret_id *secret)
{
	for (size_t i = 0; i < order->count; i++)
		if (memcmp(&order->items[i].secret, secret, sizeof(*secret)) == 0)
			return &order->items[i];
	return NULL;
}
