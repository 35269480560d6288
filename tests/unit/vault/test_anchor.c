/* SPDX-License-Identifier: Apache-2.0 */
/* vault/log/anchor.c: what is torn, cut, exchanged, forged or gone. */
#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/lib/anchor_bench.h"
#include "tests/lib/files.h"

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

int
__wrap_nanosleep(const struct timespec *time, struct timespec *ret_rest)
{
	(void)ret_rest;
	assert_true(time->tv_sec == 0 && time->tv_nsec > 0);
	if (++seam.pauses == seam.mended_at)
		put_at(seam.file, 0, seam.mend);
	return 0;
}

static int
setup_with_seam(void **state)
{
	memset(&seam, 0, sizeof(seam));
	return setup(state);
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
		assert_int_equal(seam.syncs, seq == 0 ? 2 : 1); /* the one that was found, too */
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

/* Its writer may have died before that. */
static void
a_slot_that_another_wrote_is_durable_before_the_next_is_written(void **state)
{
	struct bench *bench = *state;
	struct err err;
	ANCHOR *other = NULL;
	BUF before = {0}, after = {0};
	commit(bench, 0, &first, &second);
	assert_ok(anchor_open(bench->folder, &vault, bench->key, &other, &err));
	assert_ok(anchor_write(other, 1, &second, &second, &err));
	seam.syncs = 0;
	commit(bench, 2, &second, &third);
	assert_int_equal(seam.syncs, 2);
	read_file(bench, &before);
	seam.sync_error = EIO;
	assert_error(ERR_IO, anchor_write(other, 3, &third, &third, &err));
	seam.sync_error = 0;
	read_file(bench, &after);
	assert_memory_equal(before.data, after.data, FILE_BYTES);
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
	struct err err;
	struct anchor_slot slot;
	commit(bench, 0, &first, &second);
	for (off_t at = 0; at < SLOT_BYTES; at++) {
		assert_ok(
		    anchor_read(bench->anchor, &slot, &err)); /* which is known from then on */
		assert_int_equal(slot.seq, 1);
		flip(bench, SLOT + at);
		assert_ok(anchor_read(bench->anchor, &slot, &err));
		assert_int_equal(slot.seq, 0);
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
	if (geteuid() != 0) {
		printf("# skipped: only root can give an anchor away\n");
	} else {
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
	static const int errors[] = {EIO, ENOSPC};
	struct bench *bench = *state;
	struct err err;
	struct anchor_slot slot;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		anchor_freep(&bench->anchor);
		assert_ok(anchor_open(bench->folder, &vault, bench->key, &bench->anchor, &err));
		assert_ok(anchor_read(bench->anchor, &slot, &err));
		seam.sync_error = errors[i];
		assert_error(ERR_IO, anchor_write(bench->anchor, slot.seq, &first, &second, &err));
		assert_says("did not confirm");
		assert_says(strerror(errors[i]));
		seam.sync_error = 0;
		for (uint64_t before = slot.seq; before < slot.seq + 2; before++) {
			assert_error(ERR_IO,
			    anchor_write(bench->anchor, before, &first, &second, &err));
			assert_says("restart");
		}
		assert_error(ERR_IO, anchor_read(bench->anchor, &slot, &err));
		assert_says("restart");
	}
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

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_with_seam, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(a_new_anchor_is_settled_closed_to_others_and_of_its_full_size),
	    CASE(the_file_has_the_bytes_that_its_format_says),
	    CASE(the_golden_anchor_is_read),
	    CASE(writes_go_to_the_slots_by_turns_and_are_durable),
	    CASE(a_slot_that_another_wrote_is_durable_before_the_next_is_written),
	    CASE(a_write_that_is_torn_anywhere_leaves_the_slot_before),
	    CASE(every_changed_byte_of_a_slot_makes_it_invalid),
	    CASE(two_damaged_slots_are_an_alarm),
	    CASE(a_write_under_way_is_waited_for_four_times),
	    CASE(a_slot_from_the_future_counts_only_with_its_mac),
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
