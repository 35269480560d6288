/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A poll loop over up to seven pipes and our own stdout, which looks every few milliseconds whether
 * the child has ended.  What then still lies in the pipes is taken without waiting, because a
 * grandchild may keep them open for ever.  Our stdout is watched for what a pipe reports when its
 * reader is gone: a vault that gave up must not leave an ssh behind that still changes things.
 */
#include "base/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/left.h"
#include "base/process.h"

enum { INPUT, VALUE_3, VALUE_4, VALUE_6, GENERATED, OUTPUT, ERRORS, PIPES };
enum { DRAIN_ROUNDS = 256, LOOK_EVERY = 10, LEFT_WITHIN = 1000 /* milliseconds */ };

struct pump {
	const struct child *child;
	int fds[PIPES];      /* our ends; -1: closed */
	struct view left[4]; /* still to write: INPUT, VALUE_3, VALUE_4, VALUE_6 */
	pid_t pid;
};

static const char *
name_of(const struct child *child)
{
	return child->name != NULL ? child->name : child->path;
}

static void
pump_done(struct pump *pump)
{
	unsigned count;
	struct err unsaid; /* the caller has another error already */
	pid_t pid = pump->pid;

	for (int i = 0; i < PIPES; i++)
		fd_closep(&pump->fds[i]);
	if (pid == 0)
		return;
	process_kill(pid);
	if (!pump->child->beside_others)
		(void)!left_end(-1, LEFT_WITHIN, &count, &unsaid);
}

/* A pipe of which OURS does not block.  WE_WRITE says which end is ours. */
static enum err_code
open_pipe(bool we_write, int *ret_ours, int *ret_theirs, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(err, ERR_IO, errno, "making a pipe");
	*ret_ours = ends[we_write ? 1 : 0];
	*ret_theirs = ends[we_write ? 0 : 1];
	if (fcntl(*ret_ours, F_SETFL, O_NONBLOCK) != 0)
		return err_errno(err, ERR_IO, errno, "preparing a pipe");
	return ERR_OK;
}

static enum err_code
launch(struct pump *pump, struct err *err)
{
	static const int numbers[PIPES] = {0, 3, 4, 6, 5, 1, 2}; /* the child's descriptors */
	const struct child *child = pump->child;
	const bool wanted[PIPES] = {true, child->values[0].size > 0, child->values[1].size > 0,
	    child->values[2].size > 0, child->generated != NULL, child->output != NULL,
	    child->errors != NULL};
	struct process_spawn spawn = {.path = child->path,
	    .name = child->name,
	    .argv = child->argv,
	    .env = child->env,
	    .ends_with_us = true, /* the vault's end kills us, and a group that it does not see */
	    .fds = {-1, -1, -1, -1, -1, -1, -1, -1, child->executable}};
	enum err_code code = ERR_OK;

	for (int i = 0; i < PIPES && code == ERR_OK; i++)
		if (wanted[i])
			code = open_pipe(i <= VALUE_6, &pump->fds[i], &spawn.fds[numbers[i]], err);
	if (code == ERR_OK)
		code = process_start(&spawn, &pump->pid, err);
	for (int i = 0; i < PIPES; i++)
		fd_closep(&spawn.fds[numbers[i]]);
	return code;
}

/* Write what fits.  A child that closed its end does not want the rest. */
static enum err_code
feed(struct pump *pump, int at, struct err *err)
{
	struct view *left = &pump->left[at];

	while (left->size > 0) {
		ssize_t put = write(pump->fds[at], left->data, left->size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EAGAIN)
			return ERR_OK;
		if (put < 0 && errno != EPIPE)
			return err_errno(err, ERR_IO, errno, "writing to %s", name_of(pump->child));
		if (put < 0)
			break;
		left->data += put;
		left->size -= (size_t)put;
	}
	fd_closep(&pump->fds[at]);
	return ERR_OK;
}

static enum err_code
keep(struct buf *buf, struct view bytes, bool cut, size_t max, struct err *err)
{
	size_t room = max - buf->size;

	if (bytes.size > room && !cut)
		return err_set(err, ERR_PROTOCOL, "the program wrote more than %zu bytes", max);
	buf_bytes(buf, view_of(bytes.data, bytes.size < room ? bytes.size : room));
	return buf_check(buf, err);
}

/* One read of descriptor 5 straight into the secret. */
static enum err_code
read_generated(struct pump *pump, ssize_t *ret_got, struct err *err)
{
	struct secret *value = pump->child->generated;
	size_t size = secret_size(value), room = secret_capacity(value) - size;
	uint8_t extra;
	ssize_t got = read(pump->fds[GENERATED], room > 0 ? secret_data(value) + size : &extra,
	    room > 0 ? room : 1);

	if (got > 0 && room == 0)
		return err_set(err, ERR_PROTOCOL,
		    "the program wrote a value of more than %zu bytes", size);
	*ret_got = got;
	return got > 0 ? secret_resize(value, size + (size_t)got, err) : ERR_OK;
}

static enum err_code
read_public(struct pump *pump, int at, ssize_t *ret_got, struct err *err)
{
	bool errors = at == ERRORS;
	uint8_t block[4096];
	ssize_t got = read(pump->fds[at], block, sizeof(block));
	enum err_code code = ERR_OK;

	*ret_got = got;
	if (got > 0)
		code = keep(errors ? pump->child->errors : pump->child->output,
		    view_of(block, (size_t)got), errors,
		    errors ? CHILD_ERRORS_MAX : CHILD_OUTPUT_MAX, err);
	explicit_bzero(block, sizeof(block)); /* as the buffers of callers are wiped */
	return code;
}

/* Read what is there, but not for ever from a child that writes without end. */
static enum err_code
drain(struct pump *pump, int at, struct err *err)
{
	for (int round = 0; round < DRAIN_ROUNDS; round++) {
		ssize_t got = -1;

		errno = 0;
		TRY(at == GENERATED ? read_generated(pump, &got, err) :
		                      read_public(pump, at, &got, err));
		if (got == 0) {
			fd_closep(&pump->fds[at]);
			return ERR_OK;
		}
		if (got < 0 && errno == EAGAIN)
			return ERR_OK;
		if (got < 0 && errno != EINTR)
			return err_errno(err, ERR_IO, errno, "reading from %s",
			    name_of(pump->child));
	}
	return ERR_OK;
}

static enum err_code
drain_all(struct pump *pump, struct err *err)
{
	for (int at = GENERATED; at < PIPES; at++)
		if (pump->fds[at] >= 0)
			TRY(drain(pump, at, err));
	return ERR_OK;
}

/* One round: wait a little, then move what can be moved. */
static enum err_code
turn(struct pump *pump, struct err *err)
{
	struct pollfd fds[PIPES + 1];
	int64_t left = pump->child->deadline - process_milliseconds();

	for (int i = 0; i < PIPES; i++)
		fds[i] =
		    (struct pollfd){.fd = pump->fds[i], .events = i <= VALUE_6 ? POLLOUT : POLLIN};
	fds[PIPES] = (struct pollfd){.fd = pump->child->beside_others ? -1 : STDOUT_FILENO};
	if (left <= 0)
		return err_set(err, ERR_TARGET_UNKNOWN, "%s did not end in time",
		    name_of(pump->child));
	if (poll(fds, PIPES + 1, left < LOOK_EVERY ? (int)left : LOOK_EVERY) < 0)
		return errno == EINTR ?
		    ERR_OK :
		    err_errno(err, ERR_IO, errno, "waiting for %s", name_of(pump->child));
	if ((fds[PIPES].revents & (POLLERR | POLLHUP)) != 0)
		return err_set(err, ERR_WAITING, "nobody waits for the answer any more");
	for (int i = 0; i < PIPES; i++)
		if (fds[i].revents != 0)
			TRY(i <= VALUE_6 ? feed(pump, i, err) : drain(pump, i, err));
	return ERR_OK;
}

enum err_code
child_run(const struct child *child, int *ret_status, struct err *err)
{
	CLEANUP(pump_done)
	struct pump pump = {.child = child,
	    .fds = {-1, -1, -1, -1, -1, -1, -1},
	    .left = {child->input, child->values[0], child->values[1], child->values[2]}};
	unsigned count;
	int status;

	TRY(launch(&pump, err));
	while (!process_await(pump.pid, 0)) /* the dead leader holds the number of its group */
		TRY(turn(&pump, err));
	TRY(drain_all(&pump, err));
	if (kill(-pump.pid, SIGKILL) != 0 && errno != ESRCH && errno != EPERM)
		return err_errno(err, ERR_IO, errno, "ending the group of %s", name_of(child));
	if (!child->beside_others)
		TRY(left_end(pump.pid, LEFT_WITHIN, &count, err));
	TRY(process_wait(pump.pid, process_milliseconds() + 1000, &status, err));
	pump.pid = 0;
	*ret_status = status;
	return ERR_OK;
}

void
child_status(int status, struct buf *text)
{
	if (WIFEXITED(status))
		buf_format(text, "exited with status %d", WEXITSTATUS(status));
	else
		buf_format(text, "was killed by signal %d", WTERMSIG(status));
}
