/* SPDX-License-Identifier: Apache-2.0 */
/* What one client does, or does not do, takes nobody else's time, place or rights. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crypto_key.h"
#include "base/json_in.h"
#include "base/text.h"
#include "ceremony/protocol/ceremony.h"
#include "ceremony/protocol/wire.h"
#include "tests/unit/server/batch_bench.h"
#include "tests/unit/server/hand_bench.h"
#include "vault/documents/charter.h"
#include "vault/documents/suspension.h"
#include "vault/store/statement.h"

DESTRUCTOR(free_charter, struct charter, free)

/* ---- clients that do not read ---- */

enum { PIPE_SIZE = 65536, PAGE = 4096 };

static void
stranger_end(struct other_server *stranger)
{
	close(stranger->to);
	close(stranger->from);
	kill(stranger->pid, SIGKILL);
	waitpid(stranger->pid, NULL, 0);
}

static void
ask(const struct other_server *stranger, struct json *request)
{
	JSON *owned = request;
	struct err err;

	assert_ok(wire_send(stranger->to, owned, (struct view){0}, -1, &err));
}

static int
unread(const struct other_server *stranger)
{
	int size = 0;

	assert_int_equal(ioctl(stranger->from, FIONREAD, &size), 0);
	return size;
}

/* Replies that nobody reads, until all pages of the pipe but one are so full that none fits any more: the next
 * frame takes the last one, and whatever is written after that waits. */
static void
fill(const struct other_server *stranger)
{
	int size = 0, last = 0;

	do {
		ask(stranger, op_new("drafts"));
		for (int i = 0; i < 1000 && unread(stranger) == last; i++)
			usleep(1000);
		if (size == 0)
			size = unread(stranger);
		assert_int_equal(unread(stranger), last + size);
		last += size;
	} while (last < (PIPE_SIZE / PAGE - 1) * (PAGE / size) * size);
}

static void
a_stranger_who_reads_nothing_holds_up_no_rotation(void **state)
{
	struct bench *bench = bench_new(false);
	struct other_server stranger;
	struct json *rotate = op_new("rotate");
	SECRET *credential = NULL;
	struct err err;

	(void)state;
	bench_add_secret(bench);
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, &credential, NULL, &err));
	bench_end(bench);
	other_server_start(bench, &stranger);
	fill(&stranger);
	bench->shared->now += 7200; /* the lease is over */
	json_put_text(rotate, "name", "prod/db");
	ask(&stranger, rotate);
	for (int i = 0; i < 3000 && target_accepts(bench, credential); i++)
		usleep(10000);
	assert_false(target_accepts(bench, credential));
	stranger_end(&stranger);
	bench_free(bench);
}

/* Does the stranger's server end by itself?  RET_STATUS: with which exit status. */
static bool
ends(struct other_server *stranger, int *ret_status)
{
	for (int i = 0; i < 3000; i++) {
		if (waitpid(stranger->pid, ret_status, WNOHANG) == stranger->pid)
			return true;
		usleep(10000);
	}
	return false;
}

static void
a_client_that_stops_reading_in_the_middle_of_a_reply_ends_alone(void **state)
{
	struct bench *bench = bench_new(false);
	struct other_server stranger;
	struct err err;
	int status = 0;

	(void)state;
	bench_add_secret(bench);
	bench_end(bench);
	bench->shared->patience = 2;
	other_server_start(bench, &stranger);
	fill(&stranger);
	for (int i = 0; i < 2; i++)
		ask(&stranger, op_new("founding")); /* the second one does not fit any more */
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_true(ends(&stranger, &status));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 100 + ERR_PROTOCOL);
	close(stranger.to);
	close(stranger.from);
	bench_free(bench);
}

static void
what_is_due_is_done_though_the_client_is_gone_before_its_reply(void **state)
{
	struct bench *bench = bench_new(false);
	struct other_server stranger;
	SECRET *credential = NULL;
	struct err err;
	int status = 0;

	(void)state;
	bench_add_secret(bench);
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	assert_ok(bench_open(bench, &bench->people[ALICE], &id, &credential, NULL, &err));
	bench_end(bench);
	bench->shared->now += 7200; /* the lease is over */
	other_server_start(bench, &stranger);
	close(stranger.from);
	ask(&stranger, op_new("status"));
	assert_true(ends(&stranger, &status));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_false(target_accepts(bench, credential));
	close(stranger.to);
	bench_free(bench);
}

static void
a_stranger_who_reads_nothing_holds_up_no_resealing(void **state)
{
	struct bench *bench = batch_bench(false, 2);
	struct other_server stranger;
	struct json *advance = op_new("advance");
	char text[20] = "", notes[NOTES_MAX];

	(void)state;
	struct id id = batch_ask(bench, MODE_RESEAL);
	batch_approve(bench, &bench->people[SECOPS], &id);
	bench_end(bench);
	other_server_start(bench, &stranger);
	fill(&stranger);
	ask(&stranger, op_new("drafts")); /* no page is left for a word of progress */
	batch_give_all(bench, &bench->people[CAROL], &id);
	json_put_hex(advance, "id", VIEW_OF(id.bytes));
	ask(&stranger, advance);
	for (int i = 0; i < 3000 && strcmp(text, "closed") != 0; i++) {
		usleep(10000);
		batch_states(bench, &id, text, notes);
	}
	assert_string_equal(text, "closed");
	stranger_end(&stranger);
	bench_free(bench);
}

/* ---- places ---- */

/* A charter of FOUNDED's, or the next one, that BY proposes. */
static enum err_code
propose(struct bench *bench, const struct charter *charter, const struct person *by, int with,
    struct err *err)
{
	CLEANUP(free_charter) struct charter *next = calloc(1, sizeof(*next));
	JSON *payload = NULL;
	DSSE statement = {0};

	assert_non_null(next);
	*next = *charter;
	next->created = bench->shared->now;
	assert_int_equal(charter_payload(next, &payload, err), ERR_OK);
	assert_int_equal(statement_new(STATEMENT_CHARTER, false, payload, &statement, err), ERR_OK);
	person_sign(by, &statement);
	return bench_propose(bench, &statement, with >= 0 ? with : 0, with, err);
}

static void
at_the_founding_nobody_takes_a_founders_room(void **state)
{
	struct bench *bench = bench_found(false);
	struct person *stranger = &bench->people[OTHER];
	CLEANUP(free_charter) struct charter *theirs = calloc(1, sizeof(*theirs));
	struct err err;

	(void)state;
	assert_non_null(theirs);
	stranger->name = "ciso";
	stranger->roles = ROLE_OFFICER;
	for (int key = 0; key < KEY_COUNT; key++)
		p256_key_freep(&stranger->keys[key]);
	bench_enroll(bench, stranger, 2000000);
	*theirs = *bench->charter;
	theirs->seats[CISO] = stranger->seat;
	for (int i = 0; i < 3; i++)
		assert_ok(propose(bench, theirs, stranger, OTHER, &err));
	assert_ok(propose(bench, bench->charter, &bench->people[CISO], -1, &err));
	bench_free(bench);
}

static void
an_officer_with_four_drafts_suspends_a_stolen_token_at_once(void **state)
{
	struct bench *bench = bench_new(false);
	CLEANUP(free_charter) struct charter *next = calloc(1, sizeof(*next));
	struct err err;

	(void)state;
	assert_non_null(next);
	*next = *bench->charter;
	next->previous = bench->charter->digest;
	next->version++;
	for (int i = 0; i < 4; i++)
		assert_ok(propose(bench, next, &bench->people[CISO], -1, &err));
	assert_error(ERR_REFUSED, propose(bench, next, &bench->people[CISO], -1, &err));
	assert_ok(bench_suspend(bench, CISO, ALICE, &err));
	bench_free(bench);
}

/* Spaces are no part of what was signed: a document as long as thousands of them. */
static void
suspend_at_length(struct bench *bench, int by, int of)
{
	struct hand hand;
	DSSE statement = {0};
	struct digest digest;
	BUF text = {0};
	struct err err;

	bench_draw_suspension(bench, by, of, &statement);
	assert_ok(dsse_digest(&statement, &digest, &err));
	assert_ok(dsse_encode(&statement, &text, &err));
	buf_format(&text, "%15728640s", "");
	hand_begin(bench, &hand);
	assert_ok(store_put_statement(hand.store, &digest, statement_names[STATEMENT_SUSPEND],
	    buf_view(&text), false, &err));
	assert_ok(store_add_document(hand.store, &digest, &err));
	hand_commit(bench, &hand);
}

/* Every client must be able to take what is in force. */
static void
what_no_client_could_take_does_not_come_into_force(void **state)
{
	struct bench *bench = bench_new(false);
	struct err err;

	(void)state;
	suspend_at_length(bench, INFRA, AUDIT);
	assert_error(ERR_REFUSED, bench_suspend(bench, CISO, ALICE, &err));
	assert_says("found a new vault");
	bench_free(bench);
}

static void
a_seat_that_approves_again_and_again_leaves_room_for_the_others(void **state)
{
	struct bench *bench = bench_new(false);
	enum err_code code = ERR_OK;
	SEEN seen = {0};
	struct err err;
	int count = 0;

	(void)state;
	bench_add_secret(bench);
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	batch_look(bench, &id, &seen);
	for (; code == ERR_OK && count < CEREMONY_VOICES; count++) {
		GIVING giving = {0};

		code = batch_sign(bench, &bench->people[CISO], &id, &seen, &giving, &err);
	}
	assert_error(ERR_REFUSED, code);
	assert_says("seat \"ciso\" has approved this ceremony 60 times");
	assert_int_equal(count, CEREMONY_VOICES_OF_SEAT + 1);
	assert_ok(bench_object(bench, &bench->people[INFRA], &id, STATEMENT_DENIAL, &err));
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	bench_free(bench);
}

/* ---- rights ---- */

static void
a_token_that_another_session_suspends_counts_for_nothing_in_this_one(void **state)
{
	struct bench *bench = bench_new(false);
	struct err err;
	SEEN seen = {0};
	GIVING ciso = {0}, secops = {0}, infra = {0};
	JSON *reply = NULL;
	struct json *request = op_new("ceremony-get");
	DSSE statement = {0};
	RELEASE release = {0};

	(void)state;
	bench_add_secret(bench);
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	batch_look(bench, &id, &seen);
	assert_ok(batch_sign(bench, &bench->people[SECOPS], &id, &seen, &secops, &err));
	assert_ok(batch_sign(bench, &bench->people[CISO], &id, &seen, &ciso, &err));
	assert_ok(batch_sign(bench, &bench->people[INFRA], &id, &seen, &infra, &err));
	batch_look(bench, &id, &seen);
	struct bench other = *bench;
	other.fd = -1;
	other.pid = 0;
	other.progress = (struct buf){0};
	assert_ok(bench_suspend(&other, CISO, SECOPS, &err));
	bench_end(&other);
	assert_ok(batch_give(bench, &ciso, &id, &seen, 0, false, &err));
	assert_ok(batch_give(bench, &infra, &id, &seen, 0, false, &err));
	assert_ok(batch_advance_op(bench, &id, &err));
	json_put_hex(request, "id", VIEW_OF(id.bytes));
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	assert_non_null(json_object_text(reply, "release"));
	assert_ok(dsse_parse(view_of_text(json_object_text(reply, "release")), &statement, &err));
	assert_ok(release_parse(&statement, false, &release, &err));
	assert_int_equal(release.approval_count, 2);
	for (size_t i = 0; i < release.approval_count; i++)
		assert_false(digest_equal(&release.approvals[i], &secops.digest));
	bench_free(bench);
}

/* ---- what is told ---- */

static void
a_secret_of_which_a_version_is_pending_counts_once(void **state)
{
	struct bench *bench = bench_new(false);
	struct err err;
	char debt[20];

	(void)state;
	bench_add_secret(bench);
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	assert_ok(bench_approve(bench, &bench->people[SECOPS], &id, &err));
	target_mode(bench, "apply=reject\napply=reject\napply=reject\n");
	assert_ok(bench_done(bench, &id, debt, &err));
	assert_string_equal(debt, "degraded");
	assert_ok(bench_suspend(bench, CISO, SECOPS, &err));
	bench_expect_line(bench, "tokens", "1 suspended, 1 secret that one seat may be lost of");
	bench_free(bench);
}

static void
a_secret_that_was_not_added_is_not_added_by_whoever_repeats_it_later(void **state)
{
	struct bench *bench = bench_new(false);
	CLEANUP(credential_box_done) struct credential_box box = {0};
	JSON *reply = NULL, *again = NULL;
	struct err err;

	(void)state;
	target_accept(bench, "first-password\n");
	target_mode(bench, "probe=unreachable!\n");
	bench_box(bench, "prod/db", "first-password", &box);
	assert_error(ERR_TARGET_UNKNOWN, bench_send_box(bench, &box, false, &reply, &err));
	target_mode(bench, "");
	bench->shared->now += 24 * 3600 + 1;
	assert_error(ERR_EXPIRED, bench_send_value(bench, &box, true, &again, &err));
	assert_says("adopt: expires: it is not of today");
	bench_free(bench);
}

static void
a_digest_that_never_was_is_no_alarm(void **state)
{
	struct bench *bench = bench_new(false);
	struct json *request = op_new("statements"), *array = json_new_array();
	char none[2 * DIGEST_SIZE + 1];
	JSON *reply = NULL, *other = NULL;
	struct err err;

	(void)state;
	text_hex(VIEW_OF(((struct digest){{0}}).bytes), none);
	json_add_text(array, none);
	json_put(request, "digests", array);
	assert_error(ERR_NOT_FOUND,
	    bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	request = op_new("spare-envelope");
	json_put_text(request, "statement", none);
	json_put_int(request, "index", 0);
	assert_error(ERR_NOT_FOUND,
	    bench_call(bench, request, (struct view){0}, &other, NULL, &err));
	bench_free(bench);
}

/* SQLite's shared lock, held by a process that does nothing else. */
static pid_t
start_reader(struct bench *bench)
{
	char path[300];
	int ready[2];
	uint8_t byte;

	snprintf(path, sizeof(path), "%s/vault.db", bench->vault);
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct flock lock = {.l_type = F_RDLCK,
		    .l_whence = SEEK_SET,
		    .l_start = 0x40000002,
		    .l_len = 510};
		int fd = open(path, O_RDWR | O_CLOEXEC);

		prctl(PR_SET_NAME, "endless");
		if (fcntl(fd, F_SETLK, &lock) == 0 && write(ready[1], "", 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void
a_reader_who_never_ends_is_named_and_nothing_is_changed(void **state)
{
	struct bench *bench = bench_new(false);
	struct request request;
	struct id id;
	struct err err;
	char says[80];

	(void)state;
	bench_add_secret(bench);
	bench_request_make(bench, &bench->people[ALICE], "prod/db", &request);
	bench_end(bench);
	pid_t reader = start_reader(bench);
	snprintf(says, sizeof(says), "process %d (endless) holds the database", (int)reader);
	uint64_t size = bench_log_size(bench);
	for (int i = 0; i < 2; i++) {
		assert_error(ERR_BUSY,
		    bench_request_send(bench, &bench->people[ALICE], &request, &id, &err));
		assert_says(says);
		assert_int_equal(bench_files(bench, "ceremony"), 0);
		assert_int_equal(bench_log_size(bench), size);
	}
	kill(reader, SIGKILL);
	waitpid(reader, NULL, 0);
	assert_ok(bench_request_send(bench, &bench->people[ALICE], &request, &id, &err));
	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	bench_verify(bench);
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stranger_who_reads_nothing_holds_up_no_rotation),
	    cmocka_unit_test(a_client_that_stops_reading_in_the_middle_of_a_reply_ends_alone),
	    cmocka_unit_test(what_is_due_is_done_though_the_client_is_gone_before_its_reply),
	    cmocka_unit_test(a_stranger_who_reads_nothing_holds_up_no_resealing),
	    cmocka_unit_test(at_the_founding_nobody_takes_a_founders_room),
	    cmocka_unit_test(an_officer_with_four_drafts_suspends_a_stolen_token_at_once),
	    cmocka_unit_test(what_no_client_could_take_does_not_come_into_force),
	    cmocka_unit_test(a_seat_that_approves_again_and_again_leaves_room_for_the_others),
	    cmocka_unit_test(a_token_that_another_session_suspends_counts_for_nothing_in_this_one),
	    cmocka_unit_test(a_secret_of_which_a_version_is_pending_counts_once),
	    cmocka_unit_test(a_secret_that_was_not_added_is_not_added_by_whoever_repeats_it_later),
	    cmocka_unit_test(a_digest_that_never_was_is_no_alarm),
	    cmocka_unit_test(a_reader_who_never_ends_is_named_and_nothing_is_changed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
