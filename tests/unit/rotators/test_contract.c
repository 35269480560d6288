/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault's side of the rotator contract against rotators that keep to it, and what is done with their programs.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/contract_bench.h"

/* What the script announces, as in its answer to `describe`. */
#define ANNOUNCES                                                                                  \
	"\"style\":\"replace\",\"holds\":1,\"identity\":\"self\",\"grace\":0,"                     \
	"\"death\":\"refused\",\"can\":[\"expel\"]"

/* --- Rotators that keep to the contract --------------------------------------------------- */

static void
a_whole_rotation_runs_in_one_process(void **state)
{
	ROTATOR *rotator = start(*state,
	    "ask; say '{\"result\":\"ok\",\"rotator\":\"test\",\"contract\":2,"
	    "\"fields\":[\"password\"]," ANNOUNCES "}'\n"
	    "ask; case $line in *check*) say '{\"result\":\"ok\"}';; esac\n"
	    "ask; case $line in *probe*current*) say '{\"result\":\"accepted\"}';; esac\n"
	    "ask; case $line in *apply*) say '{\"result\":\"applied\",\"detail\":\"done\"}';; esac\n"
	    "ask; case $line in *probe*next*) say '{\"result\":\"refused\"}';; esac\n"
	    "ask; case $line in *expel*) say '{\"result\":\"none\"}';; esac\n");
	enum probe_result probed;
	enum change_result applied;
	enum expel_result expelled;
	struct err err;

	assert_ok(rotator_check(rotator, NULL, &err));
	assert_ok(rotator_probe(rotator, ROTATOR_CURRENT, &probed, &err));
	assert_int_equal(probed, PROBE_ACCEPTED);
	assert_ok(rotator_change(rotator, ROTATOR_APPLY, &applied, &err));
	assert_int_equal(applied, CHANGE_DONE);
	assert_string_equal(rotator_detail(rotator), "done");
	assert_ok(rotator_probe(rotator, ROTATOR_NEXT, &probed, &err));
	assert_int_equal(probed, PROBE_REFUSED);
	assert_string_equal(rotator_detail(rotator), "");
	assert_ok(rotator_expel(rotator, &expelled, &err));
	assert_int_equal(expelled, EXPEL_NONE);
}

static void
each_value_arrives_on_its_own_descriptor(void **state)
{
	struct fixture *fixture = *state;
	ROTATOR *rotator = start(fixture,
	    "cat <&3 | od -An -tx1 | tr -d ' \\n' > $t; echo >> $t\n"
	    "cat <&4 | od -An -tx1 | tr -d ' \\n' >> $t; echo >> $t\n"
	    "(: >&5) 2>/dev/null && echo open >> $t || echo closed >> $t\n"
	    "ask; say '{\"result\":\"accepted\"}'\n");
	enum probe_result probed;
	struct err err;
	BUF trace = {0};

	assert_ok(rotator_probe(rotator, ROTATOR_NEXT, &probed, &err));
	assert_ok(file_read(fixture->trace, 4096, &trace, &err));
	/* 01 02 08 "username" 00000004 "root" 08 "password" 00000015 ... */
	assert_string_equal(buf_string(&trace),
	    "010208757365726e616d6500000004726f6f740870617373776f726400000015"
	    "636f727265637420686f7273652062617474657279\n"
	    "01010870617373776f72640000001573746170"
	    "6c65203437313120706170"
	    "6572636c6970\nclosed\n");
}

/* The one of the secret that changes this one; without it the descriptor is closed. */
static void
the_other_value_arrives_on_descriptor_six(void **state)
{
	static const char body[] =
	    "(cat <&6) 2>/dev/null | od -An -tx1 | tr -d ' \\n' > $t\n"
	    "(: <&6) 2>/dev/null && echo ' open' >> $t || echo ' closed' >> $t\n"
	    "ask; say '{\"result\":\"accepted\"}'\n";
	static const char *const traces[] = {" closed\n",
	    /* 01 02 08 "username" 00000005 "admin" 08 "password" 00000015 ... */
	    "010208757365726e616d650000000561646d696e0870617373776f726400000015"
	    "6e6f7468696e6720627574"
	    "2067726176656c203132 open\n"};
	struct fixture *fixture = *state;
	enum probe_result probed;
	struct err err;

	for (int given = 0; given < 2; given++) {
		ROTATOR *rotator =
		    given == 1 ? start_with_all(fixture, body) : start(fixture, body);
		BUF trace = {0};

		assert_ok(rotator_probe(rotator, ROTATOR_NEXT, &probed, &err));
		assert_int_equal(probed, PROBE_ACCEPTED);
		assert_ok(file_read(fixture->trace, 4096, &trace, &err));
		assert_string_equal(buf_string(&trace), traces[given]);
	}
}

static void
a_generated_value_is_read_and_serves_as_next(void **state)
{
	struct fixture *fixture = *state;
	ROTATOR *rotator = NULL;
	SECRET *next = NULL;
	struct view value;
	enum probe_result probed;
	struct err err;

	install(fixture,
	    "ask; printf '\\001\\001\\010password\\000\\000\\000\\003new' >&5\n"
	    "say '{\"result\":\"ok\"}'; ask; say '{\"result\":\"accepted\"}'\n");
	struct rotator_start how = start_of(fixture);

	how.next = view_of(NULL, 0);
	assert_ok(rotator_start(&how, &rotator, &err));
	assert_error(ERR_INTERNAL, rotator_probe(rotator, ROTATOR_NEXT, &probed, &err));
	assert_ok(rotator_generate(rotator, &next, &err));
	assert_ok(credential_get(secret_view(next), FIELD_PASSWORD, &value, &err));
	assert_view(value, view_of_text("new"));
	assert_ok(rotator_probe(rotator, ROTATOR_NEXT, &probed, &err));
	assert_int_equal(probed, PROBE_ACCEPTED);
	assert_error(ERR_INTERNAL, rotator_generate(rotator, &next, &err));
}

/* 64 KiB are more than a pipe holds with their encoding: neither way may block. */
static void
values_of_sixty_four_kibibytes_pass_both_ways(void **state)
{
	struct fixture *fixture = *state;
	ROTATOR *rotator = NULL;
	SECRET *next = NULL, *largest = NULL;
	uint8_t *letters = malloc(CREDENTIAL_MAX);
	enum probe_result probed;
	struct err err;

	assert_non_null(letters);
	memset(letters, 'x', CREDENTIAL_MAX);
	assert_ok(credential_new(&largest, &err));
	assert_ok(credential_add(largest, FIELD_PASSWORD, view_of(letters, CREDENTIAL_MAX), &err));
	free(letters);
	install(fixture,
	    "ask; printf '\\001\\001\\010password\\000\\001\\000\\000' >&5\n"
	    "head -c 65536 /dev/zero >&5; say '{\"result\":\"ok\"}'\n"
	    "ask; n=$(wc -c <&3); say \"{\\\"result\\\":\\\"accepted\\\",\\\"detail\\\":\\\"$((n+0))\\\"}\"\n");
	struct rotator_start how = start_of(fixture);

	how.current = secret_view(largest);
	how.next = view_of(NULL, 0);
	assert_ok(rotator_start(&how, &rotator, &err));
	assert_ok(rotator_generate(rotator, &next, &err));
	assert_int_equal(secret_size(next), 2 + 9 + 4 + CREDENTIAL_MAX);
	assert_ok(rotator_probe(rotator, ROTATOR_CURRENT, &probed, &err));
	assert_string_equal(rotator_detail(rotator), "65551");
}

static void
the_first_line_has_the_target_and_the_deadline(void **state)
{
	struct fixture *fixture = *state;
	ROTATOR *rotator = start(fixture,
	    "printf '%s' \"$target\" > $t\n"
	    "env >> $t; ask; say '{\"result\":\"refused\"}'\n");
	enum probe_result probed;
	struct err err;
	BUF trace = {0};
	char expected[256];

	assert_ok(rotator_probe(rotator, ROTATOR_NEXT, &probed, &err));
	assert_ok(file_read(fixture->trace, 4096, &trace, &err));
	(void)snprintf(expected, sizeof(expected), "{\"target\":{\"trace\":\"%s\"},\"seconds\":10}",
	    fixture->trace);
	assert_memory_equal(trace.data, expected, strlen(expected));
	assert_null(strstr(buf_string(&trace), "HOME="));
}

static void
the_first_line_has_the_name_of_what_is_made(void **state)
{
	static const char body[] =
	    "printf '%s' \"$target\" > $t; ask; say '{\"result\":\"refused\"}'\n";
	static const char *const names[] = {LONGEST_NAME, "halligan-0f1e"};
	struct fixture *fixture = *state;
	enum probe_result probed;
	struct err err;

	assert_int_equal(strlen(LONGEST_NAME), ROTATOR_VALUE_NAME_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		ROTATOR *rotator =
		    i == 0 ? start_with_all(fixture, body) : start_to_make(fixture, body);
		BUF trace = {0};
		char expected[256];

		assert_ok(rotator_probe(rotator, ROTATOR_CURRENT, &probed, &err));
		assert_ok(file_read(fixture->trace, 4096, &trace, &err));
		(void)snprintf(expected, sizeof(expected),
		    "{\"target\":{\"trace\":\"%s\"},\"seconds\":10,\"name\":\"%s\"}",
		    fixture->trace, names[i]);
		assert_string_equal(buf_string(&trace), expected);
	}
}

static void
a_rotator_that_cannot_work_with_its_target_says_why(void **state)
{
	ROTATOR *rotator = start(*state,
	    "ask; say '{\"result\":\"refused\",\"detail\":\"another program than was signed\"}'\n");
	struct err err;

	assert_error(ERR_REFUSED, rotator_check(rotator, NULL, &err));
	assert_says("refused to work: another program than was signed");
}

static void
check_refuses_with_the_rotators_own_words(void **state)
{
	ROTATOR *rotator = start(*state,
	    "ask; say '{\"result\":\"ok\",\"rotator\":\"test\",\"contract\":2,"
	    "\"fields\":[\"password\"]," ANNOUNCES "}'\n"
	    "ask; say '{\"result\":\"refused\",\"detail\":\"no such database\"}'\n");
	struct err err;

	assert_error(ERR_REFUSED, rotator_check(rotator, NULL, &err));
	assert_says("no such database");
}

#define DESCRIBED                                                                                  \
	"ask; say '{\"result\":\"ok\",\"rotator\":\"test\",\"contract\":2,"                        \
	"\"fields\":[\"password\"]," ANNOUNCES "}'\n"

static void
check_tells_every_reason_at_once(void **state)
{
	ROTATOR *rotator = start(*state,
	    DESCRIBED
	    "ask; say '{\"result\":\"refused\",\"reasons\":[\"no such host\",\"disk full\",\"third\"]}'\n");
	struct err err;

	assert_error(ERR_REFUSED, rotator_check(rotator, NULL, &err));
	assert_string_equal(err.text,
	    "the rotator refused to check, for 3 reasons.  \"no such host\".  \"disk full\".  "
	    "\"third\"");
	assert_string_equal(err.text + err.parts[1], "\"disk full\".  \"third\"");
	assert_string_equal(err.text + err.parts[2], "\"third\"");
}

static void
many_long_reasons_all_have_room(void **state)
{
	ROTATOR *rotator = start(*state,
	    DESCRIBED
	    "r=$(printf '%0400d' 0); ask\n"
	    "say '{\"result\":\"refused\",\"reasons\":[\"a'$r'\",\"b'$r'\",\"c'$r'\",\"d'$r'\",\"e'$r'\",\"f'$r'\","
	    "\"g'$r'\",\"h'$r'\",\"the ninth\"]}'\n");
	struct err err;

	assert_error(ERR_REFUSED, rotator_check(rotator, NULL, &err));
	assert_says("for 9 reasons.  \"a000");
	assert_says(".  \"h000");
	assert_says("the ninth");
}

static void
reasons_that_break_the_contract_are_none(void **state)
{
	static const char *const answers[] = {
	    "{\"result\":\"refused\",\"reasons\":[]}",
	    "{\"result\":\"refused\",\"reasons\":\"one\"}",
	    "{\"result\":\"refused\",\"reasons\":[\"one\",\"\"]}",
	    "{\"result\":\"refused\",\"reasons\":[7]}",
	    "{\"result\":\"refused\",\"reasons\":[\"a\\u001b[2J\"]}",
	    "{\"result\":\"refused\",\"reasons\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\"]}",
	    "{\"result\":\"ok\",\"reasons\":[\"one\"]}",
	};
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		char body[600];

		(void)snprintf(body, sizeof(body), DESCRIBED "ask; say '%s'; ask\n", answers[i]);
		ROTATOR *rotator = start(*state, body);

		assert_error(ERR_PROTOCOL, rotator_check(rotator, NULL, &err));
		assert_says("breaks the contract");
	}
}

static void
a_reason_that_holds_a_secret_is_dropped_unseen(void **state)
{
	static const char *const reasons[] = {"\"one\",\"it is \\u0063orrect horse b\"",
	    "\"correct hor\",\"se battery\""};
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		char body[600];

		(void)snprintf(body, sizeof(body),
		    DESCRIBED "ask; say '{\"result\":\"refused\",\"reasons\":[%s]}'; ask\n",
		    reasons[i]);
		ROTATOR *rotator = start(*state, body);

		assert_error(ERR_PROTOCOL, rotator_check(rotator, NULL, &err));
		assert_says("held a secret");
		assert_null(strstr(err.text, "hor"));
	}
}

/* Spelled so that no search of the line finds it. */
static void
a_name_that_is_a_secret_is_shown_to_nobody(void **state)
{
	ROTATOR *rotator = start(*state,
	    "ask; say '{\"result\":\"ok\",\"rotator\":\"\\u0063\\u006frrec\\u0074 ho\\u0072se batter\\u0079\",\"contract\":2,"
	    "\"fields\":[\"password\"]," ANNOUNCES "}'; ask\n");
	struct err err;

	assert_error(ERR_REFUSED, rotator_check(rotator, NULL, &err));
	assert_null(strstr(err.text, "horse"));
}

static void
check_names_each_field_that_the_credential_lacks(void **state)
{
	ROTATOR *rotator = start(*state,
	    "ask; say '{\"result\":\"ok\",\"rotator\":\"test\",\"contract\":2,"
	    "\"fields\":[\"password\",\"private-key\",\"url\"]," ANNOUNCES "}'\n"
	    "ask; say '{\"result\":\"ok\"}'\n");
	struct err err;

	assert_error(ERR_REFUSED, rotator_check(rotator, NULL, &err));
	assert_says("private-key");
	assert_says("no url");
}

static void
a_rotator_that_says_it_is_another_is_refused(void **state)
{
	ROTATOR *rotator = start(*state,
	    "ask; say '{\"result\":\"ok\",\"rotator\":\"tests\",\"contract\":2,"
	    "\"fields\":[\"password\"]," ANNOUNCES "}'\n"
	    "ask; say '{\"result\":\"ok\"}'\n");
	struct err err;

	assert_error(ERR_REFUSED, rotator_check(rotator, NULL, &err));
	assert_says("the rotator test says that it is another");
}

/* The script notes each question but the first. */
static void
a_rotator_that_announces_another_thing_than_was_signed_is_asked_nothing_more(void **state)
{
	static const struct announcement signed_ones[] = {
	    {.holds = 1, .identity = IDENTITY_SELF, .can = CAN_EXPEL}, /* as ANNOUNCES */
	    {.style = STYLE_OVERLAP, .holds = 2, .identity = IDENTITY_SELF, .can = CAN_EXPEL},
	    {.holds = 2, .identity = IDENTITY_SELF, .can = CAN_EXPEL},
	    {.holds = 1, .identity = IDENTITY_AMBIENT, .can = CAN_EXPEL},
	    {.holds = 1, .identity = IDENTITY_SELF, .grace = 60, .can = CAN_EXPEL},
	    {.holds = 1, .identity = IDENTITY_SELF, .death = DEATH_COPIES, .can = CAN_EXPEL},
	    {.holds = 1, .identity = IDENTITY_SELF},
	};
	static const char *const members[] = {NULL, "style", "holds", "identity", "grace", "death",
	    "can"};
	struct fixture *fixture = *state;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(signed_ones); i++) {
		ROTATOR *rotator = start(fixture,
		    "ask; say '{\"result\":\"ok\",\"rotator\":\"test\",\"contract\":2,"
		    "\"fields\":[\"password\"]," ANNOUNCES "}'\n"
		    "ask; echo \"$line\" > $t; say '{\"result\":\"ok\"}'; ask\n");

		if (members[i] == NULL) {
			assert_ok(rotator_check(rotator, &signed_ones[i], &err));
			assert_true(file_exists(fixture->trace));
			assert_int_equal(unlink(fixture->trace), 0);
			continue;
		}
		assert_error(ERR_REFUSED, rotator_check(rotator, &signed_ones[i], &err));
		assert_says(members[i]);
		assert_says("nothing was done");
		rotator_freep(&rotator); /* it has read all that was ever sent */
		assert_false(file_exists(fixture->trace));
	}
}

static void
what_it_describes_must_be_whole(void **state)
{
	static const struct {
		const char *answer, *words;
	} rows[] = {
	    {"\"rotator\":\"test\",\"contract\":2,\"fields\":[\"password\"]", "style"},
	    {"\"contract\":2,\"fields\":[\"password\"]," ANNOUNCES, "rotator"},
	    {"\"rotator\":\"test\",\"fields\":[\"password\"]," ANNOUNCES, "contract"},
	    {"\"rotator\":\"test\",\"contract\":2," ANNOUNCES, "fields"},
	    {"\"rotator\":\"test\",\"contract\":2,\"fields\":[]," ANNOUNCES, "fields"},
	    {"\"rotator\":\"test\",\"contract\":2,\"fields\":[\"pin\"]," ANNOUNCES, "fields"},
	    {"\"rotator\":\"test\",\"contract\":2,\"fields\":[\"token\"],\"paths\":[]," ANNOUNCES,
	        "paths"},
	};
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char body[1024];

		(void)snprintf(body, sizeof(body),
		    "ask; say '{\"result\":\"ok\",%s}'; ask; say '{\"result\":\"ok\"}'; ask\n",
		    rows[i].answer);
		ROTATOR *rotator = start(*state, body);

		assert_error(ERR_PROTOCOL, rotator_check(rotator, NULL, &err));
		assert_says(rows[i].words);
		assert_error(ERR_TARGET_UNKNOWN, rotator_check(rotator, NULL, &err));
	}
}

static void
a_newer_contract_is_named(void **state)
{
	ROTATOR *rotator = start(*state,
	    "ask; say '{\"result\":\"ok\",\"rotator\":\"test\",\"contract\":3,"
	    "\"fields\":[\"password\"],\"identity\":\"ambient\"}'\nask\n");
	struct err err;

	assert_error(ERR_VERSION, rotator_check(rotator, NULL, &err));
	assert_says("contract 3");
}

/* --- The program -------------------------------------------------------------------------- */

static void
another_program_than_the_pinned_one_is_not_run(void **state)
{
	struct fixture *fixture = *state;
	ROTATOR *rotator = NULL;
	struct err err;

	install(fixture, "ask\n");
	struct rotator_start how = start_of(fixture);

	install(fixture, ": > $t\n");
	assert_error(ERR_REFUSED, rotator_start(&how, &rotator, &err));
	assert_says("SHA-256 differs");
	assert_false(file_exists(fixture->trace));
}

static void
values_that_are_no_credentials_are_not_handed_over(void **state)
{
	struct fixture *fixture = *state;
	ROTATOR *rotator = NULL;
	struct err err;

	install(fixture, "ask\n");
	struct rotator_start how = start_of(fixture);

	how.next = view_of_text("\001\001raw");
	assert_error(ERR_INVALID, rotator_start(&how, &rotator, &err));
	assert_says("the next value");
}

/* The script leaves a grandchild behind, which has nothing to do with its pipes. */
static void
the_whole_process_group_is_ended(void **state)
{
	struct fixture *fixture = *state;
	struct rotator *rotator = start(fixture,
	    "sh -c 'echo $$ > $0; exec sleep 1000' $t </dev/null >/dev/null 2>&1 &\n"
	    "while [ ! -s $t ]; do sleep 0.02; done; ask; say '{\"result\":\"none\"}'\nask\n");
	enum expel_result expelled;
	struct err err;
	BUF trace = {0};

	assert_ok(rotator_expel(rotator, &expelled, &err));
	assert_ok(file_read(fixture->trace, 64, &trace, &err));
	pid_t grandchild = atoi(buf_string(&trace));

	assert_true(grandchild > 1);
	assert_int_equal(kill(grandchild, 0), 0);
	rotator_free(rotator);
	/* It may stay a zombie for a moment until init takes it. */
	for (int i = 0; i < 200; i++) {
		char path[64];
		BUF stat = {0};

		(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)grandchild);
		if (file_read(path, 4096, &stat, &err) != ERR_OK ||
		    strstr(buf_string(&stat), ") Z ") != NULL)
			return;
		usleep(10000);
	}
	fail_msg("process %d is still there", (int)grandchild);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_whole_rotation_runs_in_one_process),
	    CASE(each_value_arrives_on_its_own_descriptor),
	    CASE(the_other_value_arrives_on_descriptor_six),
	    CASE(a_generated_value_is_read_and_serves_as_next),
	    CASE(values_of_sixty_four_kibibytes_pass_both_ways),
	    CASE(the_first_line_has_the_target_and_the_deadline),
	    CASE(the_first_line_has_the_name_of_what_is_made),
	    CASE(a_rotator_that_cannot_work_with_its_target_says_why),
	    CASE(check_refuses_with_the_rotators_own_words),
	    CASE(a_name_that_is_a_secret_is_shown_to_nobody),
	    CASE(check_names_each_field_that_the_credential_lacks),
	    CASE(a_rotator_that_says_it_is_another_is_refused),
	    CASE(check_tells_every_reason_at_once),
	    CASE(many_long_reasons_all_have_room),
	    CASE(reasons_that_break_the_contract_are_none),
	    CASE(a_reason_that_holds_a_secret_is_dropped_unseen),
	    CASE(a_rotator_that_announces_another_thing_than_was_signed_is_asked_nothing_more),
	    CASE(what_it_describes_must_be_whole),
	    CASE(a_newer_contract_is_named),
	    CASE(another_program_than_the_pinned_one_is_not_run),
	    CASE(values_that_are_no_credentials_are_not_handed_over),
	    CASE(the_whole_process_group_is_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
