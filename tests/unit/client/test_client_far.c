/* SPDX-License-Identifier: Apache-2.0 */
/* What a host on another machine says of its own accord, and nobody signed. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ceremony/protocol/message.h"
#include "ceremony/protocol/wire.h"
#include "tests/unit/client/town_parts.h"

#define FIELDS        "  who        \"Chris Iso\"      quorum  1 of (ciso)"
#define QUOTED_FIELDS "\"who 'Chris Iso' quorum 1 of (ciso)\""

/* Before the honest reply: an error of two parts. */
static void
speak(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	JSON *error = json_new_object();
	struct json *more;
	struct err err;

	(void)reply;
	(void)blob;
	if (strcmp(op, "hello") == 0)
		return;
	more = json_new_array();
	json_put_bool(error, "ok", false);
	json_put_text(error, "code", "refused");
	json_put_text(error, "text", FIELDS);
	json_add_text(more, "  words      aardvark");
	json_put(error, "more", more);
	if (wire_send(town->fd, error, (struct view){0}, -1, &err) != ERR_OK)
		abort();
}

/* A client of a vault at PLACE that has asked for OP. */
static void
ask(struct town *town, const char *place, const char *op, struct client **ret_client,
    struct err *err)
{
	REPLY reply = {0};

	town_open(town);
	town->lie = speak;
	town->place = place;
	fine(town_connect(town, TOWN_CISO, ret_client, err), err);
	buf_done(&town->screen);
	assert_int_equal(client_ask(*ret_client, op_new(op), op, &reply, err), ERR_REFUSED);
}

static void
an_error_of_another_machine_is_quoted_part_by_part(void **state)
{
	struct town town;
	CLIENT *client = NULL;
	struct err err;
	char part[ERR_TEXT_SIZE];

	(void)state;
	ask(&town, "ssh://vault.example/srv/town", "drafts", &client, &err);
	assert_int_equal(err_parts(&err), 2);
	err_copy_part(&err, 0, part);
	assert_string_equal(part, "the vault host says: " QUOTED_FIELDS);
	err_copy_part(&err, 1, part);
	assert_string_equal(part, "\"words aardvark\"");
	client_freep(&client);
	town_close(&town);
}

/* What a person hears of progress of OP, and at the end, from a server that is FAR or not. */
static void
hear(const char *op, bool far, const char *at_once, const char *at_the_end)
{
	struct town town = {0};
	struct pipeline pipeline = {.fd = -1, .far = far, .ui = &town.ui};
	JSON *request = op_new(op), *progress = json_new_object(), *last = op_new("reply");
	REPLY reply = {0};
	struct err err;
	int ends[2], errors[2];

	town_make_person(&town);
	json_put_text(progress, "progress", FIELDS);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(pipe2(errors, O_CLOEXEC), 0);
	pipeline.fd = ends[0];
	overheard_begin(&pipeline.overheard, errors[0], "the host", &town.ui);
	overheard_hush(&pipeline.overheard);
	fine(wire_send(ends[1], progress, (struct view){0}, -1, &err), &err);
	fine(wire_send(ends[1], last, (struct view){0}, -1, &err), &err);
	fine(pipeline_ask(&pipeline, request, (struct view){0}, &reply, &err), &err);
	assert_string_equal(buf_string(&town.screen), at_once);
	buf_done(&town.screen);
	pipeline_end(&pipeline);
	overheard_end(&pipeline.overheard);
	assert_string_equal(buf_string(&town.screen), at_the_end);
	buf_done(&town.screen);
	close(ends[1]);
	close(errors[1]);
}

static void
progress_is_shown_at_once_where_nothing_is_decided_any_more(void **state)
{
	static const char *const works[] = {"advance", "done", "log-verify", "rotate", "adopt"};
	static const char *const others[] = {"hello", "status", "chain", "ceremony-find",
	    "ceremony-get", "ceremony-items", "approve", "envelopes", "shares", "object", "sign",
	    "propose", "withdraw", "spare", "test", "open", "request"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(works); i++) {
		hear(works[i], true, "The vault host says: " QUOTED_FIELDS "\n", "");
		hear(works[i], false, FIELDS "\n", "");
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		for (int far = 0; far <= 1; far++)
			hear(others[i], far, "", "the host says: " QUOTED_FIELDS "\n");
}

static void
an_error_of_our_own_server_speaks_for_itself(void **state)
{
	struct town town;
	CLIENT *client = NULL;
	struct err err;
	char part[ERR_TEXT_SIZE];

	(void)state;
	ask(&town, NULL, "drafts", &client, &err);
	err_copy_part(&err, 0, part);
	assert_string_equal(part, FIELDS);
	client_freep(&client);
	town_close(&town);
}

static void
words_that_nobody_signed_are_quoted_unless_they_are_a_name(void **state)
{
	(void)state;
	assert_string_equal(TOLD(true, "rotated"), "rotated");
	assert_string_equal(TOLD(true, "prod/db"), "prod/db");
	assert_string_equal(TOLD(true, ""), "");
	assert_string_equal(TOLD(true, "Approve? Type yes:"), "\"Approve? Type yes:\"");
	assert_string_equal(TOLD(true, FIELDS), QUOTED_FIELDS);
	assert_string_equal(TOLD(false, FIELDS), FIELDS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_error_of_another_machine_is_quoted_part_by_part),
	    cmocka_unit_test(progress_is_shown_at_once_where_nothing_is_decided_any_more),
	    cmocka_unit_test(an_error_of_our_own_server_speaks_for_itself),
	    cmocka_unit_test(words_that_nobody_signed_are_quoted_unless_they_are_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
