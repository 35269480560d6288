/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/edits/seams.h"
#include "rotators/contract/places.h"

#define OPENSSL_SUPPRESS_DEPRECATED /* RAND_set_rand_method: all that draws, draws from there */
#include <fcntl.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/random.h"
#include "base/text.h"
#include "ceremony/server/due.h"
#include "ceremony/server/opening/erase.h"
#include "ceremony/server/opening/settle.h"
#include "ceremony/server/rotation/debt.h"
#include "ceremony/server/rotation/lease.h"
#include "ceremony/server/server.h"
#include "tests/unit/check.h"
#include "vault/log/anchor.h"

struct seams *
seams(void)
{
	static struct seams seams;

	return &seams;
}

int64_t
seams_now(void)
{
	return seams()->now;
}

/* --- Random bytes ------------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t
next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint64_t
seams_draw(uint64_t *state, uint64_t below)
{
	return next(state) % below;
}

void
seams_stream(uint64_t stream)
{
	seams()->random = stream * UINT64_C(0xd1342543de82ef95) + 1;
}

static void
fill(uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(next(&seams()->random) >> 24);
}

static int
draw_bytes(unsigned char *bytes, int size)
{
	fill(bytes, (size_t)size);
	return 1;
}

static int
draw_status(void)
{
	return 1;
}

void
seams_begin(void)
{
	static const RAND_METHOD method = {.bytes = draw_bytes,
	    .pseudorand = draw_bytes,
	    .status = draw_status};

	assert_int_equal(RAND_set_rand_method(&method), 1);
	signal(SIGPIPE, SIG_IGN);
	seams_stream(0);
}

enum err_code __wrap_random_bytes(void *ret_bytes, size_t size, struct err *err);

enum err_code
__wrap_random_bytes(void *ret_bytes, size_t size, struct err *err)
{
	(void)err;
	fill(ret_bytes, size);
	return ERR_OK;
}

/* --- The server, on a thread -------------------------------------------------------------- */

enum { SEAM_PID = 1 << 30 };

struct running {
	pthread_t thread;
	char folder[256];
	int fd;
	enum err_code code;
};

static struct running *
running(void)
{
	static struct running running;

	return &running;
}

static void *
serve(void *context)
{
	static const struct rotator_places none = {.shipped = "/nonexistent"};
	struct running *server = context;
	struct err err;
	const struct server_options options = {.folder = server->folder,
	    .rotators = &none,
	    .now = seams_now,
	    .start_due = seams_due};

	server->code = server_run(&options, server->fd, server->fd, &err);
	close(server->fd);
	return NULL;
}

enum err_code __wrap_process_start(const struct process_spawn *spawn, pid_t *ret_pid,
    struct err *err);
enum err_code __wrap_process_wait(pid_t pid, int64_t deadline, int *ret_status, struct err *err);

/* The bench's server (server_bench.c) is the only process. */
enum err_code
__wrap_process_start(const struct process_spawn *spawn, pid_t *ret_pid, struct err *err)
{
	struct running *server = running();

	(void)err;
	snprintf(server->folder, sizeof(server->folder), "%s", spawn->argv[1]);
	server->fd = fcntl(spawn->fds[0], F_DUPFD_CLOEXEC, 0);
	assert_true(server->fd >= 0);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
	seams()->sessions++;
	*ret_pid = SEAM_PID;
	return ERR_OK;
}

enum err_code
__wrap_process_wait(pid_t pid, int64_t deadline, int *ret_status, struct err *err)
{
	struct running *server = running();

	(void)deadline, (void)err;
	assert_int_equal(pid, SEAM_PID);
	assert_int_equal(pthread_join(server->thread, NULL), 0);
	*ret_status = server->code == ERR_OK ? 0 : (100 + (int)server->code) << 8;
	return ERR_OK;
}

/* Where there is a file system in memory, nothing waits for a disk. */
char *__real_mkdtemp(char *template);
char *__wrap_mkdtemp(char *template);

char *
__wrap_mkdtemp(char *template)
{
	static const char memory[] = "/dev/shm/halligan-XXXXXX";

	if (access("/dev/shm", W_OK | X_OK) == 0 && strlen(template) >= strlen(memory))
		memcpy(template, memory, sizeof(memory));
	return __real_mkdtemp(template);
}

/* --- What lasts --------------------------------------------------------------------------- */

static void
put_root(struct buf *trace, const struct anchor_state *state)
{
	char log[2 * DIGEST_SIZE + 1], tree[2 * DIGEST_SIZE + 1];

	text_hex(VIEW_OF(state->log_root.bytes), log);
	text_hex(VIEW_OF(state->state_root.bytes), tree);
	buf_format(trace, " %llu:%.16s:%.16s", (unsigned long long)state->size, log, tree);
}

enum err_code __real_anchor_write(struct anchor *anchor, uint64_t before,
    const struct anchor_state *from, const struct anchor_state *to, struct err *err);
enum err_code __wrap_anchor_write(struct anchor *anchor, uint64_t before,
    const struct anchor_state *from, const struct anchor_state *to, struct err *err);

enum err_code
__wrap_anchor_write(struct anchor *anchor, uint64_t before, const struct anchor_state *from,
    const struct anchor_state *to, struct err *err)
{
	struct buf *trace = &seams()->trace;

	buf_text(trace, "anchor");
	put_root(trace, from);
	put_root(trace, to);
	buf_text(trace, "\n");
	return __real_anchor_write(anchor, before, from, to, err);
}

/* Of a path, the last two parts. */
static const char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	while (slash > path && slash[-1] != '/')
		slash--;
	return slash;
}

/* It tells of an alarm. */
static bool
is_note(const char *path)
{
	return strcmp(name_of(path) + strcspn(name_of(path) + 1, "/") + 1, "/due.note") == 0;
}

static void
trace_file(const char *what, const char *path, struct view bytes)
{
	struct err err;
	struct digest digest;
	char hex[2 * DIGEST_SIZE + 1];

	if (is_note(path))
		return;
	assert_ok(sha256_one(bytes, &digest, &err));
	text_hex(VIEW_OF(digest.bytes), hex);
	buf_format(&seams()->trace, "%s %s %.16s\n", what, name_of(path), hex);
}

enum err_code __real_file_write(const char *path, struct view bytes, mode_t mode, struct err *err);
enum err_code __wrap_file_write(const char *path, struct view bytes, mode_t mode, struct err *err);

enum err_code
__wrap_file_write(const char *path, struct view bytes, mode_t mode, struct err *err)
{
	trace_file("write", path, bytes);
	return __real_file_write(path, bytes, mode, err);
}

enum err_code __real_file_write_new(const char *path, struct view bytes, mode_t mode,
    struct err *err);
enum err_code __wrap_file_write_new(const char *path, struct view bytes, mode_t mode,
    struct err *err);

enum err_code
__wrap_file_write_new(const char *path, struct view bytes, mode_t mode, struct err *err)
{
	trace_file("make", path, bytes);
	return __real_file_write_new(path, bytes, mode, err);
}

enum err_code __real_file_erase(const char *path, struct err *err);
enum err_code __wrap_file_erase(const char *path, struct err *err);

enum err_code
__wrap_file_erase(const char *path, struct err *err)
{
	if (file_exists(path) && !is_note(path))
		buf_format(&seams()->trace, "erase %s\n", name_of(path));
	return __real_file_erase(path, err);
}

enum err_code __real_file_rename(const char *path, const char *name, bool replace, struct err *err);
enum err_code __wrap_file_rename(const char *path, const char *name, bool replace, struct err *err);

enum err_code
__wrap_file_rename(const char *path, const char *name, bool replace, struct err *err)
{
	if (file_exists(path))
		buf_format(&seams()->trace, "rename %s %s\n", name_of(path), name);
	return __real_file_rename(path, name, replace, err);
}

enum err_code __real_due_first(struct session *session, struct err *err);
enum err_code __wrap_due_first(struct session *session, struct err *err);

enum err_code
__wrap_due_first(struct session *session, struct err *err)
{
	enum err_code code = __real_due_first(session, err);

	seams()->opened = code == ERR_OK;
	return code;
}

/* --- What is due -------------------------------------------------------------------------- */

enum err_code __real_due_waits(struct session *session, bool *ret_waits, struct err *err);
enum err_code __wrap_due_waits(struct session *session, bool *ret_waits, struct err *err);

enum err_code
__wrap_due_waits(struct session *session, bool *ret_waits, struct err *err)
{
	enum err_code code = __real_due_waits(session, ret_waits, err);

	seams()->due_at = seams()->trace.size;
	if (code != ERR_OK)
		seams()->due_met = *err;
	return code;
}

void
seams_due(const struct server_options *options)
{
	struct err err;

	if (!seams()->due)
		return;
	seams_stream(seams()->due_stream);
	if (due_run(options, &err) != ERR_OK)
		seams()->due_met = err;
}

/* --- Pieces of work ----------------------------------------------------------------------- */

static size_t
begin_work(void)
{
	seams()->depth++;
	return seams()->trace.size;
}

/* What one has done is whole, if it has done anything. */
static enum err_code
end_work(const struct session *session, size_t began, enum err_code code)
{
	if (--seams()->depth == 0 && code == ERR_OK && !session->rehearses &&
	    seams()->trace.size > began)
		buf_text(&seams()->trace, SEAM_WHOLE);
	return code;
}

enum err_code __real_ceremony_advance(struct session *session, const struct id *id,
    struct err *err);
enum err_code __wrap_ceremony_advance(struct session *session, const struct id *id,
    struct err *err);

enum err_code
__wrap_ceremony_advance(struct session *session, const struct id *id, struct err *err)
{
	size_t began = begin_work();

	return end_work(session, began, __real_ceremony_advance(session, id, err));
}

enum err_code __real_erase_ended(struct session *session, struct err *err);
enum err_code __wrap_erase_ended(struct session *session, struct err *err);

enum err_code
__wrap_erase_ended(struct session *session, struct err *err)
{
	size_t began = begin_work();

	return end_work(session, began, __real_erase_ended(session, err));
}

enum err_code __real_leases_end_expired(struct session *session, struct err *err);
enum err_code __wrap_leases_end_expired(struct session *session, struct err *err);

enum err_code
__wrap_leases_end_expired(struct session *session, struct err *err)
{
	size_t began = begin_work();

	return end_work(session, began, __real_leases_end_expired(session, err));
}

enum err_code __real_rotate_pay(struct session *session, const struct id *debt,
    struct paid *ret_paid, struct err *err);
enum err_code __wrap_rotate_pay(struct session *session, const struct id *debt,
    struct paid *ret_paid, struct err *err);

enum err_code
__wrap_rotate_pay(struct session *session, const struct id *debt, struct paid *ret_paid,
    struct err *err)
{
	size_t began = begin_work();

	return end_work(session, began, __real_rotate_pay(session, debt, ret_paid, err));
}
