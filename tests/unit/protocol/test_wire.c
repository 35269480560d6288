/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ceremony/protocol/message.h"
#include "ceremony/protocol/wire.h"
#include "tests/lib/expect.h"

/* Two ends of a stream; the reading one gets a deadline, so that no test can hang. */
struct ends {
	int near, far;
};

static void
ends_open(struct ends *ends)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ends->near = pair[0];
	ends->far = pair[1];
}

static void
ends_done(struct ends *ends)
{
	close(ends->near);
	if (ends->far >= 0)
		close(ends->far);
}
#define ENDS CLEANUP(ends_done) struct ends

static int64_t
soon(void)
{
	return process_milliseconds() + 5000;
}

/* What a peer that sends BYTES and closes is answered. */
static enum err_code
receive_bytes(struct view bytes, struct json **ret_json, struct buf *ret_blob, struct err *err)
{
	ENDS ends;

	ends_open(&ends);
	assert_int_equal(write(ends.far, bytes.data, bytes.size), (ssize_t)bytes.size);
	close(ends.far);
	ends.far = -1;
	return wire_receive(ends.near, ret_json, ret_blob, soon(), err);
}

static void
put_frame(struct buf *frame, const char *json, const char *blob)
{
	buf_u32(frame, (uint32_t)strlen(json));
	buf_u32(frame, (uint32_t)strlen(blob));
	buf_text(frame, json);
	buf_text(frame, blob);
}

static void
a_frame_arrives_as_it_was_sent(void **state)
{
	ENDS ends;
	JSON *sent = json_new_object();
	JSON *got = NULL;
	BUF blob = {0};
	struct err err;

	(void)state;
	ends_open(&ends);
	json_put_text(sent, "op", "hello");
	fine(wire_send(ends.far, sent, view_of_text("sealed"), soon(), &err), &err);
	fine(wire_send(ends.far, sent, (struct view){0}, soon(), &err), &err);
	fine(wire_receive(ends.near, &got, &blob, soon(), &err), &err);
	assert_string_equal(json_object_text(got, "op"), "hello");
	assert_string_equal(buf_string(&blob), "sealed");
	json_freep(&got);
	buf_done(&blob);
	fine(wire_receive(ends.near, &got, &blob, soon(), &err), &err);
	assert_int_equal(blob.size, 0);
}

static void
a_clean_end_is_told_from_a_broken_one(void **state)
{
	JSON *got = NULL;
	BUF blob = {0};
	struct err err;

	(void)state;
	expect_error(receive_bytes((struct view){0}, &got, &blob, &err), ERR_NOT_FOUND, &err,
	    "closed");
	assert_null(got);
}

static void
every_truncation_is_refused(void **state)
{
	BUF frame = {0};

	(void)state;
	put_frame(&frame, "{\"op\":\"hello\"}", "blob");
	for (size_t size = 1; size < frame.size; size++) {
		JSON *got = NULL;
		BUF blob = {0};
		struct err err;

		expect_error(receive_bytes(view_of(frame.data, size), &got, &blob, &err),
		    ERR_PROTOCOL, &err, "");
		assert_null(got);
		assert_int_equal(blob.size, 0);
	}
}

static void
sizes_over_the_limits_are_refused_before_a_byte_is_read(void **state)
{
	static const uint32_t sizes[][2] = {{UINT32_MAX, 0}, {UINT32_MAX, UINT32_MAX},
	    {2, UINT32_MAX}, {WIRE_JSON_MAX + 1, 0}, {2, WIRE_BLOB_MAX + 1}, {0, 0}, {0, 5}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ENDS ends;
		JSON *got = NULL;
		BUF prefix = {0};
		BUF blob = {0};
		struct err err;

		/* The sender keeps its end open: a reader that waits for the bytes would hang. */
		ends_open(&ends);
		buf_u32(&prefix, sizes[i][0]);
		buf_u32(&prefix, sizes[i][1]);
		assert_int_equal(write(ends.far, prefix.data, prefix.size), 8);
		expect_error(wire_receive(ends.near, &got, &blob, soon(), &err), ERR_PROTOCOL, &err,
		    "announced a frame");
	}
}

static void
what_is_no_json_object_is_refused(void **state)
{
	static const char *const texts[] = {"[]", "1", "\"x\"", "{", "{}}", "{\"a\":1,\"a\":2}",
	    "{\"a\":1.5}", "SSH-2.0-OpenSSH", "\xff\xff"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		JSON *got = NULL;
		BUF frame = {0};
		BUF blob = {0};
		struct err err;

		put_frame(&frame, texts[i], "");
		expect_error(receive_bytes(buf_view(&frame), &got, &blob, &err), ERR_PROTOCOL, &err,
		    "does not speak");
		assert_null(got);
	}
}

static void
a_login_banner_is_no_frame(void **state)
{
	JSON *got = NULL;
	BUF blob = {0};
	struct err err;

	(void)state;
	expect_error(receive_bytes(view_of_text("Welcome to db1, last login yesterday\n"), &got,
	                 &blob, &err),
	    ERR_PROTOCOL, &err, "does not speak");
}

static void
a_silent_peer_runs_into_the_deadline(void **state)
{
	ENDS ends;
	JSON *got = NULL;
	BUF blob = {0};
	struct err err;

	(void)state;
	ends_open(&ends);
	assert_int_equal(write(ends.far, "\0\0", 2), 2);
	expect_error(wire_receive(ends.near, &got, &blob, process_milliseconds() + 20, &err),
	    ERR_TARGET_UNKNOWN, &err, "in time");
}

static void
a_frame_too_large_is_not_sent(void **state)
{
	ENDS ends;
	JSON *json = json_new_object();
	BUF blob = {0};
	struct err err;
	uint8_t byte;

	(void)state;
	ends_open(&ends);
	assert_non_null(buf_space(&blob, WIRE_BLOB_MAX + 1));
	expect_error(wire_send(ends.far, json, buf_view(&blob), soon(), &err), ERR_INTERNAL, &err,
	    "larger than the protocol allows");
	assert_int_equal(recv(ends.near, &byte, 1, MSG_DONTWAIT), -1);
}

/* ---- parts ---- */

/* A statement of SIZE bytes as a member of a message. */
static void
put_text(struct json *json, size_t size)
{
	BUF text = {0};

	memset(buf_space(&text, size), 'x', size);
	json_put_text(json, "statement", buf_string(&text));
}

struct sending {
	int fd;
	const struct json *json;
	enum err_code code;
	struct err err;
};

static void *
send_it(void *context)
{
	struct sending *sending = context;

	sending->code = wire_send(sending->fd, sending->json, view_of_text("sealed"),
	    process_milliseconds() + 60000, &sending->err);
	return NULL;
}

/* JSON goes there whole, with its blob, and so does what comes after it. */
static void
goes_there(const struct json *json, size_t size)
{
	ENDS ends;
	JSON *got = NULL, *next = NULL;
	BUF blob = {0};
	pthread_t thread;
	struct err err;
	int64_t deadline = process_milliseconds() + 60000;

	ends_open(&ends);
	struct sending sending = {.fd = ends.far, .json = json};
	assert_int_equal(pthread_create(&thread, NULL, send_it, &sending), 0);
	fine(wire_receive(ends.near, &got, &blob, deadline, &err), &err);
	assert_int_equal(pthread_join(thread, NULL), 0);
	fine(sending.code, &sending.err);
	assert_int_equal(strlen(json_object_text(got, "statement")), size);
	assert_string_equal(json_object_text(got, "statement"),
	    json_object_text(json, "statement"));
	assert_string_equal(buf_string(&blob), "sealed");
	blob.size = 0;
	JSON *small = json_new_object();
	fine(wire_send(ends.far, small, (struct view){0}, deadline, &err), &err);
	fine(wire_receive(ends.near, &next, &blob, deadline, &err), &err);
	assert_int_equal(json_object_count(next), 0);
}

/* {"statement":""} is 16 bytes around the text. */
static void
a_message_longer_than_a_frame_goes_in_parts(void **state)
{
	static const size_t sizes[] = {WIRE_JSON_MAX - 17, WIRE_JSON_MAX - 16, WIRE_JSON_MAX - 15,
	    2 * WIRE_JSON_MAX - 16, 2 * WIRE_JSON_MAX - 15, JSON_TEXT_MAX - 16};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		JSON *json = json_new_object();

		put_text(json, sizes[i]);
		goes_there(json, sizes[i]);
	}
}

static void
a_message_over_the_limit_is_not_sent(void **state)
{
	ENDS ends;
	JSON *json = json_new_object();
	struct err err;
	uint8_t byte;

	(void)state;
	ends_open(&ends);
	put_text(json, JSON_TEXT_MAX - 15);
	expect_error(wire_send(ends.far, json, (struct view){0}, soon(), &err), ERR_INVALID, &err,
	    "larger than 17825792 bytes");
	assert_int_equal(recv(ends.near, &byte, 1, MSG_DONTWAIT), -1);
}

/* The envelope with white space to SIZE bytes in all, as a member of a message. */
static enum err_code
read_statement(size_t size, struct err *err)
{
	static const char start[] = "{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[]}";
	BUF text = {0};
	JSON *json = json_new_object();
	DSSE statement = {0};

	buf_text(&text, start);
	memset(buf_space(&text, size - text.size), ' ', size - text.size);
	json_put_text(json, "statement", buf_string(&text));
	struct json_in in = json_in(json, "request", err);
	in_statement(&in, "statement", &statement);
	return json_in_end(&in);
}

static void
a_statement_has_at_most_16_mebibytes(void **state)
{
	struct err err;

	(void)state;
	fine(read_statement(WIRE_JSON_MAX, &err), &err);
	fine(read_statement(WIRE_JSON_MAX + 1, &err), &err);
	fine(read_statement(16 * 1024 * 1024, &err), &err);
	expect_error(read_statement(16 * 1024 * 1024 + 1, &err), ERR_INVALID, &err,
	    "request: statement: must be text of 1 to 16777216 bytes");
}

/* Frames by hand: "1/3" is part 1 of 3, an "x" before it has another message, "." ends them, "?" is
 * another message; "s1/3" is short, "e3/3" empty, "w" the end of a wrong message. */
static void
put_parts(struct buf *frames, const char *const *parts)
{
	BUF piece = {0};
	char hex[2 * DIGEST_SIZE + 1];

	memset(buf_space(&piece, WIRE_BLOB_MAX), '{', WIRE_BLOB_MAX);
	for (; *parts != NULL; parts++) {
		const char *part = *parts;
		bool odd = part[0] < '0' || part[0] > '9';
		char json[200];
		size_t size = part[0] == 's' ? WIRE_BLOB_MAX - 1 :
		    part[0] == 'e'           ? 0 :
		                               WIRE_BLOB_MAX;
		int number = 0, of = 0;

		memset(hex, part[0] == 'x' || part[0] == 'w' ? '8' : '7', sizeof(hex) - 1);
		hex[sizeof(hex) - 1] = '\0';
		if (sscanf(part + odd, "%d/%d", &number, &of) == 2)
			snprintf(json, sizeof(json), "{\"part\":%d,\"of\":%d,\"message\":\"%s\"}",
			    number, of, hex);
		else
			snprintf(json, sizeof(json),
			    part[0] == '?' ? "{\"op\":\"%s\"}" : "{\"message\":\"%s\"}", hex);
		if (of == 0)
			size = 0;
		buf_u32(frames, (uint32_t)strlen(json));
		buf_u32(frames, (uint32_t)size);
		buf_text(frames, json);
		buf_bytes(frames, view_of(piece.data, size));
	}
}

static void
parts_that_do_not_belong_together_are_refused_by_name(void **state)
{
	static const struct {
		const char *parts[6], *cause;
	} rows[] = {
	    {{"2/3"}, "part 2 of 3 of a message came where part 1 was due"},
	    {{"1/3", "3/3"}, "part 3 of 3 of a message came where part 2 was due"},
	    {{"1/3", "2/3", "2/3"}, "part 2 of 3 of a message came twice"},
	    {{"1/3", "2/3", "1/3"}, "part 1 of 3 of a message came twice"},
	    {{"1/2", "2/2", "3/2"}, "part 3 of a message that has 2 came"},
	    {{"1/3", "2/4"}, "part 2 of another message came after part 1 of 3"},
	    {{"1/3", "x2/3"}, "part 2 of another message came after part 1 of 3"},
	    {{"1/3", "2/3", "."}, "a message ended after part 2 of 3"},
	    {{"1/3", "?"}, "something else came after part 1 of 3"},
	    {{"1/2", "2/2", "?"}, "something else came after part 2 of 2"},
	    {{"1/2", "2/2", "w"}, "something else came after part 2 of 2"},
	    {{"1/2", "2/2", "."}, "the parts of a message are not those of it"},
	    {{"1/3"}, "after part 1 of 3 of a message: the other side closed the connection"},
	    {{"1/2", "2/2"},
	        "after part 2 of 2 of a message: the other side closed the connection"},
	    {{"1/1"}, "a message came in 1 parts, which are not 2 to 17"},
	    {{"1/18"}, "a message came in 18 parts, which are not 2 to 17"},
	    {{"s1/2"}, "part 1 of 2 of a message has 1048575 bytes"},
	    {{"1/2", "e2/2"}, "part 2 of 2 of a message has 0 bytes"},
	    {{"0/2"}, "a part of a message: part"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		FD fd = memfd_create("wire", MFD_CLOEXEC);
		JSON *got = NULL;
		BUF frames = {0}, blob = {0};
		struct err err;

		put_parts(&frames, rows[i].parts);
		assert_int_equal(write(fd, frames.data, frames.size), (ssize_t)frames.size);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		expect_error(wire_receive(fd, &got, &blob, soon(), &err), ERR_PROTOCOL, &err,
		    rows[i].cause);
		assert_null(got);
		assert_int_equal(blob.size, 0);
	}
}

/* How long ago it is for whoever asks from outside of base. */
static int64_t *
ago(void)
{
	static int64_t milliseconds;

	return &milliseconds;
}

int64_t __real_process_milliseconds(void);
int64_t __wrap_process_milliseconds(void);

int64_t
__wrap_process_milliseconds(void)
{
	return __real_process_milliseconds() - *ago();
}

/* Part 1 of 3, and no more. */
static void *
send_a_part(void *context)
{
	int *fd = context;
	BUF frames = {0};
	struct err err;

	put_parts(&frames, (const char *const[]){"1/3", NULL});
	if (fd_write(*fd, buf_view(&frames), -1, &err) != ERR_OK)
		*fd = -1;
	return NULL;
}

static void
after_a_part_the_next_frame_has_two_minutes(void **state)
{
	ENDS ends;
	JSON *got = NULL;
	BUF blob = {0};
	pthread_t thread;
	struct err err;

	(void)state;
	ends_open(&ends);
	int far = ends.far;
	assert_int_equal(pthread_create(&thread, NULL, send_a_part, &far), 0);
	*ago() = 2 * 60 * 1000 - 50;
	enum err_code code = wire_receive(ends.near, &got, &blob, -1, &err);
	*ago() = 0;
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(far, ends.far);
	expect_error(code, ERR_PROTOCOL, &err,
	    "after part 1 of 3 of a message: the other side did not answer in time");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_frame_arrives_as_it_was_sent),
	    cmocka_unit_test(a_clean_end_is_told_from_a_broken_one),
	    cmocka_unit_test(every_truncation_is_refused),
	    cmocka_unit_test(sizes_over_the_limits_are_refused_before_a_byte_is_read),
	    cmocka_unit_test(what_is_no_json_object_is_refused),
	    cmocka_unit_test(a_login_banner_is_no_frame),
	    cmocka_unit_test(a_silent_peer_runs_into_the_deadline),
	    cmocka_unit_test(a_frame_too_large_is_not_sent),
	    cmocka_unit_test(a_message_longer_than_a_frame_goes_in_parts),
	    cmocka_unit_test(a_message_over_the_limit_is_not_sent),
	    cmocka_unit_test(a_statement_has_at_most_16_mebibytes),
	    cmocka_unit_test(parts_that_do_not_belong_together_are_refused_by_name),
	    cmocka_unit_test(after_a_part_the_next_frame_has_two_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
