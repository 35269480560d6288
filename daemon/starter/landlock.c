/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/starter/landlock.h"

#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/process.h"

/* The kernel's, which Debian 12's headers do not all have. */
enum { CREATE_VERSION = 1, RULE_PATH_BENEATH = 1 };
enum {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_OF_ABI_1 = (1 << 13) - 1,
	FS_REFER = 1 << 13,
	FS_TRUNCATE = 1 << 14,
	FS_IOCTL_DEV = 1 << 15
};
enum { NET_BIND_TCP = 1 << 0 };
enum { SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0, SCOPE_SIGNAL = 1 << 1 };

struct ruleset {
	uint64_t fs, net, scoped;
};
struct path_beneath {
	uint64_t access;
	int32_t parent;
} __attribute__((packed));

/* What each ABI adds, and the size of what it is asked with. */
static const struct {
	uint64_t fs, net, scoped;
	size_t size;
} abis[LANDLOCK_NEWEST + 1] = {
    [1] = {.fs = FS_OF_ABI_1, .size = 8},
    [2] = {.fs = FS_REFER, .size = 8},
    [3] = {.fs = FS_TRUNCATE, .size = 8},
    [4] = {.net = NET_BIND_TCP, .size = 16},
    [5] = {.fs = FS_IOCTL_DEV, .size = 16},
    [6] = {.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL, .size = 24},
    [7] = {.size = 24},
};

int
landlock_abi(int cap)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);

	if (abi < 1)
		return 0;
	if (abi > LANDLOCK_NEWEST)
		abi = LANDLOCK_NEWEST;
	return abi < cap ? (int)abi : cap;
}

static struct ruleset
handled_by(int abi)
{
	struct ruleset handled = {0};

	for (int i = 1; i <= abi; i++) {
		handled.fs |= abis[i].fs;
		handled.net |= abis[i].net;
		handled.scoped |= abis[i].scoped;
	}
	return handled;
}

/* What a rule may name of ACCESS, for a folder or a file. */
static uint64_t
rights_of(enum landlock_access access, bool folder)
{
	static const uint64_t rights[] = {
	    [LANDLOCK_READ] = FS_EXECUTE | FS_READ_FILE | FS_READ_DIR,
	    [LANDLOCK_USE] = FS_READ_FILE | FS_WRITE_FILE,
	    [LANDLOCK_CHANGE] = FS_OF_ABI_1 | FS_REFER | FS_TRUNCATE,
	};
	static const uint64_t of_files =
	    FS_EXECUTE | FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV;

	return rights[access] & (folder ? UINT64_MAX : of_files);
}

static enum err_code
show(int domain, const struct ruleset *handled, const struct landlock_shown *shown, struct err *err)
{
	struct path_beneath rule = {.parent = shown->fd};
	struct stat status;

	if (fstat(shown->fd, &status) != 0)
		return err_errno(err, ERR_IO, errno, "looking at what a rotator is shown");
	rule.access = rights_of(shown->access, S_ISDIR(status.st_mode)) & handled->fs;
	if (syscall(SYS_landlock_add_rule, domain, RULE_PATH_BENEATH, &rule, 0) != 0)
		return err_errno(err, ERR_IO, errno, "showing a rotator a part of the file system");
	return ERR_OK;
}

enum err_code
landlock_make(int abi, const struct landlock_shown *shown, size_t count, int *ret_domain,
    struct err *err)
{
	const struct ruleset handled = handled_by(abi);
	FD domain = (int)syscall(SYS_landlock_create_ruleset, &handled, abis[abi].size, 0);

	if (domain < 0)
		return err_errno(err, ERR_IO, errno, "making a Landlock domain");
	for (size_t i = 0; i < count; i++)
		TRY(show(domain, &handled, &shown[i], err));
	*ret_domain = domain;
	domain = -1;
	return ERR_OK;
}

bool
landlock_enter(int domain)
{
	return syscall(SYS_landlock_restrict_self, domain, 0) == 0;
}
