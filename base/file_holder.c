/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	/proc/locks	1: POSIX  ADVISORY  READ 4711 fe:01:131 1073741826 1073742335
 *			1: -> POSIX ...		waits for the one above
 */
#include "base/file_holder.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/attr.h"

DESTRUCTOR(fclosep, FILE, fclose)

static bool
is_lock_on(const char *line, const struct stat *file, pid_t *ret_pid)
{
	unsigned major, minor;
	uint64_t inode;
	int pid;

	if (sscanf(line, "%*d: POSIX %*s %*s %d %x:%x:%" SCNu64, &pid, &major, &minor, &inode) != 4)
		return false;
	if (pid <= 0 || pid == getpid() || inode != file->st_ino || major != major(file->st_dev) ||
	    minor != minor(file->st_dev))
		return false;
	*ret_pid = pid;
	return true;
}

static void
read_name(struct file_holder *holder)
{
	char path[40];

	holder->name[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)holder->pid);
	CLEANUP(fclosep) FILE *file = fopen(path, "re");
	if (file == NULL || fgets(holder->name, sizeof(holder->name), file) == NULL)
		return;
	holder->name[strcspn(holder->name, "\n")] = '\0';
}

bool
file_holder(const char *path, struct file_holder *ret_holder)
{
	char line[200];
	struct stat status;
	struct file_holder holder;

	if (stat(path, &status) != 0)
		return false;
	CLEANUP(fclosep) FILE *locks = fopen("/proc/locks", "re");
	while (locks != NULL && fgets(line, sizeof(line), locks) != NULL) {
		if (!is_lock_on(line, &status, &holder.pid))
			continue;
		read_name(&holder);
		*ret_holder = holder;
		return true;
	}
	return false;
}
