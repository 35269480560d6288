/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One rotator process, from start to end.
 *
 *	running --verb--> running	an answer that keeps to the contract
 *	running --verb--> broken	timeout, end of file, garbage, too long, a secret in it
 *	broken  --verb--> broken	never asked again; the cause is the detail
 *
 * The process that broke is ended at once: its stream is out of step, and a late answer to an old
 * verb must never be taken for the answer to a new one.
 *
 * Values wait in pipes from the start.  A pipe that is too small for a value is enlarged (the
 * kernel's 64 KiB are less than an encoded credential can have), so that no side waits for the
 * other.  What `generate` writes is drained while its answer is awaited.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "rotators/answer.h"
#include "rotators/echo.h"
#include "rotators/executable.h"

enum { PIPE_SIZE = 128 * 1024, GRACE_MILLISECONDS = 2000, PATH_SIZE = 4096 };

const char *const probe_result_names[] = {"accepted", "refused", "unreachable", NULL};
const char *const apply_result_names[] = {"applied", "rejected", "unknown", NULL};
const char *const expel_result_names[] = {"ended", "none", "cannot-tell", NULL};
static const char *const check_result_names[] = {"ok", "refused", NULL};
static const char *const value_names[] = {"current", "next"};

struct rotator {
	pid_t pid; /* 0: not running */
	int requests, answers, generated_fd;
	unsigned seconds;
	struct secret *current, *next; /* NULL: absent */
	struct secret *generated;      /* what came on descriptor 5 so far */
	const char *identity;	       /* "" before describe */
	char detail[ROTATOR_DETAIL_MAX + 1];
	bool broken; /* the cause stands in detail */
};

enum err_code
rotator_find(const char *name, const char *const *folders, char ret_path[PATH_SIZE],
    struct digest *ret_hash, struct err *err)
{
	BUF looked = {0};
	char file[sizeof("halligan-rotate-") + ROTATOR_NAME_MAX];

	if (!text_is_name(name) || strchr(name, '/') != NULL || strlen(name) > ROTATOR_NAME_MAX)
		return err_set(err, ERR_INVALID,
		    "\"%.64s\" cannot be the name of a rotator: letters, digits, '-', '_' and '.' "
		    "only, at most %d",
		    name, ROTATOR_NAME_MAX);
	(void)snprintf(file, sizeof(file), "halligan-rotate-%s", name);
	for (size_t i = 0; folders[i] != NULL; i++) {
		FD fd = -1;
		char path[PATH_SIZE];
		struct digest hash;

		TRY(file_path(folders[i], file, path, err));
		enum err_code code = executable_open(path, &fd, &hash, err);

		if (code == ERR_OK) {
			memcpy(ret_path, path, sizeof(path));
			*ret_hash = hash;
			return ERR_OK;
		}
		if (code != ERR_NOT_FOUND)
			return code;
		buf_format(&looked, "%s%s", looked.size == 0 ? "" : ", ", folders[i]);
	}
	return err_set(err, ERR_NOT_FOUND, "there is no rotator %s: no %s in %s", name, file,
	    buf_string(&looked));
}

/* --- The process ---------------------------------------------------------------------------- */

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
	if (fcntl(write_end, F_GETPIPE_SZ) < size && fcntl(write_end, F_SETPIPE_SZ, PIPE_SIZE) < size)
		return err_errno(err, ERR_IO, errno,
		    "making room for %d bytes in a pipe (see /proc/sys/fs/pipe-user-pages-soft)",
		    size);
	return secret_write_fd(value, write_end, err);
}

static enum err_code
make_generated_pipe(struct rotator *rotator, int *ret_write, struct err *err)
{
	TRY(make_pipe(&rotator->generated_fd, ret_write, err));
	if (fcntl(rotator->generated_fd, F_SETFL, O_NONBLOCK) != 0)
		return err_errno(err, ERR_IO, errno, "preparing the pipe for a new value");
	return secret_new(CREDENTIAL_ENCODED_MAX, &rotator->generated, err);
}

static enum err_code
launch(struct rotator *rotator, const char *path, int executable, struct err *err)
{
	static const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
	    NULL};
	const char *const argv[] = {path, NULL};
	FD requests = -1, answers = -1, current = -1, next = -1, generated = -1;

	TRY(make_pipe(&requests, &rotator->requests, err));
	TRY(make_pipe(&rotator->answers, &answers, err));
	if (rotator->current != NULL)
		TRY(make_value_pipe(rotator->current, &current, err));
	if (rotator->next != NULL)
		TRY(make_value_pipe(rotator->next, &next, err));
	else
		TRY(make_generated_pipe(rotator, &generated, err));
	struct process_spawn spawn = {.path = EXECUTABLE_PATH, .argv = argv, .env = env,
	    .fds = {requests, answers, -1, current, next, generated, -1, executable}};

	return process_start(&spawn, &rotator->pid, err);
}

static enum err_code
keep_value(struct view value, const char *which, struct secret **ret_value, struct err *err)
{
	if (value.size == 0)
		return ERR_OK;
	if (credential_check(value, err) != ERR_OK)
		return err_add(err, "the %s value", which);
	return secret_from(value, ret_value, err);
}

static enum err_code
send_line(struct rotator *rotator, const struct json *line, int64_t deadline, struct err *err)
{
	BUF text = {0};

	TRY(json_encode(line, &text, err));
	buf_u8(&text, '\n');
	TRY(buf_check(&text, err));
	return fd_write(rotator->requests, buf_view(&text), deadline, err);
}

static int64_t
deadline_of(const struct rotator *rotator)
{
	return process_milliseconds() + (int64_t)rotator->seconds * 1000;
}

/* Until PID has ended, at most MILLISECONDS; it is not reaped. */
static void
await_end(pid_t pid, int milliseconds)
{
	FD handle = pidfd_open(pid, 0);
	struct pollfd ended = {.fd = handle, .events = POLLIN};
	int64_t deadline = process_milliseconds() + milliseconds;
	int64_t left = milliseconds;

	while (handle >= 0 && left > 0 && poll(&ended, 1, (int)left) < 0 && errno == EINTR)
		left = deadline - process_milliseconds();
}

/* Closing its descriptors lets it clean up; then the group is killed, whatever it did. */
static void
end_process(struct rotator *rotator)
{
	fd_closep(&rotator->requests);
	fd_closep(&rotator->answers);
	fd_closep(&rotator->generated_fd);
	if (rotator->pid == 0)
		return;
	await_end(rotator->pid, GRACE_MILLISECONDS);
	process_kill(rotator->pid);
	rotator->pid = 0;
}

void
rotator_free(struct rotator *rotator)
{
	if (rotator == NULL)
		return;
	end_process(rotator);
	secret_free(rotator->current);
	secret_free(rotator->next);
	secret_free(rotator->generated);
	free(rotator);
}

void
rotator_freep(struct rotator **rotator)
{
	rotator_free(*rotator);
	*rotator = NULL;
}

const char *
rotator_detail(const struct rotator *rotator)
{
	return rotator->detail;
}

const char *
rotator_identity(const struct rotator *rotator)
{
	return rotator->identity;
}

/* --- Answers ------------------------------------------------------------------------------ */

/* Take what waits on descriptor 5; close it at its end. */
static enum err_code
drain_generated(struct rotator *rotator, struct err *err)
{
	struct secret *value = rotator->generated;
	uint8_t extra;

	for (;;) {
		size_t size = secret_size(value), room = secret_capacity(value) - size;
		uint8_t *at = room > 0 ? secret_data(value) + size : &extra;
		ssize_t got = read(rotator->generated_fd, at, room > 0 ? room : 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return ERR_OK;
		if (got < 0)
			return err_errno(err, ERR_IO, errno, "reading the generated value");
		if (got == 0) {
			fd_closep(&rotator->generated_fd);
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
await_answer(struct rotator *rotator, int64_t deadline, struct err *err)
{
	for (;;) {
		struct pollfd fds[] = {{.fd = rotator->answers, .events = POLLIN},
		    {.fd = rotator->generated_fd, .events = POLLIN}};
		int64_t left = deadline - process_milliseconds();
		int ready = left <= 0 ? 0 : poll(fds, ARRAY_SIZE(fds), (int)left);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0)
			return err_errno(err, ERR_IO, errno, "waiting for the rotator");
		if (ready == 0)
			return err_set(err, ERR_TARGET_UNKNOWN,
			    "the rotator gave no answer within %u s", rotator->seconds);
		if (fds[1].revents != 0)
			TRY(drain_generated(rotator, err));
		if (fds[0].revents != 0)
			return ERR_OK;
	}
}

static enum err_code
receive(struct rotator *rotator, int64_t deadline, struct buf *ret_line, struct err *err)
{
	struct err cause;

	TRY(await_answer(rotator, deadline, err));
	enum err_code code = fd_read_line(rotator->answers, ROTATOR_LINE_MAX, ret_line, deadline,
	    &cause);

	if (code == ERR_TARGET_UNKNOWN)
		return err_set(err, code, "the rotator did not finish its answer within %u s",
		    rotator->seconds);
	if (code != ERR_OK)
		return err_set(err, code, "the rotator gave no whole answer: %s", cause.text);
	return rotator->generated_fd < 0 ? ERR_OK : drain_generated(rotator, err);
}

static bool
echoes(const struct rotator *rotator, struct view text)
{
	const struct secret *const values[] = {rotator->current, rotator->next};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (values[i] != NULL && echo_found(text, secret_view(values[i])))
			return true;
	return rotator->generated != NULL && echo_found(text, secret_view(rotator->generated));
}

/* Ends a process that does not keep to the contract.  Returns ERR's code. */
static enum err_code
mark_broken(struct rotator *rotator, struct err *err)
{
	if (echoes(rotator, view_of_text(err->text)))
		(void)err_set(err, ERR_PROTOCOL, "the rotator's answer held a secret");
	end_process(rotator);
	rotator->broken = true;
	answer_detail(err->text, rotator->detail);
	return err->code;
}

/* --- The contract ------------------------------------------------------------------------- */

static enum err_code
send_target(struct rotator *rotator, const struct json *target, struct err *err)
{
	JSON *line = json_new_object();

	json_put_copy(line, "target", target);
	json_put_int(line, "seconds", rotator->seconds);
	return send_line(rotator, line, deadline_of(rotator), err);
}

enum err_code
rotator_start(const struct rotator_start *start, struct rotator **ret_rotator, struct err *err)
{
	ROTATOR *rotator = calloc(1, sizeof(*rotator));
	FD executable = -1;
	struct digest hash;
	struct err early;

	if (rotator == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a rotator");
	rotator->requests = rotator->answers = rotator->generated_fd = -1;
	rotator->identity = "";
	rotator->seconds = start->seconds == 0 ? 1 : start->seconds;
	TRY(executable_open(start->path, &executable, &hash, err));
	if (!digest_equal(&hash, &start->hash))
		return err_set(err, ERR_INTEGRITY,
		    "%s is not the program that the secret's definition names: its SHA-256 "
		    "differs; was it updated, or replaced? Nothing was run",
		    start->path);
	TRY(keep_value(start->current, value_names[ROTATOR_CURRENT], &rotator->current, err));
	TRY(keep_value(start->next, value_names[ROTATOR_NEXT], &rotator->next, err));
	if (launch(rotator, start->path, executable, err) != ERR_OK)
		return err_add(err, "starting %s", start->path);
	if (send_target(rotator, start->target, &early) != ERR_OK)
		(void)mark_broken(rotator, &early); /* it ended at once: the first verb says so */
	*ret_rotator = TAKE(rotator);
	return ERR_OK;
}

static enum err_code
transact(struct rotator *rotator, const struct json *question, struct buf *ret_line,
    struct err *err)
{
	int64_t deadline = deadline_of(rotator);

	TRY(send_line(rotator, question, deadline, err));
	TRY(receive(rotator, deadline, ret_line, err));
	if (echoes(rotator, buf_view(ret_line)))
		return err_set(err, ERR_PROTOCOL, "the rotator's answer held a secret");
	return ERR_OK;
}

/* Ask VERB (of VALUE, unless NULL) and give the line to answer_parse or, with RET_DESCRIPTION,
 * to answer_describe. */
static enum err_code
ask(struct rotator *rotator, const char *verb, const char *value, const char *const *results,
    struct answer *ret_answer, struct description *ret_description, struct err *err)
{
	BUF line = {0};
	JSON *question = json_new_object();
	struct answer answer = {0};
	enum err_code code;

	if (rotator->broken)
		return err_set(err, ERR_TARGET_UNKNOWN, "%s", rotator->detail);
	json_put_text(question, "verb", verb);
	if (value != NULL)
		json_put_text(question, "value", value);
	code = transact(rotator, question, &line, err);
	if (code == ERR_OK && ret_description != NULL)
		code = answer_describe(buf_view(&line), ret_description, err);
	else if (code == ERR_OK)
		code = answer_parse(buf_view(&line), results, &answer, err);
	if (code == ERR_OK && echoes(rotator, view_of_text(answer.detail)))
		code = err_set(err, ERR_PROTOCOL, "the rotator's answer held a secret");
	if (line.size > 0)
		explicit_bzero(line.data, line.size);
	if (code != ERR_OK) {
		(void)err_add(err, "%s", verb);
		return mark_broken(rotator, err);
	}
	answer_detail(answer.detail, rotator->detail);
	if (ret_answer != NULL)
		*ret_answer = answer;
	return ERR_OK;
}

static enum err_code
refused(const struct rotator *rotator, const char *verb, struct err *err)
{
	return err_set(err, ERR_REFUSED, "the rotator refused to %s: %s", verb,
	    rotator->detail[0] == '\0' ? "it gave no reason" : rotator->detail);
}

static enum err_code
check_fields(const struct rotator *rotator, const struct description *description,
    struct err *err)
{
	for (int i = 0; rotator->current != NULL && i < CREDENTIAL_FIELDS; i++)
		if (description->fields[i] &&
		    !credential_has(secret_view(rotator->current), (enum credential_field)i))
			return err_set(err, ERR_REFUSED,
			    "the credential has no %s, and the rotator %s needs it: add the field",
			    credential_field_names[i], description->rotator);
	return ERR_OK;
}

enum err_code
rotator_check(struct rotator *rotator, struct err *err)
{
	struct description description;
	struct answer answer;

	TRY(ask(rotator, "describe", NULL, NULL, NULL, &description, err));
	rotator->identity = description.self ? "self" : "ambient";
	TRY(check_fields(rotator, &description, err));
	TRY(ask(rotator, "check", NULL, check_result_names, &answer, NULL, err));
	return answer.result == 0 ? ERR_OK : refused(rotator, "check", err);
}

/* The drained bytes, when they are a credential and a new one. */
static enum err_code
take_generated(struct rotator *rotator, struct secret **ret_next, struct err *err)
{
	SECRET *next = NULL, *kept = NULL;
	struct view value = secret_view(rotator->generated);

	if (credential_check(value, err) != ERR_OK)
		return err_add(err, "the value that the rotator generated");
	TRY(secret_from(value, &next, err));
	TRY(secret_from(value, &kept, err));
	if (rotator->current != NULL && secret_equal(next, rotator->current))
		return err_set(err, ERR_PROTOCOL, "the rotator generated the current value again");
	rotator->next = TAKE(kept);
	*ret_next = TAKE(next);
	return ERR_OK;
}

enum err_code
rotator_generate(struct rotator *rotator, struct secret **ret_next, struct err *err)
{
	struct answer answer;

	if (rotator->next != NULL)
		return err_set(err, ERR_INTERNAL, "generate: there is a next value already");
	TRY(ask(rotator, "generate", NULL, check_result_names, &answer, NULL, err));
	if (answer.result != 0)
		return refused(rotator, "generate", err);
	if (take_generated(rotator, ret_next, err) != ERR_OK)
		return mark_broken(rotator, err);
	return ERR_OK;
}

/* The result's index, or FALLBACK when the rotator is broken. */
static int
ask_or(struct rotator *rotator, const char *verb, const char *value, const char *const *results,
    int fallback)
{
	struct answer answer;
	struct err cause;

	if (ask(rotator, verb, value, results, &answer, NULL, &cause) != ERR_OK)
		return fallback;
	return answer.result;
}

static enum err_code
need_value(const struct rotator *rotator, enum rotator_value value, const char *verb,
    struct err *err)
{
	if ((value == ROTATOR_CURRENT ? rotator->current : rotator->next) == NULL)
		return err_set(err, ERR_INTERNAL, "%s: the %s value was not given to the rotator",
		    verb, value_names[value]);
	return ERR_OK;
}

enum err_code
rotator_probe(struct rotator *rotator, enum rotator_value value, enum probe_result *ret_result,
    struct err *err)
{
	TRY(need_value(rotator, value, "probe", err));
	*ret_result = (enum probe_result)ask_or(rotator, "probe", value_names[value],
	    probe_result_names, PROBE_UNREACHABLE);
	return ERR_OK;
}

enum err_code
rotator_apply(struct rotator *rotator, enum apply_result *ret_result, struct err *err)
{
	TRY(need_value(rotator, ROTATOR_CURRENT, "apply", err));
	TRY(need_value(rotator, ROTATOR_NEXT, "apply", err));
	*ret_result = (enum apply_result)ask_or(rotator, "apply", NULL, apply_result_names,
	    APPLY_UNKNOWN);
	return ERR_OK;
}

enum err_code
rotator_expel(struct rotator *rotator, enum expel_result *ret_result, struct err *err)
{
	TRY(need_value(rotator, ROTATOR_CURRENT, "expel", err));
	*ret_result = (enum expel_result)ask_or(rotator, "expel", NULL, expel_result_names,
	    EXPEL_CANNOT_TELL);
	return ERR_OK;
}
