/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
