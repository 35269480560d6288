/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/starter/space.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/process.h"

/* glibc's <sys/mount.h> and the kernel's do not go together. */
int mount(const char *source, const char *target, const char *type, unsigned long flags,
    const void *data);
int umount2(const char *target, int flags);
enum { DETACH = 2 };

/* Where the new root is made: any folder that is there; what was mounted or stands in it is not seen any more then. */
#define PLACE "/tmp"
enum { PATH_SIZE = 4096, MAPPER_MILLISECONDS = 5000 };
#define TMPFS_OPTIONS   "size=16m,nr_inodes=4096,mode=0755"
#define SPACE_MAP_USER  "/usr/bin/newuidmap"
#define SPACE_MAP_GROUP "/usr/bin/newgidmap"

/* --- Namespaces --------------------------------------------------------------------------- */

static unsigned long
flags_of(const struct space *space)
{
	return CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | (space->network ? 0 : CLONE_NEWNET) |
	    (space->right == SPACE_ROOT ? 0 : CLONE_NEWUSER);
}

/* Whoever is not dumpable is nobody's in /proc, and cannot be mapped, by itself neither: so the child begins dumpable, and ends
 * that when it is confined. */
pid_t
space_fork(const struct space *space)
{
	bool mapped = space->right != SPACE_ROOT;
	pid_t pid;

	if (mapped && prctl(PR_SET_DUMPABLE, 1) != 0)
		return -1;
	pid = (pid_t)syscall(SYS_clone, flags_of(space) | SIGCHLD, NULL, NULL, NULL, NULL);
	if (mapped && pid != 0)
		(void)prctl(PR_SET_DUMPABLE, 0);
	return pid;
}

static bool
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t put = fd >= 0 ? write(fd, text, strlen(text)) : -1;
	int number = errno;

	if (fd >= 0)
		close(fd);
	errno = number;
	return put == (ssize_t)strlen(text);
}

/* Itself alone: nobody else is anybody there. */
static bool
map_ourselves(const struct space *space)
{
	char uid[64], gid[64];

	(void)snprintf(uid, sizeof(uid), "%u %u 1", (unsigned)space->uid, (unsigned)space->uid);
	(void)snprintf(gid, sizeof(gid), "%u %u 1", (unsigned)space->gid, (unsigned)space->gid);
	return write_file("/proc/self/setgroups", "deny") &&
	    write_file("/proc/self/uid_map", uid) && write_file("/proc/self/gid_map", gid);
}

static enum err_code
run_mapper(const char *path, pid_t pid, unsigned id, struct err *err)
{
	static const char *const env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
	char process[24], number[24];
	const char *const argv[] = {path, process, number, number, "1", NULL};
	const struct process_spawn spawn = {.path = path,
	    .argv = argv,
	    .env = env,
	    .fds = {-1, -1, -1, -1, -1, -1, -1, -1, -1}};
	pid_t mapper;
	int status;

	(void)snprintf(process, sizeof(process), "%d", (int)pid);
	(void)snprintf(number, sizeof(number), "%u", id);
	TRY(process_start(&spawn, &mapper, err));
	TRY(process_wait(mapper, process_milliseconds() + MAPPER_MILLISECONDS, &status, err));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ?
	    ERR_OK :
	    err_set(err, ERR_REFUSED,
	        "%s does not map the sub-uid %u: see /etc/subuid, /etc/subgid", path, id);
}

enum err_code
space_map(const struct space *space, pid_t pid, struct err *err)
{
	TRY(run_mapper(SPACE_MAP_USER, pid, (unsigned)space->uid, err));
	return run_mapper(SPACE_MAP_GROUP, pid, (unsigned)space->gid, err);
}

/* It is mapped, by us or by somebody outside. */
static bool
be_somebody(const struct space *space, int go)
{
	char byte;
	ssize_t got;

	if (space->right == SPACE_SAME)
		return map_ourselves(space);
	do
		got = read(go, &byte, 1);
	while (got < 0 && errno == EINTR);
	errno = ECANCELED;
	return got == 1;
}

/* In the middle of it: files were opened as the user who may see them, the new root is the other's. */
static bool
become_mapped(const struct space *space)
{
	return space->right != SPACE_SUB ||
	    (setresgid(space->gid, space->gid, space->gid) == 0 &&
	        setresuid(space->uid, space->uid, space->uid) == 0);
}

/* --- The private root --------------------------------------------------------------------- */

/* NAME in FOLDER, a folder of the new root's own file system: nobody else can have made it, and it leads nowhere else. */
static int
open_own(int folder, const char *name, dev_t device)
{
	int fd = openat(folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && status.st_dev == device)
		return fd;
	close(fd);
	errno = EXDEV;
	return -1;
}

/* The folder in which the last part of PATH, which RET_NAME is, shall stand; all those before it are made, part by part. */
static int
make_way(int root, const char *path, char ret_name[NAME_MAX + 1])
{
	FD folder = fcntl(root, F_DUPFD_CLOEXEC, 0);
	struct stat status;

	if (folder < 0 || fstat(root, &status) != 0)
		return -1;
	for (const char *at = path + 1;; at += strlen(ret_name) + 1) {
		size_t size = strcspn(at, "/");

		if (size == 0 || size > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(ret_name, at, size);
		ret_name[size] = '\0';
		if (at[size] == '\0')
			break;
		if (mkdirat(folder, ret_name, 0755) != 0 && errno != EEXIST)
			return -1;
		int next = open_own(folder, ret_name, status.st_dev);

		if (next < 0)
			return -1;
		close(folder);
		folder = next;
	}
	int made = folder;

	folder = -1;
	return made;
}

/* Of the kind of what FD is. */
static int
make_point(int folder, const char *name, int fd)
{
	struct stat status, own;
	int point;

	if (fstat(fd, &status) != 0 || fstat(folder, &own) != 0)
		return -1;
	if (S_ISDIR(status.st_mode)) /* a way for what lies in it may be there */
		return mkdirat(folder, name, 0755) == 0 || errno == EEXIST ?
		    open_own(folder, name, own.st_dev) :
		    -1;
	point = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (point < 0)
		return -1;
	close(point);
	return openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

/* With what is mounted below it; no set-uid program and no device gains anything by it, and nothing of /dev/null but what is written
 * there. */
static bool
protect(int folder, const char *name, const struct space_shown *shown)
{
	bool device = strcmp(shown->path, "/dev/null") == 0;
	const struct mount_attr wanted = {
	    .attr_set = MOUNT_ATTR_NOSUID | (device ? 0 : MOUNT_ATTR_NODEV) |
	        (shown->writes && !device ? 0 : MOUNT_ATTR_RDONLY),
	};
	FD mounted = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return mounted >= 0 &&
	    syscall(SYS_mount_setattr, mounted, "", AT_EMPTY_PATH | AT_RECURSIVE, &wanted,
	        sizeof(wanted)) == 0;
}

/* A descriptor of before is of the host's mounts, of which nothing is bound here: it is opened again, and is the same. */
static bool
open_again(const struct space_shown *shown, int *ret_fd)
{
	struct stat before, now;

	*ret_fd = -1;
	if (shown->fd < 0)
		return true;
	*ret_fd = open(shown->target != NULL ? shown->target : shown->path,
	    O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_fd < 0 || fstat(shown->fd, &before) != 0 || fstat(*ret_fd, &now) != 0)
		return false;
	errno = ESTALE;
	return before.st_dev == now.st_dev && before.st_ino == now.st_ino;
}

static bool
show(int root, const struct space_shown *shown, int fd)
{
	char name[NAME_MAX + 1], source[64], target[64];
	FD folder = make_way(root, shown->path, name);

	if (folder < 0)
		return false;
	if (fd < 0)
		return symlinkat(shown->target, folder, name) == 0;
	FD point = make_point(folder, name, fd);

	(void)snprintf(source, sizeof(source), "/proc/self/fd/%d", fd);
	(void)snprintf(target, sizeof(target), "/proc/self/fd/%d", point);
	return point >= 0 && mount(source, target, NULL, MS_BIND | MS_REC, NULL) == 0 &&
	    protect(folder, name, shown);
}

/* What was the root goes. */
static bool
turn(void)
{
	return chdir(PLACE) == 0 && syscall(SYS_pivot_root, ".", ".") == 0 &&
	    umount2(".", DETACH) == 0 && chdir("/") == 0;
}

#ifdef __SANITIZE_ADDRESS__ /* whose programs look at their own memory by it, and are in no package */
static bool
make_own_proc(void)
{
	return mkdir(PLACE "/proc", 0755) == 0 &&
	    mount("proc", PLACE "/proc", "proc", 0, NULL) == 0;
}
#else
static bool
make_own_proc(void)
{
	return true;
}
#endif

static bool
make_own_tmp(void)
{
	return (mkdir(PLACE "/tmp", 0700) == 0 || errno == EEXIST) &&
	    chmod(PLACE "/tmp", 01777) == 0;
}

static bool
open_all_again(const struct space *space, int fds[SPACE_SHOWN], const char **ret_step)
{
	for (size_t i = 0; i < space->count; i++) {
		*ret_step = space->shown[i].path;
		if (!open_again(&space->shown[i], &fds[i]))
			return false;
	}
	return true;
}

static bool
show_all(const struct space *space, const int fds[SPACE_SHOWN], const char **ret_step)
{
	FD root = open(PLACE, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return false;
	for (size_t i = 0; i < space->count; i++) {
		*ret_step = space->shown[i].path;
		if (!show(root, &space->shown[i], fds[i]))
			return false;
	}
	return true;
}

bool
space_enter(const struct space *space, int go, const char **ret_step)
{
	int fds[SPACE_SHOWN];

	umask(022); /* folders on the way to what is shown are for everybody */
	*ret_step = "being somebody in a user namespace";
	if (space->right != SPACE_ROOT && !be_somebody(space, go))
		return false;
	*ret_step = "making a root of its own";
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return false;
	if (!open_all_again(space, fds, ret_step))
		return false;
	*ret_step = "making a root of its own";
	if (!become_mapped(space) ||
	    mount("none", PLACE, "tmpfs", MS_NOSUID | MS_NODEV, TMPFS_OPTIONS) != 0)
		return false;
	if (!show_all(space, fds, ret_step))
		return false;
	*ret_step = "turning to a root of its own";
	return make_own_tmp() && make_own_proc() && turn();
}

/* --- Can it be done here? ----------------------------------------------------------------- */

static int
try_it(const struct space *space, int go)
{
	const char *step;

	return space_enter(space, go, &step) ? 0 : errno;
}

/* The child waits for the pipe's end, unless it is mapped. */
static bool
let_go(const struct space *space, pid_t pid, int write_end, struct err *ret_why)
{
	return space->right != SPACE_SUB ||
	    (space_map(space, pid, ret_why) == ERR_OK && write(write_end, "", 1) == 1);
}

bool
space_is_possible(const struct space *space, struct err *ret_why)
{
	int status = 0, ends[2];
	pid_t child;

	(void)err_set(ret_why, ERR_REFUSED, "no pipe can be made");
	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	FD read_end = ends[0], write_end = ends[1];

	child = space_fork(space);
	if (child == 0) {
		fd_closep(&write_end);
		_exit(try_it(space, read_end));
	}
	if (child < 0) {
		(void)err_errno(ret_why, ERR_REFUSED, errno, "making namespaces");
		return false;
	}
	bool mapped = let_go(space, child, write_end, ret_why);

	fd_closep(&write_end);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (mapped && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		(void)err_errno(ret_why, ERR_REFUSED,
		    WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD, "making a root of its own");
	return mapped && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
