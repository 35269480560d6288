/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Its standard error is a file in memory, so that no amount of it can block the process, and nothing of it is seen
 * before it was searched for values.
 */
#include "rotators/checker/session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/left.h"
#include "base/process.h"
#include "base/random.h"
#include "base/text.h"
#include "rotators/contract/echo.h"

enum {
	END_MILLISECONDS = 2000,
	LEFT_MILLISECONDS = 10000,
	ERRORS_MAX = 16 * 1024 * 1024,
	ANSWERS_MAX = 1024 * 1024, /* the largest pipe */
	PAGE = 4096,
	SHOWN_LINES = 3, /* of a traceback: where, the code there, what */
	SHOWN_MAX = 400
};

static bool
echoes(const struct session *session, struct view text)
{
	const struct secret *const values[] = {session->current, session->next, session->trial->via,
	    session->exchange.generated};

	return echo_found_any(text, values, ARRAY_SIZE(values));
}

/* Our own words may quote its: the name of a member that nobody knows.  True when WORDS were such. */
static bool
drop_echo(struct session *session, const char *words, struct err *err)
{
	if (!echoes(session, view_of_text(words)))
		return false;
	report_wrong(&session->trial->report, FIND_ECHO_ANSWER,
	    "in letters that JSON spells otherwise; it is not shown");
	(void)err_set(err, ERR_PROTOCOL, "its answer held a part of a value");
	return true;
}

static void
fall_silent(struct session *session, struct err *why)
{
	(void)drop_echo(session, why->text, why);
	session->silent = true;
	(void)snprintf(session->said, sizeof(session->said), "%s", why->text);
}

/* Room for all that may stand there, and a page by which it is seen that it was too much; it does not grow. */
static int
errors_open(void)
{
	FD fd = memfd_create("errors", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int made = fd;

	if (fd < 0 || ftruncate(fd, ERRORS_MAX + PAGE) != 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
		return -1;
	fd = -1;
	return made;
}

void
session_start(struct session *session, struct trial *trial, const struct json *target,
    const struct secret *current, const struct secret *next)
{
	JSON *line = json_new_object();
	struct err err;

	*session = (struct session){.trial = trial,
	    .exchange = {.requests = -1,
	        .answers = -1,
	        .generated_fd = -1,
	        .seconds = trial->seconds},
	    .current = current,
	    .next = next,
	    .errors = errors_open(),
	    .wrong = trial->report.wrong};
	const struct exchange_start start = {.name = trial->program,
	    .executable = trial->executable,
	    .program = trial->started,
	    .errors = session->errors,
	    .current = current,
	    .next = next,
	    .via = trial->via};

	json_put_copy(line, "target", target == NULL ? trial->target : target);
	json_put_int(line, "seconds", trial->seconds);
	json_put_text(line, "name", trial->label);
	if (exchange_start(&session->exchange, &start, &err) != ERR_OK ||
	    exchange_send(&session->exchange, line, &err) != ERR_OK)
		fall_silent(session, &err);
}

/* --- The end -------------------------------------------------------------------------------- */

static bool
await_end(pid_t pid)
{
	return process_await(pid, process_milliseconds() + END_MILLISECONDS);
}

/* How far it wrote on standard error: to the last page that was ever written. */
static off_t
errors_end(int fd)
{
	off_t end = 0, data;

	while ((data = lseek(fd, end, SEEK_DATA)) >= 0)
		end = lseek(fd, data, SEEK_HOLE);
	return end;
}

/* The last line of TEXT, which is left without it, and without what ended it. */
static struct view
last_line(struct view *text)
{
	const uint8_t *newline = text->size > 0 ? memrchr(text->data, '\n', text->size) : NULL;
	size_t start = newline == NULL ? 0 : (size_t)(newline - text->data) + 1;
	struct view line = view_of(text->data + start, text->size - start);

	text->size = newline == NULL ? 0 : start - 1;
	return line;
}

static bool
can_be_shown(struct view line)
{
	return line.size > 0 && line.size <= SHOWN_MAX && text_is_plain(line);
}

/* Where it broke the contract or ended early, and was blamed for it: TEXT holds no value.  Its last lines, in their order. */
static void
show_last_lines(const struct session *session, struct view text)
{
	const struct report *report = &session->trial->report;
	struct view lines[SHOWN_LINES];
	size_t count = 0;
	BUF shown = {0};

	if (!session->silent || report->wrong == session->wrong)
		return;
	while (text.size > 0 && text.data[text.size - 1] == '\0')
		text.size--; /* the rest of its last page */
	while (text.size > 0 && count < SHOWN_LINES) {
		struct view line = last_line(&text);

		if (can_be_shown(line))
			lines[count++] = line;
	}
	while (count-- > 0) {
		char words[SHOWN_MAX + 1] = {0};

		memcpy(words, lines[count].data, lines[count].size);
		buf_format(&shown, " %s", QUOTED(words));
	}
	if (shown.size > 0)
		report_note(report, "on standard error it said, at last:%s", buf_string(&shown));
}

/* What it said on standard error, all of it. */
static void
search_errors(struct session *session)
{
	struct report *report = &session->trial->report;
	WIPED text = {0};
	off_t end = errors_end(session->errors);
	uint8_t *at = buf_space(&text, (size_t)end);

	if (end > ERRORS_MAX)
		report_wrong(report, FIND_FLOOD, "more than 16 MiB");
	if (end == 0 && session->errors >= 0)
		return;
	if (end == 0 || at == NULL || pread(session->errors, at, text.size, 0) != end)
		report_wrong(report, FIND_ECHO_ERRORS, "it could not be read");
	else if (echoes(session, buf_view(&text)))
		report_wrong(report, FIND_ECHO_ERRORS, "it is not shown");
	else
		show_last_lines(session, buf_view(&text));
}

/* What still stands in its standard output when it has ended, all that a pipe can hold. */
static void
search_answers(struct session *session)
{
	WIPED rest = {0};
	uint8_t block[4096];
	ssize_t got;

	if (fcntl(session->exchange.answers, F_SETFL, O_NONBLOCK) != 0)
		return;
	while (rest.size < ANSWERS_MAX &&
	    (got = read(session->exchange.answers, block, sizeof(block))) > 0)
		buf_bytes(&rest, view_of(block, (size_t)got));
	explicit_bzero(block, sizeof(block));
	if (echoes(session, buf_view(&rest)))
		report_wrong(&session->trial->report, FIND_ECHO_ANSWER, "it said so unasked");
	if (rest.size > 0 && !session->silent)
		report_wrong(&session->trial->report, FIND_UNASKED,
		    "%zu bytes after its last answer", rest.size);
}

static void
close_all(struct session *session)
{
	fd_closep(&session->exchange.requests);
	fd_closep(&session->exchange.answers);
	fd_closep(&session->exchange.generated_fd);
	fd_closep(&session->errors);
	secret_free(session->exchange.generated);
	session->exchange.generated = NULL;
	session->exchange.pid = 0;
}

/* One that a kill did not end is not waited for. */
static void
reap(pid_t pid)
{
	int status;

	(void)waitpid(pid, &status, WNOHANG);
}

/* False: some cannot be ended. */
static bool
end_left(struct session *session, pid_t pid, unsigned *ret_left)
{
	struct report *report = &session->trial->report;
	struct err err;
	bool ended = left_end(pid, LEFT_MILLISECONDS, ret_left, &err) == ERR_OK;

	if (!ended)
		report_wrong(report, FIND_LEFT, "%u of them; %s", *ret_left, err.text);
	reap(pid);
	return ended;
}

void
session_end(struct session *session)
{
	pid_t pid = session->exchange.pid;
	unsigned left;

	if (session->trial == NULL)
		return;
	fd_closep(&session->exchange.requests);
	if (pid != 0 && !await_end(pid)) {
		report_wrong(&session->trial->report, FIND_ENDS, "after 2 s it was killed");
		(void)kill(pid, SIGKILL);
		(void)await_end(pid);
	}
	if (pid != 0) {
		if (end_left(session, pid, &left) && left > 0)
			report_wrong(&session->trial->report, FIND_LEFT, "%u of them, killed now",
			    left);
		search_answers(session);
		search_errors(session);
	}
	close_all(session);
	session->trial = NULL;
}

bool
session_crash(struct session *session)
{
	pid_t pid = session->exchange.pid;
	bool ended = true;
	unsigned left;

	if (pid != 0) {
		(void)kill(-pid, SIGKILL);
		(void)await_end(pid);
		ended = end_left(session, pid, &left);
		session->silent = true; /* an answer, or a part of one, is no fault of it here */
		search_answers(session);
		search_errors(session);
	}
	close_all(session);
	session->trial = NULL;
	return ended;
}

/* --- Questions ------------------------------------------------------------------------------ */

static enum err_code
send(struct session *session, const char *verb, const char *value, struct err *err)
{
	JSON *question = json_new_object();

	json_put_text(question, "verb", verb);
	if (value != NULL)
		json_put_text(question, "value", value);
	return exchange_send(&session->exchange, question, err);
}

void
session_send(struct session *session, const char *verb, const char *value)
{
	struct err err;

	if (!session->silent && send(session, verb, value, &err) != ERR_OK)
		fall_silent(session, &err);
}

/* A line of it; one that holds a value is dropped unseen, as the vault does. */
static enum err_code
ask_line(struct session *session, const char *verb, const char *value, struct buf *ret_line,
    struct err *err)
{
	TRY(send(session, verb, value, err));
	TRY(exchange_receive(&session->exchange, ret_line, err));
	if (!echoes(session, buf_view(ret_line)))
		return ERR_OK;
	report_wrong(&session->trial->report, FIND_ECHO_ANSWER,
	    "the answer to %s, which is not shown", verb);
	return err_set(err, ERR_PROTOCOL, "its answer held a part of a value");
}

static bool
is_unsupported(struct view line)
{
	JSON *answer = NULL;
	struct err err;
	const char *result;

	if (json_parse(line, &answer, &err) != ERR_OK)
		return false;
	result = json_object_text(answer, "result");
	return result != NULL && strcmp(result, "unsupported") == 0;
}

/* The words that came with it. */
static const char *
shown(const struct answer *answer)
{
	return answer->why.code != ERR_OK ? answer->why.text : answer->detail;
}

static bool
is_away(const char *result, const char *why)
{
	return strcmp(result, probe_result_names[PROBE_UNREACHABLE]) == 0 ||
	    (strcmp(result, "unchanged") == 0 && why[0] != '\0');
}

bool
session_is(struct session *session, enum finding finding, bool holds)
{
	struct report *report = &session->trial->report;

	if (holds || !session->away)
		return report_is(report, finding, holds, session->said);
	report_away(report, finding, session->said);
	return false;
}

int
session_ask(struct session *session, const char *verb, const char *value,
    const char *const *results)
{
	WIPED line = {0};
	struct answer answer = {0};
	BUF said = {0};
	struct err err;

	session->away = false;
	if (session->silent)
		return SAID_NOTHING;
	if (ask_line(session, verb, value, &line, &err) != ERR_OK) {
		fall_silent(session, &err);
		return SAID_NOTHING;
	}
	if (is_unsupported(buf_view(&line))) {
		(void)snprintf(session->said, sizeof(session->said), "it answers \"unsupported\"");
		return SAID_UNSUPPORTED;
	}
	if (answer_parse(buf_view(&line), results, &answer, &err) != ERR_OK ||
	    drop_echo(session, shown(&answer), &err)) {
		fall_silent(session, &err);
		return SAID_NOTHING;
	}
	buf_format(&said, "%s%s%s answers \"%s\"", verb, value == NULL ? "" : " ",
	    value == NULL ? "" : value, results[answer.result]);
	if (shown(&answer)[0] != '\0')
		buf_format(&said, " and says %s", QUOTED(shown(&answer)));
	(void)snprintf(session->said, sizeof(session->said), "%.*s", (int)said.size,
	    buf_string(&said));
	session->away = is_away(results[answer.result], shown(&answer));
	return answer.result;
}

bool
session_knows_not(struct session *session, const char *verb)
{
	WIPED line = {0};
	struct err err;

	if (session->silent)
		return false;
	if (ask_line(session, verb, NULL, &line, &err) != ERR_OK) {
		fall_silent(session, &err);
		return await_end(session->exchange.pid);
	}
	(void)snprintf(session->said, sizeof(session->said), "the question was \"%s\"", verb);
	return is_unsupported(buf_view(&line));
}

enum err_code
session_name(struct trial *trial, struct err *err)
{
	uint32_t number;

	TRY(random_bytes(&number, sizeof(number), err));
	(void)snprintf(trial->label, sizeof(trial->label), "halligan-test-%08x", number);
	trial->unseen = false;
	return ERR_OK;
}

enum err_code
session_stopped(const struct trial *trial, struct err *err)
{
	if (trial->stopped.code != ERR_OK)
		*err = trial->stopped;
	return trial->stopped.code;
}

enum err_code
session_describe(struct session *session, struct description *ret_description, struct err *err)
{
	WIPED line = {0};
	char detail[ROTATOR_DETAIL_MAX + 1] = "";
	struct err why;

	if (session->silent)
		return err_set(err, ERR_PROTOCOL, "%s", session->said);
	if (ask_line(session, "describe", NULL, &line, err) != ERR_OK ||
	    answer_describe(buf_view(&line), ret_description, detail, &why, err) != ERR_OK) {
		fall_silent(session, err);
		return err->code;
	}
	if (drop_echo(session, why.code != ERR_OK ? why.text : detail, err))
		return err->code;
	if (why.code != ERR_OK)
		return err_set(err, ERR_REFUSED, "it refuses this target and says %s",
		    QUOTED(why.text));
	return ERR_OK;
}
