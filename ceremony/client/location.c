/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host and user become arguments of ssh, the folder a word for the remote shell: the first two are
 * held to letters that cannot be an option, the third is quoted.  A place has one name, as far as can be
 * told without asking the other machine.
 */
#include "ceremony/client/location.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define SCHEME    "ssh://"
#define NO_FOLDER "%s names no folder; write ssh://[USER@]HOST[:PORT]/DIR"

static bool
copy_name(char *ret_name, size_t max, const char *from, size_t size, const char *extra)
{
	if (size == 0 || size > max || from[0] == '-')
		return false;
	for (size_t i = 0; i < size; i++) {
		unsigned char letter = (unsigned char)from[i];

		if (!isascii(letter) || (!isalnum(letter) && strchr(extra, letter) == NULL))
			return false;
	}
	memcpy(ret_name, from, size);
	ret_name[size] = '\0';
	return true;
}

static bool
parse_port(const char *from, size_t size, unsigned *ret_port)
{
	unsigned port = 0;

	if (size == 0 || size > 5)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!isdigit((unsigned char)from[i]))
			return false;
		port = port * 10 + (unsigned)(from[i] - '0');
	}
	if (port == 0 || port > 65535)
		return false;
	*ret_port = port;
	return true;
}

/* [USER@]HOST[:PORT], where HOST may be [v6]. */
static bool
parse_authority(const char *from, size_t size, struct location *location)
{
	const char *at = memchr(from, '@', size);
	const char *end = from + size;
	const char *host = at != NULL ? at + 1 : from;
	const char *host_end;

	if (at != NULL &&
	    !copy_name(location->user, LOCATION_USER_MAX, from, (size_t)(at - from), "._-"))
		return false;
	if (host < end && *host == '[') {
		host_end = memchr(host, ']', (size_t)(end - host));
		if (host_end == NULL ||
		    !copy_name(location->host, LOCATION_HOST_MAX, host + 1,
		        (size_t)(host_end - host - 1), ":.%"))
			return false;
		host_end++;
	} else {
		host_end = memchr(host, ':', (size_t)(end - host));
		if (host_end == NULL)
			host_end = end;
		if (!copy_name(location->host, LOCATION_HOST_MAX, host, (size_t)(host_end - host),
		        "._-"))
			return false;
	}
	if (host_end == end)
		return true;
	return *host_end == ':' &&
	    parse_port(host_end + 1, (size_t)(end - host_end - 1), &location->port);
}

/* One name for what slashes and dots name twice: "/a//./b/" is "/a/b".  ".." is left, for links decide. */
static void
clean_path(char *path)
{
	char *to = path;

	for (const char *from = path; *from != '\0';) {
		size_t size = strcspn(from, "/");

		if (size > 0 && !(size == 1 && from[0] == '.')) {
			*to++ = '/';
			memmove(to, from, size);
			to += size;
		}
		from += size + (from[size] == '/');
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

static enum err_code
parse_remote(const char *text, struct location *location, struct err *err)
{
	const char *rest = text + strlen(SCHEME);
	const char *slash = strchr(rest, '/');

	location->remote = true;
	if (slash == NULL)
		return err_set(err, ERR_USAGE, NO_FOLDER, text);
	if (!parse_authority(rest, (size_t)(slash - rest), location))
		return err_set(err, ERR_USAGE,
		    "%s: user, host or port is malformed; write ssh://[USER@]HOST[:PORT]/DIR",
		    text);
	if (strlen(slash) >= sizeof(location->folder))
		return err_set(err, ERR_USAGE, "the folder's path is too long");
	memcpy(location->folder, slash, strlen(slash) + 1);
	clean_path(location->folder);
	if (strcmp(location->folder, "/") == 0)
		return err_set(err, ERR_USAGE, NO_FOLDER, text);
	snprintf(location->text, sizeof(location->text), "%.*s%s", (int)(slash - text), text,
	    location->folder);
	return ERR_OK;
}

/* Links of PATH, which is absolute and clean, followed; the last name need not be there yet. */
static void
follow(char path[PATH_MAX])
{
	char whole[PATH_MAX], folder[PATH_MAX];
	const char *last = strrchr(path, '/');
	size_t size;

	if (realpath(path, whole) == NULL) {
		snprintf(folder, sizeof(folder), "%.*s", last > path ? (int)(last - path) : 1,
		    path);
		if (realpath(folder, whole) == NULL)
			return;
		size = strcmp(whole, "/") != 0 ? strlen(whole) : 0;
		if (size + strlen(last) >= sizeof(whole))
			return;
		memcpy(whole + size, last, strlen(last) + 1);
	}
	memcpy(path, whole, strlen(whole) + 1);
}

static enum err_code
parse_local(const char *text, struct location *location, struct err *err)
{
	char here[PATH_MAX] = "", path[PATH_MAX];
	int size;

	if (text[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		return err_set(err, ERR_IO, "the current folder does not exist any more");
	size = snprintf(path, sizeof(path), "%s%s%s", here, text[0] == '/' ? "" : "/", text);
	if (size < 0 || (size_t)size >= sizeof(path))
		return err_set(err, ERR_USAGE, "the folder's path is too long");
	clean_path(path);
	follow(path);
	if (!text_is_plain(view_of_text(path)))
		return err_set(err, ERR_USAGE,
		    "%s leads to a folder with control characters in its name", text);
	memcpy(location->folder, path, strlen(path) + 1);
	memcpy(location->text, path, strlen(path) + 1);
	return ERR_OK;
}

enum err_code
location_parse(const char *text, struct location *ret_location, struct err *err)
{
	struct location location = {0};

	if (text[0] == '\0')
		return err_set(err, ERR_USAGE, "the vault's location is empty");
	if (strlen(text) >= 4096 || !text_is_plain(view_of_text(text)))
		return err_set(err, ERR_USAGE,
		    "the vault's location is too long or has control characters");
	if (strncmp(text, SCHEME, strlen(SCHEME)) == 0)
		TRY(parse_remote(text, &location, err));
	else if (strstr(text, "://") != NULL)
		return err_set(err, ERR_USAGE,
		    "%s: only a folder, or ssh://[USER@]HOST[:PORT]/DIR, can be a vault", text);
	else
		TRY(parse_local(text, &location, err));
	*ret_location = location;
	return ERR_OK;
}

enum err_code
location_remote_command(const struct location *location, struct buf *ret_command, struct err *err)
{
	buf_text(ret_command, "halligan serve --stdio --vault '");
	for (const char *at = location->folder; *at != '\0'; at++) {
		if (*at == '\'')
			buf_text(ret_command, "'\\''");
		else
			buf_u8(ret_command, (uint8_t)*at);
	}
	buf_text(ret_command, "'");
	return buf_check(ret_command, err);
}
