/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/contract/executable.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "base/trusted.h"

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

	TRY(trusted_open(path, &fd, err));
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

	TRY(trusted_open(path, &fd, err));
	return read_file(path, fd, max, ret_text, err);
}
