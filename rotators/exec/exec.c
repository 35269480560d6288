/* SPDX-License-Identifier: Apache-2.0 */
/*
 * halligan-rotate-exec: hands each verb to a program of the user's, which needs to know nothing of
 * JSON or encodings.  One run of the program for each verb:
 *
 *	COMMAND [ARG...] VERB [current|next|orphans]
 *	stdin	the target's "settings" as one JSON object
 *	3	the current value, raw		4	the next value, raw
 *	5	the new value, raw, for `generate`, `issue` and `mint`
 *	6	that of the secret which changes this one, raw
 *	exit	0 yes, 194 no, 195 no without a proof, or unchanged; all else: cannot tell, since
 *		1, 2, 10, 11 and the like are also what a program ends with that failed by accident,
 *		or passed on what a command ended with.  The first line on stderr is shown to people;
 *		when check or generate is refused, the first 9: each is a reason
 *	HALLIGAN_NAME	in the environment: of what the target makes
 *
 * A value is the one secret field of the credential that "fields" names; what else the credential
 * has (user name, address, note) goes on unchanged.  The program was opened, and its hash compared, by whoever started us,
 * and is run from that descriptor (ROTATOR_PROGRAM_FD).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/json_in.h"
#include "base/process.h"
#include "base/runner.h"
#include "base/text.h"
#include "rotators/contract/answer.h"
#include "rotators/contract/echo.h"
#include "rotators/exec/target.h"
#include "rotators/program/program.h"

enum { STATUS_YES = 0, STATUS_NO = 194, STATUS_UNPROVEN = 195 };

static void
exec_close(void *state)
{
	struct exec *exec = state;

	if (exec == NULL)
		return;
	fd_closep(&exec->executable);
	buf_done(&exec->settings);
	free(exec);
}

DESTRUCTOR(exec_freep, struct exec, exec_close)

static enum err_code
exec_open(const struct rotation *rotation, void **ret_state, struct err *err)
{
	CLEANUP(exec_freep) struct exec *exec = calloc(1, sizeof(*exec));

	if (exec == NULL)
		return err_set(err, ERR_MEMORY, "no memory for the target");
	exec->executable = -1;
	TRY(exec_read_target(rotation->target, exec, err));
	*ret_state = TAKE(exec);
	return ERR_OK;
}

static void
exec_describe(const void *state, struct description *ret_description)
{
	const struct exec *exec = state;

	ret_description->announced = exec->announced;
	memcpy(ret_description->fields, exec->fields, sizeof(exec->fields));
}

/* --- One run ------------------------------------------------------------------------------ */

static enum err_code
raw_value(const struct exec *exec, const struct secret *credential, struct view *ret_value,
    struct err *err)
{
	if (credential == NULL)
		return ERR_OK;
	return credential_get(secret_view(credential), exec->secret, ret_value, err);
}

/* The only secret field of the secret that changes this one. */
static enum err_code
raw_via(const struct secret *credential, struct view *ret_value, struct err *err)
{
	unsigned count = 0;

	for (int i = 0; credential != NULL && i < CREDENTIAL_FIELDS; i++)
		if (credential_field_is_secret((enum credential_field)i) &&
		    credential_has(secret_view(credential), (enum credential_field)i)) {
			TRY(credential_get(secret_view(credential), (enum credential_field)i,
			    ret_value, err));
			count++;
		}
	if (count > 1)
		return err_set(err, ERR_INVALID,
		    "the secret that changes this one has %u secret fields, and a program is handed one",
		    count);
	return ERR_OK;
}

/* Does SAID hold a value, or what was MADE (raw; NULL: nothing) and may stand at the target whatever the status? */
static bool
holds_value(const struct exec *exec, const struct rotation *rotation, const struct secret *made,
    struct view said)
{
	SECRET *encoded = NULL;
	struct err unsaid;

	if (made != NULL && secret_size(made) > 0 &&
	    rotation_replace(NULL, exec->secret, secret_view(made), &encoded, &unsaid) != ERR_OK)
		return true; /* nobody can tell */
	const struct secret *const values[] = {rotation->current, rotation->next, rotation->via,
	    encoded};

	return echo_found_any(said, values, ARRAY_SIZE(values));
}

static const char hidden[] = "(the program's message held the secret: not shown)";

/* LINE of what the program said, or "" when it cannot be shown. */
static void
show(const struct exec *exec, const struct rotation *rotation, const struct secret *made,
    struct view line, char ret_text[ROTATOR_DETAIL_MAX + 1])
{
	ret_text[0] = '\0';
	if (holds_value(exec, rotation, made, line)) {
		memcpy(ret_text, hidden, sizeof(hidden));
		return;
	}
	if (line.size == 0 || line.size > ROTATOR_DETAIL_MAX || !text_is_plain(line))
		return;
	memcpy(ret_text, line.data, line.size);
	ret_text[line.size] = '\0';
}

/* The first line of SAID, which is left without it. */
static struct view
next_line(struct view *said)
{
	const uint8_t *newline = said->size > 0 ? memchr(said->data, '\n', said->size) : NULL;
	struct view line = *said;

	if (newline != NULL)
		line.size = (size_t)(newline - said->data);
	*said =
	    newline == NULL ? view_of(NULL, 0) : view_of(newline + 1, said->size - line.size - 1);
	return line;
}

static bool
is_answer(int status)
{
	return status == STATUS_YES || status == STATUS_NO || status == STATUS_UNPROVEN;
}

/* Runs VERB; RET_STATUS is the exit status, or -1 when a signal ended it, and ERRORS what it said on stderr.  The first
 * line of that is the detail; where it answered nothing, how it ended. */
static enum err_code
run_program(const struct exec *exec, struct rotation *rotation, const char *verb, const char *which,
    struct secret *generated, struct buf *errors, int *ret_status, struct err *err)
{
	char name[sizeof("HALLIGAN_NAME=") + ROTATOR_VALUE_NAME_MAX];
	const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
	    rotation->name[0] == '\0' ? NULL : name, NULL};
	const char *argv[ARGUMENTS_MAX + 3] = {0};
	struct child child = {.path = ROTATOR_PROGRAM_PATH,
	    .name = exec->arguments[0],
	    .argv = argv,
	    .env = env,
	    .input = buf_view(&exec->settings),
	    .generated = generated,
	    .errors = errors,
	    .executable = exec->executable,
	    .deadline = rotation->deadline};
	int status;

	(void)snprintf(name, sizeof(name), "HALLIGAN_NAME=%s", rotation->name);
	for (size_t i = 0; i < exec->count; i++)
		argv[i] = exec->arguments[i];
	argv[exec->count] = verb;
	argv[exec->count + 1] = which;
	TRY(raw_value(exec, rotation->current, &child.values[0], err));
	TRY(raw_value(exec, rotation->next, &child.values[1], err));
	TRY(raw_via(rotation->via, &child.values[2], err));
	TRY(child_run(&child, &status, err));
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	struct view said = buf_view(errors);

	show(exec, rotation, generated, next_line(&said), rotation->detail);
	if (rotation->detail[0] == '\0' && !is_answer(*ret_status)) {
		BUF text = {0};

		child_status(status, &text);
		rotation_detail(rotation, "%s %s", exec->arguments[0], buf_string(&text));
	}
	return ERR_OK;
}

static enum err_code
run(const struct exec *exec, struct rotation *rotation, const char *verb, const char *which,
    struct secret *generated, int *ret_status, struct err *err)
{
	WIPED errors = {0};

	return run_program(exec, rotation, verb, which, generated, &errors, ret_status, err);
}

/* Each line that it said is a reason. */
static enum err_code
run_or_refuse(const struct exec *exec, struct rotation *rotation, const char *verb,
    struct secret *generated, struct err *err)
{
	WIPED errors = {0}, joined = {0}; /* a value in pieces is one, too */
	char text[ROTATOR_DETAIL_MAX + 1];
	struct err one;
	int status;

	TRY(run_program(exec, rotation, verb, NULL, generated, &errors, &status, err));
	if (status == STATUS_YES)
		return ERR_OK;
	struct view said = buf_view(&errors);

	(void)next_line(&said);
	buf_text(&joined, rotation->detail);
	(void)err_set(err, ERR_REFUSED, "%s",
	    rotation->detail[0] == '\0' ? "the program gave no reason" : rotation->detail);
	for (unsigned i = 1; i < ROTATOR_REASONS_MAX && said.size > 0; i++) {
		show(exec, rotation, generated, next_line(&said), text);
		if (text[0] != '\0') {
			buf_text(&joined, text);
			(void)err_set(&one, ERR_REFUSED, "%s", text);
			(void)err_also(err, &one);
		}
	}
	return joined.failed || holds_value(exec, rotation, generated, buf_view(&joined)) ?
	    err_set(err, ERR_REFUSED, "%s", hidden) :
	    ERR_REFUSED;
}

/* --- Verbs -------------------------------------------------------------------------------- */

static enum err_code
exec_check(void *state, struct rotation *rotation, struct err *err)
{
	return run_or_refuse(state, rotation, "check", NULL, err);
}

/* Letters drawn without bias: a byte at or over the largest multiple is drawn again. */
static enum err_code
draw(const struct exec *exec, struct secret *value, struct err *err)
{
	size_t letters = strlen(exec->alphabet), limit = 256 - 256 % letters;
	SECRET *byte = NULL;

	TRY(secret_new(1, &byte, err));
	while (secret_size(value) < exec->length) {
		TRY(secret_random(byte, 1, err));
		if (secret_data(byte)[0] >= limit)
			continue;
		TRY(secret_append(value,
		    view_of(exec->alphabet + secret_data(byte)[0] % letters, 1), err));
	}
	return ERR_OK;
}

static enum err_code
exec_generate(void *state, struct rotation *rotation, struct secret **ret_next, struct err *err)
{
	const struct exec *exec = state;
	SECRET *value = NULL;

	TRY(secret_new(CREDENTIAL_MAX, &value, err));
	if (exec->alphabet[0] != '\0')
		TRY(draw(exec, value, err));
	else
		TRY(run_or_refuse(exec, rotation, "generate", value, err));
	if (secret_size(value) == 0)
		return err_set(err, ERR_PROTOCOL, "%s wrote no value on descriptor 5",
		    exec->arguments[0]);
	return rotation_replace(rotation->current, exec->secret, secret_view(value), ret_next, err);
}

static enum err_code
exec_probe(void *state, struct rotation *rotation, enum rotator_value which,
    enum probe_result *ret_result, struct err *err)
{
	int status;

	TRY(run(state, rotation, "probe", which == ROTATOR_CURRENT ? "current" : "next", NULL,
	    &status, err));
	*ret_result = status == STATUS_YES ? PROBE_ACCEPTED :
	    status == STATUS_NO            ? PROBE_REFUSED :
	    status == STATUS_UNPROVEN      ? PROBE_DENIED :
	                                     PROBE_UNREACHABLE;
	return ERR_OK;
}

static enum change_result
result_of(int status)
{
	return status == STATUS_YES   ? CHANGE_DONE :
	    status == STATUS_NO       ? CHANGE_REJECTED :
	    status == STATUS_UNPROVEN ? CHANGE_UNCHANGED :
	                                CHANGE_UNKNOWN;
}

static enum err_code
change(void *state, struct rotation *rotation, const char *verb, const char *which,
    enum change_result *ret_result, struct err *err)
{
	int status;

	TRY(run(state, rotation, verb, which, NULL, &status, err));
	*ret_result = result_of(status);
	return ERR_OK;
}

/* What takes something away rejects no value: then the status is no answer. */
static enum err_code
take_away(void *state, struct rotation *rotation, const char *verb, const char *which,
    enum change_result *ret_result, struct err *err)
{
	TRY(change(state, rotation, verb, which, ret_result, err));
	if (*ret_result == CHANGE_REJECTED)
		*ret_result = CHANGE_UNKNOWN;
	return ERR_OK;
}

static enum err_code
exec_apply(void *state, struct rotation *rotation, enum change_result *ret_result, struct err *err)
{
	return change(state, rotation, "apply", NULL, ret_result, err);
}

static enum err_code
exec_add(void *state, struct rotation *rotation, enum change_result *ret_result, struct err *err)
{
	return change(state, rotation, "add", NULL, ret_result, err);
}

static enum err_code
exec_withdraw(void *state, struct rotation *rotation, enum change_result *ret_result,
    struct err *err)
{
	return take_away(state, rotation, "withdraw", "current", ret_result, err);
}

static enum err_code
exec_withdraw_orphans(void *state, struct rotation *rotation, enum change_result *ret_result,
    struct err *err)
{
	return take_away(state, rotation, "withdraw", "orphans", ret_result, err);
}

static enum err_code
exec_unmint(void *state, struct rotation *rotation, enum change_result *ret_result, struct err *err)
{
	return take_away(state, rotation, "unmint", NULL, ret_result, err);
}

/* What the program wrote becomes the next value. */
static enum err_code
make(void *state, struct rotation *rotation, const char *verb, enum change_result *ret_result,
    struct err *err)
{
	const struct exec *exec = state;
	SECRET *value = NULL;
	int status;

	TRY(secret_new(CREDENTIAL_MAX, &value, err));
	TRY(run(exec, rotation, verb, NULL, value, &status, err));
	*ret_result = result_of(status);
	if (*ret_result != CHANGE_DONE)
		return ERR_OK;
	if (secret_size(value) == 0)
		return err_set(err, ERR_PROTOCOL, "%s wrote no value on descriptor 5",
		    exec->arguments[0]);
	return rotation_replace(rotation->current, exec->secret, secret_view(value),
	    &rotation->next, err);
}

static enum err_code
exec_issue(void *state, struct rotation *rotation, enum change_result *ret_result, struct err *err)
{
	return make(state, rotation, "issue", ret_result, err);
}

static enum err_code
exec_mint(void *state, struct rotation *rotation, enum change_result *ret_result, struct err *err)
{
	return make(state, rotation, "mint", ret_result, err);
}

static enum err_code
sessions(void *state, struct rotation *rotation, const char *verb, enum expel_result *ret_result,
    struct err *err)
{
	int status;

	TRY(run(state, rotation, verb, NULL, NULL, &status, err));
	*ret_result = status == STATUS_YES ? EXPEL_ENDED :
	    status == STATUS_NO            ? EXPEL_NONE :
	                                     EXPEL_CANNOT_TELL;
	return ERR_OK;
}

static enum err_code
exec_expel(void *state, struct rotation *rotation, enum expel_result *ret_result, struct err *err)
{
	return sessions(state, rotation, "expel", ret_result, err);
}

static enum err_code
exec_warn(void *state, struct rotation *rotation, enum expel_result *ret_result, struct err *err)
{
	return sessions(state, rotation, "warn", ret_result, err);
}

static const char *const exec_help[] = {
    "usage: halligan-rotate-exec",
    "",
    "Halligan's rotator that runs a program of yours; started by Halligan, which speaks to it",
    "over pipes.  Target: command, hash, fields, announces, generate, settings.",
    "See halligan-rotate-exec(8) and docs/rotators.md.",
    NULL,
};

static const struct program_ops ops = {
    .name = "exec",
    .help = exec_help,
    .open = exec_open,
    .close = exec_close,
    .describe = exec_describe,
    .check = exec_check,
    .generate = exec_generate,
    .probe = exec_probe,
    .changes =
        {
            [ROTATOR_APPLY] = exec_apply,
            [ROTATOR_ADD] = exec_add,
            [ROTATOR_ISSUE] = exec_issue,
            [ROTATOR_WITHDRAW] = exec_withdraw,
            [ROTATOR_WITHDRAW_ORPHANS] = exec_withdraw_orphans,
            [ROTATOR_MINT] = exec_mint,
            [ROTATOR_UNMINT] = exec_unmint,
        },
    .expel = exec_expel,
    .warn = exec_warn,
};

int
main(int argc, char **argv)
{
	return program_run(&ops, argc, argv);
}
