/* SPDX-License-Identifier: Apache-2.0 */
/*
 * REST is what is still to walk, beginning at FOLDER; a link puts its target in front of it.  Each name is opened without following it,
 * and what was opened is looked at: a link's target is read by that descriptor.
 */
#include "rotators/ssh/key_path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"

enum { LINKS_MAX = 40 };

struct walk {
	const char *asked; /* for messages */
	uid_t owner;
	struct key_path at;
	char rest[PATH_MAX];
	unsigned links;
};

void
key_path_done(struct key_path *path)
{
	fd_closep(&path->folder);
}

static void
walk_done(struct walk *walk)
{
	key_path_done(&walk->at);
}

void
key_path_quote(const char *path, char ret_text[KEY_PATH_QUOTED])
{
	static const char more[] = "...";
	char start[KEY_PATH_QUOTED - 2]; /* nothing but the marks makes it longer */

	if ((size_t)snprintf(start, sizeof(start), "%s", path) >= sizeof(start))
		memcpy(start + sizeof(start) - sizeof(more), more, sizeof(more));
	(void)snprintf(ret_text, KEY_PATH_QUOTED, "%.*s", KEY_PATH_QUOTED - 1, QUOTED(start));
}

static enum err_code
failed(const struct walk *walk, struct err *err)
{
	return err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "looking for %s",
	    walk->asked);
}

static enum err_code
go_to_root(struct walk *walk, struct err *err)
{
	fd_closep(&walk->at.folder);
	walk->at.path[0] = '\0';
	walk->at.folder = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return walk->at.folder < 0 ? failed(walk, err) : ERR_OK;
}

/* Takes the next name off the rest; its size is 0 at the end. */
static enum err_code
next_name(struct walk *walk, char ret_name[NAME_MAX + 1], struct err *err)
{
	const char *begin = walk->rest + strspn(walk->rest, "/");
	size_t size = strcspn(begin, "/");

	if (size > NAME_MAX) {
		errno = ENAMETOOLONG;
		return failed(walk, err);
	}
	memcpy(ret_name, begin, size);
	ret_name[size] = '\0';
	memmove(walk->rest, begin + size, strlen(begin + size) + 1);
	return ERR_OK;
}

/* The path by words, too. */
static enum err_code
append(struct walk *walk, const char *name, struct err *err)
{
	char *path = walk->at.path, *slash;
	size_t size = strlen(path);

	if (strcmp(name, "..") == 0) {
		slash = strrchr(path, '/');
		if (slash != NULL)
			*slash = '\0';
		return ERR_OK;
	}
	if (size + 1 + strlen(name) >= sizeof(walk->at.path)) {
		errno = ENAMETOOLONG;
		return failed(walk, err);
	}
	(void)snprintf(path + size, sizeof(walk->at.path) - size, "/%s", name);
	return ERR_OK;
}

/* May only root have put it there? */
static enum err_code
judge_link(struct walk *walk, const struct stat *link, const char *name, struct err *err)
{
	struct stat folder;
	char path[sizeof(walk->at.path) + NAME_MAX + 1], quoted[KEY_PATH_QUOTED];

	(void)snprintf(path, sizeof(path), "%s/%s", walk->at.path, name);
	key_path_quote(path, quoted);
	if (link->st_uid != 0 && link->st_uid != walk->owner)
		return err_set(err, ERR_REFUSED,
		    "%s, a symbolic link on the way to %s, belongs to user %u, neither to the account nor to root: "
		    "nothing was changed",
		    quoted, walk->asked, (unsigned)link->st_uid);
	if (fstat(walk->at.folder, &folder) != 0)
		return failed(walk, err);
	if (link->st_uid != 0 || folder.st_uid != 0 || (folder.st_mode & 022) != 0)
		walk->at.through_links = true;
	return ERR_OK;
}

/* FD: of the link NAME. */
static enum err_code
follow(struct walk *walk, int fd, const struct stat *link, const char *name, struct err *err)
{
	char target[PATH_MAX];
	ssize_t size = readlinkat(fd, "", target, sizeof(target));
	size_t rest = strlen(walk->rest) + 1;

	TRY(judge_link(walk, link, name, err));
	if (size < 0)
		return failed(walk, err);
	if (++walk->links > LINKS_MAX || (size_t)size + rest > sizeof(walk->rest)) {
		errno = ELOOP;
		return failed(walk, err);
	}
	memmove(walk->rest + size, walk->rest, rest); /* empty, or it begins with a slash */
	memcpy(walk->rest, target, (size_t)size);
	return target[0] == '/' ? go_to_root(walk, err) : ERR_OK;
}

/* Something is mounted on a folder that awaits it when that is opened as a folder (O_DIRECTORY), with O_PATH, too, and by name, but not when as
 * anything.  What is then something else was exchanged at this moment: it is what stands there, as before. */
static int
open_name(const struct walk *walk, const char *name)
{
	const int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(walk->at.folder, name, flags | O_DIRECTORY);

	return fd < 0 && errno == ENOTDIR ? openat(walk->at.folder, name, flags) : fd;
}

/* RET_END: NAME is what the path leads to. */
static enum err_code
step(struct walk *walk, const char *name, bool *ret_end, struct err *err)
{
	FD fd = open_name(walk, name);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0)
		return failed(walk, err);
	if (S_ISLNK(status.st_mode))
		return follow(walk, fd, &status, name, err);
	TRY(append(walk, name, err));
	if (walk->rest[strspn(walk->rest, "/")] == '\0') {
		memcpy(walk->at.name, name, strlen(name) + 1);
		*ret_end = true;
		return ERR_OK;
	}
	fd_closep(&walk->at.folder);
	walk->at.folder = fd;
	fd = -1;
	return ERR_OK;
}

enum err_code
key_path_walk(const char *path, uid_t owner, struct key_path *ret_path, struct err *err)
{
	CLEANUP(walk_done)
	struct walk walk = {.asked = path, .owner = owner, .at = {.folder = -1}};
	char name[NAME_MAX + 1];
	bool end = false;

	if (path[0] != '/' || strlen(path) >= sizeof(walk.rest))
		return err_set(err, ERR_INVALID, "%.100s is not an absolute path", QUOTED(path));
	memcpy(walk.rest, path, strlen(path) + 1);
	TRY(go_to_root(&walk, err));
	while (!end) {
		TRY(next_name(&walk, name, err));
		if (name[0] == '\0')
			return err_set(err, ERR_INVALID, "%s is not the name of a file", path);
		if (strcmp(name, ".") != 0)
			TRY(step(&walk, name, &end, err));
	}
	*ret_path = walk.at;
	walk.at.folder = -1;
	return ERR_OK;
}
