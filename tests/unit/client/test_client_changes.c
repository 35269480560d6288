/* SPDX-License-Identifier: Apache-2.0 */
/* Several secrets that are changed or retired by one statement: what is read, what it costs, and what is refused. */
#include "ceremony/client/documents/definition.h"
#include "ceremony/client/documents/definition_change.h"
#include "tests/unit/client/town.h"

static const char *const three[] = {"prod/db", "prod/db-1", "prod/db-2"};
static const struct change_plan reword = {.names = three, .count = 3, .effect = "root on all"};

static enum err_code
change(struct town *town, const struct change_plan *plan, struct err *err)
{
	CLIENT *client = NULL;

	TRY(town_connect(town, TOWN_CISO, &client, err));
	return definition_change(client, plan, err);
}

static enum err_code
sign(struct town *town, struct err *err)
{
	CLIENT *client = NULL;

	TRY(town_connect(town, TOWN_INFRA, &client, err));
	return definition_sign(client, NULL, err);
}

static size_t
times_seen(struct town *town, const char *text)
{
	const char *at = buf_string(&town->screen);
	size_t count = 0;

	while ((at = strstr(at, text)) != NULL) {
		count++;
		at += strlen(text);
	}
	return count;
}

/* What was read before the signature, of the screen at AT. */
static void
copy_screen(struct town *town, struct buf *ret_text)
{
	const char *from = strstr(buf_string(&town->screen), "--- 1 of"), *to;

	assert_non_null(from);
	to = strstr(from, "Still needed");
	assert_non_null(to);
	buf_format(ret_text, "%.*s", (int)(to - from), from);
}

static void
several_change_by_one_statement_one_screen_and_one_touch(void **state)
{
	struct town town;
	DEFINITIONS_OF read = {0};
	struct err err;

	(void)state;
	town_open_many(&town, 3, MODE_RELEASE);
	fine(change(&town, &reword, &err), &err);
	assert_int_equal(town_token(&town, TOWN_CISO)->touches, 1);
	assert_int_equal(town.pins_asked, 1);
	assert_true(town.tried);
	fine(definitions_parse(&town.proposed, false, &read, &err), &err);
	assert_int_equal(read.count, 3);
	for (size_t i = 0; i < read.count; i++) {
		char heading[80];

		snprintf(heading, sizeof(heading), "--- %zu of 3: %s ---\n", i + 1, three[i]);
		assert_int_equal(times_seen(&town, heading), 1);
		snprintf(heading, sizeof(heading), "AS IT IS     \n%s\n", three[i]);
		assert_int_equal(times_seen(&town, heading), 1);
		assert_string_equal(read.rows[i].name, three[i]);
		assert_string_equal(read.rows[i].effect, "root on all");
		assert_int_equal(read.rows[i].revision, 2);
		assert_int_equal(read.rows[i].change.quorum_count, 1);
	}
	assert_int_equal(times_seen(&town, "before     \"root on db1\""), 3);
	assert_int_equal(times_seen(&town, "after      \"root on all\""), 3);
	assert_true(town_saw(&town,
	    "Still needed, yours included: secret: prod/db and 2 more: the quorum of policy default "
	    "(2 of (ciso, infra, audit)) needs 2 more signatures; not signed yet by ciso, infra, audit\n"));
	assert_true(town_saw(&town, "Sign these 3 changes? Type yes"));
	town_close(&town);
}

static void
the_next_who_signs_reads_the_same(void **state)
{
	struct town town;
	BUF first = {0}, second = {0};
	struct err err;

	(void)state;
	town_open_many(&town, 3, MODE_RELEASE);
	fine(change(&town, &reword, &err), &err);
	copy_screen(&town, &first);
	buf_done(&town.screen);
	fine(sign(&town, &err), &err);
	copy_screen(&town, &second);
	assert_string_equal(buf_string(&first), buf_string(&second));
	assert_int_equal(town_token(&town, TOWN_INFRA)->touches, 1);
	assert_true(town_saw(&town, "needs 1 more signature; not signed yet by infra, audit\n"));
	assert_true(town_saw(&town, "Sign these 3 changes? Type yes"));
	town_close(&town);
}

static void
several_are_retired_by_one_touch(void **state)
{
	static const struct change_plan plan = {.names = three, .count = 2, .retires = true};
	struct town town;
	DEFINITIONS_OF read = {0};
	struct err err;

	(void)state;
	town_open_many(&town, 3, MODE_RELEASE);
	fine(change(&town, &plan, &err), &err);
	assert_int_equal(town_token(&town, TOWN_CISO)->touches, 1);
	assert_int_equal(times_seen(&town, "revision 2: RETIRED for good"), 2);
	assert_true(town_saw(&town, "Sign these 2 retirements? Type yes"));
	fine(definitions_parse(&town.proposed, false, &read, &err), &err);
	assert_int_equal(read.count, 2);
	assert_true(read.rows[0].change.retires && read.rows[1].change.retires);
	town_close(&town);
}

static void
what_is_wrong_with_any_of_them_is_told_before_the_pin(void **state)
{
	static const char *const twice[] = {"prod/db", "prod/db-1", "prod/db"};
	static const char *const unknown[] = {"prod/db", "prod/dbx", "prod/dby"};
	static const char *const absent[] = {"port"};
	static const char *many[DEFINITIONS + 1];
	const struct {
		struct change_plan plan;
		enum err_code code;
		const char *text;
	} rows[] = {
	    {{.names = twice, .count = 3, .effect = "x"}, ERR_USAGE,
	        "prod/db stands twice, as secret 1 and 3"},
	    {{.names = twice, .count = 3, .retires = true}, ERR_USAGE,
	        "prod/db stands twice, as secret 1 and 3"},
	    {{.names = many, .count = DEFINITIONS + 1, .retires = true}, ERR_USAGE,
	        "501 secrets; one statement changes 1 to 500"},
	    {{.names = unknown, .count = 3, .effect = "x"}, ERR_NOT_FOUND,
	        "prod/dbx: there is no such secret.  prod/dby: there is no such secret.  None of the 3"},
	    {{.names = three, .count = 3, .effect = "root on db1"}, ERR_EXISTS,
	        "secret: prod/db: nothing would change: its definition says so already.  secret: "
	        "prod/db-1: nothing would change"},
	    {{.names = three, .count = 3, .without = absent, .without_count = 1}, ERR_USAGE,
	        "prod/db-2: the target has no member \"port\" to remove"},
	    {{.names = three, .count = 3, .policy = "absent"}, ERR_USAGE,
	        "the charter has no policy \"absent\""},
	    {{.names = three, .count = 3, .effect = ""}, ERR_USAGE, "must be 1 to 300 bytes"},
	    {{.names = unknown + 1, .count = 1, .effect = "x"}, ERR_NOT_FOUND, "no such secret"},
	};
	struct town town;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = "prod/db";
	town_open_many(&town, 3, MODE_RELEASE);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect_error(change(&town, &rows[i].plan, &err), rows[i].code, &err, rows[i].text);
	/* What is wrong for all of them is told of none. */
	expect_error(change(&town, &rows[6].plan, &err), ERR_USAGE, &err,
	    "the charter has no policy");
	assert_null(strstr(err.text, "prod/"));
	assert_int_equal(town.pins_asked, 0);
	assert_int_equal(town.proposed.count, 0);
	town_close(&town);
}

/* The host would have one of them changed without those who could open it. */
static void
a_draft_that_does_not_ask_the_quorum_of_one_version_is_not_signed(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	town_open_many(&town, 3, MODE_RELEASE);
	town.unasked = "prod/db-1";
	fine(change(&town, &reword, &err), &err);
	expect_error(sign(&town, &err), ERR_INTEGRITY, &err,
	    "does not ask the quorum that version 1 of prod/db-1 is sealed to");
	assert_int_equal(town_token(&town, TOWN_INFRA)->touches, 0);
	town_close(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(several_change_by_one_statement_one_screen_and_one_touch),
	    cmocka_unit_test(the_next_who_signs_reads_the_same),
	    cmocka_unit_test(several_are_retired_by_one_touch),
	    cmocka_unit_test(what_is_wrong_with_any_of_them_is_told_before_the_pin),
	    cmocka_unit_test(a_draft_that_does_not_ask_the_quorum_of_one_version_is_not_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
