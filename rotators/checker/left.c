/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/checker/left.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

enum { ROUNDS_MAX = 100 };

enum err_code
left_watch(struct err *err)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		return err_errno(err, ERR_IO, errno,
		    "cannot watch for processes that are left behind");
	return ERR_OK;
}

/* Of the process in the folder NAME of /proc; false when it is none, or is gone. */
static bool
read_stat(const char *name, char *ret_state, pid_t *ret_parent, pid_t *ret_group)
{
	char path[64], text[512];
	FILE *file;
	size_t got;
	const char *end;
	int parent, group;

	if (name[0] < '1' || name[0] > '9' ||
	    (size_t)snprintf(path, sizeof(path), "/proc/%s/stat", name) >= sizeof(path))
		return false;
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	got = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[got] = '\0';
	end = strrchr(text, ')'); /* what is in between the program chose */
	if (end == NULL || sscanf(end, ") %c %d %d", ret_state, &parent, &group) != 3)
		return false;
	*ret_parent = parent;
	*ret_group = group;
	return true;
}

/* One of those that CHILD left behind and that still runs; 0: none. */
static pid_t
find_one(pid_t child)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (folder != NULL && found == 0 && (entry = readdir(folder)) != NULL) {
		pid_t parent, group, pid = (pid_t)atoi(entry->d_name);
		char state;

		if (pid == child || !read_stat(entry->d_name, &state, &parent, &group))
			continue;
		if (state != 'Z' && state != 'X' && (group == child || parent == getpid()))
			found = pid;
	}
	if (folder != NULL)
		(void)closedir(folder);
	return found;
}

unsigned
left_end(pid_t child)
{
	unsigned count = 0;
	int status;
	pid_t pid;

	while (count < ROUNDS_MAX && (pid = find_one(child)) != 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, &status, 0); /* fails at once for one that is not ours */
		count++;
	}
	while (waitpid(-1, &status, WNOHANG) > 0)
		continue;
	return count;
}
