/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault's side of the rotator contract against rotators that lie, hang, chatter or die.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "rotators/contract/answer.h"
#include "tests/unit/contract_bench.h"

/* What each does when it is asked to apply, and a word of the cause. */
static const struct {
	const char *body, *cause;
} liars[] = {
    {"ask; say 'Segmentation fault'\nask\n", "breaks the contract"},
    {"ask; say ''\nask\n", "breaks the contract"},
    {"ask; say '[]'\nask\n", "breaks the contract"},
    {"ask; say '{}'\nask\n", "result"},
    {"ask; say '{\"result\":7}'\nask\n", "result"},
    {"ask; say '{\"result\":\"accepted\"}'\nask\n", "result"}, /* another verb's word */
    {"ask; say '{\"result\":\"applied\",\"result\":\"applied\"}'\nask\n", "breaks the contract"},
    {"ask; say '{\"result\":\"applied\",\"more\":1}'\nask\n", "more"},
    {"ask; say '{\"result\":\"applied\"} x'\nask\n", "breaks the contract"},
    {"ask; say '{\"result\":\"applied\",\"detail\":\"a\\u001b[2Jb\"}'\nask\n", "breaks"},
    {"ask; printf '{\"result\":\"applied\",\"detail\":\"'; head -c 501 /dev/zero | tr '\\0' x\n"
     "say '\"}'; ask\n",
        "detail"},
    {"ask; head -c 100000 /dev/zero | tr '\\0' x; ask\n", "no whole answer"},
    {"ask; printf '{\"result\":\"applied\"}'; exit 0\n", "no whole answer"}, /* no newline */
    {"ask; exit 0\n", "no whole answer"},
    {"ask; kill -SEGV $$\n", "no whole answer"},
    {"exit 0\n", ""},
    {"exec 0<&-; exec 1>&-; sleep 100\n", ""},
    {"ask; exec 1>&-; ask\n", "no whole answer"},
    {"ask; exec 0<&-; exec 1>&-; exec 2>&-; exec 3<&-; exec 4<&-; sleep 0.3\n", "no whole answer"},
    {"ask; head -c 1048576 /dev/zero | tr '\\0' x; say ''; ask\n", "no whole answer"},
    {"ask; printf '{\"result\":\"applied\",\"detail\":\"'; head -c 1048576 /dev/zero | tr '\\0' x\n"
     "say '\"}'; ask\n",
        "no whole answer"},
    {"ask; printf '{\"result\":\"applied\",\"detail\":\"a\\033[2Jb\"}\\n'; ask\n", "breaks"},
    {"ask; printf '{\"result\":\"applied\\001\"}\\n'; ask\n", "breaks"},
    {"ask; printf '{\"result\":\"applied\"}\\r\\033c\\n'; ask\n", "breaks"},
    {"ask; printf '{\"result\":\"applied\\000\"}\\n'; ask\n", "breaks"},
    {"ask; printf '{\"result\":\"applied\",\"detail\":\"\\303\"}\\n'; ask\n",
        "breaks"}, /* half a letter */
    {"ask; say '{\"result\":\"unsupported\"}'; ask\n", "result"},
    {"ask; say '{\"result\":\"issued\"}'; ask\n", "result"},
    {"ask; say '{\"result\":\"applied\",\"verb\":\"apply\"}'; ask\n", "verb"},
    {"ask; say '{\"result\":[\"applied\"]}'; ask\n", "result"},
    {"ask; say 'applied'; ask\n", "breaks the contract"},
};

static void
garbage_and_early_ends_are_unknown_never_rejected(void **state)
{
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(liars); i++) {
		ROTATOR *rotator = start(*state, liars[i].body);
		enum change_result applied = CHANGE_DONE;

		assert_ok(rotator_change(rotator, ROTATOR_APPLY, &applied, &err));
		if (applied != CHANGE_UNKNOWN)
			fail_msg("liar %zu: %s", i, change_verbs[ROTATOR_APPLY].results[applied]);
		assert_detail(rotator, liars[i].cause);
		assert_true(rotator_detail(rotator)[0] != '\0');
	}
}

/* Apply is done, or unknown, as EXPECTED. */
static void
assert_applies(struct rotator *rotator, enum change_result expected)
{
	enum change_result applied = expected == CHANGE_DONE ? CHANGE_UNKNOWN : CHANGE_DONE;
	struct err err;

	assert_ok(rotator_change(rotator, ROTATOR_APPLY, &applied, &err));
	assert_int_equal(applied, expected);
}

static void
garbage_makes_probe_unreachable_and_expel_unable_to_tell(void **state)
{
	ROTATOR *probing = start(*state, "ask; say 'x'\nask\n");
	enum probe_result probed = PROBE_REFUSED;
	enum expel_result expelled = EXPEL_ENDED;
	struct err err;

	assert_ok(rotator_probe(probing, ROTATOR_CURRENT, &probed, &err));
	assert_int_equal(probed, PROBE_UNREACHABLE);
	ROTATOR *expelling = start(*state, "ask; say 'x'\nask\n");

	assert_ok(rotator_expel(expelling, &expelled, &err));
	assert_int_equal(expelled, EXPEL_CANNOT_TELL);
	assert_detail(expelling, "breaks the contract");
}

static void
a_broken_rotator_is_never_asked_again(void **state)
{
	ROTATOR *rotator = start(*state, "ask; say garbage; ask; say '{\"result\":\"applied\"}'\n");
	struct err err;

	assert_applies(rotator, CHANGE_UNKNOWN);
	assert_applies(rotator, CHANGE_UNKNOWN);
	assert_detail(rotator, "breaks the contract");
	assert_error(ERR_TARGET_UNKNOWN, rotator_check(rotator, NULL, &err));
}

/* Apply is unknown at a deadline of 1 s, for the CAUSE. */
static void
assert_late(struct fixture *fixture, const char *body, const char *cause)
{
	ROTATOR *rotator = start_within(fixture, 1, body);

	assert_applies(rotator, CHANGE_UNKNOWN);
	assert_detail(rotator, cause);
}

static void
a_silent_rotator_is_unknown_at_the_deadline(void **state)
{
	assert_late(*state, "ask; ask\n", "no answer within 1 s");
}

static void
half_an_answer_is_unknown_at_the_deadline(void **state)
{
	assert_late(*state, "ask; printf '{\"result\":'; ask\n", "did not finish");
}

static void
an_answer_after_the_deadline_is_for_no_question(void **state)
{
	ROTATOR *rotator = start_within(*state, 1,
	    "trap '' TERM HUP PIPE; ask; sleep 1.5; say '{\"result\":\"applied\"}'\n"
	    "ask; say '{\"result\":\"applied\"}'; ask\n");
	enum probe_result probed = PROBE_REFUSED;
	struct err err;

	assert_applies(rotator, CHANGE_UNKNOWN);
	assert_applies(rotator, CHANGE_UNKNOWN);
	assert_ok(rotator_probe(rotator, ROTATOR_NEXT, &probed, &err));
	assert_int_equal(probed, PROBE_UNREACHABLE);
	assert_detail(rotator, "no answer within 1 s");
}

static void
a_slow_answer_in_pieces_counts_within_the_deadline(void **state)
{
	ROTATOR *rotator = start(*state,
	    "ask; for piece in '{' '\"result\"' ':' '\"app' 'lied\"' '}'; do\n"
	    "printf '%s' \"$piece\"; sleep 0.1; done; echo; ask\n");

	assert_applies(rotator, CHANGE_DONE);
}

/* Two answers to one question: the second would be taken for the answer to the next one. */
static void
what_nobody_asked_for_is_no_answer(void **state)
{
	ROTATOR *rotator = start(*state,
	    "ask; printf '{\"result\":\"applied\"}\\n{\"result\":\"accepted\"}\\n'\n"
	    "ask; say '{\"result\":\"refused\"}'; ask\n");
	enum probe_result probed = PROBE_ACCEPTED;
	struct err err;

	assert_applies(rotator, CHANGE_DONE);
	assert_ok(rotator_probe(rotator, ROTATOR_NEXT, &probed, &err));
	assert_int_equal(probed, PROBE_UNREACHABLE);
	assert_detail(rotator, "was not asked");
}

/* Its child has the pipes, and so no end comes. */
static void
a_rotator_that_leaves_its_pipes_to_a_child_is_unknown_at_the_deadline(void **state)
{
	assert_late(*state, "ask; sleep 100 & exit 0\n", "no answer within 1 s");
}

static void
a_rotator_that_ignores_signals_is_killed(void **state)
{
	struct fixture *fixture = *state;
	ROTATOR *rotator = start_within(fixture, 1,
	    "trap '' TERM HUP INT PIPE; echo $$ > $t\nask; while :; do sleep 0.1; done\n");
	struct err err;
	BUF trace = {0};

	assert_applies(rotator, CHANGE_UNKNOWN);
	assert_ok(file_read(fixture->trace, 64, &trace, &err));
	assert_int_equal(kill(atoi(buf_string(&trace)), 0), -1); /* it was waited for */
}

static void
an_answer_that_holds_a_secret_is_dropped_unseen(void **state)
{
	static const char *const echoes[] = {
	    "ask; say '{\"result\":\"applied\",\"detail\":\"set to correct horse battery\"}'\nask\n",
	    "ask; say '{\"result\":\"applied\",\"detail\":\"set to staple 4711 paperclip\"}'\nask\n",
	    "ask; say '{\"result\":\"applied\",\"detail\":\"\\u0063orrect horse battery\"}'\nask\n",
	    "ask; say 'ALTER USER PASSWORD correct horse battery'\nask\n",
	    "ask; say '{\"result\":\"applied\",\"detail\":\"set to staple 4711 paper\"}'\nask\n",
	    "ask; say '{\"result\":\"applied\",\"orrect horse batter\":1}'\nask\n",
	    "ask; say '{\"result\":\"applied\",\"\\u006frrect horse\\u0020batter\":1}'\nask\n",
	    "ask; say '{\"result\":\"applied\",\"detail\":\"c3RhcGxlIDQ3MTEgcGFwZXJjbGlw\"}'\nask\n",
	    "ask; cat <&3; say ''; ask\n",
	    "ask; cat <&4; say '{\"result\":\"applied\"}'; ask\n",
	    "ask; say '{\"result\":\"applied\",\"detail\":\"by nothing but gravel 12\"}'\nask\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(echoes); i++) {
		ROTATOR *rotator = start_with_all(*state, echoes[i]);

		assert_applies(rotator, CHANGE_UNKNOWN);
		assert_detail(rotator, "held a secret");
		assert_null(strstr(rotator_detail(rotator), "horse"));
		assert_null(strstr(rotator_detail(rotator), "staple"));
		assert_null(strstr(rotator_detail(rotator), "gravel"));
	}
}

/* A key is known by each of its lines. */
static void
an_answer_with_a_part_of_a_value_is_dropped_unseen(void **state)
{
	static const char *const parts[] = {"c2VjcmV0IHNlZWQg", "c2VjcmV0IHNlZWQgb2Yga2V5",
	    "of a line"};
	struct fixture *fixture = *state;
	SECRET *key = NULL;
	struct err err;

	assert_ok(credential_new(&key, &err));
	assert_ok(credential_add(key, FIELD_PRIVATE_KEY,
	    view_of_text("-----BEGIN KEY-----\nc2VjcmV0IHNlZWQgb2Yga2V5\nend of a line\n"), &err));
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		char body[256];
		ROTATOR *rotator = NULL;
		enum probe_result probed = PROBE_REFUSED;
		bool whole_line =
		    i < 2; /* the third is short, and no whole line: it may be a word */

		(void)snprintf(body, sizeof(body),
		    "ask; say '{\"result\":\"accepted\",\"detail\":\"saw %s there\"}'; ask\n",
		    parts[i]);
		install(fixture, body);
		struct rotator_start how = start_of(fixture);

		how.current = secret_view(key);
		assert_ok(rotator_start(&how, &rotator, &err));
		assert_ok(rotator_probe(rotator, ROTATOR_CURRENT, &probed, &err));
		assert_int_equal(probed, whole_line ? PROBE_UNREACHABLE : PROBE_ACCEPTED);
		assert_detail(rotator, whole_line ? "held a secret" : "of a line");
		assert_true((strstr(rotator_detail(rotator), parts[i]) == NULL) == whole_line);
	}
}

static void
assert_generates_nothing(struct fixture *fixture, const char *body, enum err_code code,
    const char *words)
{
	ROTATOR *rotator = NULL;
	SECRET *next = NULL;
	struct err err;

	install(fixture, body);
	struct rotator_start how = start_of(fixture);

	how.next = view_of(NULL, 0);
	assert_ok(rotator_start(&how, &rotator, &err));
	assert_error(code, rotator_generate(rotator, &next, &err));
	assert_says(words);
	assert_null(next);
}

static void
generated_values_must_be_whole_well_formed_and_new(void **state)
{
	assert_generates_nothing(*state, "ask; say '{\"result\":\"ok\"}'\nask\n", ERR_INVALID,
	    "the value that the rotator generated");
	assert_generates_nothing(*state,
	    "ask; printf '\\001\\001\\010password\\000\\000\\000\\003ne' >&5; say '{\"result\":\"ok\"}'\nask\n",
	    ERR_INVALID, "cut short");
	assert_generates_nothing(*state, "ask; cat <&3 >&5; say '{\"result\":\"ok\"}'\nask\n",
	    ERR_PROTOCOL, "current value again");
	assert_generates_nothing(*state,
	    "ask; head -c 70000 /dev/zero >&5; say '{\"result\":\"ok\"}'\nask\n", ERR_PROTOCOL,
	    "more than a credential");
	assert_generates_nothing(*state,
	    "ask; say '{\"result\":\"refused\",\"detail\":\"no policy\"}'\nask\n", ERR_REFUSED,
	    "no policy");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(garbage_and_early_ends_are_unknown_never_rejected),
	    CASE(garbage_makes_probe_unreachable_and_expel_unable_to_tell),
	    CASE(a_broken_rotator_is_never_asked_again),
	    CASE(a_silent_rotator_is_unknown_at_the_deadline),
	    CASE(half_an_answer_is_unknown_at_the_deadline),
	    CASE(an_answer_after_the_deadline_is_for_no_question),
	    CASE(a_slow_answer_in_pieces_counts_within_the_deadline),
	    CASE(what_nobody_asked_for_is_no_answer),
	    CASE(a_rotator_that_leaves_its_pipes_to_a_child_is_unknown_at_the_deadline),
	    CASE(a_rotator_that_ignores_signals_is_killed),
	    CASE(an_answer_that_holds_a_secret_is_dropped_unseen),
	    CASE(an_answer_with_a_part_of_a_value_is_dropped_unseen),
	    CASE(generated_values_must_be_whole_well_formed_and_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
