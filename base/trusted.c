/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"

enum { PATH_SIZE = 4096, LINKS = 16 };

/* FOLDER is open, at the path SO_FAR; LEFT is what comes behind it. */
struct walk {
	const char *path;
	int folder;
	char so_far[PATH_SIZE], left[PATH_SIZE];
	unsigned links;
	bool anybody; /* folders may be anybody's: only links count */
	bool foreign; /* somebody else can make links in the folder */
};

static bool
is_ours(const struct stat *status)
{
	return status->st_uid == 0 || status->st_uid == geteuid();
}

static enum err_code
say_owner(const char *what, const struct stat *status, struct err *err)
{
	return err_set(err, ERR_REFUSED,
	    "%s belongs to user %u: whoever gets credentials must belong to root%s; check where it "
	    "came from, then chown it",
	    what, (unsigned)status->st_uid, geteuid() == 0 ? "" : " or to us");
}

static enum err_code
say_writable(const char *what, struct err *err)
{
	return err_set(err, ERR_REFUSED,
	    "%s can be written by others: chmod go-w it, after checking what is there", what);
}

static enum err_code
say_errno(const struct walk *walk, int number, struct err *err)
{
	if (number == ENOENT || number == ENOTDIR)
		return err_set(err, ERR_NOT_FOUND, "there is no %s", walk->path);
	return err_errno(err, ERR_IO, number, "opening %s", walk->path);
}

static enum err_code
check_folder(struct walk *walk, struct err *err)
{
	const char *name = walk->so_far[0] != '\0' ? walk->so_far : "/";
	struct stat status;

	if (fstat(walk->folder, &status) != 0)
		return err_errno(err, ERR_IO, errno, "looking at %s", name);
	walk->foreign = !is_ours(&status) || (status.st_mode & 022) != 0;
	if (walk->anybody)
		return ERR_OK;
	if (!is_ours(&status))
		return say_owner(name, &status, err);
	if ((status.st_mode & 022) != 0 && (status.st_mode & S_ISVTX) == 0)
		return say_writable(name, err);
	return ERR_OK;
}

/* The first part of what is left. */
static enum err_code
take_part(struct walk *walk, char ret_part[NAME_MAX + 1], struct err *err)
{
	size_t skip = strspn(walk->left, "/"), size = strcspn(walk->left + skip, "/");

	if (size == 0 || size > NAME_MAX)
		return err_set(err, ERR_INVALID, "%s is not the path of a file", walk->path);
	memcpy(ret_part, walk->left + skip, size);
	ret_part[size] = '\0';
	memmove(walk->left, walk->left + skip + size, strlen(walk->left + skip + size) + 1);
	return ERR_OK;
}

static enum err_code
say_too_long(const struct walk *walk, struct err *err)
{
	return err_set(err, ERR_INVALID, "%s is too long, or leads through too many links",
	    walk->path);
}

static enum err_code
go_to_root(struct walk *walk, struct err *err)
{
	fd_closep(&walk->folder);
	walk->folder = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (walk->folder < 0)
		return say_errno(walk, errno, err);
	walk->so_far[0] = '\0';
	return check_folder(walk, err);
}

/* LINK, open, is PART of the folder: where it leads is left, too. */
static enum err_code
follow(struct walk *walk, const char *part, int link, const struct stat *status, struct err *err)
{
	char target[PATH_SIZE], left[PATH_SIZE];
	ssize_t size = readlinkat(link, "", target, sizeof(target) - 1);

	if (size < 0)
		return say_errno(walk, errno, err);
	if (!is_ours(status) || (walk->anybody && walk->foreign)) {
		(void)snprintf(left, sizeof(left), "the link %.2000s/%.255s", walk->so_far, part);
		return say_owner(left, status, err);
	}
	target[size] = '\0';
	if (++walk->links > LINKS ||
	    (size_t)snprintf(left, sizeof(left), "%s/%s", target, walk->left) >= sizeof(left))
		return say_too_long(walk, err);
	memcpy(walk->left, left, sizeof(left));
	return target[0] == '/' ? go_to_root(walk, err) : ERR_OK;
}

static enum err_code
enter(struct walk *walk, const char *part, struct err *err)
{
	size_t at = strlen(walk->so_far);
	FD next = openat(walk->folder, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (next < 0 || fstat(next, &status) != 0)
		return say_errno(walk, errno, err);
	if (S_ISLNK(status.st_mode))
		return follow(walk, part, next, &status, err);
	if (!S_ISDIR(status.st_mode))
		return say_errno(walk, ENOTDIR, err);
	if (strcmp(part, "..") == 0) /* no link leads to SO_FAR */
		walk->so_far[at > 0 ? strrchr(walk->so_far, '/') - walk->so_far : 0] = '\0';
	else if ((size_t)snprintf(walk->so_far + at, PATH_SIZE - at, "/%s", part) >= PATH_SIZE - at)
		return say_too_long(walk, err);
	fd_closep(&walk->folder);
	walk->folder = next;
	next = -1;
	return check_folder(walk, err);
}

static enum err_code
check_file(const char *path, int fd, struct err *err)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return err_errno(err, ERR_IO, errno, "looking at %s", path);
	if (!S_ISREG(status.st_mode))
		return err_set(err, ERR_REFUSED, "%s is not a plain file", path);
	if (!is_ours(&status))
		return say_owner(path, &status, err);
	return (status.st_mode & 022) != 0 ? say_writable(path, err) : ERR_OK;
}

static void
walk_done(struct walk *walk)
{
	fd_closep(&walk->folder);
}

enum err_code
trusted_open(const char *path, int *ret_fd, struct err *err)
{
	CLEANUP(walk_done) struct walk walk = {.path = path, .folder = -1};
	char part[NAME_MAX + 1];
	FD fd = -1;

	if (path[0] != '/')
		return err_set(err, ERR_INVALID, "\"%s\" is not an absolute path", path);
	if ((size_t)snprintf(walk.left, sizeof(walk.left), "%s", path) >= sizeof(walk.left))
		return say_too_long(&walk, err);
	TRY(go_to_root(&walk, err));
	TRY(take_part(&walk, part, err));
	while (strspn(walk.left, "/") < strlen(walk.left)) {
		if (strcmp(part, ".") != 0)
			TRY(enter(&walk, part, err));
		TRY(take_part(&walk, part, err));
	}
	fd = openat(walk.folder, part, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ELOOP)
		return err_set(err, ERR_REFUSED, "%s is a symbolic link: name the file itself",
		    path);
	if (fd < 0)
		return say_errno(&walk, errno, err);
	TRY(check_file(path, fd, err));
	*ret_fd = fd;
	fd = -1;
	return ERR_OK;
}

/* The last part, too, may be a link. */
enum err_code
trusted_reach(const char *path, int *ret_fd, char ret_path[4096], struct err *err)
{
	CLEANUP(walk_done) struct walk walk = {.path = path, .folder = -1, .anybody = true};
	char part[NAME_MAX + 1];
	struct stat status;
	FD fd = -1;

	if (path[0] != '/')
		return err_set(err, ERR_INVALID, "\"%s\" is not an absolute path", path);
	if ((size_t)snprintf(walk.left, sizeof(walk.left), "%s", path) >= sizeof(walk.left))
		return say_too_long(&walk, err);
	TRY(go_to_root(&walk, err));
	for (;;) {
		TRY(take_part(&walk, part, err));
		fd = openat(walk.folder, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &status) != 0)
			return say_errno(&walk, errno, err);
		if (!S_ISLNK(status.st_mode) && strspn(walk.left, "/") == strlen(walk.left))
			break;
		fd_closep(&fd);
		if (strcmp(part, ".") != 0)
			TRY(enter(&walk, part, err));
	}
	size_t size = strlen(walk.so_far);

	if (size + 1 + strlen(part) >= PATH_SIZE)
		return say_too_long(&walk, err);
	memcpy(ret_path, walk.so_far, size);
	(void)snprintf(ret_path + size, PATH_SIZE - size, "/%s", part);
	*ret_fd = fd;
	fd = -1;
	return ERR_OK;
}
