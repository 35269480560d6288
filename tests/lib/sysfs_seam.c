/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into udev's programs by scenario 18: a mocked /sys, mounted where the real one is, shall
 * pass for sysfs.  fido_id refuses any other kind of file system.
 */
#undef _FILE_OFFSET_BITS /* it would rename fstatfs */
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

int
fstatfs(int fd, struct statfs *ret_status)
{
	int result = (int)syscall(SYS_fstatfs, fd, ret_status);

	ret_status->f_type = SYSFS_MAGIC;
	return result;
}

/* On 64-bit machines the two are one. */
int
fstatfs64(int fd, struct statfs64 *ret_status)
{
	return fstatfs(fd, (struct statfs *)(void *)ret_status);
}
