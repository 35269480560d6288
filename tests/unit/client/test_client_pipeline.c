/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are sent before their replies are read. */
#include "ceremony/client/sync.h"
#include "tests/unit/client/town.h"

static size_t chains;

static void
count_chains(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)town;
	(void)reply;
	(void)blob;
	chains += strcmp(op, "chain") == 0;
}

static void
what_was_sent_for_is_asked_once_and_forgotten_by_whoever_asks_otherwise(void **state)
{
	struct town town;
	CLIENT *client = NULL;
	const struct vault_view *view;
	struct err err;

	(void)state;
	chains = 0;
	town_open(&town);
	town.lie = count_chains;
	fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
	client_foresee_sync(client);
	fine(client_sync(client, &view, &err), &err);
	assert_int_equal(chains, 1);
	client_foresee_sync(client);
	fine(client_greet(client, &err), &err);
	fine(client_sync(client, &view, &err), &err);
	assert_int_equal(chains, 3);
	client_freep(&client);
	town_close(&town);
}

static void
more_than_can_be_under_way_is_asked_later(void **state)
{
	struct town town;
	CLIENT *client = NULL;
	const struct vault_view *view;
	struct err err;

	(void)state;
	chains = 0;
	town_open(&town);
	town.lie = count_chains;
	fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
	for (int i = 0; i < 2 * PIPELINE_MAX; i++)
		client_foresee_sync(client);
	fine(client_sync(client, &view, &err), &err);
	fine(client_greet(client, &err), &err);
	client_freep(&client);
	town_close(&town);
	assert_int_equal(chains, PIPELINE_MAX);
}

static void
a_server_that_ends_with_requests_under_way_is_told_once(void **state)
{
	struct town town;
	CLIENT *client = NULL;
	const struct vault_view *view;
	struct err err;

	(void)state;
	town_open(&town);
	town.rude_at = "chain";
	town.rude = TOWN_HALF;
	fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
	for (int i = 0; i < 3; i++)
		client_foresee_sync(client);
	expect_error(client_sync(client, &view, &err), ERR_PROTOCOL, &err, "");
	expect_error(client_sync(client, &view, &err), ERR_PROTOCOL, &err, "broken");
	client_freep(&client);
	town_close(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        what_was_sent_for_is_asked_once_and_forgotten_by_whoever_asks_otherwise),
	    cmocka_unit_test(more_than_can_be_under_way_is_asked_later),
	    cmocka_unit_test(a_server_that_ends_with_requests_under_way_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
