/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same ceremony from the server's rows, from frames, and from a file of statements: whatever was said
 * in whatever order, protocol/ceremony makes the same of it.  Sequences are random; the number of the one
 * that differs is its seed.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ceremony/protocol/message.h"
#include "ceremony/protocol/wire.h"
#include "ceremony/server/opening/item.h"
#include "tests/lib/store_bench.h"
#include "tests/unit/server/story.h"

enum { SEQUENCES = 240 };

/* --- What is made of it ------------------------------------------------------------------- */

static void
put_exhibit(const struct transcript *transcript, struct exhibit *exhibit, const struct chain *chain,
    struct buf *value)
{
	static const char *const seats[] = {"ciso", "infra", "audit"};
	const int64_t times[] = {CALLED_AT, CALLED_DEADLINE};

	for (size_t i = 0; i < ARRAY_SIZE(seats); i++)
		exhibit_give(exhibit, seats[i]);
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
put_error(const struct err *err, struct buf *value)
{
	buf_done(value);
	buf_format(value, "%s: %s", err_name(err->code), err->text);
}

/* --- From rows ---------------------------------------------------------------------------- */

static void
keep_text(struct session *session, enum statement_type type, const struct buf *text,
    struct digest *ret_digest)
{
	DSSE statement = {0};
	struct err err;

	fine(dsse_parse(buf_view(text), &statement, &err), &err);
	fine(session_keep(session, &statement, type, false, ret_digest, &err), &err);
}

static void
keep_secret(struct session *session, const struct called *called, size_t index)
{
	const struct item *item = &called->items[index];
	const struct sealed_version *sealed = &called->versions[index];
	struct secret_row secret = {.id = item->secret,
	    .definition = item->definition,
	    .current = item->version,
	    .newest = item->version};
	struct version_row version = {.secret = item->secret,
	    .number = item->version,
	    .state = VERSION_CURRENT,
	    .header_hash = item->header,
	    .header = sealed->header,
	    .ciphertext = sealed->ciphertext};
	HEADER *header = NULL;
	struct digest digest;
	struct err err;

	memcpy(secret.name, item->name, sizeof(secret.name));
	fine(session_keep(session, &called->definitions[index], STATEMENT_SECRET, false, &digest,
	         &err),
	    &err);
	fine(store_add_definition(session->store, &item->definition, &digest, &err), &err);
	fine(store_add_secret(session->store, &secret, &err), &err);
	fine(header_new(&header, &err), &err);
	fine(header_decode(buf_view(&sealed->header), header, &err), &err);
	fine(store_add_version(session->store, &version, header, sealed->envelopes,
	         sealed->envelope_count, &err),
	    &err);
}

static void
keep_ceremony(struct session *session, const struct story *story)
{
	const struct called *called = story->called;
	struct ceremony_row row = {.id = called->ceremony.id,
	    .mode = called->ceremony.mode,
	    .state = CEREMONY_COLLECTING,
	    .requester = "alice",
	    .charter = called->ceremony.charter,
	    .created = called->ceremony.created,
	    .deadline = called->ceremony.deadline};
	struct item_row items[CALLED_ITEMS] = {0};
	struct err err;

	for (size_t i = 0; i < CALLED_ITEMS; i++)
		items[i] = (struct item_row){.secret = called->items[i].secret,
		    .version = called->items[i].version,
		    .state = ITEM_WAITING};
	fine(session_keep(session, &story->request, STATEMENT_REQUEST, false, &row.request, &err),
	    &err);
	fine(session_keep(session, &story->ceremony, STATEMENT_CEREMONY, false, &row.digest, &err),
	    &err);
	fine(store_add_ceremony(session->store, &row, items, CALLED_ITEMS, &err), &err);
}

static void
keep_voice(struct session *session, const struct story *story, const struct dsse *statement)
{
	bool denies = statement_is(statement, STATEMENT_DENIAL);
	struct voice_row row = {.denies = denies};
	struct objection denial = {0};
	struct approval approval = {0};
	struct err err;

	fine(denies ? objection_parse(statement, STATEMENT_DENIAL, false, &denial, &err) :
	              approval_parse(statement, false, &approval, &err),
	    &err);
	memcpy(row.seat, denies ? denial.seat : approval.seat, sizeof(row.seat));
	row.token = denies ? denial.token : approval.token;
	fine(session_keep(session, statement, denies ? STATEMENT_DENIAL : STATEMENT_APPROVAL, false,
	         &row.statement, &err),
	    &err);
	fine(store_add_voice(session->store, &story->called->ceremony.id, &row, &err), &err);
}

static void
keep(struct bench *bench, struct session *session, const struct story *story)
{
	const struct called *called = story->called;
	struct err err;

	bench_begin(bench);
	for (size_t i = 0; i < called->document_count; i++) {
		struct digest digest;

		keep_text(session, STATEMENT_CHARTER, &called->documents[i], &digest);
		fine(store_add_document(session->store, &digest, &err), &err);
	}
	for (size_t i = 0; i < CALLED_ITEMS; i++)
		keep_secret(session, called, i);
	keep_ceremony(session, story);
	for (size_t i = 0; i < story->voice_count; i++)
		keep_voice(session, story, &story->voices[i]);
	bench_commit(bench);
}

static enum err_code
load(struct session *session, const struct story *story, struct buf *value, struct err *err)
{
	OPENING *opening = NULL;
	uint32_t count;

	TRY(store_count_documents(session->store, &count, err));
	for (uint32_t i = 1; i <= count; i++) {
		DSSE statement = {0};
		struct digest digest;

		TRY(store_get_document(session->store, i, &digest, err));
		TRY(session_statement(session, &digest, "document", &statement, err));
		TRY(chain_add(&session->chain, &statement, err));
	}
	TRY(opening_load(session, &story->called->ceremony.id, &opening, err));
	put_transcript(opening->transcript, &session->chain, value);
	for (size_t i = 0; i < opening->count; i++) {
		ITEM *item = NULL;

		TRY(item_load(opening, i, &item, err));
		put_exhibit(opening->transcript, item->exhibit, &session->chain, value);
	}
	return ERR_OK;
}

static void
from_rows(const struct story *story, struct buf *value)
{
	SESSION session = {.out = -1};
	struct bench *bench = NULL;
	struct err err;

	assert_int_equal(bench_setup((void **)&bench), 0);
	session.store = bench->store;
	session.chain.vault = story->called->chain.vault;
	keep(bench, &session, story);
	if (load(&session, story, value, &err) != ERR_OK)
		put_error(&err, value);
	session.store = NULL;
	assert_int_equal(bench_teardown((void **)&bench), 0);
}

/* --- From frames and from a file ---------------------------------------------------------- */

/* What was told, as it came. */
struct told {
	struct chain chain;
	struct dsse request, ceremony;
	struct transcript *transcript;
	struct dsse definitions[CALLED_ITEMS];
	size_t definition_count, position;
	struct buf *value;
};

static void
told_done(struct told *told)
{
	if (told->transcript != NULL)
		transcript_free(told->transcript);
	chain_done(&told->chain);
	dsse_done(&told->request);
	dsse_done(&told->ceremony);
	for (size_t i = 0; i < told->definition_count; i++)
		dsse_done(&told->definitions[i]);
}

/* Both statements are there: whatever comes next is about the ceremony. */
static enum err_code
begin(struct told *told, struct err *err)
{
	if (told->transcript != NULL || told->request.payload.size == 0 ||
	    told->ceremony.payload.size == 0)
		return ERR_OK;
	return transcript_new(&told->request, &told->ceremony, &told->chain, &told->transcript,
	    err);
}

static enum err_code
hear(struct told *told, struct view text, struct err *err)
{
	DSSE statement = {0};

	TRY(dsse_parse(text, &statement, err));
	if (statement_is(&statement, STATEMENT_REQUEST) ||
	    statement_is(&statement, STATEMENT_CEREMONY)) {
		TRY(dsse_parse(text,
		    statement_is(&statement, STATEMENT_REQUEST) ? &told->request : &told->ceremony,
		    err));
		return begin(told, err);
	}
	if (statement_is(&statement, STATEMENT_APPROVAL) ||
	    statement_is(&statement, STATEMENT_DENIAL))
		return transcript_add(told->transcript, &statement, &told->chain, err);
	if (statement_is(&statement, STATEMENT_SECRET))
		return dsse_parse(text, &told->definitions[told->definition_count++], err);
	return chain_add(&told->chain, &statement, err);
}

/* The header of the next item, whose definition was heard last. */
static enum err_code
see(struct told *told, struct view header, struct err *err)
{
	EXHIBIT *exhibit = NULL;

	if (told->position == 0)
		put_transcript(told->transcript, &told->chain, told->value);
	TRY(exhibit_new(told->transcript, told->position, &told->definitions[told->position],
	    header, &told->chain, &exhibit, err));
	told->position++;
	put_exhibit(told->transcript, exhibit, &told->chain, told->value);
	return ERR_OK;
}

typedef void (*tell_text)(void *to, struct view text, struct view header);

static void
tell_statement(const struct dsse *statement, struct view header, tell_text put, void *to)
{
	BUF text = {0};
	struct err err;

	fine(dsse_encode(statement, &text, &err), &err);
	put(to, buf_view(&text), header);
}

static void
tell_all(const struct story *story, tell_text put, void *to)
{
	const struct called *called = story->called;
	const struct view none = {0};

	for (size_t i = 0; i < called->document_count; i++)
		put(to, buf_view(&called->documents[i]), none);
	tell_statement(&story->request, none, put, to);
	tell_statement(&story->ceremony, none, put, to);
	for (size_t i = 0; i < story->voice_count; i++)
		tell_statement(&story->voices[i], none, put, to);
	for (size_t i = 0; i < CALLED_ITEMS; i++)
		tell_statement(&called->definitions[i], buf_view(&called->versions[i].header), put,
		    to);
}

struct ends {
	int near, far;
	struct told *told;
	enum err_code code;
	struct err err;
};

static enum err_code
receive(struct ends *ends, struct err *err)
{
	JSON *message = NULL;
	BUF header = {0}, text = {0};
	DSSE statement = {0};

	TRY(wire_receive(ends->near, &message, &header, -1, err));
	struct json_in in = json_in(message, "message", err);
	in_statement(&in, "statement", &statement);
	TRY(json_in_end(&in));
	TRY(dsse_encode(&statement, &text, err));
	TRY(hear(ends->told, buf_view(&text), err));
	return header.size > 0 ? see(ends->told, buf_view(&header), err) : ERR_OK;
}

static void
over_the_wire(void *to, struct view text, struct view header)
{
	struct ends *ends = to;
	JSON *message = json_new_object();
	DSSE statement = {0};
	struct err err;

	if (ends->code != ERR_OK)
		return;
	fine(dsse_parse(text, &statement, &err), &err);
	put_statement(message, "statement", &statement);
	fine(wire_send(ends->far, message, header, -1, &err), &err);
	ends->code = receive(ends, &ends->err);
}

static void
from_frames(const struct story *story, struct buf *value)
{
	CLEANUP(told_done)
	struct told told = {.chain.vault = story->called->chain.vault, .value = value};
	struct ends ends = {.told = &told};
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	FD near = pair[0], far = pair[1];
	ends.near = near;
	ends.far = far;
	tell_all(story, over_the_wire, &ends);
	if (ends.code != ERR_OK)
		put_error(&ends.err, value);
}

/* A line for each statement; after a definition one for its header, in hex. */
static void
into_lines(void *to, struct view text, struct view header)
{
	struct buf *lines = to;

	buf_bytes(lines, text);
	buf_text(lines, "\n");
	buf_hex(lines, header);
	buf_text(lines, header.size > 0 ? "\n" : "");
}

static enum err_code
read_line(struct view line, struct told *told, struct err *err)
{
	uint8_t header[8192];
	BUF hex = {0};

	if (line.size > 0 && line.data[0] == '{')
		return hear(told, line, err);
	buf_bytes(&hex, line);
	assert_true(line.size / 2 <= sizeof(header));
	assert_true(text_from_hex(buf_string(&hex), header, line.size / 2));
	return see(told, view_of(header, line.size / 2), err);
}

static enum err_code
read_lines(struct view rest, struct told *told, struct err *err)
{
	while (rest.size > 0) {
		const uint8_t *end = memchr(rest.data, '\n', rest.size);

		assert_non_null(end);
		struct view line = view_of(rest.data, (size_t)(end - rest.data));
		TRY(read_line(line, told, err));
		rest = view_of(end + 1, rest.size - line.size - 1);
	}
	return ERR_OK;
}

static void
from_file(const struct story *story, struct buf *value)
{
	CLEANUP(told_done)
	struct told told = {.chain.vault = story->called->chain.vault, .value = value};
	FD fd = memfd_create("ceremony", MFD_CLOEXEC);
	BUF lines = {0}, read = {0};
	struct err err;

	tell_all(story, into_lines, &lines);
	assert_int_equal(write(fd, lines.data, lines.size), (ssize_t)lines.size);
	assert_int_equal(pread(fd, buf_space(&read, lines.size), lines.size, 0),
	    (ssize_t)lines.size);
	if (read_lines(buf_view(&read), &told, &err) != ERR_OK)
		put_error(&err, value);
}

/* --- The property ------------------------------------------------------------------------- */

/* What two of three officers, of whom some denied or are suspended, come to. */
static void
check_value(const struct story *story, const char *value, uint64_t seed)
{
	unsigned counted = story->approved & ~story->denied & ~story->suspended;
	bool met = __builtin_popcount(counted) >= 2;
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
		if ((atoi(line) == VERDICT_MET) != met)
			fail_msg("seed %llu:%s: %s%s", (unsigned long long)seed, story->steps,
			    met ? "met, not " : "not met, but ", line);
	}
}

static void
rows_frames_and_a_file_of_random_sequences_say_the_same(void **state)
{
	CALLED called = {0};
	unsigned met = 0, is_void = 0, wrong = 0;

	(void)state;
	call(&called);
	for (uint64_t seed = 1; seed <= SEQUENCES; seed++) {
		STORY *story = calloc(1, sizeof(*story));
		BUF rows = {0}, frames = {0}, file = {0};

		assert_non_null(story);
		story->called = &called;
		tell(story, seed);
		from_rows(story, &rows);
		from_frames(story, &frames);
		from_file(story, &file);
		if (!view_equal(buf_view(&rows), buf_view(&frames)) ||
		    !view_equal(buf_view(&rows), buf_view(&file)))
			fail_msg("seed %llu:%s\nrows: %s\nframes: %s\nfile: %s",
			    (unsigned long long)seed, story->steps, buf_string(&rows),
			    buf_string(&frames), buf_string(&file));
		check_value(story, buf_string(&rows), seed);
		is_void += story->is_void;
		wrong += story->has_wrong;
		met += !story->is_void && !story->has_wrong &&
		    __builtin_popcount(story->approved & ~story->denied & ~story->suspended) >= 2;
	}
	/* Of each kind there were many. */
	assert_in_range(met, 20, SEQUENCES);
	assert_in_range(is_void, 20, SEQUENCES);
	assert_in_range(wrong, 5, SEQUENCES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_frames_and_a_file_of_random_sequences_say_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
