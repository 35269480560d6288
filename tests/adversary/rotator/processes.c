/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other processes: the server, and a neighbour, which is another rotator.  What ends them is tried with a real-time signal of
 * its own, which they count (driver.h) and the kernel lets pass by the same rules as SIGKILL; limits and priorities are set to
 * what they are.
 */
#include <fcntl.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "tests/adversary/rotator/attempts.h"

static int
signal_of(const struct attempt *attempt)
{
	return SIGRTMIN + attempt->signal;
}

static int
by_kill(const struct world *world, const struct attempt *attempt)
{
	return code_of(kill(process_of(world, attempt), signal_of(attempt)));
}

static int
by_tkill(const struct world *world, const struct attempt *attempt)
{
	return code_of(syscall(SYS_tkill, process_of(world, attempt), signal_of(attempt)));
}

static int
by_tgkill(const struct world *world, const struct attempt *attempt)
{
	pid_t pid = process_of(world, attempt);

	return code_of(syscall(SYS_tgkill, pid, pid, signal_of(attempt)));
}

static int
by_sigqueue(const struct world *world, const struct attempt *attempt)
{
	return code_of(sigqueue(process_of(world, attempt), signal_of(attempt),
	    (union sigval){.sival_int = 1}));
}

static int
by_thread_queue(const struct world *world, const struct attempt *attempt)
{
	pid_t pid = process_of(world, attempt);
	siginfo_t info = {.si_signo = signal_of(attempt), .si_code = SI_QUEUE};

	info.si_pid = getpid();
	info.si_uid = getuid();
	return code_of(syscall(SYS_rt_tgsigqueueinfo, pid, pid, signal_of(attempt), &info));
}

static int
by_pidfd(const struct world *world, const struct attempt *attempt)
{
	FD pidfd = pidfd_open(process_of(world, attempt), 0);

	return pidfd < 0 ? errno : code_of(pidfd_send_signal(pidfd, signal_of(attempt), NULL, 0));
}

/* Whoever owns a descriptor is told when it is ready, by the signal of our choice. */
static int
by_owned_pipe(const struct world *world, const struct attempt *attempt)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0 ||
	    fcntl(ends[0], F_SETOWN, process_of(world, attempt)) != 0 ||
	    fcntl(ends[0], F_SETSIG, signal_of(attempt)) != 0 ||
	    fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK) != 0)
		return errno;
	return write(ends[1], "x", 1) == 1 ? 0 : errno;
}

static int
by_owned_thread(const struct world *world, const struct attempt *attempt)
{
	const struct f_owner_ex owner = {F_OWNER_TID, process_of(world, attempt)};
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0 || fcntl(ends[0], F_SETOWN_EX, &owner) != 0 ||
	    fcntl(ends[0], F_SETSIG, signal_of(attempt)) != 0 ||
	    fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK) != 0)
		return errno;
	return write(ends[1], "x", 1) == 1 ? 0 : errno;
}

static int
by_owned_socket(const struct world *world, const struct attempt *attempt)
{
	pid_t pid = process_of(world, attempt);
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 ||
	    ioctl(ends[0], FIOSETOWN, &pid) != 0 ||
	    fcntl(ends[0], F_SETSIG, signal_of(attempt)) != 0 ||
	    fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK) != 0)
		return errno;
	return write(ends[1], "x", 1) == 1 ? 0 : errno;
}

static int
by_notice(const struct world *world, const struct attempt *attempt)
{
	FD folder = open(world->texts[WORLD_PLACE], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct path path = path_of(world->texts[WORLD_PLACE], "noted");

	if (folder < 0 || fcntl(folder, F_SETSIG, signal_of(attempt)) != 0 ||
	    fcntl(folder, F_NOTIFY, DN_CREATE) != 0 ||
	    fcntl(folder, F_SETOWN, process_of(world, attempt)) != 0)
		return errno;
	FD file = open(path.text, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return file < 0 ? errno : code_of(unlink(path.text));
}

static int
attach(const struct world *world, const struct attempt *attempt)
{
	pid_t pid = process_of(world, attempt);

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) != 0)
		return errno;
	(void)waitpid(pid, NULL, __WALL);
	return code_of(ptrace(PTRACE_DETACH, pid, NULL, NULL));
}

static int
seize(const struct world *world, const struct attempt *attempt)
{
	pid_t pid = process_of(world, attempt);

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) != 0)
		return errno;
	(void)ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	(void)waitpid(pid, NULL, __WALL);
	return code_of(ptrace(PTRACE_DETACH, pid, NULL, NULL));
}

static int
take_descriptor(const struct world *world, const struct attempt *attempt)
{
	FD pidfd = pidfd_open(process_of(world, attempt), 0);

	if (pidfd < 0)
		return errno;
	FD fd = pidfd_getfd(pidfd, (int)world->numbers[WORLD_SECRET_FD], 0);
	return code_of(fd);
}

static int
compare(const struct world *world, const struct attempt *attempt)
{
	enum { KCMP_OF_VM = 1 };

	return code_of(
	    syscall(SYS_kcmp, getpid(), process_of(world, attempt), KCMP_OF_VM, 0UL, 0UL));
}

static int
set_limit(const struct world *world, const struct attempt *attempt)
{
	pid_t pid = process_of(world, attempt);
	struct rlimit limit = {0};

	if (prlimit(pid, RLIMIT_NOFILE, NULL, &limit) != 0)
		return errno;
	return code_of(prlimit(pid, RLIMIT_NOFILE, &limit, NULL));
}

static int
set_priority(const struct world *world, const struct attempt *attempt)
{
	pid_t pid = process_of(world, attempt);
	int priority;

	errno = 0;
	priority = getpriority(PRIO_PROCESS, (id_t)pid);
	if (errno != 0)
		return errno;
	return code_of(setpriority(PRIO_PROCESS, (id_t)pid, priority));
}

static int
set_processors(const struct world *world, const struct attempt *attempt)
{
	pid_t pid = process_of(world, attempt);
	cpu_set_t set;

	if (sched_getaffinity(pid, sizeof(set), &set) != 0)
		return errno;
	return code_of(sched_setaffinity(pid, sizeof(set), &set));
}

static int
set_scheduler(const struct world *world, const struct attempt *attempt)
{
	const struct sched_param none = {0};

	return code_of(sched_setscheduler(process_of(world, attempt), SCHED_OTHER, &none));
}

static int
set_input_priority(const struct world *world, const struct attempt *attempt)
{
	enum { WHO_PROCESS = 1 };

	return code_of(syscall(SYS_ioprio_set, WHO_PROCESS, process_of(world, attempt), 0));
}

static int
see_session(const struct world *world, const struct attempt *attempt)
{
	return code_of(getsid(process_of(world, attempt)));
}

static int
see_by_pidfd(const struct world *world, const struct attempt *attempt)
{
	FD pidfd = pidfd_open(process_of(world, attempt), 0);

	return code_of(pidfd);
}

/* None of its pages: whether it may is asked first. */
static int
move_pages_of(const struct world *world, const struct attempt *attempt)
{
	return code_of(
	    syscall(SYS_move_pages, process_of(world, attempt), 0UL, NULL, NULL, NULL, 0));
}

static int
read_locks(const struct world *world, const struct attempt *attempt)
{
	void *head;
	size_t size;

	return code_of(syscall(SYS_get_robust_list, process_of(world, attempt), &head, &size));
}

#define OF_PROCESS(slug, who)                                                                      \
	{"kill_" slug, "its end", by_kill, who, .signal = 1},                                      \
	    {"tkill_" slug, "its end", by_tkill, who, .signal = 2},                                \
	    {"tgkill_" slug, "its end", by_tgkill, who, .signal = 3},                              \
	    {"sigqueue_" slug, "its end", by_sigqueue, who, .signal = 4},                          \
	    {"tgsigqueue_" slug, "its end", by_thread_queue, who, .signal = 5},                    \
	    {"pidfd_signal_" slug, "its end", by_pidfd, who, .signal = 6},                         \
	    {"setown_pipe_" slug, "its end, by the kernel's hand", by_owned_pipe, who,             \
	        .signal = 7},                                                                      \
	    {"setown_thread_" slug, "likewise", by_owned_thread, who, .signal = 8},                \
	    {"setown_socket_" slug, "likewise", by_owned_socket, who, .signal = 9},                \
	    {"setown_notify_" slug, "likewise", by_notice, who, .signal = 10},                     \
	    {"ptrace_attach_" slug, "to be it", attach, who},                                      \
	    {"ptrace_seize_" slug, "to be it", seize, who},                                        \
	    {"pidfd_getfd_" slug, "its descriptors", take_descriptor, who},                        \
	    {"kcmp_" slug, "what it shares", compare, who, .absent = ENOSYS},                      \
	    {"prlimit_" slug, "fewer files for it", set_limit, who},                               \
	    {"setpriority_" slug, "that it waits", set_priority, who},                             \
	    {"setaffinity_" slug, "that it waits", set_processors, who},                           \
	    {"setscheduler_" slug, "that it waits", set_scheduler, who},                           \
	    {"ioprio_set_" slug, "that it waits", set_input_priority, who},                        \
	    {"move_pages_" slug, "its memory elsewhere", move_pages_of, who, .absent = ENOSYS},    \
	    {"robust_list_" slug, "where its locks are", read_locks, who, .absent = ENOSYS},       \
	    {"pidfd_open_" slug, "whether it lives", see_by_pidfd, who, ATTEMPT_SEES},             \
	{                                                                                          \
		"getsid_" slug, "whether it lives", see_session, who, ATTEMPT_SEES                 \
	}

static const struct attempt rows[] = {
    OF_PROCESS("server", WORLD_SERVER),
    OF_PROCESS("neighbour", WORLD_NEIGHBOUR),
};

struct attempts
attempts_processes(void)
{
	return (struct attempts){rows, ARRAY_SIZE(rows)};
}
