/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/starter/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/process.h"
#include "daemon/starter/landlock.h"
#include "rotators/contract/needs.h"

/* --- Limits ------------------------------------------------------------------------------- */

/* What is lower already stays: only with CAP_SYS_RESOURCE could it be raised. */
static bool
limit(__rlimit_resource_t what, rlim_t most)
{
	struct rlimit now;

	if (getrlimit(what, &now) != 0)
		return false;
	if (now.rlim_max == RLIM_INFINITY || now.rlim_max > most)
		now.rlim_max = most;
	now.rlim_cur = now.rlim_max;
	return setrlimit(what, &now) == 0;
}

bool
confine_limits(const struct confine_identity *identity, const char **ret_step)
{
	*ret_step = "limiting what it may use";
	umask(077);
#ifndef __SANITIZE_ADDRESS__ /* which reserves more than there is */
	if (!limit(RLIMIT_AS, CONFINE_MEMORY_BYTES))
		return false;
#endif
	return limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, CONFINE_FILE_BYTES) &&
	    limit(RLIMIT_MEMLOCK, CONFINE_LOCKED_BYTES) && limit(RLIMIT_NOFILE, CONFINE_FILES) &&
	    limit(RLIMIT_NPROC, identity->tasks + CONFINE_PROCESSES) && limit(RLIMIT_MSGQUEUE, 0) &&
	    limit(RLIMIT_RTPRIO, 0);
}

/* --- Identity ----------------------------------------------------------------------------- */

static uint32_t
kept_bits(uint32_t capabilities)
{
	return ((capabilities & NEEDS_CHOWN) != 0 ? 1u << CAP_CHOWN : 0) |
	    ((capabilities & NEEDS_DAC_OVERRIDE) != 0 ? 1u << CAP_DAC_OVERRIDE : 0) |
	    ((capabilities & NEEDS_FOWNER) != 0 ? 1u << CAP_FOWNER : 0);
}

/* What a program of root's, or one with capabilities in its file, could get back.  Without the right to (nobody has any then) there
 * is nothing to get. */
static bool
bound(uint32_t kept)
{
	for (int number = 0; prctl(PR_CAPBSET_READ, number) >= 0; number++) {
		if (number < 32 && (kept & 1u << number) != 0)
			continue;
		if (prctl(PR_CAPBSET_DROP, number) != 0 && errno != EPERM)
			return false;
	}
	return true;
}

static bool
keep_capabilities(uint32_t kept)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{.effective = kept, .permitted = kept}};

	return syscall(SYS_capset, &header, data) == 0;
}

static bool
become(const struct confine_identity *identity)
{
	if (setgroups(identity->group_count, identity->groups) != 0 ||
	    setresgid(identity->gid, identity->gid, identity->gid) != 0 ||
	    setresuid(identity->uid, identity->uid, identity->uid) != 0)
		return false;
	if (identity->uid != 0 && setuid(0) == 0) {
		errno = EPERM; /* it came back */
		return false;
	}
	return true;
}

bool
confine_identity(const struct confine_identity *identity, const char **ret_step)
{
	const uint32_t kept = identity->uid == 0 ? kept_bits(identity->capabilities) : 0;

	*ret_step = "giving its capabilities up";
	if (!bound(kept))
		return false;
	*ret_step = "becoming its account";
	if (identity->changes && !become(identity))
		return false;
	*ret_step = "giving its capabilities up";
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 &&
	    keep_capabilities(kept);
}

bool
confine_bind(int life, const char **ret_step)
{
	struct pollfd end = {.fd = life};

	*ret_step = "being bound to its starter";
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0) != 0)
		return false;
	errno = ESRCH; /* it ended before we were bound */
	return poll(&end, 1, 0) == 0;
}

/* --- Landlock ----------------------------------------------------------------------------- */

/* In the order of SHOWN; RET_COUNT of FDS are open in any case. */
static bool
open_shown(const struct show *show, bool own_tmp, struct landlock_shown *rules, size_t *ret_count)
{
	*ret_count = 0;
	for (size_t i = 0; i < show->count; i++) {
		const struct space_shown *shown = &show->shown[i];
		enum landlock_access access = shown->writes ? LANDLOCK_CHANGE : LANDLOCK_READ;

		if (shown->fd < 0)
			continue;
		int fd = own_tmp ? open(shown->path, O_PATH | O_CLOEXEC) :
		                   fcntl(shown->fd, F_DUPFD_CLOEXEC, 0);

		if (fd < 0)
			return false;
		rules[(*ret_count)++] = (struct landlock_shown){fd, access};
	}
	if (!own_tmp)
		return true;
	int tmp = open("/tmp", O_PATH | O_CLOEXEC);

	if (tmp >= 0)
		rules[(*ret_count)++] = (struct landlock_shown){tmp, LANDLOCK_CHANGE};
	return tmp >= 0;
}

bool
confine_landlock(const struct show *show, bool own_tmp, int abi, const char **ret_step)
{
	struct landlock_shown rules[SPACE_SHOWN + 1];
	size_t count;
	int domain = -1;
	struct err unsaid;
	bool done;

	*ret_step = "entering its Landlock domain";
#ifdef __SANITIZE_ADDRESS__
	abi = 0; /* a /proc is there (daemon/starter/space.c) */
#endif
	if (abi == 0)
		return true;
	done = open_shown(show, own_tmp, rules, &count) &&
	    landlock_make(abi, rules, count, &domain, &unsaid) == ERR_OK && landlock_enter(domain);
	for (size_t i = 0; i < count; i++)
		fd_closep(&rules[i].fd);
	fd_closep(&domain);
	return done;
}
