/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/server_bench.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/credential.h"
#include "base/crypto_key.h"
#include "base/file.h"
#include "base/hpke.h"
#include "base/process.h"
#include "base/text.h"
#include "ceremony/protocol/wire.h"
#include "tests/lib/p256_sign.h"
#include "vault/documents/charter.h"

enum { SERVED_ERROR = 100 };

/* --- The server process ------------------------------------------------------------------- */

static void
start_server(struct bench *bench)
{
	int ends[2];
	struct err err;
	const char *const argv[] = {"served", bench->vault, BENCH_ROTATORS, bench->shared_path,
	    NULL};
	const char *const env[] = {"PATH=/usr/bin:/bin", NULL};

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	const struct process_spawn spawn = {.path = BENCH_SERVED,
	    .argv = argv,
	    .env = env,
	    .fds = {ends[1], ends[1], STDERR_FILENO, -1, -1, -1, -1, -1}};
	assert_ok(process_start(&spawn, &bench->pid, &err));
	close(ends[1]);
	bench->fd = ends[0];
}

void
other_server_start(const struct bench *bench, struct other_server *ret_server)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		abort();
	ret_server->pid = fork();
	if (ret_server->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execl(BENCH_SERVED, "served", bench->vault, BENCH_ROTATORS, bench->shared_path,
		    (char *)NULL);
		_exit(9);
	}
	close(in[0]);
	close(out[1]);
	ret_server->to = in[1];
	ret_server->from = out[0];
}

void
bench_end(struct bench *bench)
{
	struct err err;

	if (bench->pid == 0)
		return;
	close(bench->fd);
	assert_ok(process_wait(bench->pid, process_milliseconds() + 60000, &bench->status, &err));
	bench->pid = 0;
	/* 0, or 100 and an error's code; or killed by a test.  Else it crashed, or a sanitizer spoke. */
	int status = bench->status;
	if (WIFSIGNALED(status) ? WTERMSIG(status) != SIGKILL :
	                          WEXITSTATUS(status) != 0 && WEXITSTATUS(status) < SERVED_ERROR)
		fail_msg("the server ended with status %#x", (unsigned)status);
}

static enum err_code
reply_error(struct json *reply, struct err *err)
{
	struct err cause;
	struct json_in in = json_in(reply, "reply", &cause);

	if (json_in_bool(&in, "ok"))
		return ERR_OK;
	return in_error(&in, err);
}

enum err_code
bench_call(struct bench *bench, struct json *request, struct view blob, struct json **ret_reply,
    struct buf *ret_out, struct err *err)
{
	CLEANUP(json_freep) struct json *owned = request;

	if (bench->pid == 0)
		start_server(bench);
	enum err_code code = wire_send(bench->fd, owned, blob, -1, err);
	while (code == ERR_OK) {
		JSON *reply = NULL;
		BUF out = {0};

		code = wire_receive(bench->fd, &reply, &out, -1, err);
		if (code != ERR_OK)
			break;
		const char *progress = json_object_text(reply, "progress");
		if (progress != NULL) {
			buf_format(&bench->progress, "%s\n", progress);
			continue;
		}
		code = reply_error(reply, err);
		if (code == ERR_OK) {
			*ret_reply = TAKE(reply);
			if (ret_out != NULL)
				buf_bytes(ret_out, buf_view(&out));
			return ERR_OK;
		}
		if (code == ERR_INTEGRITY || code == ERR_PROTOCOL)
			bench_end(bench);
		return code;
	}
	bench_end(bench); /* it died */
	return err_set(err, ERR_PROTOCOL, "the server is gone");
}

enum err_code
bench_hello(struct bench *bench, struct err *err)
{
	JSON *reply = NULL;
	struct json *request = op_new("hello");

	bench_end(bench);
	json_put_int(request, "protocol", WIRE_PROTOCOL);
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}

void
bench_due(struct bench *bench)
{
	struct err err;

	assert_ok(bench_hello(bench, &err));
	bench_end(bench);
}

void
bench_must(struct bench *bench, struct json *request)
{
	struct err err;
	JSON *reply = NULL;

	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
}

void
bench_ask_text(struct bench *bench, struct json *request, const char *name, char *ret_text,
    size_t size)
{
	struct err err;
	JSON *reply = NULL;

	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	const char *text = json_object_text(reply, name);
	if (text == NULL)
		fail_msg("the reply has no text %s", name);
	snprintf(ret_text, size, "%s", text);
}

/* --- Founding ----------------------------------------------------------------------------- */

static void
put_enrolments(struct bench *bench, struct json *request, int first, int last)
{
	struct err err;
	struct json *array = json_new_array();

	for (int i = first; i <= last; i++) {
		BUF text = {0};

		assert_ok(dsse_encode(&bench->people[i].enrolment, &text, &err));
		json_add_text(array, buf_string(&text));
	}
	json_put(request, "enrolments", array);
}

static void
put_policy(struct charter *charter, const char *name, const char *quorum)
{
	struct policy *policy = &charter->policies[charter->policy_count++];

	snprintf(policy->name, sizeof(policy->name), "%s", name);
	snprintf(policy->quorum_text, sizeof(policy->quorum_text), "%s", quorum);
	policy->max_duration = 3600;
	policy->request_ttl = 1800;
	policy->max_age = 365 * 86400;
}

enum err_code
bench_propose(struct bench *bench, const struct dsse *statement, int first, int last,
    struct err *err)
{
	JSON *reply = NULL;
	struct json *request = op_new("propose");

	put_statement(request, "statement", statement);
	json_put_bool(request, "try", false);
	put_enrolments(bench, request, first, last);
	return bench_call(bench, request, (struct view){0}, &reply, NULL, err);
}

static void
put_own_signature(struct json *request, const struct person *person, const struct dsse *statement)
{
	struct err err;
	struct digest digest;
	BUF sig = {0};

	assert_ok(dsse_digest(statement, &digest, &err));
	assert_ok(p256_sign(person->keys[KEY_SIGN], &digest, &sig, &err));
	json_put_hex(request, "digest", VIEW_OF(digest.bytes));
	json_put_hex(request, "keyid", VIEW_OF(person->seat.tokens[0].id.bytes));
	json_put_base64(request, "sig", buf_view(&sig));
}

enum err_code
bench_sign(struct bench *bench, const struct person *person, const struct dsse *statement,
    bool *ret_live, struct err *err)
{
	struct err inner;
	JSON *reply = NULL;
	struct json *request = op_new("sign");

	put_own_signature(request, person, statement);
	TRY(bench_call(bench, request, (struct view){0}, &reply, NULL, err));
	struct json_in in = json_in(reply, "reply", &inner);
	*ret_live = json_in_bool(&in, "live");
	assert_int_equal(in.code, ERR_OK);
	return ERR_OK;
}

static void
draft_charter(struct bench *bench, const struct json *founding, struct charter *charter)
{
	struct err err;
	struct json_in in =
	    json_in(json_object_count(founding) > 0 ? founding : NULL, "founding", &err);
	const struct json *host = json_in_object(&in, "host");
	struct json_in keys = json_in(host, "host", &err);

	json_in_hex(&keys, "statement", charter->host_statement.bytes, ED25519_SIZE);
	json_in_hex(&keys, "log", charter->host_log.bytes, ED25519_SIZE);
	json_in_hex(&keys, "escrow", charter->host_escrow.bytes, POINT_SIZE);
	assert_ok(json_in_end(&keys));
	snprintf(charter->name, sizeof(charter->name), "bench.example");
	snprintf(charter->copy, sizeof(charter->copy), "%s",
	    json_in_text(&in, "copy", 1, sizeof(charter->copy) - 1));
	charter->version = 1;
	charter->init = bench->init;
	charter->roots[0] = bench->root.fingerprint;
	charter->root_count = 1;
	memcpy(charter->min_firmware, (const uint8_t[]){5, 7, 0}, 3);
	charter->seat_count = ALICE;
	for (int i = 0; i < ALICE; i++)
		charter->seats[i] = bench->people[i].seat;
	put_policy(charter, "production", "2 of (ciso, secops, infra, carol)");
	put_policy(charter, "narrow", "2 of (ciso, carol)");
	snprintf(charter->change_text, sizeof(charter->change_text), "2 of (ciso, secops, infra)");
	charter->created = bench->shared->now;
}

static void
found_charter(struct bench *bench)
{
	struct err err;
	JSON *founding = NULL, *payload = NULL;
	DSSE statement = {0};
	CHARTER *charter = calloc(1, sizeof(*charter));

	assert_ok(bench_call(bench, op_new("founding"), (struct view){0}, &founding, NULL, &err));
	draft_charter(bench, founding, charter);
	assert_ok(charter_payload(charter, &payload, &err));
	assert_ok(statement_new(STATEMENT_CHARTER, false, payload, &statement, &err));
	person_sign(&bench->people[CISO], &statement);
	assert_ok(bench_propose(bench, &statement, CISO, CAROL, &err));
	for (int i = SECOPS; i < CAROL; i++) {
		bool live;

		assert_ok(bench_sign(bench, &bench->people[i], &statement, &live, &err));
		assert_false(live);
	}
	assert_ok(charter_parse(&statement, &bench->charter, &err));
	bench->vault_id = bench->charter->digest;
	bench->draft = statement;
	statement.payload = (struct buf){0};
}

static void
change_charter(struct bench *bench, int first, int last, int one, int other)
{
	struct err err;
	JSON *payload = NULL;
	DSSE statement = {0};
	struct charter *next = bench->charter;

	next->previous = next->digest;
	next->version++;
	next->created = bench->shared->now;
	assert_ok(charter_payload(next, &payload, &err));
	assert_ok(statement_new(STATEMENT_CHARTER, false, payload, &statement, &err));
	person_sign(&bench->people[one], &statement);
	assert_ok(bench_propose(bench, &statement, first, last, &err));
	bool live;
	assert_ok(bench_sign(bench, &bench->people[other], &statement, &live, &err));
	if (!live) /* a policy with her in its quorum changes, too */
		assert_ok(bench_sign(bench, &bench->people[CAROL], &statement, &live, &err));
	assert_true(live);
	charter_freep(&bench->charter);
	assert_ok(charter_parse(&statement, &bench->charter, &err));
}

void
bench_charter_by(struct bench *bench, int64_t seconds, int first, int second)
{
	bench->charter->policies[0].max_duration = seconds;
	change_charter(bench, 0, -1, first, second);
}

void
bench_charter(struct bench *bench, int64_t seconds)
{
	bench_charter_by(bench, seconds, CISO, SECOPS);
}

void
bench_change(struct bench *bench)
{
	change_charter(bench, 0, -1, CISO, INFRA);
}

void
bench_spare(struct bench *bench)
{
	struct seat *seat = &bench->charter->seats[SECOPS];

	seat->tokens[seat->token_count++] = bench->people[SECOND].seat.tokens[0];
	change_charter(bench, SECOND, SECOND, CISO, INFRA);
}

static void
found_roster(struct bench *bench)
{
	struct err err;
	JSON *payload = NULL;
	DSSE statement = {0};
	ROSTER *roster = NULL;
	bool live;

	assert_ok(roster_new(&roster, &err));
	roster->vault = bench->vault_id;
	roster->charter = bench->charter->digest;
	roster->version = 1;
	roster->created = bench->shared->now;
	roster->seat_count = 1;
	roster->seats[0] = bench->people[ALICE].seat;
	assert_ok(roster_payload(roster, &payload, &err));
	assert_ok(statement_new(STATEMENT_ROSTER, false, payload, &statement, &err));
	person_sign(&bench->people[INFRA], &statement);
	assert_ok(dsse_digest(&statement, &bench->roster, &err));
	assert_ok(bench_propose(bench, &statement, ALICE, ALICE, &err));
	assert_ok(bench_sign(bench, &bench->people[CISO], &statement, &live, &err));
	assert_true(live);
}

static void
make_folders(struct bench *bench)
{
	snprintf(bench->folder, sizeof(bench->folder), "/tmp/halligan-bench-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->vault, sizeof(bench->vault), "%s/vault", bench->folder);
	snprintf(bench->target, sizeof(bench->target), "%s/target", bench->folder);
	snprintf(bench->copy, sizeof(bench->copy), "%s/copy", bench->folder);
	snprintf(bench->shared_path, sizeof(bench->shared_path), "%s/shared", bench->folder);
	assert_int_equal(mkdir(bench->target, 0700), 0);
	assert_int_equal(mkdir(bench->copy, 0700), 0);
	int fd = open(bench->shared_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, sizeof(*bench->shared)), 0);
	bench->shared =
	    mmap(NULL, sizeof(*bench->shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	assert_ptr_not_equal(bench->shared, MAP_FAILED);
	bench->shared->now = BENCH_START;
}

struct bench *
bench_found(bool copy)
{
	static const struct person people[PEOPLE] = {{.name = "ciso", .roles = ROLE_OFFICER},
	    {.name = "secops", .roles = ROLE_OFFICER},
	    {.name = "infra", .roles = ROLE_OFFICER | ROLE_OPERATOR},
	    {.name = "audit", .roles = ROLE_OFFICER},
	    {.name = "carol", .roles = ROLE_OFFICER | ROLE_RESPONDER},
	    {.name = "alice", .roles = ROLE_RESPONDER}, {.name = "secops", .roles = ROLE_OFFICER},
	    {.name = "alice", .roles = ROLE_RESPONDER}};
	struct bench *bench = calloc(1, sizeof(*bench));
	struct err err;
	JSON *reply = NULL;
	char sink[200];

	assert_non_null(bench);
	assert_ok(crypto_start(&err));
	bench->policy = "production";
	bench->announced = (struct announcement){.holds = 1, .can = CAN_EXPEL};
	memcpy(bench->people, people, sizeof(people));
	make_folders(bench);
	authority_make(&(struct recipe){.subject = "Root", .authority = true}, NULL, &bench->root);
	authority_make(&(struct recipe){.subject = "Device", .authority = true}, &bench->root,
	    &bench->device);
	struct json *request = op_new("init");
	json_put_text(request, "name", "bench.example");
	json_put_bool(request, "training", false);
	snprintf(sink, sizeof(sink), "directory:%s", bench->copy);
	json_put_text(request, "copy", copy ? sink : "none");
	assert_ok(bench_call(bench, request, (struct view){0}, &reply, NULL, &err));
	assert_true(text_from_hex(json_object_text(reply, "init"), bench->init.bytes, DIGEST_SIZE));
	for (int i = 0; i < PEOPLE; i++)
		bench_enroll(bench, &bench->people[i], 1000000 + (uint32_t)i);
	found_charter(bench);
	return bench;
}

struct bench *
bench_new(bool copy)
{
	struct bench *bench = bench_found(copy);
	struct err err;
	bool live;

	assert_ok(bench_sign(bench, &bench->people[CAROL], &bench->draft, &live, &err));
	assert_true(live);
	found_roster(bench);
	return bench;
}

void
bench_free(struct bench *bench)
{
	char command[128];

	bench_end(bench);
	for (int i = 0; i < PEOPLE; i++) {
		for (int key = 0; key < KEY_COUNT; key++)
			p256_key_freep(&bench->people[i].keys[key]);
		dsse_done(&bench->people[i].enrolment);
	}
	authority_done(&bench->root);
	authority_done(&bench->device);
	charter_freep(&bench->charter);
	dsse_done(&bench->draft);
	buf_done(&bench->progress);
	munmap(bench->shared, sizeof(*bench->shared));
	snprintf(command, sizeof(command), "rm -rf '%s'", bench->folder);
	assert_int_equal(system(command), 0);
	free(bench);
}

/* --- The fake target ---------------------------------------------------------------------- */

static void
write_target(struct bench *bench, const char *name, const char *text)
{
	char path[300];
	struct err err;

	snprintf(path, sizeof(path), "%s/%s", bench->target, name);
	assert_ok(file_write(path, view_of_text(text), 0600, &err));
}

static void
read_target(struct bench *bench, const char *name, struct buf *ret_text)
{
	char path[300];
	struct err err;

	snprintf(path, sizeof(path), "%s/%s", bench->target, name);
	if (file_exists(path))
		assert_ok(file_read(path, 1024 * 1024, ret_text, &err));
}

void
target_accept(struct bench *bench, const char *passwords)
{
	write_target(bench, "accepts", passwords);
}

void
target_mode(struct bench *bench, const char *modes)
{
	write_target(bench, "mode", modes);
}

const char *
target_calls(struct bench *bench, struct buf *text)
{
	text->size = 0;
	read_target(bench, "calls", text);
	write_target(bench, "calls", "");
	return text->size > 0 ? buf_string(text) : "";
}

bool
target_accepts(struct bench *bench, const struct secret *credential)
{
	struct err err;
	struct view password;
	BUF text = {0}, line = {0};

	assert_ok(credential_get(secret_view(credential), FIELD_PASSWORD, &password, &err));
	buf_text(&text, "\n");
	read_target(bench, "accepts", &text);
	buf_text(&line, "\n");
	buf_bytes(&line, password);
	buf_text(&line, "\n");
	return strstr(buf_string(&text), buf_string(&line)) != NULL;
}

size_t
bench_files(struct bench *bench, const char *folder)
{
	char path[300];
	size_t count = 0;
	const struct dirent *entry;

	snprintf(path, sizeof(path), "%s/%s", bench->vault, folder);
	DIR *directory = opendir(path);
	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(directory);
	return count;
}

static int
start(void **state, bool copy)
{
	struct bench *bench = bench_new(copy);

	bench_add_secret(bench);
	*state = bench;
	return 0;
}

int
bench_start(void **state)
{
	return start(state, false);
}

int
bench_start_copied(void **state)
{
	return start(state, true);
}

int
bench_stop(void **state)
{
	bench_free(*state);
	return 0;
}
