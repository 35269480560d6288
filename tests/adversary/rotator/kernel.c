/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that rule the machine, and parts of the kernel that a rotator has no use for.  Where a call would change the host it
 * is made in a form that only tells who may: the kernel looks at the right first and then at an argument that is none.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <sys/fanotify.h>
#include <sys/io.h>
#include <sys/klog.h>
#include <sys/quota.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/process.h"
#include "tests/adversary/rotator/attempts.h"

/* The right is there: it is an argument that was refused. */
static int
unless_argument(long result)
{
	int code = code_of(result);

	return code == EINVAL || code == EFAULT || code == ENOENT || code == ENOEXEC ||
	        code == EBADF || code == ENODEV || code == ENOTBLK || code == ESRCH ?
	    0 :
	    code;
}

#define CALL(name, expression)                                                                     \
	static int name(const struct world *world, const struct attempt *attempt)                  \
	{                                                                                          \
		(void)world;                                                                       \
		(void)attempt;                                                                     \
		return unless_argument(expression);                                                \
	}

CALL(load_module, syscall(SYS_init_module, NULL, 0, ""))
CALL(load_module_file, syscall(SYS_finit_module, -1, "", 0))
CALL(unload_module, syscall(SYS_delete_module, "no_such_module_of_halligan", O_NONBLOCK))
CALL(load_kernel, syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0xffffUL))
CALL(load_kernel_file, syscall(SYS_kexec_file_load, -1, -1, 0UL, NULL, 0xffffUL))
CALL(swap_on, swapon("/proc/no-such-swap-of-halligan", 0))
CALL(swap_off, swapoff("/proc/no-such-swap-of-halligan"))
CALL(restart, syscall(SYS_reboot, 0, 0, 0, NULL))
CALL(account, syscall(SYS_acct, "/proc/no-such-account-of-halligan"))
CALL(name_host, syscall(SYS_sethostname, "x", 4711))
CALL(name_domain, syscall(SYS_setdomainname, "x", 4711))
CALL(quota,
    syscall(SYS_quotactl, ((unsigned)Q_GETFMT << SUBCMDSHIFT) | USRQUOTA, "/dev/null", 0, NULL))
CALL(take_ports, iopl(3))
CALL(take_port, ioperm(0x80, 1, 1))

/* A time zone that is none. */
static int
set_time(const struct world *world, const struct attempt *attempt)
{
	const struct timezone zone = {.tz_minuteswest = 32767};

	(void)world;
	(void)attempt;
	return unless_argument(syscall(SYS_settimeofday, NULL, &zone));
}

/* Ticks of no length. */
static int
adjust_time(const struct world *world, const struct attempt *attempt)
{
	struct timex timex = {.modes = ADJ_TICK};

	(void)world;
	(void)attempt;
	return unless_argument(adjtimex(&timex));
}

static int
read_log(const struct world *world, const struct attempt *attempt)
{
	enum { READ_ALL = 3 };
	char text[64];

	(void)world;
	(void)attempt;
	return code_of(klogctl(READ_ALL, text, sizeof(text)));
}

static int
make_map(const struct world *world, const struct attempt *attempt)
{
	union bpf_attr attributes = {.map_type = BPF_MAP_TYPE_ARRAY,
	    .key_size = 4,
	    .value_size = 4,
	    .max_entries = 1};
	FD map = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes));

	(void)world;
	(void)attempt;
	return code_of(map);
}

static int
measure(pid_t pid)
{
	struct perf_event_attr attributes = {.type = PERF_TYPE_SOFTWARE,
	    .size = sizeof(attributes),
	    .config = PERF_COUNT_SW_TASK_CLOCK,
	    .exclude_kernel = 1,
	    .exclude_hv = 1};
	FD event = (int)syscall(SYS_perf_event_open, &attributes, pid, -1, -1, 0UL);

	return code_of(event);
}

static int
measure_itself(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return measure(0);
}

static int
measure_server(const struct world *world, const struct attempt *attempt)
{
	return measure(process_of(world, attempt));
}

static int
handle_faults(const struct world *world, const struct attempt *attempt)
{
	FD faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	(void)world;
	(void)attempt;
	return code_of(faults);
}

static int
watch_everything(const struct world *world, const struct attempt *attempt)
{
	FD watch = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY);

	(void)world;
	(void)attempt;
	return watch < 0 ?
	    errno :
	    code_of(fanotify_mark(watch, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN, AT_FDCWD, "/"));
}

/* Opened, and nothing of it used. */
static int
open_file(const char *path, int flags)
{
	FD fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return code_of(fd);
}

#define OPEN(name, path, flags)                                                                    \
	static int name(const struct world *world, const struct attempt *attempt)                  \
	{                                                                                          \
		(void)world;                                                                       \
		(void)attempt;                                                                     \
		return open_file(path, flags);                                                     \
	}

OPEN(open_memory, "/dev/mem", O_RDONLY)
OPEN(open_core, "/proc/kcore", O_RDONLY)
OPEN(open_log, "/dev/kmsg", O_WRONLY)
OPEN(open_keys, "/proc/sysrq-trigger", O_WRONLY)
OPEN(open_cores, "/proc/sys/kernel/core_pattern", O_WRONLY)
OPEN(open_console, "/dev/tty0", O_RDWR)
OPEN(open_input, "/dev/uinput", O_WRONLY)
OPEN(open_fuse, "/dev/fuse", O_RDWR)
OPEN(open_machine, "/dev/kvm", O_RDWR)
OPEN(open_groups, "/sys/fs/cgroup/cgroup.procs", O_WRONLY)
OPEN(open_terminals, "/dev/ptmx", O_RDWR)

#define OWN     .kind = ATTEMPT_OWN
#define NO_CALL .absent = ENOSYS
#define NO_FILE .absent = ENOENT
static const struct attempt rows[] = {
    {"init_module", "code in the kernel", load_module, NO_CALL},
    {"finit_module", "likewise", load_module_file, NO_CALL},
    {"delete_module", "less of the kernel", unload_module, NO_CALL},
    {"kexec_load", "another kernel", load_kernel, NO_CALL},
    {"kexec_file_load", "likewise", load_kernel_file, NO_CALL},
    {"swapon", "others' memory in a file", swap_on, NO_CALL},
    {"swapoff", "less memory", swap_off, NO_CALL},
    {"reboot", "the end", restart},
    {"acct", "who runs what", account, NO_CALL},
    {"sethostname", "another name of the host", name_host},
    {"setdomainname", "likewise", name_domain},
    {"quotactl", "no room for others", quota, OWN, NO_CALL},
    {"iopl", "devices themselves", take_ports, NO_CALL},
    {"ioperm", "likewise", take_port, NO_CALL},
    {"settimeofday", "another time for all", set_time},
    {"adjtimex", "likewise, slowly", adjust_time},
    {"read_kernel_log", "what happened here", read_log},
    {"bpf", "code in the kernel", make_map, OWN, NO_CALL},
    {"perf_event_open", "how others run", measure_itself, OWN, NO_CALL},
    {"perf_event_open_server", "how the server runs", measure_server, WORLD_SERVER, NO_CALL},
    {"userfaultfd", "to halt the kernel where it pays", handle_faults, OWN, NO_CALL},
    {"fanotify", "each file that is opened", watch_everything, NO_CALL},
    {"open_dev_mem", "all memory", open_memory, NO_FILE},
    {"open_kcore", "likewise", open_core, NO_FILE},
    {"open_kmsg", "lies in the log", open_log, NO_FILE},
    {"open_sysrq", "the end", open_keys, NO_FILE},
    {"open_core_pattern", "a program for each that breaks", open_cores},
    {"open_console", "what people see", open_console, NO_FILE},
    {"open_uinput", "what people type", open_input, NO_FILE},
    {"open_fuse", "files of our own making", open_fuse, OWN, NO_FILE},
    {"open_kvm", "a machine within", open_machine, OWN, NO_FILE},
    {"open_cgroups", "another one's share", open_groups, NO_FILE},
    {"open_ptmx", "a terminal", open_terminals, OWN, NO_FILE},
};

struct attempts
attempts_kernel(void)
{
	return (struct attempts){rows, ARRAY_SIZE(rows)};
}
