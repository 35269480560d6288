/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The marker is a random word that the account's shell puts together from two halves, so that a forced command
 * which repeats what was asked of it does not say it.  It is looked for anywhere in what the account wrote: start-up
 * files talk before it.
 *
 * Logged in and no marker, that is a forced command, no login shell, or an expired password: they cannot be told
 * apart without reading what others wrote.  The host's typed word counts then, with what was seen beside it; but not
 * when the connection ended before anything came of it.
 */
#include "rotators/ssh/client.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/process.h"
#include "base/text.h"
#include "rotators/contract/answer.h"
#include "rotators/ssh/link_run.h"
#include "rotators/ssh/script.h"

enum { MARKER_MILLISECONDS = 5000 };

static bool
name_valid(const char *name, size_t max, const char *extra)
{
	size_t size = strlen(name);

	if (size == 0 || size > max || name[0] == '-')
		return false;
	for (size_t i = 0; i < size; i++)
		if (!isascii(name[i]) ||
		    (!isalnum((unsigned char)name[i]) && strchr(extra, name[i]) == NULL))
			return false;
	return true;
}

bool
ssh_host_valid(const char *host)
{
	return name_valid(host, SSH_HOST_MAX, "._-:%");
}

bool
ssh_user_valid(const char *user)
{
	return name_valid(user, SSH_USER_MAX, "._-");
}

void
ssh_answer_done(struct ssh_answer *answer)
{
	buf_done(&answer->output);
}

void
ssh_verdicts_done(struct ssh_verdicts *verdicts)
{
	ssh_answer_done(&verdicts->key);
	ssh_answer_done(&verdicts->other);
}

static void
take_result(struct ssh_answer *answer, const struct link_result *result)
{
	answer->verdict = result->verdict;
	answer->cause = result->cause;
	memcpy(answer->detail, result->detail, sizeof(answer->detail));
}

static enum err_code
offer(struct ssh_link *link, struct view private_key, struct ssh_answer *answer, struct err *err)
{
	struct link_result result;

	TRY(link_offer(link, private_key, &result, err));
	take_result(answer, &result);
	return ERR_OK;
}

/* RET_LINK stays NULL when ANSWER tells why. */
static enum err_code
open_link(const struct ssh_target *target, int64_t deadline, struct ssh_link **ret_link,
    struct ssh_answer *answer, struct err *err)
{
	struct link_result result;

	TRY(link_open(target, deadline, ret_link, &result, err));
	take_result(answer, &result);
	return ERR_OK;
}

static void
tell(struct ssh_answer *answer, const char *what, const struct link_run *run)
{
	char text[4 * ROTATOR_DETAIL_MAX], said[LINK_SAID_MAX + 1], status[40] = "";
	bool spoke = run->said[strspn(run->said, " ")] != '\0';

	memcpy(said, run->said, sizeof(said));
	text_make_plain(said);
	if (run->status >= 0)
		(void)snprintf(status, sizeof(status), "; it ended with status %d", run->status);
	(void)snprintf(text, sizeof(text), "%s%s%s%.450s", what, status, spoke ? "; it said " : "",
	    spoke ? QUOTED(said) : "");
	answer_detail(text, answer->detail);
}

static void
judge_run(struct ssh_answer *answer, const struct link_run *run)
{
	char text[ROTATOR_DETAIL_MAX];

	answer->heard = !run->lost && !run->timed_out;
	if (run->lost) {
		answer->verdict = LINK_UNKNOWN;
		answer->cause = LINK_NO_HOST;
		tell(answer, "the key was let in, but the connection ended before a command ran",
		    run);
	} else if (run->timed_out) {
		tell(answer, "the key was let in, and what the account runs then has not ended",
		    run);
	} else if (run->flooded) {
		(void)snprintf(text, sizeof(text),
		    "the key was let in, and then the host sent more than %d bytes",
		    LINK_OUTPUT_MAX);
		tell(answer, text, run);
	} else {
		tell(answer,
		    "the key was let in, but the account ran no command of ours: a command that is forced "
		    "on this key, no login shell, or an expired password",
		    run);
	}
}

static enum err_code
run_command(struct ssh_link *link, const char *command, struct view input, int64_t deadline,
    struct ssh_answer *answer, struct err *err)
{
	LINK_RUN run = {0};

	TRY(link_run(link, command, input, deadline, &run, err));
	judge_run(answer, &run);
	answer->output = TAKE(run.output);
	return ERR_OK;
}

enum err_code
ssh_client_run(const struct ssh_target *target, struct view private_key, const char *command,
    struct view input, int64_t deadline, struct ssh_answer *ret_answer, struct err *err)
{
	SSH_ANSWER answer = {0};
	SSH_LINK *link = NULL;

	TRY(open_link(target, deadline, &link, &answer, err));
	if (link != NULL)
		TRY(offer(link, private_key, &answer, err));
	if (answer.verdict == LINK_ACCEPTED)
		TRY(run_command(link, command, input, deadline, &answer, err));
	*ret_answer = TAKE(answer);
	return ERR_OK;
}

/* Does the account run what we ask for? */
static enum err_code
see_marker(struct ssh_link *link, int64_t deadline, struct ssh_answer *answer, struct err *err)
{
	LINK_RUN run = {0};
	struct script_marker marker;
	char command[80];
	int64_t limit = process_milliseconds() + MARKER_MILLISECONDS;

	TRY(script_marker(&marker, err));
	(void)snprintf(command, sizeof(command), "echo %.20s\"\"%s", marker.text, marker.text + 20);
	TRY(link_run(link, command, view_of(NULL, 0), limit < deadline ? limit : deadline, &run,
	    err));
	answer->ran = run.status == 0 && run.output.size > 0 &&
	    memmem(run.output.data, run.output.size, marker.text, strlen(marker.text)) != NULL;
	if (!answer->ran)
		judge_run(answer, &run);
	return ERR_OK;
}

enum err_code
ssh_client_try(const struct ssh_target *target, const struct ssh_trial *trial, int64_t deadline,
    struct ssh_verdicts *ret_verdicts, struct err *err)
{
	SSH_VERDICTS verdicts = {0};
	SSH_LINK *link = NULL;

	TRY(open_link(target, deadline, &link, &verdicts.key, err));
	if (link != NULL)
		TRY(offer(link, trial->private_key, &verdicts.key, err));
	if (verdicts.key.verdict == LINK_ACCEPTED)
		TRY(see_marker(link, deadline, &verdicts.key, err));
	else if (verdicts.key.verdict == LINK_DENIED && trial->other.size > 0)
		TRY(offer(link, trial->other, &verdicts.other, err));
	if (verdicts.other.verdict == LINK_ACCEPTED)
		TRY(trial->script.size == 0 ? see_marker(link, deadline, &verdicts.other, err) :
		                              run_command(link, SSH_SHELL, trial->script, deadline,
		                                  &verdicts.other, err));
	*ret_verdicts = TAKE(verdicts);
	return ERR_OK;
}
