/* SPDX-License-Identifier: Apache-2.0 */
/* What a client may do it proves before anybody waits for it, and once more when it is done. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crypto_key.h"
#include "base/json_in.h"
#include "base/process.h"
#include "ceremony/protocol/wire.h"
#include "tests/unit/proof/work_bench.h"
#include "tests/unit/server/grown_bench.h"
#include "vault/documents/charter.h"
#include "vault/documents/suspension.h"

/* ---- the writer's lock ---- */

static int
hold_lock(const struct bench *bench)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/lock", bench->vault);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	return fd;
}

/* What is signed with another key than the token's. */
static void
expect_refused_at_once(struct work *work, const struct asked *row)
{
	struct bench *bench = work->bench;
	struct p256_key **key = &bench->people[row->signer].keys[KEY_SIGN], *own = *key;
	struct secret *seed = work->handing.box_seed;
	uint8_t shares = work->ciso.ciphertext.data[3];
	struct err err;

	assert_ok(p256_key_new(key, &err));
	assert_ok(secret_new(ED25519_SIZE, &work->handing.box_seed, &err));
	assert_ok(secret_random(work->handing.box_seed, ED25519_SIZE, &err));
	work->ciso.ciphertext.data[3] ^= 1;
	int64_t begun = process_milliseconds();
	enum err_code code = row->ask(work, bench, &err);
	if (code != ERR_INTEGRITY && code != ERR_REFUSED)
		fail_msg("%s: %s after %lld ms: %s", row->name,
		    code == ERR_OK ? "ok" : err_name(code),
		    (long long)(process_milliseconds() - begun), code != ERR_OK ? err.text : "");
	work->ciso.ciphertext.data[3] = shares;
	secret_freep(&work->handing.box_seed);
	work->handing.box_seed = seed;
	p256_key_freep(key);
	*key = own;
}

/* A charter in which they have a seat of their own, and sign. */
static void
stranger_charter(struct bench *bench, struct dsse *ret_statement)
{
	struct person *stranger = &bench->people[OTHER];
	NEXT_CHARTER *theirs = work_charter(bench);

	stranger->name = "audit";
	stranger->roles = ROLE_OFFICER;
	for (int key = 0; key < KEY_COUNT; key++)
		p256_key_freep(&stranger->keys[key]);
	bench_enroll(bench, stranger, 2000000);
	theirs->seats[AUDIT] = stranger->seat;
	work_charter_statement(theirs, ret_statement);
	person_sign(stranger, ret_statement);
}

/* What others have sent, anybody may send again; some of it asks for nothing. */
static void
expect_answers_at_once(struct work *work)
{
	struct bench *bench = work->bench;
	NEXT_CHARTER *next = work_charter(bench);
	DSSE draft = {0}, theirs = {0};
	struct json *spare = op_new("spare");
	struct err err;

	work_charter_statement(next, &draft);
	assert_ok(work_ask(bench, work_try_message(&draft, true), &err));
	stranger_charter(bench, &theirs);
	assert_error(ERR_REFUSED, work_ask(bench, work_try_message(&theirs, false), &err));
	assert_says("has none");
	assert_error(ERR_EXISTS, work_ask(bench, work_try_message(&work->draft, false), &err));
	assert_error(ERR_EXISTS, work_ask(bench, work_request_message(work), &err));
	put_statement(spare, "spare", &work->handing.statement);
	assert_error(ERR_EXISTS, work_ask(bench, spare, &err));
	assert_ok(work_ask(bench, work_approve_message(work), &err));
	assert_ok(work_ask(bench, work_envelope_message(work), &err));
	assert_ok(work_ask(bench, work_advance_message(work), &err));
	assert_ok(work_ask(bench, op_new("rotate"), &err));
	assert_ok(bench_hello(bench, &err));
	assert_ok(work_ask(bench, op_new("status"), &err));
}

static void
whoever_proves_nothing_waits_for_no_lock_and_takes_none(void **state)
{
	WORK work = {0};
	struct err err;

	(void)state;
	work_begin(&work);
	int lock = hold_lock(work.bench);
	for (size_t i = 0; i < WORK_ASKED; i++)
		expect_refused_at_once(&work, &work_asked[i]);
	expect_answers_at_once(&work);
	/* It is the lock for which those who may do wait. */
	assert_error(ERR_BUSY, work_deny(&work, work.bench, &err));
	close(lock);
	assert_ok(work_deny(&work, work.bench, &err));
}

/* ---- clients that do not wait for their answers ---- */

static void
die_with_parent(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* A process group that asks for MESSAGES over and over, one frame behind the other. */
static pid_t
start_stranger(const struct bench *bench, struct json *const *messages, size_t count)
{
	char rest[65536];
	struct err err;
	struct other_server served;
	pid_t pid = fork();

	if (pid != 0) {
		assert_true(pid > 0);
		(void)setpgid(pid, pid);
		return pid;
	}
	(void)setpgid(0, 0);
	die_with_parent();
	signal(SIGPIPE, SIG_IGN);
	other_server_start(bench, &served);
	if (fork() == 0) { /* reads and forgets */
		die_with_parent();
		close(served.to);
		while (read(served.from, rest, sizeof(rest)) > 0)
			;
		_exit(0);
	}
	close(served.from);
	for (size_t i = 0;; i++)
		if (wire_send(served.to, messages[i % count], (struct view){0}, -1, &err) != ERR_OK)
			_exit(0);
}

enum { STRANGERS = 4, ROUNDS = 5, SECRETS_OF_ALL = 400 };

static void
strangers_who_ask_without_end_hold_up_nobody_who_signs(void **state)
{
	WORK work = {0};
	NEXT_CHARTER *next = NULL;
	DSSE draft = {0};
	pid_t strangers[STRANGERS];
	struct err err;

	(void)state;
	work_begin(&work);
	bench_grow(work.bench, &(struct growth){.secrets = SECRETS_OF_ALL});
	next = work_charter(work.bench);
	work_charter_statement(next, &draft);
	JSON *try = work_try_message(&draft, true), *again = work_try_message(&work.draft, false);
	JSON *advance = work_advance_message(&work), *approve = work_approve_message(&work);
	JSON *envelope = work_envelope_message(&work), *rotate = op_new("rotate");
	JSON *request = work_request_message(&work);
	struct json *const messages[] = {try, again, advance, approve, envelope, rotate, request};
	for (size_t i = 0; i < STRANGERS; i++)
		strangers[i] = start_stranger(work.bench, messages, ARRAY_SIZE(messages));
	usleep(500000);
	for (int i = 0; i < ROUNDS; i++) {
		assert_ok(work_request(&work, work.bench, &err));
		assert_ok(work_spare(&work, work.bench, &err));
	}
	for (size_t i = 0; i < STRANGERS; i++) {
		kill(-strangers[i], SIGKILL);
		waitpid(strangers[i], NULL, 0);
	}
	bench_verify(work.bench);
}

/* ---- what changes between the first look and the change ---- */

struct job {
	struct work *work;
	const struct asked *row;
	enum err_code code;
	struct err err;
};

static void *
run_job(void *context)
{
	struct job *job = context;

	job->code = job->row->ask(job->work, job->work->bench, &job->err);
	return NULL;
}

/* Has the process the lock's file open?  It waits for nothing else. */
static bool
waits_for_lock(const struct bench *bench)
{
	char folder[64], path[400], target[400];
	bool found = false;
	const struct dirent *entry;

	snprintf(folder, sizeof(folder), "/proc/%d/fd", (int)bench->pid);
	DIR *directory = opendir(folder);
	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		ssize_t size = readlink(path, target, sizeof(target) - 1);
		target[size > 0 ? size : 0] = '\0';
		found |= size > 5 && strcmp(target + size - 5, "/lock") == 0;
	}
	closedir(directory);
	return found;
}

/* Its server has looked, and waits for the writer's lock; before it gets it the signer's token is suspended. */
static void
expect_asked_again(struct work *work, const struct asked *row)
{
	struct bench *bench = work->bench;
	struct job job = {.work = work, .row = row};
	struct err err;
	pthread_t thread;

	assert_ok(bench_hello(bench, &err));
	struct bench other = *bench;
	other.fd = -1;
	other.pid = 0;
	other.progress = (struct buf){0};
	int lock = hold_lock(bench);
	assert_int_equal(pthread_create(&thread, NULL, run_job, &job), 0);
	for (int i = 0; i < 500 && !waits_for_lock(bench); i++)
		usleep(10000);
	assert_true(waits_for_lock(bench));
	kill(bench->pid, SIGSTOP);
	close(lock);
	assert_ok(bench_suspend(&other, row->signer == CISO ? AUDIT : CISO, row->signer, &err));
	bench_end(&other);
	kill(bench->pid, SIGCONT);
	pthread_join(thread, NULL);
	if (job.code == ERR_OK || strstr(job.err.text, row->over) == NULL)
		fail_msg("%s: %s: %s", row->name, job.code == ERR_OK ? "ok" : err_name(job.code),
		    job.code != ERR_OK ? job.err.text : "");
	bench_verify(bench);
}

static void
a_token_that_is_suspended_before_the_change_begins_changes_nothing(void **state)
{
	WORK work = {0};

	(void)state;
	work_begin(&work);
	bench_keep(work.bench, "kept");
	for (size_t i = 0; i < WORK_ASKED; i++) {
		expect_asked_again(&work, &work_asked[i]);
		bench_restore(work.bench, "kept");
	}
}

/* In a session that began before. */
static void
a_token_that_another_session_suspends_is_handed_no_envelope(void **state)
{
	WORK work = {0};
	struct err err;
	struct spare_open open;

	(void)state;
	work_begin(&work);
	struct bench other = *work.bench;
	other.fd = -1;
	other.pid = 0;
	other.progress = (struct buf){0};
	assert_ok(handing_fetch(work.bench, &work.handing, &err));
	assert_int_equal(handing_list(work.bench, true, &open), 1);
	assert_ok(bench_suspend(&other, CISO, SECOPS, &err));
	bench_end(&other);
	assert_error(ERR_REFUSED, handing_fetch(work.bench, &work.handing, &err));
	assert_says("no officer with this token");
}

/* ---- what the clock ends ---- */

static void
an_approval_that_nobody_signed_ends_no_late_ceremony(void **state)
{
	WORK work = {0};
	APPROVING approving = {0};
	JSON *payload = NULL;
	DSSE statement = {0};
	SHOWN shown = {0}, after = {0};
	struct err err;

	(void)state;
	work_begin(&work);
	struct bench *bench = work.bench;
	approving_draw(bench, &bench->people[SECOPS], &work.shown, &approving);
	assert_ok(approval_payload(&approving.approval, &payload, &err));
	assert_ok(statement_new(STATEMENT_APPROVAL, false, payload, &statement, &err));
	bench->shared->now = work.shown.ceremony.deadline;
	uint64_t before = bench_log_size(bench);
	struct json *message = op_new("approve");
	json_put_hex(message, "id", VIEW_OF(work.id.bytes));
	put_statement(message, "approval", &statement);
	assert_error(ERR_EXPIRED, work_ask(bench, message, &err));
	assert_error(ERR_EXPIRED, work_ask(bench, work_envelope_message(&work), &err));
	assert_error(ERR_EXPIRED, work_shares(&work, bench, &err));
	assert_true(bench_log_size(bench) == before);
	bench_show(bench, &work.id, &shown);
	assert_string_equal(shown.state, "collecting");
	assert_ok(bench_hello(bench, &err));
	bench_show(bench, &work.id, &after);
	assert_string_equal(after.state, "refused");
}

/* Deadlines cannot be judged then. */
static void
by_a_clock_that_went_back_nothing_is_handed_out_or_taken(void **state)
{
	WORK work = {0};
	SECRET *credential = NULL;
	struct err err;

	(void)state;
	work_begin(&work);
	struct bench *bench = work.bench;
	bench->shared->now -= 121;
	assert_error(ERR_REFUSED, work_ask(bench, work_envelope_message(&work), &err));
	assert_says("Set the host's clock right");
	assert_error(ERR_REFUSED, work_shares(&work, bench, &err));
	assert_says("Set the host's clock right");
	assert_error(ERR_REFUSED, work_approve(&work, bench, &err));
	assert_says("Set the host's clock right");
	assert_error(ERR_REFUSED, work_spare(&work, bench, &err));
	assert_says("Set the host's clock right");
	assert_error(ERR_EXPIRED, /* since nobody tells when the kernel was started */
	    bench_open(bench, &bench->people[ALICE], &work.released, &credential, NULL, &err));
	bench->shared->now += 121;
	assert_ok(work_ask(bench, work_envelope_message(&work), &err));
	assert_ok(work_shares(&work, bench, &err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whoever_proves_nothing_waits_for_no_lock_and_takes_none),
	    cmocka_unit_test(strangers_who_ask_without_end_hold_up_nobody_who_signs),
	    cmocka_unit_test(a_token_that_is_suspended_before_the_change_begins_changes_nothing),
	    cmocka_unit_test(a_token_that_another_session_suspends_is_handed_no_envelope),
	    cmocka_unit_test(an_approval_that_nobody_signed_ends_no_late_ceremony),
	    cmocka_unit_test(by_a_clock_that_went_back_nothing_is_handed_out_or_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
