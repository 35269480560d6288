/* SPDX-License-Identifier: Apache-2.0 */
/* vault/documents/definition_account.c: which definitions are about one account. */
#include "vault/documents/definition_account.h"

#include <stdio.h>

#include "base/text.h"
#include "tests/unit/check.h"

#define KEY       "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKli3b+ZjjrLggK8FLWtJpCWxrWJ0nhRdBOcNM6aSTa"
#define OTHER_KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPZ6sYBfCHSU6A3NyYAlkUVfO6SkodBimT4mRejcimwX"

static const struct announcement of_all = {.holds = 1},
                                 of_two = {.holds = 1,
                                     .account_count = 2,
                                     .account = {"user", "host_key"}};

static struct digest
account(const char *rotator, const char *target, const struct announcement *announced)
{
	struct err err;
	DEFINITION definition = {.announced = *announced};
	struct digest digest;

	snprintf(definition.rotator, sizeof(definition.rotator), "%s", rotator);
	assert_ok(json_parse(view_of_text(target), &definition.target, &err));
	assert_ok(definition_account(&definition, &digest, &err));
	return digest;
}

static bool
same(const char *a, const char *b, const struct announcement *announced)
{
	struct digest one = account("ssh-key", a, announced);
	struct digest other = account("ssh-key", b, announced);

	return digest_equal(&one, &other);
}

/* By hand: what FORMAT.md says. */
static void
it_is_the_hash_that_the_format_says(void **state)
{
	(void)state;
	static const char bytes[] =
	    "\x13halligan/v1 account\x07ssh-key{\"host_key\":\"" KEY "\",\"user\":\"root\"}";
	struct digest expected,
	    got = account("ssh-key", "{\"port\":22,\"user\":\"root\",\"host_key\":\"" KEY " db1\"}",
	        &of_two);
	struct err err;

	assert_ok(sha256_one(view_of(bytes, sizeof(bytes) - 1), &expected, &err));
	assert_memory_equal(got.bytes, expected.bytes, DIGEST_SIZE);
}

static void
the_members_that_are_announced_count_and_no_others(void **state)
{
	(void)state;
	static const char one[] =
	    "{\"host\":\"db1\",\"host_key\":\"" KEY "\",\"user\":\"root\",\"port\":22}";

	assert_true(
	    same(one, "{\"host\":\"alias\",\"host_key\":\"" KEY "\",\"user\":\"root\"}", &of_two));
	assert_false(same(one,
	    "{\"host\":\"db1\",\"host_key\":\"" KEY "\",\"user\":\"web\",\"port\":22}", &of_two));
	assert_false(same(one,
	    "{\"host\":\"db1\",\"host_key\":\"" OTHER_KEY "\",\"user\":\"root\",\"port\":22}",
	    &of_two));
	assert_false(same(one, "{\"host\":\"db1\",\"user\":\"root\",\"port\":22}", &of_two));
	/* What has none of them is told by all that it has: no two strangers are one. */
	assert_false(same("{\"port\":1}", "{\"port\":2}", &of_two));
	assert_true(same("{\"port\":1}", "{\"port\":1}", &of_two));
}

static void
without_an_announced_account_the_whole_target_counts(void **state)
{
	(void)state;
	assert_true(same("{\"a\":\"1\",\"b\":2}", "{\"a\":\"1\",\"b\":2}", &of_all));
	assert_false(same("{\"a\":\"1\",\"b\":2}", "{\"a\":\"1\",\"b\":3}", &of_all));
	assert_false(same("{\"a\":\"1\",\"b\":2}", "{\"a\":\"1\"}", &of_all));
	assert_false(same("{\"a\":[\"1\",\"2\"]}", "{\"a\":[\"2\",\"1\"]}", &of_all));
}

static void
the_order_of_members_and_the_comment_of_a_key_do_not_count(void **state)
{
	(void)state;
	assert_true(same("{\"a\":\"1\",\"b\":{\"c\":true,\"d\":[1]}}",
	    "{\"b\":{\"d\":[1],\"c\":true},\"a\":\"1\"}", &of_all));
	assert_true(same("{\"host_key\":\"" KEY "\",\"user\":\"root\"}",
	    "{\"user\":\"root\",\"host_key\":\"" KEY " root@db1\"}", &of_two));
	assert_true(same("{\"deep\":{\"key\":\"" KEY " a\"}}",
	    "{\"deep\":{\"key\":\"" KEY " b c\"}}", &of_all));
	/* Of what is no key all of it counts. */
	assert_false(same("{\"user\":\"root a\"}", "{\"user\":\"root b\"}", &of_two));
	assert_false(same("{\"user\":\"ssh-ed25519 AAAA a\"}", "{\"user\":\"ssh-ed25519 AAAA b\"}",
	    &of_two));
}

static void
another_rotator_is_another_account(void **state)
{
	(void)state;
	struct digest one = account("ssh-key", "{\"user\":\"root\"}", &of_two);
	struct digest other = account("exec", "{\"user\":\"root\"}", &of_two);

	assert_false(digest_equal(&one, &other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_is_the_hash_that_the_format_says),
	    cmocka_unit_test(the_members_that_are_announced_count_and_no_others),
	    cmocka_unit_test(without_an_announced_account_the_whole_target_counts),
	    cmocka_unit_test(the_order_of_members_and_the_comment_of_a_key_do_not_count),
	    cmocka_unit_test(another_rotator_is_another_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
