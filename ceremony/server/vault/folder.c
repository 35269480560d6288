/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is judged is the open descriptor (O_PATH, never through a link), so that nothing is put in place
 * between the look and the judgement.  Access lists need no look of their own: what they grant to
 * others stands in the group's bits of the mode.  A file may vanish while we look: other sessions
 * write and erase.
 *
 * A writer that was killed leaves a temporary file, which may hold a key: the next session erases it.
 */
#include "ceremony/server/vault/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"

static const char *const folder_names[] = {"ceremony", "escrow"};
/* Files beside them; a journal or a database that is being made begins with the database's name. */
static const char *const file_names[] = {"anchor", "host.key", "vault.id", "lock", "due.lock",
    "due.note", "copy.lock"};
static const char database_name[] = "vault.db";

/* What the vault cannot be without. */
static const char put_back[] = "put the file back that was there, or a backup of the whole folder:";

enum { FAULTS_TOLD = 4, FAULTS_TEXT = 800 };

struct look {
	char text[FAULTS_TEXT];
	size_t faults, parts;
};

/* PATH as a word that a shell takes for it, whatever is in its name. */
static void
put_word(struct buf *text, const char *path)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";

	if (path[strspn(path, plain)] == '\0') {
		buf_text(text, path);
		return;
	}
	buf_text(text, "'");
	for (; *path != '\0'; path++)
		buf_format(text, *path == '\'' ? "'\\''" : "%c", *path);
	buf_text(text, "'");
}

static void
add_fault(struct look *look, const char *path, const char *what, const char *command)
{
	size_t size = strlen(look->text);
	BUF word = {0};

	if (look->faults++ >= FAULTS_TOLD)
		return;
	put_word(&word, path);
	snprintf(look->text + size, sizeof(look->text) - size, "%s%s %s (%s %s)",
	    size > 0 ? "; " : "", path, what, command, word.size > 0 ? buf_string(&word) : path);
}

static void
check_owner(struct look *look, const char *path, const struct stat *status)
{
	char what[64], command[64];

	if (status->st_uid == geteuid())
		return;
	snprintf(what, sizeof(what), "belongs to uid %u, not to ours", status->st_uid);
	snprintf(command, sizeof(command), "chown %u", geteuid());
	add_fault(look, path, what, command);
}

static void
check_mode(struct look *look, const char *path, const struct stat *status)
{
	char what[64];

	if ((status->st_mode & 077) == 0)
		return;
	snprintf(what, sizeof(what), "has mode %04o", status->st_mode & 07777);
	add_fault(look, path, what, S_ISDIR(status->st_mode) ? "chmod 700" : "chmod 600");
}

/* Does the vault end without it?  What else is in the way is removed. */
static bool
is_kept(const char *name)
{
	static const char *const kept[] = {"anchor", "host.key", "vault.id", "vault.db"};

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (strcmp(name, kept[i]) == 0)
			return true;
	return false;
}

static void
check_kind(struct look *look, const char *path, const char *name, const struct stat *status,
    mode_t kind)
{
	if (S_ISLNK(status->st_mode))
		add_fault(look, path, "is a symbolic link",
		    is_kept(name) ? put_back : "put there what it leads to, or: rm");
	else if ((status->st_mode & S_IFMT) != kind)
		add_fault(look, path, kind == S_IFDIR ? "is no folder" : "is no regular file",
		    is_kept(name)                ? put_back :
		        S_ISDIR(status->st_mode) ? "rm -r" :
		                                   "rm");
	else if (kind == S_IFREG && status->st_nlink > 1)
		add_fault(look, path, "has a second name elsewhere",
		    "remove the other, or put a copy in place of");
}

/* NAME in the open FOLDER at PATH; a name that is not there is no part. */
static enum err_code
look_at(struct look *look, int folder, const char *path, const char *name, mode_t kind,
    struct err *err)
{
	FD part = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	char part_path[4096];

	if (part < 0 && errno == ENOENT)
		return ERR_OK;
	TRY(file_path(path, name, part_path, err));
	if (part < 0 || fstat(part, &status) != 0)
		return err_errno(err, ERR_IO, errno, "cannot look at %s", part_path);
	look->parts++;
	check_kind(look, part_path, name, &status, kind);
	if (S_ISLNK(status.st_mode))
		return ERR_OK;
	check_owner(look, part_path, &status);
	check_mode(look, part_path, &status);
	return ERR_OK;
}

DESTRUCTOR(closedirp, DIR, closedir)
#define DIRECTORY CLEANUP(closedirp) DIR

static DIR *
open_at(int folder, const char *name)
{
	FD fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;

	if (directory != NULL)
		fd = -1; /* now the directory's */
	return directory;
}

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* A folder that is ours alone: all that is in it. */
static enum err_code
look_into(struct look *look, int folder, const char *path, const char *name, struct err *err)
{
	const struct dirent *entry;
	char part_path[4096];

	TRY(look_at(look, folder, path, name, S_IFDIR, err));
	DIRECTORY *directory = open_at(folder, name);
	if (directory == NULL) /* not there, no folder, or not for us: told by then */
		return ERR_OK;
	TRY(file_path(path, name, part_path, err));
	while ((entry = readdir(directory)) != NULL)
		if (!is_dots(entry->d_name))
			TRY(look_at(look, dirfd(directory), part_path, entry->d_name, S_IFREG,
			    err));
	return ERR_OK;
}

static enum err_code
look_at_parts(struct look *look, DIR *directory, const char *path, struct err *err)
{
	const struct dirent *entry;
	int folder = dirfd(directory);

	for (size_t i = 0; i < ARRAY_SIZE(file_names); i++)
		TRY(look_at(look, folder, path, file_names[i], S_IFREG, err));
	while ((entry = readdir(directory)) != NULL)
		if (strncmp(entry->d_name, database_name, sizeof(database_name) - 1) == 0)
			TRY(look_at(look, folder, path, entry->d_name, S_IFREG, err));
	for (size_t i = 0; i < ARRAY_SIZE(folder_names); i++)
		TRY(look_into(look, folder, path, folder_names[i], err));
	return ERR_OK;
}

static enum err_code
refuse(const struct look *look, struct err *err)
{
	char more[64] = "";

	if (look->faults > FAULTS_TOLD)
		snprintf(more, sizeof(more), "; and %zu more", look->faults - FAULTS_TOLD);
	return err_set(err, ERR_REFUSED,
	    "the vault's folder is not closed to others, who may have read or changed it: %s%s",
	    look->text, more);
}

enum err_code
folder_check(const char *folder, struct err *err)
{
	struct look look = {0};
	struct stat status;
	/* The folder itself may be named through a link: what it leads to is judged. */
	DIRECTORY *directory = opendir(folder);

	if (directory == NULL && errno == ENOENT)
		return ERR_OK;
	if (directory == NULL || fstat(dirfd(directory), &status) != 0)
		return err_errno(err, ERR_IO, errno, "cannot open the folder %s", folder);
	check_owner(&look, folder, &status);
	check_mode(&look, folder, &status);
	TRY(look_at_parts(&look, directory, folder, err));
	return look.parts > 0 && look.faults > 0 ? refuse(&look, err) : ERR_OK;
}

/* The mode is ours, not the umask's. */
static enum err_code
make_one(const char *path, struct err *err)
{
	bool made = mkdir(path, 0700) == 0;

	if ((!made && errno != EEXIST) || (made && chmod(path, 0700) != 0))
		return err_errno(err, ERR_IO, errno, "cannot make the folder %s", path);
	return ERR_OK;
}

enum err_code
folder_make(const char *folder, struct err *err)
{
	char path[4096];

	TRY(make_one(folder, err));
	for (size_t i = 0; i < ARRAY_SIZE(folder_names); i++) {
		TRY(file_path(folder, folder_names[i], path, err));
		TRY(make_one(path, err));
	}
	TRY(folder_check(folder, err));
	return file_sync_folder(folder, err);
}

/* Is NAME a temporary file of a process that is gone? */
static bool
is_leftover(const char *name)
{
	const char *mark = name[0] == '.' ? strstr(name, ".tmp.") : NULL;
	char *end;
	long pid;

	if (mark == NULL)
		return false;
	errno = 0;
	pid = strtol(mark + 5, &end, 10);
	if (errno != 0 || pid <= 0 || (*end != '\0' && *end != '.'))
		return false;
	return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static enum err_code
sweep_one(const char *folder, struct err *err)
{
	DIRECTORY *directory = opendir(folder);
	const struct dirent *entry;
	char path[4096];

	if (directory == NULL)
		return err_errno(err, ERR_IO, errno, "cannot read the folder %s", folder);
	while ((entry = readdir(directory)) != NULL) {
		if (!is_leftover(entry->d_name))
			continue;
		TRY(file_path(folder, entry->d_name, path, err));
		TRY(file_erase(path, err));
	}
	return ERR_OK;
}

enum err_code
folder_sweep(const char *folder, struct err *err)
{
	char path[4096];

	TRY(sweep_one(folder, err));
	for (size_t i = 0; i < ARRAY_SIZE(folder_names); i++) {
		TRY(file_path(folder, folder_names[i], path, err));
		TRY(sweep_one(path, err));
	}
	return ERR_OK;
}
