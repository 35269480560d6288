/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/location.h"
#include "tests/lib/expect.h"

static void
a_remote_place_is_taken_apart(void **state)
{
	struct location location;
	struct err err;

	(void)state;
	fine(location_parse("ssh://vault.example.com/srv/vault", &location, &err), &err);
	assert_true(location.remote);
	assert_string_equal(location.host, "vault.example.com");
	assert_string_equal(location.user, "");
	assert_int_equal(location.port, 0);
	assert_string_equal(location.folder, "/srv/vault");
	fine(location_parse("ssh://ops@[2001:db8::1]:2222/v", &location, &err), &err);
	assert_string_equal(location.host, "2001:db8::1");
	assert_string_equal(location.user, "ops");
	assert_int_equal(location.port, 2222);
}

static void
a_local_place_has_one_name(void **state)
{
	struct location a, b;
	struct err err;

	(void)state;
	fine(location_parse("/usr/../usr/lib/", &a, &err), &err);
	fine(location_parse("/usr/lib", &b, &err), &err);
	assert_false(a.remote);
	assert_string_equal(a.text, b.text);
	fine(location_parse("/nonexistent/vault", &a, &err), &err);
	assert_string_equal(a.folder, "/nonexistent/vault");
	fine(location_parse("nonexistent-vault", &a, &err), &err);
	assert_true(a.folder[0] == '/');
}

static void
slashes_and_dots_do_not_make_another_place(void **state)
{
	static const char *const texts[] = {"ssh://host/srv/vault/", "ssh://host//srv///vault",
	    "ssh://host/./srv/./vault/.", "ssh://host/srv/vault//."};
	struct location location, plain;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		fine(location_parse(texts[i], &location, &err), &err);
		assert_string_equal(location.folder, "/srv/vault");
		assert_string_equal(location.text, "ssh://host/srv/vault");
	}
	/* What only the machine's own links can tell is left to it. */
	fine(location_parse("ssh://host/srv/../.vault/..x/", &location, &err), &err);
	assert_string_equal(location.folder, "/srv/../.vault/..x");
	fine(location_parse("nonexistent-vault", &plain, &err), &err);
	fine(location_parse("./nonexistent-vault/", &location, &err), &err);
	assert_string_equal(location.text, plain.text);
	fine(location_parse("/usr/../usr//nonexistent/", &location, &err), &err);
	assert_string_equal(location.text, "/usr/nonexistent");
	fine(location_parse("/", &location, &err), &err);
	assert_string_equal(location.text, "/");
}

static void
what_ssh_or_a_shell_could_misread_is_refused(void **state)
{
	static const char *const texts[] = {"", "ssh://", "ssh://host", "ssh://host/", "ssh:///dir",
	    "ssh://host//", "ssh://host/./", "ssh://-oProxyCommand=x/dir", "ssh://-l@host/dir",
	    "ssh://a b/dir", "ssh://a;b/dir", "ssh://user@/dir", "ssh://@host/dir",
	    "ssh://host:/dir", "ssh://host:0/dir", "ssh://host:65536/dir", "ssh://host:2x/dir",
	    "ssh://[::1/dir", "ssh://[::1]x/dir", "ssh://host/dir\nx", "https://host/dir",
	    "file:///dir", "dir\x1b[2J"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct location location;
		struct err err;

		if (location_parse(texts[i], &location, &err) != ERR_USAGE)
			fail_msg("taken: %s", texts[i]);
	}
}

static void
the_remote_shell_sees_one_word(void **state)
{
	struct location location;
	BUF command = {0};
	struct err err;

	(void)state;
	fine(location_parse("ssh://host/srv/it's; rm -rf $HOME `x`", &location, &err), &err);
	fine(location_remote_command(&location, &command, &err), &err);
	assert_string_equal(buf_string(&command),
	    "halligan serve --stdio --vault '/srv/it'\\''s; rm -rf $HOME `x`'");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_remote_place_is_taken_apart),
	    cmocka_unit_test(a_local_place_has_one_name),
	    cmocka_unit_test(slashes_and_dots_do_not_make_another_place),
	    cmocka_unit_test(what_ssh_or_a_shell_could_misread_is_refused),
	    cmocka_unit_test(the_remote_shell_sees_one_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
