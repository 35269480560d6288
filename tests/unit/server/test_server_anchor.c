/* SPDX-License-Identifier: Apache-2.0 */
/* What the server makes of an old copy, and of files that are gone or somebody else's. */
#include <stdio.h>

#include "tests/unit/server/hand_bench.h"

static struct id
open_ceremony(struct bench *bench)
{
	struct err err;
	struct id id = bench_request(bench, &bench->people[ALICE], "prod/db");

	assert_ok(bench_approve(bench, &bench->people[CISO], &id, &err));
	return id;
}

/* "old" is kept before a ceremony was opened, "new" after. */
static void
keep_both(struct bench *bench)
{
	bench_keep(bench, "old");
	(void)open_ceremony(bench);
	bench_keep(bench, "new");
}

struct swap {
	const char *command, *says;
};

static void
expect_alarms(struct bench *bench, const struct swap *rows, size_t count)
{
	struct err err;

	for (size_t i = 0; i < count; i++) {
		bench_shell(bench, "%s", rows[i].command);
		assert_error(ERR_INTEGRITY, bench_hello(bench, &err));
		assert_alarm(bench, rows[i].says, &err);
		bench_restore(bench, "new");
	}
	assert_ok(bench_hello(bench, &err));
}

static void
an_old_database_releases_nothing(void **state)
{
	static const struct swap rows[] = {
	    {"cp old/vault/vault.db vault", "an old database was restored"},
	    {"rm -r vault && cp -a old/vault . && cp new/vault/anchor vault",
	        "an old database was restored"},
	};

	keep_both(*state);
	expect_alarms(*state, rows, ARRAY_SIZE(rows));
}

static void
a_database_that_is_ahead_of_its_anchor_is_an_alarm(void **state)
{
	static const struct swap rows[] = {
	    {"cp old/vault/anchor vault", "somebody wrote there, or the anchor is an old one"},
	    {"rm -r vault && cp -a old/vault . && cp new/vault/vault.db vault",
	        "somebody wrote there, or the anchor is an old one"},
	};

	keep_both(*state);
	expect_alarms(*state, rows, ARRAY_SIZE(rows));
}

static void
a_database_with_as_many_leaves_of_another_history_is_an_alarm(void **state)
{
	static const struct swap rows[] = {
	    {"cp other/vault/vault.db vault", "the state tree"},
	};
	struct bench *bench = *state;

	bench_keep(bench, "old");
	(void)open_ceremony(bench);
	bench_keep(bench, "other");
	bench_restore(bench, "old");
	(void)open_ceremony(bench);
	bench_keep(bench, "new");
	expect_alarms(bench, rows, ARRAY_SIZE(rows));
}

static void
an_anchor_whose_writer_died_follows_the_database(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct anchor_slot before, after;

	(void)open_ceremony(bench);
	hand_anchor(bench, &before);
	hand_unsettle(bench);
	assert_ok(bench_hello(bench, &err));
	hand_anchor(bench, &after);
	assert_true(anchor_slot_is_settled(&after));
	assert_true(anchor_state_equal(&after.to, &before.to));
}

static void
missing_and_foreign_files_are_alarms(void **state)
{
	static const struct swap rows[] = {
	    {"rm vault/anchor", "/anchor is missing"},
	    {"echo forged > vault/anchor", "/anchor has 7 bytes instead of 8192"},
	    {"dd if=/dev/zero of=vault/anchor bs=8192 count=1 status=none",
	        "none of the two slots"},
	    {"rm vault/vault.db", "no database"},
	    {"tr 0-9a-f 1-9a-f0 < old/vault/vault.id > vault/vault.id", "belongs to the vault "},
	    {"truncate -s 10 vault/vault.id", "vault.id is damaged"},
	    {"truncate -s 50 vault/host.key", "host.key"},
	};

	keep_both(*state);
	expect_alarms(*state, rows, ARRAY_SIZE(rows));
}

/* The anchor of the state that is now, as the keys and the id that stand there would have made it. */
static void
make_anchor(struct bench *bench, const struct anchor_state *now)
{
	struct err err;
	CLEANUP(host_keys_done) struct host_keys keys = {0};
	struct digest vault;

	bench_shell(bench, "rm vault/anchor");
	assert_ok(host_keys_load(bench->vault, &keys, &err));
	assert_ok(host_read_vault_id(bench->vault, &vault, &err));
	assert_ok(anchor_create(bench->vault, &vault, keys.anchor, now, &err));
}

static void
an_id_of_another_vault_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	struct anchor_slot slot;
	struct err err;

	bench_keep(bench, "kept");
	hand_anchor(bench, &slot);
	bench_shell(bench, "tr 0-9a-f 1-9a-f0 < kept/vault/vault.id > vault/vault.id");
	make_anchor(bench, &slot.to);
	assert_error(ERR_INTEGRITY, bench_hello(bench, &err));
	assert_alarm(bench, "names another first charter", &err);
	bench_restore(bench, "kept");
}

static void
keys_of_another_host_release_nothing(void **state)
{
	struct bench *bench = *state;
	struct bench *other;
	struct anchor_slot slot;
	struct err err;

	bench_keep(bench, "kept");
	hand_anchor(bench, &slot);
	other = bench_new(false);
	bench_end(other);
	bench_shell(bench, "cp %s/host.key vault", other->vault);
	assert_error(ERR_INTEGRITY, bench_hello(bench, &err));
	assert_alarm(bench, "was made with another host.key", &err);
	bench_shell(bench, "cp %s/anchor vault", other->vault);
	assert_error(ERR_INTEGRITY, bench_hello(bench, &err));
	assert_alarm(bench, "belongs to the vault", &err);
	bench_free(other);
	make_anchor(bench, &slot.to);
	assert_error(ERR_INTEGRITY, bench_hello(bench, &err));
	assert_alarm(bench, "host.key is not the one that charter 1 names", &err);
	bench_restore(bench, "kept");
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_start, bench_stop)
	const struct CMUnitTest tests[] = {
	    CASE(an_old_database_releases_nothing),
	    CASE(a_database_that_is_ahead_of_its_anchor_is_an_alarm),
	    CASE(a_database_with_as_many_leaves_of_another_history_is_an_alarm),
	    CASE(an_anchor_whose_writer_died_follows_the_database),
	    CASE(missing_and_foreign_files_are_alarms),
	    CASE(an_id_of_another_vault_is_an_alarm),
	    CASE(keys_of_another_host_release_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
