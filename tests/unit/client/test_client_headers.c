/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of secrets with their headers, from servers that show others than they should. */
#include "ceremony/client/secrets/headers.h"
#include "ceremony/client/sync.h"
#include "ceremony/protocol/message.h"
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

/* What the host signed about the last rotation, shown beside a secret: changed by CHANGE, and signed by it or by nobody. */
static void
change_nothing(struct rotation *rotation)
{
	(void)rotation;
}

static void
change_vault(struct rotation *rotation)
{
	rotation->vault.bytes[0] ^= 1;
}

static void
change_secret(struct rotation *rotation)
{
	rotation->secret.bytes[0] ^= 1;
}

static void
change_header(struct rotation *rotation)
{
	rotation->header.bytes[0] ^= 1;
}

static void
change_new(struct rotation *rotation)
{
	rotation->new = 2;
}

static void
show_rotation(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)blob;
	if (strcmp(op, "secret-find") == 0)
		put_statement(reply, "rotation", &town->release);
}

static enum err_code
look_up(void (*change)(struct rotation *rotation), bool host, struct lookup *ret_lookup,
    struct err *err)
{
	struct town town;
	CLIENT *client = NULL;
	JSON *payload = NULL;
	const struct vault_view *view;

	town_open(&town);
	struct rotation rotation = {.vault = town.vault,
	    .secret = town.items[0].secret,
	    .header = town.items[0].header_hash,
	    .old = 1,
	    .new = 1,
	    .proof = "the host denied it",
	    .time = TOWN_NOW};

	change(&rotation);
	fine(rotation_payload(&rotation, &payload, err), err);
	dsse_done(&town.release);
	fine(statement_new(STATEMENT_ROTATION, false, payload, &town.release, err), err);
	town_sign_host(&town, &town.release);
	if (!host)
		town.release.signatures[0].sig[0] ^= 1;
	town.lie = show_rotation;
	fine(town_connect(&town, TOWN_CISO, &client, err), err);
	fine(client_sync(client, &view, err), err);
	enum err_code code =
	    lookup_with_rotation(client, view, town.items[0].name, ret_lookup, err);

	client_freep(&client);
	town_close(&town);
	return code;
}

static void
the_last_rotation_is_what_the_host_signed_of_this_secret(void **state)
{
	static const struct {
		void (*change)(struct rotation *rotation);
		bool host;
		const char *says;
	} rows[] = {{change_nothing, true, NULL},
	    {change_nothing, false, "statement of its last rotation"},
	    {change_vault, true, "another vault"}, {change_secret, true, "another secret"},
	    {change_header, true, "another header"}, {change_new, true, "is not current yet"}};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		LOOKUP lookup = {0};
		enum err_code code = look_up(rows[i].change, rows[i].host, &lookup, &err);

		if (rows[i].says == NULL) {
			fine(code, &err);
			assert_true(lookup.has_rotation);
			assert_string_equal(lookup.rotation.proof, "the host denied it");
			continue;
		}
		expect_error(code, ERR_INTEGRITY, &err, rows[i].says);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_last_rotation_is_what_the_host_signed_of_this_secret),
	    cmocka_unit_test(all_of_them_are_shown_verified),
	    cmocka_unit_test(what_is_not_as_it_should_be_ends_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
