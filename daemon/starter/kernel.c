/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/starter/kernel.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "daemon/starter/landlock.h"

/* --- What there is ------------------------------------------------------------------------ */

static bool
has_filter(void)
{
	const unsigned action = SECCOMP_RET_ERRNO;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

struct kernel_caps {
	int landlock;
	bool spaces, sub_uids, filter;
};

#ifdef STARTER_CAPPED
/* Of test builds: HALLIGAN_KERNEL names what is taken away, as "landlock=2 namespaces=no sub-uids=no filter=no". */
static struct kernel_caps
caps(void)
{
	const char *text = getenv("HALLIGAN_KERNEL");
	struct kernel_caps caps = {LANDLOCK_NEWEST, true, true, true};
	const char *at = text != NULL ? strstr(text, "landlock=") : NULL;

	if (at != NULL)
		caps.landlock = atoi(at + strlen("landlock="));
	caps.spaces = text == NULL || strstr(text, "namespaces=no") == NULL;
	caps.sub_uids = text == NULL || strstr(text, "sub-uids=no") == NULL;
	caps.filter = text == NULL || strstr(text, "filter=no") == NULL;
	return caps;
}
#else
static struct kernel_caps
caps(void)
{
	return (struct kernel_caps){LANDLOCK_NEWEST, true, true, true};
}
#endif

/* --- Sub-uids ----------------------------------------------------------------------------- */

enum { SUB_FILE_MAX = 1 << 20, SUB_USED = 1000 };

/* Of the first range of USER (subuid(5): "name or uid:first:count"), one that the next run will not have. */
static bool
find_sub_id(const char *path, const char *user, unsigned *ret_id)
{
	BUF text = {0};
	struct err unsaid;
	char *rest, *line;
	char number[16];

	if (file_read(path, SUB_FILE_MAX, &text, &unsaid) != ERR_OK)
		return false;
	(void)snprintf(number, sizeof(number), "%u", (unsigned)getuid());
	rest = (char *)(uintptr_t)buf_string(&text);
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *name = strsep(&line, ":");
		unsigned first, count;

		if (line == NULL || (strcmp(name, user) != 0 && strcmp(name, number) != 0) ||
		    sscanf(line, "%u:%u", &first, &count) != 2 || count == 0)
			continue;
		*ret_id = first + (unsigned)getpid() % (count < SUB_USED ? count : SUB_USED);
		return true;
	}
	return false;
}

static bool
find_sub_ids(struct kernel *kernel)
{
	const struct passwd *user = getpwuid(getuid());
	char name[64];

	if (user == NULL || strlen(user->pw_name) >= sizeof(name))
		return false;
	memcpy(name, user->pw_name, strlen(user->pw_name) + 1);
	return find_sub_id("/etc/subuid", name, &kernel->sub_uid) &&
	    find_sub_id("/etc/subgid", name, &kernel->sub_gid);
}

/* --- What can be done ---------------------------------------------------------------------- */

static bool
try_right(struct kernel *kernel, enum space_right right)
{
	struct space space = {.right = right, .uid = geteuid(), .gid = getegid()};
	struct err why;

	if (right == SPACE_SUB) {
		space.uid = kernel->sub_uid;
		space.gid = kernel->sub_gid;
	}
	kernel->right = right;
	kernel->spaces = space_is_possible(&space, &why);
	if (!kernel->spaces)
		(void)snprintf(kernel->why, sizeof(kernel->why), "%.190s", why.text);
	return kernel->spaces;
}

void
kernel_look(struct kernel *ret_kernel)
{
	const struct kernel_caps capped = caps();
	struct kernel kernel = {.landlock = landlock_abi(capped.landlock),
	    .filter = capped.filter && has_filter()};

	if (!capped.spaces)
		(void)snprintf(kernel.why, sizeof(kernel.why), "none can be made");
	else if (geteuid() == 0)
		(void)try_right(&kernel, SPACE_ROOT);
	else if (!capped.sub_uids || !find_sub_ids(&kernel) || !try_right(&kernel, SPACE_SUB))
		(void)try_right(&kernel, SPACE_SAME);
	*ret_kernel = kernel;
}
