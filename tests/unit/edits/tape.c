/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/edits/tape.h"
#include "rotators/contract/places.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "ceremony/protocol/wire.h"
#include "ceremony/server/server.h"

/* Streams: of each command, between them, and of what is due after a session. */
enum { STREAMS = 1 << 20, BETWEEN = STREAMS / 2, DUE = STREAMS / 4 };

struct tape {
	struct bench *bench;
	struct script *script; /* NULL: nothing is recorded */
	int sessions;          /* started when the last command was said */
	struct play *play;     /* NULL: nothing is played */
};

static struct tape *
tape(void)
{
	static struct tape tape;

	return &tape;
}

void
script_done(struct script *script)
{
	for (size_t i = 0; i < script->count; i++) {
		buf_done(&script->commands[i].request);
		buf_done(&script->commands[i].blob);
		buf_done(&script->commands[i].reply);
		buf_done(&script->commands[i].trace);
	}
	script->count = 0;
}

/* --- Recording ---------------------------------------------------------------------------- */

static void
add_trace(struct script *script)
{
	if (script->count > 0 && seams()->trace.size > 0)
		buf_bytes(&script->commands[script->count - 1].trace, buf_view(&seams()->trace));
	seams()->trace.size = 0;
}

static void
tape_between(uint64_t stream)
{
	seams_stream(stream + BETWEEN);
}

void
tape_record(struct bench *bench, struct script *script)
{
	if (tape()->script != NULL)
		add_trace(tape()->script);
	*tape() = (struct tape){.bench = bench, .script = script};
	if (script != NULL)
		tape_between(script->number * STREAMS + script->said);
}

/* Before COMMAND is heard by the server. */
static void
set_seams(const struct command *command)
{
	seams()->now = command->now;
	seams()->due_stream = command->stream + DUE;
	seams()->due_met = (struct err){.code = ERR_OK};
	seams_stream(command->stream);
}

static void
record_request(struct tape *tape, const struct json *json, struct view blob)
{
	struct script *script = tape->script;
	struct err err;

	add_trace(script);
	assert_true(script->count < SCRIPT_MAX);
	struct command *command = &script->commands[script->count++];
	*command = (struct command){.now = tape->bench->shared->now,
	    .stream = script->number * STREAMS + ++script->said,
	    .fresh = tape->sessions != seams()->sessions};
	tape->sessions = seams()->sessions;
	snprintf(command->name, sizeof(command->name), "%s", json_object_text(json, "op"));
	assert_ok(json_encode(json, &command->request, &err));
	buf_bytes(&command->blob, blob);
	set_seams(command);
}

/* ---- what is heard ---- */

static void
put_frame(struct buf *reply, const struct json *json, struct view blob)
{
	struct err err;

	assert_ok(json_encode(json, reply, &err));
	buf_format(reply, "\n%zu\n", blob.size);
	buf_bytes(reply, blob);
}

/* The reply is whole: what the client draws now is drawn from its own stream. */
static void
record_reply(struct script *script, const struct json *json, struct view blob)
{
	struct command *command = &script->commands[script->count - 1];

	put_frame(&command->reply, json, blob);
	if (json_object_text(json, "progress") == NULL)
		tape_between(command->stream);
}

static void
hear(struct play *play, const struct json *json, struct view blob)
{
	const char *code = json_object_text(json, "code");

	put_frame(&play->reply, json, blob);
	if (code != NULL)
		play->code = err_from_name(code);
}

enum err_code __real_wire_send(int fd, const struct json *json, struct view blob, int64_t deadline,
    struct err *err);
enum err_code __wrap_wire_send(int fd, const struct json *json, struct view blob, int64_t deadline,
    struct err *err);

enum err_code
__wrap_wire_send(int fd, const struct json *json, struct view blob, int64_t deadline,
    struct err *err)
{
	if (tape()->play != NULL) {
		hear(tape()->play, json, blob);
		return ERR_OK;
	}
	if (tape()->script != NULL && json_object_text(json, "op") != NULL)
		record_request(tape(), json, blob);
	else if (tape()->script != NULL)
		record_reply(tape()->script, json, blob);
	return __real_wire_send(fd, json, blob, deadline, err);
}

/* --- Playing ------------------------------------------------------------------------------ */

void
play_done(struct play *play)
{
	buf_done(&play->reply);
	buf_done(&play->fault);
}

/* The last line of TRACE that was not written before it ended. */
static struct view
last_line(const struct buf *trace)
{
	size_t at = trace->size;

	while (at > 0 && (at == trace->size || trace->data[at - 1] != '\n'))
		at--;
	return view_of(trace->data + at, trace->size - at);
}

static bool
begins_with(struct view line, const char *word)
{
	return line.size >= strlen(word) && memcmp(line.data, word, strlen(word)) == 0;
}

/* "anchor R R" after "anchor R S": that commit did not come about. */
static bool
is_undone(struct view line)
{
	size_t half = (line.size - strlen("anchor") - 1) / 2;

	return begins_with(line, "anchor") &&
	    memcmp(line.data + strlen("anchor"), line.data + strlen("anchor") + half, half) == 0;
}

/* "erase X" of what the same command had made: both lines go. */
static bool
is_tidied(struct buf *trace, struct view line)
{
	char made[128];

	if (!begins_with(line, "erase "))
		return false;
	snprintf(made, sizeof(made), "make %.*s ", (int)line.size - 7, (const char *)line.data + 6);
	uint8_t *at = memmem(trace->data, trace->size, made, strlen(made));
	if (at == NULL)
		return false;
	uint8_t *end = (uint8_t *)memchr(at, '\n', trace->size - (size_t)(at - trace->data)) + 1;
	size_t rest = trace->size - (size_t)(end - trace->data);
	memmove(at, end, rest);
	trace->size -= (size_t)(end - at);
	return true;
}

static bool
is_prefix(const struct buf *trace, const struct buf *expected)
{
	return trace->size <= expected->size &&
	    memcmp(trace->data, expected->data, trace->size) == 0;
}

/* What a command did that met an alarm it has undone, but for pieces of work that were whole before: as many of
 * them as it does otherwise, in the same order, and nothing of the one that met it.  Only under which rows of the state tree
 * a statement comes to stand that is not signed yet nobody knows before: met at one of them, a piece stops as by a crash. */
static bool
is_nothing(struct buf *trace, const struct buf *expected, bool in_tree)
{
	while (trace->size > 0) {
		struct view line = last_line(trace);

		if (begins_with(line, SEAM_WHOLE) || (in_tree && is_prefix(trace, expected)))
			return is_prefix(trace, expected);
		size_t size = line.size;
		if (!is_undone(line) && !is_tidied(trace, line))
			return false;
		trace->size -= size;
	}
	return true;
}

static void
show(struct buf *fault, const char *what, const struct buf *bytes)
{
	buf_format(fault, "# %s: ", what);
	for (size_t i = 0; i < bytes->size && i < 3000; i++)
		buf_format(fault, "%c",
		    bytes->data[i] >= ' ' && bytes->data[i] <= '~' ? bytes->data[i] : '|');
	buf_text(fault, "\n");
}

static void
blame(struct play *play, const struct command *command, const char *why)
{
	play->end = PLAY_WRONG;
	buf_format(&play->fault, "# %s (step %zu): %s\n", command->name, play->at - 1, why);
	show(&play->fault, "reply", &play->reply);
	show(&play->fault, "should be", &command->reply);
	show(&play->fault, "did", &seams()->trace);
	show(&play->fault, "should do", &command->trace);
}

/* In the order in which a person asks. */
static bool
says_all(struct buf *reply)
{
	const char *since = strstr(buf_string(reply), "\"Since when ");

	return since != NULL && strstr(since, "\"What to do: ") != NULL;
}

/* What is due was done as far as an alarm that was met in it: in the pieces that were whole before. */
static bool
is_due_stopped(struct play *play, const struct buf *trace, const struct buf *expected)
{
	size_t at = seams()->due_at;
	BUF did = {0}, should = {0};

	if (seams()->due_met.code != ERR_INTEGRITY || at > trace->size || at > expected->size ||
	    memcmp(trace->data, expected->data, at) != 0)
		return false;
	buf_bytes(&did, view_of(trace->data + at, trace->size - at));
	buf_bytes(&should, view_of(expected->data + at, expected->size - at));
	bool in_tree = strstr(seams()->due_met.text, " of the state tree: ") != NULL;
	play->end = PLAY_MET;
	play->in_due = is_nothing(&did, &should, in_tree);
	play->cut = did.size > 0 && !begins_with(last_line(&did), SEAM_WHOLE);
	return play->in_due;
}

static void
judge(struct play *play)
{
	const struct command *command = play->steps[play->at - 1].command;
	struct buf *trace = &seams()->trace;

	play->is_running = false;
	if (view_equal(buf_view(&play->reply), buf_view(&command->reply))) {
		if (!view_equal(buf_view(trace), buf_view(&command->trace)) &&
		    !is_due_stopped(play, trace, &command->trace))
			blame(play, command, "it says the same and does something else");
		return;
	}
	if (play->code != ERR_INTEGRITY) {
		blame(play, command, "neither an alarm nor the same");
		return;
	}
	play->end = PLAY_MET;
	play->in_session = seams()->opened;
	if (play->code == ERR_INTEGRITY && !says_all(&play->reply))
		blame(play, command, "it does not say since when, or what to do");
	bool in_tree = strstr(buf_string(&play->reply), " of the state tree: ") != NULL;
	if (!is_nothing(trace, &command->trace, in_tree))
		blame(play, command, "more happened than an alarm");
	play->cut = trace->size > 0 && !begins_with(last_line(trace), SEAM_WHOLE);
}

/* Judges the last one, but for the last of a session, after which comes what is due; false: this session hears
 * nothing more. */
static bool
go_on(struct play *play)
{
	if (play->at == play->count || (play->served && play->steps[play->at].fresh))
		return false;
	if (play->is_running)
		judge(play);
	if (play->end != PLAY_SAME)
		return false;
	if (play->at == play->edit_at)
		play->edit(play->context);
	const struct command *command = play->steps[play->at++].command;
	play->served = play->is_running = true;
	play->code = ERR_OK;
	play->reply.size = seams()->trace.size = 0;
	set_seams(command);
	return true;
}

enum err_code __real_wire_receive(int fd, struct json **ret_json, struct buf *ret_blob,
    int64_t deadline, struct err *err);
enum err_code __wrap_wire_receive(int fd, struct json **ret_json, struct buf *ret_blob,
    int64_t deadline, struct err *err);

enum err_code
__wrap_wire_receive(int fd, struct json **ret_json, struct buf *ret_blob, int64_t deadline,
    struct err *err)
{
	struct play *play = tape()->play;

	if (play == NULL)
		return __real_wire_receive(fd, ret_json, ret_blob, deadline, err);
	if (!go_on(play))
		return err_set(err, ERR_NOT_FOUND, "nobody asks for more");
	const struct command *command = play->steps[play->at - 1].command;
	buf_bytes(ret_blob, buf_view(&command->blob));
	return json_parse(buf_view(&command->request), ret_json, err);
}

/* What nobody has heard. */
static void
check_told(struct play *play, const struct server_options *options, int nowhere)
{
	static const char request[] = "{\"op\":\"status\"}";
	struct command status = {.name = "status", .now = seams()->now};
	const struct step step = {.command = &status};
	CLEANUP(play_done) struct play asking = {.steps = &step, .count = 1, .edit_at = SIZE_MAX};
	struct err err;

	buf_text(&status.request, request);
	tape()->play = &asking;
	seams()->due = false;
	(void)!server_run(options, nowhere, nowhere, &err);
	seams()->due = true;
	buf_done(&status.request);
	buf_u8(&asking.reply, 0);
	if (asking.code == ERR_INTEGRITY ||
	    strstr((const char *)asking.reply.data, "\"alarm\"") != NULL)
		return;
	blame(play, play->steps[play->at - 1].command, "an alarm that nobody is told");
	show(&play->fault, "status", &asking.reply);
}

void
play_run(struct play *play, const char *folder)
{
	static const struct rotator_places none = {.shipped = "/nonexistent"};
	const struct server_options options = {.folder = folder,
	    .rotators = &none,
	    .now = seams_now,
	    .start_due = seams_due};
	struct err err;
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	tape()->play = play;
	while (play->end == PLAY_SAME && play->at < play->count) {
		play->served = seams()->opened = false;
		enum err_code code = server_run(&options, nowhere, nowhere, &err);
		if (play->is_running)
			judge(play);
		if (code != ERR_OK && play->end == PLAY_SAME)
			fail_msg("the server ended: %s", err.text);
	}
	if (play->in_due)
		check_told(play, &options, nowhere);
	tape()->play = NULL;
	close(nowhere);
}
