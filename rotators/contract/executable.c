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
	if (!S_ISREG(status.st_mode) || (status.st_mode & 0111) == 0)
		return err_set(err, ERR_REFUSED, "%s is not an executable file", path);
	if (status.st_uid != 0 && status.st_uid != geteuid())
		return err_set(err, ERR_REFUSED,
		    "%s belongs to user %u: a program that gets credentials must belong to root or "
		    "to us; check where it came from, then chown it",
		    path, (unsigned)status.st_uid);
	if ((status.st_mode & 022) != 0)
		return err_set(err, ERR_REFUSED,
		    "%s can be written by others: chmod go-w it, after checking what it is", path);
	if (status.st_size > EXECUTABLE_MAX)
		return err_set(err, ERR_REFUSED, "%s is larger than %d MiB", path,
		    EXECUTABLE_MAX / (1024 * 1024));
	return ERR_OK;
}

static enum err_code
hash_file(const char *path, int fd, struct digest *ret_hash, struct err *err)
{
	BUF content = {0};
	uint8_t block[16384];
	ssize_t got;

	while ((got = read(fd, block, sizeof(block))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, ERR_IO, errno, "reading %s", path);
		buf_bytes(&content, view_of(block, (size_t)got));
		if (content.size > EXECUTABLE_MAX)
			return err_set(err, ERR_REFUSED, "%s grows while it is read", path);
	}
	TRY(buf_check(&content, err));
	return sha256_one(buf_view(&content), ret_hash, err);
}

enum err_code
executable_open(const char *path, int *ret_fd, struct digest *ret_hash, struct err *err)
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
	TRY(hash_file(path, fd, ret_hash, err));
	*ret_fd = fd;
	fd = -1;
	return ERR_OK;
}
