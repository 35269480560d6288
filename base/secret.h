/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secret memory.  A PIN, share, ECDH output, DEK, credential or private key lives in a struct
 * secret from its first byte to its last: a block of the process's arena (base/arena.h), which stands
 * between canaries on pages that lie between guard pages, locked, out of core files and not
 * inherited by children; wiped whole on free, compared in constant time, and without any printing
 * form.  memfd_secret(2) is used where the kernel has it (not even root
 * can read it through /proc), else mlock(2).  A failed lock is an error with its remedy.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/bytes.h"

enum {
	SECRET_MAX = 256 * 1024, /* bytes, the largest capacity */
	SECRET_ROOM = 512 * 1024
};

struct secret;

/* A new empty secret that can hold CAPACITY bytes (1..SECRET_MAX), all zero.
 * Errors: ERR_MEMORY (the text names RLIMIT_MEMLOCK and how to raise it). */
enum err_code secret_new(size_t capacity, struct secret **ret_secret, struct err *err) MUST_CHECK;
/* A new secret with capacity and content of BYTES (capacity 1 when BYTES is empty). */
enum err_code secret_from(struct view bytes, struct secret **ret_secret,
    struct err *err) MUST_CHECK;
/* Wipes the whole allocation.  Accepts NULL. */
void secret_free(struct secret *secret);
DESTRUCTOR(secret_freep, struct secret, secret_free)
#define SECRET CLEANUP(secret_freep) struct secret

/* CAPACITY writable bytes.  Set the used size afterwards with secret_resize. */
uint8_t *secret_data(struct secret *secret);
size_t secret_size(const struct secret *secret);
size_t secret_capacity(const struct secret *secret);
/* The used bytes, for functions that take a view.  Does not own. */
struct view secret_view(const struct secret *secret);
/* Bytes dropped by a smaller size are wiped.  ERR_INTERNAL when SIZE is over the capacity. */
enum err_code secret_resize(struct secret *secret, size_t size, struct err *err) MUST_CHECK;
/* ERR_INTERNAL when they do not fit. */
enum err_code secret_append(struct secret *secret, struct view bytes, struct err *err) MUST_CHECK;
/* Wipe the content; the size becomes 0. */
void secret_clear(struct secret *secret);
/* Fill with SIZE bytes of getrandom(2). */
enum err_code secret_random(struct secret *secret, size_t size, struct err *err) MUST_CHECK;
/* Constant time in the content; sizes are public. */
bool secret_equal(const struct secret *a, const struct secret *b);

/* Read up to the secret's capacity from FD to end of file.  ERR_INVALID when there is more. */
enum err_code secret_read_fd(struct secret *secret, int fd, struct err *err) MUST_CHECK;
/* Write all used bytes to FD. */
enum err_code secret_write_fd(const struct secret *secret, int fd, struct err *err) MUST_CHECK;

/* Asked before anybody enters a PIN or touches a token: is there room for the most that a command holds at a time,
 * SECRET_ROOM bytes (a locked stack, and large secrets)?  ERR_MEMORY as from secret_new(). */
enum err_code secret_check_room(struct err *err) MUST_CHECK;

/* How this process keeps secrets: "memfd_secret" or "mlock". */
const char *secret_kind(void);

/* malloc-like functions over locked memory, for libraries that take an allocator. */
void *secret_calloc(size_t count, size_t size);
void *secret_realloc(void *pointer, size_t size);
void secret_release(void *pointer);

#endif
