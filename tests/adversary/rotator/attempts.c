/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/rotator/attempts.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* An errno fits into an exit status. */
enum { EXIT_NOT_HERE = 255, SECONDS = 3, ENDLESS_SECONDS = 20, NOBODY = 0x3fffffff };

static struct attempts
subject(size_t index)
{
	switch (index) {
	case 0:
		return attempts_files();
	case 1:
		return attempts_ways();
	case 2:
		return attempts_processes();
	case 3:
		return attempts_memory();
	case 4:
		return attempts_sockets();
	case 5:
		return attempts_privileges();
	case 6:
		return attempts_around();
	case 7:
		return attempts_kernel();
	case 8:
		return attempts_endless();
	case 9:
		return attempts_outlive();
	default:
		return (struct attempts){0};
	}
}

const struct attempt *
attempt_at(size_t index)
{
	for (size_t i = 0;; i++) {
		struct attempts rows = subject(i);

		if (rows.rows == NULL)
			return NULL;
		if (index < rows.count)
			return &rows.rows[index];
		index -= rows.count;
	}
}

size_t
attempt_count(void)
{
	size_t count = 0;

	while (attempt_at(count) != NULL)
		count++;
	return count;
}

/* What is aimed at others may come back, where their numbers are ours. */
static _Noreturn void
run_alone(const struct world *world, const struct attempt *attempt)
{
	int code;

	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		(void)signal(number, SIG_IGN);
	(void)alarm(attempt->kind == ATTEMPT_ENDLESS ? ENDLESS_SECONDS : SECONDS);
	code = attempt->run(world, attempt);
	_exit(code == NOT_HERE ? EXIT_NOT_HERE : code);
}

static struct outcome
judge(int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		return (struct outcome){ATTEMPT_STOPPED, ETIMEDOUT};
	if (WIFSIGNALED(status))
		return (struct outcome){ATTEMPT_STOPPED, ATTEMPT_KILLED + WTERMSIG(status)};
	switch (WEXITSTATUS(status)) {
	case 0:
		return (struct outcome){ATTEMPT_SUCCEEDED, 0};
	case EXIT_NOT_HERE:
		return (struct outcome){ATTEMPT_NOT_HERE, 0};
	default:
		return (struct outcome){ATTEMPT_STOPPED, WEXITSTATUS(status)};
	}
}

struct outcome
attempt_run(const struct world *world, const struct attempt *attempt)
{
	int status = 0;
	pid_t pid = fork(), ended;

	if (pid < 0)
		return (struct outcome){ATTEMPT_NOT_TRIED, 0};
	if (pid == 0)
		run_alone(world, attempt);
	do
		ended = waitpid(pid, &status, 0);
	while (ended < 0 && errno == EINTR);
	return ended == pid ? judge(status) : (struct outcome){ATTEMPT_NOT_TRIED, 0};
}

void
outcome_pack(const struct outcome *outcome, struct buf *ret_text)
{
	if (ret_text->size > 0)
		buf_text(ret_text, " ");
	switch (outcome->result) {
	case ATTEMPT_SUCCEEDED:
		buf_text(ret_text, "+");
		break;
	case ATTEMPT_NOT_HERE:
		buf_text(ret_text, "-");
		break;
	case ATTEMPT_STOPPED:
		buf_format(ret_text, "%d", outcome->error_number);
		break;
	default:
		buf_text(ret_text, "?");
	}
}

/* One word of at most four letters. */
static bool
unpack(const char *word, size_t size, struct outcome *ret_outcome)
{
	char text[8] = "", *end;

	if (size == 0 || size > 4)
		return false;
	memcpy(text, word, size);
	*ret_outcome = (struct outcome){text[0] == '+' ? ATTEMPT_SUCCEEDED :
	        text[0] == '-'                         ? ATTEMPT_NOT_HERE :
	                                                 ATTEMPT_NOT_TRIED,
	    0};
	if (strchr("+-?", text[0]) != NULL)
		return size == 1;
	ret_outcome->result = ATTEMPT_STOPPED;
	ret_outcome->error_number = (int)strtol(text, &end, 10);
	return *end == '\0' && ret_outcome->error_number > 0;
}

enum err_code
outcomes_unpack(const char *text, struct outcome ret_outcomes[ATTEMPTS_MAX], struct err *err)
{
	struct outcome outcomes[ATTEMPTS_MAX] = {0};
	size_t count = 0;

	for (const char *at = text; *at != '\0'; count++) {
		size_t size = strcspn(at, " ");

		if (count == ATTEMPTS_MAX || !unpack(at, size, &outcomes[count]))
			return err_set(err, ERR_INVALID, "outcome %zu is none: %.12s", count, at);
		at += size + (at[size] == ' ');
	}
	if (count != attempt_count())
		return err_set(err, ERR_INVALID, "%zu outcomes of %zu attempts", count,
		    attempt_count());
	memcpy(ret_outcomes, outcomes, sizeof(outcomes));
	return ERR_OK;
}

void
outcome_text(struct outcome outcome, char ret_text[64])
{
	static const char *const said[ATTEMPT_RESULTS] = {"succeeded", "", "not here", "not tried"};
	int number = outcome.error_number;
	const char *name = strerrorname_np(number);

	if (outcome.result != ATTEMPT_STOPPED)
		(void)snprintf(ret_text, 64, "%s", said[outcome.result]);
	else if (number > ATTEMPT_KILLED)
		(void)snprintf(ret_text, 64, "killed by SIG%s",
		    sigabbrev_np(number - ATTEMPT_KILLED));
	else
		(void)snprintf(ret_text, 64, "%s", name != NULL ? name : "stopped");
}

/* Where groups are not told of, it is taken for the one that was meant. */
pid_t
process_of(const struct world *world, const struct attempt *attempt)
{
	pid_t pid = (pid_t)number_of(world, attempt), group = getpgid(pid);

	return group < 0 || group == world->numbers[WORLD_GROUP] ? pid : NOBODY;
}

struct path
path_of(const char *folder, const char *name)
{
	struct path path;

	(void)snprintf(path.text, sizeof(path.text), "%s/%s", folder, name);
	return path;
}
