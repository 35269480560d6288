/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are sent before their replies are read. */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ceremony/client/sync.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/wire.h"
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

/* Whether it is met by writing or by reading is a race. */
static void
a_server_that_went_before_it_was_asked_is_heard_to_the_end(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN); /* as process_harden does */
	for (int speaks = 0; speaks <= 1; speaks++) {
		struct pipeline pipeline = {.fd = -1};
		JSON *request = op_new("status"), *last = op_new("the last word");
		REPLY reply = {0};
		struct err err;
		int ends[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
		if (speaks)
			fine(wire_send(ends[1], last, (struct view){0}, -1, &err), &err);
		close(ends[1]);
		pipeline.fd = ends[0];
		enum err_code code =
		    pipeline_ask(&pipeline, request, (struct view){0}, &reply, &err);
		assert_int_equal(code, speaks ? ERR_OK : ERR_NOT_FOUND);
		pipeline_end(&pipeline);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        what_was_sent_for_is_asked_once_and_forgotten_by_whoever_asks_otherwise),
	    cmocka_unit_test(more_than_can_be_under_way_is_asked_later),
	    cmocka_unit_test(a_server_that_ends_with_requests_under_way_is_told_once),
	    cmocka_unit_test(a_server_that_went_before_it_was_asked_is_heard_to_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
