/* SPDX-License-Identifier: Apache-2.0 */
/* What is heard beside a connection, from people who want more than to be heard. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ceremony/client/pipeline.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/wire.h"
#include "tests/unit/check.h"

#define MARK "the host says: "

/* A pipe with somebody at its end, and what was told of them. */
struct room {
	struct overheard overheard;
	struct ui ui;
	int speaker;
	struct buf told;
};

static void
relay(void *context, const char *line)
{
	struct room *room = context;

	buf_text(&room->told, line);
	buf_u8(&room->told, '\n');
}

static void
room_open(struct room *room)
{
	int ends[2];

	*room = (struct room){.ui = {.context = room, .relay = relay}};
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	room->speaker = ends[1];
	overheard_begin(&room->overheard, ends[0], "the host", &room->ui);
}

static void
room_done(struct room *room)
{
	fd_closep(&room->speaker);
	overheard_end(&room->overheard);
	buf_done(&room->told);
}
#define ROOM CLEANUP(room_done) struct room

static void
says(struct room *room, const char *text)
{
	assert_int_equal(write(room->speaker, text, strlen(text)), strlen(text));
	overheard_hear(&room->overheard);
}

/* What was told since the last time is exactly TEXT. */
static void
is_told(struct room *room, const char *text)
{
	assert_string_equal(buf_string(&room->told), text);
	buf_done(&room->told);
}

static void
a_line_is_told_as_it_comes_until_the_server_has_greeted(void **state)
{
	ROOM room;

	(void)state;
	room_open(&room);
	says(&room, "Confirm user presence");
	is_told(&room, "");
	says(&room, " for key\n");
	is_told(&room, MARK "\"Confirm user presence for key\"\n");
	overheard_hush(&room.overheard);
	says(&room, "a second\nand a third\n");
	is_told(&room, "");
	overheard_tell(&room.overheard);
	is_told(&room, MARK "\"a second\"\n" MARK "\"and a third\"\n");
	says(&room, "a fourth, without an end");
	overheard_tell(&room.overheard);
	is_told(&room, "");
	overheard_end(&room.overheard);
	is_told(&room, MARK "\"a fourth, without an end\"\n");
}

static void
whatever_it_is_it_is_plain_and_stays_within_its_mark(void **state)
{
	static const struct {
		const char *said, *told;
	} rows[] = {
	    {"\033[2J\033[H\n", MARK "\"?[2J?[H\"\n"},
	    {"\033]0;title\007\n", MARK "\"?]0;title?\"\n"},
	    {"one\rtwo\r\n", MARK "\"one\"\n" MARK "\"two\"\n"},
	    {"\xc2\x9b"
	     "2J \x9b"
	     "2J\n",
	        MARK "\"?2J ?2J\"\n"},
	    {"a \xe2\x80\xae b \xe2\x81\xa6 c\n", MARK "\"a ? b ? c\"\n"},
	    {"\xff\xfe half \xe2\x80\n", MARK "\"?? half ?\"\n"},
	    {"  who        Chris Iso (seat ciso)\n", MARK "\"who Chris Iso (seat ciso)\"\n"},
	    {"  secret     \"x\" and \"y\n", MARK "\"secret 'x' and 'y\"\n"},
	    {"\n\r\n   \n", ""},
	    {"%s%n\n", MARK "\"%s%n\"\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ROOM room;

		room_open(&room);
		says(&room, rows[i].said);
		is_told(&room, rows[i].told);
		overheard_hush(&room.overheard);
		says(&room, rows[i].said);
		is_told(&room, "");
		overheard_tell(&room.overheard);
		is_told(&room, rows[i].told);
	}
}

static void
a_zero_byte_hides_nothing_behind_it(void **state)
{
	ROOM room;

	(void)state;
	room_open(&room);
	assert_int_equal(write(room.speaker, "a\0b\n", 4), 4);
	overheard_hear(&room.overheard);
	is_told(&room, MARK "\"a?b\"\n");
}

static void
a_long_line_is_cut_where_a_letter_ends_and_what_is_left_out_is_counted(void **state)
{
	(void)state;
	for (size_t before = 0; before < 4; before++) {
		ROOM room;
		BUF line = {0}, wanted = {0};

		room_open(&room);
		for (size_t i = 0; i < before; i++)
			buf_u8(&line, 'x');
		for (size_t i = 0; i < 10240; i++)
			buf_text(&line, "\xe2\x82\xac");
		buf_u8(&line, '\n');
		says(&room, buf_string(&line));
		const char *told = buf_string(&room.told);
		assert_memory_equal(told, MARK "\"", strlen(MARK) + 1);
		assert_null(strchr(told, '?'));
		assert_true(strlen(told) <= strlen(MARK) + OVERHEARD_LINE + sizeof("\"...\"\n"));
		assert_non_null(strstr(told, "...\"\n"));
		buf_done(&room.told);
		overheard_tell(&room.overheard);
		buf_format(&wanted, "the host said more: %zu bytes that are not shown.\n",
		    line.size - 1 - OVERHEARD_LINE);
		is_told(&room, buf_string(&wanted));
		overheard_tell(&room.overheard);
		is_told(&room, "");
	}
}

static size_t
count(const char *text, const char *what)
{
	size_t found = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		found++;
	return found;
}

static void
of_many_lines_the_last_are_kept_and_of_those_at_once_the_first(void **state)
{
	ROOM room;
	char line[40];

	(void)state;
	room_open(&room);
	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "line %d\n", i);
		says(&room, line);
	}
	assert_int_equal(count(buf_string(&room.told), MARK), OVERHEARD_ALOUD);
	assert_non_null(strstr(buf_string(&room.told), "\"line 0\""));
	buf_done(&room.told);
	overheard_tell(&room.overheard);
	assert_int_equal(count(buf_string(&room.told), MARK), OVERHEARD_KEPT);
	assert_non_null(strstr(buf_string(&room.told), "\"line 999\""));
	assert_non_null(strstr(buf_string(&room.told), "the host said more: "));
}

static void
the_last_words_stand_in_the_error(void **state)
{
	ROOM room;
	struct err err;

	(void)state;
	room_open(&room);
	err_set(&err, ERR_PROTOCOL, "it ended");
	overheard_explain(&room.overheard, &err);
	assert_string_equal(err.text, "it ended");
	says(&room, "first\nPermission denied\033[2J");
	fd_closep(&room.speaker);
	overheard_finish(&room.overheard, process_milliseconds() + 10000);
	assert_int_equal(overheard_explain(&room.overheard, &err), ERR_PROTOCOL);
	assert_non_null(strstr(err.text, "The last words of the host: \"Permission denied?[2J\""));
}

static void
who_keeps_the_pipe_open_is_waited_for_until_the_deadline(void **state)
{
	ROOM room;
	int64_t began = process_milliseconds();

	(void)state;
	room_open(&room);
	overheard_finish(&room.overheard, began + 30);
	assert_true(process_milliseconds() >= began + 30);
}

/* ---- beside frames ---- */

/* Writes to standard error without end, and to the socket a frame in two halves between. */
static _Noreturn void
be_loud(int socket, int errors)
{
	static uint8_t block[65536];
	JSON *reply = op_new("reply");
	BUF text = {0}, frame = {0};
	struct err err;

	memset(block, 'x', sizeof(block));
	signal(SIGPIPE, SIG_DFL);
	if (json_encode(reply, &text, &err) != ERR_OK)
		abort();
	buf_u32(&frame, (uint32_t)text.size);
	buf_u32(&frame, 0);
	buf_bytes(&frame, buf_view(&text));
	for (size_t half = 0; half < 2; half++) {
		size_t from = half * 5, size = half == 0 ? 5 : frame.size - 5;

		for (int i = 0; i < 160; i++) /* 10 MiB */
			if (write(errors, block, sizeof(block)) < 0)
				_exit(1);
		if (write(socket, frame.data + from, size) < 0)
			_exit(1);
	}
	while (write(errors, block, sizeof(block)) > 0)
		continue;
	_exit(1);
}

static void
a_reply_comes_through_though_somebody_speaks_without_end(void **state)
{
	struct room room;
	struct pipeline pipeline = {.fd = -1};
	JSON *request = op_new("status");
	struct err err;
	int sockets[2], errors[2];

	(void)state;
	room = (struct room){.ui = {.context = &room, .relay = relay}, .speaker = -1};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	assert_int_equal(pipe2(errors, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(errors[0]);
		close(sockets[0]);
		be_loud(sockets[1], errors[1]);
	}
	close(sockets[1]);
	close(errors[1]);
	pipeline.fd = sockets[0];
	overheard_begin(&pipeline.overheard, errors[0], "the host", &room.ui);
	{
		REPLY reply = {0};

		assert_ok(pipeline_ask(&pipeline, request, (struct view){0}, &reply, &err));
		assert_string_equal(json_object_text(reply.json, "op"), "reply");
	}
	pipeline_end(&pipeline);
	overheard_end(&pipeline.overheard);
	assert_int_equal(count(buf_string(&room.told), MARK), 1);
	assert_true(room.told.size < 1024);
	assert_non_null(strstr(buf_string(&room.told), "bytes that are not shown"));
	room_done(&room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_is_told_as_it_comes_until_the_server_has_greeted),
	    cmocka_unit_test(whatever_it_is_it_is_plain_and_stays_within_its_mark),
	    cmocka_unit_test(a_zero_byte_hides_nothing_behind_it),
	    cmocka_unit_test(
	        a_long_line_is_cut_where_a_letter_ends_and_what_is_left_out_is_counted),
	    cmocka_unit_test(of_many_lines_the_last_are_kept_and_of_those_at_once_the_first),
	    cmocka_unit_test(the_last_words_stand_in_the_error),
	    cmocka_unit_test(who_keeps_the_pipe_open_is_waited_for_until_the_deadline),
	    cmocka_unit_test(a_reply_comes_through_though_somebody_speaks_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
