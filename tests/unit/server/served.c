/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real server on stdin and stdout, whose clock and death a test decides.
 *
 * usage: served VAULT ROTATORS SHARED
 */
#include "tests/unit/server/served.h"
#include "rotators/contract/places.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/process.h"
#include "ceremony/server/due.h"
#include "ceremony/server/server.h"
#include "vault/store/sql.h"

static struct served_shared *shared;

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

/* Every durable step is a place to die, before and after it. */
static void
point(void)
{
	if (shared != NULL && ++shared->points == shared->kill_at)
		kill(getpid(), SIGKILL);
}

int
__wrap_fsync(int fd)
{
	point();
	if (shared != NULL && shared->fail_fsync > 0 && --shared->fail_fsync == 0) {
		errno = ENOSPC;
		return -1;
	}
	return __real_fsync(fd);
}

/* Of the anchor: SQLite has its own. */
int
__wrap_fdatasync(int fd)
{
	point();
	int result = __real_fdatasync(fd);
	point();
	return result;
}

/* While it is copied nothing of the vault is locked. */
static void
stop_at_copy(const char *name)
{
	if (shared != NULL && shared->stop_copy > 0 && strstr(name, ".sealed") != NULL &&
	    --shared->stop_copy == 0)
		raise(SIGSTOP);
}

/* A file system that said "written", and has lost it. */
static void
lose_copy(int folder, const char *name)
{
	if (shared == NULL || shared->lose_copy == 0 || strstr(name, ".sealed") == NULL)
		return;
	int fd = openat(folder, name, O_WRONLY | O_TRUNC | O_CLOEXEC);

	shared->lose_copy--;
	if (fd >= 0)
		close(fd);
}

int
__wrap_renameat2(int a, const char *b, int c, const char *d, unsigned e)
{
	point();
	int result = __real_renameat2(a, b, c, d, e);
	lose_copy(c, d);
	stop_at_copy(d);
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

enum err_code
__wrap_sql_commit(struct sql *sql, struct err *err)
{
	point();
	enum err_code code = __real_sql_commit(sql, err);
	point();
	return code;
}

static int64_t
now(void)
{
	return shared->now;
}

static struct boot
boot(void)
{
	struct boot boot = {.seconds = shared->uptime};

	boot.id[0] = (uint8_t)shared->boot;
	return boot;
}

/* At once, so that a test knows when it is done, and kills that too. */
static void
do_due(const struct server_options *options)
{
	struct err ignored;

	if (shared->no_due == 0)
		(void)!due_run(options, &ignored);
}

int
main(int argc, char **argv)
{
	struct err err;

	signal(SIGPIPE, SIG_IGN); /* as process_harden does */
	const struct rotator_places rotators = {.shipped = argc > 2 ? argv[2] : "/nonexistent"};
	int fd = argc == 4 ? open(argv[3], O_RDWR) : -1;

	if (fd < 0)
		return 2;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED || crypto_start(&err) != ERR_OK)
		return 2;
	const struct server_options options = {.folder = argv[1],
	    .rotators = &rotators,
	    .now = now,
	    .boot = boot,
	    .rotator_seconds = 2,
	    .due_seconds = (int)shared->due_seconds,
	    .patience_seconds = (unsigned)shared->patience,
	    .start_due = do_due};
	enum err_code code = server_run(&options, 0, 1, &err);
	return code == ERR_OK ? 0 : 100 + (int)code;
}
