/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/memory_folder.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ACCOUNT_SIZE = 64 };

static void
account_name(uid_t uid, char ret_name[ACCOUNT_SIZE])
{
	const struct passwd *entry = getpwuid(uid);

	if (entry != NULL)
		snprintf(ret_name, ACCOUNT_SIZE, "%s", entry->pw_name);
	else
		snprintf(ret_name, ACCOUNT_SIZE, "%u", (unsigned)uid);
}

/* PATH, or what is nearest above it and there.  False: nothing can be looked at, "/" neither. */
static bool
nearest_of(char path[4096], struct stat *ret_status)
{
	while (stat(path, ret_status) != 0) {
		char *slash = strrchr(path, '/');

		if (slash == NULL || strcmp(path, "/") == 0)
			return false;
		slash[slash == path ? 1 : 0] = '\0';
	}
	return true;
}

/* Root's folders hold everybody's, so one may be made there; what somebody else has is theirs alone. */
static enum err_code
check_place(const char *folder, struct err *err)
{
	char nearest[4096], owner[ACCOUNT_SIZE], own[ACCOUNT_SIZE];
	struct stat status;

	memcpy(nearest, folder, strlen(folder) + 1);
	if (!nearest_of(nearest, &status) || status.st_uid == geteuid())
		return ERR_OK;
	if (status.st_uid == 0)
		return strcmp(nearest, folder) != 0 ? ERR_OK :
		                                      memory_folder_check(folder, folder, err);
	account_name(status.st_uid, owner);
	account_name(geteuid(), own);
	return err_set(err, ERR_REFUSED,
	    "%.600s belongs to %s: what %s would remember there, %s could not read any more. Run it as "
	    "%s, or with %s's own HOME (sudo -H)",
	    nearest, owner, own, owner, owner, own);
}

enum err_code
memory_folder(char ret_path[4096], struct err *err)
{
	const char *state = secure_getenv("XDG_STATE_HOME");
	const char *home = secure_getenv("HOME");
	char path[4096];
	int size;

	if (state != NULL && state[0] == '/')
		size = snprintf(path, sizeof(path), "%s/halligan", state);
	else if (home != NULL && home[0] == '/')
		size = snprintf(path, sizeof(path), "%s/.local/state/halligan", home);
	else
		return err_set(err, ERR_USAGE,
		    "neither XDG_STATE_HOME nor HOME names a folder: there is no place to remember "
		    "what this vault has shown");
	if (size < 0 || (size_t)size >= sizeof(path))
		return err_set(err, ERR_USAGE, "the state folder's path is too long");
	TRY(check_place(path, err));
	memcpy(ret_path, path, (size_t)size + 1);
	return ERR_OK;
}

static enum err_code
make_folder(const char *path, struct err *err)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return err_errno(err, ERR_IO, errno, "cannot make %s", path);
	return ERR_OK;
}

enum err_code
memory_folder_make(const char *folder, struct err *err)
{
	char part[4096];

	for (size_t i = 1; folder[i] != '\0'; i++) {
		if (folder[i] != '/')
			continue;
		memcpy(part, folder, i);
		part[i] = '\0';
		TRY(make_folder(part, err));
	}
	return make_folder(folder, err);
}

/* What cannot be looked at, cannot be opened either, which is told then. */
static enum err_code
check_part(const char *folder, const char *path, struct err *err)
{
	char owner[ACCOUNT_SIZE], own[ACCOUNT_SIZE];
	struct stat status;

	if (stat(path, &status) != 0 || status.st_uid == geteuid())
		return ERR_OK;
	account_name(status.st_uid, owner);
	account_name(geteuid(), own);
	return err_set(err, ERR_REFUSED,
	    "%.300s, where this computer remembers vaults, belongs to %s and not to %s; it may have "
	    "been written by a command that ran as %s with %s's HOME. `chown -R %s %.300s` gives it back",
	    path, owner, own, owner, own, own, folder);
}

enum err_code
memory_folder_check(const char *folder, const char *path, struct err *err)
{
	char part[4096];

	snprintf(part, sizeof(part), "%s", path);
	while (strlen(part) > strlen(folder)) {
		TRY(check_part(folder, part, err));
		*strrchr(part, '/') = '\0';
	}
	return check_part(folder, folder, err);
}
