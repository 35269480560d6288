/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/starter/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/process.h"

/* What a kernel of today has and libseccomp 2.5.4 cannot name. */
enum { NR_FCHMODAT2 = 452 };

/* What any program may ask for: its own memory, its own threads, descriptors that it has, time, random bytes. */
static const char *const always[] = {"access", "alarm", "arch_prctl", "brk", "capget", "chdir",
    "clock_getres", "clock_gettime", "clock_nanosleep", "close", "close_range", "copy_file_range",
    "dup", "dup2", "dup3", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait",
    "epoll_pwait2", "epoll_wait", "eventfd", "eventfd2", "execve", "execveat", "exit", "exit_group",
    "faccessat", "faccessat2", "fadvise64", "fallocate", "fchdir", "fchown", "fdatasync",
    "fremovexattr", "fsetxattr", "flock", "fork", "fstat", "fstatfs", "fsync", "ftruncate", "futex",
    "futex_waitv", "get_robust_list", "get_thread_area", "getcpu", "getcwd", "getdents",
    "getdents64", "getegid", "geteuid", "getgid", "getgroups", "getitimer", "getpeername",
    "getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getrandom", "getresgid", "getresuid",
    "getrlimit", "getrusage", "getsockname", "getsockopt", "gettid", "gettimeofday", "getuid",
    "fgetxattr", "flistxattr", "link", "linkat", "listen", "lseek", "lstat", "madvise",
    "membarrier", "memfd_create", "memfd_secret", "mincore", "mlock", "mlock2", "mlockall", "mmap",
    "mprotect", "mremap", "msync", "munlock", "munlockall", "munmap", "nanosleep", "newfstatat",
    "pause", "pipe", "pipe2", "poll", "ppoll", "pread64", "preadv", "preadv2", "pselect6",
    "pwrite64", "pwritev", "pwritev2", "read", "readahead", "readlink", "readlinkat", "readv",
    "recvfrom", "recvmmsg", "recvmsg", "rename", "renameat", "renameat2", "restart_syscall",
    "rmdir", "rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn",
    "rt_sigsuspend", "rt_sigtimedwait", "sched_getaffinity", "sched_getattr", "sched_getparam",
    "sched_get_priority_max", "sched_get_priority_min", "sched_getscheduler",
    "sched_rr_get_interval", "sched_yield", "select", "sendfile", "sendmmsg", "sendmsg", "sendto",
    "set_robust_list", "set_thread_area", "set_tid_address", "setitimer", "setpgid", "setsid",
    "setsockopt", "shutdown", "sigaltstack", "signalfd", "signalfd4", "splice", "stat", "statfs",
    "statx", "symlink", "symlinkat", "sync_file_range", "sysinfo", "tee", "time", "timer_create",
    "timer_delete", "timer_getoverrun", "timer_gettime", "timer_settime", "timerfd_create",
    "timerfd_gettime", "timerfd_settime", "times", "umask", "uname", "unlink", "unlinkat", "vfork",
    "vmsplice", "wait4", "waitid", "write", "writev", "accept", "accept4", "bind", "connect"};
/* Where it has a uid of its own: its own files' modes, its own processes. */
static const char *const of_its_own[] = {"getsid", "getxattr", "inotify_add_watch", "inotify_init",
    "inotify_init1", "inotify_rm_watch", "lgetxattr", "listxattr", "llistxattr", "pidfd_open",
    "chown", "fchownat", "futimesat", "kill", "lchown", "lsetxattr", "setxattr", "removexattr",
    "lremovexattr", "pidfd_send_signal", "prlimit64", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
    "setpriority", "setrlimit", "tgkill", "tkill", "truncate", "utime", "utimensat", "utimes",
    "fcntl", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler",
    "ioprio_get", "ioprio_set"};

struct filter {
	scmp_filter_ctx context;
	int failed; /* libseccomp's first error, negative */
};

static void
filter_done(struct filter *filter)
{
	if (filter->context != NULL)
		seccomp_release(filter->context);
}

/* CALL is allowed, where the COUNT arguments in COMPARES are so. */
static void
allow(struct filter *filter, int call, unsigned count, const struct scmp_arg_cmp *compares)
{
	int result = 0;

	if (filter->failed == 0 && call != __NR_SCMP_ERROR)
		result =
		    seccomp_rule_add_array(filter->context, SCMP_ACT_ALLOW, call, count, compares);
	if (result != 0 && result != -EDOM) /* this architecture has none of that name */
		filter->failed = result;
}

static void
allow_all(struct filter *filter, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		allow(filter, seccomp_syscall_resolve_name(names[i]), 0, NULL);
}

static void
allow_if(struct filter *filter, int call, struct scmp_arg_cmp compare)
{
	allow(filter, call, 1, &compare);
}

static void
allow_sockets(struct filter *filter, unsigned parts)
{
	static const struct {
		unsigned part;
		int family;
	} families[] = {{FILTER_NET, AF_INET}, {FILTER_NET, AF_INET6}, {FILTER_UNIX, AF_UNIX}};

	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if ((parts & families[i].part) != 0)
			allow_if(filter, SCMP_SYS(socket),
			    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i].family));
	/* By which addresses are looked up; not what else the kernel tells and is told so. */
	const struct scmp_arg_cmp route[] = {SCMP_A0(SCMP_CMP_EQ, AF_NETLINK),
	    SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE)};

	if ((parts & FILTER_NET) != 0)
		allow(filter, SCMP_SYS(socket), ARRAY_SIZE(route), route);
}

/* Of the low half alone the kernel reads such an argument: the high one must not hide what it is. */
#define LOW_HALF 0xffffffffu

/* What changes itself, and takes nothing back: no word on capabilities, and it stays undumpable and ends with its parent. */
static void
allow_prctl(struct filter *filter)
{
	static const int free_to_ask[] = {PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME,
	    PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_SET_CHILD_SUBREAPER,
	    PR_GET_CHILD_SUBREAPER, PR_CAPBSET_READ, PR_GET_SECCOMP, PR_SET_SECCOMP,
	    PR_GET_PDEATHSIG, PR_SET_TIMERSLACK, PR_GET_TIMERSLACK, PR_SET_VMA};
	const struct scmp_arg_cmp bound[] = {SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_HALF,
	                                         PR_SET_PDEATHSIG),
	    SCMP_A1(SCMP_CMP_EQ, SIGKILL)};
	const struct scmp_arg_cmp undumpable[] = {SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_HALF,
	                                              PR_SET_DUMPABLE),
	    SCMP_A1(SCMP_CMP_EQ, 0)};

	for (size_t i = 0; i < ARRAY_SIZE(free_to_ask); i++)
		allow_if(filter, SCMP_SYS(prctl),
		    SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_HALF, (scmp_datum_t)free_to_ask[i]));
	allow(filter, SCMP_SYS(prctl), ARRAY_SIZE(bound), bound);
	allow(filter, SCMP_SYS(prctl), ARRAY_SIZE(undumpable), undumpable);
}

/* What a program asks of its own descriptors, and of addresses: no words into a terminal, no signals by a descriptor's owner, no
 * device's own. */
static void
allow_ioctl(struct filter *filter)
{
	static const unsigned long requests[] = {TCGETS, TIOCGWINSZ, TIOCGPGRP, TIOCOUTQ, FIONREAD,
	    FIONBIO, FIOCLEX, FIONCLEX, FIGETBSZ, FS_IOC_GETFLAGS, FICLONE, FICLONERANGE,
	    SIOCGIFNAME, SIOCGIFINDEX, SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFCONF};

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		allow_if(filter, SCMP_SYS(ioctl),
		    SCMP_A1(SCMP_CMP_MASKED_EQ, LOW_HALF, (scmp_datum_t)requests[i]));
}

/* --- Modes: no set-uid and no set-gid bit, which the host would honour where a folder of its own is shown -------------- */

enum { SET_ID = S_ISUID | S_ISGID, MAKES = O_CREAT | (O_TMPFILE & ~O_DIRECTORY) };

static void
allow_made(struct filter *filter)
{
	allow_if(filter, SCMP_SYS(creat), SCMP_A1(SCMP_CMP_MASKED_EQ, SET_ID, 0));
	allow_if(filter, SCMP_SYS(mkdir), SCMP_A1(SCMP_CMP_MASKED_EQ, SET_ID, 0));
	allow_if(filter, SCMP_SYS(mkdirat), SCMP_A2(SCMP_CMP_MASKED_EQ, SET_ID, 0));
	allow_if(filter, SCMP_SYS(fchmod), SCMP_A1(SCMP_CMP_MASKED_EQ, SET_ID, 0));
}

static void
allow_changed(struct filter *filter)
{
	allow_if(filter, SCMP_SYS(chmod), SCMP_A1(SCMP_CMP_MASKED_EQ, SET_ID, 0));
	allow_if(filter, SCMP_SYS(fchmodat), SCMP_A2(SCMP_CMP_MASKED_EQ, SET_ID, 0));
	allow_if(filter, NR_FCHMODAT2, SCMP_A2(SCMP_CMP_MASKED_EQ, SET_ID, 0));
}

/* With FLAGS, of which MASK counts; and nothing is made, or without those bits.  openat2's are behind a pointer: it is not there. */
static void
allow_opened(struct filter *filter, scmp_datum_t mask, scmp_datum_t flags)
{
	const struct scmp_arg_cmp open_old = SCMP_A1(SCMP_CMP_MASKED_EQ, mask | MAKES, flags);
	const struct scmp_arg_cmp openat_old = SCMP_A2(SCMP_CMP_MASKED_EQ, mask | MAKES, flags);
	const struct scmp_arg_cmp open_new[] = {SCMP_A1(SCMP_CMP_MASKED_EQ, mask, flags),
	    SCMP_A2(SCMP_CMP_MASKED_EQ, SET_ID, 0)};
	const struct scmp_arg_cmp openat_new[] = {SCMP_A2(SCMP_CMP_MASKED_EQ, mask, flags),
	    SCMP_A3(SCMP_CMP_MASKED_EQ, SET_ID, 0)};

	allow_if(filter, SCMP_SYS(open), open_old);
	allow_if(filter, SCMP_SYS(openat), openat_old);
	allow(filter, SCMP_SYS(open), ARRAY_SIZE(open_new), open_new);
	allow(filter, SCMP_SYS(openat), ARRAY_SIZE(openat_new), openat_new);
}

/* --- One's own user id -------------------------------------------------------------------- */

static void
allow_fcntl(struct filter *filter)
{
	static const int controls[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_GETLK,
	    F_SETLK, F_SETLKW, F_GETPIPE_SZ, F_SETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS};
	const struct scmp_arg_cmp flags[] = {SCMP_A1(SCMP_CMP_EQ, F_SETFL),
	    SCMP_A2(SCMP_CMP_MASKED_EQ, O_ASYNC, 0)};

	for (size_t i = 0; i < ARRAY_SIZE(controls); i++)
		allow_if(filter, SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)controls[i]));
	allow(filter, SCMP_SYS(fcntl), ARRAY_SIZE(flags), flags);
}

/* Of the same uid: what would reach others is left out, or bound to the caller. */
static void
allow_same(struct filter *filter)
{
	const scmp_datum_t us = 0; /* prlimit's word for the caller */

	allow_if(filter, SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_EQ, us));
	for (scmp_datum_t mode = O_RDONLY; mode <= O_RDWR; mode++)
		allow_opened(filter, mode == O_RDONLY ? O_ACCMODE | O_TRUNC : O_ACCMODE, mode);
	allow_fcntl(filter);
}

/* A pair of datagram sockets speaks to any name. */
static void
allow_pairs(struct filter *filter, unsigned parts)
{
	static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		const struct scmp_arg_cmp pair[] = {SCMP_A0(SCMP_CMP_EQ, AF_UNIX),
		    SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, (scmp_datum_t)types[i])};

		allow(filter, SCMP_SYS(socketpair), ARRAY_SIZE(pair), pair);
	}
	if ((parts & FILTER_UNIX) != 0)
		allow_if(filter, SCMP_SYS(socketpair), SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
}

static void
allow_by_argument(struct filter *filter, unsigned parts)
{
	const scmp_datum_t spaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
	    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME;

	allow_if(filter, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, spaces, 0));
	allow_sockets(filter, parts);
	allow_pairs(filter, parts);
	allow_prctl(filter);
	allow_ioctl(filter);
	allow_made(filter);
	if ((parts & FILTER_SAME) != 0) {
		allow_same(filter);
		return;
	}
	allow_all(filter, of_its_own, ARRAY_SIZE(of_its_own));
	allow_changed(filter);
	allow_opened(filter, 0, 0);
}

static enum err_code
check(const struct filter *filter, struct err *err)
{
	if (filter->failed == -ENOMEM)
		return err_set(err, ERR_MEMORY, "out of memory for a filter of system calls");
	return filter->failed == 0 ?
	    ERR_OK :
	    err_errno(err, ERR_INTERNAL, -filter->failed, "making a filter of system calls");
}

/* libseccomp writes it into a file. */
static enum err_code
write_program(struct filter *filter, struct buf *ret_program, struct err *err)
{
	FD file = memfd_create("filter", MFD_CLOEXEC);
	uint8_t block[4096];
	ssize_t got;

	if (file < 0)
		return err_errno(err, ERR_IO, errno, "making a filter of system calls");
	filter->failed = seccomp_export_bpf(filter->context, file);
	TRY(check(filter, err));
	if (lseek(file, 0, SEEK_SET) != 0)
		return err_errno(err, ERR_IO, errno, "making a filter of system calls");
	while ((got = read(file, block, sizeof(block))) > 0)
		buf_bytes(ret_program, view_of(block, (size_t)got));
	return got == 0 ? buf_check(ret_program, err) :
	                  err_errno(err, ERR_IO, errno, "making a filter of system calls");
}

enum err_code
filter_make(unsigned parts, struct buf *ret_program, struct err *err)
{
	CLEANUP(filter_done) struct filter filter = {seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), 0};

	if (filter.context == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a filter of system calls");
	filter.failed =
	    seccomp_attr_set(filter.context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	allow_all(&filter, always, ARRAY_SIZE(always));
	allow_by_argument(&filter, parts);
	TRY(check(&filter, err));
	return write_program(&filter, ret_program, err);
}

bool
filter_enter(struct view program)
{
	const struct sock_fprog filter = {
	    .len = (unsigned short)(program.size / sizeof(struct sock_filter)),
	    .filter = (struct sock_filter *)(uintptr_t)program.data,
	};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}
