/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing goes through grow(), reading through reader_bytes(): the only two places that compare
 * sizes.  A buffer doubles, so that appending is linear; a reader only ever moves forward.
 *
 * A buffer that grew leaves nothing behind in its former, smaller blocks: whether its bytes are to be wiped in the end is
 * not known while it grows, and realloc() would have given them back as they are.
 */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_MAX = 64 * 1024 * 1024, BUF_FIRST = 64 };

struct view
view_of_text(const char *text)
{
	return view_of(text, strlen(text));
}

struct view
view_of(const void *data, size_t size)
{
	return (struct view){data, size};
}

bool
view_equal(struct view a, struct view b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Into a block of CAPACITY bytes; the former one is overwritten. */
static bool
move(struct buf *buf, size_t capacity)
{
	uint8_t *data = malloc(capacity);

	if (data == NULL) {
		buf->failed = true;
		return false;
	}
	if (buf->data != NULL) {
		memcpy(data, buf->data, buf->size);
		explicit_bzero(buf->data, buf->capacity);
		free(buf->data);
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

/* Make room for SIZE more bytes. */
static bool
grow(struct buf *buf, size_t size)
{
	size_t capacity = buf->capacity != 0 ? buf->capacity : BUF_FIRST;

	if (buf->failed || size > BUF_MAX - buf->size) {
		buf->failed = true;
		return false;
	}
	if (size <= buf->capacity - buf->size)
		return true;
	while (capacity - buf->size < size)
		capacity *= 2;
	return move(buf, capacity);
}

void
buf_done(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}

void
buf_wipe(struct buf *buf)
{
	if (buf->data != NULL)
		explicit_bzero(buf->data, buf->capacity);
	buf_done(buf);
}

void
buf_u8(struct buf *buf, uint8_t value)
{
	if (grow(buf, 1))
		buf->data[buf->size++] = value;
}

static void
put_integer(struct buf *buf, uint64_t value, unsigned bytes)
{
	uint8_t big[sizeof(value)];

	for (unsigned i = 0; i < bytes; i++)
		big[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
	buf_bytes(buf, view_of(big, bytes));
}

void
buf_u16(struct buf *buf, uint16_t value)
{
	put_integer(buf, value, 2);
}

void
buf_u32(struct buf *buf, uint32_t value)
{
	put_integer(buf, value, 4);
}

void
buf_u64(struct buf *buf, uint64_t value)
{
	put_integer(buf, value, 8);
}

uint8_t *
buf_space(struct buf *buf, size_t size)
{
	uint8_t *space;

	if (!grow(buf, size))
		return NULL;
	if (buf->data == NULL && !grow(buf, 1)) /* no bytes, but not NULL either */
		return NULL;
	space = buf->data + buf->size;
	memset(space, 0, size);
	buf->size += size;
	return space;
}

void
buf_bytes(struct buf *buf, struct view bytes)
{
	if (bytes.size == 0 || !grow(buf, bytes.size))
		return;
	memcpy(buf->data + buf->size, bytes.data, bytes.size);
	buf->size += bytes.size;
}

void
buf_text(struct buf *buf, const char *text)
{
	buf_bytes(buf, view_of_text(text));
}

void
buf_format(struct buf *buf, const char *format, ...)
{
	va_list args;
	int need;

	va_start(args, format);
	need = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (need < 0)
		buf->failed = true;
	if (need < 0 || !grow(buf, (size_t)need + 1))
		return;
	va_start(args, format);
	vsnprintf((char *)buf->data + buf->size, (size_t)need + 1, format, args);
	va_end(args);
	buf->size += (size_t)need;
}

static void
put_prefixed(struct buf *buf, struct view bytes, unsigned length_bytes)
{
	if ((uint64_t)bytes.size >> (8 * length_bytes) != 0) {
		buf->failed = true;
		return;
	}
	put_integer(buf, bytes.size, length_bytes);
	buf_bytes(buf, bytes);
}

void
buf_lp8(struct buf *buf, struct view bytes)
{
	put_prefixed(buf, bytes, 1);
}

void
buf_lp16(struct buf *buf, struct view bytes)
{
	put_prefixed(buf, bytes, 2);
}

void
buf_lp32(struct buf *buf, struct view bytes)
{
	put_prefixed(buf, bytes, 4);
}

struct view
buf_view(const struct buf *buf)
{
	return view_of(buf->data, buf->size);
}

const char *
buf_string(struct buf *buf)
{
	if (!grow(buf, 1))
		return "";
	buf->data[buf->size] = '\0';
	return (const char *)buf->data;
}

enum err_code
buf_check(const struct buf *buf, struct err *err)
{
	if (buf->failed)
		return err_set(err, ERR_MEMORY, "out of memory, or a document larger than %d MiB",
		    BUF_MAX / (1024 * 1024));
	return ERR_OK;
}

struct reader
reader_of(struct view bytes)
{
	return (struct reader){.rest = bytes};
}

static uint64_t
get_integer(struct reader *reader, unsigned bytes)
{
	struct view view = reader_bytes(reader, bytes);
	uint64_t value = 0;

	for (size_t i = 0; i < view.size; i++)
		value = value << 8 | view.data[i];
	return value;
}

uint8_t
reader_u8(struct reader *reader)
{
	return (uint8_t)get_integer(reader, 1);
}

uint16_t
reader_u16(struct reader *reader)
{
	return (uint16_t)get_integer(reader, 2);
}

uint32_t
reader_u32(struct reader *reader)
{
	return (uint32_t)get_integer(reader, 4);
}

uint64_t
reader_u64(struct reader *reader)
{
	return get_integer(reader, 8);
}

struct view
reader_bytes(struct reader *reader, size_t size)
{
	struct view bytes = {reader->rest.data, size};

	if (reader->failed || size > reader->rest.size) {
		*reader = (struct reader){.failed = true};
		return (struct view){0};
	}
	if (size > 0)
		reader->rest.data += size;
	reader->rest.size -= size;
	return bytes;
}

void
reader_copy(struct reader *reader, void *ret_bytes, size_t size)
{
	struct view bytes = reader_bytes(reader, size);

	memset(ret_bytes, 0, size);
	if (bytes.size > 0)
		memcpy(ret_bytes, bytes.data, bytes.size);
}

static struct view
get_prefixed(struct reader *reader, unsigned length_bytes, size_t max)
{
	size_t size = (size_t)get_integer(reader, length_bytes);

	if (size > max) {
		*reader = (struct reader){.failed = true};
		return (struct view){0};
	}
	return reader_bytes(reader, size);
}

struct view
reader_lp8(struct reader *reader, size_t max)
{
	return get_prefixed(reader, 1, max);
}

struct view
reader_lp16(struct reader *reader, size_t max)
{
	return get_prefixed(reader, 2, max);
}

struct view
reader_lp32(struct reader *reader, size_t max)
{
	return get_prefixed(reader, 4, max);
}

bool
reader_end(const struct reader *reader)
{
	return !reader->failed && reader->rest.size == 0;
}
