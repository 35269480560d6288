/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/contract/start.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/json_in.h"
#include "base/process.h"

const char *const isolation_names[] = {"account", "sub-uid", "user-namespace", "account-only",
    "filter", NULL};
static const char *const role_names[] = {"current", "next", "generated", "via", NULL};
enum { ROLES = START_FDS - START_CURRENT };
static const char *const how_names[] = {"exited", "killed", "deadline", NULL};

void
start_message_done(struct start_message *message)
{
	needs_done(&message->needs);
	for (int i = 0; i < START_FDS; i++)
		fd_closep(&message->fds[i]);
}

/* --- Messages ----------------------------------------------------------------------------- */

static enum err_code
wait_until(int socket, short events, int64_t deadline, struct err *err)
{
	for (;;) {
		struct pollfd one = {.fd = socket, .events = events};
		int64_t left = deadline - process_milliseconds();
		int ready = left > 0 ? poll(&one, 1, (int)left) : 0;

		if (ready > 0)
			return ERR_OK;
		if (ready == 0)
			return err_set(err, ERR_TARGET_UNKNOWN,
			    "the starter of rotators did not answer in time");
		if (errno != EINTR)
			return err_errno(err, ERR_IO, errno, "waiting for the starter of rotators");
	}
}

union control {
	struct cmsghdr header;
	uint8_t bytes[CMSG_SPACE(START_FDS * sizeof(int))];
};

static void
attach(struct msghdr *message, union control *control, const int *fds, size_t count)
{
	struct cmsghdr *header;

	if (count == 0)
		return;
	message->msg_control = control->bytes;
	message->msg_controllen = CMSG_SPACE(count * sizeof(int));
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(header), fds, count * sizeof(int));
}

static enum err_code
send_object(int socket, const struct json *object, const int *fds, size_t count, int64_t deadline,
    struct err *err)
{
	BUF text = {0};
	union control control = {0};

	TRY(json_encode(object, &text, err));
	if (text.size > START_MESSAGE_MAX)
		return err_set(err, ERR_INVALID, "what a rotator needs is too long to be said");
	struct iovec part = {.iov_base = text.data, .iov_len = text.size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t put;

	attach(&message, &control, fds, count);
	TRY(wait_until(socket, POLLOUT, deadline, err));
	do
		put = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (put < 0 && errno == EINTR);
	return put == (ssize_t)text.size ?
	    ERR_OK :
	    err_errno(err, ERR_IO, errno, "speaking with the starter of rotators");
}

/* All that came, also more than one message may bring. */
static size_t
detach(struct msghdr *message, int fds[START_FDS])
{
	size_t count = 0;

	for (struct cmsghdr *one = CMSG_FIRSTHDR(message); one != NULL;
	     one = CMSG_NXTHDR(message, one)) {
		if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS)
			continue;
		size_t here = (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < here; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(one) + i * sizeof(int), sizeof(fd));
			if (count < START_FDS)
				fds[count++] = fd;
			else
				fd_closep(&fd);
		}
	}
	return count;
}

struct heard {
	struct json *object;
	int fds[START_FDS];
	size_t count;
};

static void
heard_done(struct heard *heard)
{
	json_free(heard->object);
	for (size_t i = 0; i < heard->count; i++)
		fd_closep(&heard->fds[i]);
}
#define HEARD CLEANUP(heard_done) struct heard

static enum err_code
hear_object(int socket, int64_t deadline, struct heard *heard, struct err *err)
{
	BUF text = {0};
	union control control;
	uint8_t *space = buf_space(&text, START_MESSAGE_MAX);
	struct iovec part = {.iov_base = space, .iov_len = START_MESSAGE_MAX};
	struct msghdr message = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	ssize_t got;

	TRY(buf_check(&text, err));
	TRY(wait_until(socket, POLLIN, deadline, err));
	do
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		heard->count = detach(&message, heard->fds);
	if (got <= 0)
		return err_set(err, ERR_PROTOCOL,
		    "the other side of the starter's socket went away");
	if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		return err_set(err, ERR_PROTOCOL, "a message on the starter's socket is too long");
	return json_parse(view_of(space, (size_t)got), &heard->object, err);
}

/* --- The vault's question ----------------------------------------------------------------- */

static void
put_paths(struct json *object, const char *name, const struct needs *needs, bool changes)
{
	struct json *paths = json_new_array();

	for (size_t i = 0; i < needs->count; i++)
		if (needs->paths[i].changes == changes)
			json_add_text(paths, needs->paths[i].path);
	json_put(object, name, paths);
}

static void
put_lists(struct json *object, const struct start_message *message)
{
	struct json *hidden = json_new_array(), *names = json_new_array(),
	            *values = json_new_array();

	for (size_t i = 0; i < message->hidden_count; i++)
		json_add_text(hidden, message->hidden[i]);
	for (int i = 0; needs_capability_names[i] != NULL; i++)
		if ((message->needs.capabilities & 1u << i) != 0)
			json_add_text(names, needs_capability_names[i]);
	for (int i = 0; i < ROLES; i++)
		if (message->fds[START_CURRENT + i] >= 0)
			json_add_text(values, role_names[i]);
	json_put(object, "hidden", hidden);
	json_put(object, "capabilities", names);
	json_put(object, "values", values);
}

static struct json *
put_start(const struct start_message *message)
{
	struct json *object = json_new_object();

	json_put_text(object, "rotator", message->rotator);
	json_put_hex(object, "hash", VIEW_OF(message->hash.bytes));
	json_put_bool(object, "own", message->own);
	if (message->command[0] != '\0') {
		json_put_text(object, "command", message->command);
		json_put_hex(object, "command_hash", VIEW_OF(message->command_hash.bytes));
	}
	if (message->needs.account[0] != '\0')
		json_put_text(object, "account", message->needs.account);
	put_paths(object, "reads", &message->needs, false);
	put_paths(object, "changes", &message->needs, true);
	if (message->needs.socket[0] != '\0')
		json_put_text(object, "socket", message->needs.socket);
	json_put_bool(object, "network", message->needs.host);
	json_put_int(object, "seconds", message->seconds);
	put_lists(object, message);
	return object;
}

enum err_code
start_ask(int socket, const struct start_message *message, int64_t deadline, struct err *err)
{
	JSON *object = json_new_object();
	int fds[START_FDS];
	size_t count = 0;

	if (message->tells)
		json_put_bool(object, "tell", true);
	else
		json_put(object, "start", put_start(message));
	for (int i = 0; !message->tells && i < START_FDS; i++)
		if (message->fds[i] >= 0)
			fds[count++] = message->fds[i];
	return send_object(socket, object, fds, count, deadline, err);
}

static void
copy(const char *text, char *ret_text, size_t size)
{
	(void)snprintf(ret_text, size, "%s", text == NULL ? "" : text);
}

static void
read_paths(struct json_in *in, const char *name, struct needs *needs, bool changes)
{
	const struct json *paths = json_in_array(in, name, 0, NEEDS_PATHS);

	for (size_t i = 0; in->code == ERR_OK && i < json_array_count(paths); i++) {
		const char *path = json_array_text(paths, i);
		struct err cause;

		if (path == NULL || needs_add(needs, path, changes, &cause) != ERR_OK)
			json_in_fail(in, name, "holds what is no path");
	}
}

static void
read_hidden(struct json_in *in, struct start_message *message)
{
	const struct json *hidden = json_in_array(in, "hidden", 0, START_HIDDEN);

	for (size_t i = 0; i < json_array_count(hidden); i++) {
		const char *path = json_array_text(hidden, i);

		if (path == NULL || path[0] != '/' || strlen(path) >= NEEDS_PATH_SIZE) {
			json_in_fail(in, "hidden", "holds what is no path");
			return;
		}
		copy(path, message->hidden[message->hidden_count++], NEEDS_PATH_SIZE);
	}
}

static void
read_command(struct json_in *in, struct start_message *message)
{
	const char *command = json_in_text_optional(in, "command", 2, NEEDS_PATH_SIZE - 1);

	copy(command, message->command, sizeof(message->command));
	if (command != NULL)
		json_in_hex(in, "command_hash", message->command_hash.bytes, DIGEST_SIZE);
}

static void
read_needs(struct json_in *in, struct needs *needs)
{
	copy(json_in_text_optional(in, "account", 1, NEEDS_ACCOUNT_MAX), needs->account,
	    sizeof(needs->account));
	read_paths(in, "reads", needs, false);
	read_paths(in, "changes", needs, true);
	copy(json_in_text_optional(in, "socket", 2, NEEDS_SOCKET_MAX), needs->socket,
	    sizeof(needs->socket));
	needs->host = json_in_bool(in, "network");
	needs->capabilities = json_in_set(in, "capabilities", needs_capability_names, 0);
}

/* The descriptors that came are those that VALUES name, and the first two. */
static void
take_fds(struct json_in *in, struct heard *heard, struct start_message *message)
{
	uint32_t values = json_in_set(in, "values", role_names, 0);
	size_t next = 0;

	for (int i = 0; in->code == ERR_OK && i < START_FDS; i++) {
		if (i >= START_CURRENT && (values & 1u << (i - START_CURRENT)) == 0)
			continue;
		if (next == heard->count) {
			json_in_fail(in, "values", "names descriptors that did not come");
			return;
		}
		message->fds[i] = heard->fds[next];
		heard->fds[next++] = -1;
	}
	if (in->code == ERR_OK && next != heard->count)
		json_in_fail(in, "values", "names fewer descriptors than came");
}

static enum err_code
read_start(const struct json *object, struct heard *heard, struct start_message *message,
    struct err *err)
{
	struct json_in in = json_in(object, "start", err);

	copy(json_in_text(&in, "rotator", 1, ROTATOR_NAME_MAX), message->rotator,
	    sizeof(message->rotator));
	json_in_hex(&in, "hash", message->hash.bytes, DIGEST_SIZE);
	message->own = json_in_bool(&in, "own");
	read_command(&in, message);
	read_needs(&in, &message->needs);
	read_hidden(&in, message);
	message->seconds = (unsigned)json_in_int(&in, "seconds", 1, START_SECONDS_MAX);
	take_fds(&in, heard, message);
	return json_in_end(&in);
}

enum err_code
start_hear(int socket, int64_t deadline, struct start_message *ret_message, struct err *err)
{
	HEARD heard = {0};
	START_MESSAGE message = {.fds = {-1, -1, -1, -1, -1, -1}};

	TRY(hear_object(socket, deadline, &heard, err));
	struct json_in in = json_in(heard.object, "message", err);

	message.tells = json_in_has(&in, "tell");
	if (message.tells) {
		if (!json_in_bool(&in, "tell") || heard.count > 0)
			json_in_fail(&in, "tell", "must be true, and brings no descriptors");
		TRY(json_in_end(&in));
	} else {
		const struct json *object = json_in_object(&in, "start");

		TRY(json_in_end(&in));
		TRY(read_start(object, &heard, &message, err));
	}
	*ret_message = message;
	message = (struct start_message){.fds = {-1, -1, -1, -1, -1, -1}};
	return ERR_OK;
}

/* --- The starter's words ------------------------------------------------------------------ */

enum { SAY_MILLISECONDS = 5000 };

static enum err_code
say(int socket, const struct json *object, struct err *err)
{
	return send_object(socket, object, NULL, 0, process_milliseconds() + SAY_MILLISECONDS, err);
}

enum err_code
start_answer(int socket, enum err_code code, const char *text, struct err *err)
{
	JSON *object = json_new_object();
	struct json *refused;

	if (code == ERR_OK) {
		json_put_bool(object, "started", true);
		return say(socket, object, err);
	}
	refused = json_new_object();
	json_put_text(refused, "code", err_name(code));
	json_put_text(refused, "text", text);
	json_put(object, "refused", refused);
	return say(socket, object, err);
}

enum err_code
start_tell(int socket, const struct start_holds *holds, struct err *err)
{
	JSON *object = json_new_object();
	struct json *told = json_new_object();

	json_put_text(told, "kind", isolation_names[holds->isolation]);
	json_put_text(told, "account", holds->account);
	json_put_int(told, "landlock", holds->landlock);
	json_put(object, "holds", told);
	return say(socket, object, err);
}

enum err_code
start_end(int socket, const struct start_ended *ended_as, struct err *err)
{
	JSON *object = json_new_object();
	struct json *ended = json_new_object();

	json_put_text(ended, "how", how_names[ended_as->how]);
	json_put_int(ended, "number", ended_as->number);
	json_put(object, "ended", ended);
	return say(socket, object, err);
}

/* A refusal is the starter's error, in its own words. */
static enum err_code
read_refused(struct json_in *in, struct err *err)
{
	struct err cause;
	struct json_in inner = json_in(json_in_object(in, "refused"), "refused", &cause);
	const char *code = json_in_text(&inner, "code", 1, 40);
	const char *text = json_in_text(&inner, "text", 1, ERR_TEXT_SIZE - 1);

	TRY(json_in_end(in));
	if (json_in_end(&inner) != ERR_OK)
		return err_set(err, ERR_PROTOCOL, "the starter of rotators: %s", cause.text);
	return err_set(err, err_from_name(code), "%s", text);
}

enum err_code
start_await(int socket, int64_t deadline, struct err *err)
{
	HEARD heard = {0};

	TRY(hear_object(socket, deadline, &heard, err));
	struct json_in in = json_in(heard.object, "the starter of rotators", err);

	if (json_in_has(&in, "refused"))
		return read_refused(&in, err);
	if (!json_in_bool(&in, "started"))
		json_in_fail(&in, "started", "must be true");
	return json_in_end(&in);
}

enum err_code
start_await_holds(int socket, int64_t deadline, struct start_holds *ret_holds, struct err *err)
{
	HEARD heard = {0};
	struct start_holds holds = {0};

	TRY(hear_object(socket, deadline, &heard, err));
	struct json_in in = json_in(heard.object, "the starter of rotators", err);

	if (json_in_has(&in, "refused"))
		return read_refused(&in, err);
	struct json_in inner = json_in(json_in_object(&in, "holds"), "holds", err);

	holds.isolation = (enum isolation)json_in_choice(&inner, "kind", isolation_names);
	copy(json_in_text(&inner, "account", 1, NEEDS_ACCOUNT_MAX), holds.account,
	    sizeof(holds.account));
	holds.landlock = (int)json_in_int(&inner, "landlock", 0, 1000);
	TRY(json_in_end(&in));
	TRY(json_in_end(&inner));
	*ret_holds = holds;
	return ERR_OK;
}

enum err_code
start_await_end(int socket, int64_t deadline, struct start_ended *ret_ended, struct err *err)
{
	HEARD heard = {0};
	struct start_ended ended = {0};

	TRY(hear_object(socket, deadline, &heard, err));
	struct json_in in = json_in(heard.object, "the starter of rotators", err);
	struct json_in inner = json_in(json_in_object(&in, "ended"), "ended", err);

	ended.how = (enum start_how)json_in_choice(&inner, "how", how_names);
	ended.number = (int)json_in_int(&inner, "number", 0, 255);
	TRY(json_in_end(&in));
	TRY(json_in_end(&inner));
	*ret_ended = ended;
	return ERR_OK;
}
