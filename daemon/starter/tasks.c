/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/starter/tasks.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { STATUS_MAX = 65536 };

DESTRUCTOR(closedirp, DIR, closedir)

/* The first number of a line of STATUS, as proc(5) has them: a process's name breaks no line there. */
static unsigned long
number_behind(const char *status, const char *label)
{
	const char *at = strstr(status, label);

	return at != NULL ? strtoul(at + strlen(label), NULL, 10) : 0;
}

/* Of the process PID; 0 where it is another's, or has ended meanwhile. */
static unsigned
count_one(const char *pid, uid_t uid)
{
	char path[300];
	BUF text = {0};
	struct err gone;

	(void)snprintf(path, sizeof(path), "/proc/%.255s/status", pid);
	if (file_read(path, STATUS_MAX, &text, &gone) != ERR_OK)
		return 0;
	const char *status = buf_string(&text);

	if (strstr(status, "\nUid:\t") == NULL || number_behind(status, "\nUid:\t") != uid)
		return 0;
	return (unsigned)number_behind(status, "\nThreads:\t");
}

enum err_code
tasks_of(uid_t uid, unsigned *ret_count, struct err *err)
{
	CLEANUP(closedirp) DIR *folder = opendir("/proc");
	const struct dirent *entry;
	unsigned count = 0;

	if (folder == NULL)
		return err_errno(err, ERR_IO, errno,
		    "counting the processes that a rotator's account has already, in /proc");
	while ((entry = readdir(folder)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]))
			count += count_one(entry->d_name, uid);
	*ret_count = count;
	return ERR_OK;
}
