/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/shown.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "daemon/starter/plan.h"
#include "daemon/starter/run.h"

enum { A_VAULT = 64801, FILE_MAX = 65536 };

static void
rules_done(struct plan_rules *rules)
{
	conf_done(&rules->conf);
}

static void
run_done(struct run *run)
{
	if (run->pid > 0) {
		kill(run->pid, SIGKILL);
		while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	fd_closep(&run->life);
}

static enum err_code
fill(const struct shown_ask *ask, const struct plan_rules *rules, struct start_message *message,
    struct err *err)
{
	struct rotator_found found;

	TRY(rotator_find(&rules->places, "exec", &found, err));
	(void)snprintf(message->rotator, sizeof(message->rotator), "exec");
	message->hash = found.hash;
	message->seconds = 20;
	(void)snprintf(message->hidden[0], sizeof(message->hidden[0]), "%s", ask->hidden);
	message->hidden_count = 1;
	return needs_add(&message->needs, ask->path, false, err);
}

/* Its stdin and stdout; the ends that are ours are closed with the process. */
static enum err_code
give_pipes(struct start_message *message, struct err *err)
{
	int ends[2];

	for (int i = START_REQUESTS; i <= START_ANSWERS; i++) {
		if (pipe2(ends, O_CLOEXEC) != 0)
			return err_errno(err, ERR_IO, errno, "a pipe");
		message->fds[i] = ends[i == START_REQUESTS ? 0 : 1];
	}
	return ERR_OK;
}

enum err_code
shown_read(const struct shown_ask *ask, const char *file, struct buf *ret_text, struct err *err)
{
	CLEANUP(rules_done)
	struct plan_rules rules = {.places = {.shipped = ask->rotators, .own = {PROGRAMS_FOLDER}},
	    .vault = A_VAULT};
	START_MESSAGE message = {.fds = {-1, -1, -1, -1, -1, -1}};
	PLAN plan = {.executable = -1, .program = -1};
	CLEANUP(run_done) struct run run = {.life = -1};
	char path[FILE_MAX / 8];

	TRY(conf_read(&rules.conf, err));
	kernel_look(&rules.kernel);
	TRY(fill(ask, &rules, &message, err));
	TRY(give_pipes(&message, err));
	TRY(plan_make(&rules, &message, &plan, err));
	if (ask->between != NULL)
		ask->between(ask->context);
	TRY(run_start(&plan, message.fds, &run, err));
	(void)snprintf(path, sizeof(path), "/proc/%d/root%s", (int)run.pid, file);
	return file_read(path, FILE_MAX, ret_text, err);
}
