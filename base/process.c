/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardening, clocks, and reading and writing with a deadline; children are in base/child.c.
 *
 * Writing with a deadline goes in parts of PIPE_BUF bytes, each after poll(2): so much never
 * blocks a pipe or stream socket that poll calls writable, whether or not it is in blocking mode.
 */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

/* Variables that make a library of ours talk, load code or write elsewhere.  PCSCLITE_CSOCK_NAME,
 * the address of pcscd, stays. */
static const char *const dropped_names[] = {
    "GLIBC_TUNABLES",
    "GCONV_PATH",
    "LOCPATH",
    "NLSPATH",
    "FIDO_DEBUG",
    "PCSCLITE_DEBUG",
    "SQLITE_TMPDIR",
};
static const char *const dropped_prefixes[] = {"LD_", "MALLOC_", "OPENSSL_", "LIBPCSCLITE_"};

/* VARIABLE is NAME=VALUE. */
static bool
is_dropped(const char *variable)
{
	size_t size = strcspn(variable, "=");

	for (size_t i = 0; i < ARRAY_SIZE(dropped_prefixes); i++) {
		if (strncmp(variable, dropped_prefixes[i], strlen(dropped_prefixes[i])) == 0)
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(dropped_names); i++) {
		if (strlen(dropped_names[i]) == size &&
		    strncmp(variable, dropped_names[i], size) == 0)
			return true;
	}
	return false;
}

/* In place: unsetenv() needs a copy of each name, and this must not fail. */
static void
drop_environment(void)
{
	char **kept = environ;

	for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
		if (!is_dropped(*variable))
			*kept++ = *variable;
	}
	if (kept != NULL)
		*kept = NULL;
}

/* A closed 0, 1 or 2 would be given to the next file that is opened. */
static enum err_code
open_standard(struct err *err)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (open("/dev/null", O_RDWR) != fd)
			return err_errno(err, ERR_IO, errno, "cannot open /dev/null");
	}
	return ERR_OK;
}

enum err_code
process_harden(int keep_up_to, struct err *err)
{
	TRY(process_harden_but_gain(keep_up_to, err));
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ?
	    ERR_OK :
	    err_errno(err, ERR_IO, errno, "cannot forbid new privileges");
}

enum err_code
process_harden_but_gain(int keep_up_to, struct err *err)
{
	const struct rlimit no_core = {0};

	TRY(open_standard(err));
	if (keep_up_to < 2)
		keep_up_to = 2;
	if (close_range((unsigned)keep_up_to + 1, UINT_MAX, 0) != 0)
		return err_errno(err, ERR_IO, errno, "cannot close inherited descriptors");
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0)
		return err_errno(err, ERR_IO, errno, "cannot switch core files off");
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return err_errno(err, ERR_IO, errno, "cannot ignore SIGPIPE");
	umask(077);
	drop_environment();
	return ERR_OK;
}

enum err_code
process_self(char ret_path[4096], struct err *err)
{
	char path[4096] = {0};

	if (readlink("/proc/self/exe", path, sizeof(path) - 1) <= 0 || path[0] != '/')
		return err_set(err, ERR_IO, "cannot find our own executable; is /proc mounted?");
	memcpy(ret_path, path, sizeof(path));
	return ERR_OK;
}

enum err_code
process_beside(const char *path, char ret_path[4096], struct err *err)
{
	char self[4096], beside[4096];
	int size;

	TRY(process_self(self, err));
	strrchr(self, '/')[1] = '\0';
	size = snprintf(beside, sizeof(beside), "%s%s", path[0] == '/' ? "" : self, path);
	if (size < 0 || (size_t)size >= sizeof(beside))
		return err_set(err, ERR_IO, "the path of %s is too long", path);
	memcpy(ret_path, beside, sizeof(beside));
	return ERR_OK;
}

int64_t
process_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

int64_t
process_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool
boot_is_known(const struct boot *boot)
{
	static const uint8_t none[BOOT_ID_SIZE];

	return memcmp(boot->id, none, sizeof(none)) != 0;
}

bool
boot_is_same(const struct boot *a, const struct boot *b)
{
	return boot_is_known(a) && memcmp(a->id, b->id, sizeof(a->id)) == 0;
}

/* TEXT: 8-4-4-4-12 hex digits. */
static bool
read_boot_id(const char *text, uint8_t ret_id[BOOT_ID_SIZE])
{
	char hex[2 * BOOT_ID_SIZE + 1];
	size_t count = 0;

	for (; *text != '\0' && count < sizeof(hex) - 1; text++)
		if (*text != '-')
			hex[count++] = *text;
	hex[count] = '\0';
	return text_from_hex(hex, ret_id, BOOT_ID_SIZE);
}

struct boot
process_boot(void)
{
	FD file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char text[64] = {0};
	struct boot boot = {0};
	struct timespec since;

	if (file < 0 || read(file, text, sizeof(text) - 1) <= 0 || !read_boot_id(text, boot.id) ||
	    clock_gettime(CLOCK_BOOTTIME, &since) != 0)
		return (struct boot){0};
	boot.seconds = since.tv_sec;
	return boot;
}

/* Until FD is ready for EVENTS, in error, or closed by the peer. */
static enum err_code
wait_for(int fd, short events, const struct fd_beside *beside, int64_t deadline, struct err *err)
{
	for (;;) {
		struct pollfd fds[] = {{.fd = fd, .events = events},
		    {.fd = beside != NULL && beside->hear != NULL ? beside->fd : -1,
		        .events = POLLIN}};
		int64_t left = deadline < 0 ? -1 : deadline - process_milliseconds();
		int ready;

		if (deadline >= 0 && left < 0)
			left = 0;
		ready = poll(fds, ARRAY_SIZE(fds), left > INT_MAX ? INT_MAX : (int)left);
		if (ready < 0 && errno != EINTR)
			return err_errno(err, ERR_IO, errno, "cannot wait for the other side");
		if (ready > 0 && fds[1].revents != 0)
			beside->hear(beside->context);
		if (ready > 0 && fds[0].revents != 0)
			return ERR_OK;
		if (deadline >= 0 && process_milliseconds() >= deadline)
			return err_set(err, ERR_TARGET_UNKNOWN,
			    "the other side did not answer in time");
	}
}

static bool
is_transient(int error_number)
{
	return error_number == EINTR || error_number == EAGAIN || error_number == EWOULDBLOCK;
}

static enum err_code
say_closed(struct err *err)
{
	return err_set(err, ERR_PROTOCOL, "the other side closed the connection");
}

enum err_code
fd_read_beside(int fd, void *ret_bytes, size_t size, const struct fd_beside *beside,
    int64_t deadline, struct err *err)
{
	uint8_t *at = ret_bytes;

	while (size > 0) {
		ssize_t got;

		TRY(wait_for(fd, POLLIN, beside, deadline, err));
		got = read(fd, at, size);
		if (got < 0 && is_transient(errno))
			continue;
		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return say_closed(err);
		if (got < 0)
			return err_errno(err, ERR_IO, errno, "cannot read from the other side");
		at += got;
		size -= (size_t)got;
	}
	return ERR_OK;
}

enum err_code
fd_read(int fd, void *ret_bytes, size_t size, int64_t deadline, struct err *err)
{
	return fd_read_beside(fd, ret_bytes, size, NULL, deadline, err);
}

enum err_code
fd_write_beside(int fd, struct view bytes, const struct fd_beside *beside, int64_t deadline,
    struct err *err)
{
	while (bytes.size > 0) {
		size_t part = bytes.size < PIPE_BUF ? bytes.size : PIPE_BUF;
		ssize_t put;

		TRY(wait_for(fd, POLLOUT, beside, deadline, err));
		put = write(fd, bytes.data, part);
		if (put < 0 && is_transient(errno))
			continue;
		if (put < 0 && (errno == EPIPE || errno == ECONNRESET))
			return say_closed(err);
		if (put < 0)
			return err_errno(err, ERR_IO, errno, "cannot write to the other side");
		bytes.data += put;
		bytes.size -= (size_t)put;
	}
	return ERR_OK;
}

enum err_code
fd_write(int fd, struct view bytes, int64_t deadline, struct err *err)
{
	return fd_write_beside(fd, bytes, NULL, deadline, err);
}

enum err_code
fd_read_line(int fd, size_t max, struct buf *ret_line, int64_t deadline, struct err *err)
{
	WIPED line = {0}; /* as the caller's may be */

	for (;;) {
		uint8_t byte;

		TRY(fd_read(fd, &byte, 1, deadline, err));
		if (byte == '\n')
			break;
		if (line.size == max)
			return err_set(err, ERR_PROTOCOL,
			    "the other side sent a line of more than %zu bytes", max);
		buf_u8(&line, byte);
		TRY(buf_check(&line, err));
	}
	buf_bytes(ret_line, buf_view(&line));
	return buf_check(ret_line, err);
}

void
fd_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
