/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/starter/show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "base/trusted.h"
#include "rotators/contract/needs.h"

enum { PATH_SIZE = 4096 };

/* Of /etc only what programs and the C library look up: in the folder lies /etc/halligan. */
static const char *const system_paths[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64",
    "/libx32", "/dev/null", "/etc/alternatives", "/etc/gai.conf", "/etc/group", "/etc/host.conf",
    "/etc/hosts", "/etc/ld.so.cache", "/etc/localtime", "/etc/nsswitch.conf", "/etc/passwd",
    "/etc/protocols", "/etc/python3.11", "/etc/resolv.conf", "/etc/services", "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf"};

void
space_shown_done(struct space_shown *shown)
{
	fd_closep(&shown->fd);
	free(shown->path);
	free(shown->target);
	*shown = (struct space_shown){.fd = -1};
}

void
show_done(struct show *show)
{
	for (size_t i = 0; i < show->count; i++)
		space_shown_done(&show->shown[i]);
	free(show->hidden.places);
	*show = (struct show){0};
}

static int
keep(int *fd)
{
	int kept = *fd;

	*fd = -1;
	return kept;
}

/* Takes FD over. */
static enum err_code
add(struct show *show, const char *path, int fd, const char *target, bool writes, struct err *err)
{
	struct space_shown shown = {.path = strdup(path),
	    .fd = fd,
	    .target = target != NULL ? strdup(target) : NULL,
	    .writes = writes};

	if (show->count < SPACE_SHOWN && shown.path != NULL &&
	    (target == NULL || shown.target != NULL)) {
		show->shown[show->count++] = shown;
		return ERR_OK;
	}
	fd_closep(&fd);
	free(shown.path);
	free(shown.target);
	return err_set(err, ERR_MEMORY, "too much would be shown to a rotator");
}

static struct space_shown *
find(struct show *show, const char *path)
{
	for (size_t i = 0; i < show->count; i++)
		if (strcmp(show->shown[i].path, path) == 0)
			return &show->shown[i];
	return NULL;
}

/* --- What is hidden ----------------------------------------------------------------------- */

static enum err_code
path_of(int fd, const char *path, char ret_real[PATH_SIZE], struct err *err)
{
	char link[64];
	ssize_t size;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, ret_real, PATH_SIZE - 1);
	if (size < 0)
		return err_errno(err, ERR_IO, errno, "looking where %s stands", path);
	ret_real[size] = '\0';
	return ERR_OK;
}

enum err_code
show_hide(struct show_hidden *hidden, const char *path, struct err *err)
{
	char real[PATH_SIZE];
	FD fd = -1;
	struct place place;
	struct place *places;
	NEEDS checked = {0};

	TRY(needs_add(&checked, path, false, err));
	enum err_code code = trusted_reach(path, &fd, real, err);

	/* What we cannot reach, we can show nobody. */
	if (code == ERR_NOT_FOUND || (code != ERR_OK && geteuid() != 0 && access(path, F_OK) != 0))
		return ERR_OK;
	TRY(code);
	TRY(place_of(real, fd, &place, err));
	if (hidden->count == SHOW_HIDDEN)
		return err_set(err, ERR_REFUSED, "more than %d things are hidden from rotators",
		    (int)SHOW_HIDDEN);
	places = reallocarray(hidden->places, hidden->count + 1, sizeof(*places));
	if (places == NULL)
		return err_set(err, ERR_MEMORY, "no memory for what is hidden");
	hidden->places = places;
	places[hidden->count++] = place;
	return ERR_OK;
}

/* What stands at REAL, open as FD, and what is mounted below it. */
static enum err_code
check_hidden(const struct show *show, const char *path, const char *real, int fd, struct err *err)
{
	const struct show_hidden *hidden = &show->hidden;
	struct place place;
	bool touches;

	TRY(place_of(real, fd, &place, err));
	TRY(place_below_touches(real, hidden->places, hidden->count, &touches, err));
	for (size_t i = 0; i < hidden->count; i++)
		touches |= place_touches(&place, &hidden->places[i]);
	return touches ?
	    err_set(err, ERR_REFUSED,
	        "%s leads into a vault, a copy of one, or a configuration, or contains one: no rotator is "
	        "shown that",
	        path) :
	    ERR_OK;
}

/* --- Paths -------------------------------------------------------------------------------- */

static enum err_code
check_kind(const char *path, int fd, struct err *err)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return err_errno(err, ERR_IO, errno, "looking at %s", path);
	if (S_ISDIR(status.st_mode) || S_ISSOCK(status.st_mode))
		return ERR_OK;
	if (!S_ISREG(status.st_mode))
		return err_set(err, ERR_REFUSED,
		    "%s is neither a file, a folder nor a socket: no rotator is shown that", path);
	if (status.st_nlink != 1)
		return err_set(err, ERR_REFUSED,
		    "%s has %ju names (hard links): one of them may be in a vault, so that no rotator is shown it",
		    path, (uintmax_t)status.st_nlink);
	return ERR_OK;
}

/* Folders that a rotator has of its own, or never has. */
static enum err_code
check_ours(const char *path, const char *real, struct err *err)
{
	static const char *const folders[] = {"/tmp", "/dev", "/proc", "/sys"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		size_t size = strlen(folders[i]);
		bool is = strncmp(real, folders[i], size) == 0;

		if (is && (real[size] == '\0' || (real[size] == '/' && i > 0)))
			return err_set(err, ERR_REFUSED, "%s is shown to no rotator: %s", path,
			    i == 0 ? "it has a /tmp of its own" :
			             "what stands there is the kernel's");
	}
	return ERR_OK;
}

enum err_code
show_path(struct show *show, const char *path, bool changes, char ret_path[4096], struct err *err)
{
	char real[PATH_SIZE];
	FD fd = -1;

	TRY(trusted_reach(path, &fd, real, err));
	TRY(check_ours(path, real, err));
	TRY(check_kind(path, fd, err));
	TRY(check_hidden(show, path, real, fd, err));
	if (ret_path != NULL)
		memcpy(ret_path, real, sizeof(real));
	struct space_shown *seen = find(show, real);

	if (seen != NULL)
		seen->writes |= changes;
	else
		TRY(add(show, real, keep(&fd), NULL, changes, err));
	return strcmp(path, real) == 0 || find(show, path) != NULL ?
	    ERR_OK :
	    add(show, path, -1, real, false, err);
}

enum err_code
show_program(struct show *show, const char *path, int fd, struct err *err)
{
	char real[PATH_SIZE];
	int copy;

	TRY(path_of(fd, path, real, err));
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return err_errno(err, ERR_IO, errno, "keeping a program open");
	return add(show, path, copy, real, false, err);
}

/* --- The system --------------------------------------------------------------------------- */

/* A link of root's stands as it is; what it leads to is shown where it stands, where that is not seen anyway. */
static enum err_code
show_link(struct show *show, const char *path, const char *target, struct err *err)
{
	char real[PATH_SIZE];
	FD fd = -1;
	struct err unsaid;

	TRY(add(show, path, -1, target, false, err));
	if (trusted_reach(path, &fd, real, &unsaid) != ERR_OK || strncmp(real, "/usr/", 5) == 0 ||
	    find(show, real) != NULL)
		return ERR_OK;
	return add(show, real, keep(&fd), NULL, false, err);
}

static enum err_code
show_one(struct show *show, const char *path, struct err *err)
{
	char target[PATH_SIZE];
	FD fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0)
		return ERR_OK; /* this host has none */
	if (S_ISLNK(status.st_mode)) {
		ssize_t size = readlinkat(fd, "", target, sizeof(target) - 1);

		if (size <= 0)
			return ERR_OK;
		target[size] = '\0';
		return show_link(show, path, target, err);
	}
	if (S_ISDIR(status.st_mode))
		TRY(check_hidden(show, path, path, fd, err));
	return add(show, path, keep(&fd), NULL, strcmp(path, "/dev/null") == 0, err);
}

enum err_code
show_system(struct show *show, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(system_paths); i++)
		TRY(show_one(show, system_paths[i], err));
	return ERR_OK;
}
