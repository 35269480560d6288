/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files by their paths.  Where a change is asked for it is to what is there already (the same size, mode, owner): the kernel
 * asks the same questions, and nothing is lost.  Names are changed and changed back.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/process.h"
#include "tests/adversary/rotator/attempts.h"

static int
open_it(const char *path, int flags)
{
	FD fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0600);

	return code_of(fd);
}

static int
read_it(const struct world *world, const struct attempt *attempt)
{
	FD fd = open(text_of(world, attempt), O_RDONLY | O_CLOEXEC);
	char byte;

	return fd < 0 ? errno : code_of(read(fd, &byte, 1));
}

static int
write_it(const struct world *world, const struct attempt *attempt)
{
	return open_it(text_of(world, attempt), O_WRONLY);
}

/* What is there, or what the world's files are where nobody says. */
static struct stat
status_of(const char *path)
{
	struct stat status = {.st_size = WORLD_FILE_SIZE, .st_mode = 0600};
	struct stat found;

	return stat(path, &found) == 0 ? found : status;
}

static int
truncate_it(const struct world *world, const struct attempt *attempt)
{
	const char *path = text_of(world, attempt);

	return code_of(truncate(path, status_of(path).st_size));
}

static int
chmod_it(const struct world *world, const struct attempt *attempt)
{
	const char *path = text_of(world, attempt);

	return code_of(chmod(path, status_of(path).st_mode & 07777));
}

static int
chmod_folder(const struct world *world, const struct attempt *attempt)
{
	return code_of(chmod(text_of(world, attempt), 0700)); /* as it is */
}

/* To ourselves: what is ours stays so. */
static int
chown_it(const struct world *world, const struct attempt *attempt)
{
	return code_of(chown(text_of(world, attempt), geteuid(), (gid_t)-1));
}

static int
rename_it(const struct world *world, const struct attempt *attempt)
{
	const char *path = text_of(world, attempt);
	char other[1100];

	(void)snprintf(other, sizeof(other), "%s.moved", path);
	if (rename(path, other) != 0)
		return errno;
	return code_of(rename(other, path));
}

static int
link_it(const struct world *world, const struct attempt *attempt)
{
	const char *path = text_of(world, attempt);
	char other[1100];

	(void)snprintf(other, sizeof(other), "%s.linked", path);
	if (link(path, other) != 0)
		return errno;
	return code_of(unlink(other));
}

static int
touch_it(const struct world *world, const struct attempt *attempt)
{
	const char *path = text_of(world, attempt);
	struct stat status = status_of(path);
	const struct timespec times[] = {status.st_atim, status.st_mtim};

	return code_of(utimensat(AT_FDCWD, path, times, 0));
}

static int
set_attribute(const struct world *world, const struct attempt *attempt)
{
	const char *path = text_of(world, attempt);

	if (setxattr(path, "user.halligan", "x", 1, 0) != 0)
		return errno;
	return code_of(removexattr(path, "user.halligan"));
}

static int
see_it(const struct world *world, const struct attempt *attempt)
{
	struct stat status;

	return code_of(stat(text_of(world, attempt), &status));
}

static int
list_attributes(const struct world *world, const struct attempt *attempt)
{
	return code_of(listxattr(text_of(world, attempt), NULL, 0));
}

static int
enter_it(const struct world *world, const struct attempt *attempt)
{
	return code_of(chdir(text_of(world, attempt)));
}

static int
list_folder(const char *path)
{
	DIR *folder = opendir(path);

	if (folder == NULL)
		return errno;
	return readdir(folder) != NULL ? 0 : ENOENT;
}

static int
list_it(const struct world *world, const struct attempt *attempt)
{
	return list_folder(text_of(world, attempt));
}

static int
watch_it(const struct world *world, const struct attempt *attempt)
{
	FD watch = inotify_init1(IN_CLOEXEC);

	return watch < 0 ?
	    errno :
	    code_of(inotify_add_watch(watch, text_of(world, attempt), IN_ALL_EVENTS));
}

static int
make_file_in(const struct world *world, const struct attempt *attempt)
{
	struct path path = path_of(text_of(world, attempt), "made-by-a-rotator");
	int code = open_it(path.text, O_WRONLY | O_CREAT | O_EXCL);

	return code != 0 ? code : code_of(unlink(path.text));
}

static int
make_folder_in(const struct world *world, const struct attempt *attempt)
{
	struct path path = path_of(text_of(world, attempt), "made-by-a-rotator");

	return mkdir(path.text, 0700) != 0 ? errno : code_of(rmdir(path.text));
}

static int
make_symlink_in(const struct world *world, const struct attempt *attempt)
{
	struct path path = path_of(text_of(world, attempt), "made-by-a-rotator");

	return symlink("host.key", path.text) != 0 ? errno : code_of(unlink(path.text));
}

/* A socket's file in place of the server's. */
static int
make_node_in(const struct world *world, const struct attempt *attempt)
{
	struct path path = path_of(text_of(world, attempt), "made-by-a-rotator");

	return mknod(path.text, S_IFIFO | 0600, 0) != 0 ? errno : code_of(unlink(path.text));
}

static int
unlink_spare(const struct world *world, const struct attempt *attempt)
{
	const char *path = text_of(world, attempt);

	return unlink(path) != 0 ? errno : open_it(path, O_WRONLY | O_CREAT | O_EXCL);
}

/* The file is empty: opened so it would have been emptied. */
static int
truncate_by_reading(const struct world *world, const struct attempt *attempt)
{
	return open_it(text_of(world, attempt), O_RDONLY | O_TRUNC);
}

/* Files of the host itself.  A mark stays: the driver looks whether it is where everybody sees it, and removes it. */
static int
leave_mark(const struct world *world, const struct attempt *attempt)
{
	return open_it(PATH(attempt->mark, world->texts[WORLD_MARK]), O_WRONLY | O_CREAT | O_EXCL);
}

static int
read_shadow(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return open_it("/etc/shadow", O_RDONLY);
}

static int
list_root_home(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return list_folder("/root");
}

static int
list_homes(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return list_folder("/home");
}

static int
list_run(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return list_folder("/run");
}

static int
list_top(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return list_folder("/");
}

#define OF_FILE(slug, file)                                                                        \
	{"read_" slug, "what stands in it", read_it, file},                                        \
	    {"write_" slug, "other bytes in it", write_it, file},                                  \
	    {"truncate_" slug, "nothing in it", truncate_it, file},                                \
	    {"chmod_" slug, "everybody reads it", chmod_it, file},                                 \
	    {"chown_" slug, "another one's file", chown_it, file},                                 \
	    {"rename_" slug, "another file in its place", rename_it, file},                        \
	    {"link_" slug, "a second name", link_it, file},                                        \
	    {"utime_" slug, "another age", touch_it, file},                                        \
	    {"setxattr_" slug, "a mark on it", set_attribute, file, .absent = EOPNOTSUPP},         \
	    {"stat_" slug, "its size and age", see_it, file, ATTEMPT_SEES},                        \
	{                                                                                          \
		"listxattr_" slug, "its attributes", list_attributes, file, ATTEMPT_SEES,          \
		    .absent = EOPNOTSUPP                                                           \
	}

static const struct attempt rows[] = {
    OF_FILE("host_key", WORLD_HOST_KEY),
    OF_FILE("escrow", WORLD_ESCROW),
    OF_FILE("anchor", WORLD_ANCHOR),
    OF_FILE("database", WORLD_DATABASE),
    OF_FILE("configuration", WORLD_CONFIGURATION),
    OF_FILE("copy", WORLD_COPY),
    {"list_vault", "what is there", list_it, WORLD_VAULT},
    {"chdir_vault", "to be there", enter_it, WORLD_VAULT, ATTEMPT_SEES},
    {"watch_vault", "when something changes there", watch_it, WORLD_VAULT},
    {"watch_host_key", "when it is read", watch_it, WORLD_HOST_KEY},
    {"make_file_in_vault", "a file more", make_file_in, WORLD_VAULT},
    {"make_folder_in_vault", "a folder more", make_folder_in, WORLD_VAULT},
    {"symlink_in_vault", "another way to a file", make_symlink_in, WORLD_VAULT},
    {"mknod_in_vault", "a pipe where a file is expected", make_node_in, WORLD_VAULT},
    {"chmod_vault", "everybody enters it", chmod_folder, WORLD_VAULT},
    {"rename_vault", "another vault in its place", rename_it, WORLD_VAULT},
    {"unlink_in_vault", "a file less", unlink_spare, WORLD_SPARE},
    {"truncate_vault_by_open_for_reading", "nothing in it", truncate_by_reading, WORLD_SPARE},
    {"truncate_shown_by_open_for_reading", "nothing in a file that is shown for reading",
        truncate_by_reading, WORLD_SHOWN_EMPTY},
    {"truncate_shown", "likewise", truncate_it, WORLD_SHOWN_EMPTY},
    {"chmod_shown", "everybody writes it", chmod_it, WORLD_SHOWN_EMPTY},
    {"write_shown", "other bytes in it", write_it, WORLD_SHOWN_EMPTY},
    {"make_file_in_shown", "a file more", make_file_in, WORLD_SHOWN},
    {"leave_mark_in_etc", "settings of the host", leave_mark, .mark = "/etc"},
    {"leave_mark_in_cron", "to run again", leave_mark, .mark = "/etc/cron.d", .absent = ENOENT},
    {"leave_mark_in_usr", "programs of the host", leave_mark, .mark = "/usr/bin"},
    {"leave_mark_in_var_tmp", "what others find there", leave_mark, .mark = "/var/tmp"},
    {"leave_mark_in_tmp", "what others find there", leave_mark, .mark = "/tmp"},
    {"leave_mark_in_dev_shm", "what others find there", leave_mark, .mark = "/dev/shm"},
    {"leave_mark_in_run", "what others find there", leave_mark, .mark = "/run"},
    {"leave_mark_at_top", "a folder's name of the host", leave_mark, .mark = "/."},
    {"read_shadow", "everybody's password", read_shadow},
    {"list_root_home", "what is in /root", list_root_home},
    {"list_homes", "who works here", list_homes, .kind = ATTEMPT_SEES},
    {"list_run", "what runs here", list_run, .kind = ATTEMPT_SEES},
    {"list_top", "what is here", list_top, .kind = ATTEMPT_SEES},
};

struct attempts
attempts_files(void)
{
	return (struct attempts){rows, ARRAY_SIZE(rows)};
}
