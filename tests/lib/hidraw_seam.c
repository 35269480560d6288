/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded, before umockdev's library, into programs that shall find a mocked USB key: umockdev
 * shows its device in /sys and its node in /dev, and opening that node connects here to the socket
 * of tests/lib/hid_token.py.  HIDRAW_FOLDER has that socket (hidrawN.sock), a file to lock
 * (hidrawN.lock), and perhaps one that denies the access (hidrawN.denied).
 *
 * The socket keeps reports apart, as a device node does.  A descriptor is known by a second one,
 * LOCK above it: that is the file to lock, since sockets have no node in common.
 */
#undef _FILE_OFFSET_BITS /* it would rename open and fstat */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/hidraw.h>
#include <linux/input.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { LOCK = 500, FILE_MODE = 0600 };

/* Usage page FIDO, reports of 64 bytes each way (CTAP 2.1, 11.2.8.1). */
static const unsigned char descriptor[] = {0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01, 0x09, 0x20,
    0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x40, 0x81, 0x02, 0x09, 0x21, 0x15, 0x00, 0x26,
    0xff, 0x00, 0x75, 0x08, 0x95, 0x40, 0x91, 0x02, 0xc0};

static int
is_ours(int fd)
{
	return fd >= 0 && fcntl(fd + LOCK, F_GETFD) >= 0;
}

static int
failed(int error)
{
	errno = error;
	return -1;
}

/* The file of a node, with SUFFIX; NULL for paths that are none. */
static const char *
file_of(const char *path, const char *suffix, char *room, size_t size)
{
	const char *folder = getenv("HIDRAW_FOLDER");

	if (folder == NULL || strncmp(path, "/dev/hidraw", strlen("/dev/hidraw")) != 0)
		return NULL;
	snprintf(room, size, "%s/%s%s", folder, path + strlen("/dev/"), suffix);
	return room;
}

static int
attach(int fd, const char *path)
{
	char room[PATH_MAX];
	int file = (int)syscall(SYS_openat, AT_FDCWD, file_of(path, ".lock", room, sizeof(room)),
	    O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
	int lock = file < 0 ? -1 : fcntl(file, F_DUPFD_CLOEXEC, fd + LOCK);

	if (file >= 0)
		(void)syscall(SYS_close, file);
	return lock == fd + LOCK ? fd : failed(EMFILE);
}

static int
dial(const char *path, const char *socket_path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (strlen(socket_path) < sizeof(address.sun_path))
		memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    attach(fd, path) != fd) {
		(void)syscall(SYS_close, fd);
		return failed(ENOENT);
	}
	return fd;
}

int
open(const char *path, int flags, ...)
{
	int (*next)(const char *, int, ...);
	char room[PATH_MAX];
	va_list arguments;

	va_start(arguments, flags);
	unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, unsigned) : 0;
	va_end(arguments);
	*(void **)&next = dlsym(RTLD_NEXT, "open");
	if (file_of(path, ".denied", room, sizeof(room)) == NULL)
		return next(path, flags, mode);
	if (access(room, F_OK) == 0)
		return failed(EACCES);
	return dial(path, file_of(path, ".sock", room, sizeof(room)));
}

int
open64(const char *path, int flags, ...)
{
	va_list arguments;

	va_start(arguments, flags);
	unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, unsigned) : 0;
	va_end(arguments);
	return open(path, flags | O_LARGEFILE, mode);
}

int
close(int fd)
{
	if (is_ours(fd))
		(void)syscall(SYS_close, fd + LOCK);
	return (int)syscall(SYS_close, fd);
}

int
fstat(int fd, struct stat *ret_status)
{
	int result = (int)syscall(SYS_newfstatat, fd, "", ret_status, AT_EMPTY_PATH);

	if (result == 0 && is_ours(fd))
		ret_status->st_mode = (ret_status->st_mode & ~(mode_t)S_IFMT) | S_IFCHR;
	return result;
}

/* On 64-bit machines the two are one. */
int
fstat64(int fd, struct stat64 *ret_status)
{
	return fstat(fd, (struct stat *)(void *)ret_status);
}

int
flock(int fd, int operation)
{
	return (int)syscall(SYS_flock, is_ours(fd) ? fd + LOCK : fd, operation);
}

int
ioctl(int fd, unsigned long request, ...)
{
	int (*next)(int, unsigned long, ...);
	va_list arguments;

	va_start(arguments, request);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	*(void **)&next = dlsym(RTLD_NEXT, "ioctl");
	if (!is_ours(fd))
		return next(fd, request, argument);
	if (request == HIDIOCGRDESCSIZE)
		*(int *)argument = sizeof(descriptor);
	else if (request == HIDIOCGRDESC)
		memcpy(((struct hidraw_report_descriptor *)argument)->value, descriptor,
		    sizeof(descriptor));
	else if (request == HIDIOCGRAWINFO)
		*(struct hidraw_devinfo *)argument =
		    (struct hidraw_devinfo){BUS_USB, 0x1050, 0x0407};
	else
		return failed(EINVAL);
	return 0;
}

/* A device that was pulled is an error, not an end. */
ssize_t
read(int fd, void *bytes, size_t size)
{
	ssize_t got = syscall(SYS_read, fd, bytes, size);

	return got == 0 && is_ours(fd) ? failed(ENODEV) : got;
}

ssize_t
write(int fd, const void *bytes, size_t size)
{
	if (!is_ours(fd))
		return syscall(SYS_write, fd, bytes, size);
	ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

	return sent < 0 ? failed(ENODEV) : sent;
}
