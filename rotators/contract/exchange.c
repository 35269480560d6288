/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values wait in pipes from the start.  A pipe that is too small for a value is enlarged (the
 * kernel's 64 KiB are less than an encoded credential can have), so that no side waits for the
 * other.  What the rotator writes on descriptor 5 is drained while its answer is awaited.
 */
#include "rotators/contract/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/credential.h"
#include "base/process.h"
#include "rotators/contract/contract.h"
#include "rotators/contract/executable.h"

enum { PIPE_SIZE = 128 * 1024, GRACE_MILLISECONDS = 2000, TELL_MILLISECONDS = 500 };

static enum err_code
make_pipe(int *ret_read, int *ret_write, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(err, ERR_IO, errno, "making a pipe to the rotator");
	*ret_read = ends[0];
	*ret_write = ends[1];
	return ERR_OK;
}

/* A pipe that holds VALUE whole, with its writing end closed. */
static enum err_code
make_value_pipe(const struct secret *value, int *ret_read, struct err *err)
{
	FD write_end = -1;
	int size = (int)secret_size(value);

	TRY(make_pipe(ret_read, &write_end, err));
	if (fcntl(write_end, F_GETPIPE_SZ) < size &&
	    fcntl(write_end, F_SETPIPE_SZ, PIPE_SIZE) < size)
		return err_errno(err, ERR_IO, errno,
		    "making room for %d bytes in a pipe (see /proc/sys/fs/pipe-user-pages-soft)",
		    size);
	return secret_write_fd(value, write_end, err);
}

static enum err_code
make_generated_pipe(struct exchange *exchange, int *ret_write, struct err *err)
{
	TRY(make_pipe(&exchange->generated_fd, ret_write, err));
	if (fcntl(exchange->generated_fd, F_SETFL, O_NONBLOCK) != 0)
		return err_errno(err, ERR_IO, errno, "preparing the pipe for a new value");
	return secret_new(CREDENTIAL_ENCODED_MAX, &exchange->generated, err);
}

/* A pipe for VALUE, unless there is none. */
static enum err_code
give_value(const struct secret *value, int *ret_read, struct err *err)
{
	return value == NULL ? ERR_OK : make_value_pipe(value, ret_read, err);
}

/* The ends of all pipes that the rotator gets. */
struct given {
	int requests, answers, current, next, generated, via; /* -1: none */
};

static void
given_done(struct given *given)
{
	fd_closep(&given->requests);
	fd_closep(&given->answers);
	fd_closep(&given->current);
	fd_closep(&given->next);
	fd_closep(&given->generated);
	fd_closep(&given->via);
}

static enum err_code
make_pipes(struct exchange *exchange, const struct exchange_start *start, struct given *given,
    struct err *err)
{
	TRY(make_pipe(&given->requests, &exchange->requests, err));
	TRY(make_pipe(&exchange->answers, &given->answers, err));
	TRY(give_value(start->current, &given->current, err));
	TRY(give_value(start->next, &given->next, err));
	TRY(give_value(start->via, &given->via, err));
	return start->next == NULL ? make_generated_pipe(exchange, &given->generated, err) : ERR_OK;
}

static enum err_code
run_as_child(struct exchange *exchange, const struct exchange_start *start,
    const struct given *given, struct err *err)
{
	static const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
	    NULL};
	const char *const argv[] = {start->name, NULL};
	const struct process_spawn spawn = {.path = EXECUTABLE_PATH,
	    .name = start->name,
	    .argv = argv,
	    .env = env,
	    .fds = {given->requests, given->answers, start->errors, given->current, given->next,
	        given->generated, given->via, start->executable, start->program}};

	return process_start(&spawn, &exchange->pid, err);
}

/* The descriptors stay ours. */
static enum err_code
run_isolated(struct exchange *exchange, const struct exchange_start *start,
    const struct given *given, struct err *err)
{
	static const int none[START_FDS] = {-1, -1, -1, -1, -1, -1};
	struct start_message *message = start->isolated;

	message->fds[START_REQUESTS] = given->requests;
	message->fds[START_ANSWERS] = given->answers;
	message->fds[START_CURRENT] = given->current;
	message->fds[START_NEXT] = given->next;
	message->fds[START_GENERATED] = given->generated;
	message->fds[START_VIA] = given->via;
	enum err_code code = starter_start(start->places, message, &exchange->starter, err);

	memcpy(message->fds, none, sizeof(none));
	return code;
}

enum err_code
exchange_start(struct exchange *exchange, const struct exchange_start *start, struct err *err)
{
	CLEANUP(given_done) struct given given = {-1, -1, -1, -1, -1, -1};

	TRY(make_pipes(exchange, start, &given, err));
	return start->isolated != NULL ? run_isolated(exchange, start, &given, err) :
	                                 run_as_child(exchange, start, &given, err);
}

static int64_t
deadline_of(const struct exchange *exchange)
{
	return process_milliseconds() + (int64_t)exchange->seconds * 1000;
}

/* How it ended, where its starter tells soon. */
static void
say_end(struct exchange *exchange, struct err *err)
{
	static const char *const how[] = {"exited with status", "was killed by signal",
	    "was ended at its deadline, by signal"};
	struct start_ended ended = {START_EXITED, -1};

	if (exchange->starter.reached &&
	    starter_await(&exchange->starter, process_milliseconds() + TELL_MILLISECONDS, &ended) &&
	    ended.number >= 0)
		(void)err_part(err, "It %s %d", how[ended.how], ended.number);
}

/* One that has ended is met by writing or by reading: the same is said of it. */
static enum err_code
say_silent(struct exchange *exchange, enum err_code code, const struct err *cause, struct err *err)
{
	(void)err_set(err, code, "the rotator gave no whole answer: %s", cause->text);
	say_end(exchange, err);
	return code;
}

/* What it says before it is asked would be taken for the answer. */
static enum err_code
check_silence(const struct exchange *exchange, struct err *err)
{
	struct pollfd fd = {.fd = exchange->answers, .events = POLLIN};

	if (poll(&fd, 1, 0) > 0 && (fd.revents & POLLIN) != 0)
		return err_set(err, ERR_PROTOCOL, "the rotator said what it was not asked");
	return ERR_OK;
}

enum err_code
exchange_send(struct exchange *exchange, const struct json *line, struct err *err)
{
	BUF text = {0};
	struct err cause;

	TRY(check_silence(exchange, err));
	TRY(json_encode(line, &text, err));
	buf_u8(&text, '\n');
	TRY(buf_check(&text, err));
	enum err_code code =
	    fd_write(exchange->requests, buf_view(&text), deadline_of(exchange), &cause);
	return code == ERR_OK ? ERR_OK : say_silent(exchange, code, &cause, err);
}

void
exchange_end(struct exchange *exchange)
{
	fd_closep(&exchange->requests);
	fd_closep(&exchange->answers);
	fd_closep(&exchange->generated_fd);
	int64_t grace = process_milliseconds() + GRACE_MILLISECONDS;
	struct start_ended ended;

	if (exchange->starter.reached)
		(void)starter_await(&exchange->starter, grace, &ended);
	starter_end(&exchange->starter);
	if (exchange->pid == 0)
		return;
	(void)process_await(exchange->pid, grace);
	process_kill(exchange->pid);
	exchange->pid = 0;
}

/* Take what waits on descriptor 5; close it at its end. */
static enum err_code
drain_generated(struct exchange *exchange, struct err *err)
{
	struct secret *value = exchange->generated;
	uint8_t extra;

	for (;;) {
		size_t size = secret_size(value), room = secret_capacity(value) - size;
		uint8_t *at = room > 0 ? secret_data(value) + size : &extra;
		ssize_t got = read(exchange->generated_fd, at, room > 0 ? room : 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return ERR_OK;
		if (got < 0)
			return err_errno(err, ERR_IO, errno, "reading the generated value");
		if (got == 0) {
			fd_closep(&exchange->generated_fd);
			return ERR_OK;
		}
		if (room == 0)
			return err_set(err, ERR_PROTOCOL,
			    "the rotator wrote more than a credential can have");
		TRY(secret_resize(value, size + (size_t)got, err));
	}
}

/* Wait for the answer's first byte or its end, and drain descriptor 5 meanwhile. */
static enum err_code
await_answer(struct exchange *exchange, int64_t deadline, struct err *err)
{
	for (;;) {
		struct pollfd fds[] = {{.fd = exchange->answers, .events = POLLIN},
		    {.fd = exchange->generated_fd, .events = POLLIN}};
		int64_t left = deadline - process_milliseconds();
		int ready = left <= 0 ? 0 : poll(fds, ARRAY_SIZE(fds), (int)left);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0)
			return err_errno(err, ERR_IO, errno, "waiting for the rotator");
		if (ready == 0)
			return err_set(err, ERR_TARGET_UNKNOWN,
			    "the rotator gave no answer within %u s", exchange->seconds);
		if (fds[1].revents != 0)
			TRY(drain_generated(exchange, err));
		if (fds[0].revents != 0)
			return ERR_OK;
	}
}

enum err_code
exchange_receive(struct exchange *exchange, struct buf *ret_line, struct err *err)
{
	int64_t deadline = deadline_of(exchange);
	struct err cause;

	TRY(await_answer(exchange, deadline, err));
	enum err_code code =
	    fd_read_line(exchange->answers, ROTATOR_LINE_MAX, ret_line, deadline, &cause);

	if (code == ERR_TARGET_UNKNOWN)
		return err_set(err, code, "the rotator did not finish its answer within %u s",
		    exchange->seconds);
	if (code != ERR_OK)
		return say_silent(exchange, code, &cause, err);
	return exchange->generated_fd < 0 ? ERR_OK : drain_generated(exchange, err);
}
