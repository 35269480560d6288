/* SPDX-License-Identifier: Apache-2.0 */
/* What the vault and the starter say to each other. */
#include "rotators/contract/start.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/process.h"
#include "tests/unit/check.h"

struct pair {
	int vault, starter;
};

static int
set_up(void **state)
{
	static struct pair pair;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return 1;
	pair = (struct pair){ends[0], ends[1]};
	*state = &pair;
	return 0;
}

static int
tear_down(void **state)
{
	struct pair *pair = *state;

	fd_closep(&pair->vault);
	fd_closep(&pair->starter);
	return 0;
}

static int64_t
soon(void)
{
	return process_milliseconds() + 200;
}

static void
a_wish_comes_over_as_it_was_with_its_descriptors(void **state)
{
	const struct pair *pair = *state;
	START_MESSAGE said = {.rotator = "exec",
	    .hash = {{1, 2}},
	    .command = "/etc/halligan/programs/rotate",
	    .command_hash = {{3}},
	    .needs = {.account = "mail", .socket = "/run/x", .capabilities = NEEDS_CHOWN},
	    .hidden = {"/srv/vault"},
	    .hidden_count = 1,
	    .seconds = 60,
	    .fds = {dup(0), dup(0), -1, dup(0), dup(0), -1}};
	START_MESSAGE heard = {.fds = {-1, -1, -1, -1, -1, -1}};
	struct err err;

	assert_ok(needs_add(&said.needs, "/srv/a", false, &err));
	assert_ok(needs_add(&said.needs, "/srv/b", true, &err));
	assert_ok(start_ask(pair->vault, &said, soon(), &err));
	assert_ok(start_hear(pair->starter, soon(), &heard, &err));
	assert_string_equal(heard.rotator, "exec");
	assert_memory_equal(heard.hash.bytes, said.hash.bytes, DIGEST_SIZE);
	assert_string_equal(heard.command, said.command);
	assert_memory_equal(heard.command_hash.bytes, said.command_hash.bytes, DIGEST_SIZE);
	assert_string_equal(heard.needs.account, "mail");
	assert_string_equal(heard.needs.socket, "/run/x");
	assert_int_equal(heard.needs.capabilities, NEEDS_CHOWN);
	assert_int_equal(heard.needs.count, 2);
	assert_true(heard.needs.paths[1].changes);
	assert_string_equal(heard.hidden[0], "/srv/vault");
	assert_int_equal(heard.seconds, 60);
	for (int i = 0; i < START_FDS; i++) {
		assert_int_equal(heard.fds[i] >= 0, said.fds[i] >= 0);
		if (heard.fds[i] >= 0) /* a program that is executed gets none by accident */
			assert_int_equal(fcntl(heard.fds[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	}
}

/* TEXT with COUNT descriptors. */
static void
send_raw(int socket, const char *text, unsigned count)
{
	struct iovec part = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(16 * sizeof(int))];
	} control = {0};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	int fds[16];

	for (unsigned i = 0; i < count; i++)
		fds[i] = 0;
	if (count > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);

		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	}
	assert_true(sendmsg(socket, &message, MSG_NOSIGNAL) >= 0);
}

#define HASH "\"hash\":\"0000000000000000000000000000000000000000000000000000000000000000\""
#define REST                                                                                       \
	"\"reads\":[],\"changes\":[],\"network\":true,\"hidden\":[],\"seconds\":9,"                \
	"\"capabilities\":[],\"values\":[]"

static int
open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void
whatever_else_is_said_is_refused_and_leaves_no_descriptor(void **state)
{
	const struct pair *pair = *state;
	static const struct {
		const char *text;
		unsigned fds;
	} wrong[] = {
	    {"x", 0},
	    {"{}", 0},
	    {"{\"tell\":false}", 0},
	    {"{\"tell\":true}", 1},
	    {"{\"tell\":true,\"start\":{}}", 0},
	    {"{\"start\":{}}", 2},
	    {"{\"start\":{\"rotator\":\"x\"," HASH ",\"own\":false," REST "}}", 0},
	    {"{\"start\":{\"rotator\":\"x\"," HASH ",\"own\":false," REST "}}", 1},
	    {"{\"start\":{\"rotator\":\"x\"," HASH ",\"own\":false," REST "}}", 3},
	    {"{\"start\":{\"rotator\":\"x\"," HASH ",\"own\":false," REST "}}", 12},
	    {"{\"start\":{\"rotator\":\"x\"," HASH ",\"own\":false,\"argv\":[]," REST "}}", 2},
	    {"{\"start\":{\"rotator\":\"x\"," HASH ",\"own\":false,\"uid\":0," REST "}}", 2},
	    {"{\"start\":{\"rotator\":\"x\"," HASH ",\"own\":false,\"command\":\"/x\"," REST "}}",
	        2},
	    {"{\"start\":{\"rotator\":\"x\"," HASH ",\"own\":false," REST ",\"reads\":[\"../x\"]}}",
	        2},
	};
	int before = open_descriptors();

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		START_MESSAGE heard = {.fds = {-1, -1, -1, -1, -1, -1}};
		struct err err;

		send_raw(pair->vault, wrong[i].text, wrong[i].fds);
		if (start_hear(pair->starter, soon(), &heard, &err) == ERR_OK)
			fail_msg("taken: %s with %u descriptors", wrong[i].text, wrong[i].fds);
		assert_int_equal(open_descriptors(), before);
	}
}

static void
a_refusal_is_the_starters_error_in_its_words(void **state)
{
	const struct pair *pair = *state;
	struct err err;

	assert_ok(start_answer(pair->starter, ERR_REFUSED, "root does not list it", &err));
	assert_error(ERR_REFUSED, start_await(pair->vault, soon(), &err));
	assert_says("root does not list it");
	assert_ok(start_answer(pair->starter, ERR_OK, "", &err));
	assert_ok(start_await(pair->vault, soon(), &err));
	send_raw(pair->starter, "{\"refused\":{\"code\":\"ok\",\"text\":\"x\"}}", 0);
	assert_error(ERR_PROTOCOL, start_await(pair->vault, soon(), &err));
	send_raw(pair->starter, "{\"started\":false}", 0);
	assert_error(ERR_INVALID, start_await(pair->vault, soon(), &err));
}

static void
how_it_ended_and_what_holds_come_over(void **state)
{
	const struct pair *pair = *state;
	const struct start_ended killed = {START_KILLED, 9};
	const struct start_holds holds = {ISOLATION_SUB_UID, "alice", 2};
	struct start_ended ended;
	struct start_holds held;
	struct err err;

	assert_ok(start_end(pair->starter, &killed, &err));
	assert_ok(start_await_end(pair->vault, soon(), &ended, &err));
	assert_int_equal(ended.how, START_KILLED);
	assert_int_equal(ended.number, 9);
	assert_ok(start_tell(pair->starter, &holds, &err));
	assert_ok(start_await_holds(pair->vault, soon(), &held, &err));
	assert_int_equal(held.isolation, ISOLATION_SUB_UID);
	assert_string_equal(held.account, "alice");
	assert_int_equal(held.landlock, 2);
	assert_error(ERR_TARGET_UNKNOWN, start_await_end(pair->vault, soon(), &ended, &err));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_wish_comes_over_as_it_was_with_its_descriptors),
	    CASE(whatever_else_is_said_is_refused_and_leaves_no_descriptor),
	    CASE(a_refusal_is_the_starters_error_in_its_words),
	    CASE(how_it_ended_and_what_holds_come_over),
	};

	return cmocka_run_group_tests_name("start", tests, NULL, NULL);
}
