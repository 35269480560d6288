/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process: hardening at start, clocks, and descriptors with a deadline.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <sys/types.h>

#include "base/bytes.h"

/* First thing in main: standard descriptors open, all above KEEP_UP_TO closed, not dumpable, no
 * core, umask 077, no new privileges, SIGPIPE ignored, debug variables of libraries (LD_*,
 * OPENSSL_CONF, FIDO_DEBUG, PCSCLITE_DEBUG, SQLITE_TMPDIR, ...) dropped. */
enum err_code process_harden(int keep_up_to, struct err *err) MUST_CHECK;
/* The same, but set-user-id programs work for what it starts. */
enum err_code process_harden_but_gain(int keep_up_to, struct err *err) MUST_CHECK;

/* The absolute path of the file that this process executes.  ERR_IO without /proc. */
enum err_code process_self(char ret_path[4096], struct err *err) MUST_CHECK;
/* PATH when it is absolute; otherwise taken from the folder of process_self().  What is installed knows
 * absolute paths only, what runs in a build folder relative ones (installed/meson.build). */
enum err_code process_beside(const char *path, char ret_path[4096], struct err *err) MUST_CHECK;

int64_t process_now(void);          /* seconds since 1970 */
int64_t process_milliseconds(void); /* monotonic */
/* A start of the kernel (boot_id of random(4)), and the seconds since, asleep or not (CLOCK_BOOTTIME): nobody sets these. */
enum { BOOT_ID_SIZE = 16 };
struct boot {
	uint8_t id[BOOT_ID_SIZE]; /* zero: not known */
	int64_t seconds;
};
bool boot_is_known(const struct boot *boot);
bool boot_is_same(const struct boot *a, const struct boot *b); /* both known */
/* All zero without /proc. */
struct boot process_boot(void);

/* Read exactly SIZE bytes / write all, until DEADLINE (-1: no deadline).  A closed peer is
 * ERR_PROTOCOL, a deadline ERR_TARGET_UNKNOWN. */
enum err_code fd_read(int fd, void *ret_bytes, size_t size, int64_t deadline,
    struct err *err) MUST_CHECK;
enum err_code fd_write(int fd, struct view bytes, int64_t deadline, struct err *err) MUST_CHECK;
/* The same, while FD of BESIDE (may be NULL) is listened to: as soon as something stands there, or it ended, HEAR takes
 * of it what it wants, without blocking.  Who never stops speaking there keeps nobody from FD.  At its end HEAR makes
 * BESIDE's FD -1, which is not listened to, as is {0}. */
struct fd_beside {
	int fd;
	void (*hear)(void *context);
	void *context;
};
enum err_code fd_read_beside(int fd, void *ret_bytes, size_t size, const struct fd_beside *beside,
    int64_t deadline, struct err *err) MUST_CHECK;
enum err_code fd_write_beside(int fd, struct view bytes, const struct fd_beside *beside,
    int64_t deadline, struct err *err) MUST_CHECK;
/* One line of at most MAX bytes without its '\n', byte by byte so that nothing is read ahead. */
enum err_code fd_read_line(int fd, size_t max, struct buf *ret_line, int64_t deadline,
    struct err *err) MUST_CHECK;
void fd_closep(int *fd);
#define FD CLEANUP(fd_closep) int

#endif
