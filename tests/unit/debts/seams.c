/* SPDX-License-Identifier: Apache-2.0 */
/* The world's memory, its processes, each durable step of theirs, and what they note there. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/child.h"
#include "base/credential.h"
#include "ceremony/server/rotation/payment.h"
#include "ceremony/server/secrets/seal_version.h"
#include "ceremony/server/server.h"
#include "ceremony/server/vault/rehearsal.h"
#include "rotators/contract/places.h"
#include "tests/unit/check.h"
#include "tests/unit/debts/world.h"
#include "vault/store/sql.h"

enum { FAILED = 3 };

/* What is this process's own. */
struct own {
	struct world *world;
	struct served_shared *clock;
	bool serves; /* it may be killed at a durable step */
	unsigned rehearsals;
	/* Transitions that follow each other, and a statement, wait for their commit. */
	struct move {
		enum style style;
		enum debt_state from, to;
		enum debt_event event;
	} moves[4];
	size_t move_count;
	bool ends;
	struct ended ended;
};

static struct own *
own(void)
{
	static struct own own;

	return &own;
}

struct world *
world(void)
{
	return own()->world;
}

int64_t
world_now(void)
{
	return own()->clock->now;
}

void
world_begin(void)
{
	if (own()->world == NULL)
		own()->world = mmap(NULL, sizeof(struct world), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(own()->world, MAP_FAILED);
	own()->world->scene = (struct scene){0};
}

void
world_look(struct served_shared *clock)
{
	own()->clock = clock;
}

void
world_serve(struct served_shared *clock)
{
	own()->clock = clock;
	own()->serves = true;
}

void
world_fail(const char *format, ...)
{
	struct world *all = world();
	va_list arguments;

	va_start(arguments, format);
	if (all->failure[0] == '\0')
		(void)vsnprintf(all->failure, sizeof(all->failure), format, arguments);
	va_end(arguments);
	_exit(FAILED);
}

/* --- Processes ------------------------------------------------------------------------------ */

static struct served_shared *
map_clock(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct served_shared *clock =
	    mmap(NULL, sizeof(*clock), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (clock == MAP_FAILED)
		world_fail("%s cannot be read", path);
	return clock;
}

/* ARGV as served.c has it. */
static _Noreturn void
serve(const char *const *argv, int fd)
{
	static const struct rotator_places none = {.shipped = "/nonexistent"};
	const struct server_options options = {.folder = argv[1],
	    .rotators = &none,
	    .now = world_now};
	struct err err;

	(void)setpgid(0, 0);
	(void)dup2(fd, 3);
	(void)close_range(4, ~0U, 0);
	world_serve(map_clock(argv[3]));
	enum err_code code = server_run(&options, 3, 3, &err);
	_exit(code == ERR_OK ? 0 : 100 + (int)code);
}

enum err_code __wrap_process_start(const struct process_spawn *spawn, pid_t *ret_pid,
    struct err *err);

/* The bench's server is this program. */
enum err_code
__wrap_process_start(const struct process_spawn *spawn, pid_t *ret_pid, struct err *err)
{
	pid_t pid = fork();

	if (pid < 0)
		return err_errno(err, ERR_IO, errno, "fork");
	if (pid == 0)
		serve(spawn->argv, spawn->fds[0]);
	*ret_pid = pid;
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

/* --- Durable steps ---------------------------------------------------------------------------- */

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_renameat2(int a, const char *b, int c, const char *d, unsigned e);
int __wrap_renameat2(int a, const char *b, int c, const char *d, unsigned e);
int __real_unlinkat(int folder, const char *name, int flags);
int __wrap_unlinkat(int folder, const char *name, int flags);
enum err_code __real_sql_commit(struct sql *sql, struct err *err);
enum err_code __wrap_sql_commit(struct sql *sql, struct err *err);

/* Every one is a place to die, before and after it. */
static void
point(void)
{
	const struct scene *scene = &own()->world->scene;

	if (!own()->serves || own()->clock == NULL ||
	    ++own()->clock->points != own()->clock->kill_at)
		return;
	own()->world->tally.killed[scene->announced.style][scene->state]++;
	kill(getpid(), SIGKILL);
}

int
__wrap_fsync(int fd)
{
	point();
	return __real_fsync(fd);
}

int
__wrap_fdatasync(int fd)
{
	point();
	int result = __real_fdatasync(fd);
	point();
	return result;
}

int
__wrap_renameat2(int a, const char *b, int c, const char *d, unsigned e)
{
	point();
	int result = __real_renameat2(a, b, c, d, e);
	point();
	return result;
}

int
__wrap_unlinkat(int folder, const char *name, int flags)
{
	point();
	int result = __real_unlinkat(folder, name, flags);
	point();
	return result;
}

/* --- What is noted ---------------------------------------------------------------------------- */

/* A row of the table is taken when it is committed. */
static void
note_move(void)
{
	struct own *self = own();

	if (self->move_count == 0 || self->rehearsals > 0)
		return;
	for (size_t i = 0; i < self->move_count; i++) {
		const struct move *move = &self->moves[i];

		self->world->tally.rows[move->style][move->from][move->event]++;
		self->world->scene.state = move->to;
	}
	self->move_count = 0;
	if (!self->ends)
		return;
	struct scene *scene = &self->world->scene;
	scene->ended[scene->ended_count++ % ARRAY_SIZE(scene->ended)] = self->ended;
	self->ends = false;
}

enum err_code
__wrap_sql_commit(struct sql *sql, struct err *err)
{
	point();
	enum err_code code = __real_sql_commit(sql, err);
	if (code == ERR_OK)
		note_move();
	point();
	return code;
}

enum err_code __real_debt_next(enum style style, enum debt_state state, enum debt_event event,
    enum debt_by by, enum debt_state *ret_next, struct err *err);
enum err_code __wrap_debt_next(enum style style, enum debt_state state, enum debt_event event,
    enum debt_by by, enum debt_state *ret_next, struct err *err);

enum err_code
__wrap_debt_next(enum style style, enum debt_state state, enum debt_event event, enum debt_by by,
    enum debt_state *ret_next, struct err *err)
{
	struct own *self = own();
	enum err_code code = __real_debt_next(style, state, event, by, ret_next, err);

	if (self->rehearsals > 0) {
		if (code == ERR_OK)
			self->world->tally.rehearsed[style][state][event]++;
		return code;
	}
	if (code != ERR_OK)
		world_fail("%s", err->text);
	/* One that does not go on from there takes the place of what was never committed. */
	if (self->move_count > 0 &&
	    (self->move_count == ARRAY_SIZE(self->moves) ||
	        self->moves[self->move_count - 1].to != state))
		self->move_count = 0;
	self->moves[self->move_count++] = (struct move){style, state, *ret_next, event};
	return code;
}

bool
world_has_row(enum style style, enum debt_state from, enum debt_event event)
{
	bool has = false;

	for (unsigned by = BY_HOST; by <= BY_SIGNED; by <<= 1) {
		enum debt_state to;
		struct err err;

		has |= __real_debt_next(style, from, event, (enum debt_by)by, &to, &err) == ERR_OK;
	}
	return has;
}

enum err_code __real_rehearse(struct session *session, rehearsed *work, const void *context,
    struct err *err);
enum err_code __wrap_rehearse(struct session *session, rehearsed *work, const void *context,
    struct err *err);

enum err_code
__wrap_rehearse(struct session *session, rehearsed *work, const void *context, struct err *err)
{
	own()->rehearsals++;
	enum err_code code = __real_rehearse(session, work, context, err);
	own()->rehearsals--;
	return code;
}

enum err_code __real_payment_load(struct session *session, const struct id *debt,
    struct payment *ret_payment, struct err *err);
enum err_code __wrap_payment_load(struct session *session, const struct id *debt,
    struct payment *ret_payment, struct err *err);

enum err_code
__wrap_payment_load(struct session *session, const struct id *debt, struct payment *ret_payment,
    struct err *err)
{
	enum err_code code = __real_payment_load(session, debt, ret_payment, err);

	if (code == ERR_OK && own()->rehearsals == 0) {
		world()->scene.state = ret_payment->debt.state;
		world()->scene.debt = ret_payment->debt.id;
		own()->move_count = 0;
	}
	return code;
}

enum err_code __real_sealing_make(struct session *session, const struct definition *definition,
    uint32_t number, const struct secret *credential, struct sealing *ret_sealing, struct err *err);
enum err_code __wrap_sealing_make(struct session *session, const struct definition *definition,
    uint32_t number, const struct secret *credential, struct sealing *ret_sealing, struct err *err);

enum err_code
__wrap_sealing_make(struct session *session, const struct definition *definition, uint32_t number,
    const struct secret *credential, struct sealing *ret_sealing, struct err *err)
{
	struct scene *scene = &world()->scene;
	struct view value;

	if (!session->rehearses) {
		if (number >= VERSIONS)
			world_fail("version %u", number);
		if (credential_get(secret_view(credential), FIELD_PASSWORD, &value, err) != ERR_OK)
			world_fail("%s", err->text);
		snprintf(scene->sealed[number], VALUE_SIZE, "%.*s", (int)value.size,
		    (const char *)value.data);
		scene->owner[number] = scene->debt;
	}
	return __real_sealing_make(session, definition, number, credential, ret_sealing, err);
}

static void
take_member(const char *payload, const char *name, char *ret_text, size_t size)
{
	char key[40];

	snprintf(key, sizeof(key), "\"%s\":", name);
	const char *at = strstr(payload, key);
	if (at == NULL)
		world_fail("the rotation statement has no %s", name);
	at += strlen(key);
	at += *at == '"';
	snprintf(ret_text, size, "%.*s", (int)strcspn(at, "\","), at);
}

/* The host says that a debt is paid. */
static void
note_ended(const struct dsse *statement)
{
	struct scene *scene = &world()->scene;
	struct ended *ended = &own()->ended;
	char payload[2000], old[12], new[12];

	snprintf(payload, sizeof(payload), "%.*s", (int)statement->payload.size,
	    (const char *)statement->payload.data);
	take_member(payload, "grade", ended->grade, sizeof(ended->grade));
	take_member(payload, "sessions", ended->sessions, sizeof(ended->sessions));
	take_member(payload, "old", old, sizeof(old));
	take_member(payload, "new", new, sizeof(new));
	ended->old = (uint32_t)atoi(old);
	ended->new = (uint32_t)atoi(new);
	own()->ends = true;
	truths_check_dead(&scene->debt, ended->old, ended->new);
}

enum err_code __real_session_keep(struct session *session, const struct dsse *statement,
    enum statement_type type, bool replace, struct digest *ret_digest, struct err *err);
enum err_code __wrap_session_keep(struct session *session, const struct dsse *statement,
    enum statement_type type, bool replace, struct digest *ret_digest, struct err *err);

enum err_code
__wrap_session_keep(struct session *session, const struct dsse *statement, enum statement_type type,
    bool replace, struct digest *ret_digest, struct err *err)
{
	if (type == STATEMENT_ROTATION && !session->rehearses)
		note_ended(statement);
	return __real_session_keep(session, statement, type, replace, ret_digest, err);
}
