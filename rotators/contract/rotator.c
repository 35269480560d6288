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
 */
#include "rotators/contract/rotator.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#include "base/text.h"
#include "rotators/contract/answer.h"
#include "rotators/contract/description.h"
#include "rotators/contract/echo.h"
#include "rotators/contract/exchange.h"
#include "rotators/contract/executable.h"

/* All verbs of one rotation, and waiting between them. */
enum { START_VERBS = 20 };
static const char *const value_names[] = {"current", "next"};

struct rotator {
	struct exchange exchange;
	struct secret *current, *next, *via; /* NULL: absent */
	char name[ROTATOR_NAME_MAX + 1];     /* as its file is called; "": otherwise */
	char detail[ROTATOR_DETAIL_MAX + 1];
	bool broken; /* the cause stands in detail */
};

static enum err_code
keep_value(struct view value, const char *which, struct secret **ret_value, struct err *err)
{
	if (value.size == 0)
		return ERR_OK;
	if (credential_check(value, err) != ERR_OK)
		return err_add(err, "the %s value", which);
	return secret_from(value, ret_value, err);
}

void
rotator_free(struct rotator *rotator)
{
	if (rotator == NULL)
		return;
	exchange_end(&rotator->exchange);
	secret_free(rotator->current);
	secret_free(rotator->next);
	secret_free(rotator->via);
	secret_free(rotator->exchange.generated);
	free(rotator);
}

const char *
rotator_detail(const struct rotator *rotator)
{
	return rotator->detail;
}

static bool
echoes(const struct rotator *rotator, struct view text)
{
	const struct secret *const values[] = {rotator->current, rotator->next, rotator->via,
	    rotator->exchange.generated};

	return echo_found_any(text, values, ARRAY_SIZE(values));
}

/* Ends a process that does not keep to the contract.  Returns ERR's code. */
static enum err_code
mark_broken(struct rotator *rotator, struct err *err)
{
	if (echoes(rotator, view_of_text(err->text)))
		(void)err_set(err, ERR_PROTOCOL, "the rotator's answer held a secret");
	exchange_end(&rotator->exchange);
	rotator->broken = true;
	answer_detail(err->text, rotator->detail);
	return err->code;
}

static enum err_code
send_target(struct rotator *rotator, const struct rotator_start *start, struct err *err)
{
	JSON *line = json_new_object();

	json_put_copy(line, "target", start->target);
	json_put_int(line, "seconds", rotator->exchange.seconds);
	if (start->name != NULL)
		json_put_text(line, "name", start->name);
	return exchange_send(&rotator->exchange, line, err);
}

/* Closed again once it was started: what is isolated is opened by the starter, which does not believe us. */
struct opened {
	int executable, program;
};

static void
opened_done(struct opened *opened)
{
	fd_closep(&opened->executable);
	fd_closep(&opened->program);
}

static enum err_code
open_programs(const struct rotator_start *start, struct opened *opened, struct needs *ret_needs,
    bool *ret_runs, struct digest *ret_command, struct err *err)
{
	struct digest hash;

	TRY(executable_open(start->path, &opened->executable, &hash, err));
	if (!digest_equal(&hash, &start->hash))
		return err_set(err, ERR_REFUSED,
		    "%s is another program than a moment ago: its SHA-256 differs; was it just upgraded? Nothing of "
		    "it was run; the next attempt takes it as it is then",
		    start->path);
	TRY(description_needs(start->path, start->target, ret_needs, ret_runs, err));
	return *ret_runs ?
	    program_open(start->places, start->target, &opened->program, ret_command, err) :
	    ERR_OK;
}

/* Of what else it may show nothing is said to the starter: what it must not is. */
static void
fill_message(const struct rotator *rotator, const struct rotator_start *start,
    const struct digest *command, struct start_message *message)
{
	(void)snprintf(message->rotator, sizeof(message->rotator), "%s", rotator->name);
	message->hash = start->hash;
	message->own = start->own;
	message->seconds = START_VERBS * rotator->exchange.seconds;
	if (message->seconds > START_SECONDS_MAX)
		message->seconds = START_SECONDS_MAX;
	if (command != NULL) {
		(void)snprintf(message->command, sizeof(message->command), "%s",
		    program_path(start->target));
		message->command_hash = *command;
	}
	for (size_t i = 0; i < ARRAY_SIZE(start->hidden); i++) {
		char real[PATH_MAX]; /* without links, which the starter does not follow for us */

		if (start->hidden[i] != NULL && realpath(start->hidden[i], real) != NULL)
			(void)snprintf(message->hidden[message->hidden_count++], NEEDS_PATH_SIZE,
			    "%s", real);
	}
}

static enum err_code
run_program(struct rotator *rotator, const struct rotator_start *start, struct err *err)
{
	CLEANUP(opened_done) struct opened opened = {-1, -1};
	START_MESSAGE message = {.fds = {-1, -1, -1, -1, -1, -1}};
	struct digest command;
	bool runs;

	TRY(open_programs(start, &opened, &message.needs, &runs, &command, err));
	fill_message(rotator, start, runs ? &command : NULL, &message);
	const struct exchange_start with = {.name = start->path,
	    .places = start->places,
	    .isolated = start->places != NULL && start->places->starter != NULL ? &message : NULL,
	    .executable = opened.executable,
	    .program = opened.program,
	    .errors = -1,
	    .current = rotator->current,
	    .next = rotator->next,
	    .via = rotator->via};

	if (exchange_start(&rotator->exchange, &with, err) != ERR_OK)
		return err_add(err, "starting %s", start->path);
	return ERR_OK;
}

static void
take_name(const char *path, char ret_name[ROTATOR_NAME_MAX + 1])
{
	static const char prefix[] = "halligan-rotate-";
	const char *file = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
	size_t size = sizeof(prefix) - 1;

	if (strncmp(file, prefix, size) == 0 && strlen(file + size) <= ROTATOR_NAME_MAX)
		memcpy(ret_name, file + size, strlen(file + size) + 1);
}

enum err_code
rotator_start(const struct rotator_start *start, struct rotator **ret_rotator, struct err *err)
{
	ROTATOR *rotator = calloc(1, sizeof(*rotator));
	struct err early;

	if (rotator == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a rotator");
	rotator->exchange.requests = rotator->exchange.answers = -1;
	rotator->exchange.generated_fd = -1;
	rotator->exchange.seconds = start->seconds == 0 ? 1 : start->seconds;
	take_name(start->path, rotator->name);
	TRY(keep_value(start->current, value_names[ROTATOR_CURRENT], &rotator->current, err));
	TRY(keep_value(start->next, value_names[ROTATOR_NEXT], &rotator->next, err));
	TRY(keep_value(start->via, "other", &rotator->via, err));
	TRY(run_program(rotator, start, err));
	if (send_target(rotator, start, &early) != ERR_OK)
		(void)mark_broken(rotator, &early); /* it ended at once: the first verb says so */
	*ret_rotator = TAKE(rotator);
	return ERR_OK;
}

static enum err_code
transact(struct rotator *rotator, const struct json *question, struct buf *ret_line,
    struct err *err)
{
	TRY(exchange_send(&rotator->exchange, question, err));
	TRY(exchange_receive(&rotator->exchange, ret_line, err));
	if (echoes(rotator, buf_view(ret_line)))
		return err_set(err, ERR_PROTOCOL, "the rotator's answer held a secret");
	return ERR_OK;
}

/* Also in pieces. */
static bool
echoes_in_reasons(const struct rotator *rotator, const struct err *why)
{
	WIPED joined = {0};
	char text[ERR_TEXT_SIZE];

	for (size_t i = 0; i < err_parts(why); i++) {
		err_copy_part(why, i, text);
		buf_text(&joined, text);
	}
	explicit_bzero(text, sizeof(text));
	return joined.failed || echoes(rotator, buf_view(&joined)) ||
	    echoes(rotator, view_of_text(why->text));
}

/* What is wrong with an answer ends the process.  DETAIL and WHY are what of it is shown. */
static enum err_code
judge(struct rotator *rotator, const char *verb, const char *detail, const struct err *why,
    enum err_code code, struct err *err)
{
	if (code == ERR_OK &&
	    (echoes(rotator, view_of_text(detail)) ||
	        (why->code != ERR_OK && echoes_in_reasons(rotator, why))))
		code = err_set(err, ERR_PROTOCOL, "the rotator's answer held a secret");
	if (code != ERR_OK) {
		(void)err_add(err, "%s", verb);
		return mark_broken(rotator, err);
	}
	answer_detail(detail, rotator->detail);
	return ERR_OK;
}

static enum err_code
ask_line(struct rotator *rotator, const char *verb, const char *value, struct buf *ret_line,
    struct err *err)
{
	JSON *question = json_new_object();

	json_put_text(question, "verb", verb);
	if (value != NULL)
		json_put_text(question, "value", value);
	return transact(rotator, question, ret_line, err);
}

/* Ask VERB, of VALUE unless that is NULL, for one of RESULTS. */
static enum err_code
ask(struct rotator *rotator, const char *verb, const char *value, const char *const *results,
    struct answer *ret_answer, struct err *err)
{
	WIPED line = {0};
	enum err_code code;

	if (rotator->broken)
		return err_set(err, ERR_TARGET_UNKNOWN, "%s", rotator->detail);
	code = ask_line(rotator, verb, value, &line, err);
	if (code == ERR_OK)
		code = answer_parse(buf_view(&line), results, ret_answer, err);
	return judge(rotator, verb, ret_answer->detail, &ret_answer->why, code, err);
}

/* WHY as what the caller is told: one reason goes on in the line; several have lines of their own, where they must look like
 * nobody else's. */
static enum err_code
refuse(const char *verb, const struct err *why, struct err *err)
{
	char text[ERR_TEXT_SIZE];
	size_t count = err_parts(why);

	if (why->code == ERR_OK)
		return ERR_OK;
	if (count == 1)
		return err_set(err, ERR_REFUSED, "the rotator refused to %s: %s", verb, why->text);
	(void)err_set(err, ERR_REFUSED, "the rotator refused to %s, for %zu reasons", verb, count);
	for (size_t i = 0; i < count; i++) {
		err_copy_part(why, i, text);
		(void)err_part(err, "%s", QUOTED(text));
	}
	return err->code;
}

static enum err_code
describe(struct rotator *rotator, struct description *ret_description, struct err *err)
{
	WIPED line = {0};
	char detail[ROTATOR_DETAIL_MAX + 1] = "";
	struct err why = {0};
	enum err_code code;

	if (rotator->broken)
		return err_set(err, ERR_TARGET_UNKNOWN, "%s", rotator->detail);
	code = ask_line(rotator, "describe", NULL, &line, err);
	if (code == ERR_OK)
		code = answer_describe(buf_view(&line), ret_description, detail, &why, err);
	TRY(judge(rotator, "describe", detail, &why, code, err));
	return refuse("work", &why, err);
}

/* Ask VERB, which is refused or not. */
static enum err_code
ask_ok(struct rotator *rotator, const char *verb, struct err *err)
{
	struct answer answer = {0};

	TRY(ask(rotator, verb, NULL, ok_result_names, &answer, err));
	return refuse(verb, &answer.why, err);
}

/* Every field that is missing. */
static enum err_code
check_fields(const struct rotator *rotator, const struct description *description, struct err *err)
{
	struct err all = {0}, one;

	for (int i = 0; rotator->current != NULL && i < CREDENTIAL_FIELDS; i++) {
		if (!description->fields[i] ||
		    credential_has(secret_view(rotator->current), (enum credential_field)i))
			continue;
		err_gather(&all,
		    err_set(&one, ERR_REFUSED,
		        "the credential has no %s, and the rotator %s needs it: add the field",
		        credential_field_names[i], rotator->name),
		    &one);
	}
	return err_gathered(&all, err);
}

static enum err_code
check_announced(const struct rotator *rotator, const struct description *description,
    const struct announcement *announced, struct err *err)
{
	const char *other =
	    announced == NULL ? NULL : announcement_differs(&description->announced, announced);

	if (other == NULL)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "the rotator %s announces another \"%s\" for this target than the signed definition: "
	    "nothing was done",
	    rotator->name, other);
}

enum err_code
rotator_check(struct rotator *rotator, const struct announcement *announced, struct err *err)
{
	struct description description;

	TRY(describe(rotator, &description, err));
	if (strcmp(description.rotator, rotator->name) != 0)
		return err_set(err, ERR_REFUSED,
		    "the rotator %s says that it is another: nothing was done", rotator->name);
	TRY(check_announced(rotator, &description, announced, err));
	TRY(check_fields(rotator, &description, err));
	return ask_ok(rotator, "check", err);
}

/* The drained bytes, when they are a credential and a new one. */
static enum err_code
take_generated(struct rotator *rotator, struct secret **ret_next, struct err *err)
{
	SECRET *next = NULL, *kept = NULL;
	struct view value = secret_view(rotator->exchange.generated);

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
	if (rotator->next != NULL)
		return err_set(err, ERR_INTERNAL, "generate: there is a next value already");
	TRY(ask_ok(rotator, "generate", err));
	if (take_generated(rotator, ret_next, err) != ERR_OK)
		return mark_broken(rotator, err);
	return ERR_OK;
}

/* The result's index, or FALLBACK when the rotator is broken. */
static int
ask_or(struct rotator *rotator, const char *verb, const char *value, const char *const *results,
    int fallback)
{
	struct answer answer = {0};
	struct err cause;

	return ask(rotator, verb, value, results, &answer, &cause) == ERR_OK ? answer.result :
	                                                                       fallback;
}

static enum change_result
ask_change(struct rotator *rotator, enum rotator_change change)
{
	const struct change_verb *verb = &change_verbs[change];
	int result = ask_or(rotator, verb->verb, verb->value, verb->results, -1);

	return result < 0 ? CHANGE_UNKNOWN : change_verb_result(verb, result);
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
rotator_make(struct rotator *rotator, enum rotator_change change, struct secret **ret_value,
    enum change_result *ret_result, struct err *err)
{
	struct err cause;

	if (rotator->next != NULL)
		return err_set(err, ERR_INTERNAL, "%s: there is a next value already",
		    change_verbs[change].verb);
	*ret_result = ask_change(rotator, change);
	if (*ret_result != CHANGE_DONE) {
		secret_clear(rotator->exchange.generated); /* what it wrote all the same */
		return ERR_OK;
	}
	if (take_generated(rotator, ret_value, &cause) == ERR_OK)
		return ERR_OK;
	(void)mark_broken(rotator, &cause);
	*ret_result = CHANGE_UNKNOWN; /* it made one, and nobody has it */
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
rotator_change(struct rotator *rotator, enum rotator_change change, enum change_result *ret_result,
    struct err *err)
{
	if (change != ROTATOR_UNMINT && change != ROTATOR_APPLY)
		TRY(need_value(rotator, ROTATOR_CURRENT, change_verbs[change].verb, err));
	if (change == ROTATOR_APPLY || change == ROTATOR_ADD)
		TRY(need_value(rotator, ROTATOR_NEXT, change_verbs[change].verb, err));
	*ret_result = ask_change(rotator, change);
	return ERR_OK;
}

static enum err_code
ask_sessions(struct rotator *rotator, const char *verb, const char *const *results,
    enum expel_result *ret_result, struct err *err)
{
	TRY(need_value(rotator, ROTATOR_CURRENT, verb, err));
	*ret_result = (enum expel_result)ask_or(rotator, verb, NULL, results, EXPEL_CANNOT_TELL);
	return ERR_OK;
}

enum err_code
rotator_expel(struct rotator *rotator, enum expel_result *ret_result, struct err *err)
{
	return ask_sessions(rotator, "expel", expel_result_names, ret_result, err);
}

enum err_code
rotator_warn(struct rotator *rotator, enum expel_result *ret_result, struct err *err)
{
	return ask_sessions(rotator, "warn", warn_result_names, ret_result, err);
}
