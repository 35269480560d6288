/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/rotator/freely.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/adversary/rotator/attempts.h"

enum who { ROOT = 1, USER = 2, BOTH = 3 };

#define ROOTS   "root's alone, wherever it is tried"
#define SETTING "this machine's setting of it"
/* What is stopped though nothing isolates it. */
static const struct stopped {
	const char *name;
	enum who who;
	const char *why;
	/* Only where this setting is among these numbers; NULL: anywhere. */
	const char *setting;
	int least, most;
} stopped[] = {
    {"open_host_key_by_inherited_folder", BOTH, "whoever starts a rotator closes all"},
    {"chmod_host_key_by_inherited_folder", BOTH, "whoever starts a rotator closes all"},
    {"outlive_in_group", BOTH, "a rotator's whole group is killed"},
    {"leave_mark_in_etc", USER, ROOTS},
    {"leave_mark_in_cron", USER, ROOTS},
    {"leave_mark_in_usr", USER, ROOTS},
    {"leave_mark_in_run", USER, ROOTS},
    {"leave_mark_at_top", USER, ROOTS},
    {"read_shadow", USER, ROOTS},
    {"list_root_home", USER, ROOTS},
    {"open_host_key_by_handle", USER, ROOTS},
    {"make_packet", USER, ROOTS},
    {"make_raw", USER, ROOTS},
    {"setuid_root", USER, ROOTS},
    {"setgroups_root", USER, ROOTS},
    {"capset", USER, ROOTS},
    {"mount", USER, ROOTS},
    {"open_tree", USER, ROOTS},
    {"umount", USER, ROOTS},
    {"pivot_root", USER, ROOTS},
    {"chroot", USER, ROOTS},
    {"mknod_device", USER, ROOTS},
    {"setns_mount_of_server", USER, ROOTS},
    {"setns_by_pidfd", USER, ROOTS},
    {"init_module", USER, ROOTS},
    {"finit_module", USER, ROOTS},
    {"delete_module", USER, ROOTS},
    {"kexec_load", USER, ROOTS},
    {"kexec_file_load", USER, ROOTS},
    {"swapon", USER, ROOTS},
    {"swapoff", USER, ROOTS},
    {"reboot", USER, ROOTS},
    {"acct", USER, ROOTS},
    {"sethostname", USER, ROOTS},
    {"setdomainname", USER, ROOTS},
    {"iopl", USER, ROOTS},
    {"ioperm", USER, ROOTS},
    {"settimeofday", USER, ROOTS},
    {"adjtimex", USER, ROOTS},
    {"fanotify", USER, ROOTS},
    {"open_dev_mem", USER, ROOTS},
    {"open_kcore", USER, ROOTS},
    {"open_kmsg", USER, ROOTS},
    {"open_sysrq", USER, ROOTS},
    {"open_core_pattern", USER, ROOTS},
    {"open_console", USER, ROOTS},
    {"open_uinput", USER, ROOTS},
    {"open_fuse", USER, ROOTS},
    {"open_kvm", USER, ROOTS},
    {"open_cgroups", USER, ROOTS},
    {"be_first", USER, ROOTS},
    {"be_real_time", USER, ROOTS},
    {"read_kernel_log", USER, SETTING, "kernel/dmesg_restrict", 1, 1},
    {"bpf", USER, SETTING, "kernel/unprivileged_bpf_disabled", 1, 2},
    {"perf_event_open", USER, SETTING, "kernel/perf_event_paranoid", 3, 9},
    {"perf_event_open_server", USER, SETTING, "kernel/perf_event_paranoid", 3, 9},
    {"open_host_key_by_io_uring", USER, SETTING, "kernel/io_uring_disabled", 1, 2},
    {"rename_host_key_by_io_uring", USER, SETTING, "kernel/io_uring_disabled", 1, 2},
    {"make_socket_by_io_uring", USER, SETTING, "kernel/io_uring_disabled", 1, 2},
    {"open_host_key_by_io_uring", ROOT, SETTING, "kernel/io_uring_disabled", 2, 2},
    {"rename_host_key_by_io_uring", ROOT, SETTING, "kernel/io_uring_disabled", 2, 2},
    {"make_socket_by_io_uring", ROOT, SETTING, "kernel/io_uring_disabled", 2, 2},
    {"unshare_user", USER, SETTING, "kernel/unprivileged_userns_clone", 0, 0},
    {"clone_user", USER, SETTING, "kernel/unprivileged_userns_clone", 0, 0},
    {"clone3_user", USER, SETTING, "kernel/unprivileged_userns_clone", 0, 0},
    {"unshare_net", USER, SETTING, "kernel/unprivileged_userns_clone", 0, 0},
    {"unshare_pid", USER, SETTING, "kernel/unprivileged_userns_clone", 0, 0},
    {"unshare_mount", USER, SETTING, "kernel/unprivileged_userns_clone", 0, 0},
    {"mount_in_own_namespace", USER, SETTING, "kernel/unprivileged_userns_clone", 0, 0},
    {"unshare_user", USER, SETTING, "kernel/apparmor_restrict_unprivileged_userns", 1, 1},
    {"clone_user", USER, SETTING, "kernel/apparmor_restrict_unprivileged_userns", 1, 1},
    {"clone3_user", USER, SETTING, "kernel/apparmor_restrict_unprivileged_userns", 1, 1},
    {"unshare_net", USER, SETTING, "kernel/apparmor_restrict_unprivileged_userns", 1, 1},
    {"unshare_pid", USER, SETTING, "kernel/apparmor_restrict_unprivileged_userns", 1, 1},
    {"unshare_mount", USER, SETTING, "kernel/apparmor_restrict_unprivileged_userns", 1, 1},
    {"mount_in_own_namespace", USER, SETTING, "kernel/apparmor_restrict_unprivileged_userns", 1, 1},
    {"change_null", USER, ROOTS},
    {"lock_memory", USER, "each user has a limit"},
    {"open_files_without_end", USER, "each user has a limit"},
};

/* The number of a setting of the kernel; -1: it has none. */
static int
setting(const char *name)
{
	FILE *file = fopen(PATH("/proc/sys", name), "r");
	int number = -1;

	if (file == NULL)
		return -1;
	if (fscanf(file, "%d", &number) != 1)
		number = -1;
	(void)fclose(file);
	return number;
}

static bool
is_reason(const struct stopped *row)
{
	int number = row->setting != NULL ? setting(row->setting) : 0;

	return (row->who & (geteuid() == 0 ? ROOT : USER)) != 0 && number >= row->least &&
	    number <= row->most;
}

const char *
stopped_freely(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(stopped); i++)
		if (strcmp(stopped[i].name, name) == 0 && is_reason(&stopped[i]))
			return stopped[i].why;
	return NULL;
}
