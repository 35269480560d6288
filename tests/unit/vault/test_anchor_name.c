/* SPDX-License-Identifier: Apache-2.0 */
/* vault/log/anchor.c: whose anchor it is. */
#include "tests/lib/anchor_bench.h"

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
	assert_ok(anchor_open(bench->folder, &founding, bench->key, &bench->anchor, &err));
	assert_ok(anchor_read(bench->anchor, &slot, &err));
	commit(bench, 0, &first, &second); /* it has no name yet */
	anchor_name(bench->anchor, &vault);
	commit(bench, 1, &second, &second);
	expect_slot(bench, 2, &second, &second);
	anchor_freep(&bench->anchor);
	assert_ok(anchor_open(bench->folder, &other_vault, bench->key, &bench->anchor, &err));
	assert_error(ERR_INTEGRITY, anchor_read(bench->anchor, &slot, &err));
	assert_says("vault 5656565656");
}

/* Who founds a vault does not know its id, and another session may have given it one meanwhile. */
static void
who_has_no_id_yet_takes_that_of_the_slot_and_no_other_after_it(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct anchor_slot slot;
	BUF own = {0}, other = {0};
	read_file(bench, &own);
	assert_int_equal(unlink(bench->file), 0);
	assert_ok(anchor_create(bench->folder, &other_vault, bench->key, &first, &err));
	read_file(bench, &other);
	anchor_freep(&bench->anchor);
	put_at(bench->file, 0, buf_view(&own));
	assert_ok(anchor_open(bench->folder, &founding, bench->key, &bench->anchor, &err));
	assert_ok(anchor_read(bench->anchor, &slot, &err));
	put_at(bench->file, 0, buf_view(&other));
	assert_error(ERR_INTEGRITY, anchor_read(bench->anchor, &slot, &err));
	assert_says("vault 5757575757");
	assert_says("this is the vault 5656565656");
	put_at(bench->file, 0, buf_view(&own));
	commit(bench, 0, &first, &second); /* and what it writes names it */
	expect_slot(bench, 1, &first, &second);
}

/* The same key, so that the MAC alone does not tell them apart. */
static void
a_slot_of_another_vault_is_refused_by_who_was_given_an_id(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct anchor_slot slot;
	assert_ok(anchor_read(bench->anchor, &slot, &err));
	anchor_freep(&bench->anchor);
	assert_ok(anchor_open(bench->folder, &other_vault, bench->key, &bench->anchor, &err));
	assert_error(ERR_INTEGRITY, anchor_read(bench->anchor, &slot, &err));
	assert_says("vault 5656565656");
	assert_error(ERR_INTEGRITY, anchor_write(bench->anchor, 0, &first, &second, &err));
	anchor_freep(&bench->anchor);
	assert_ok(anchor_open(bench->folder, &founding, bench->key, &bench->anchor, &err));
	anchor_name(bench->anchor, &other_vault);
	assert_error(ERR_INTEGRITY, anchor_read(bench->anchor, &slot, &err));
	expect_slot(bench, 0, &first, &first);
}

/* A valid slot decides, not a torn one beside it that has another name. */
static void
the_name_of_a_slot_that_is_not_valid_is_not_taken(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct anchor_slot slot;
	BUF bytes = {0};
	commit(bench, 0, &first, &second);
	read_file(bench, &bytes);
	put_at(bench->file, SLOT + NAME_AT, VIEW_OF(other_vault.bytes));
	anchor_freep(&bench->anchor);
	assert_ok(anchor_open(bench->folder, &founding, bench->key, &bench->anchor, &err));
	assert_ok(anchor_read(bench->anchor, &slot, &err));
	assert_int_equal(slot.seq, 0);
	put_at(bench->file, 0, buf_view(&bytes));
	assert_ok(anchor_read(bench->anchor, &slot, &err)); /* it is still ours */
	assert_int_equal(slot.seq, 1);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(an_anchor_of_another_vault_is_named),
	    CASE(an_anchor_of_another_host_is_an_alarm),
	    CASE(an_anchor_made_at_founding_gets_its_vaults_name_at_the_next_write),
	    CASE(who_has_no_id_yet_takes_that_of_the_slot_and_no_other_after_it),
	    CASE(a_slot_of_another_vault_is_refused_by_who_was_given_an_id),
	    CASE(the_name_of_a_slot_that_is_not_valid_is_not_taken),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
