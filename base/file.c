/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing: .NAME.tmp.PID in the folder of PATH -> write -> fsync -> rename -> fsync the folder.
 * All steps work on an open folder, so that a folder that is moved meanwhile changes nothing.
 * A failed fsync is never repeated: the kernel may have dropped the pages and report success.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"

/* A path taken apart: its folder, open, and the last name in it. */
struct place {
	int folder;
	const char *path;
	char name[NAME_MAX + 1];
};

static void
place_done(struct place *place)
{
	fd_closep(&place->folder);
}

#define PLACE CLEANUP(place_done) struct place

static enum err_code
fail(struct err *err, int error_number, const char *doing, const char *path)
{
	switch (error_number) {
	case ENOENT:
		return err_set(err, ERR_NOT_FOUND, "%s does not exist", path);
	case EEXIST:
		return err_set(err, ERR_EXISTS, "%s exists already", path);
	case ELOOP:
		return err_set(err, ERR_REFUSED,
		    "%s is a symbolic link; name the file that it leads to", path);
	default:
		return err_errno(err, ERR_IO, error_number, "cannot %s %s", doing, path);
	}
}

static enum err_code
place_open(const char *path, struct place *ret_place, struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	char folder[PATH_MAX] = ".";
	int fd;

	if (strlen(path) >= PATH_MAX || strlen(name) > NAME_MAX || *name == '\0')
		return err_set(err, ERR_INVALID, "%s is no path of a file", path);
	if (slash != NULL)
		snprintf(folder, sizeof(folder), "%.*s", slash > path ? (int)(slash - path) : 1,
		    path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(err, errno, "open", folder);
	ret_place->folder = fd;
	ret_place->path = path;
	memcpy(ret_place->name, name, strlen(name) + 1);
	return ERR_OK;
}

/* Open a regular file.  Not blocking: the path may be a pipe that nobody writes to. */
static enum err_code
open_regular(const char *path, int *ret_fd, struct stat *ret_status, struct err *err)
{
	FD fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, ret_status) != 0)
		return fail(err, errno, "open", path);
	if (!S_ISREG(ret_status->st_mode))
		return err_set(err, ERR_REFUSED, "%s is not a regular file", path);
	*ret_fd = fd;
	fd = -1;
	return ERR_OK;
}

static enum err_code
too_large(const char *path, size_t max, struct err *err)
{
	return err_set(err, ERR_INVALID, "%s is larger than %zu bytes", path, max);
}

enum err_code
file_read(const char *path, size_t max, struct buf *ret_bytes, struct err *err)
{
	struct stat status;
	BUF bytes = {0};
	FD fd = -1;

	TRY(open_regular(path, &fd, &status, err));
	for (;;) {
		uint8_t chunk[16384];
		ssize_t got = read(fd, chunk, sizeof(chunk));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(err, errno, "read", path);
		if (got == 0)
			break;
		if ((size_t)got > max - bytes.size)
			return too_large(path, max, err);
		buf_bytes(&bytes, view_of(chunk, (size_t)got));
		TRY(buf_check(&bytes, err));
	}
	buf_bytes(ret_bytes, buf_view(&bytes));
	return buf_check(ret_bytes, err);
}

enum err_code
file_read_secret(const char *path, size_t max, struct secret **ret_bytes, struct err *err)
{
	SECRET *bytes = NULL;
	struct stat status;
	FD fd = -1;

	TRY(open_regular(path, &fd, &status, err));
	if (status.st_uid != geteuid() && status.st_uid != 0)
		return err_set(err, ERR_REFUSED, "%s belongs to another user", path);
	if ((status.st_mode & 077) != 0)
		return err_set(err, ERR_REFUSED,
		    "%s is open to other users (mode %04o); its secret may be known to them; chmod 600 it first",
		    path, status.st_mode & 07777);
	if ((uint64_t)status.st_size > max)
		return too_large(path, max, err);
	TRY(secret_new(status.st_size > 0 ? (size_t)status.st_size : 1, &bytes, err));
	if (secret_read_fd(bytes, fd, err) != ERR_OK)
		return err_add(err, "%s", path);
	*ret_bytes = TAKE(bytes);
	return ERR_OK;
}

static enum err_code
write_all(int fd, struct view bytes, const char *path, struct err *err)
{
	while (bytes.size > 0) {
		ssize_t put = write(fd, bytes.data, bytes.size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return fail(err, put < 0 ? errno : EIO, "write", path);
		bytes.data += put;
		bytes.size -= (size_t)put;
	}
	return ERR_OK;
}

/* Make TEMPORARY in the folder.  One that is there is left from a dead process with our number. */
static enum err_code
write_temporary(const struct place *place, const char *temporary, struct view bytes, mode_t mode,
    struct err *err)
{
	FD fd = -1;

	if (unlinkat(place->folder, temporary, 0) != 0 && errno != ENOENT)
		return fail(err, errno, "replace", place->path);
	fd = openat(place->folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd < 0)
		return fail(err, errno, "write", place->path);
	TRY(write_all(fd, bytes, place->path, err));
	if (fchmod(fd, mode) != 0 || fsync(fd) != 0)
		return fail(err, errno, "write", place->path);
	return ERR_OK;
}

static enum err_code
sync_folder(int folder, const char *path, struct err *err)
{
	if (fsync(folder) != 0)
		return err_errno(err, ERR_IO, errno, "cannot make %s durable", path);
	return ERR_OK;
}

/* FLAGS are renameat2's. */
static enum err_code
write_file(const char *path, struct view bytes, mode_t mode, unsigned flags, struct err *err)
{
	PLACE place = {.folder = -1};
	char temporary[NAME_MAX + 32];
	struct stat status;

	TRY(place_open(path, &place, err));
	snprintf(temporary, sizeof(temporary), ".%s.tmp.%ld", place.name, (long)getpid());
	if (fstatat(place.folder, place.name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISLNK(status.st_mode))
			return fail(err, ELOOP, "write", path);
		if (!S_ISREG(status.st_mode))
			return err_set(err, ERR_REFUSED, "%s is not a regular file", path);
	}
	if (write_temporary(&place, temporary, bytes, mode, err) != ERR_OK) {
		unlinkat(place.folder, temporary, 0);
		return err->code;
	}
	if (renameat2(place.folder, temporary, place.folder, place.name, flags) != 0) {
		fail(err, errno, "write", path);
		unlinkat(place.folder, temporary, 0);
		return err->code;
	}
	return sync_folder(place.folder, path, err);
}

enum err_code
file_write(const char *path, struct view bytes, mode_t mode, struct err *err)
{
	return write_file(path, bytes, mode, 0, err);
}

enum err_code
file_write_new(const char *path, struct view bytes, mode_t mode, struct err *err)
{
	return write_file(path, bytes, mode, RENAME_NOREPLACE, err);
}

enum err_code
file_rename(const char *path, const char *name, bool replace, struct err *err)
{
	PLACE place = {.folder = -1};

	TRY(place_open(path, &place, err));
	unsigned flags = replace ? 0 : RENAME_NOREPLACE;

	if (renameat2(place.folder, place.name, place.folder, name, flags) == 0)
		return sync_folder(place.folder, path, err);
	return errno == ENOENT ? ERR_OK : fail(err, errno, "rename", path);
}

/* SIZE zeros from the file's beginning. */
static enum err_code
write_zeros(int fd, off_t size, const char *path, struct err *err)
{
	static const uint8_t zeros[4096];

	while (size > 0) {
		size_t part = size < (off_t)sizeof(zeros) ? (size_t)size : sizeof(zeros);

		TRY(write_all(fd, view_of(zeros, part), path, err));
		size -= (off_t)part;
	}
	return ERR_OK;
}

enum err_code
file_erase(const char *path, struct err *err)
{
	PLACE place = {.folder = -1};
	struct stat status;
	FD fd = -1;

	TRY(place_open(path, &place, err));
	fd = openat(place.folder, place.name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return ERR_OK;
	if (fd < 0 || fstat(fd, &status) != 0)
		return fail(err, errno, "erase", path);
	if (!S_ISREG(status.st_mode))
		return err_set(err, ERR_REFUSED, "%s is not a regular file", path);
	TRY(write_zeros(fd, status.st_size, path, err));
	/* Two who erase the same at once: for the second it has gone. */
	if (fsync(fd) != 0 || (unlinkat(place.folder, place.name, 0) != 0 && errno != ENOENT))
		return fail(err, errno, "erase", path);
	return sync_folder(place.folder, path, err);
}

enum err_code
file_sync_folder(const char *path, struct err *err)
{
	FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail(err, errno, "open", path);
	return sync_folder(fd, path, err);
}

bool
file_exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

enum err_code
file_path(const char *folder, const char *name, char ret_path[4096], struct err *err)
{
	int size = snprintf(ret_path, PATH_MAX, "%s/%s", folder, name);

	if (size < 0 || size >= PATH_MAX)
		return err_set(err, ERR_INVALID, "the path %.200s/%.200s is too long", folder,
		    name);
	return ERR_OK;
}
