/* SPDX-License-Identifier: Apache-2.0 */
/* Which programs may run: those that come with Halligan by their name, the host's own by what two people pinned. */
#include "rotators/contract/places.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "rotators/contract/contract.h"
#include "tests/unit/check.h"

enum { SIZE = 200 };
#define SHIPPED "#!/bin/sh\n: shipped\n"
#define OWN     "#!/bin/sh\n: own\n"

struct fixture {
	char folder[SIZE / 2], shipped[SIZE], own[SIZE], users[SIZE];
	struct rotator_places places;
};

static int
set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	(void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/halligan-test-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	(void)snprintf(fixture->shipped, SIZE, "%s/shipped", fixture->folder);
	(void)snprintf(fixture->own, SIZE, "%s/own", fixture->folder);
	(void)snprintf(fixture->users, SIZE, "%s/users", fixture->folder);
	assert_int_equal(mkdir(fixture->shipped, 0755), 0);
	assert_int_equal(mkdir(fixture->own, 0755), 0);
	assert_int_equal(mkdir(fixture->users, 0755), 0);
	fixture->places =
	    (struct rotator_places){fixture->shipped, {fixture->own, fixture->users, NULL}};
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;
	char command[SIZE];

	(void)snprintf(command, sizeof(command), "rm -r %s", fixture->folder);
	assert_int_equal(system(command), 0);
	free(fixture);
	return 0;
}

/* FOLDER/NAME has CONTENT. */
static struct digest
install(const char *folder, const char *name, const char *content)
{
	struct digest hash;
	char path[4096];
	struct err err;
	FD fd = -1;

	assert_ok(file_path(folder, name, path, &err));
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0755);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_ok(sha256_one(view_of_text(content), &hash, &err));
	return hash;
}

static struct rotator_found
found(const struct fixture *fixture, const struct digest *pinned)
{
	struct rotator_found found;
	struct err err;

	assert_ok(rotator_find_defined(&fixture->places, "keys", pinned, &found, &err));
	return found;
}

static void
a_rotator_that_comes_with_halligan_is_found_by_its_name_whatever_it_is_today(void **state)
{
	const struct fixture *fixture = *state;
	struct digest first = install(fixture->shipped, "halligan-rotate-keys", SHIPPED);
	struct rotator_found one = found(fixture, NULL), two;

	assert_false(one.own);
	assert_true(digest_equal(&one.hash, &first));
	first = install(fixture->shipped, "halligan-rotate-keys", SHIPPED "# upgraded\n");
	two = found(fixture, NULL);
	assert_true(digest_equal(&two.hash, &first));
	assert_false(digest_equal(&one.hash, &two.hash));
}

static void
a_program_of_the_hosts_own_is_the_one_that_was_pinned_and_no_other(void **state)
{
	const struct fixture *fixture = *state;
	struct digest pinned = install(fixture->own, "halligan-rotate-keys", OWN);
	struct rotator_found own = found(fixture, &pinned);
	struct err err;

	assert_true(own.own);
	(void)install(fixture->own, "halligan-rotate-keys", OWN "# other\n");
	assert_error(ERR_REFUSED,
	    rotator_find_defined(&fixture->places, "keys", &pinned, &own, &err));
	assert_says("is not the program that the secret's definition pins");
	assert_says("halligan secret change");
}

/* Nor does a later Halligan, which brings one of that name, take its place. */
static void
neither_of_one_name_stands_for_the_other(void **state)
{
	const struct fixture *fixture = *state;
	struct digest pinned = install(fixture->own, "halligan-rotate-keys", OWN);
	struct rotator_found one;
	struct err err;

	assert_error(ERR_NOT_FOUND,
	    rotator_find_defined(&fixture->places, "keys", NULL, &one, &err));
	assert_says(fixture->shipped);
	(void)install(fixture->shipped, "halligan-rotate-keys", SHIPPED);
	assert_true(found(fixture, &pinned).own);
	assert_false(found(fixture, NULL).own);
	assert_ok(rotator_find(&fixture->places, "keys", &one, &err)); /* for a new definition */
	assert_false(one.own);
}

static void
nothing_in_the_hosts_folder_hides_a_users_own_that_was_pinned(void **state)
{
	const struct fixture *fixture = *state;
	struct digest pinned = install(fixture->users, "halligan-rotate-keys", OWN), other = {{1}};
	struct rotator_found one;
	struct err err;

	assert_true(found(fixture, &pinned).own);
	(void)install(fixture->own, "halligan-rotate-keys", SHIPPED); /* another of that name */
	assert_string_equal(strrchr(found(fixture, &pinned).path, '/'), "/halligan-rotate-keys");
	assert_non_null(strstr(found(fixture, &pinned).path, "/users/"));
	assert_int_equal(chmod(fixture->own, 0777), 0); /* a folder that is not to be trusted */
	assert_true(found(fixture, &pinned).own);
	assert_error(ERR_REFUSED,
	    rotator_find_defined(&fixture->places, "keys", &other, &one, &err));
	assert_says(fixture->own);
}

static void
an_unknown_rotator_is_reported_with_the_folders(void **state)
{
	const struct fixture *fixture = *state;
	struct rotator_found one;
	struct err err;

	assert_error(ERR_NOT_FOUND, rotator_find(&fixture->places, "absent", &one, &err));
	assert_says(fixture->shipped);
	assert_says(fixture->own);
	assert_says(fixture->users);
}

static void
names_that_could_leave_the_folder_are_refused(void **state)
{
	static const char *const wrong[] = {"", "../x", "x/y", "/x", "x y", "X",
	    "a123456789b123456789c123456789d123456789e"};
	const struct fixture *fixture = *state;
	struct rotator_found one;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_error(ERR_INVALID, rotator_find(&fixture->places, wrong[i], &one, &err));
}

/* --- Programs that a rotator runs --------------------------------------------------------- */

/* PATTERN, where @ is FOLDER and # the pinned hash, in hex. */
static struct json *
target_of(const char *pattern, const char *folder, const struct digest *hash)
{
	struct json *target = NULL;
	char hex[2 * DIGEST_SIZE + 1];
	struct err err;
	BUF text = {0};

	text_hex(VIEW_OF(hash->bytes), hex);
	for (; *pattern != '\0'; pattern++)
		if (*pattern == '@' || *pattern == '#')
			buf_text(&text, *pattern == '@' ? folder : hex);
		else
			buf_bytes(&text, view_of(pattern, 1));
	assert_ok(json_parse(buf_view(&text), &target, &err));
	return target;
}

static void
a_program_in_the_folder_for_them_is_handed_over_when_it_is_pinned(void **state)
{
	const struct fixture *fixture = *state;
	struct digest hash = install(fixture->own, "rotate-mail", OWN);
	JSON *target = target_of("{\"command\":[\"@/rotate-mail\",\"jane\"],\"hash\":\"#\"}",
	    fixture->own, &hash);
	char text[sizeof(OWN)] = "";
	struct digest opened;
	struct err err;
	FD fd = -1;

	assert_ok(program_open(&fixture->places, target, &fd, &opened, &err));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(read(fd, text, sizeof(OWN) - 1), sizeof(OWN) - 1);
	assert_string_equal(text, OWN);
}

static void
whatever_else_a_command_names_is_not_run(void **state)
{
	static const struct {
		const char *pattern, *says;
		enum err_code code;
	} wrong[] = {
	    {"{\"command\":[\"@/../own/rotate-mail\"],\"hash\":\"#\"}", "does not stand in",
	        ERR_REFUSED},
	    {"{\"command\":[\"@/./rotate-mail\"],\"hash\":\"#\"}", "does not stand in",
	        ERR_REFUSED},
	    {"{\"command\":[\"@//rotate-mail\"],\"hash\":\"#\"}", "does not stand in", ERR_REFUSED},
	    {"{\"command\":[\"@/in/rotate-mail\"],\"hash\":\"#\"}", "does not stand in",
	        ERR_REFUSED},
	    {"{\"command\":[\"@x/rotate-mail\"],\"hash\":\"#\"}", "does not stand in", ERR_REFUSED},
	    {"{\"command\":[\"@/\"],\"hash\":\"#\"}", "does not stand in", ERR_REFUSED},
	    {"{\"command\":[\"/bin/dash\",\"@\"],\"hash\":\"#\"}", "does not stand in",
	        ERR_REFUSED},
	    {"{\"command\":[\"rotate-mail\",\"@\"],\"hash\":\"#\"}", "an absolute path",
	        ERR_INVALID},
	    {"{\"command\":[\"@/rotate-mail\",\"-c\"],\"hash\":\"#\"}", "read code behind it",
	        ERR_REFUSED},
	    {"{\"command\":[],\"folder\":\"@\",\"hash\":\"#\"}", "command", ERR_INVALID},
	    {"{\"folder\":\"@\",\"hash\":\"#\"}", "command", ERR_INVALID},
	    {"{\"command\":[\"@/absent\"],\"hash\":\"#\"}", "there is no", ERR_NOT_FOUND},
	    {"{\"command\":[\"@/link\"],\"hash\":\"#\"}", "symbolic link", ERR_REFUSED},
	    {"{\"command\":[\"@/folder\"],\"hash\":\"#\"}", "not a plain file", ERR_REFUSED},
	    {"{\"command\":[\"@/text\"],\"hash\":\"#\"}", "not an executable file", ERR_REFUSED},
	};
	const struct fixture *fixture = *state;
	struct digest hash = install(fixture->own, "rotate-mail", OWN), opened;
	char path[4096];
	struct err err;
	int fd = -1;

	assert_ok(file_path(fixture->own, "link", path, &err));
	assert_int_equal(symlink("rotate-mail", path), 0);
	assert_ok(file_path(fixture->own, "folder", path, &err));
	assert_int_equal(mkdir(path, 0755), 0);
	(void)install(fixture->own, "text", OWN);
	assert_ok(file_path(fixture->own, "text", path, &err));
	assert_int_equal(chmod(path, 0644), 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		JSON *target = target_of(wrong[i].pattern, fixture->own, &hash);

		assert_error(wrong[i].code,
		    program_open(&fixture->places, target, &fd, &opened, &err));
		assert_says(wrong[i].says);
		assert_int_equal(fd, -1);
	}
}

static void
without_its_hash_a_program_is_not_run_and_the_hash_is_said(void **state)
{
	const struct fixture *fixture = *state;
	struct digest hash = install(fixture->own, "rotate-mail", OWN), other = {{1}}, opened;
	JSON *bare =
	    target_of("{\"command\":[\"@/rotate-mail\"],\"folder\":\"@\"}", fixture->own, &hash);
	JSON *wrong =
	    target_of("{\"command\":[\"@/rotate-mail\"],\"hash\":\"#\"}", fixture->own, &other);
	char hex[2 * DIGEST_SIZE + 1];
	struct err err;
	int fd = -1;

	text_hex(VIEW_OF(hash.bytes), hex);
	assert_error(ERR_REFUSED, program_open(&fixture->places, bare, &fd, &opened, &err));
	assert_says(hex);
	assert_error(ERR_REFUSED, program_open(&fixture->places, wrong, &fd, &opened, &err));
	assert_says("its SHA-256 differs");
	assert_ok(program_try(bare, &fd, &err)); /* whoever writes it tries it as it is */
	fd_closep(&fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_rotator_that_comes_with_halligan_is_found_by_its_name_whatever_it_is_today),
	    CASE(a_program_of_the_hosts_own_is_the_one_that_was_pinned_and_no_other),
	    CASE(neither_of_one_name_stands_for_the_other),
	    CASE(nothing_in_the_hosts_folder_hides_a_users_own_that_was_pinned),
	    CASE(an_unknown_rotator_is_reported_with_the_folders),
	    CASE(names_that_could_leave_the_folder_are_refused),
	    CASE(a_program_in_the_folder_for_them_is_handed_over_when_it_is_pinned),
	    CASE(whatever_else_a_command_names_is_not_run),
	    CASE(without_its_hash_a_program_is_not_run_and_the_hash_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
