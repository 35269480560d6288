/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The copy sink: by what it is known, what it should hold, how it is filled and exchanged, and what a dead one keeps from
 * happening: a new value at a target, and nothing else.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "tests/unit/server/night_bench.h"
#include "tests/unit/sweep.h"
#include "vault/store/copy.h"

#define MARKER "halligan-copy"

/* ---- the sink ---- */

/* Away, and an empty folder in its place: its disk is not mounted. */
static void
unmount(struct bench *bench)
{
	bench_shell(bench, "mv copy copy.away && mkdir -m 700 copy");
}

static void
mount_again(struct bench *bench)
{
	bench_shell(bench, "rmdir copy && mv copy.away copy");
}

/* The name of a file of the sink that ends in END; "" where there is none. */
static void
find_file(struct bench *bench, const char *end, char ret_name[256])
{
	DIR *directory = opendir(bench->copy);
	const struct dirent *entry;

	ret_name[0] = '\0';
	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		size_t size = strlen(entry->d_name), tail = strlen(end);

		if (size >= tail && strcmp(entry->d_name + size - tail, end) == 0)
			snprintf(ret_name, 256, "%s", entry->d_name);
	}
	closedir(directory);
}

/* What `copy status` says: MEMBER, a number. */
static int64_t
found(struct bench *bench, const char *member)
{
	struct err err;
	JSON *reply = NULL;

	assert_ok(bench_call(bench, op_new("copy-status"), (struct view){0}, &reply, NULL, &err));
	struct json_in in = json_in(reply, "reply", &err);
	int64_t number = json_in_int(&in, member, 0, INT64_MAX);
	assert_int_equal(in.code, ERR_OK);
	return number;
}

static void
expect_found(struct bench *bench, int64_t missing, int64_t damaged, int64_t unneeded,
    int64_t foreign, int64_t left)
{
	assert_int_equal(found(bench, "missing"), missing);
	assert_int_equal(found(bench, "damaged"), damaged);
	assert_int_equal(found(bench, "unneeded"), unneeded);
	assert_int_equal(found(bench, "foreign"), foreign);
	assert_int_equal(found(bench, "left"), left);
}

static enum err_code
repair(struct bench *bench, int64_t *ret_written, struct err *err)
{
	JSON *reply = NULL;
	enum err_code code =
	    bench_call(bench, op_new("copy-repair"), (struct view){0}, &reply, NULL, err);

	if (code != ERR_OK)
		return code;
	struct json_in in = json_in(reply, "reply", err);
	*ret_written = json_in_int(&in, "written", 0, INT64_MAX);
	return in.code;
}

static void
expect_repaired(struct bench *bench, int64_t written)
{
	struct err err;
	int64_t got;

	assert_ok(repair(bench, &got, &err));
	assert_int_equal(got, written);
	assert_int_equal(found(bench, "missing") + found(bench, "damaged"), 0);
}

/* `status` says nothing of it. */
static void
expect_well(struct bench *bench)
{
	bench_due(bench);
	assert_false(bench_status(bench, "copy", "copy sink"));
}

static void
expect_dead(struct bench *bench, const char *part, const char *next)
{
	char text[600];

	bench_expect_line(bench, "copy sink", part);
	bench_status_of(bench, "copy sink", "next", text);
	assert_string_equal(text, next);
}

/* A lease ends while the sink is dead: nothing is asked of the target, the debt says why, and it is paid as soon as LIVES
 * has brought the sink back, without waiting. */
static void
expect_blocked(struct bench *bench, const char *part, void (*lives)(struct bench *bench))
{
	NIGHT night = {0};
	char text[600], code[32], note[600];
	struct err err;

	night_release(bench, &night);
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	assert_string_equal(night.debt, "owed");
	night_calls(bench, "");
	assert_true(target_accepts(bench, night.old));
	bench_expect_line(bench, "prod/db", part);
	bench_status_of(bench, "prod/db", "waits", text);
	assert_string_equal(text, "the copy sink");
	bench_status_of(bench, "prod/db", "next", text);
	assert_string_equal(text, "halligan copy status");
	uint64_t size = bench_log_size(bench);
	bench_rotate(bench, "prod/db", code, note);
	bench_due(bench);
	assert_int_equal(bench_log_size(bench),
	    size); /* asked again and again it changes nothing */
	lives(bench);
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "ok");
	night_calls(bench, "check\ngenerate\napply\nexpel\nprobe next\nprobe current\n");
	night_paid(bench, &night);
}

/* ---- the marker ---- */

static void
the_marker_names_the_vault_and_the_sink_that_it_knows(void **state)
{
	struct bench *bench = *state;
	BUF text = {0};
	struct err err;
	JSON *object = NULL;
	struct digest vault;
	struct id sink;
	struct stat status;
	char path[300];

	snprintf(path, sizeof(path), "%s/" MARKER, bench->copy);
	assert_ok(file_read(path, 1000, &text, &err));
	assert_ok(json_parse(buf_view(&text), &object, &err));
	struct json_in in = json_in(object, "marker", &err);
	assert_int_equal(json_in_int(&in, "format", 1, 1), 1);
	json_in_hex(&in, "vault", vault.bytes, DIGEST_SIZE);
	json_in_hex(&in, "sink", sink.bytes, ID_SIZE);
	assert_ok(json_in_end(&in));
	assert_true(digest_equal(&vault, &bench->vault_id));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	expect_well(bench);
}

static void
an_empty_mount_point_is_no_sink(void **state)
{
	struct bench *bench = *state;
	unmount(bench);
	expect_dead(bench, "has no file halligan-copy. Mount its disk", "halligan copy status");
	expect_blocked(bench, "has no file halligan-copy", mount_again);
	expect_well(bench);
	unmount(bench);
	struct err err;
	int64_t written;
	assert_error(ERR_NOT_FOUND, repair(bench, &written, &err));
	assert_says("Mount its disk");
	bench_shell(bench, "[ -z \"$(ls -A copy)\" ]"); /* nothing was written into it */
	mount_again(bench);
}

static void
put_marker_back(struct bench *bench)
{
	bench_shell(bench, "mv marker copy/" MARKER);
}

static void
another_vaults_sink_is_not_this_ones(void **state)
{
	struct bench *bench = *state;
	struct err err;
	int64_t written;

	bench_shell(bench,
	    "cp copy/" MARKER
	    " marker && sed -i 's/\"vault\":\"......../\"vault\":\"00000000/' copy/" MARKER);
	expect_dead(bench, "is the copy sink of another vault", "halligan copy status");
	assert_error(ERR_REFUSED, repair(bench, &written, &err));
	assert_says("Mount the right disk");
	expect_blocked(bench, "is the copy sink of another vault", put_marker_back);
	bench_shell(bench,
	    "cp copy/" MARKER
	    " marker && sed -i 's/\"sink\":\"......../\"sink\":\"00000000/' copy/" MARKER);
	expect_dead(bench, "is another copy sink of this vault", "halligan copy status");
	put_marker_back(bench);
	expect_well(bench);
}

static void
a_sink_that_others_reach_into_is_not_used(void **state)
{
	static const struct {
		const char *spoil, *mend, *says;
	} cases[] = {
	    {"chmod 750 copy", "chmod 700 copy", "is open to others (mode 0750): chmod go= "},
	    {"chmod 622 copy/" MARKER, "chmod 600 copy/" MARKER, "is open to others (mode 0622)"},
	    {"chown 12345 copy", "chown 0 copy", "belongs to another account (12345)"},
	    {"chown 12345 copy/" MARKER, "chown 0 copy/" MARKER, "belongs to another account"},
	    {"mv copy/" MARKER " marker && ln -s ../marker copy/" MARKER, "mv marker copy/" MARKER,
	        "Too many levels of symbolic links"},
	    {"mv copy/" MARKER " marker && mkfifo copy/" MARKER, "mv marker copy/" MARKER,
	        "is no plain file"},
	    {"mv copy/" MARKER " marker && echo '{}' > copy/" MARKER " && chmod 600 copy/" MARKER,
	        "mv marker copy/" MARKER, "is not as a vault writes it"},
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (geteuid() != 0 && strncmp(cases[i].spoil, "chown", 5) == 0) {
			printf("# skipped: no root, who alone gives a file away: %s\n",
			    cases[i].spoil);
			continue;
		}
		bench_shell(bench, "%s", cases[i].spoil);
		expect_dead(bench, cases[i].says, "halligan copy status");
		bench_shell(bench, "%s", cases[i].mend);
		expect_well(bench);
	}
}

/* ---- what is in it ---- */

/* In an order of their own: charter and roster, the definition, version 2. */
static void
all_that_opens_a_secret_on_an_empty_machine_is_in_it(void **state)
{
	struct bench *bench = *state;
	char name[256];
	static const char *const ends[] = {"1.document", "2.document", ".definition", ".sealed"};

	bench_due(bench);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		find_file(bench, ends[i], name);
		assert_string_not_equal(name, "");
	}
	assert_int_equal(found(bench, "files"), 4);
	expect_found(bench, 0, 0, 1, 0, 0); /* version 1 was replaced at once */
}

static void
what_is_missing_damaged_or_foreign_is_told_and_put_back(void **state)
{
	struct bench *bench = *state;
	char sealed[256], definition[256];

	bench_due(bench);
	bench_shell(bench, "rm -f copy/*-1-*.sealed");
	find_file(bench, ".sealed", sealed);
	find_file(bench, ".definition", definition);
	bench_shell(bench, "rm copy/%s && printf x >> copy/%s && echo > copy/notes.txt", sealed,
	    definition);
	expect_found(bench, 1, 1, 0, 1, 0);
	expect_repaired(bench, 2);
	expect_found(bench, 0, 0, 0, 1, 0);
	bench_shell(bench, "rm copy/notes.txt && truncate -s -1 copy/%s && echo > copy/.a.tmp",
	    sealed);
	expect_found(bench, 0, 1, 0, 0, 1);
	expect_repaired(bench, 1);
	expect_found(bench, 0, 0, 0, 0, 0);
	expect_repaired(bench, 0);
}

static void
what_a_sink_took_and_lost_was_not_acknowledged(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	char code[32], note[600];
	struct err err;

	night_release(bench, &night);
	bench->shared->lose_copy = 1;
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	assert_int_equal(bench->shared->lose_copy, 0);
	assert_string_equal(night.debt, "owed");
	night_calls(bench, "check\ngenerate\n");
	assert_true(target_accepts(bench, night.old));
	bench_rotate(bench, "prod/db", code, note);
	assert_non_null(strstr(note, "does not hold what was written to it"));
	night_rotate(bench, "ok", "check\ngenerate\napply\nexpel\nprobe next\nprobe current\n");
	night_paid(bench, &night);
}

/* A release goes on beside a dead sink; what that does not have is counted, and sent when it is back. */
static void
a_release_that_the_sink_did_not_take_is_missing_in_it(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	struct err err;
	char name[256];

	bench_due(bench);
	unmount(bench);
	night_release(bench, &night);
	expect_dead(bench, "; 1 statement is missing in it", "halligan copy status");
	mount_again(bench);
	bench->shared->no_due = 1;
	bench_end(bench);
	expect_dead(bench, "1 statement is missing in it", "halligan copy --repair");
	bench_end(bench);
	bench->shared->no_due = 0;
	expect_well(bench); /* the next session's end sent it */
	find_file(bench, ".release", name);
	assert_string_not_equal(name, "");
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	assert_string_equal(night.debt, "retired");
}

/* ---- exchange ---- */

static void
name_sink(struct bench *bench, const char *folder)
{
	snprintf(bench->charter->copy, sizeof(bench->charter->copy), "directory:%s/%s",
	    bench->folder, folder);
	snprintf(bench->copy, sizeof(bench->copy), "%s/%s", bench->folder, folder);
}

/* How many statements it should hold. */
static int64_t
statements(struct bench *bench)
{
	return bench_count(bench, "SELECT count(*) FROM copies WHERE kind <> 'version'");
}

static void
a_dead_sink_is_exchanged_while_a_debt_waits_for_it(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	struct err err;
	char code[32], note[600], lacks[100];

	bench_due(bench);
	night_release(bench, &night);
	unmount(bench);
	assert_ok(bench_done(bench, &night.id, night.debt, &err));
	assert_string_equal(night.debt, "owed");
	bench->shared->no_due = 1; /* so that what the new one lacks is seen */
	bench_shell(bench, "mkdir -m 700 second");
	name_sink(bench, "second");
	bench_change(bench);
	snprintf(lacks, sizeof(lacks), "1 sealed version and %lld statements are missing in it",
	    (long long)statements(bench));
	expect_dead(bench, lacks, "halligan copy --repair");
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "ok");
	night_paid(bench, &night);
	expect_repaired(bench,
	    statements(bench)); /* the new version was given to it when it was sealed */
	bench->shared->no_due = 0;
	expect_well(bench);
	expect_found(bench, 0, 0, 0, 0, 0);
}

/* Dead between the commit of the new value and the moment when the target would hear of it. */
static void
stop_at_prepared(struct bench *bench, struct night *night)
{
	struct err err;

	night_release(bench, night);
	bench_end(bench);
	bench_keep(bench, "released");
	for (int64_t at = 1; at < 200; at++) {
		bench_restore(bench, "released");
		bench->shared->points = 0;
		bench->shared->kill_at = at;
		(void)!bench_done(bench, &night->id, night->debt, &err);
		bench->shared->kill_at = 0;
		bench_end(bench);
		if (bench_count(bench, "SELECT count(*) FROM debts WHERE state = 'prepared'") == 1)
			return;
	}
	fail_msg("it never was prepared");
}

static void
a_value_that_only_the_old_sink_has_is_not_applied(void **state)
{
	struct bench *bench = *state;
	NIGHT night = {0};
	BUF calls = {0};
	char code[32], note[600];

	bench_due(bench);
	bench->shared->no_due = 1;
	bench_shell(bench, "mkdir -m 700 prepared");
	stop_at_prepared(bench, &night);
	(void)target_calls(bench, &calls);
	name_sink(bench, "prepared");
	bench_change(bench);
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "waiting");
	assert_non_null(strstr(note, "`halligan copy --repair` sends it"));
	night_calls(bench, "");
	expect_repaired(bench, 2 + statements(bench)); /* the present value, too */
	bench_rotate(bench, "prod/db", code, note);
	assert_string_equal(code, "ok");
	bench->shared->no_due = 0;
	night_paid(bench, &night);
}

/* It comes into force all the same: people have signed. */
static void
a_new_sink_without_its_disk_is_marked_by_the_repair(void **state)
{
	struct bench *bench = *state;
	struct err err;
	int64_t written;

	bench_due(bench);
	name_sink(bench, "third");
	bench_change(bench);
	assert_non_null(
	    strstr(buf_string(&bench->progress), "the new copy sink cannot be used yet"));
	expect_dead(bench, "the copy sink is new and has no marker yet", "halligan copy --repair");
	assert_error(ERR_NOT_FOUND, repair(bench, &written, &err));
	assert_says("there is no folder");
	bench_shell(bench, "mkdir -m 700 third");
	expect_repaired(bench, 1 + statements(bench));
	expect_well(bench);
}

/* A folder that was a sink before starts anew: what it had acknowledged counts for nothing until it was compared. */
static void
a_sink_that_comes_back_is_compared_anew(void **state)
{
	struct bench *bench = *state;

	bench_due(bench);
	bench_shell(bench, "mkdir -m 700 fourth");
	bench->shared->no_due = 1;
	const char *before = strrchr(bench->copy, '/') + 1;
	char name[60];

	snprintf(name, sizeof(name), "%s", before);
	int64_t files = found(bench, "files");
	name_sink(bench, "fourth");
	bench_change(bench);
	expect_repaired(bench, files + 1);
	name_sink(bench, name);
	bench_change(bench);
	bench_expect_line(bench, "copy sink", "are missing in it");
	expect_repaired(bench, 2); /* the two charters; the rest was there, and was compared */
	bench->shared->no_due = 0;
	expect_well(bench);
}

/* ---- proposing ---- */

static enum err_code
try_sink(struct bench *bench, const char *copy, struct err *err)
{
	CHARTER *charter = calloc(1, sizeof(*charter));
	JSON *payload = NULL, *reply = NULL;
	DSSE statement = {0};
	struct json *request = op_new("propose");
	struct err fine;

	assert_non_null(charter);
	*charter = *bench->charter;
	charter->version++;
	charter->previous = bench->charter->digest;
	charter->created = bench->shared->now;
	charter->restored_count = 0;
	snprintf(charter->copy, sizeof(charter->copy), "%s", copy);
	assert_int_equal(charter_payload(charter, &payload, &fine), ERR_OK);
	assert_int_equal(statement_new(STATEMENT_CHARTER, false, payload, &statement, &fine),
	    ERR_OK);
	put_statement(request, "statement", &statement);
	json_put(request, "enrolments", json_new_array());
	json_put_bool(request, "try", true);
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}

static void
a_new_sink_is_looked_at_before_anybody_signs(void **state)
{
	struct bench *bench = *state;
	struct err err;
	char copy[300];

	snprintf(copy, sizeof(copy), "directory:%s/nowhere", bench->folder);
	assert_error(ERR_NOT_FOUND, try_sink(bench, copy, &err));
	assert_says("make it, best on another disk");
	bench_shell(bench,
	    "mkdir -m 700 foreign && sed 's/\"vault\":\"......../\"vault\":\"00000000/' %s/" MARKER
	    " > foreign/" MARKER " && chmod 600 foreign/" MARKER,
	    bench->copy);
	snprintf(copy, sizeof(copy), "directory:%s/foreign", bench->folder);
	assert_error(ERR_REFUSED, try_sink(bench, copy, &err));
	assert_says("is the copy sink of another vault");
	bench_shell(bench, "mkdir -m 755 open");
	snprintf(copy, sizeof(copy), "directory:%s/open", bench->folder);
	assert_error(ERR_REFUSED, try_sink(bench, copy, &err));
	assert_says("is open to others");
	bench_shell(bench, "chmod 700 open");
	assert_int_equal(try_sink(bench, copy, &err), ERR_OK);
	assert_int_equal(try_sink(bench, "none", &err), ERR_OK);
}

/* ---- death ---- */

/* Killed at each durable step in turn, and begun again: nothing is lost, nothing is left. */
static void
a_repair_that_is_killed_anywhere_goes_on(void **state)
{
	struct bench *bench = *state;
	struct err err;
	int64_t written, kills = 0;

	bench_due(bench);
	bench_shell(bench, "mkdir -m 700 fifth");
	bench->shared->no_due = 1;
	name_sink(bench, "fifth");
	bench_change(bench);
	bench_end(bench);
	bench_keep(bench, "lacking");
	for (int64_t at = 1;; at++) {
		if (!sweep_takes(at, 13))
			continue;
		bench_restore(bench, "lacking");
		bench_shell(bench, "find fifth -mindepth 1 ! -name " MARKER " -delete");
		bench->shared->points = 0;
		bench->shared->kill_at = at;
		enum err_code code = repair(bench, &written, &err);
		bench->shared->kill_at = 0;
		bench_end(bench);
		if (code == ERR_OK)
			break;
		kills++;
		assert_ok(repair(bench, &written, &err));
		expect_found(bench, 0, 0, 0, 0, 0);
		bench_verify(bench);
	}
	assert_true(kills > 0);
	printf("# killed at %lld durable steps\n", (long long)kills);
	bench->shared->no_due = 0;
	expect_well(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_that_opens_a_secret_on_an_empty_machine_is_in_it),
	    cmocka_unit_test(the_marker_names_the_vault_and_the_sink_that_it_knows),
	    cmocka_unit_test(what_is_missing_damaged_or_foreign_is_told_and_put_back),
	    cmocka_unit_test(a_sink_that_others_reach_into_is_not_used),
	    cmocka_unit_test(an_empty_mount_point_is_no_sink),
	    cmocka_unit_test(another_vaults_sink_is_not_this_ones),
	    cmocka_unit_test(what_a_sink_took_and_lost_was_not_acknowledged),
	    cmocka_unit_test(a_release_that_the_sink_did_not_take_is_missing_in_it),
	    cmocka_unit_test(a_new_sink_is_looked_at_before_anybody_signs),
	    cmocka_unit_test(a_dead_sink_is_exchanged_while_a_debt_waits_for_it),
	    cmocka_unit_test(a_value_that_only_the_old_sink_has_is_not_applied),
	    cmocka_unit_test(a_new_sink_without_its_disk_is_marked_by_the_repair),
	    cmocka_unit_test(a_sink_that_comes_back_is_compared_anew),
	    cmocka_unit_test(a_repair_that_is_killed_anywhere_goes_on),
	};
	return cmocka_run_group_tests(tests, bench_start_copied, bench_stop);
}
