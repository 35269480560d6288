/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop: a line in, one answer out.  Verbs are rows of a table; a verb that is not there gets
 * the answer "unsupported", which no vault takes for a result.  The values are in secret memory
 * before the first line is read, and nothing here ever puts them anywhere else.
 *
 * A rotator ends on its own account a little before the vault would end it, so that the vault hears
 * why: an eighth of the time, at most two seconds.
 */
#include "rotators/program/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/json_in.h"
#include "base/left.h"
#include "base/process.h"
#include "base/text.h"
#include "rotators/contract/answer.h"
#include "rotators/contract/executable.h"

enum {
	CURRENT_FD = 3,
	NEXT_FD = 4,
	GENERATED_FD = 5,
	VIA_FD = 6,
	SECONDS_DEFAULT = 30,
	SECONDS_MAX = 3600,
	MARGIN_MAX = 2000
};

struct program {
	const struct program_ops *ops;
	struct rotation rotation;
	struct json *first; /* the first line; rotation.target lives in it */
	void *state;
	struct err opening; /* why there is no state */
	bool can_generate;  /* descriptor 5 was there */
};

void
rotation_detail(struct rotation *rotation, const char *format, ...)
{
	char text[2 * ROTATOR_DETAIL_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text_make_plain(text); /* it may quote a name that somebody chose */
	answer_detail(text, rotation->detail);
}

enum err_code
rotation_replace(const struct secret *current, enum credential_field field, struct view value,
    struct secret **ret_next, struct err *err)
{
	SECRET *next = NULL;

	TRY(credential_new(&next, err));
	for (int i = 0; i < CREDENTIAL_FIELDS; i++) {
		struct view kept;
		struct err absent;

		if (i == (int)field)
			TRY(credential_add(next, field, value, err));
		else if (current != NULL &&
		    credential_get(secret_view(current), (enum credential_field)i, &kept,
		        &absent) == ERR_OK)
			TRY(credential_add(next, (enum credential_field)i, kept, err));
	}
	*ret_next = TAKE(next);
	return ERR_OK;
}

/* --- Verbs -------------------------------------------------------------------------------- */

struct verb;
/* Puts the result into ANSWER.  VALUE is the member "value", or NULL. */
typedef enum err_code (*verb_function)(struct program *program, const struct verb *verb,
    const char *value, struct json *answer, struct err *err);

struct verb {
	const char *name;
	verb_function run;
	enum rotator_change change; /* of verb_change */
	const char *failed;         /* the result when run fails */
};

static enum err_code
verb_describe(struct program *program, const struct verb *verb, const char *value,
    struct json *answer, struct err *err)
{
	struct description description = {0};

	(void)verb;
	(void)value;
	(void)err;
	program->ops->describe(program->state, &description);
	json_put_text(answer, "result", "ok");
	json_put_text(answer, "rotator", program->ops->name);
	json_put_int(answer, "contract", ROTATOR_CONTRACT);
	description_put_fields(answer, description.fields);
	announcement_put(answer, &description.announced);
	return ERR_OK;
}

static enum err_code
verb_check(struct program *program, const struct verb *verb, const char *value, struct json *answer,
    struct err *err)
{
	(void)verb;
	(void)value;
	TRY(program->ops->check(program->state, &program->rotation, err));
	json_put_text(answer, "result", "ok");
	return ERR_OK;
}

static enum err_code
check_room(const struct program *program, struct err *err)
{
	if (!program->can_generate || program->rotation.next != NULL)
		return err_set(err, ERR_REFUSED, "there is a next value already");
	return ERR_OK;
}

/* VALUE is the next one from now on. */
static enum err_code
hand_over(struct program *program, struct secret *value, struct err *err)
{
	TRY(credential_check(secret_view(value), err));
	TRY(secret_write_fd(value, GENERATED_FD, err));
	program->can_generate = false;
	if (close(GENERATED_FD) != 0)
		return err_set(err, ERR_IO, "the new value could not be handed over");
	return ERR_OK;
}

static enum err_code
verb_generate(struct program *program, const struct verb *verb, const char *value,
    struct json *answer, struct err *err)
{
	SECRET *next = NULL;

	(void)verb;
	(void)value;
	TRY(check_room(program, err));
	TRY(program->ops->generate(program->state, &program->rotation, &next, err));
	TRY(hand_over(program, next, err));
	program->rotation.next = TAKE(next);
	json_put_text(answer, "result", "ok");
	return ERR_OK;
}

static enum err_code
verb_probe(struct program *program, const struct verb *verb, const char *value, struct json *answer,
    struct err *err)
{
	enum rotator_value which;
	enum probe_result result;

	(void)verb;
	if (value != NULL && strcmp(value, "current") == 0)
		which = ROTATOR_CURRENT;
	else if (value != NULL && strcmp(value, "next") == 0)
		which = ROTATOR_NEXT;
	else
		return err_set(err, ERR_INVALID, "probe: value must be current or next");
	if ((which == ROTATOR_CURRENT ? program->rotation.current : program->rotation.next) == NULL)
		return err_set(err, ERR_INVALID, "probe: there is no %s value", value);
	TRY(program->ops->probe(program->state, &program->rotation, which, &result, err));
	json_put_text(answer, "result", probe_result_names[result]);
	return ERR_OK;
}

static enum err_code
check_values(const struct program *program, enum rotator_change change, struct err *err)
{
	const struct rotation *rotation = &program->rotation;

	switch (change) {
	case ROTATOR_APPLY: /* the current one stays sealed where nobody has seen it */
		return rotation->next != NULL ?
		    ERR_OK :
		    err_set(err, ERR_INVALID, "apply needs the next value");
	case ROTATOR_ADD:
		if (rotation->current == NULL || rotation->next == NULL)
			return err_set(err, ERR_INVALID, "%s needs the current and the next value",
			    change_verbs[change].verb);
		return ERR_OK;
	case ROTATOR_WITHDRAW:
	case ROTATOR_WITHDRAW_ORPHANS:
		if (rotation->current == NULL)
			return err_set(err, ERR_INVALID, "withdraw needs the current value");
		return ERR_OK;
	case ROTATOR_ISSUE:
	case ROTATOR_MINT:
		return check_room(program, err);
	case ROTATOR_UNMINT:
	case ROTATOR_CHANGES:
	default:
		return ERR_OK;
	}
}

static enum err_code
verb_change(struct program *program, const struct verb *verb, const char *value,
    struct json *answer, struct err *err)
{
	bool orphans = value != NULL && strcmp(value, "orphans") == 0;
	enum rotator_change change = orphans ? ROTATOR_WITHDRAW_ORPHANS : verb->change;
	bool makes = change == ROTATOR_ISSUE || change == ROTATOR_MINT;
	enum change_result result;

	if ((verb->change == ROTATOR_WITHDRAW) != (value != NULL) ||
	    (value != NULL && !orphans && strcmp(value, "current") != 0) ||
	    program->ops->changes[change] == NULL)
		return err_set(err, ERR_INVALID, "%s: there is no such value here", verb->name);
	TRY(check_values(program, change, err));
	TRY(program->ops->changes[change](program->state, &program->rotation, &result, err));
	if (makes && result == CHANGE_DONE)
		TRY(hand_over(program, program->rotation.next, err));
	json_put_text(answer, "result", change_verb_name(&change_verbs[change], result));
	return ERR_OK;
}

static enum err_code
ask_sessions(struct program *program, const struct verb *verb, program_sessions run,
    const char *const *names, struct json *answer, struct err *err)
{
	enum expel_result result;

	if (program->rotation.current == NULL)
		return err_set(err, ERR_INVALID, "%s needs the current value", verb->name);
	TRY(run(program->state, &program->rotation, &result, err));
	json_put_text(answer, "result", names[result]);
	return ERR_OK;
}

static enum err_code
verb_expel(struct program *program, const struct verb *verb, const char *value, struct json *answer,
    struct err *err)
{
	(void)value;
	return ask_sessions(program, verb, program->ops->expel, expel_result_names, answer, err);
}

static enum err_code
verb_warn(struct program *program, const struct verb *verb, const char *value, struct json *answer,
    struct err *err)
{
	(void)value;
	return ask_sessions(program, verb, program->ops->warn, warn_result_names, answer, err);
}

static const char refused[] = "refused"; /* with each part of the error as a reason */
static const struct verb verbs[] = {
    {"describe", verb_describe, 0, refused},
    {"check", verb_check, 0, refused},
    {"generate", verb_generate, 0, refused},
    {"probe", verb_probe, 0, "unreachable"},
    {"apply", verb_change, ROTATOR_APPLY, "unknown"},
    {"add", verb_change, ROTATOR_ADD, "unknown"},
    {"issue", verb_change, ROTATOR_ISSUE, "unknown"},
    {"withdraw", verb_change, ROTATOR_WITHDRAW, "unknown"},
    {"expel", verb_expel, 0, "cannot-tell"},
    {"warn", verb_warn, 0, "cannot-tell"},
    {"mint", verb_change, ROTATOR_MINT, "unknown"},
    {"unmint", verb_change, ROTATOR_UNMINT, "unknown"},
};

static bool
has_verb(const struct program_ops *ops, const struct verb *verb)
{
	return verb->run == verb_change ? ops->changes[verb->change] != NULL :
	    verb->run == verb_generate  ? ops->generate != NULL :
	    verb->run == verb_expel     ? ops->expel != NULL :
	    verb->run == verb_warn      ? ops->warn != NULL :
	                                  true;
}

/* --- The loop ----------------------------------------------------------------------------- */

static enum err_code
say(const struct json *answer, struct err *err)
{
	BUF line = {0};

	TRY(json_encode(answer, &line, err));
	buf_u8(&line, '\n');
	TRY(buf_check(&line, err));
	return fd_write(STDOUT_FILENO, buf_view(&line), -1, err);
}

static const struct verb *
verb_called(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static void
start_clock(struct rotation *rotation)
{
	int64_t whole = (int64_t)rotation->seconds * 1000;
	int64_t margin = whole / 8 < MARGIN_MAX ? whole / 8 : MARGIN_MAX;

	rotation->deadline = process_milliseconds() + whole - margin;
	rotation->detail[0] = '\0';
}

static enum err_code
run_verb(struct program *program, const struct verb *verb, const char *argument, struct err *err)
{
	JSON *answer = json_new_object();
	JSON *failure = json_new_object();
	struct err cause;
	enum err_code code;

	start_clock(&program->rotation);
	if (program->opening.code != ERR_OK) {
		cause = program->opening;
		code = cause.code;
	} else {
		code = verb->run(program, verb, argument, answer, &cause);
	}
	if (code != ERR_OK && verb->failed == refused) {
		answer_put_refused(failure, &cause);
		program->rotation.detail[0] = '\0';
	} else if (code != ERR_OK) {
		rotation_detail(&program->rotation, "%s", cause.text);
		json_put_text(failure, "result", verb->failed);
	}
	struct json *said = code == ERR_OK ? answer : failure;

	if (program->rotation.detail[0] != '\0')
		json_put_text(said, "detail", program->rotation.detail);
	return say(said, err);
}

static enum err_code
answer_line(struct program *program, struct view line, struct err *err)
{
	JSON *question = NULL;

	TRY(json_parse(line, &question, err));
	struct json_in in = json_in(question, "line", err);
	const char *name = json_in_text(&in, "verb", 1, 40);
	const char *argument = json_in_text_optional(&in, "value", 1, 40);

	TRY(json_in_end(&in));
	const struct verb *verb = verb_called(name);

	if (verb == NULL || !has_verb(program->ops, verb)) {
		JSON *answer = json_new_object();

		json_put_text(answer, "result", "unsupported");
		return say(answer, err);
	}
	return run_verb(program, verb, argument, err);
}

/* The next line, or RET_END at the end of input; an unfinished line is an error. */
static enum err_code
next_line(struct buf *ret_line, bool *ret_end, struct err *err)
{
	uint8_t first;
	ssize_t got;

	do
		got = read(STDIN_FILENO, &first, 1);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_errno(err, ERR_IO, errno, "reading standard input");
	*ret_end = got == 0;
	if (got == 0 || first == '\n')
		return ERR_OK;
	buf_u8(ret_line, first);
	return fd_read_line(STDIN_FILENO, ROTATOR_TARGET_MAX, ret_line, -1, err);
}

static enum err_code
read_target(struct program *program, struct err *err)
{
	BUF line = {0};
	JSON *first = NULL;
	bool end;

	TRY(next_line(&line, &end, err));
	if (end)
		return err_set(err, ERR_PROTOCOL, "no target on standard input; see --help");
	TRY(json_parse(buf_view(&line), &first, err));
	struct json_in in = json_in(first, "first line", err);

	program->rotation.target = json_in_object(&in, "target");
	program->rotation.seconds =
	    (unsigned)json_in_int_optional(&in, "seconds", 1, SECONDS_MAX, SECONDS_DEFAULT);
	const char *name = json_in_text_optional(&in, "name", 1, ROTATOR_VALUE_NAME_MAX);

	program->rotation.name = name == NULL ? "" : name;
	TRY(json_in_end(&in));
	program->first = TAKE(first);
	return ERR_OK;
}

static enum err_code
read_value(int fd, const char *which, struct secret **ret_value, struct err *err)
{
	SECRET *value = NULL;

	TRY(secret_new(CREDENTIAL_ENCODED_MAX, &value, err));
	if (secret_read_fd(value, fd, err) != ERR_OK ||
	    credential_check(secret_view(value), err) != ERR_OK)
		return err_add(err, "the %s value on descriptor %d", which, fd);
	close(fd);
	*ret_value = TAKE(value);
	return ERR_OK;
}

static enum err_code
answer_lines(struct program *program, struct err *err)
{
	for (;;) {
		BUF line = {0};
		bool end;

		TRY(next_line(&line, &end, err));
		if (end)
			return ERR_OK;
		TRY(answer_line(program, buf_view(&line), err));
	}
}

static enum err_code
serve(struct program *program, const bool have[VIA_FD + 1], struct err *err)
{
	TRY(process_harden(ROTATOR_PROGRAM_FD, err));
	close(EXECUTABLE_FD);
	TRY(left_watch(err)); /* no process of ours outlives its verb */
	TRY(crypto_start(err));
	if (have[CURRENT_FD])
		TRY(read_value(CURRENT_FD, "current", &program->rotation.current, err));
	if (have[NEXT_FD])
		TRY(read_value(NEXT_FD, "next", &program->rotation.next, err));
	if (have[VIA_FD])
		TRY(read_value(VIA_FD, "other", &program->rotation.via, err));
	TRY(read_target(program, err));
	start_clock(&program->rotation);
	/* A target that cannot be read is the answer to every verb, not the end of the program. */
	if (program->ops->open(&program->rotation, &program->state, &program->opening) == ERR_OK)
		program->opening.code = ERR_OK;
	return answer_lines(program, err);
}

static void
program_done(struct program *program)
{
	program->ops->close(program->state);
	json_free(program->first);
	secret_free(program->rotation.current);
	secret_free(program->rotation.next);
	secret_free(program->rotation.via);
}

static int
help(const struct program_ops *ops)
{
	for (size_t i = 0; ops->help[i] != NULL; i++)
		(void)printf("%s\n", ops->help[i]);
	return fflush(stdout) == 0 ? 0 : 1;
}

int
program_run(const struct program_ops *ops, int argc, char **argv)
{
	CLEANUP(program_done) struct program program = {.ops = ops};
	bool have[VIA_FD + 1];
	struct err err;

	for (int fd = CURRENT_FD; fd <= VIA_FD; fd++)
		have[fd] = fcntl(fd, F_GETFD) != -1;
	program.can_generate = !have[NEXT_FD] && have[GENERATED_FD];
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return help(ops);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("halligan-rotate-%s %s\n", ops->name, HALLIGAN_VERSION) > 0 ? 0 : 1;
	if (argc > 1) {
		(void)fprintf(stderr, "halligan-rotate-%s: unknown argument \"%s\"; see --help\n",
		    ops->name, argv[1]);
		return 2;
	}
	if (serve(&program, have, &err) == ERR_OK)
		return 0;
	(void)fprintf(stderr, "halligan-rotate-%s: %s\n", ops->name, err.text);
	return 1;
}
