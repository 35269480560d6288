/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same ceremony from the server's rows, from frames, and from a file of statements: whatever was said
 * in whatever order, protocol/ceremony makes the same of it.  Sequences are random; the number of the one
 * that differs is its seed.
 *
 *	rows	opening_load and item_load, as each operation of a session does
 *	frames	what a client makes of them (case_fetch.h, as `approve` does), from a session of the server
 *		over these rows
 *	a file	one statement a line, and who gave shares.  Nothing of ours reads such a file yet: this is what an auditor
 *		would write from protocol/ceremony.h alone
 */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/child.h"
#include "ceremony/client/case_fetch.h"
#include "ceremony/protocol/message.h"
#include "ceremony/server/opening/item.h"
#include "ceremony/server/opening/list.h"
#include "ceremony/server/server.h"
#include "rotators/contract/places.h"
#include "tests/unit/server/told.h"
#include "tests/unit/sweep.h"

enum { SEQUENCES = 240, STEP = 8, FILE_MAX = 1 << 20 };

/* --- What is made of it ------------------------------------------------------------------- */

/* What was given counts with its seat's approval. */
static void
put_exhibit(const struct transcript *transcript, const struct exhibit *exhibit,
    const struct chain *chain, struct buf *value)
{
	static const char *const seats[] = {"ciso", "infra", "audit"};
	const int64_t times[] = {CALLED_AT, CALLED_DEADLINE};

	buf_format(value, "%s %s ", exhibit->item->name, exhibit->header->quorum);
	buf_hex(value, VIEW_OF(exhibit->definition->digest.bytes));
	buf_hex(value, VIEW_OF(exhibit->header_hash.bytes));
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		BUF text = {0};
		int missing;
		enum verdict verdict =
		    exhibit_verdict(transcript, exhibit, chain, times[i], &missing, &text);

		buf_format(value, " %d %d \"%s\"", (int)verdict, missing,
		    text.size > 0 ? buf_string(&text) : "");
	}
	for (size_t i = 0; i < ARRAY_SIZE(seats); i++)
		for (size_t given = 0; given < exhibit->given_count; given++)
			if (strcmp(exhibit->given[given], seats[i]) == 0 &&
			    transcript_approval(transcript, seats[i]) != NULL)
				buf_format(value, " %s gave", seats[i]);
	buf_text(value, "\n");
}

static void
put_transcript(const struct transcript *transcript, const struct chain *chain, struct buf *value)
{
	buf_format(value, "%s \"%s\" %s %s\n", transcript->in_force ? "in force" : "void",
	    transcript->why_void, transcript->requester != NULL ? transcript->requester->name : "-",
	    transcript->token != NULL ? transcript->token->label : "-");
	buf_hex(value, VIEW_OF(transcript->request.digest.bytes));
	buf_hex(value, VIEW_OF(transcript->ceremony.digest.bytes));
	buf_hex(value, VIEW_OF(chain->charter->digest.bytes));
	for (size_t i = 0; i < transcript->voice_count; i++) {
		const struct voice *voice = &transcript->voices[i];

		buf_format(value, "\n%s %d %d %lld \"%s\" ", voice->seat, voice->denies,
		    voice->counts, (long long)voice->time, voice->reason);
		buf_hex(value, VIEW_OF(voice->digest.bytes));
		buf_hex(value, VIEW_OF(voice->token.bytes));
		buf_hex(value, VIEW_OF(voice->enc.bytes));
	}
	for (unsigned i = CISO; i < OFFICERS; i++) {
		const char *name = chain->charter->seats[i].name;
		const struct voice *voice = transcript_approval(transcript, name);
		struct err err;

		buf_format(value, "\n%s %d %d %s", name, transcript_denied(transcript, name),
		    (int)transcript_check_seat(transcript, chain, name, &err),
		    voice == NULL ? "silent" : "approves ");
		if (voice != NULL)
			buf_hex(value, VIEW_OF(voice->digest.bytes));
	}
	buf_text(value, "\n");
}

static void
tell_error(enum err_code code, const char *text, struct buf *value)
{
	buf_done(value);
	buf_format(value, "%s: %s", err_name(code), text);
}

/* --- From rows ---------------------------------------------------------------------------- */

static enum err_code
load(struct session *session, const struct id *id, struct buf *value, struct err *err)
{
	OPENING *opening = NULL;

	TRY(opening_load(session, id, &opening, err));
	put_transcript(opening->transcript, &session->chain, value);
	for (size_t i = 0; i < opening->count; i++) {
		ITEM *item = NULL;

		TRY(item_load(opening, i, &item, err));
		put_exhibit(opening->transcript, item->exhibit, &session->chain, value);
	}
	return ERR_OK;
}

/* The rows stay in PLACE. */
static void
from_rows(const struct place *place, const struct story *story, struct buf *value)
{
	const struct server_options options = {.folder = place->vault, .now = time_of_log};
	SESSION session = {.options = &options,
	    .folder = place->vault,
	    .out = -1,
	    .state = SESSION_LIVE};
	struct err err;

	keep(&session, story);
	if (load(&session, &story->called->ceremony.id, value, &err) != ERR_OK)
		tell_error(err.code, err.text, value);
}

/* --- From frames -------------------------------------------------------------------------- */

/* A session of the server, on a thread. */
struct host {
	const char *folder;
	int fd;
	pthread_t thread;
	enum err_code code;
};
static struct host *starting; /* that the client connects to */

static void *
serve(void *context)
{
	struct host *host = context;
	static const struct rotator_places none = {.shipped = "/nonexistent"};
	const struct server_options options = {.folder = host->folder,
	    .rotators = &none,
	    .now = now};
	struct err err;

	host->code = server_run(&options, host->fd, host->fd, &err);
	close(host->fd);
	return NULL;
}

enum err_code __wrap_process_start(const struct process_spawn *spawn, pid_t *ret_pid,
    struct err *err);
enum err_code __real_serve_ceremony_find(struct session *session, struct call *call,
    struct err *err);
enum err_code __wrap_serve_ceremony_find(struct session *session, struct call *call,
    struct err *err);

enum err_code
__wrap_process_start(const struct process_spawn *spawn, pid_t *ret_pid, struct err *err)
{
	(void)err;
	starting->fd = fcntl(spawn->fds[0], F_DUPFD_CLOEXEC, 0);
	assert_true(starting->fd >= 0);
	assert_int_equal(pthread_create(&starting->thread, NULL, serve, starting), 0);
	*ret_pid = 0; /* none to wait for */
	return ERR_OK;
}

/* What the rows hold, whatever it is worth. */
static enum err_code
show_unverified(struct session *session, const struct id *id, struct json *reply, struct err *err)
{
	struct ceremony_row row;
	struct voice_row rows[STEPS];
	struct json *voices = json_new_array(), *items = json_new_array();
	size_t count;

	json_put(reply, "voices", voices);
	json_put(reply, "items", items);
	TRY(store_get_ceremony(session->store, id, &row, err));
	TRY(store_list_voices(session->store, id, rows, STEPS, &count, err));
	TRY(session_put_statement(session, reply, "request", &row.request, err));
	TRY(session_put_statement(session, reply, "ceremony", &row.digest, err));
	for (size_t i = 0; i < count; i++) {
		DSSE voice = {0};

		TRY(session_statement(session, &rows[i].statement, "voice", &voice, err));
		add_statement(voices, &voice);
	}
	for (size_t i = 0; i < CALLED_ITEMS; i++) {
		struct json *item = json_new_object();

		json_put_text(item, "state", item_state_names[ITEM_WAITING]);
		json_put_text(item, "note", "");
		json_add(items, item);
	}
	json_put_text(reply, "state", ceremony_state_names[row.state]);
	json_put_text(reply, "reason", "");
	json_put_text(reply, "released", "");
	json_put_text(reply, "expires", "");
	return ERR_OK;
}

/* What an honest server refuses to show, one that has gone over shows: the client judges for itself. */
enum err_code
__wrap_serve_ceremony_find(struct session *session, struct call *call, struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count;
	enum err_code code = __real_serve_ceremony_find(session, call, err);

	if (code != ERR_INTEGRITY)
		return code;
	TRY(store_list_ceremonies(session->store, 1u << CEREMONY_COLLECTING, &rows, &count, err));
	assert_int_equal(count, 1);
	return show_unverified(session, &rows[0].id, call->reply, err);
}

static void
ignore(void *context, const char *line)
{
	(void)context;
	(void)line;
}

/* All that `approve` asks for before it asks the person. */
static enum err_code
fetch(const char *folder, struct buf *value, struct err *err)
{
	const struct ui ui = {.say = ignore, .relay = ignore, .progress = ignore};
	const struct client_options options = {.vault = folder,
	    .self = "/nonexistent",
	    .ui = &ui,
	    .now = now};
	const struct dossier_wanted wanted = {.states = 1u << CEREMONY_COLLECTING};
	CLIENT *client = NULL;
	DOSSIER *dossier = NULL;
	const struct vault_view *view;

	TRY(client_connect(&options, &client, err));
	TRY(dossier_take(client, &wanted, &view, &dossier, err));
	TRY(dossier_fetch_items(client, view, dossier, err));
	put_transcript(dossier->transcript, &view->chain, value);
	for (size_t i = 0; i < dossier->count; i++)
		put_exhibit(dossier->transcript, dossier->items[i].exhibit, &view->chain, value);
	return ERR_OK;
}

/* The client saw it itself when it names the place of the voice in its list. */
static void
put_client_error(const struct err *err, struct buf *value)
{
	const char *text = strncmp(err->text, "voices[", 7) == 0 ? strstr(err->text, ": ") : NULL;

	if (text == NULL)
		fail_msg("not the client, but the server found: %s", err->text);
	tell_error(err->code, text + 2, value);
}

static void
from_frames(const struct place *place, struct buf *value)
{
	struct host host = {.folder = place->vault};
	struct err err;

	starting = &host;
	enum err_code code = fetch(place->vault, value, &err);
	assert_int_equal(pthread_join(host.thread, NULL), 0);
	assert_int_equal(host.code, ERR_OK);
	if (code != ERR_OK)
		put_client_error(&err, value);
}

/* --- From a file -------------------------------------------------------------------------- */

/* A line for each statement; after a definition one for its header, in hex, and one for the seats that gave. */
static void
put_line(const struct dsse *statement, struct view header, struct buf *lines)
{
	struct err err;

	fine(dsse_encode(statement, lines, &err), &err);
	buf_text(lines, "\n");
	buf_hex(lines, header);
	buf_text(lines, header.size > 0 ? "\n" : "");
}

static void
write_file(const char *path, const struct story *story)
{
	const struct called *called = story->called;
	const struct view none = {0};
	BUF lines = {0};
	struct err err;

	for (size_t i = 0; i < called->document_count; i++) {
		buf_bytes(&lines, buf_view(&called->documents[i]));
		buf_text(&lines, "\n");
	}
	put_line(&story->request, none, &lines);
	put_line(&story->ceremony, none, &lines);
	for (size_t i = 0; i < story->voice_count; i++)
		put_line(&story->voices[i], none, &lines);
	for (size_t i = 0; i < CALLED_ITEMS; i++) {
		put_line(&called->definitions[i], buf_view(&called->versions[i].header), &lines);
		for (unsigned officer = CISO; officer < OFFICERS; officer++)
			if (story->gave[i][officer] != 0)
				buf_format(&lines, "%s ",
				    called->founded.charter->seats[officer].name);
		buf_text(&lines, "\n");
	}
	fine(file_write(path, buf_view(&lines), 0600, &err), &err);
}

/* What was read so far. */
struct reading {
	struct view rest; /* of the file */
	struct chain chain;
	struct transcript *transcript;
	struct buf *value;
};

static void
reading_done(struct reading *reading)
{
	transcript_freep(&reading->transcript);
	chain_done(&reading->chain);
}

static struct view
next_line(struct reading *reading)
{
	const struct view rest = reading->rest;
	const uint8_t *end = rest.size > 0 ? memchr(rest.data, '\n', rest.size) : NULL;

	assert_non_null(end);
	const struct view line = view_of(rest.data, (size_t)(end - rest.data));
	reading->rest = view_of(end + 1, rest.size - line.size - 1);
	return line;
}

static void
read_givers(struct reading *reading, struct exhibit *exhibit)
{
	BUF text = {0};
	const char *word;

	buf_bytes(&text, next_line(reading));
	buf_u8(&text, '\0');
	char *rest = (char *)text.data;
	while ((word = strsep(&rest, " ")) != NULL)
		if (word[0] != '\0')
			exhibit_give(exhibit, word);
}

static enum err_code
read_item(struct reading *reading, size_t position, const struct dsse *definition, struct err *err)
{
	EXHIBIT *exhibit = NULL;
	uint8_t header[8192];
	const struct view line = next_line(reading);
	BUF hex = {0};

	buf_bytes(&hex, line);
	assert_true(line.size / 2 <= sizeof(header));
	assert_true(text_from_hex(buf_string(&hex), header, line.size / 2));
	if (position == 0)
		put_transcript(reading->transcript, &reading->chain, reading->value);
	TRY(exhibit_new(reading->transcript, position, definition, view_of(header, line.size / 2),
	    &reading->chain, &exhibit, err));
	read_givers(reading, exhibit);
	put_exhibit(reading->transcript, exhibit, &reading->chain, reading->value);
	return ERR_OK;
}

static enum err_code
read_lines(struct reading *reading, struct err *err)
{
	for (size_t items = 0; reading->rest.size > 0;) {
		DSSE statement = {0}, answer = {0};

		TRY(dsse_parse(next_line(reading), &statement, err));
		if (statement_is(&statement, STATEMENT_REQUEST)) {
			TRY(dsse_parse(next_line(reading), &answer, err));
			TRY(transcript_new(&statement, &answer, &reading->chain,
			    &reading->transcript, err));
		} else if (statement_is(&statement, STATEMENT_SECRET))
			TRY(read_item(reading, items++, &statement, err));
		else if (reading->transcript != NULL)
			TRY(transcript_add(reading->transcript, &statement, &reading->chain, err));
		else
			TRY(chain_add(&reading->chain, &statement, err));
	}
	return ERR_OK;
}

static void
from_file(const struct place *place, const struct story *story, struct buf *value)
{
	CLEANUP(reading_done)
	struct reading reading = {.chain.vault = story->called->chain.vault, .value = value};
	BUF text = {0};
	struct err err;

	write_file(place->file, story);
	fine(file_read(place->file, FILE_MAX, &text, &err), &err);
	reading.rest = buf_view(&text);
	if (read_lines(&reading, &err) != ERR_OK)
		tell_error(err.code, err.text, value);
}

/* --- The property ------------------------------------------------------------------------- */

/* What two of three officers, of whom some denied, are suspended or gave nothing yet, come to. */
static void
check_value(const struct story *story, const char *value, uint64_t seed)
{
	char start[60];

	if (story->has_wrong && !story->is_void) {
		if (strncmp(value, "integrity: ", 11) != 0)
			fail_msg("seed %llu:%s: a wrong signature gave %s",
			    (unsigned long long)seed, story->steps, value);
		return;
	}
	if (story->has_wrong)
		return;
	if (strncmp(value, story->is_void ? "void" : "in force", story->is_void ? 4 : 8) != 0)
		fail_msg("seed %llu:%s: %s", (unsigned long long)seed, story->steps, value);
	for (size_t i = 0; i < CALLED_ITEMS && !story->is_void; i++) {
		const struct item *item = &story->called->items[i];

		snprintf(start, sizeof(start), "\n%s %.20s", item->name, item->quorum);
		const char *line = strstr(value, start);
		assert_non_null(line);
		line = strstr(line, item->quorum) + strlen(item->quorum) + 1 + 4 * DIGEST_SIZE;
		if ((atoi(line) == VERDICT_MET) != story_met(story, i))
			fail_msg("seed %llu:%s: %s%s", (unsigned long long)seed, story->steps,
			    story_met(story, i) ? "met, not " : "not met, but ", line);
	}
}

static void
check_sequence(struct story *story, uint64_t seed)
{
	BUF rows = {0}, frames = {0}, file = {0};
	PLACE place;

	place_open(&place);
	tell(story, seed);
	from_rows(&place, story, &rows);
	from_frames(&place, &frames);
	from_file(&place, story, &file);
	if (!view_equal(buf_view(&rows), buf_view(&frames)) ||
	    !view_equal(buf_view(&rows), buf_view(&file)))
		fail_msg("seed %llu:%s\nrows: %s\nframes: %s\nfile: %s", (unsigned long long)seed,
		    story->steps, buf_string(&rows), buf_string(&frames), buf_string(&file));
	check_value(story, buf_string(&rows), seed);
}

static void
rows_frames_and_a_file_of_random_sequences_say_the_same(void **state)
{
	CALLED called = {0};
	struct err err;
	unsigned taken = 0, met = 0, differs = 0, is_void = 0, wrong = 0;

	(void)state;
	fine(crypto_start(&err), &err);
	fine(secret_new(ED25519_SIZE, &called.log, &err), &err);
	fine(secret_random(called.log, ED25519_SIZE, &err), &err);
	call(&called);
	for (uint64_t seed = 1; seed <= SEQUENCES; seed++) {
		if (!sweep_takes((int64_t)seed, STEP))
			continue;
		STORY *story = calloc(1, sizeof(*story));
		assert_non_null(story);
		story->called = &called;
		check_sequence(story, seed);
		taken++;
		is_void += story->is_void;
		wrong += story->has_wrong && !story->is_void;
		met += !story->is_void && !story->has_wrong && story_met(story, 0);
		differs += !story->is_void && !story->has_wrong &&
		    story_met(story, 0) != story_met(story, 1);
	}
	assert_true(taken > 0);
	if (taken < SEQUENCES)
		return;
	/* Of each kind there were many. */
	assert_in_range(met, 20, SEQUENCES);
	assert_in_range(differs, 10, SEQUENCES);
	assert_in_range(is_void, 20, SEQUENCES);
	assert_in_range(wrong, 10, SEQUENCES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_frames_and_a_file_of_random_sequences_say_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
