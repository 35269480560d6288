/* SPDX-License-Identifier: Apache-2.0 */
/* What stands beside a rotator, and what it says of a target. */
#include "rotators/contract/description.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check.h"

#define LOCAL                                                                                          \
	"{\"when\":{\"access\":\"local\"},\"style\":\"replace\",\"holds\":1,\"identity\":\"ambient\"," \
	"\"grace\":0,\"death\":\"refused\",\"can\":[\"expel\"]}"
#define FAR                                                                                        \
	"{\"when\":{\"access\":\"ssh\",\"port\":\"22\"},\"style\":\"overlap\",\"holds\":5,"        \
	"\"identity\":\"self\",\"grace\":60,\"death\":\"refused\",\"can\":[]}"
#define ANY                                                                                           \
	"{\"style\":\"issue\",\"holds\":2,\"identity\":\"via\",\"grace\":0,\"death\":\"cannot-die\"," \
	"\"can\":[]}"
#define HEAD "{\"rotator\":\"test\",\"contract\":2,\"fields\":[\"password\"],\"announces\":["

static enum err_code
parse_blaming(const char *text, const char *target_text, struct description *ret_description,
    bool *ret_of_target, struct err *err)
{
	JSON *target = NULL;

	assert_int_equal(json_parse(view_of_text(target_text), &target, err), ERR_OK);
	return description_parse(view_of_text(text), "test", target, ret_description, ret_of_target,
	    err);
}

static enum err_code
parse(const char *text, const char *target_text, struct description *ret_description,
    struct err *err)
{
	bool of_target;

	return parse_blaming(text, target_text, ret_description, &of_target, err);
}

static void
the_first_case_that_the_target_fits_is_taken(void **state)
{
	(void)state;
	static const char text[] = HEAD LOCAL "," FAR "," ANY "," LOCAL "]}";
	static const struct {
		const char *target;
		enum style style;
	} rows[] = {
	    {"{\"access\":\"local\"}", STYLE_REPLACE},
	    {"{\"port\":\"22\",\"host\":\"db1\",\"access\":\"ssh\"}", STYLE_OVERLAP},
	    {"{\"access\":\"ssh\"}", STYLE_ISSUE},             /* one of two members */
	    {"{\"access\":\"ssh\",\"port\":22}", STYLE_ISSUE}, /* a number is no text */
	    {"{\"access\":[\"local\"]}", STYLE_ISSUE},
	    {"{\"access\":\"Local\"}", STYLE_ISSUE},
	    {"{}", STYLE_ISSUE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct description description = {0};
		struct err err;

		assert_ok(parse(text, rows[i].target, &description, &err));
		assert_int_equal(description.announced.style, rows[i].style);
		assert_string_equal(description.rotator, "test");
		for (int field = 0; field < CREDENTIAL_FIELDS; field++)
			assert_int_equal(description.fields[field], field == FIELD_PASSWORD);
	}
}

static void
a_target_that_fits_no_case_is_refused_and_told_what_decides(void **state)
{
	(void)state;
	struct description description;
	bool of_target = false;
	struct err err;

	assert_error(ERR_REFUSED,
	    parse_blaming(HEAD LOCAL "," FAR "," LOCAL "]}", "{\"access\":\"ssh\"}", &description,
	        &of_target, &err));
	assert_says("target: rotator test has nothing for a target like this");
	assert_says("its member \"access\" may be \"local\" or \"ssh\", \"port\" may be ");
	assert_true(of_target);
}

static void
each_broken_file_is_refused_for_every_target(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum err_code code;
		const char *words;
	} rows[] = {
	    {"", ERR_INVALID, ""},
	    {"[]", ERR_INVALID, ""},
	    {HEAD LOCAL "]} x", ERR_INVALID, ""},
	    {"{\"rotator\":\"other\",\"contract\":2,\"fields\":[\"password\"],\"announces\":[" LOCAL
	     "]}",
	        ERR_INVALID, "rotator"},
	    {"{\"contract\":2,\"fields\":[\"password\"],\"announces\":[" LOCAL "]}", ERR_INVALID,
	        "rotator"},
	    {"{\"rotator\":\"test\",\"contract\":1,\"fields\":[\"password\"]}", ERR_VERSION,
	        "contract 1"},
	    {"{\"rotator\":\"test\",\"contract\":3,\"verbs\":[]}", ERR_VERSION, "contract 3"},
	    {"{\"rotator\":\"test\",\"contract\":\"2\",\"fields\":[\"password\"],\"announces\":[" LOCAL
	     "]}",
	        ERR_INVALID, "contract"},
	    {"{\"rotator\":\"test\",\"contract\":2,\"announces\":[" LOCAL "]}", ERR_INVALID,
	        "fields"},
	    {"{\"rotator\":\"test\",\"contract\":2,\"fields\":[],\"announces\":[" LOCAL "]}",
	        ERR_INVALID, "fields"},
	    {"{\"rotator\":\"test\",\"contract\":2,\"fields\":[\"pin\"],\"announces\":[" LOCAL "]}",
	        ERR_INVALID, "fields"},
	    {"{\"rotator\":\"test\",\"contract\":2,\"fields\":[\"password\"]}", ERR_INVALID,
	        "announces"},
	    {HEAD "]}", ERR_INVALID, "announces"},
	    {HEAD "7]}", ERR_INVALID, "announces"},
	    {HEAD LOCAL ",7]}", ERR_INVALID, "announces"}, /* behind the one that fits */
	    {HEAD LOCAL ",{\"style\":\"both\"}]}", ERR_INVALID, "style"},
	    {HEAD LOCAL ",{\"more\":1,\"style\":\"replace\",\"holds\":1,\"identity\":\"self\","
	                "\"grace\":0,\"death\":\"refused\",\"can\":[]}]}",
	        ERR_INVALID, "more"},
	    {HEAD LOCAL ",{\"when\":7,\"style\":\"replace\",\"holds\":1,\"identity\":\"self\","
	                "\"grace\":0,\"death\":\"refused\",\"can\":[]}]}",
	        ERR_INVALID, "when"},
	    {HEAD LOCAL "],\"paths\":[]}", ERR_INVALID, "paths"},
	    {HEAD LOCAL "],\"target\":[]}", ERR_INVALID, "target"},
	    {HEAD LOCAL "],\"target\":[\"identity\"]}", ERR_INVALID, "target"},
	    {HEAD LOCAL "," LOCAL "," LOCAL "," LOCAL "," LOCAL "," LOCAL "," LOCAL "," LOCAL
	                "," LOCAL "," LOCAL "," LOCAL "," LOCAL "," LOCAL "," LOCAL "," LOCAL
	                "," LOCAL "," LOCAL "]}",
	        ERR_INVALID, "announces"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct description description = {.rotator = "untouched"};
		bool of_target = true;
		struct err err;

		assert_error(rows[i].code,
		    parse_blaming(rows[i].text, "{\"access\":\"local\"}", &description, &of_target,
		        &err));
		assert_says(rows[i].words);
		assert_false(of_target);
		assert_string_equal(description.rotator, "untouched");
	}
}

static void
what_the_target_says_itself_counts_where_the_file_lets_it(void **state)
{
	(void)state;
	static const char target[] = "{\"access\":\"local\",\"fields\":[\"token\"],\"announces\":{"
	                             "\"style\":\"overlap\",\"holds\":3,\"identity\":\"self\","
	                             "\"grace\":0,\"death\":\"refused\",\"can\":[]}}";
	static const struct {
		const char *text;
		enum style style;
		enum credential_field field;
	} rows[] = {
	    {HEAD LOCAL "]}", STYLE_REPLACE, FIELD_PASSWORD},
	    {HEAD LOCAL "],\"target\":[\"announces\"]}", STYLE_OVERLAP, FIELD_PASSWORD},
	    {HEAD LOCAL "],\"target\":[\"fields\"]}", STYLE_REPLACE, FIELD_TOKEN},
	    {HEAD FAR "],\"target\":[\"fields\",\"announces\"]}", STYLE_OVERLAP, FIELD_TOKEN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct description description = {0};
		struct err err;

		assert_ok(parse(rows[i].text, target, &description, &err));
		assert_int_equal(description.announced.style, rows[i].style);
		for (int field = 0; field < CREDENTIAL_FIELDS; field++)
			assert_int_equal(description.fields[field], field == (int)rows[i].field);
	}
}

static void
no_target_says_whose_credential_it_is(void **state)
{
	(void)state;
#define OWN "{\"announces\":{" STYLE ",\"account\":[\"command\",\"settings\"]}}"
#define STYLE                                                                                        \
	"\"style\":\"overlap\",\"holds\":2,\"identity\":\"self\",\"grace\":0,\"death\":\"refused\"," \
	"\"can\":[]"
	static const char file[] =
	    HEAD "{" STYLE ",\"account\":[\"host_key\"]}],\"target\":[\"announces\"]}";
	static const char *const targets[] = {"{}", "{\"announces\":{" STYLE "}}"};
	struct description refused = {0};
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		struct description description = {0};

		assert_ok(parse(file, targets[i], &description, &err));
		assert_int_equal(description.announced.account_count, 1);
		assert_string_equal(description.announced.account[0], "host_key");
	}
	assert_error(ERR_INVALID, parse(file, OWN, &refused, &err));
	assert_says("what tells an account is the rotator's to say");
}

static void
a_target_that_says_nothing_leaves_it_to_the_file(void **state)
{
	(void)state;
	struct description description = {0};
	struct err err;

	assert_ok(parse(HEAD LOCAL "],\"target\":[\"announces\",\"fields\"]}",
	    "{\"access\":\"local\",\"command\":[\"/bin/true\"]}", &description, &err));
	assert_int_equal(description.announced.style, STYLE_REPLACE);
	assert_true(description.fields[FIELD_PASSWORD]);
}

static void
what_the_target_says_wrongly_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *target, *words;
	} rows[] = {
	    {"{\"fields\":\"password\"}", "target: fields"},
	    {"{\"fields\":[]}", "target: fields"},
	    {"{\"fields\":[\"pin\"]}", "target: fields"},
	    {"{\"announces\":[]}", "target: announces"},
	    {"{\"announces\":{}}", "target: announces: \"style\""},
	    {"{\"announces\":{\"style\":\"replace\",\"holds\":2,\"identity\":\"self\",\"grace\":0,"
	     "\"death\":\"refused\",\"can\":[]}}",
	        "target: announces: holds"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct description description;
		bool of_target = false;
		struct err err;

		assert_error(ERR_INVALID,
		    parse_blaming(HEAD ANY "],\"target\":[\"announces\",\"fields\"]}",
		        rows[i].target, &description, &of_target, &err));
		assert_says(rows[i].words);
		assert_true(of_target);
	}
}

/* --- The file ----------------------------------------------------------------------------- */

struct beside {
	char folder[64], program[128], path[160];
};

static int
set_up(void **state)
{
	struct beside *beside = calloc(1, sizeof(*beside));

	assert_non_null(beside);
	(void)snprintf(beside->folder, sizeof(beside->folder), "/tmp/halligan-test-XXXXXX");
	assert_non_null(mkdtemp(beside->folder));
	(void)snprintf(beside->program, sizeof(beside->program), "%s/halligan-rotate-test",
	    beside->folder);
	(void)snprintf(beside->path, sizeof(beside->path), "%s.json", beside->program);
	*state = beside;
	return 0;
}

static int
tear_down(void **state)
{
	struct beside *beside = *state;

	unlink(beside->path);
	rmdir(beside->path);
	unlink(beside->program);
	rmdir(beside->folder);
	free(beside);
	return 0;
}

/* TEXT, with SPACES behind it. */
static void
put_text(const struct beside *beside, const char *text, size_t spaces, mode_t mode)
{
	FILE *file = fopen(beside->path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	for (size_t i = 0; i < spaces; i++)
		assert_int_equal(fputc(' ', file), ' ');
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(beside->path, mode), 0);
}

static void
put_file(const struct beside *beside, size_t spaces, mode_t mode)
{
	put_text(beside, HEAD ANY "]}", spaces, mode);
}

static enum err_code
read_beside(const struct beside *beside, struct err *err)
{
	struct description description = {0};
	JSON *target = json_new_object();
	bool of_target;

	TRY(description_read(beside->program, "test", target, &description, &of_target, err));
	assert_int_equal(description.announced.style, STYLE_ISSUE);
	return ERR_OK;
}

static void
it_is_read_beside_the_program_which_is_not_run(void **state)
{
	const struct beside *beside = *state;
	struct err err;

	put_file(beside, 0, 0644); /* there is no such program */
	assert_ok(read_beside(beside, &err));
	put_file(beside, 0, 0400);
	assert_ok(read_beside(beside, &err));
}

static void
a_missing_file_is_named(void **state)
{
	const struct beside *beside = *state;
	struct err err;

	assert_error(ERR_NOT_FOUND, read_beside(beside, &err));
	assert_says(beside->path);
	assert_says("the description of rotator test");
}

static void
the_file_is_named_for_its_own_faults_only(void **state)
{
	const struct beside *beside = *state;
	struct err err;

	put_text(beside, HEAD "]}", 0, 0644);
	assert_error(ERR_INVALID, read_beside(beside, &err));
	assert_says(beside->path);
	put_text(beside, HEAD LOCAL "]}", 0, 0644);
	assert_error(ERR_REFUSED, read_beside(beside, &err));
	assert_null(strstr(err.text, beside->path));
}

static void
a_file_that_others_may_write_is_refused(void **state)
{
	static const mode_t modes[] = {0664, 0646, 0666, 0777, 0620};
	const struct beside *beside = *state;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		put_file(beside, 0, modes[i]);
		assert_error(ERR_REFUSED, read_beside(beside, &err));
		assert_says("can be written by others");
		unlink(beside->path);
	}
}

static void
a_file_of_somebody_else_is_refused(void **state)
{
	const struct beside *beside = *state;
	struct err err;

	if (geteuid() != 0) {
		printf("# skipped: only root can give files away\n");
		return;
	}
	put_file(beside, 0, 0644);
	assert_int_equal(chown(beside->path, 65534, 65534), 0);
	assert_error(ERR_REFUSED, read_beside(beside, &err));
	assert_says("belongs to user 65534");
}

static void
a_link_and_a_folder_are_refused(void **state)
{
	const struct beside *beside = *state;
	struct err err;

	put_file(beside, 0, 0644);
	assert_int_equal(rename(beside->path, beside->program), 0);
	assert_int_equal(symlink(beside->program, beside->path), 0);
	assert_error(ERR_REFUSED, read_beside(beside, &err));
	assert_says("symbolic link");
	assert_int_equal(unlink(beside->path), 0);
	assert_int_equal(mkdir(beside->path, 0755), 0);
	assert_error(ERR_REFUSED, read_beside(beside, &err));
	assert_says("not a plain file");
}

static void
sixteen_kibibytes_are_read_and_one_more_byte_is_not(void **state)
{
	const struct beside *beside = *state;
	size_t room = DESCRIPTION_MAX - strlen(HEAD ANY "]}");
	struct err err;

	put_file(beside, room, 0644);
	assert_ok(read_beside(beside, &err));
	put_file(beside, room + 1, 0644);
	assert_error(ERR_REFUSED, read_beside(beside, &err));
	assert_says("larger than 16 KiB");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_case_that_the_target_fits_is_taken),
	    cmocka_unit_test(a_target_that_fits_no_case_is_refused_and_told_what_decides),
	    cmocka_unit_test(each_broken_file_is_refused_for_every_target),
	    cmocka_unit_test(what_the_target_says_itself_counts_where_the_file_lets_it),
	    cmocka_unit_test(no_target_says_whose_credential_it_is),
	    cmocka_unit_test(a_target_that_says_nothing_leaves_it_to_the_file),
	    cmocka_unit_test(what_the_target_says_wrongly_is_refused),
	    CASE(it_is_read_beside_the_program_which_is_not_run),
	    CASE(a_missing_file_is_named),
	    CASE(the_file_is_named_for_its_own_faults_only),
	    CASE(a_file_that_others_may_write_is_refused),
	    CASE(a_file_of_somebody_else_is_refused),
	    CASE(a_link_and_a_folder_are_refused),
	    CASE(sixteen_kibibytes_are_read_and_one_more_byte_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
