/* SPDX-License-Identifier: Apache-2.0 */
/* What a target needs of its host, as the file beside its rotator says. */
#include "rotators/contract/needs.h"

#include <stdio.h>

#include "base/bytes.h"
#include "tests/unit/check.h"

#define FILE_OF(needs) "{\"rotator\":\"x\",\"needs\":[" needs "]}"
#define EXEC                                                                                       \
	FILE_OF(                                                                                   \
	    "{\"need\":\"account\",\"member\":\"account\"},"                                       \
	    "{\"need\":\"account\",\"member\":\"user\"},"                                          \
	    "{\"need\":\"read\",\"member\":\"reads\"},"                                            \
	    "{\"need\":\"change\",\"member\":\"changes\"},"                                        \
	    "{\"need\":\"change-beside\",\"member\":\"file\",\"when\":{\"access\":\"local\"}},"    \
	    "{\"need\":\"read\",\"member\":\"jump.key\"},"                                         \
	    "{\"need\":\"socket\",\"member\":\"socket\"},"                                         \
	    "{\"need\":\"host\",\"member\":\"host\"},"                                             \
	    "{\"need\":\"capabilities\",\"names\":[\"CHOWN\",\"FOWNER\"],"                         \
	    "\"when\":{\"access\":\"local\"}}")

static enum err_code
ask(const char *file_text, const char *target_text, struct needs *ret_needs, bool *ret_of_target,
    struct err *err)
{
	JSON *file = NULL, *target = NULL;

	TRY(json_parse(view_of_text(file_text), &file, err));
	TRY(json_parse(view_of_text(target_text), &target, err));
	return needs_of(file, target, ret_needs, ret_of_target, err);
}

static void
a_target_needs_what_its_members_name(void **state)
{
	(void)state;
	NEEDS needs = {0};
	bool of_target;
	struct err err;

	assert_ok(ask(EXEC,
	    "{\"access\":\"local\",\"user\":\"deploy\",\"account\":\"mail\",\"reads\":\"/srv/a\","
	    "\"changes\":[\"/srv/b\",\"/srv/a\"],\"file\":\"/home/deploy/.ssh/keys\","
	    "\"jump\":{\"key\":\"/etc/jump\"},\"host\":\"db1\"}",
	    &needs, &of_target, &err));
	assert_string_equal(needs.account, "mail"); /* the first that is there */
	assert_int_equal(needs.count, 4);
	assert_string_equal(needs.paths[0].path, "/srv/a");
	assert_true(needs.paths[0].changes); /* named twice: the more counts */
	assert_string_equal(needs.paths[1].path, "/srv/b");
	assert_string_equal(needs.paths[2].path, "/home/deploy/.ssh");
	assert_true(needs.paths[2].changes);
	assert_string_equal(needs.paths[3].path, "/etc/jump");
	assert_false(needs.paths[3].changes);
	assert_true(needs.host);
	assert_string_equal(needs.socket, "");
	assert_int_equal(needs.capabilities, NEEDS_CHOWN | NEEDS_FOWNER);
}

static void
a_member_that_is_not_there_needs_nothing(void **state)
{
	(void)state;
	NEEDS needs = {0}, none = {0};
	bool of_target;
	struct err err;

	assert_ok(ask(EXEC, "{\"access\":\"ssh\",\"file\":\"keys\",\"jump\":\"x\"}", &needs,
	    &of_target, &err));
	assert_int_equal(needs.count, 0);
	assert_int_equal(needs.capabilities, 0);
	assert_false(needs.host);
	assert_string_equal(needs.account, "");
	assert_ok(ask("{\"rotator\":\"x\"}", "{\"reads\":\"/a\"}", &none, &of_target, &err));
	assert_int_equal(none.count, 0);
}

static void
a_target_that_names_no_path_is_told_so(void **state)
{
	(void)state;
	static const char *const wrong[] = {"\"srv\"", "\"/srv/../etc\"", "\"/srv/\"", "\"/\"",
	    "\"//srv\"", "\"/srv/./a\"", "\"/srv/..\"", "\"/srv/.\"", "\"\"", "7", "[7]",
	    "[\"/srv\",\"etc\"]", "{}"};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char target[100];
		NEEDS needs = {0};
		bool of_target = false;
		struct err err;

		snprintf(target, sizeof(target), "{\"reads\":%s}", wrong[i]);
		assert_error(ERR_INVALID, ask(EXEC, target, &needs, &of_target, &err));
		assert_true(of_target);
		assert_says("target: reads");
	}
}

static void
a_file_with_a_fault_is_blamed_itself(void **state)
{
	(void)state;
	static const char *const wrong[] = {FILE_OF(""), FILE_OF("{}"), FILE_OF("7"),
	    FILE_OF("{\"need\":\"root\",\"member\":\"a\"}"), FILE_OF("{\"need\":\"read\"}"),
	    FILE_OF("{\"need\":\"read\",\"member\":\"a\",\"more\":1}"),
	    FILE_OF("{\"need\":\"capabilities\",\"names\":[\"SYS_ADMIN\"]}"),
	    FILE_OF("{\"need\":\"capabilities\",\"member\":\"a\"}"), "{\"needs\":{}}"};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		NEEDS needs = {0};
		bool of_target = true;
		struct err err;

		assert_error(ERR_INVALID, ask(wrong[i], "{}", &needs, &of_target, &err));
		assert_false(of_target);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_target_needs_what_its_members_name),
	    cmocka_unit_test(a_member_that_is_not_there_needs_nothing),
	    cmocka_unit_test(a_target_that_names_no_path_is_told_so),
	    cmocka_unit_test(a_file_with_a_fault_is_blamed_itself),
	};

	return cmocka_run_group_tests_name("needs", tests, NULL, NULL);
}
