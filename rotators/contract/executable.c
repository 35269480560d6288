/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/contract/executable.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"

static enum err_code
check_file(const char *path, int fd, struct err *err)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return err_errno(err, ERR_IO, errno, "looking at %s", path);
	if (!S_ISREG(status.st_mode))
		return err_set(err, ERR_REFUSED, "%s is not a plain file", path);
	if (status.st_uid != 0 && status.st_uid != geteuid())
		return err_set(err, ERR_REFUSED,
		    "%s belongs to user %u: a program that gets credentials must belong to root or "
		    "to us; check where it came from, then chown it",
		    path, (unsigned)status.st_uid);
	if ((status.st_mode & 022) != 0)
		return err_set(err, ERR_REFUSED,
		    "%s can be written by others: chmod go-w it, after checking what it is", path);
	return ERR_OK;
}

static enum err_code
check_executable(const char *path, int fd, struct err *err)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return err_errno(err, ERR_IO, errno, "looking at %s", path);
	if ((status.st_mode & 0111) == 0)
		return err_set(err, ERR_REFUSED, "%s is not an executable file", path);
	return ERR_OK;
}

static enum err_code
open_file(const char *path, int *ret_fd, struct err *err)
{
	FD fd = -1;

	if (path[0] != '/')
		return err_set(err, ERR_INVALID, "\"%s\" is not an absolute path", path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "there is no %s", path);
	if (fd < 0 && errno == ELOOP)
		return err_set(err, ERR_REFUSED, "%s is a symbolic link: name the file itself",
		    path);
	if (fd < 0)
		return err_errno(err, ERR_IO, errno, "opening %s", path);
	TRY(check_file(path, fd, err));
	*ret_fd = fd;
	fd = -1;
	return ERR_OK;
}

static enum err_code
read_file(const char *path, int fd, size_t max, struct buf *ret_content, struct err *err)
{
	uint8_t block[16384];
	ssize_t got;

	while ((got = read(fd, block, sizeof(block))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, ERR_IO, errno, "reading %s", path);
		buf_bytes(ret_content, view_of(block, (size_t)got));
		if (ret_content->size > max)
			return err_set(err, ERR_REFUSED, "%s is larger than %zu KiB", path,
			    max / 1024);
	}
	return buf_check(ret_content, err);
}

enum err_code
executable_open(const char *path, int *ret_fd, struct digest *ret_hash, struct err *err)
{
	FD fd = -1;
	BUF content = {0};

	TRY(open_file(path, &fd, err));
	TRY(check_executable(path, fd, err));
	TRY(read_file(path, fd, EXECUTABLE_MAX, &content, err));
	TRY(sha256_one(buf_view(&content), ret_hash, err));
	*ret_fd = fd;
	fd = -1;
	return ERR_OK;
}

enum err_code
executable_beside(const char *path, size_t max, struct buf *ret_text, struct err *err)
{
	FD fd = -1;

	TRY(open_file(path, &fd, err));
	return read_file(path, fd, max, ret_text, err);
}
