/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault's side of the rotator contract against rotators that keep to it, and against many that
 * lie.  They are shell scripts in a temporary folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/credential.h"
#include "base/file.h"
#include "base/process.h"
#include "rotators/contract/answer.h"
#include "rotators/contract/rotator.h"
#include "tests/unit/check.h"

static const char password[] = "correct horse battery";
static const char next_password[] = "staple 4711 paperclip";

struct fixture {
	char folder[64];
	char path[128];
	char trace[128]; /* the scripts' second memory */
	struct digest hash;
	struct json *target;
	struct secret *current, *next;
};

/* A script's beginning: reads the target line; `ask` reads the next line into $line. */
static const char head[] = "#!/bin/sh\n"
                           "read -r target || exit 9\n"
                           "ask() { read -r line || exit 0; }\n"
                           "say() { printf '%s\\n' \"$1\"; }\n";

static int
set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct err err;

	assert_non_null(fixture);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/halligan-test-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/halligan-rotate-test",
	    fixture->folder);
	(void)snprintf(fixture->trace, sizeof(fixture->trace), "%s/trace", fixture->folder);
	fixture->target = json_new_object();
	json_put_text(fixture->target, "trace", fixture->trace);
	assert_ok(credential_new(&fixture->current, &err));
	assert_ok(credential_add(fixture->current, FIELD_USERNAME, view_of_text("root"), &err));
	assert_ok(credential_add(fixture->current, FIELD_PASSWORD, view_of_text(password), &err));
	assert_ok(credential_new(&fixture->next, &err));
	assert_ok(credential_add(fixture->next, FIELD_PASSWORD, view_of_text(next_password), &err));
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	unlink(fixture->path);
	unlink(fixture->trace);
	rmdir(fixture->folder);
	json_free(fixture->target);
	secret_free(fixture->current);
	secret_free(fixture->next);
	free(fixture);
	return 0;
}

static void
install(struct fixture *fixture, const char *body)
{
	const char *const folders[] = {fixture->folder, NULL};
	char found[4096];
	struct err err;
	FILE *file;

	unlink(fixture->path);
	file = fopen(fixture->path, "w");
	assert_non_null(file);
	assert_true(fputs(head, file) >= 0 && fputs(body, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(fixture->path, 0700), 0);
	assert_ok(rotator_find("test", folders, found, &fixture->hash, &err));
	assert_string_equal(found, fixture->path);
}

static struct rotator_start
start_of(const struct fixture *fixture)
{
	return (struct rotator_start){.path = fixture->path,
	    .hash = fixture->hash,
	    .target = fixture->target,
	    .current = secret_view(fixture->current),
	    .next = secret_view(fixture->next),
	    .seconds = 10};
}

static struct rotator *
start(struct fixture *fixture, const char *body)
{
	struct rotator *rotator = NULL;
	struct err err;

	install(fixture, body);
	struct rotator_start how = start_of(fixture);

	assert_ok(rotator_start(&how, &rotator, &err));
	return rotator;
}

static void
assert_detail(const struct rotator *rotator, const char *part)
{
	if (strstr(rotator_detail(rotator), part) == NULL)
		fail_msg("detail \"%s\" does not say \"%s\"", rotator_detail(rotator), part);
}

/* --- Rotators that keep to the contract --------------------------------------------------- */

static void
a_whole_rotation_runs_in_one_process(void **state)
{
	ROTATOR *rotator = start(*state,
	    "ask; say '{\"result\":\"ok\",\"rotator\":\"test\",\"contract\":1,"
	    "\"fields\":[\"password\"],\"identity\":\"self\"}'\n"
	    "ask; case $line in *check*) say '{\"result\":\"ok\"}';; esac\n"
	    "ask; case $line in *probe*current*) say '{\"result\":\"accepted\"}';; esac\n"
	    "ask; case $line in *apply*) say '{\"result\":\"applied\",\"detail\":\"done\"}';; esac\n"
	    "ask; case $line in *probe*next*) say '{\"result\":\"refused\"}';; esac\n"
	    "ask; case $line in *expel*) say '{\"result\":\"none\"}';; esac\n");
	enum probe_result probed;
	enum apply_result applied;
	enum expel_result expelled;
	struct err err;

	assert_string_equal(rotator_identity(rotator), "");
	assert_ok(rotator_check(rotator, &err));
	assert_string_equal(rotator_identity(rotator), "self");
	assert_ok(rotator_probe(rotator, ROTATOR_CURRENT, &probed, &err));
	assert_int_equal(probed, PROBE_ACCEPTED);
	assert_ok(rotator_apply(rotator, &applied, &err));
	assert_int_equal(applied, APPLY_APPLIED);
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
	    "t=${target#*trace\\\":\\\"}; t=${t%%\\\"*}\n"
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
	    "t=${target#*trace\\\":\\\"}; t=${t%%\\\"*}; printf '%s' \"$target\" > $t\n"
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
a_rotator_that_cannot_work_with_its_target_says_why(void **state)
{
	ROTATOR *rotator = start(*state,
	    "ask; say '{\"result\":\"refused\",\"detail\":\"another program than was signed\"}'\n");
	struct err err;

	assert_error(ERR_REFUSED, rotator_check(rotator, &err));
	assert_says("refused to work: another program than was signed");
}

static void
check_refuses_with_the_rotators_own_words(void **state)
{
	ROTATOR *rotator = start(*state,
	    "ask; say '{\"result\":\"ok\",\"rotator\":\"test\",\"contract\":1,"
	    "\"fields\":[\"password\"],\"identity\":\"ambient\"}'\n"
	    "ask; say '{\"result\":\"refused\",\"detail\":\"no such database\"}'\n");
	struct err err;

	assert_error(ERR_REFUSED, rotator_check(rotator, &err));
	assert_says("no such database");
	assert_string_equal(rotator_identity(rotator), "ambient");
}

static void
check_names_the_field_that_the_credential_lacks(void **state)
{
	ROTATOR *rotator = start(*state,
	    "ask; say '{\"result\":\"ok\",\"rotator\":\"test\",\"contract\":1,"
	    "\"fields\":[\"password\",\"private-key\"],\"identity\":\"ambient\"}'\n"
	    "ask; say '{\"result\":\"ok\"}'\n");
	struct err err;

	assert_error(ERR_REFUSED, rotator_check(rotator, &err));
	assert_says("private-key");
}

static void
a_newer_contract_is_named(void **state)
{
	ROTATOR *rotator = start(*state,
	    "ask; say '{\"result\":\"ok\",\"rotator\":\"test\",\"contract\":2,"
	    "\"fields\":[\"password\"],\"identity\":\"ambient\"}'\nask\n");
	struct err err;

	assert_error(ERR_VERSION, rotator_check(rotator, &err));
	assert_says("contract 2");
}

/* --- Rotators that lie -------------------------------------------------------------------- */

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
};

static void
garbage_and_early_ends_are_unknown_never_rejected(void **state)
{
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(liars); i++) {
		ROTATOR *rotator = start(*state, liars[i].body);
		enum apply_result applied = APPLY_APPLIED;

		assert_ok(rotator_apply(rotator, &applied, &err));
		if (applied != APPLY_UNKNOWN)
			fail_msg("liar %zu: %s", i, apply_result_names[applied]);
		assert_detail(rotator, liars[i].cause);
		assert_true(rotator_detail(rotator)[0] != '\0');
	}
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
	enum apply_result applied;
	struct err err;

	assert_ok(rotator_apply(rotator, &applied, &err));
	assert_ok(rotator_apply(rotator, &applied, &err));
	assert_int_equal(applied, APPLY_UNKNOWN);
	assert_detail(rotator, "breaks the contract");
	assert_error(ERR_TARGET_UNKNOWN, rotator_check(rotator, &err));
}

static void
a_silent_rotator_is_unknown_at_the_deadline(void **state)
{
	struct fixture *fixture = *state;
	ROTATOR *rotator = NULL;
	enum apply_result applied = APPLY_APPLIED;
	struct err err;

	install(fixture, "ask; sleep 100\n");
	struct rotator_start how = start_of(fixture);

	how.seconds = 1;
	assert_ok(rotator_start(&how, &rotator, &err));
	assert_ok(rotator_apply(rotator, &applied, &err));
	assert_int_equal(applied, APPLY_UNKNOWN);
	assert_detail(rotator, "no answer within 1 s");
}

static void
half_an_answer_is_unknown_at_the_deadline(void **state)
{
	struct fixture *fixture = *state;
	ROTATOR *rotator = NULL;
	enum apply_result applied = APPLY_APPLIED;
	struct err err;

	install(fixture, "ask; printf '{\"result\":'; sleep 100\n");
	struct rotator_start how = start_of(fixture);

	how.seconds = 1;
	assert_ok(rotator_start(&how, &rotator, &err));
	assert_ok(rotator_apply(rotator, &applied, &err));
	assert_int_equal(applied, APPLY_UNKNOWN);
	assert_detail(rotator, "did not finish");
}

static void
an_answer_that_holds_a_secret_is_dropped_unseen(void **state)
{
	static const char *const echoes[] = {
	    "ask; say '{\"result\":\"applied\",\"detail\":\"set to correct horse battery\"}'\nask\n",
	    "ask; say '{\"result\":\"applied\",\"detail\":\"set to staple 4711 paperclip\"}'\nask\n",
	    "ask; say '{\"result\":\"applied\",\"detail\":\"\\u0063orrect horse battery\"}'\nask\n",
	    "ask; say 'ALTER USER PASSWORD correct horse battery'\nask\n",
	};
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(echoes); i++) {
		ROTATOR *rotator = start(*state, echoes[i]);
		enum apply_result applied = APPLY_APPLIED;

		assert_ok(rotator_apply(rotator, &applied, &err));
		assert_int_equal(applied, APPLY_UNKNOWN);
		assert_detail(rotator, "held a secret");
		assert_null(strstr(rotator_detail(rotator), "horse"));
		assert_null(strstr(rotator_detail(rotator), "staple"));
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

/* --- The program -------------------------------------------------------------------------- */

static void
another_program_than_the_pinned_one_is_not_run(void **state)
{
	struct fixture *fixture = *state;
	ROTATOR *rotator = NULL;
	struct err err;

	install(fixture, "ask\n");
	struct rotator_start how = start_of(fixture);

	install(fixture, "t=${target#*trace\\\":\\\"}; : > ${t%%\\\"*}\n");
	assert_error(ERR_INTEGRITY, rotator_start(&how, &rotator, &err));
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
	    "t=${target#*trace\\\":\\\"}; t=${t%%\\\"*}\n"
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

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_whole_rotation_runs_in_one_process),
	    CASE(each_value_arrives_on_its_own_descriptor),
	    CASE(a_generated_value_is_read_and_serves_as_next),
	    CASE(values_of_sixty_four_kibibytes_pass_both_ways),
	    CASE(the_first_line_has_the_target_and_the_deadline),
	    CASE(a_rotator_that_cannot_work_with_its_target_says_why),
	    CASE(check_refuses_with_the_rotators_own_words),
	    CASE(check_names_the_field_that_the_credential_lacks),
	    CASE(a_newer_contract_is_named),
	    CASE(garbage_and_early_ends_are_unknown_never_rejected),
	    CASE(garbage_makes_probe_unreachable_and_expel_unable_to_tell),
	    CASE(a_broken_rotator_is_never_asked_again),
	    CASE(a_silent_rotator_is_unknown_at_the_deadline),
	    CASE(half_an_answer_is_unknown_at_the_deadline),
	    CASE(an_answer_that_holds_a_secret_is_dropped_unseen),
	    CASE(generated_values_must_be_whole_well_formed_and_new),
	    CASE(another_program_than_the_pinned_one_is_not_run),
	    CASE(values_that_are_no_credentials_are_not_handed_over),
	    CASE(the_whole_process_group_is_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
