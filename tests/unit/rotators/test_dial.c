/* SPDX-License-Identifier: Apache-2.0 */
/* What is the other side's fault and what is ours, when a connection does not come about. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/process.h"
#include "rotators/ssh/dial.h"
#include "tests/unit/check.h"

enum { ENOUGH = 5000 /* milliseconds */ };

/* A port of loopback at which RET_LISTENER stands, but does not listen yet. */
static unsigned
take_port(int *ret_listener)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	*ret_listener = listener;
	return ntohs(address.sin_port);
}

static void
who_listens_is_reached(void **state)
{
	FD listener = -1, fd = -1;
	unsigned port = take_port(&listener);
	struct err err;

	(void)state;
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(dial("127.0.0.1", port, process_milliseconds() + ENOUGH, &fd, &err),
	    ERR_OK);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
}

static void
who_does_not_listen_is_not_our_fault(void **state)
{
	FD listener = -1, fd = -1;
	unsigned port = take_port(&listener);
	struct err err;

	(void)state;
	assert_int_equal(dial("127.0.0.1", port, process_milliseconds() + ENOUGH, &fd, &err),
	    ERR_TARGET);
	assert_non_null(strstr(err.text, "refused"));
	assert_int_equal(fd, -1);
}

static void
running_out_of_descriptors_is_our_fault(void **state)
{
	FD listener = -1, fd = -1;
	unsigned port = take_port(&listener);
	struct rlimit before, none;
	struct err err;

	(void)state;
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_cur = (rlim_t)listener + 1, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	enum err_code code = dial("127.0.0.1", port, process_milliseconds() + ENOUGH, &fd, &err);

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(code, ERR_IO);
	assert_non_null(strstr(err.text, "socket"));
}

static void
a_name_without_an_address_may_be_the_name_servers_silence(void **state)
{
	FD fd = -1;
	struct err err;

	(void)state;
	assert_int_equal(dial("name.invalid", 22, process_milliseconds() + ENOUGH, &fd, &err),
	    ERR_TARGET);
	assert_non_null(strstr(err.text, "no address of name.invalid was found"));
	assert_non_null(strstr(err.text, "no name server answered"));
}

static void
a_wait_that_nobody_wants_ends(void **state)
{
	struct err err;
	int ends[2], ours = dup(STDOUT_FILENO);

	(void)state;
	assert_int_equal(dial_check(process_milliseconds() + ENOUGH, &err), ERR_OK);
	assert_int_equal(dial_check(process_milliseconds(), &err), ERR_TARGET_UNKNOWN);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
	close(ends[0]);
	enum err_code code = dial_check(process_milliseconds() + ENOUGH, &err);
	enum err_code waited = dial_wait(ours, POLLIN, process_milliseconds() + ENOUGH, &err);

	assert_int_equal(dup2(ours, STDOUT_FILENO), STDOUT_FILENO);
	close(ends[1]);
	close(ours);
	assert_int_equal(code, ERR_WAITING);
	assert_int_equal(waited, ERR_WAITING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_listens_is_reached),
	    cmocka_unit_test(who_does_not_listen_is_not_our_fault),
	    cmocka_unit_test(running_out_of_descriptors_is_our_fault),
	    cmocka_unit_test(a_name_without_an_address_may_be_the_name_servers_silence),
	    cmocka_unit_test(a_wait_that_nobody_wants_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
