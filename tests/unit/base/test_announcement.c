/* SPDX-License-Identifier: Apache-2.0 */
#include "base/announcement.h"

#include <stdio.h>

#include "tests/unit/check.h"

static const char whole[] = "{\"style\":\"overlap\",\"holds\":2,\"identity\":\"via\",\"grace\":900,"
                            "\"death\":\"copies-open\",\"can\":[\"expel\",\"mint\"]}";

#define NAME_33 "123456789-123456789-123456789-123"
#define NAME_99 "\"" NAME_33 NAME_33 NAME_33

static enum err_code
parse(const char *text, struct announcement *ret_announcement, struct err *err)
{
	JSON *object = NULL;

	assert_int_equal(json_parse(view_of_text(text), &object, err), ERR_OK);
	return announcement_parse(object, "it", ret_announcement, err);
}

/* WHOLE with the first FROM replaced by TO. */
static const char *
edited(const char *from, const char *to, char text[512])
{
	const char *at = strstr(whole, from);

	assert_non_null(at);
	(void)snprintf(text, 512, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from));
	return text;
}

static void
an_announcement_reads_back_as_it_was_written(void **state)
{
	(void)state;
	static const struct announcement rows[] = {
	    {.holds = 1},
	    {.style = STYLE_OVERLAP, .holds = 2, .grace = ANNOUNCED_GRACE_MAX, .can = CAN_WARN},
	    {STYLE_ISSUE, IDENTITY_SELF, DEATH_NONE, ANNOUNCED_HOLDS_MAX, 0,
	        CAN_EXPEL | CAN_WARN | CAN_MINT},
	    {STYLE_REPLACE, IDENTITY_VIA, DEATH_COPIES, 1, 1, CAN_EXPEL},
	    {.holds = 1, .account_count = 2, .account = {"host_key", "user"}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		JSON *object = json_new_object();
		struct announcement read = {0};
		struct err err;

		announcement_put(object, &rows[i]);
		assert_ok(announcement_parse(object, "it", &read, &err));
		assert_null(announcement_differs(&rows[i], &read));
	}
}

static void
it_is_written_as_the_header_says(void **state)
{
	(void)state;
	struct announcement announcement;
	JSON *object = json_new_object();
	BUF text = {0};
	struct err err;

	assert_ok(parse(whole, &announcement, &err));
	assert_int_equal(announcement.style, STYLE_OVERLAP);
	assert_int_equal(announcement.holds, 2);
	assert_int_equal(announcement.identity, IDENTITY_VIA);
	assert_int_equal(announcement.grace, 900);
	assert_int_equal(announcement.death, DEATH_COPIES);
	assert_int_equal(announcement.can, CAN_EXPEL | CAN_MINT);
	announcement_put(object, &announcement);
	assert_ok(json_encode(object, &text, &err));
	assert_string_equal(buf_string(&text), whole);
}

static void
each_wrong_member_is_refused_by_name(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *member;
	} rows[] = {
	    {"\"style\":\"overlap\",", "", "style"},
	    {"\"overlap\"", "\"both\"", "style"},
	    {"\"overlap\"", "1", "style"},
	    {"\"holds\":2,", "", "holds"},
	    {"\"holds\":2", "\"holds\":0", "holds"},
	    {"\"holds\":2", "\"holds\":-1", "holds"},
	    {"\"holds\":2", "\"holds\":65", "holds"},
	    {"\"holds\":2", "\"holds\":\"2\"", "holds"},
	    {"\"identity\":\"via\",", "", "identity"},
	    {"\"via\"", "\"root\"", "identity"},
	    {"\"grace\":900,", "", "grace"},
	    {"\"grace\":900", "\"grace\":-1", "grace"},
	    {"\"grace\":900", "\"grace\":2678401", "grace"},
	    {"\"death\":\"copies-open\",", "", "death"},
	    {"\"copies-open\"", "\"maybe\"", "death"},
	    {",\"can\":[\"expel\",\"mint\"]", "", "can"},
	    {"\"mint\"", "\"expel\"", "can"},
	    {"\"mint\"", "\"fly\"", "can"},
	    {"\"mint\"", "7", "can"},
	    {"[\"expel\",\"mint\"]", "\"expel\"", "can"},
	    {"\"can\"", "\"paths\":[],\"can\"", "paths"},
	    {"\"can\"", "\"account\":[],\"can\"", "account"},
	    {"\"can\"", "\"account\":\"user\",\"can\"", "account"},
	    {"\"can\"", "\"account\":[\"\"],\"can\"", "account"},
	    {"\"can\"", "\"account\":[7],\"can\"", "account"},
	    {"\"can\"", "\"account\":[\"user\",\"host\",\"user\"],\"can\"", "twice"},
	    {"\"can\"", "\"account\":[" NAME_99 "xx\"],\"can\"", "1 to 100 bytes"},
	    {"\"can\"",
	        "\"account\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"],\"can\"",
	        "account"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct announcement announcement = {.holds = 77};
		char text[512];
		struct err err;

		assert_error(ERR_INVALID,
		    parse(edited(rows[i].from, rows[i].to, text), &announcement, &err));
		assert_says("it");
		assert_says(rows[i].member);
	}
}

static void
members_that_contradict_each_other_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *words;
	} rows[] = {
	    {"\"overlap\"", "\"replace\"", "must be 1"},
	    {"\"holds\":2", "\"holds\":1", "must be 2 or more"},
	    {"\"overlap\",\"holds\":2", "\"issue\",\"holds\":1", "must be 2 or more"},
	    {"\"copies-open\"", "\"cannot-die\"", "must be 0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct announcement announcement;
		char text[512];
		struct err err;

		assert_error(ERR_INVALID,
		    parse(edited(rows[i].from, rows[i].to, text), &announcement, &err));
		assert_says(rows[i].words);
	}
}

static void
the_limits_themselves_are_taken(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
	    {"\"holds\":2", "\"holds\":64"},
	    {"\"grace\":900", "\"grace\":2678400"},
	    {"\"grace\":900", "\"grace\":0"},
	    {"[\"expel\",\"mint\"]", "[]"},
	    {"\"can\"", "\"account\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\"],\"can\""},
	    {"\"can\"", "\"account\":[" NAME_99 "x\"],\"can\""},
	    {"[\"expel\",\"mint\"]", "[\"mint\",\"warn\",\"expel\"]"},
	    {"\"grace\":900,\"death\":\"copies-open\"", "\"grace\":0,\"death\":\"cannot-die\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct announcement announcement;
		char text[512];
		struct err err;

		assert_ok(parse(edited(rows[i][0], rows[i][1], text), &announcement, &err));
	}
}

static void
the_member_that_differs_is_named(void **state)
{
	(void)state;
	static const struct announcement one = {.holds = 1};
	static const struct {
		struct announcement other;
		const char *member;
	} rows[] = {
	    {{.holds = 1}, NULL},
	    {{.style = STYLE_ISSUE, .holds = 2}, "style"},
	    {{.holds = 2}, "holds"},
	    {{.identity = IDENTITY_SELF, .holds = 1}, "identity"},
	    {{.holds = 1, .grace = 1}, "grace"},
	    {{.holds = 1, .death = DEATH_COPIES}, "death"},
	    {{.holds = 1, .can = CAN_WARN}, "can"},
	    {{.holds = 1, .account_count = 1, .account = {"user"}}, "account"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *member = announcement_differs(&one, &rows[i].other);

		assert_true((member == NULL) == (rows[i].member == NULL));
		if (member != NULL)
			assert_string_equal(member, rows[i].member);
		assert_ptr_equal(announcement_differs(&rows[i].other, &one), member);
	}
}

static void
accounts_of_other_members_differ(void **state)
{
	(void)state;
	static const struct announcement rows[] = {
	    {.holds = 1, .account_count = 2, .account = {"host", "user"}},
	    {.holds = 1, .account_count = 1, .account = {"host", "user"}},
	    {.holds = 1, .account_count = 2, .account = {"host", "users"}},
	    {.holds = 1, .account_count = 2, .account = {"user", "host"}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t j = 0; j < ARRAY_SIZE(rows); j++) {
			const char *member = announcement_differs(&rows[i], &rows[j]);

			assert_true((member == NULL) == (i == j));
			if (member != NULL)
				assert_string_equal(member, "account");
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_announcement_reads_back_as_it_was_written),
	    cmocka_unit_test(it_is_written_as_the_header_says),
	    cmocka_unit_test(each_wrong_member_is_refused_by_name),
	    cmocka_unit_test(members_that_contradict_each_other_are_refused),
	    cmocka_unit_test(the_limits_themselves_are_taken),
	    cmocka_unit_test(the_member_that_differs_is_named),
	    cmocka_unit_test(accounts_of_other_members_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
