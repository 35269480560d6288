/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/edits/vault.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/server/batch_bench.h"
#include "vault/documents/suspension.h"

/* --- Files -------------------------------------------------------------------------------- */

static void
read_whole(const char *path, struct buf *ret_bytes)
{
	uint8_t block[65536];
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	while ((got = read(fd, block, sizeof(block))) > 0)
		buf_bytes(ret_bytes, view_of(block, (size_t)got));
	assert_int_equal(got, 0);
	close(fd);
}

static void
write_whole(const char *path, const struct buf *bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes->data, bytes->size), (ssize_t)bytes->size);
	close(fd);
}

static const char *const parts[] = {"", "ceremony/", "escrow/"};

/* Each file of PART of the vault's folder. */
static void
each_file(const struct past *past, const char *part,
    void (*visit)(void *context, const char *name, const char *path), void *context)
{
	char folder[200], name[300], path[500];
	const struct dirent *entry;

	snprintf(folder, sizeof(folder), "%s/%s", past->bench->vault, part);
	DIR *directory = opendir(folder);
	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		struct stat stat;

		snprintf(name, sizeof(name), "%s%s", part, entry->d_name);
		snprintf(path, sizeof(path), "%s/%s", past->bench->vault, name);
		if (lstat(path, &stat) == 0 && S_ISREG(stat.st_mode))
			visit(context, name, path);
	}
	closedir(directory);
}

static void
keep_file(void *context, const char *name, const char *path)
{
	struct past *past = context;

	assert_true(past->file_count < PAST_FILES);
	struct kept_file *file = &past->files[past->file_count++];
	assert_true(
	    (size_t)snprintf(file->name, sizeof(file->name), "%s", name) < sizeof(file->name));
	read_whole(path, &file->bytes);
}

static void
keep(struct past *past)
{
	bench_end(past->bench);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		each_file(past, parts[i], keep_file, past);
	memcpy(past->targets, seams()->targets, sizeof(past->targets));
	past->target_count = seams()->target_count;
}

static void
drop_file(void *context, const char *name, const char *path)
{
	(void)context, (void)name;
	assert_int_equal(unlink(path), 0);
}

/* All are made anew, always in the same order: so a folder lists them. */
void
past_restore(struct past *past)
{
	bench_end(past->bench);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		each_file(past, parts[i], drop_file, NULL);
	for (size_t i = 0; i < past->file_count; i++) {
		char path[300];

		snprintf(path, sizeof(path), "%s/%s", past->bench->vault, past->files[i].name);
		write_whole(path, &past->files[i].bytes);
	}
	memcpy(seams()->targets, past->targets, sizeof(past->targets));
	seams()->target_count = past->target_count;
}

/* The database as it is now, to be brought back. */
static void
keep_earlier(struct past *past)
{
	struct bench *bench = past->bench;
	char path[300];
	BUF bytes = {0};

	bench_end(bench);
	snprintf(path, sizeof(path), "%s/vault.db", bench->vault);
	read_whole(path, &bytes);
	snprintf(path, sizeof(path), "%s/earlier-%zu", bench->folder, past->earlier_count++);
	write_whole(path, &bytes);
}

/* --- What happens ------------------------------------------------------------------------- */

void
past_add(struct past *past, const char *name, bool rotate)
{
	struct bench *bench = past->bench;
	struct err err;
	CLEANUP(credential_box_done) struct credential_box box = {0};
	JSON *reply = NULL;
	char password[64];

	snprintf(password, sizeof(password), "password of %s", name);
	snprintf(bench->target, sizeof(bench->target), "%s", name);
	bench_box(bench, name, password, &box);
	assert_ok(bench_send_box(bench, &box, rotate, &reply, &err));
}

struct id
past_ask(struct past *past, enum mode mode, const char *const *names, size_t count)
{
	struct bench *bench = past->bench;
	struct item items[8];
	const struct person *person = &bench->people[mode_releases(mode) ? ALICE : INFRA];
	const struct seat_token *token = &person->seat.tokens[0];
	struct request request = {.vault = bench->vault_id,
	    .mode = mode,
	    .items = {items, count},
	    .token = token->id,
	    .reason = "the primary does not boot",
	    .host = "laptop",
	    .user = "me",
	    .created = bench->shared->now,
	    .expires = bench->shared->now + 900};
	struct err err;
	struct id id;

	for (size_t i = 0; i < count; i++)
		bench_item(bench, names[i], &items[i]);
	if (mode_releases(mode)) {
		request.recipients.rows[request.recipients.count++] =
		    (struct recipient){token->id, token->keys[KEY_RELEASE]};
		request.duration = 600;
		snprintf(request.incident, sizeof(request.incident), "INC-1");
	}
	snprintf(request.seat, sizeof(request.seat), "%s", person->name);
	assert_ok(batch_send_request(bench, person, &request, &id, &err));
	return id;
}

static struct id
ask_for(struct past *past, const char *name)
{
	return past_ask(past, MODE_RELEASE, &name, 1);
}

static void
approve(struct past *past, int person, const struct id *id)
{
	struct err err;

	assert_ok(bench_approve(past->bench, &past->bench->people[person], id, &err));
}

static struct id
release(struct past *past, const char *name)
{
	struct id id = ask_for(past, name);

	approve(past, CISO, &id);
	approve(past, SECOPS, &id);
	return id;
}

/* Released, and ended while its target does as MODES say. */
static struct id
live_through(struct past *past, const char *name, const char *modes)
{
	struct id id = release(past, name);
	char debt[20];
	struct err err;

	target_do(name, modes);
	assert_ok(bench_done(past->bench, &id, debt, &err));
	return id;
}

static void
object(struct past *past, int person, const struct id *id, enum statement_type type)
{
	struct err err;

	assert_ok(bench_object(past->bench, &past->bench->people[person], id, type, &err));
}

/* ---- the spare ---- */

/* WHOLE: with its box, else it was announced only. */
static void
hand_on(struct past *past, bool whole)
{
	struct bench *bench = past->bench;
	struct err err;
	HANDING handing = {0};
	BUF ciphertext = {0};

	assert_true(handing_list(bench, false, &handing.open) > 0);
	handing_draw(bench, &handing);
	assert_ok(handing_send(bench, &handing, &bench->people[SECOPS], &err));
	past->spare = handing.spare.digest;
	if (!whole)
		return;
	assert_ok(handing_fetch(bench, &handing, &err));
	handing_seal(bench, &handing, &ciphertext);
	assert_ok(handing_store(bench, &handing, buf_view(&ciphertext), &err));
}

static void
test_spare(struct past *past)
{
	struct err err;
	TESTING testing = {0};

	testing_begin(past->bench, &testing);
	assert_int_equal(testing.listed, 1);
	assert_ok(testing_open(past->bench, &testing, &err));
	testing.readiness.spares = &testing.spare;
	testing.readiness.spare_count = 1;
	assert_ok(testing_sign(past->bench, &testing, &err));
}

/* ---- documents ---- */

static void
state_document(struct past *past, enum statement_type type, struct json *payload, int person,
    struct dsse *ret_statement)
{
	struct err err;

	assert_ok(statement_new(type, false, payload, ret_statement, &err));
	person_sign(&past->bench->people[person], ret_statement);
	assert_ok(bench_propose(past->bench, ret_statement, 0, -1, &err));
}

static void
suspend(struct past *past, int person, struct dsse *ret_statement)
{
	struct bench *bench = past->bench;
	struct suspension suspension = {.vault = bench->vault_id,
	    .charter = bench->charter->digest,
	    .roster = bench->roster,
	    .token = bench->people[CISO].seat.tokens[0].id,
	    .suspended = bench->people[person].seat.tokens[0].id,
	    .time = bench->shared->now,
	    .seat = "ciso",
	    .reason = "lost"};
	JSON *payload = NULL;
	struct err err;

	snprintf(suspension.holder, sizeof(suspension.holder), "%s", bench->people[person].name);
	assert_ok(suspension_payload(&suspension, &payload, &err));
	state_document(past, STATEMENT_SUSPEND, payload, CISO, ret_statement);
}

static void
draft_charter(struct past *past)
{
	const struct charter *charter = past->bench->charter;
	CLEANUP(charter_freep) struct charter *next = calloc(1, sizeof(*next));
	JSON *payload = NULL;
	struct err err;

	assert_non_null(next);
	*next = *charter;
	next->previous = charter->digest;
	next->version++;
	next->policies[0].max_duration = 1800;
	next->created = past->bench->shared->now;
	assert_ok(charter_payload(next, &payload, &err));
	state_document(past, STATEMENT_CHARTER, payload, CISO, &past->charter);
}

/* Without alice. */
static void
draft_roster(struct past *past)
{
	struct bench *bench = past->bench;
	ROSTER *roster = NULL;
	JSON *payload = NULL;
	struct err err;

	assert_ok(roster_new(&roster, &err));
	roster->vault = bench->vault_id;
	roster->charter = bench->charter->digest;
	roster->version = 2;
	roster->previous = bench->roster;
	roster->created = bench->shared->now;
	assert_ok(roster_payload(roster, &payload, &err));
	state_document(past, STATEMENT_ROSTER, payload, INFRA, &past->roster);
}

/* --- The history -------------------------------------------------------------------------- */

static void
begin(struct past *past)
{
	static const char *const names[] = {"dev/one", "dev/two", "dev/three", "dev/four",
	    "dev/five", "dev/six", "dev/seven", "dev/eight", "dev/nine"};

	past_add(past, "prod/db", true);
	past_add(past, "prod/ops", false);
	past_add(past, "prod/web", false);
	keep_earlier(past);
	bench_spare(past->bench);
	hand_on(past, true);
	test_spare(past);
	hand_on(past, true);
	hand_on(past, false);
	keep_earlier(past);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		past_add(past, names[i], false);
	past->bench->policy = "narrow";
	past_add(past, "narrow/one", false);
	past->bench->policy = "production";
}

static void
end_some(struct past *past)
{
	DSSE statement = {0};

	suspend(past, AUDIT, &statement);
	past->cancelled = ask_for(past, "prod/web");
	approve(past, CISO, &past->cancelled);
	object(past, ALICE, &past->cancelled, STATEMENT_CANCEL);
	past->denied = ask_for(past, "dev/five");
	for (int person = CISO; person <= INFRA; person++)
		object(past, person, &past->denied, STATEMENT_DENIAL);
	past->closed = live_through(past, "dev/five", "");
	keep_earlier(past);
	past->bench->shared->now += 60;
	past->failed = live_through(past, "dev/four", "apply=reject\napply=reject\napply=reject\n");
	past->waiting = live_through(past, "dev/six", "check=refuse\n");
	past->stuck = live_through(past, "dev/seven", "apply=drop\nprobe=unreachable\n");
	keep_earlier(past);
}

static void
leave_some(struct past *past)
{
	static const char *const reseal[] = {"dev/two", "dev/three"};
	static const char *const many[] = {"dev/eight", "dev/nine"};
	static const char *const rotate[] = {"prod/ops"};
	struct bench *bench = past->bench;

	past->running = release(past, "dev/one");
	past->wanted = ask_for(past, "prod/db");
	approve(past, CISO, &past->wanted);
	past->reseal = past_ask(past, MODE_RESEAL, reseal, ARRAY_SIZE(reseal));
	batch_approve(bench, &bench->people[CISO], &past->reseal);
	keep_earlier(past);
	past->rotate = past_ask(past, MODE_ROTATE, rotate, ARRAY_SIZE(rotate));
	batch_approve(bench, &bench->people[CISO], &past->rotate);
	past->many = past_ask(past, MODE_RELEASE, many, ARRAY_SIZE(many));
	batch_approve(bench, &bench->people[CISO], &past->many);
	draft_charter(past);
	draft_roster(past);
	suspend(past, CAROL, &past->suspension);
}

struct past *
past_new(void)
{
	struct past *past = calloc(1, sizeof(*past));

	assert_non_null(past);
	past->history = calloc(1, sizeof(*past->history));
	assert_non_null(past->history);
	seams_begin();
	seams()->now = BENCH_START;
	past->bench = bench_new(false);
	tape_record(past->bench, past->history);
	begin(past);
	script_done(past->history);
	end_some(past);
	script_done(past->history);
	leave_some(past);
	keep(past);
	return past;
}

void
past_free(struct past *past)
{
	struct script *scripts[PAST_SCRIPTS + 2] = {past->history, past->reads};

	memcpy(scripts + 2, past->scripts, sizeof(past->scripts));
	tape_record(past->bench, NULL);
	bench_free(past->bench);
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		if (scripts[i] != NULL)
			script_done(scripts[i]);
		free(scripts[i]);
	}
	for (size_t i = 0; i < past->file_count; i++)
		buf_done(&past->files[i].bytes);
	dsse_done(&past->charter);
	dsse_done(&past->roster);
	dsse_done(&past->suspension);
	buf_done(&seams()->trace);
	free(past);
}
