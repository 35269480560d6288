/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked for, with an honest server and with one that lies. */
#include "ceremony/client/opening/request.h"
#include "tests/unit/client/town.h"

static const char *const one_name[] = {"prod/db"};
static const struct ask_plan plan = {.mode = MODE_RELEASE,
    .names = one_name,
    .name_count = 1,
    .reason = "primary does not boot",
    .incident = "INC-4711",
    .duration = 1800,
    .host = "laptop",
    .user = "alice"};

static enum err_code
ask(struct town *town, uint32_t serial, const struct ask_plan *wanted, struct ask_result *result,
    struct err *err)
{
	CLIENT *client = NULL;

	TRY(town_connect(town, serial, &client, err));
	return ask_run(client, wanted, result, err);
}

static void
the_hosts_answer_to_a_request_is_verified(void **state)
{
	struct town town;
	struct ask_result result;
	struct err err;

	(void)state;
	town_open(&town);
	fine(ask(&town, TOWN_ALICE, &plan, &result, &err), &err);
	assert_int_equal(town_token(&town, TOWN_ALICE)->touches, 1);
	assert_false(town.another);
	town.id.bytes[0] ^= 1; /* not the one in the signed answer */
	expect_error(ask(&town, TOWN_ALICE, &plan, &result, &err), ERR_INTEGRITY, &err,
	    "another ceremony");
	town_swap(&town, "request", "ceremony", &town.ceremony); /* of another request */
	expect_error(ask(&town, TOWN_ALICE, &plan, &result, &err), ERR_INTEGRITY, &err, "request");
	town_close(&town);
}

static void
what_cannot_be_granted_is_said_before_a_touch(void **state)
{
	struct town town;
	struct ask_result result;
	struct err err;
	struct ask_plan wrong = plan;

	(void)state;
	town_open(&town);
	wrong.duration = 7200;
	expect_error(ask(&town, TOWN_ALICE, &wrong, &result, &err), ERR_REFUSED, &err,
	    "allows at most");
	wrong = plan;
	wrong.reason = "";
	expect_error(ask(&town, TOWN_ALICE, &wrong, &result, &err), ERR_USAGE, &err, "reason");
	wrong.reason = "no\x1b[2Jtrace";
	expect_error(ask(&town, TOWN_ALICE, &wrong, &result, &err), ERR_USAGE, &err, "control");
	wrong.reason = "left \xe2\x80\xae right";
	expect_error(ask(&town, TOWN_ALICE, &wrong, &result, &err), ERR_USAGE, &err, "direction");
	expect_error(ask(&town, TOWN_CISO, &plan, &result, &err), ERR_TOKEN_ABSENT, &err,
	    "a responder");
	assert_int_equal(town.pins_asked, 0);
	town_close(&town);
}

/* The host takes no request from the future, and none that is over; a clock that is a little behind costs time alone. */
static void
whose_clock_is_off_and_by_how_much_is_said_before_the_pin(void **state)
{
	static const struct {
		int64_t before; /* the vault host's clock */
		enum err_code code;
		const char *says;
	} rows[] = {
	    {121, ERR_REFUSED, "it is 2 min 1 s ahead"},
	    {-3600, ERR_REFUSED, "it is 1 h behind"},
	    {120, ERR_OK, NULL},
	    {-120, ERR_OK, NULL},
	    {-300, ERR_OK, "this computer's clock is 5 min behind the vault host's"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct town town;
		struct ask_result result;
		struct err err;

		town_open(&town);
		town.before = rows[i].before;
		assert_int_equal(ask(&town, TOWN_ALICE, &plan, &result, &err), rows[i].code);
		assert_int_equal(town.pins_asked, rows[i].code == ERR_OK ? 1 : 0);
		if (rows[i].code != ERR_OK)
			expect_error(err.code, rows[i].code, &err, rows[i].says);
		else if (rows[i].says != NULL)
			assert_non_null(strstr(buf_string(&town.screen), rows[i].says));
		else
			assert_null(strstr(buf_string(&town.screen), "CLOCK"));
		town_close(&town);
	}
}

static void
a_list_that_is_empty_too_long_double_or_unknown_is_refused_before_the_pin(void **state)
{
	static const char *const twice[] = {"prod/db", "prod/db-1", "prod/db"};
	static const char *const unknown[] = {"prod/db", "prod/dbx"};
	const char *many[CEREMONY_ITEMS + 1];
	const struct {
		const char *const *names;
		size_t count;
		enum mode mode;
		enum err_code code;
		const char *text;
	} rows[] = {{NULL, 0, MODE_RELEASE, ERR_USAGE, "at least one secret"},
	    {many, CEREMONY_ITEMS + 1, MODE_RELEASE, ERR_USAGE, "501 secrets are too many"},
	    {many, CEREMONY_ITEMS + 1, MODE_RESEAL, ERR_USAGE, "501 secrets are too many"},
	    {twice, 3, MODE_RELEASE, ERR_USAGE, "prod/db stands twice, as secret 1 and 3"},
	    {twice, 3, MODE_ROTATE, ERR_USAGE, "prod/db stands twice, as secret 1 and 3"},
	    {unknown, 2, MODE_RELEASE, ERR_NOT_FOUND, "no such secret"},
	    {unknown, 2, MODE_RESEAL, ERR_NOT_FOUND, "no secret \"prod/dbx\""}};
	struct town town;
	struct ask_result result;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = "prod/db";
	town_open_many(&town, 2, MODE_RELEASE);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ask_plan wrong = plan;

		wrong.names = rows[i].names;
		wrong.name_count = rows[i].count;
		wrong.mode = rows[i].mode;
		expect_error(ask(&town, rows[i].mode == MODE_RELEASE ? TOWN_ALICE : TOWN_OPS,
		                 &wrong, &result, &err),
		    rows[i].code, &err, rows[i].text);
	}
	assert_int_equal(town.pins_asked, 0);
	town_close(&town);
}

static void
several_secrets_are_one_request_with_one_touch(void **state)
{
	static const char *const names[] = {"prod/db-1", "prod/db"};
	struct ask_plan two = plan;
	struct town town;
	struct ask_result result;
	struct err err;

	(void)state;
	town_open_many(&town, 2, MODE_RELEASE);
	two.names = names;
	two.name_count = 2;
	two.another = true;
	fine(ask(&town, TOWN_ALICE, &two, &result, &err), &err);
	assert_int_equal(result.count, 2);
	assert_int_equal(town_token(&town, TOWN_ALICE)->touches, 1);
	assert_true(town.another);
	town_close(&town);
}

static void
what_is_due_is_requested_by_an_operator_and_received_by_nobody(void **state)
{
	struct ask_plan due = plan;
	struct town town;
	struct ask_result result;
	struct err err;

	(void)state;
	town_open_many(&town, 3, MODE_RESEAL);
	due.mode = MODE_RESEAL;
	due.names = NULL;
	due.name_count = 0;
	due.incident = NULL;
	due.duration = 0;
	expect_error(ask(&town, TOWN_ALICE, &due, &result, &err), ERR_TOKEN_ABSENT, &err, "");
	fine(ask(&town, TOWN_OPS, &due, &result, &err), &err);
	assert_int_equal(result.count, 3);
	assert_int_equal(result.left, 0);
	town_close(&town);
}

static void
recipients_are_tokens_of_the_own_seat_that_can_receive(void **state)
{
	static const char *const second[] = {"alice-2"}, *const both[] = {"alice-1", "alice-2"};
	static const char *const double_[] = {"alice-2", "alice-2"}, *const other[] = {"ciso key"};
	static const char *const five[] = {"a", "b", "c", "d", "e"};
	const struct {
		const char *const *labels;
		size_t count;
		enum err_code code;
		const char *text;
	} rows[] = {{second, 1, ERR_OK, ""}, {both, 2, ERR_OK, ""},
	    {double_, 2, ERR_USAGE, "\"alice-2\" stands twice"},
	    {other, 1, ERR_NOT_FOUND, "alice has no token \"ciso key\""},
	    {five, 5, ERR_USAGE, "at most 4"}};
	struct town town;
	struct ask_result result;
	struct err err;

	(void)state;
	town_open(&town);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ask_plan named = plan;
		size_t asked = town.pins_asked;
		enum err_code code;

		named.recipients = rows[i].labels;
		named.recipient_count = rows[i].count;
		code = ask(&town, TOWN_ALICE, &named, &result, &err);
		if (rows[i].code == ERR_OK)
			fine(code, &err);
		else
			expect_error(code, rows[i].code, &err, rows[i].text);
		assert_int_equal(town.pins_asked, asked + (rows[i].code == ERR_OK));
	}
	town_close(&town);
}

static void
change_recipient(struct ceremony *ceremony)
{
	ceremony->recipients.rows[0].token.bytes[0] ^= 1;
}

static void
an_answer_with_other_recipients_is_an_alarm(void **state)
{
	struct town town;
	struct ask_result result;
	struct err err;

	(void)state;
	town_open(&town);
	town.change = change_recipient;
	expect_error(ask(&town, TOWN_ALICE, &plan, &result, &err), ERR_INTEGRITY, &err,
	    "recipients");
	town_close(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_hosts_answer_to_a_request_is_verified),
	    cmocka_unit_test(what_cannot_be_granted_is_said_before_a_touch),
	    cmocka_unit_test(whose_clock_is_off_and_by_how_much_is_said_before_the_pin),
	    cmocka_unit_test(
	        a_list_that_is_empty_too_long_double_or_unknown_is_refused_before_the_pin),
	    cmocka_unit_test(several_secrets_are_one_request_with_one_touch),
	    cmocka_unit_test(what_is_due_is_requested_by_an_operator_and_received_by_nobody),
	    cmocka_unit_test(recipients_are_tokens_of_the_own_seat_that_can_receive),
	    cmocka_unit_test(an_answer_with_other_recipients_is_an_alarm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
