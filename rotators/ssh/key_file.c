/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/ssh/key_file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/process.h"
#include "base/random.h"
#include "base/text.h"
#include "rotators/ssh/key_attributes.h"

enum { LEFT_SECONDS = 7200 };

static void
closedirp(DIR **folder)
{
	if (*folder != NULL)
		(void)closedir(*folder);
}

void
key_file_done(struct key_file *file)
{
	fd_closep(&file->folder);
	fd_closep(&file->file);
	buf_done(&file->content);
}

/* What the account could lead us to must be what it could change itself: its own, in a folder of its own. */
static enum err_code
check_owner(const struct key_path *way, const char *what, const struct stat *status, uid_t owner,
    struct err *err)
{
	if (status->st_uid != owner && status->st_uid != 0)
		return err_set(err, ERR_REFUSED,
		    "%s belongs to user %u, neither to the account nor to root: nothing was "
		    "changed",
		    what, (unsigned)status->st_uid);
	if (status->st_uid != owner && way->through_links)
		return err_set(err, ERR_REFUSED,
		    "%s belongs to root, not to the account, and a symbolic link leads there that the account "
		    "could have made: nothing was changed; name the file itself, or have root make the link in a folder "
		    "that only root may write",
		    what);
	return ERR_OK;
}

static enum err_code
check_closed(const char *what, const struct stat *status, struct err *err)
{
	bool sticky_folder = S_ISDIR(status->st_mode) && (status->st_mode & S_ISVTX) != 0;

	if ((status->st_mode & 022) != 0 && !sticky_folder)
		return err_set(err, ERR_REFUSED,
		    "%s can be written by other users (mode %04o): close it with chmod go-w; "
		    "nothing was changed",
		    what, (unsigned)status->st_mode & 07777);
	return ERR_OK;
}

/* What is wrong with it goes to ALL; an error ends the questions. */
static enum err_code
open_folder(const struct key_path *way, uid_t owner, struct key_file *file, struct err *all,
    struct err *err)
{
	char path[sizeof(way->path)], folder[KEY_PATH_QUOTED];
	struct stat status;

	memcpy(path, way->path, sizeof(path));
	strrchr(path, '/')[1] = '\0';
	key_path_quote(path, folder);
	file->folder = openat(way->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file->folder < 0 || fstat(file->folder, &status) != 0)
		return err_errno(err, ERR_IO, errno, "opening %s", folder);
	err_gather(all, check_owner(way, folder, &status, owner, err), err);
	err_gather(all, check_closed(folder, &status, err), err);
	return ERR_OK;
}

static enum err_code
check_size(const struct key_file *file, size_t size, size_t max, struct err *err)
{
	if (size > max)
		return err_set(err, ERR_INVALID, "%s is larger than %zu KiB", file->path,
		    max / 1024);
	return ERR_OK;
}

static enum err_code
check_links(const struct key_file *file, struct err *err)
{
	if (file->status.st_nlink != 1)
		return err_set(err, ERR_REFUSED,
		    "%s has other hard links, which would keep the old key: nothing was changed",
		    file->path);
	return ERR_OK;
}

/* What is wrong with it goes to ALL; an error ends the questions. */
static enum err_code
check_file(struct key_file *file, const struct key_path *way, uid_t owner, size_t max,
    struct err *all, struct err *err)
{
	const struct stat *status = &file->status;

	if (fstat(file->file, &file->status) != 0)
		return err_errno(err, ERR_IO, errno, "looking at %s", file->path);
	if (!S_ISREG(status->st_mode))
		return err_set(err, ERR_REFUSED, "%s is not a regular file", file->path);
	err_gather(all, check_links(file, err), err);
	err_gather(all, check_size(file, (size_t)status->st_size, max, err), err);
	err_gather(all, check_owner(way, file->path, status, owner, err), err);
	err_gather(all, check_closed(file->path, status, err), err);
	return ERR_OK;
}

static enum err_code
read_content(struct key_file *file, int fd, size_t max, struct err *err)
{
	uint8_t block[8192];
	ssize_t got;

	while ((got = read(fd, block, sizeof(block))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, ERR_IO, errno, "reading %s", file->path);
		buf_bytes(&file->content, view_of(block, (size_t)got));
		TRY(check_size(file, file->content.size, max, err));
	}
	return buf_check(&file->content, err);
}

/* FILE, on descriptors, where nothing is wrong. */
static enum err_code
open_file(struct key_file *file, const struct key_path *way, uid_t owner, size_t max,
    struct err *all, struct err *err)
{
	TRY(open_folder(way, owner, file, all, err));
	file->file =
	    openat(file->folder, way->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file->file < 0)
		return err_errno(err, ERR_IO, errno, "opening %s", file->path);
	return check_file(file, way, owner, max, all, err);
}

enum err_code
key_file_read(const char *path, uid_t owner, size_t max, struct key_file *ret_file, struct err *err)
{
	KEY_FILE file = KEY_FILE_NONE;
	KEY_PATH way = {.folder = -1};
	struct err all = {0}, one;

	TRY(key_path_walk(path, owner, &way, err));
	key_path_quote(way.path, file.path);
	memcpy(file.name, way.name, sizeof(file.name));
	err_gather(&all, open_file(&file, &way, owner, max, &all, &one), &one);
	TRY(err_gathered(&all, err));
	TRY(read_content(&file, file.file, max, err));
	*ret_file = file;
	file = (struct key_file)KEY_FILE_NONE;
	return ERR_OK;
}

/* --- May it be replaced? ------------------------------------------------------------------ */

/* What no right is enough to replace.  Not every file system knows such flags. */
static enum err_code
check_flags(const char *what, const char *path, int fd, struct err *err)
{
	int flags = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 &&
	    (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0)
		return err_set(err, ERR_REFUSED,
		    "%s%s is %s, so that the file cannot be replaced (chattr -%c); nothing was changed",
		    what, path, (flags & FS_IMMUTABLE_FL) != 0 ? "immutable" : "append-only",
		    (flags & FS_IMMUTABLE_FL) != 0 ? 'i' : 'a');
	return ERR_OK;
}

enum err_code
key_file_check_place(const struct key_file *file, struct err *err)
{
	struct err all = {0}, one;

	err_gather(&all, check_flags("the folder of ", file->path, file->folder, &one), &one);
	err_gather(&all, check_flags("", file->path, file->file, &one), &one);
	if (all.code == ERR_OK && faccessat(file->folder, ".", W_OK, AT_EACCESS) != 0)
		return err_set(err, ERR_REFUSED,
		    "no new file can be made beside %s (%s); nothing was changed", file->path,
		    strerror(errno));
	return err_gathered(&all, err);
}

/* --- What others left --------------------------------------------------------------------- */

static bool
is_hex(const char *text, size_t size)
{
	return strspn(text, "0123456789abcdef") >= size;
}

/* As mktemp makes them, too. */
static bool
is_random(const char *text)
{
	size_t size = 0;

	while (isascii(text[size]) && isalnum((unsigned char)text[size]))
		size++;
	return text[size] == '\0' && size == KEY_FILE_RANDOM;
}

static bool
is_draft(const char *name)
{
	static const char prefix[] = KEY_FILE_PREFIX;
	size_t tag = sizeof(prefix) - 1, random = tag + KEY_FILE_TAG + 1;

	return strlen(name) == random + KEY_FILE_RANDOM && strncmp(name, prefix, tag) == 0 &&
	    is_hex(name + tag, KEY_FILE_TAG) && name[random - 1] == '-' && is_random(name + random);
}

/* Whoever else may write in the folder gets nothing removed that is not ours: a regular file of this process's user or
 * the account's, under one name. */
static bool
is_left(const struct key_file *file, const char *name, const char *tag)
{
	struct stat status;
	struct timespec now;

	if (!is_draft(name) || clock_gettime(CLOCK_REALTIME, &now) != 0 ||
	    fstatat(file->folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	if (!S_ISREG(status.st_mode) || status.st_nlink != 1 ||
	    (status.st_uid != geteuid() && status.st_uid != file->status.st_uid))
		return false;
	return strncmp(name + sizeof(KEY_FILE_PREFIX) - 1, tag, KEY_FILE_TAG) == 0 ||
	    status.st_ctim.tv_sec < now.tv_sec - LEFT_SECONDS;
}

/* As far as it goes: what stays does no harm. */
static void
remove_left(const struct key_file *file, const char *tag)
{
	int fd = openat(file->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(closedirp) DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (folder == NULL) {
		fd_closep(&fd);
		return;
	}
	while ((entry = readdir(folder)) != NULL)
		if (is_left(file, entry->d_name, tag))
			(void)unlinkat(file->folder, entry->d_name, 0);
}

/* --- Replacing ---------------------------------------------------------------------------- */

/* A temporary file; unlinked when it leaves the scope unless it was renamed. */
struct draft {
	int folder; /* not owned; -1: nothing to unlink */
	int fd;
	char name[80];
};

static void
draft_done(struct draft *draft)
{
	fd_closep(&draft->fd);
	if (draft->folder >= 0)
		(void)unlinkat(draft->folder, draft->name, 0);
}

static enum err_code
make_draft(const struct key_file *file, const char *tag, struct draft *draft, struct err *err)
{
	uint8_t random[KEY_FILE_RANDOM / 2];
	char hex[2 * sizeof(random) + 1];

	TRY(random_bytes(random, sizeof(random), err));
	text_hex(VIEW_OF(random), hex);
	(void)snprintf(draft->name, sizeof(draft->name), KEY_FILE_PREFIX "%.*s-%s", KEY_FILE_TAG,
	    tag, hex);
	draft->fd = openat(file->folder, draft->name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (draft->fd < 0)
		return err_errno(err, ERR_IO, errno, "making a new file beside %s", file->path);
	draft->folder = file->folder;
	return ERR_OK;
}

/* The mode comes last: lists and owners change it. */
static enum err_code
dress_draft(const struct key_file *file, const struct draft *draft, struct err *err)
{
	const struct stat *old = &file->status;
	struct stat new;

	if (fchown(draft->fd, old->st_uid, old->st_gid) != 0)
		return err_errno(err, ERR_IO, errno,
		    "giving the new %s its owner; the old one stands", file->path);
	TRY(key_attributes_copy(file->file, draft->fd, file->path, err));
	if (fchmod(draft->fd, old->st_mode & 07777) != 0 || fstat(draft->fd, &new) != 0)
		return err_errno(err, ERR_IO, errno,
		    "giving the new %s its mode; the old one stands", file->path);
	if (new.st_uid != old->st_uid || new.st_gid != old->st_gid || new.st_mode != old->st_mode)
		return err_set(err, ERR_IO,
		    "the new %s did not get the owner and mode of the old one, which stands",
		    file->path);
	return ERR_OK;
}

static enum err_code
fill_draft(const struct key_file *file, const struct draft *draft, struct view content,
    struct err *err)
{
	if (fd_write(draft->fd, content, -1, err) != ERR_OK)
		return err_add(err, "writing the new %s; the old one stands", file->path);
	TRY(dress_draft(file, draft, err));
	if (fsync(draft->fd) != 0)
		return err_errno(err, ERR_IO, errno, "writing the new %s; the old one stands",
		    file->path);
	return ERR_OK;
}

static bool
is_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* Of a new owner, mode, list or link only the time of change tells. */
static enum err_code
check_unchanged(const struct key_file *file, struct err *err)
{
	const struct stat *old = &file->status;
	struct stat now;

	if (fstatat(file->folder, file->name, &now, AT_SYMLINK_NOFOLLOW) != 0)
		return err_errno(err, ERR_IO, errno, "looking at %s again", file->path);
	if (now.st_ino != old->st_ino || now.st_dev != old->st_dev || now.st_size != old->st_size ||
	    !is_same_time(now.st_mtim, old->st_mtim) || !is_same_time(now.st_ctim, old->st_ctim))
		return err_set(err, ERR_BUSY,
		    "%s was changed by somebody else at this moment; nothing was written, try "
		    "again",
		    file->path);
	return ERR_OK;
}

enum err_code
key_file_replace(const struct key_file *file, const char *tag, struct view content, struct err *err)
{
	CLEANUP(draft_done) struct draft draft = {.folder = -1, .fd = -1};

	remove_left(file, tag);
	TRY(make_draft(file, tag, &draft, err));
	TRY(fill_draft(file, &draft, content, err));
	TRY(check_unchanged(file, err));
	if (renameat(file->folder, draft.name, file->folder, file->name) != 0)
		return err_errno(err, ERR_IO, errno, "putting the new %s in place", file->path);
	draft.folder = -1;
	if (fsync(file->folder) != 0)
		return err_set(err, ERR_TARGET_UNKNOWN,
		    "%s was replaced, but the disk did not confirm it: %s", file->path,
		    strerror(errno));
	return ERR_OK;
}
