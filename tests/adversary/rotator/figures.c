/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/rotator/figures.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "tests/adversary/rotator/difference.h"

/* Ours; signals are taken in the order of their numbers, so that it comes after all that came before. */
enum { LAST_SIGNAL = FIGURE_SIGNALS - 1, SECRET_FD = 50, PAGE = 4096 };

static const char *const names[FIGURES] = {"the server", "the neighbour"};

static _Noreturn void
be_figure(uint32_t *counts, const char *host_key, uid_t user)
{
	int fd = open(host_key, O_RDONLY);
	sigset_t set;

	(void)dup2(fd, SECRET_FD);
	if (user != geteuid() &&
	    (setgroups(0, NULL) != 0 || setresgid(user, user, user) != 0 ||
	        setresuid(user, user, user) != 0))
		_exit(1);
	(void)prctl(PR_SET_DUMPABLE, 1); /* nothing shall stop an adversary but isolation */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	(void)sigemptyset(&set);
	for (int i = 1; i < FIGURE_SIGNALS; i++)
		(void)sigaddset(&set, SIGRTMIN + i);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	counts[0] = 1;
	for (;;) {
		int number = sigwaitinfo(&set, NULL);

		if (number > 0)
			__atomic_add_fetch(&counts[number - SIGRTMIN], 1, __ATOMIC_SEQ_CST);
	}
}

/* False after five seconds. */
static bool
await_count(const uint32_t *count, uint32_t least)
{
	int64_t deadline = process_milliseconds() + 5000;

	while (__atomic_load_n(count, __ATOMIC_SEQ_CST) < least) {
		if (process_milliseconds() > deadline)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return true;
}

static void
put_file(pid_t pid, const char *name, struct buf *ret_text)
{
	char path[64], bytes[PAGE];
	ssize_t got;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	FD fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));
	if (got > 0)
		buf_bytes(ret_text, view_of(bytes, (size_t)got));
}

static void
put_tracer(pid_t pid, struct buf *ret_text)
{
	BUF status = {0};
	const char *at;

	put_file(pid, "status", &status);
	at = strstr(buf_string(&status), "TracerPid:");
	buf_format(ret_text, "%.*s\n", at == NULL ? 0 : (int)strcspn(at, "\n"),
	    at == NULL ? "" : at);
	at = strstr(buf_string(&status), "State:");
	buf_format(ret_text, "halted %d\n", at != NULL && strpbrk(at, "Tt") == at + 7);
}

static void
put_secret(const struct figures *figures, pid_t pid, struct buf *ret_text)
{
	uint8_t bytes[WORLD_SECRET_SIZE] = {0};
	const struct iovec here = {bytes, sizeof(bytes)};
	const struct iovec there = {figures->secret, sizeof(bytes)};

	(void)process_vm_readv(pid, &here, 1, &there, 1, 0);
	buf_hex(ret_text, VIEW_OF(bytes));
}

/* All that another process can change of it. */
static void
put_figure(const struct figures *figures, int figure, struct buf *ret_text)
{
	pid_t pid = figures->pids[figure];
	cpu_set_t set;

	CPU_ZERO(&set);
	(void)sched_getaffinity(pid, sizeof(set), &set);
	put_file(pid, "limits", ret_text);
	put_file(pid, "oom_score_adj", ret_text);
	put_tracer(pid, ret_text);
	buf_format(ret_text, "priority %d, scheduler %d, processors %d, for input %ld\n",
	    getpriority(PRIO_PROCESS, (id_t)pid), sched_getscheduler(pid), CPU_COUNT(&set),
	    syscall(SYS_ioprio_get, 1, pid));
	put_secret(figures, pid, ret_text);
}

static enum err_code
start_one(struct figures *figures, int figure, uid_t user, const struct world *world,
    struct err *err)
{
	BUF text = {0};
	pid_t pid = fork();

	if (pid == 0)
		be_figure(figures->counts[figure], world->texts[WORLD_HOST_KEY], user);
	if (pid < 0 || !await_count(&figures->counts[figure][0], 1))
		return err_errno(err, ERR_IO, errno, "starting %s", names[figure]);
	figures->pids[figure] = pid;
	put_figure(figures, figure, &text);
	figures->before[figure] = strdup(buf_string(&text));
	return buf_check(&text, err);
}

enum err_code
figures_start(struct figures *figures, uid_t server, uid_t neighbour, struct world *world,
    struct err *err)
{
	static const char secret[WORLD_SECRET_SIZE + 1] = "what nobody but the server knows";
	int shared = MAP_SHARED | MAP_ANONYMOUS, own = MAP_PRIVATE | MAP_ANONYMOUS;

	figures->counts = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, shared, -1, 0);
	figures->secret = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, own, -1, 0);
	if (figures->counts == MAP_FAILED || figures->secret == MAP_FAILED)
		return err_errno(err, ERR_MEMORY, errno, "memory for two processes");
	memcpy(figures->secret, secret, WORLD_SECRET_SIZE);
	TRY(start_one(figures, 0, server, world, err));
	TRY(start_one(figures, 1, neighbour, world, err));
	explicit_bzero(figures->secret, PAGE);
	world->numbers[WORLD_SERVER] = figures->pids[0];
	world->numbers[WORLD_NEIGHBOUR] = figures->pids[1];
	world->numbers[WORLD_GROUP] = getpgid(0);
	world->numbers[WORLD_SECRET_AT] = (int64_t)(uintptr_t)figures->secret;
	world->numbers[WORLD_SECRET_FD] = SECRET_FD;
	world->numbers[WORLD_SERVER_UID] = server;
	return ERR_OK;
}

uint32_t
figures_count(const struct figures *figures, pid_t pid, int number)
{
	int figure = pid == figures->pids[0] ? 0 : 1;
	const uint32_t *counts = figures->counts[figure];
	uint32_t before = __atomic_load_n(&counts[LAST_SIGNAL], __ATOMIC_SEQ_CST);

	if (kill(pid, SIGRTMIN + LAST_SIGNAL) == 0)
		(void)await_count(&counts[LAST_SIGNAL], before + 1);
	return __atomic_load_n(&counts[number], __ATOMIC_SEQ_CST);
}

static enum err_code
verify_one(const struct figures *figures, int figure, struct err *err)
{
	pid_t pid = figures->pids[figure];
	struct err all = {0};
	BUF text = {0};

	if (waitpid(pid, NULL, WNOHANG) != 0 || kill(pid, 0) != 0)
		return err_set(err, ERR_INTEGRITY, "%s has ended", names[figure]);
	put_figure(figures, figure, &text);
	difference_gather(names[figure], figures->before[figure], buf_string(&text), &all);
	return err_gathered(&all, err);
}

enum err_code
figures_verify(const struct figures *figures, struct err *err)
{
	struct err all = {0}, one;

	for (int i = 0; i < FIGURES; i++)
		err_gather(&all, verify_one(figures, i, &one), &one);
	return err_gathered(&all, err);
}

void
figures_end(struct figures *figures)
{
	for (int i = 0; i < FIGURES; i++) {
		if (figures->pids[i] > 0 && kill(figures->pids[i], SIGKILL) == 0)
			(void)waitpid(figures->pids[i], NULL, 0);
		free(figures->before[i]);
	}
	if (figures->counts != NULL)
		(void)munmap(figures->counts, PAGE);
	if (figures->secret != NULL)
		(void)munmap(figures->secret, PAGE);
	*figures = (struct figures){0};
}
