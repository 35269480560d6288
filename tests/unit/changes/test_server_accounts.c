/* SPDX-License-Identifier: Apache-2.0 */
/* One credential under two names: by its account where that holds one value, else by the key. */
#include <stdio.h>
#include <unistd.h>

#include "base/credential.h"
#include "base/file.h"
#include "base/openssh_key.h"
#include "base/random.h"
#include "ceremony/protocol/wire.h"
#include "tests/unit/changes/changes_bench.h"
#include "tests/unit/server/hand_bench.h"

static const int quorum[] = {SECOPS, INFRA, -1}, first[] = {SECOPS, -1};

/* A first definition of NAME, whose account is OF; by rotator "fake", which replaces, or "turning", which adds. */
static void
draw(struct bench *bench, const char *name, const char *rotator, const char *of,
    struct definition *ret_definition)
{
	struct err err;
	JSON *target = json_new_object();

	*ret_definition = (struct definition){.revision = 1};
	assert_ok(random_bytes(ret_definition->secret.bytes, SECRET_ID_SIZE, &err));
	snprintf(ret_definition->name, SEAT_NAME_MAX + 1, "%s", name);
	snprintf(ret_definition->policy, SEAT_NAME_MAX + 1, "production");
	snprintf(ret_definition->effect, EFFECT_MAX + 1, "root there");
	changes_use_rotator(ret_definition, rotator);
	json_put_text(target, "name", of);
	json_put_text(target, "folder", bench->target);
	assert_ok(definition_set_target(ret_definition, target, &err));
}

/* Another target for one that is in force. */
static void
move(struct bench *bench, const char *name, const char *of, struct definition *ret_next)
{
	struct err err;
	JSON *target = json_new_object();

	changes_draw(bench, name, ret_next);
	json_put_text(target, "folder", bench->target);
	json_put_text(target, "name", of);
	assert_ok(definition_set_target(ret_next, target, &err));
}

static enum err_code
send(struct bench *bench, struct definition *rows, size_t count, const int *people, bool *ret_live,
    struct err *err)
{
	DSSE statement = {0};

	changes_state(bench, rows, count, &statement);
	return changes_send(bench, &statement, people, ret_live, err);
}

static void
put(struct bench *bench, struct definition *rows, size_t count)
{
	struct err err;
	bool live;

	assert_ok(send(bench, rows, count, quorum, &live, &err));
	assert_true(live);
}

static void
define(struct bench *bench, const char *name, const char *rotator, const char *of)
{
	DEFINITION row = {0};

	draw(bench, name, rotator, of, &row);
	put(bench, &row, 1);
}

static void
retire(struct bench *bench, const char *name)
{
	DEFINITION row = {0};

	changes_draw(bench, name, &row);
	row.change.retires = true;
	put(bench, &row, 1);
}

/* Refused with the first signature, and nothing of it stays. */
static void
expect_refused(struct bench *bench, struct definition *rows, size_t count, const char *says)
{
	uint64_t leaves = bench_log_size(bench);
	struct err err;
	bool live;

	assert_error(ERR_EXISTS, send(bench, rows, count, first, &live, &err));
	assert_says(says);
	assert_int_equal(bench_log_size(bench), leaves);
}

static void
where_one_value_is_held_a_second_secret_of_the_account_is_refused_at_its_draft(void **state)
{
	struct bench *bench = *state;
	DEFINITION two = {0}, other = {0};

	define(bench, "prod/one", "fake", "db1");
	draw(bench, "prod/two", "fake", "db1", &two);
	expect_refused(bench, &two, 1,
	    "secret: prod/two: target: its account is that of \"prod/one\", and holds one value");
	draw(bench, "prod/two", "fake", "db2", &other);
	put(bench, &other, 1);
	bench_verify(bench);
}

/* What is retired is rotated no more. */
static void
once_the_other_is_retired_the_account_is_free(void **state)
{
	struct bench *bench = *state;
	DEFINITION two = {0};

	define(bench, "prod/one", "fake", "db1");
	draw(bench, "prod/two", "fake", "db1", &two);
	expect_refused(bench, &two, 1, "halligan secret retire prod/one");
	retire(bench, "prod/one");
	put(bench, &two, 1);
	bench_verify(bench);
}

static void
of_two_drafts_side_by_side_the_second_is_refused_when_it_is_complete(void **state)
{
	struct bench *bench = *state;
	DEFINITION one = {0}, two = {0};
	DSSE first_one = {0}, second = {0};
	struct err err;
	bool live;

	draw(bench, "prod/one", "fake", "db1", &one);
	draw(bench, "prod/two", "fake", "db1", &two);
	changes_state(bench, &one, 1, &first_one);
	changes_state(bench, &two, 1, &second);
	assert_ok(changes_send(bench, &first_one, first, &live, &err));
	assert_ok(changes_send(bench, &second, first, &live, &err));
	assert_ok(bench_sign(bench, &bench->people[INFRA], &second, &live, &err));
	assert_true(live);
	assert_error(ERR_EXISTS, bench_sign(bench, &bench->people[INFRA], &first_one, &live, &err));
	assert_says("its account is that of \"prod/two\"");
	assert_int_equal(bench_count(bench, "SELECT count(*) FROM secrets"), 1);
	bench_verify(bench);
}

static void
rows_of_one_statement_are_of_different_accounts(void **state)
{
	struct bench *bench = *state;
	struct definition rows[3] = {{.revision = 0}};

	draw(bench, "prod/one", "fake", "db1", &rows[0]);
	draw(bench, "prod/two", "fake", "db2", &rows[1]);
	draw(bench, "prod/three", "fake", "db1", &rows[2]);
	expect_refused(bench, rows, 3,
	    "definitions[2]: secret: prod/three: target: its account is that of \"prod/one\"");
	put(bench, rows, 2);
	bench_verify(bench);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		definition_done(&rows[i]);
}

static void
a_change_moves_no_secret_to_the_account_of_another(void **state)
{
	struct bench *bench = *state;
	DEFINITION two = {0}, one = {0}, same = {0};

	define(bench, "prod/one", "fake", "db1");
	define(bench, "prod/two", "fake", "db2");
	move(bench, "prod/two", "db1", &two);
	expect_refused(bench, &two, 1,
	    "secret: prod/two: target: its account is that of \"prod/one\"");
	/* A change of something else is none of another account. */
	changes_draw(bench, "prod/one", &same);
	snprintf(same.effect, sizeof(same.effect), "root, as before");
	put(bench, &same, 1);
	move(bench, "prod/one", "db3", &one);
	put(bench, &one, 1);
	put(bench, &two, 1);
	bench_verify(bench);
}

/* What counts is how it is when all of the statement is in force. */
static void
one_statement_changes_places(void **state)
{
	struct bench *bench = *state;
	struct definition rows[2] = {{.revision = 0}};

	define(bench, "prod/one", "fake", "db1");
	define(bench, "prod/two", "fake", "db2");
	move(bench, "prod/one", "db2", &rows[0]);
	move(bench, "prod/two", "db1", &rows[1]);
	put(bench, rows, 2);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		definition_done(&rows[i]);
	DEFINITION third = {0};
	draw(bench, "prod/three", "fake", "db1", &third);
	expect_refused(bench, &third, 1, "that of \"prod/two\"");
	bench_verify(bench);
}

/* --- Where several values are held --------------------------------------------------------------- */

static struct secret *
new_key(void)
{
	struct secret *key;
	struct err err;

	assert_ok(openssh_key_make(FAMILY_ED25519, 256, "", &key, &err));
	return key;
}

/* What NAME is adopted with: the password is the value that the target takes, KEY goes along. */
static void
box_of(struct bench *bench, const char *name, const char *password, const struct secret *key,
    struct credential_box *ret_box)
{
	*ret_box = (struct credential_box){.key = key, .keeps = true};
	changes_in_force(bench, name, &ret_box->definition);
	bench_box_value(bench, password, ret_box);
}

static enum err_code
adopt(struct bench *bench, const char *name, const char *password, const struct secret *key,
    struct err *err)
{
	CLEANUP(credential_box_done) struct credential_box box;
	JSON *reply = NULL;

	box_of(bench, name, password, key, &box);
	return bench_send_value(bench, &box, true, &reply, err);
}

static void
an_account_may_have_two_secrets_with_a_key_each(void **state)
{
	struct bench *bench = *state;
	SECRET *one = new_key(), *two = new_key();
	struct err err;

	target_accept(bench, "password-one\npassword-two\n");
	define(bench, "prod/one", "turning", "db1");
	define(bench, "prod/two", "turning", "db1");
	assert_ok(adopt(bench, "prod/one", "password-one", one, &err));
	assert_ok(adopt(bench, "prod/two", "password-two", two, &err));
	assert_int_equal(bench_count(bench,
	                     "SELECT count(DISTINCT public) FROM versions WHERE public NOTNULL"),
	    2);
	bench_verify(bench);
}

/* The target is not asked, nothing is kept; and once the other is gone it is let in. */
static void
the_key_of_another_secret_of_the_account_is_not_adopted(void **state)
{
	struct bench *bench = *state;
	SECRET *key = new_key();
	BUF calls = {0};
	struct err err;

	target_accept(bench, "password-one\npassword-two\n");
	define(bench, "prod/one", "turning", "db1");
	define(bench, "prod/two", "turning", "db1");
	assert_ok(adopt(bench, "prod/one", "password-one", key, &err));
	(void)target_calls(bench, &calls);
	uint64_t leaves = bench_log_size(bench);
	assert_error(ERR_EXISTS, adopt(bench, "prod/two", "password-two", key, &err));
	assert_says("prod/two: nothing was kept: it is the key that \"prod/one\" has sealed");
	assert_string_equal(target_calls(bench, &calls), "");
	assert_int_equal(bench_log_size(bench), leaves);
	retire(bench, "prod/one");
	assert_ok(adopt(bench, "prod/two", "password-two", key, &err));
	bench_verify(bench);
}

/* Which is what adoption cures. */
static void
the_same_key_of_another_account_is_adopted(void **state)
{
	struct bench *bench = *state;
	SECRET *key = new_key();
	struct err err;

	target_accept(bench, "password-one\npassword-two\n");
	define(bench, "prod/one", "turning", "db1");
	define(bench, "prod/two", "turning", "db2");
	assert_ok(adopt(bench, "prod/one", "password-one", key, &err));
	assert_ok(adopt(bench, "prod/two", "password-two", key, &err));
	bench_verify(bench);
}

static void
what_has_no_key_is_adopted_beside_others(void **state)
{
	struct bench *bench = *state;
	struct err err;

	target_accept(bench, "password-one\npassword-two\n");
	define(bench, "prod/one", "turning", "db1");
	define(bench, "prod/two", "turning", "db1");
	assert_ok(adopt(bench, "prod/one", "password-one", NULL, &err));
	assert_ok(adopt(bench, "prod/two", "password-two", NULL, &err));
	assert_int_equal(bench_count(bench, "SELECT count(*) FROM versions WHERE public NOTNULL"),
	    0);
}

static void
wait_for_probe(struct bench *bench)
{
	char path[300];
	struct err err;

	snprintf(path, sizeof(path), "%s/calls", bench->target);
	for (int i = 0; i < 2000; i++) {
		BUF calls = {0};

		if (file_exists(path))
			assert_ok(file_read(path, 4096, &calls, &err));
		if (calls.size > 0 && strstr(buf_string(&calls), "probe") != NULL)
			return;
		usleep(5000);
	}
	fail_msg("the target was never asked");
}

static struct json *
adopt_message(const struct credential_box *box)
{
	struct json *request = op_new("adopt");

	put_statement(request, "adopt", &box->adopt);
	json_put_hex(request, "secret", VIEW_OF(box->definition.secret.bytes));
	json_put_hex(request, "enc", VIEW_OF(box->enc.bytes));
	json_put_hex(request, "signature", VIEW_OF(box->signature));
	return request;
}

/* Another session adopts it for prod/two while the target is asked about prod/one's. */
static void
a_key_that_came_in_while_the_target_was_asked_is_noticed(void **state)
{
	struct bench *bench = *state;
	struct bench other = *bench;
	CLEANUP(credential_box_done) struct credential_box box;
	SECRET *key = new_key();
	char path[300];
	const char *text = NULL;
	struct err err;

	target_accept(bench, "password-one\npassword-two\n");
	define(bench, "prod/one", "turning", "db1");
	define(bench, "prod/two", "turning", "db1");
	target_mode(bench, "probe=wait\n");
	box_of(bench, "prod/one", "password-one", key, &box);
	JSON *request = adopt_message(&box), *reply = NULL;
	other.pid = 0;
	other.progress = (struct buf){0};
	assert_ok(bench_hello(&other, &err));
	assert_ok(wire_send(other.fd, request, buf_view(&box.ciphertext), -1, &err));
	wait_for_probe(bench);
	assert_ok(adopt(bench, "prod/two", "password-two", key, &err));
	snprintf(path, sizeof(path), "%s/go", bench->target);
	assert_ok(file_write(path, view_of_text("go\n"), 0600, &err));
	while (text == NULL) {
		BUF out = {0};

		json_freep(&reply);
		assert_ok(wire_receive(other.fd, &reply, &out, -1, &err));
		if (json_object_text(reply, "progress") == NULL)
			text = json_object_text(reply, "text");
		else
			continue;
		assert_non_null(text);
	}
	assert_non_null(strstr(text, "it is the key that \"prod/two\" has sealed"));
	assert_int_equal(bench_current(bench, "prod/one"), 0);
	bench_end(&other);
	buf_done(&other.progress);
	bench_verify(bench);
}

static void
a_change_brings_no_key_to_an_account_that_has_it(void **state)
{
	struct bench *bench = *state;
	SECRET *key = new_key();
	struct definition rows[2] = {{.revision = 0}};
	DEFINITION two = {0};
	struct err err;

	target_accept(bench, "password-one\npassword-two\n");
	define(bench, "prod/one", "turning", "db1");
	define(bench, "prod/two", "turning", "db2");
	assert_ok(adopt(bench, "prod/one", "password-one", key, &err));
	assert_ok(adopt(bench, "prod/two", "password-two", key, &err));
	move(bench, "prod/two", "db1", &two);
	expect_refused(bench, &two, 1,
	    "secret: prod/two: target: it is the key that \"prod/one\" has sealed");
	move(bench, "prod/one", "db3", &rows[0]);
	move(bench, "prod/two", "db3", &rows[1]);
	expect_refused(bench, rows, 2, "secret: prod/two: target: it is the key that \"prod/one\"");
	put(bench, rows, 1);
	put(bench, &two, 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		definition_done(&rows[i]);
	bench_verify(bench);
}

/* Whose row, cells and anchor are as they should be. */
static void
an_account_that_is_not_the_definitions_is_an_alarm(void **state)
{
	struct bench *bench = *state;
	struct err err;

	define(bench, "prod/one", "fake", "db1");
	bench_verify(bench);
	hand_write(bench, "UPDATE secrets SET account = zeroblob(32)");
	assert_error(ERR_INTEGRITY,
	    bench_call(bench, op_new("log-verify"), (struct view){0}, NULL, NULL, &err));
	assert_says("the account of prod/one is not its definition's");
}

static int
found(void **state)
{
	*state = bench_new(false);
	return 0;
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, found, bench_stop)
	const struct CMUnitTest tests[] = {
	    TEST(where_one_value_is_held_a_second_secret_of_the_account_is_refused_at_its_draft),
	    TEST(once_the_other_is_retired_the_account_is_free),
	    TEST(of_two_drafts_side_by_side_the_second_is_refused_when_it_is_complete),
	    TEST(rows_of_one_statement_are_of_different_accounts),
	    TEST(a_change_moves_no_secret_to_the_account_of_another),
	    TEST(one_statement_changes_places),
	    TEST(an_account_may_have_two_secrets_with_a_key_each),
	    TEST(the_key_of_another_secret_of_the_account_is_not_adopted),
	    TEST(the_same_key_of_another_account_is_adopted),
	    TEST(what_has_no_key_is_adopted_beside_others),
	    TEST(a_key_that_came_in_while_the_target_was_asked_is_noticed),
	    TEST(a_change_brings_no_key_to_an_account_that_has_it),
	    TEST(an_account_that_is_not_the_definitions_is_an_alarm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
