/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are sent before their replies are read. */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ceremony/client/sync.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/wire.h"
#include "tests/unit/client/town_parts.h"

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

/* ---- a server that is frozen, on a clock that runs SPEED times faster ---- */

static int64_t began, speed; /* 0: as it is */

int64_t __real_process_milliseconds(void);
int64_t __wrap_process_milliseconds(void);
int64_t
__wrap_process_milliseconds(void)
{
	int64_t now = __real_process_milliseconds();

	return began == 0 ? now : began + (now - began) * speed;
}

/* What became of asking OP of somebody who says nothing. */
static enum err_code
ask_frozen(const char *op, struct town *town, struct err *err)
{
	struct pipeline pipeline = {.fd = -1, .who = "vault.example", .ui = &town->ui};
	JSON *request = op_new(op);
	REPLY reply = {0};
	int ends[2];

	town_make_person(town);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	pipeline.fd = ends[0];
	began = __real_process_milliseconds();
	enum err_code code = pipeline_ask(&pipeline, request, (struct view){0}, &reply, err);
	began = 0;
	pipeline_end(&pipeline);
	close(ends[1]);
	return code;
}

static void
a_frozen_server_is_waited_for_with_a_limit_and_words(void **state)
{
	static const struct {
		const char *op, *limit, *told;
		int64_t speed;
	} rows[] = {{"status", "vault.example has not answered for 120 s", "up to 120 s", 300},
	    {"done", "vault.example has not answered for 900 s", "up to 900 s", 1000}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct town town = {0};
		struct err err;

		speed = rows[i].speed;
		assert_int_equal(ask_frozen(rows[i].op, &town, &err), ERR_IO);
		assert_non_null(strstr(err.text, rows[i].limit));
		assert_non_null(strstr(buf_string(&town.screen), rows[i].told));
		buf_done(&town.screen);
	}
}

static void
whoever_goes_on_telling_is_heard_for_longer(void **state)
{
	struct town town = {0};
	struct pipeline pipeline = {.fd = -1, .who = "vault.example", .ui = &town.ui};
	JSON *request = op_new("done"), *progress = json_new_object(), *last = op_new("reply");
	REPLY reply = {0};
	struct err err;
	int ends[2];
	pid_t pid;

	(void)state;
	town_make_person(&town);
	json_put_text(progress, "progress", "it goes on");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	pid = fork();
	if (pid == 0) { /* 3 times 360 seconds */
		for (int i = 0; i < 3; i++) {
			poll(NULL, 0, 1200);
			(void)!wire_send(ends[1], i < 2 ? progress : last, (struct view){0}, -1,
			    &err);
		}
		_exit(0);
	}
	pipeline.fd = ends[0];
	speed = 300;
	began = __real_process_milliseconds();
	assert_int_equal(pipeline_ask(&pipeline, request, (struct view){0}, &reply, &err), ERR_OK);
	began = 0;
	pipeline_end(&pipeline);
	close(ends[1]);
	waitpid(pid, NULL, 0);
	buf_done(&town.screen);
}

static void
an_answer_is_seen_before_it_is_asked_for(void **state)
{
	struct pipeline pipeline = {.fd = -1};
	JSON *last = op_new("reply");
	struct err err;
	int ends[2];

	(void)state;
	assert_true(pipeline_has_answer(&pipeline)); /* that none comes */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	pipeline.fd = ends[0];
	pipeline_ahead(&pipeline, op_new("status"), (struct view){0});
	assert_false(pipeline_has_answer(&pipeline));
	fine(wire_send(ends[1], last, (struct view){0}, -1, &err), &err);
	assert_true(pipeline_has_answer(&pipeline));
	pipeline_end(&pipeline);
	close(ends[1]);
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
	    cmocka_unit_test(a_frozen_server_is_waited_for_with_a_limit_and_words),
	    cmocka_unit_test(whoever_goes_on_telling_is_heard_for_longer),
	    cmocka_unit_test(an_answer_is_seen_before_it_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
