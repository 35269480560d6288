/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of mountinfo (proc(5)):	36 35 98:0 /root/within /mount/point rw,noatime master:1 - ext3 /dev/root rw
 * Blanks, tabs, newlines and backslashes in paths are octal.
 */
#include "daemon/starter/place.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/process.h"

/* What glibc of Debian 12 has no name for. */
enum { MNT_ID = 0x1000 };
enum { PATH_SIZE = 4096 };

DESTRUCTOR(line_freep, char, free)

struct mount {
	unsigned id;
	char device[24];
	char within[4 * PATH_SIZE], point[4 * PATH_SIZE]; /* each byte may be escaped */
};

static void
unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; to++) {
		if (from[0] == '\\' && isdigit((unsigned char)from[1]) &&
		    isdigit((unsigned char)from[2]) && isdigit((unsigned char)from[3])) {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 4;
		} else
			*to = *from++;
	}
	*to = '\0';
}

static bool
read_mount(const char *line, struct mount *mount)
{
	if (sscanf(line, "%u %*u %23s %16383s %16383s", &mount->id, mount->device, mount->within,
	        mount->point) != 4)
		return false;
	unescape(mount->within);
	unescape(mount->point);
	return true;
}

static void
close_stream(FILE *stream)
{
	if (stream != NULL)
		(void)fclose(stream);
}

DESTRUCTOR(stream_close, FILE, close_stream)
typedef bool (*mount_function)(void *context, const struct mount *mount); /* false: enough */

static enum err_code
each_mount(mount_function look, void *context, struct err *err)
{
	CLEANUP(stream_close) FILE *stream = fopen("/proc/self/mountinfo", "re");
	struct mount mount;
	CLEANUP(line_freep) char *line = NULL;
	size_t size = 0;

	if (stream == NULL)
		return err_errno(err, ERR_IO, errno, "reading what is mounted where");
	while (getline(&line, &size, stream) > 0)
		if (!read_mount(line, &mount))
			return err_set(err, ERR_IO, "what is mounted where cannot be read");
		else if (!look(context, &mount))
			break;
	return ferror(stream) ? err_errno(err, ERR_IO, errno, "reading what is mounted where") :
	                        ERR_OK;
}

/* --- One place ---------------------------------------------------------------------------- */

/* PATH as it goes on behind FOLDER; NULL: it does not lie there. */
static const char *
behind(const char *path, const char *folder)
{
	size_t size = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

	if (strncmp(path, folder, size) != 0 || (path[size] != '\0' && path[size] != '/'))
		return NULL;
	return path + size;
}

static void
join(const char *within, const char *rest, struct place *place)
{
	(void)snprintf(place->within, sizeof(place->within), "%.2047s%.2047s",
	    strcmp(within, "/") == 0 ? "" : within, strcmp(rest, "/") == 0 ? "" : rest);
}

struct wanted {
	const char *path;
	unsigned id;
	struct place place;
	bool found;
};

static bool
look_for(void *context, const struct mount *mount)
{
	struct wanted *wanted = context;
	const char *rest = mount->id == wanted->id ? behind(wanted->path, mount->point) : NULL;

	if (rest == NULL)
		return true;
	memcpy(wanted->place.device, mount->device, sizeof(mount->device));
	join(mount->within, rest, &wanted->place);
	wanted->found = true;
	return false;
}

enum err_code
place_of(const char *path, int fd, struct place *ret_place, struct err *err)
{
	struct wanted wanted = {.path = path};
	struct statx status;

	if (statx(fd, "", AT_EMPTY_PATH, MNT_ID, &status) != 0)
		return err_errno(err, ERR_IO, errno, "looking at %s", path);
	if ((status.stx_mask & MNT_ID) == 0)
		return err_set(err, ERR_REFUSED,
		    "this kernel does not say where %s is mounted: it is older than 5.8", path);
	wanted.id = (unsigned)status.stx_mnt_id;
	TRY(each_mount(look_for, &wanted, err));
	if (!wanted.found)
		return err_set(err, ERR_REFUSED, "%s stands in no mount that we know of", path);
	*ret_place = wanted.place;
	return ERR_OK;
}

bool
place_touches(const struct place *a, const struct place *b)
{
	return strcmp(a->device, b->device) == 0 &&
	    (behind(a->within, b->within) != NULL || behind(b->within, a->within) != NULL);
}

/* --- Below ------------------------------------------------------------------------------- */

struct below {
	const char *path;
	const struct place *others;
	size_t count;
	bool touches;
};

static bool
look_below(void *context, const struct mount *mount)
{
	struct below *below = context;
	struct place place;

	if (behind(mount->point, below->path) == NULL)
		return true;
	memcpy(place.device, mount->device, sizeof(mount->device));
	join(mount->within, "", &place);
	for (size_t i = 0; i < below->count; i++)
		below->touches |= place_touches(&place, &below->others[i]);
	return !below->touches;
}

enum err_code
place_below_touches(const char *path, const struct place *others, size_t count, bool *ret_touches,
    struct err *err)
{
	struct below below = {.path = path, .others = others, .count = count};

	TRY(each_mount(look_below, &below, err));
	*ret_touches = below.touches;
	return ERR_OK;
}
