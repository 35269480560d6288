/* SPDX-License-Identifier: Apache-2.0 */
/* vault/log/anchor.c: what is torn, cut, exchanged, forged or gone. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "tests/lib/files.h"
#include "tests/unit/check.h"
#include "vault/log/anchor.h"

enum { SLOT = 4096, SLOT_BYTES = 512, FILE_BYTES = 8192, BODY = 203, SEQ_AT = 51 };

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

/* What the calls below do. */
static struct {
	unsigned syncs, pauses;
	int sync_error;     /* errno of the next fdatasync, or 0 */
	unsigned mended_at; /* the pause in which MEND is put back, from 1 */
	const char *file;   /* there */
	struct view mend;
} seam;

int __wrap_fdatasync(int fd);
int __real_fdatasync(int fd);
int __wrap_nanosleep(const struct timespec *time, struct timespec *ret_rest);

int
__wrap_fdatasync(int fd)
{
	seam.syncs++;
	if (seam.sync_error == 0)
		return __real_fdatasync(fd);
	errno = seam.sync_error;
	return -1;
}

/* Overwrites as a writer does. */
static void
put_at(const char *path, off_t at, struct view bytes)
{
	FD fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes.data, bytes.size, at), bytes.size);
}

int
__wrap_nanosleep(const struct timespec *time, struct timespec *ret_rest)
{
	(void)ret_rest;
	assert_true(time->tv_sec == 0 && time->tv_nsec > 0);
	if (++seam.pauses == seam.mended_at)
		put_at(seam.file, 0, seam.mend);
	return 0;
}

static struct secret *
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

static int
setup(void **state)
{
	struct err err;
	struct bench *bench = calloc(1, sizeof(*bench));
	assert_non_null(bench);
	memset(&seam, 0, sizeof(seam));
	snprintf(bench->folder, sizeof(bench->folder), "/tmp/halligan-anchor-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->file, sizeof(bench->file), "%s/anchor", bench->folder);
	bench->key = key_of(0);
	assert_ok(anchor_create(bench->folder, &vault, bench->key, &first, &err));
	assert_ok(anchor_open(bench->folder, &vault, bench->key, &bench->anchor, &err));
	*state = bench;
	return 0;
}

static int
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

static void
read_file(const struct bench *bench, struct buf *ret_bytes)
{
	struct err err;
	assert_ok(file_read(bench->file, 2 * FILE_BYTES, ret_bytes, &err));
}

/* What a session that starts now is told. */
static enum err_code
open_and_read(const struct bench *bench, struct anchor_slot *ret_slot, struct err *err)
{
	ANCHOR *anchor = NULL;
	TRY(anchor_open(bench->folder, &vault, bench->key, &anchor, err));
	return anchor_read(anchor, ret_slot, err);
}

static void
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
static void
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

static void
commit(struct bench *bench, uint64_t before, const struct anchor_state *from,
    const struct anchor_state *to)
{
	struct err err;
	assert_ok(anchor_write(bench->anchor, before, from, to, &err));
}

static void
flip(const struct bench *bench, off_t at)
{
	BUF bytes = {0};
	read_file(bench, &bytes);
	uint8_t byte = bytes.data[at] ^ 1;
	put_at(bench->file, at, view_of(&byte, 1));
}

static void
a_new_anchor_is_settled_closed_to_others_and_of_its_full_size(void **state)
{
	struct bench *bench = *state;
	struct stat status;
	struct err err;
	struct anchor_slot slot;
	assert_int_equal(lstat(bench->file, &status), 0);
	assert_int_equal(status.st_size, FILE_BYTES);
	assert_int_equal(status.st_mode, S_IFREG | 0600);
	expect_slot(bench, 0, &first, &first);
	assert_ok(anchor_read(bench->anchor, &slot, &err));
	assert_true(anchor_slot_is_settled(&slot));
	assert_int_equal(seam.pauses, 0);
}

/* The golden file was made by a few lines of Python (hashlib, hmac, struct). */
static void
the_file_has_the_bytes_that_its_format_says(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF bytes = {0}, golden = {0};
	assert_ok(read_repository_file("tests/golden/anchor-1", &golden, &err));
	commit(bench, 0, &first, &second);
	read_file(bench, &bytes);
	assert_view(buf_view(&bytes), buf_view(&golden));
}

static void
the_golden_anchor_is_read(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF golden = {0}, seed = {0};
	SECRET *own = NULL;
	assert_ok(read_repository_file("tests/golden/anchor-1", &golden, &err));
	assert_ok(read_repository_file("tests/golden/anchor-1.log-seed", &seed, &err));
	assert_ok(secret_from(buf_view(&seed), &own, &err));
	secret_freep(&bench->key);
	assert_ok(anchor_key(own, &bench->key, &err));
	assert_ok(file_write(bench->file, buf_view(&golden), 0600, &err));
	expect_slot(bench, 1, &first, &second);
}

static void
writes_go_to_the_slots_by_turns_and_are_durable(void **state)
{
	struct bench *bench = *state;
	struct stat before, after;
	BUF one = {0}, two = {0};
	assert_int_equal(lstat(bench->file, &before), 0);
	for (uint64_t seq = 0; seq < 6; seq++) {
		size_t kept = seq % 2 == 0 ? 0 : SLOT, written = SLOT - kept;
		one.size = two.size = 0;
		read_file(bench, &one);
		seam.syncs = 0;
		commit(bench, seq, &second, seq % 2 == 0 ? &third : &second);
		assert_int_equal(seam.syncs, 1);
		expect_slot(bench, seq + 1, &second, seq % 2 == 0 ? &third : &second);
		read_file(bench, &two);
		assert_int_equal(two.size, FILE_BYTES);
		assert_memory_equal(one.data + kept, two.data + kept, SLOT);
		assert_memory_not_equal(one.data + written, two.data + written, SLOT_BYTES);
		assert_memory_equal(one.data + written + SLOT_BYTES,
		    two.data + written + SLOT_BYTES, SLOT - SLOT_BYTES);
	}
	assert_int_equal(lstat(bench->file, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void
a_write_that_is_torn_anywhere_leaves_the_slot_before(void **state)
{
	struct bench *bench = *state;
	BUF old = {0}, new = {0};
	commit(bench, 0, &first, &second);
	read_file(bench, &old);
	commit(bench, 1, &second, &third);
	read_file(bench, &new);
	for (size_t size = 0; size <= SLOT_BYTES; size++) {
		/* From the front, and from the back: a disk keeps no order. */
		put_at(bench->file, 0, view_of(old.data, SLOT_BYTES));
		put_at(bench->file, 0, view_of(new.data, size));
		bool whole = memcmp(old.data + size, new.data + size, SLOT_BYTES - size) == 0;
		expect_slot(bench, whole ? 2 : 1, whole ? &second : &first,
		    whole ? &third : &second);
		put_at(bench->file, 0, view_of(new.data, SLOT_BYTES));
		put_at(bench->file, 0, view_of(old.data, size));
		whole = memcmp(old.data, new.data, size) == 0;
		expect_slot(bench, whole ? 2 : 1, whole ? &second : &first,
		    whole ? &third : &second);
	}
	assert_int_equal(seam.pauses, 0);
}

static void
every_changed_byte_of_a_slot_makes_it_invalid(void **state)
{
	struct bench *bench = *state;
	commit(bench, 0, &first, &second);
	for (off_t at = 0; at < SLOT_BYTES; at++) {
		flip(bench, SLOT + at);
		expect_slot(bench, 0, &first, &first);
		flip(bench, SLOT + at);
	}
	expect_slot(bench, 1, &first, &second);
}

static void
two_damaged_slots_are_an_alarm(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct anchor_slot slot;
	expect_slot(bench, 0, &first, &first);
	flip(bench, BODY); /* the other was never written */
	expect_alarm(bench, "none of the two slots");
	assert_int_equal(seam.pauses, 4);
	flip(bench, BODY);
	commit(bench, 0, &first, &second);
	flip(bench, BODY);
	flip(bench, SLOT + SEQ_AT);
	expect_alarm(bench, "none of the two slots");
	assert_error(ERR_INTEGRITY, anchor_read(bench->anchor, &slot, &err));
	assert_error(ERR_INTEGRITY, anchor_write(bench->anchor, 1, &second, &third, &err));
}

static void
a_write_under_way_is_waited_for_four_times(void **state)
{
	struct bench *bench = *state;
	BUF bytes = {0};
	read_file(bench, &bytes);
	seam.mend = view_of(bytes.data, SLOT_BYTES);
	seam.file = bench->file;
	for (unsigned pause = 1; pause <= 4; pause++) {
		flip(bench, BODY);
		seam.pauses = 0;
		seam.mended_at = pause;
		expect_slot(bench, 0, &first, &first);
		assert_int_equal(seam.pauses, pause);
	}
	flip(bench, BODY);
	seam.pauses = 0;
	seam.mended_at = 5;
	expect_alarm(bench, "none of the two slots");
}

/* A higher number that nobody with the key wrote. */
static void
a_slot_from_the_future_counts_only_with_its_mac(void **state)
{
	struct bench *bench = *state;
	static const uint8_t far[8] = {0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	BUF bytes = {0};
	commit(bench, 0, &first, &second);
	read_file(bench, &bytes);
	put_at(bench->file, SLOT + SEQ_AT, VIEW_OF(far));
	expect_slot(bench, 0, &first, &first);
	/* A valid slot in the other's place. */
	put_at(bench->file, 0, view_of(bytes.data + SLOT, SLOT_BYTES));
	expect_alarm(bench, "none of the two slots");
	put_at(bench->file, SLOT, view_of(bytes.data + SLOT, SLOT_BYTES));
	expect_slot(bench, 1, &first, &second);
}

static void
an_anchor_of_another_vault_is_named(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SECRET *other = key_of(1);
	anchor_freep(&bench->anchor);
	assert_int_equal(unlink(bench->file), 0);
	assert_ok(anchor_create(bench->folder, &other_vault, bench->key, &first, &err));
	expect_alarm(bench, "vault 5757575757");
	/* The other vault has another host.key too. */
	assert_int_equal(unlink(bench->file), 0);
	assert_ok(anchor_create(bench->folder, &other_vault, other, &first, &err));
	expect_alarm(bench, "vault 5757575757");
}

static void
an_anchor_of_another_host_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SECRET *other = key_of(1);
	assert_int_equal(unlink(bench->file), 0);
	assert_ok(anchor_create(bench->folder, &vault, other, &first, &err));
	expect_alarm(bench, "made with another host.key");
}

static void
an_anchor_made_at_founding_gets_its_vaults_name_at_the_next_write(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct anchor_slot slot;
	anchor_freep(&bench->anchor);
	assert_int_equal(unlink(bench->file), 0);
	assert_ok(anchor_create(bench->folder, &founding, bench->key, &first, &err));
	expect_slot(bench, 0, &first, &first);
	assert_ok(anchor_open(bench->folder, &vault, bench->key, &bench->anchor, &err));
	commit(bench, 0, &first, &second);
	anchor_freep(&bench->anchor);
	/* Who has lost the vault's id is not founding it. */
	assert_ok(anchor_open(bench->folder, &founding, bench->key, &bench->anchor, &err));
	assert_error(ERR_INTEGRITY, anchor_read(bench->anchor, &slot, &err));
	assert_says("that is being founded");
}

static void
a_missing_anchor_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	assert_int_equal(unlink(bench->file), 0);
	expect_alarm(bench, "is missing");
}

static void
an_anchor_of_any_other_size_is_an_alarm(void **state)
{
	static const off_t sizes[] = {0, 1, 203, 235, 511, 512, 4096, 4608, 8191, 8193, 16384};
	struct bench *bench = *state;
	char part[40];
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		assert_int_equal(truncate(bench->file, sizes[i]), 0);
		snprintf(part, sizeof(part), "has %lld bytes instead of 8192", (long long)sizes[i]);
		expect_alarm(bench, part);
	}
}

static void
an_anchor_cut_off_while_it_is_open_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct anchor_slot slot;
	assert_int_equal(truncate(bench->file, SLOT), 0);
	assert_error(ERR_INTEGRITY, anchor_read(bench->anchor, &slot, &err));
	assert_says("cut off");
	assert_error(ERR_INTEGRITY, anchor_write(bench->anchor, 0, &first, &second, &err));
	assert_says("has 4096 bytes instead of 8192");
}

static void
a_linked_anchor_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	char moved[100];
	snprintf(moved, sizeof(moved), "%s/moved", bench->folder);
	assert_int_equal(rename(bench->file, moved), 0);
	assert_int_equal(symlink("moved", bench->file), 0);
	expect_alarm(bench, "is a symbolic link");
	assert_int_equal(unlink(bench->file), 0);
	assert_int_equal(link(moved, bench->file), 0);
	expect_alarm(bench, "has a second name");
	assert_int_equal(unlink(moved), 0);
	expect_slot(bench, 0, &first, &first);
}

static void
what_is_no_file_is_no_anchor(void **state)
{
	struct bench *bench = *state;
	struct err err;
	assert_int_equal(unlink(bench->file), 0);
	assert_int_equal(mkfifo(bench->file, 0600), 0);
	expect_alarm(bench, "is no regular file");
	assert_error(ERR_REFUSED, anchor_create(bench->folder, &vault, bench->key, &first, &err));
	assert_int_equal(unlink(bench->file), 0);
	assert_int_equal(mkdir(bench->file, 0700), 0);
	expect_alarm(bench, "is no regular file");
}

static void
an_anchor_that_others_may_have_changed_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	assert_int_equal(chmod(bench->file, 0640), 0);
	expect_alarm(bench, "has mode 0640");
	assert_int_equal(chmod(bench->file, 0600), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(bench->file, 65534, (gid_t)-1), 0);
		expect_alarm(bench, "belongs to uid 65534");
		assert_int_equal(chown(bench->file, 0, (gid_t)-1), 0);
	}
	expect_slot(bench, 0, &first, &first);
}

static void
an_anchor_that_is_there_is_not_made_again(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF before = {0}, after = {0};
	read_file(bench, &before);
	assert_error(ERR_EXISTS, anchor_create(bench->folder, &vault, bench->key, &third, &err));
	read_file(bench, &after);
	assert_view(buf_view(&after), buf_view(&before));
	assert_int_equal(truncate(bench->file, 0), 0);
	assert_error(ERR_EXISTS, anchor_create(bench->folder, &vault, bench->key, &third, &err));
}

static void
the_slot_that_counts_is_never_overwritten(void **state)
{
	struct bench *bench = *state;
	struct err err;
	BUF before = {0}, after = {0};
	commit(bench, 0, &first, &second);
	read_file(bench, &before);
	assert_error(ERR_INTERNAL, anchor_write(bench->anchor, 0, &second, &third, &err));
	assert_error(ERR_INTERNAL, anchor_write(bench->anchor, 2, &second, &third, &err));
	read_file(bench, &after);
	assert_view(buf_view(&after), buf_view(&before));
	commit(bench, 1, &second, &third);
}

static void
an_anchor_replaced_while_it_is_open_is_not_written(void **state)
{
	struct bench *bench = *state;
	struct err err;
	assert_int_equal(unlink(bench->file), 0);
	assert_ok(anchor_create(bench->folder, &vault, bench->key, &first, &err));
	assert_error(ERR_INTEGRITY, anchor_write(bench->anchor, 0, &first, &second, &err));
	assert_says("was removed or replaced");
	expect_slot(bench, 0, &first, &first);
}

/* The kernel may have dropped what it could not write, and show the old or the new. */
static void
after_a_failed_sync_nothing_is_read_or_written(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct anchor_slot slot;
	seam.sync_error = EIO;
	assert_error(ERR_IO, anchor_write(bench->anchor, 0, &first, &second, &err));
	assert_says("did not confirm");
	seam.sync_error = 0;
	assert_error(ERR_IO, anchor_read(bench->anchor, &slot, &err));
	assert_error(ERR_IO, anchor_write(bench->anchor, 0, &first, &second, &err));
	assert_error(ERR_IO, anchor_write(bench->anchor, 1, &first, &second, &err));
	assert_says("restart");
}

static void
states_are_equal_in_all_three_parts_only(void **state)
{
	struct anchor_state changed = first;
	(void)state;
	assert_true(anchor_state_equal(&first, &changed));
	changed.size++;
	assert_false(anchor_state_equal(&first, &changed));
	changed = first;
	changed.log_root.bytes[31] ^= 1;
	assert_false(anchor_state_equal(&first, &changed));
	changed = first;
	changed.state_root.bytes[0] ^= 1;
	assert_false(anchor_state_equal(&first, &changed));
}

static int
start(void **state)
{
	struct err err;
	(void)state;
	return crypto_start(&err) == ERR_OK ? 0 : -1;
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_new_anchor_is_settled_closed_to_others_and_of_its_full_size),
	    CASE(the_file_has_the_bytes_that_its_format_says),
	    CASE(the_golden_anchor_is_read),
	    CASE(writes_go_to_the_slots_by_turns_and_are_durable),
	    CASE(a_write_that_is_torn_anywhere_leaves_the_slot_before),
	    CASE(every_changed_byte_of_a_slot_makes_it_invalid),
	    CASE(two_damaged_slots_are_an_alarm),
	    CASE(a_write_under_way_is_waited_for_four_times),
	    CASE(a_slot_from_the_future_counts_only_with_its_mac),
	    CASE(an_anchor_of_another_vault_is_named),
	    CASE(an_anchor_of_another_host_is_an_alarm),
	    CASE(an_anchor_made_at_founding_gets_its_vaults_name_at_the_next_write),
	    CASE(a_missing_anchor_is_an_alarm),
	    CASE(an_anchor_of_any_other_size_is_an_alarm),
	    CASE(an_anchor_cut_off_while_it_is_open_is_an_alarm),
	    CASE(a_linked_anchor_is_an_alarm),
	    CASE(what_is_no_file_is_no_anchor),
	    CASE(an_anchor_that_others_may_have_changed_is_an_alarm),
	    CASE(an_anchor_that_is_there_is_not_made_again),
	    CASE(the_slot_that_counts_is_never_overwritten),
	    CASE(an_anchor_replaced_while_it_is_open_is_not_written),
	    CASE(after_a_failed_sync_nothing_is_read_or_written),
	    cmocka_unit_test(states_are_equal_in_all_three_parts_only),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
