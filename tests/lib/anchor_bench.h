/* SPDX-License-Identifier: Apache-2.0 */
/* An anchor in a folder of its own, for unit tests, and what a disk or somebody else does to it. */
#ifndef TESTS_LIB_ANCHOR_BENCH_H
#define TESTS_LIB_ANCHOR_BENCH_H

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "tests/unit/check.h"
#include "vault/log/anchor.h"

enum { SLOT = 4096, SLOT_BYTES = 512, FILE_BYTES = 8192, BODY = 203, NAME_AT = 19, SEQ_AT = 51 };

struct bench {
	char folder[64], file[80];
	struct secret *key;
	struct anchor *anchor;
};

#define EIGHT(byte) byte, byte, byte, byte, byte, byte, byte, byte
#define DIGEST(byte)                                                                               \
	{                                                                                          \
		{                                                                                  \
			EIGHT(byte), EIGHT(byte), EIGHT(byte), EIGHT(byte)                         \
		}                                                                                  \
	}

static const struct digest vault = DIGEST(0x56), other_vault = DIGEST(0x57), founding = DIGEST(0);
static const struct anchor_state first = {3, DIGEST(0x31), DIGEST(0x32)};
static const struct anchor_state second = {4, DIGEST(0x41), DIGEST(0x42)};
static const struct anchor_state third = {5, DIGEST(0x51), DIGEST(0x52)};

/* Overwrites as a writer does. */
__attribute__((unused)) static void
put_at(const char *path, off_t at, struct view bytes)
{
	FD fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes.data, bytes.size, at), bytes.size);
}

__attribute__((unused)) static struct secret *
key_of(unsigned number)
{
	SECRET *seed = NULL;
	struct secret *key = NULL;
	struct err err;
	uint8_t bytes[32];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i + number);
	assert_ok(secret_from(VIEW_OF(bytes), &seed, &err));
	assert_ok(anchor_key(seed, &key, &err));
	return key;
}

__attribute__((unused)) static int
setup(void **state)
{
	struct err err;
	struct bench *bench = calloc(1, sizeof(*bench));
	assert_non_null(bench);
	snprintf(bench->folder, sizeof(bench->folder), "/tmp/halligan-anchor-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->file, sizeof(bench->file), "%s/anchor", bench->folder);
	bench->key = key_of(0);
	assert_ok(anchor_create(bench->folder, &vault, bench->key, &first, &err));
	assert_ok(anchor_open(bench->folder, &vault, bench->key, &bench->anchor, &err));
	*state = bench;
	return 0;
}

__attribute__((unused)) static int
teardown(void **state)
{
	struct bench *bench = *state;
	anchor_free(bench->anchor);
	secret_free(bench->key);
	unlink(bench->file);
	rmdir(bench->file);
	assert_int_equal(rmdir(bench->folder), 0);
	free(bench);
	return 0;
}

__attribute__((unused)) static void
read_file(const struct bench *bench, struct buf *ret_bytes)
{
	struct err err;
	assert_ok(file_read(bench->file, 2 * FILE_BYTES, ret_bytes, &err));
}

/* What a session that starts now is told. */
__attribute__((unused)) static enum err_code
open_and_read(const struct bench *bench, struct anchor_slot *ret_slot, struct err *err)
{
	ANCHOR *anchor = NULL;
	TRY(anchor_open(bench->folder, &vault, bench->key, &anchor, err));
	return anchor_read(anchor, ret_slot, err);
}

__attribute__((unused)) static void
expect_slot(const struct bench *bench, uint64_t seq, const struct anchor_state *from,
    const struct anchor_state *to)
{
	struct err err;
	struct anchor_slot slot;
	assert_ok(open_and_read(bench, &slot, &err));
	assert_int_equal(slot.seq, seq);
	assert_true(anchor_state_equal(&slot.from, from));
	assert_true(anchor_state_equal(&slot.to, to));
}

/* ERR_INTEGRITY with these words, what it means, and what is to be done. */
__attribute__((unused)) static void
expect_alarm(const struct bench *bench, const char *part)
{
	struct err err;
	struct anchor_slot slot = {.seq = 77};
	assert_error(ERR_INTEGRITY, open_and_read(bench, &slot, &err));
	assert_says(bench->file);
	assert_says(part);
	assert_says("which state of the database is the vault's newest");
	assert_int_equal(slot.seq, 77);
}

__attribute__((unused)) static void
commit(struct bench *bench, uint64_t before, const struct anchor_state *from,
    const struct anchor_state *to)
{
	struct err err;
	assert_ok(anchor_write(bench->anchor, before, from, to, &err));
}

__attribute__((unused)) static void
flip(const struct bench *bench, off_t at)
{
	BUF bytes = {0};
	read_file(bench, &bytes);
	uint8_t byte = bytes.data[at] ^ 1;
	put_at(bench->file, at, view_of(&byte, 1));
}

__attribute__((unused)) static int
start(void **state)
{
	struct err err;
	(void)state;
	return crypto_start(&err) == ERR_OK ? 0 : -1;
}

#endif
