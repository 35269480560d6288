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

static enum err_code
log_in(const struct ssh_target *target, struct view private_key, int64_t deadline,
    struct ssh_link **ret_link, struct ssh_answer *answer, struct err *err)
{
	static const enum ssh_outcome outcomes[] = {
	    [LINK_ACCEPTED] = SSH_ACCEPTED,
	    [LINK_DENIED] = SSH_DENIED,
	    [LINK_UNKNOWN] = SSH_UNREACHABLE,
	};
	struct link_result result;

	TRY(link_login(target, private_key, deadline, ret_link, &result, err));
	answer->outcome = outcomes[result.verdict];
	answer->cause = result.cause;
	memcpy(answer->detail, result.detail, sizeof(answer->detail));
	return ERR_OK;
}

static void
tell(struct ssh_answer *answer, const char *what, const struct link_run *run)
{
	char text[4 * ROTATOR_DETAIL_MAX], said[LINK_SAID_MAX + 1], status[40] = "";

	memcpy(said, run->said, sizeof(said));
	text_make_plain(said);
	if (run->status >= 0)
		(void)snprintf(status, sizeof(status), "; it ended with status %d", run->status);
	(void)snprintf(text, sizeof(text), "%s%s%s%.450s", what, status,
	    said[0] != '\0' ? "; it said " : "", said[0] != '\0' ? QUOTED(said) : "");
	answer_detail(text, answer->detail);
}

static void
judge_run(struct ssh_answer *answer, const struct link_run *run)
{
	if (run->lost) {
		answer->outcome = SSH_UNREACHABLE;
		answer->cause = LINK_NO_HOST;
		tell(answer, "the key was let in, but the connection ended before a command ran",
		    run);
	} else if (run->timed_out) {
		tell(answer, "the key was let in, and what the account runs then has not ended",
		    run);
	} else {
		tell(answer,
		    "the key was let in, but the account ran no command of ours: a command that is forced "
		    "on this key, no login shell, or an expired password",
		    run);
	}
}

enum err_code
ssh_client_run(const struct ssh_target *target, struct view private_key, const char *command,
    struct view input, int64_t deadline, struct ssh_answer *ret_answer, struct err *err)
{
	SSH_ANSWER answer = {0};
	SSH_LINK *link = NULL;
	LINK_RUN run = {.status = -1, .timed_out = true};

	TRY(log_in(target, private_key, deadline, &link, &answer, err));
	if (link != NULL) {
		enum err_code code = link_run(link, command, input, deadline, &run, err);

		if (code != ERR_OK && code != ERR_PROTOCOL)
			return code;
		judge_run(&answer, &run);
		answer.output = TAKE(run.output);
	}
	*ret_answer = TAKE(answer);
	return ERR_OK;
}

enum err_code
ssh_client_try(const struct ssh_target *target, struct view private_key, int64_t deadline,
    struct ssh_answer *ret_answer, struct err *err)
{
	SSH_ANSWER answer = {0};
	SSH_LINK *link = NULL;
	LINK_RUN run = {.status = -1, .timed_out = true};
	struct script_marker marker;
	char command[80];
	int64_t limit;

	TRY(script_marker(&marker, err));
	(void)snprintf(command, sizeof(command), "echo %.20s\"\"%s", marker.text, marker.text + 20);
	TRY(log_in(target, private_key, deadline, &link, &answer, err));
	if (link != NULL) {
		limit = process_milliseconds() + MARKER_MILLISECONDS;
		enum err_code code = link_run(link, command, view_of(NULL, 0),
		    limit < deadline ? limit : deadline, &run, err);

		if (code != ERR_OK && code != ERR_PROTOCOL)
			return code;
		answer.ran = run.status == 0 && run.output.size > 0 &&
		    memmem(run.output.data, run.output.size, marker.text, strlen(marker.text)) !=
		        NULL;
		if (!answer.ran)
			judge_run(&answer, &run);
	}
	*ret_answer = TAKE(answer);
	return ERR_OK;
}
