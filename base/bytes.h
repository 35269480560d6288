/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public bytes: views, a growing buffer that is written, and a reader.  Writing and reading have
 * sticky failures: call freely, ask once at the end.  Integers are big-endian.  Secrets do not
 * belong here (base/secret.h).
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Bytes that somebody else owns.  DATA may be NULL when SIZE is 0. */
struct view {
	const uint8_t *data;
	size_t size;
};

#define VIEW_OF(array) ((struct view){(const uint8_t *)(array), sizeof(array)})
struct view view_of_text(const char *text); /* without the NUL */
struct view view_of(const void *data, size_t size);
/* Public comparison, not constant-time: never for secrets (see secret_equal, crypto_equal). */
bool view_equal(struct view a, struct view b);

/* Bytes of our own that grow, up to 64 MiB.  Initialise with {0}; free with buf_done. */
struct buf {
	uint8_t *data;
	size_t size;
	size_t capacity;
	bool failed; /* out of memory or too large; sticky */
};

void buf_done(struct buf *buf); /* accepts {0}; leaves {0} */
#define BUF CLEANUP(buf_done) struct buf
/* buf_done, and its bytes are overwritten first: for the words of others, which may hold what they must not.  Where they
 * stood before the buffer grew they were overwritten then. */
void buf_wipe(struct buf *buf);
#define WIPED CLEANUP(buf_wipe) struct buf
void buf_u8(struct buf *buf, uint8_t value);
void buf_u16(struct buf *buf, uint16_t value);
void buf_u32(struct buf *buf, uint32_t value);
void buf_u64(struct buf *buf, uint64_t value);
void buf_bytes(struct buf *buf, struct view bytes);
void buf_text(struct buf *buf, const char *text); /* without the NUL */
void buf_format(struct buf *buf, const char *format, ...) FORMAT_LIKE(2, 3);
/* Length-prefixed: one, two or four bytes of length, then the bytes.  Fails when too long. */
void buf_lp8(struct buf *buf, struct view bytes);
void buf_lp16(struct buf *buf, struct view bytes);
void buf_lp32(struct buf *buf, struct view bytes);
/* Append SIZE zero bytes and return where they begin, to be filled before the next write; NULL
 * after a failure. */
uint8_t *buf_space(struct buf *buf, size_t size);
struct view buf_view(const struct buf *buf);
/* The bytes as a NUL-terminated string that the buffer keeps owning; "" after a failure. */
const char *buf_string(struct buf *buf);
/* ERR_MEMORY when anything written to BUF did not fit. */
enum err_code buf_check(const struct buf *buf, struct err *err) MUST_CHECK;

/* Reads a view from front to back.  After the first failure every read gives zero or nothing. */
struct reader {
	struct view rest;
	bool failed;
};

struct reader reader_of(struct view bytes);
uint8_t reader_u8(struct reader *reader);
uint16_t reader_u16(struct reader *reader);
uint32_t reader_u32(struct reader *reader);
uint64_t reader_u64(struct reader *reader);
/* SIZE bytes as a view into the input. */
struct view reader_bytes(struct reader *reader, size_t size);
/* Copy exactly SIZE bytes. */
void reader_copy(struct reader *reader, void *ret_bytes, size_t size);
/* Length-prefixed fields of at most MAX bytes. */
struct view reader_lp8(struct reader *reader, size_t max);
struct view reader_lp16(struct reader *reader, size_t max);
struct view reader_lp32(struct reader *reader, size_t max);
/* True when nothing failed and nothing is left: trailing bytes are refused. */
bool reader_end(const struct reader *reader);

#endif
