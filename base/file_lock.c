/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock is flock(2) on a file that is never removed: removing it would let two
 * processes lock two files of the same name.  The kernel drops the lock when its holder dies; the
 * holder's line in the file is for people only and may be stale while nobody holds the lock.
 */
#include "base/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/process.h"

enum { RETRY_MILLISECONDS = 20, HOLDER_MAX = 200 };

struct file_lock {
	int fd;
};

static enum err_code
say_busy(int fd, const char *path, struct err *err)
{
	char holder[HOLDER_MAX] = "";
	ssize_t size = pread(fd, holder, sizeof(holder) - 1, 0);

	holder[size > 0 ? size : 0] = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	return err_set(err, ERR_BUSY,
	    "%s is locked by another process (%s); try again when it is done", path,
	    holder[0] != '\0' ? holder : "it did not say which");
}

static enum err_code
wait_for_lock(int fd, const char *path, unsigned seconds, struct err *err)
{
	int64_t deadline = process_milliseconds() + (int64_t)seconds * 1000;
	const struct timespec pause = {.tv_nsec = RETRY_MILLISECONDS * 1000000L};

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(err, ERR_IO, errno, "cannot lock %s", path);
		if (process_milliseconds() >= deadline)
			return say_busy(fd, path, err);
		nanosleep(&pause, NULL);
	}
	return ERR_OK;
}

/* Always of the same length, and not written where it stands already: a file that is cut and written anew
 * costs as much as a tenth of a commit. */
static enum err_code
write_holder(int fd, const char *path, const char *command, struct err *err)
{
	char holder[HOLDER_MAX], present[HOLDER_MAX];
	int size = snprintf(holder, sizeof(holder), "%ld %.150s\n", (long)getpid(), command);

	memset(holder + size, '\n', sizeof(holder) - (size_t)size);
	if (pread(fd, present, sizeof(present), 0) == sizeof(present) &&
	    memcmp(holder, present, sizeof(holder)) == 0)
		return ERR_OK;
	if (pwrite(fd, holder, sizeof(holder), 0) != sizeof(holder))
		return err_errno(err, ERR_IO, errno, "cannot write %s", path);
	return ERR_OK;
}

enum err_code
file_lock(const char *path, const char *command, unsigned seconds, struct file_lock **ret_lock,
    struct err *err)
{
	FD fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct file_lock *lock;

	if (fd < 0)
		return err_errno(err, ERR_IO, errno, "cannot open %s", path);
	TRY(wait_for_lock(fd, path, seconds, err));
	TRY(write_holder(fd, path, command, err));
	lock = malloc(sizeof(*lock));
	if (lock == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a lock");
	lock->fd = fd;
	fd = -1;
	*ret_lock = lock;
	return ERR_OK;
}

void
file_unlock(struct file_lock *lock)
{
	if (lock == NULL)
		return;
	close(lock->fd);
	free(lock);
}
