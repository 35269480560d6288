/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of secrets with their headers, from servers that show others than they should. */
#include "ceremony/client/secrets/headers.h"
#include "ceremony/client/sync.h"
#include "tests/unit/client/town.h"

enum { ITEMS = 3 };

static void
shorten(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)town;
	(void)reply;
	if (strcmp(op, "secret-headers") == 0)
		blob->size--;
}

static void
lengthen(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)town;
	(void)reply;
	if (strcmp(op, "secret-headers") == 0)
		buf_lp32(blob, view_of_text("x"));
}

static enum err_code
count(void *context, const struct lookup *lookup, struct err *err)
{
	size_t *seen = context;

	(void)err;
	assert_non_null(lookup->header);
	++*seen;
	return ERR_OK;
}

static enum err_code
walk(struct town *town, size_t *ret_seen, struct err *err)
{
	CLIENT *client = NULL;
	const struct vault_view *view;

	*ret_seen = 0;
	fine(town_connect(town, TOWN_CISO, &client, err), err);
	fine(client_sync(client, &view, err), err);
	return headers_walk(client, view, count, ret_seen, err);
}

static void
all_of_them_are_shown_verified(void **state)
{
	struct town town;
	struct err err;
	size_t seen;

	(void)state;
	town_open_many(&town, ITEMS, MODE_RESEAL);
	fine(walk(&town, &seen, &err), &err);
	assert_int_equal(seen, ITEMS);
	town_close(&town);
}

static void
exchange_headers(struct town *town)
{
	struct buf first = town->items[1].version.header;

	town->items[1].version.header = town->items[2].version.header;
	town->items[2].version.header = first;
}

static void
exchange_places(struct town *town)
{
	struct town_item first = town->items[1];

	town->items[1] = town->items[2];
	town->items[2] = first;
}

static void
rename_one(struct town *town)
{
	strcpy(town->items[2].name, "prod/db-9");
}

static void
sign_one_by_another(struct town *town)
{
	town_sign_host(town, &town->items[1].definition);
}

static void
send_less(struct town *town)
{
	town->lie = shorten;
}

static void
send_more(struct town *town)
{
	town->lie = lengthen;
}

static void
go_on_for_ever(struct town *town)
{
	town->next = "prod/db-2";
}

static void
go_back(struct town *town)
{
	town->next = "prod/db";
}

static void
what_is_not_as_it_should_be_ends_the_list(void **state)
{
	static const struct {
		void (*change)(struct town *town);
		enum err_code code;
		const char *text;
	} rows[] = {
	    {exchange_headers, ERR_INTEGRITY,
	        "prod/db-1: the sealed version's header names another"},
	    {exchange_places, ERR_PROTOCOL, "does not go on"},
	    {rename_one, ERR_INTEGRITY, "prod/db-9: no definition of it"},
	    {sign_one_by_another, ERR_INTEGRITY, ""},
	    {send_less, ERR_PROTOCOL, "prod/db-2: the server sent less than its header"},
	    {send_more, ERR_PROTOCOL, "headers of no secret"},
	    {go_on_for_ever, ERR_PROTOCOL, "does not go on"},
	    {go_back, ERR_PROTOCOL, "does not go on"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct town town;
		struct err err;
		size_t seen;

		town_open_many(&town, ITEMS, MODE_RESEAL);
		rows[i].change(&town);
		expect_error(walk(&town, &seen, &err), rows[i].code, &err, rows[i].text);
		town_close(&town);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_of_them_are_shown_verified),
	    cmocka_unit_test(what_is_not_as_it_should_be_ends_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
