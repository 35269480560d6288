/* SPDX-License-Identifier: Apache-2.0 */
/* More rights: other users, capabilities, programs that have some, namespaces, roots and mounts, keys, terminals. */
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "tests/adversary/rotator/attempts.h"

static int
become_root(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return code_of(setuid(0));
}

static int
become_server(const struct world *world, const struct attempt *attempt)
{
	uid_t uid = (uid_t)number_of(world, attempt);

	return code_of(setresuid(uid, uid, uid));
}

static int
join_root_group(const struct world *world, const struct attempt *attempt)
{
	const gid_t root = 0;

	(void)world;
	(void)attempt;
	return code_of(setgroups(1, &root));
}

static int
take_capabilities(const struct world *world, const struct attempt *attempt)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct all[2] = {0};

	(void)world;
	(void)attempt;
	all[0].effective = all[0].permitted = (1U << CAP_DAC_READ_SEARCH) | (1U << CAP_KILL);
	return code_of(syscall(SYS_capset, &head, all));
}

/* Whether a copy of this program says of itself that it has more than we have (gone_bad.c). */
static int
run_copy(const char *program, const char *question)
{
	int status = 0;
	pid_t pid;

	if (program[0] == '\0')
		return NOT_HERE;
	pid = fork();
	if (pid == 0) {
		(void)execl(program, program, question, (char *)NULL);
		_exit(errno);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : ECANCELED;
}

static int
run_set_uid(const struct world *world, const struct attempt *attempt)
{
	return run_copy(text_of(world, attempt), "--another");
}

static int
run_capable(const struct world *world, const struct attempt *attempt)
{
	return run_copy(text_of(world, attempt), "--capable");
}

static int
make_user_namespace(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return code_of(unshare(CLONE_NEWUSER));
}

/* The flags by a clone's own word, which a filter sees as bits. */
static int
clone_user_namespace(const struct world *world, const struct attempt *attempt)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	(void)world;
	(void)attempt;
	if (pid == 0)
		_exit(0);
	return code_of(pid);
}

/* In a structure, which no filter sees. */
static int
clone3_user_namespace(const struct world *world, const struct attempt *attempt)
{
	uint64_t arguments[8] = {[0] = CLONE_NEWUSER, [4] = SIGCHLD};
	long pid = syscall(SYS_clone3, arguments, sizeof(arguments));

	(void)world;
	(void)attempt;
	if (pid == 0)
		_exit(0);
	return code_of(pid);
}

static int
unshare_both(int what)
{
	return code_of(unshare(CLONE_NEWUSER | what));
}

static int
make_network_namespace(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return unshare_both(CLONE_NEWNET);
}

static int
make_process_namespace(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return unshare_both(CLONE_NEWPID);
}

static int
make_mount_namespace(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return unshare_both(CLONE_NEWNS);
}

/* A folder that is ours again, with whatever we put over it: what was hidden there shows, what stood there does not. */
static int
mount_in_own(const struct world *world, const struct attempt *attempt)
{
	int code = unshare_both(CLONE_NEWNS);

	return code != 0 ? code : code_of(mount("none", text_of(world, attempt), "tmpfs", 0, NULL));
}

static int
mount_here(const struct world *world, const struct attempt *attempt)
{
	struct path path = path_of(text_of(world, attempt), "mounted");
	int code;

	(void)mkdir(path.text, 0700);
	code = code_of(mount("none", path.text, "tmpfs", 0, "size=4k"));
	if (code == 0)
		code = code_of(umount2(path.text, MNT_DETACH));
	(void)rmdir(path.text);
	return code;
}

static int
open_tree_here(const struct world *world, const struct attempt *attempt)
{
	enum { CLONE_IT = 1 };
	FD tree = (int)syscall(SYS_open_tree, AT_FDCWD, text_of(world, attempt), CLONE_IT);

	return code_of(tree);
}

static int
unmount_etc(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	/* No mount: who may is told so, who may not hears it first. */
	int code = code_of(umount2("/etc", 0));

	return code == EINVAL || code == EBUSY ? 0 : code;
}

static int
turn_root(const struct world *world, const struct attempt *attempt)
{
	int code = code_of(syscall(SYS_pivot_root, "/", "/"));

	(void)world;
	(void)attempt;
	return code == EINVAL || code == EBUSY || code == ENOTDIR ? 0 : code;
}

static int
change_root(const struct world *world, const struct attempt *attempt)
{
	return code_of(chroot(text_of(world, attempt)));
}

static int
make_device(const struct world *world, const struct attempt *attempt)
{
	struct path path = path_of(text_of(world, attempt), "device");

	if (mknod(path.text, S_IFCHR | 0600, makedev(1, 3)) != 0)
		return errno;
	return code_of(unlink(path.text));
}

static int
join_mounts(const struct world *world, const struct attempt *attempt)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)process_of(world, attempt));
	FD space = open(path, O_RDONLY | O_CLOEXEC);
	return space < 0 ? errno : code_of(setns(space, CLONE_NEWNS));
}

static int
join_by_pidfd(const struct world *world, const struct attempt *attempt)
{
	FD pidfd = pidfd_open(process_of(world, attempt), 0);

	return pidfd < 0 ? errno : code_of(setns(pidfd, CLONE_NEWIPC));
}

static int
read_key(const struct world *world, const struct attempt *attempt)
{
	char bytes[64];
	int64_t key = number_of(world, attempt);

	return key < 0 ? NOT_HERE :
	                 code_of(syscall(SYS_keyctl, KEYCTL_READ, key, bytes, sizeof(bytes)));
}

static int
find_key(const struct world *world, const struct attempt *attempt)
{
	if (number_of(world, attempt) < 0)
		return NOT_HERE;
	return code_of(syscall(SYS_request_key, "user", "halligan-key", NULL, 0));
}

static int
add_key(const struct world *world, const struct attempt *attempt)
{
	long key =
	    syscall(SYS_add_key, "user", "left-by-a-rotator", "x", 1, KEY_SPEC_PROCESS_KEYRING);

	(void)world;
	(void)attempt;
	return code_of(key);
}

static int
join_session(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return code_of(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL));
}

/* Letters that its owner never typed. */
static int
type_for_another(const struct world *world, const struct attempt *attempt)
{
	const char *path = text_of(world, attempt);

	if (path[0] == '\0')
		return NOT_HERE;
	(void)setsid();
	FD terminal = open(path, O_RDWR | O_CLOEXEC); /* and ours now, if it was nobody's */
	return terminal < 0 ? errno : code_of(ioctl(terminal, TIOCSTI, "x"));
}

/* Selecting and pasting on a console; another terminal says that it is none, which is as far as that goes. */
static int
paste_for_another(const struct world *world, const struct attempt *attempt)
{
	const char *path = text_of(world, attempt);
	char paste = 3;
	int code;

	if (path[0] == '\0')
		return NOT_HERE;
	FD terminal = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal < 0)
		return errno;
	code = code_of(ioctl(terminal, TIOCLINUX, &paste));
	return code == ENOTTY ? 0 : code;
}

static int
be_another_kind(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return code_of(personality(ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC));
}

static int
be_dumpable(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return prctl(PR_SET_DUMPABLE, 1) != 0 ? errno :
	                                        code_of(prctl(PR_GET_DUMPABLE) == 1 ? 0 : -1);
}

#define OWN  .kind = ATTEMPT_OWN
#define KEYS .absent = ENOSYS
static const struct attempt rows[] = {
    {"setuid_root", "to be root", become_root},
    {"setresuid_server", "to be the server's user", become_server, WORLD_SERVER_UID},
    {"setgroups_root", "root's group", join_root_group},
    {"capset", "capabilities", take_capabilities},
    {"run_set_uid", "to be who owns a program", run_set_uid, WORLD_SET_UID},
    {"run_file_capability", "what a program may", run_capable, WORLD_CAPABLE},
    {"unshare_user", "to be root somewhere", make_user_namespace, OWN},
    {"clone_user", "likewise", clone_user_namespace, OWN},
    {"clone3_user", "likewise", clone3_user_namespace, OWN},
    {"unshare_net", "a network to rule", make_network_namespace, OWN},
    {"unshare_pid", "processes to rule", make_process_namespace, OWN},
    {"unshare_mount", "mounts to rule", make_mount_namespace, OWN},
    {"mount_in_own_namespace", "another file in a file's place", mount_in_own, WORLD_PLACE, OWN},
    {"mount", "likewise, for all", mount_here, WORLD_PLACE},
    {"open_tree", "a copy of mounts", open_tree_here, WORLD_PLACE},
    {"umount", "what is below", unmount_etc},
    {"pivot_root", "another root", turn_root},
    {"chroot", "likewise", change_root, WORLD_PLACE},
    {"mknod_device", "a device of our own", make_device, WORLD_PLACE},
    {"setns_mount_of_server", "what the server sees", join_mounts, WORLD_SERVER},
    {"setns_by_pidfd", "what the server shares", join_by_pidfd, WORLD_SERVER},
    {"read_session_key", "what the session keeps", read_key, WORLD_SESSION_KEY, KEYS},
    {"read_user_key", "what the user keeps", read_key, WORLD_USER_KEY, KEYS},
    {"request_key", "likewise, by name", find_key, WORLD_SESSION_KEY, KEYS},
    {"add_key", "memory of the kernel", add_key, OWN, KEYS},
    {"join_session_keyring", "likewise", join_session, OWN, KEYS},
    {"paste_for_another", "letters on a console", paste_for_another, WORLD_TERMINAL},
    {"type_for_another", "likewise, on a terminal", type_for_another, WORLD_TERMINAL,
        .absent = EIO},
    {"personality", "memory that is easily found", be_another_kind, OWN},
    {"become_dumpable", "a core with a value in it", be_dumpable, OWN},
};

struct attempts
attempts_privileges(void)
{
	return (struct attempts){rows, ARRAY_SIZE(rows)};
}
