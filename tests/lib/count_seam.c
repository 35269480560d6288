/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded before every library of a program and of all that it starts (ld.so.preload, in a mount namespace of the
 * test's): counts calls in a file that all of them share.  Programs are the shipped ones; what the loader and malloc
 * map by themselves is not seen, so that the numbers are those that our own code decides.
 *
 * COUNT_FILE: as many unsigned 32-bit numbers, in the order of enum what.  Where it is missing nothing is counted.
 */
#undef _FILE_OFFSET_BITS /* it would rename mmap */
#undef _FORTIFY_SOURCE   /* it would make read an inline function */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define COUNT_FILE "/tmp/town/counts"
#define SLOW_FILE  "/tmp/town/slow" /* while it is there, each sync takes 100 ms longer */

enum what { MAPPINGS, LOCKED, SYNCS, PROCESSES, THREADS, CHECKS, FRAMES, APDUS, TRIPS, WHATS };
enum { FRAME_HEAD = 8 };

static uint32_t *counts;

static void
count(enum what what)
{
	if (counts != NULL)
		__atomic_add_fetch(&counts[what], 1, __ATOMIC_RELAXED);
}

/* The function of that name in the libraries behind this one. */
static void *
behind(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void
start(void)
{
	int fd = open(COUNT_FILE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	long at = syscall(SYS_mmap, NULL, WHATS * sizeof(*counts), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	close(fd);
	counts = at == -1 ? NULL : (uint32_t *)at;
}

/* ---- memory ---- */

void *
mmap(void *at, size_t size, int may, int flags, int fd, off_t offset)
{
	count(MAPPINGS);
	return (void *)syscall(SYS_mmap, at, size, may, flags, fd, offset);
}

void *
mmap64(void *at, size_t size, int may, int flags, int fd, off64_t offset)
{
	return mmap(at, size, may, flags, fd, offset);
}

int
mlock(const void *at, size_t size)
{
	count(LOCKED);
	return (int)syscall(SYS_mlock, at, size);
}

/* Only memfd_secret(2) goes through it that counts here. */
long
syscall(long number, ...)
{
	static long (*real)(long, ...);
	long a[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (real == NULL)
		*(void **)&real = behind("syscall");
	long result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number == SYS_memfd_secret && result >= 0)
		count(LOCKED); /* else it is mlock that follows */
	return result;
}

/* ---- disk, processes ---- */

static void
count_sync(void)
{
	count(SYNCS);
	if (counts != NULL && access(SLOW_FILE, F_OK) == 0)
		usleep(100000);
}

int
fsync(int fd)
{
	count_sync();
	return (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	count_sync();
	return (int)syscall(SYS_fdatasync, fd);
}

pid_t
fork(void)
{
	static pid_t (*real)(void);

	if (real == NULL)
		*(void **)&real = behind("fork");
	count(PROCESSES);
	return real();
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
    void *argument)
{
	static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	if (real == NULL)
		*(void **)&real = behind("pthread_create");
	count(THREADS);
	return real(thread, attributes, run, argument);
}

/* ---- signatures, as libcrypto checks them ---- */

int EVP_DigestVerify(void *context, const unsigned char *signature, size_t size,
    const unsigned char *data, size_t data_size);
int EVP_PKEY_verify(void *context, const unsigned char *signature, size_t size,
    const unsigned char *data, size_t data_size);

/* EVP_DigestVerify calls no EVP_PKEY_verify through the loader: neither is counted twice. */
int
EVP_DigestVerify(void *context, const unsigned char *signature, size_t size,
    const unsigned char *data, size_t data_size)
{
	static int (*real)(void *, const unsigned char *, size_t, const unsigned char *, size_t);

	if (real == NULL)
		*(void **)&real = behind("EVP_DigestVerify");
	count(CHECKS);
	return real(context, signature, size, data, data_size);
}

int
EVP_PKEY_verify(void *context, const unsigned char *signature, size_t size,
    const unsigned char *data, size_t data_size)
{
	static int (*real)(void *, const unsigned char *, size_t, const unsigned char *, size_t);

	if (real == NULL)
		*(void **)&real = behind("EVP_PKEY_verify");
	count(CHECKS);
	return real(context, signature, size, data, data_size);
}

/* ---- what is said to others ---- */

/* A frame (ceremony/protocol/frame.h) begins with two sizes, and the JSON goes out with them. */
static int
is_frame(const unsigned char *bytes, size_t size)
{
	return size > FRAME_HEAD && bytes[0] == 0 && bytes[4] == 0 && bytes[FRAME_HEAD] == '{';
}

/* Requests went to it (-1: to nobody), and nothing was read from it since. */
static int asked = -1;

ssize_t
write(int fd, const void *bytes, size_t size)
{
	static const char request[] = "{\"op\":";

	if (is_frame(bytes, size)) {
		count(FRAMES);
		if (size > FRAME_HEAD + sizeof(request) &&
		    memcmp((const char *)bytes + FRAME_HEAD, request, sizeof(request) - 1) == 0)
			asked = fd;
	}
	return syscall(SYS_write, fd, bytes, size);
}

/* Whoever asks and then reads waits for the way there and back. */
ssize_t
read(int fd, void *bytes, size_t size)
{
	if (fd == asked) {
		count(TRIPS);
		asked = -1;
	}
	return syscall(SYS_read, fd, bytes, size);
}

long SCardTransmit(long card, const void *send, const unsigned char *apdu, unsigned long size,
    void *receive, unsigned char *reply, unsigned long *reply_size);

long
SCardTransmit(long card, const void *send, const unsigned char *apdu, unsigned long size,
    void *receive, unsigned char *reply, unsigned long *reply_size)
{
	static long (*real)(long, const void *, const unsigned char *, unsigned long, void *,
	    unsigned char *, unsigned long *);

	if (real == NULL)
		*(void **)&real = behind("SCardTransmit");
	count(APDUS);
	return real(card, send, apdu, size, receive, reply, reply_size);
}
