/* SPDX-License-Identifier: Apache-2.0 */
/* What a rotator changes, takes away, makes and tells, and what each of its answers means to the vault. */
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/contract_bench.h"

/* A credential with the password "new", as the script writes it on 5. */
#define WRITES_NEW "printf '\\001\\001\\010password\\000\\000\\000\\003new' >&5\n"

static const struct {
	enum rotator_change change;
	const char *question, *done;
	bool rejects;
} changes[] = {
    {ROTATOR_APPLY, "{\"verb\":\"apply\"}", "applied", true},
    {ROTATOR_ADD, "{\"verb\":\"add\"}", "added", true},
    {ROTATOR_WITHDRAW, "{\"verb\":\"withdraw\",\"value\":\"current\"}", "withdrawn", false},
    {ROTATOR_WITHDRAW_ORPHANS, "{\"verb\":\"withdraw\",\"value\":\"orphans\"}", "withdrawn", false},
    {ROTATOR_UNMINT, "{\"verb\":\"unmint\"}", "unminted", false},
};
static const struct {
	enum rotator_change change;
	const char *question, *done;
} makes[] = {
    {ROTATOR_ISSUE, "{\"verb\":\"issue\"}", "issued"},
    {ROTATOR_MINT, "{\"verb\":\"mint\"}", "minted"},
};

/* The script that, asked exactly QUESTION, runs BEFORE and answers RESULT; else it ends. */
static const char *
answers(const char *question, const char *before, const char *result, char body[1024])
{
	(void)snprintf(body, 1024,
	    "ask; [ \"$line\" = '%s' ] || exit 9\n%ssay '{\"result\":\"%s\",\"detail\":\"it says %s\"}'\nask\n",
	    question, before, result, result);
	return body;
}

static void
expect_change(struct fixture *fixture, size_t row, const char *answer, enum change_result expected)
{
	char body[1024];
	ROTATOR *rotator = start(fixture, answers(changes[row].question, "", answer, body));
	enum change_result result = (enum change_result) - 1;
	struct err err;

	assert_ok(rotator_change(rotator, changes[row].change, &result, &err));
	if (result != expected)
		fail_msg("%s answered %s: %d instead of %d, \"%s\"", changes[row].question, answer,
		    (int)result, (int)expected, rotator_detail(rotator));
	bool garbage = expected == CHANGE_UNKNOWN && strcmp(answer, "unknown") != 0;

	assert_detail(rotator, garbage ? "breaks the contract" : answer);
}

static void
each_change_is_asked_by_its_verb_and_knows_its_results(void **state)
{
	for (size_t row = 0; row < ARRAY_SIZE(changes); row++) {
		expect_change(*state, row, changes[row].done, CHANGE_DONE);
		expect_change(*state, row, "unchanged", CHANGE_UNCHANGED);
		expect_change(*state, row, "unknown", CHANGE_UNKNOWN);
		if (changes[row].rejects)
			expect_change(*state, row, "rejected", CHANGE_REJECTED);
	}
}

static void
what_takes_something_away_rejects_nothing(void **state)
{
	for (size_t row = 0; row < ARRAY_SIZE(changes); row++)
		if (!changes[row].rejects)
			expect_change(*state, row, "rejected", CHANGE_UNKNOWN);
}

static void
the_word_of_another_verb_is_garbage(void **state)
{
	for (size_t row = 0; row < ARRAY_SIZE(changes); row++)
		for (size_t other = 0; other < ARRAY_SIZE(changes); other++)
			if (strcmp(changes[row].done, changes[other].done) != 0)
				expect_change(*state, row, changes[other].done, CHANGE_UNKNOWN);
}

static void
a_verb_that_the_rotator_does_not_have_is_unknown_and_the_last(void **state)
{
	for (size_t row = 0; row < ARRAY_SIZE(changes); row++) {
		char body[1024];
		ROTATOR *rotator = NULL;
		enum change_result result = CHANGE_DONE;
		struct err err;

		(void)snprintf(body, sizeof(body),
		    "ask; say '{\"result\":\"unsupported\"}'; ask; say '{\"result\":\"%s\"}'\nask\n",
		    changes[row].done);
		rotator = start(*state, body);
		for (int i = 0; i < 2; i++) {
			assert_ok(rotator_change(rotator, changes[row].change, &result, &err));
			assert_int_equal(result, CHANGE_UNKNOWN);
			assert_detail(rotator, "breaks the contract");
			result = CHANGE_DONE;
		}
	}
}

static void
a_change_without_the_values_it_needs_is_our_own_fault(void **state)
{
	struct fixture *fixture = *state;
	enum change_result result;
	enum expel_result told;
	SECRET *made = NULL;
	struct err err;
	ROTATOR *without_next = start_to_make(fixture, "ask\n"), *bare = NULL, *whole = NULL;
	struct rotator_start how = start_of(fixture);

	assert_error(ERR_INTERNAL, rotator_change(without_next, ROTATOR_APPLY, &result, &err));
	assert_error(ERR_INTERNAL, rotator_change(without_next, ROTATOR_ADD, &result, &err));
	how.current = how.next = view_of(NULL, 0);
	assert_ok(rotator_start(&how, &bare, &err));
	assert_error(ERR_INTERNAL, rotator_change(bare, ROTATOR_WITHDRAW, &result, &err));
	assert_says("withdraw: the current value");
	assert_error(ERR_INTERNAL, rotator_change(bare, ROTATOR_WITHDRAW_ORPHANS, &result, &err));
	assert_error(ERR_INTERNAL, rotator_warn(bare, &told, &err));
	assert_error(ERR_INTERNAL, rotator_expel(bare, &told, &err));
	whole = start(fixture, "ask\n");
	for (size_t i = 0; i < ARRAY_SIZE(makes); i++) {
		assert_error(ERR_INTERNAL,
		    rotator_make(whole, makes[i].change, &made, &result, &err));
		assert_says("there is a next value already");
	}
}

static void
what_was_minted_is_taken_back_without_any_value(void **state)
{
	struct fixture *fixture = *state;
	ROTATOR *rotator = NULL;
	enum change_result result = CHANGE_UNKNOWN;
	struct err err;

	install(fixture, "ask; say '{\"result\":\"unminted\"}'\nask\n");
	struct rotator_start how = start_of(fixture);

	how.current = how.next = view_of(NULL, 0);
	assert_ok(rotator_start(&how, &rotator, &err));
	assert_ok(rotator_change(rotator, ROTATOR_UNMINT, &result, &err));
	assert_int_equal(result, CHANGE_DONE);
}

/* --- What the target makes ---------------------------------------------------------------- */

/* The script writes with BEFORE, and answers ANSWER ("": the verb's own word). */
static void
expect_made(struct fixture *fixture, size_t row, const char *before, const char *answer,
    enum change_result expected, const char *detail)
{
	char body[1024];
	ROTATOR *rotator = start_to_make(fixture,
	    answers(makes[row].question, before, answer[0] == '\0' ? makes[row].done : answer,
	        body));
	SECRET *made = NULL;
	enum change_result result = (enum change_result) - 1;
	struct err err;

	assert_ok(rotator_make(rotator, makes[row].change, &made, &result, &err));
	if (result != expected)
		fail_msg("%s: %d instead of %d after %s, \"%s\"", makes[row].question, (int)result,
		    (int)expected, before, rotator_detail(rotator));
	assert_true((made != NULL) == (expected == CHANGE_DONE));
	assert_detail(rotator, detail);
	assert_null(strstr(rotator_detail(rotator), "horse"));
}

static void
what_the_target_made_comes_with_the_answer_and_serves_as_next(void **state)
{
	for (size_t row = 0; row < ARRAY_SIZE(makes); row++) {
		char body[1024], whole[2048];
		SECRET *made = NULL;
		struct view value;
		enum change_result result = CHANGE_UNKNOWN;
		enum probe_result probed = PROBE_REFUSED;
		struct err err;

		(void)snprintf(whole, sizeof(whole), "%ssay '{\"result\":\"accepted\"}'\nask\n",
		    answers(makes[row].question, WRITES_NEW, makes[row].done, body));
		ROTATOR *rotator = start_to_make(*state, whole);

		assert_ok(rotator_make(rotator, makes[row].change, &made, &result, &err));
		assert_int_equal(result, CHANGE_DONE);
		assert_ok(credential_get(secret_view(made), FIELD_PASSWORD, &value, &err));
		assert_view(value, view_of_text("new"));
		assert_ok(rotator_probe(rotator, ROTATOR_NEXT, &probed, &err));
		assert_int_equal(probed, PROBE_ACCEPTED);
	}
}

static void
a_target_that_makes_nothing_says_so(void **state)
{
	for (size_t row = 0; row < ARRAY_SIZE(makes); row++) {
		expect_made(*state, row, "", "rejected", CHANGE_REJECTED, "it says rejected");
		expect_made(*state, row, "", "unchanged", CHANGE_UNCHANGED, "it says unchanged");
		expect_made(*state, row, "", "unknown", CHANGE_UNKNOWN, "it says unknown");
		expect_made(*state, row, "", "unsupported", CHANGE_UNKNOWN, "breaks the contract");
		expect_made(*state, row, WRITES_NEW, "unchanged", CHANGE_UNCHANGED, "it says");
		expect_made(*state, row, WRITES_NEW, "unknown", CHANGE_UNKNOWN, "it says unknown");
	}
}

/* The target has it, and nobody else does: what it is worth is not known. */
static void
made_without_a_whole_new_value_is_unknown(void **state)
{
	static const struct {
		const char *before, *detail;
	} rows[] = {
	    {"", "the value that the rotator generated"},
	    {"printf '\\001\\001\\010password\\000\\000\\000\\003ne' >&5\n", "cut short"},
	    {"printf '\\001' >&5\n", "the value that the rotator generated"},
	    {"printf '\\001\\001\\010passw0rd\\000\\000\\000\\003new' >&5\n", "the value that"},
	    {"printf new >&5\n", "the value that the rotator generated"},
	    {WRITES_NEW WRITES_NEW, "the value that the rotator generated"},
	    {"cat <&3 >&5\n", "the current value again"},
	    {"head -c 70000 /dev/zero >&5\n", "more than a credential"},
	};

	for (size_t row = 0; row < ARRAY_SIZE(makes); row++)
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
			expect_made(*state, row, rows[i].before, "", CHANGE_UNKNOWN,
			    rows[i].detail);
}

static void
a_value_that_comes_too_late_is_not_taken(void **state)
{
	for (size_t row = 0; row < ARRAY_SIZE(makes); row++) {
		char body[1024], late[2048];
		SECRET *made = NULL;
		enum change_result result = CHANGE_DONE;
		struct err err;

		(void)snprintf(late, sizeof(late), "%s" WRITES_NEW,
		    answers(makes[row].question, "", makes[row].done, body));
		ROTATOR *rotator = start_to_make(*state, late);

		for (int i = 0; i < 2; i++) {
			assert_ok(rotator_make(rotator, makes[row].change, &made, &result, &err));
			assert_int_equal(result, CHANGE_UNKNOWN);
			assert_null(made);
		}
	}
}

static void
an_answer_with_the_value_that_was_made_is_dropped_unseen(void **state)
{
	for (size_t row = 0; row < ARRAY_SIZE(makes); row++) {
		char body[1024];
		SECRET *made = NULL;
		enum change_result result = CHANGE_DONE;
		struct err err;

		(void)snprintf(body, sizeof(body),
		    "ask; printf '\\001\\001\\005token\\000\\000\\000\\010AKIA0007' >&5\n"
		    "say '{\"result\":\"%s\",\"detail\":\"it made AKIA0007\"}'\nask\n",
		    makes[row].done);
		ROTATOR *rotator = start_to_make(*state, body);

		assert_ok(rotator_make(rotator, makes[row].change, &made, &result, &err));
		assert_int_equal(result, CHANGE_UNKNOWN);
		assert_null(made);
		assert_detail(rotator, "held a secret");
		assert_null(strstr(rotator_detail(rotator), "AKIA"));
	}
}

/* --- Sessions ----------------------------------------------------------------------------- */

static void
sessions_are_ended_and_warned_by_words_of_their_own(void **state)
{
	static const struct {
		const char *answer;
		enum expel_result expel, warn;
	} rows[] = {
	    {"ended", EXPEL_ENDED, EXPEL_CANNOT_TELL},
	    {"told", EXPEL_CANNOT_TELL, EXPEL_ENDED},
	    {"none", EXPEL_NONE, EXPEL_NONE},
	    {"cannot-tell", EXPEL_CANNOT_TELL, EXPEL_CANNOT_TELL},
	    {"unsupported", EXPEL_CANNOT_TELL, EXPEL_CANNOT_TELL},
	    {"applied", EXPEL_CANNOT_TELL, EXPEL_CANNOT_TELL},
	};
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char body[1024];
		ROTATOR *expels =
		    start(*state, answers("{\"verb\":\"expel\"}", "", rows[i].answer, body));
		enum expel_result result = EXPEL_ENDED;

		assert_ok(rotator_expel(expels, &result, &err));
		assert_int_equal(result, rows[i].expel);
		ROTATOR *warns =
		    start(*state, answers("{\"verb\":\"warn\"}", "", rows[i].answer, body));

		assert_ok(rotator_warn(warns, &result, &err));
		assert_int_equal(result, rows[i].warn);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(each_change_is_asked_by_its_verb_and_knows_its_results),
	    CASE(what_takes_something_away_rejects_nothing),
	    CASE(the_word_of_another_verb_is_garbage),
	    CASE(a_verb_that_the_rotator_does_not_have_is_unknown_and_the_last),
	    CASE(a_change_without_the_values_it_needs_is_our_own_fault),
	    CASE(what_was_minted_is_taken_back_without_any_value),
	    CASE(what_the_target_made_comes_with_the_answer_and_serves_as_next),
	    CASE(a_target_that_makes_nothing_says_so),
	    CASE(made_without_a_whole_new_value_is_unknown),
	    CASE(a_value_that_comes_too_late_is_not_taken),
	    CASE(an_answer_with_the_value_that_was_made_is_dropped_unseen),
	    CASE(sessions_are_ended_and_warned_by_words_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
