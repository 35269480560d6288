/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A secret is one block of the arena (base/arena.h) that holds its own description:
 *
 *	| canary | struct secret, up to 15 unused, capacity bytes | canary |
 *
 * The content ends where the canary behind it begins, so that one byte too many is found; behind a large one there is
 * a guard page, where it faults at once.  Bytes between size and capacity are zero, always: what is dropped is wiped.
 *
 * The malloc-like functions give blocks as they are.
 */
#include "base/secret.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/locked.h"
#include "base/random.h"

struct secret {
	uint8_t *data;
	size_t size;
	size_t capacity;
};

enum err_code
secret_new(size_t capacity, struct secret **ret_secret, struct err *err)
{
	struct secret *secret;
	void *block;

	if (capacity == 0 || capacity > SECRET_MAX)
		return err_set(err, ERR_INTERNAL, "a secret cannot have %zu bytes", capacity);
	TRY(arena_new(sizeof(*secret) + capacity, &block, err));
	secret = block;
	secret->data = (uint8_t *)block + arena_size(block) - capacity;
	secret->capacity = capacity;
	*ret_secret = secret;
	return ERR_OK;
}

enum err_code
secret_from(struct view bytes, struct secret **ret_secret, struct err *err)
{
	SECRET *secret = NULL;

	TRY(secret_new(bytes.size > 0 ? bytes.size : 1, &secret, err));
	TRY(secret_append(secret, bytes, err));
	*ret_secret = TAKE(secret);
	return ERR_OK;
}

void
secret_free(struct secret *secret)
{
	if (secret != NULL)
		arena_free(secret);
}

uint8_t *
secret_data(struct secret *secret)
{
	return secret->data;
}

size_t
secret_size(const struct secret *secret)
{
	return secret->size;
}

size_t
secret_capacity(const struct secret *secret)
{
	return secret->capacity;
}

struct view
secret_view(const struct secret *secret)
{
	return view_of(secret->data, secret->size);
}

enum err_code
secret_resize(struct secret *secret, size_t size, struct err *err)
{
	if (size > secret->capacity)
		return err_set(err, ERR_INTERNAL, "%zu bytes do not fit in a secret of %zu", size,
		    secret->capacity);
	explicit_bzero(secret->data + size, secret->capacity - size);
	secret->size = size;
	return ERR_OK;
}

enum err_code
secret_append(struct secret *secret, struct view bytes, struct err *err)
{
	if (bytes.size > secret->capacity - secret->size)
		return err_set(err, ERR_INTERNAL, "%zu bytes more do not fit in a secret of %zu",
		    bytes.size, secret->capacity);
	if (bytes.size > 0)
		memcpy(secret->data + secret->size, bytes.data, bytes.size);
	secret->size += bytes.size;
	return ERR_OK;
}

void
secret_clear(struct secret *secret)
{
	explicit_bzero(secret->data, secret->capacity);
	secret->size = 0;
}

enum err_code
secret_random(struct secret *secret, size_t size, struct err *err)
{
	secret_clear(secret);
	TRY(secret_resize(secret, size, err));
	if (random_bytes(secret->data, size, err) == ERR_OK)
		return ERR_OK;
	secret_clear(secret);
	return err->code;
}

bool
secret_equal(const struct secret *a, const struct secret *b)
{
	const volatile uint8_t *x = a->data, *y = b->data;
	uint8_t differ = 0;

	if (a->size != b->size)
		return false;
	for (size_t i = 0; i < a->size; i++)
		differ |= x[i] ^ y[i];
	return differ == 0;
}

enum err_code
secret_read_fd(struct secret *secret, int fd, struct err *err)
{
	uint8_t *end = secret->data + secret->capacity;
	uint8_t *at = secret->data;
	uint8_t more; /* is there a byte that does not fit?  Its value is of no use to anybody. */

	secret_clear(secret);
	for (;;) {
		ssize_t got = read(fd, at < end ? at : &more, at < end ? (size_t)(end - at) : 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got > 0 && at < end) {
			at += got;
			continue;
		}
		if (got == 0)
			break;
		int error_number = errno;

		explicit_bzero(&more, sizeof(more));
		secret_clear(secret);
		if (got > 0)
			return err_set(err, ERR_INVALID, "the input is larger than %zu bytes",
			    secret->capacity);
		return err_errno(err, ERR_IO, error_number, "cannot read a secret");
	}
	secret->size = (size_t)(at - secret->data);
	return ERR_OK;
}

enum err_code
secret_write_fd(const struct secret *secret, int fd, struct err *err)
{
	size_t done = 0;

	while (done < secret->size) {
		ssize_t put = write(fd, secret->data + done, secret->size - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return err_errno(err, ERR_IO, put < 0 ? errno : EIO,
			    "cannot hand a secret over");
		done += (size_t)put;
	}
	return ERR_OK;
}

enum err_code
secret_check_room(struct err *err)
{
	return locked_room(SECRET_ROOM, err);
}

const char *
secret_kind(void)
{
	return locked_kind();
}

void *
secret_calloc(size_t count, size_t size)
{
	struct err err;
	void *block;

	if (size != 0 && count > SECRET_MAX / size)
		return NULL;
	return arena_new(count * size, &block, &err) == ERR_OK ? block : NULL;
}

void *
secret_realloc(void *pointer, size_t size)
{
	void *bigger = secret_calloc(1, size);

	if (bigger == NULL || pointer == NULL)
		return bigger;
	memcpy(bigger, pointer, size < arena_size(pointer) ? size : arena_size(pointer));
	secret_release(pointer);
	return bigger;
}

void
secret_release(void *pointer)
{
	if (pointer != NULL)
		arena_free(pointer);
}
