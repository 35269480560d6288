/* SPDX-License-Identifier: Apache-2.0 */
/* Files before and after, byte for byte.  @ stands for the old key, $ for the new, ~ for a third. */
#include "rotators/ssh/authorized_keys.h"
#include "tests/unit/check.h"

#define OLD   "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGmcMAxk+cEt63ODqz2AK+3E6z6mfEIpw6iRtmxn74oP"
#define NEW   "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDM9/Wuau+IqWbekAwHLT+7Hrtvs+eu56QPA1WSwPCaC"
#define OTHER "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHi5ZdwxO1iSRjoxhWCS1Hy11vUQVbSrJQKghStEpXOR"

static const struct {
	const char *claim, *before, *after;
	size_t current, next;
} files[] = {
    {"an empty file", "", "", 0, 0},
    {"one line", "@\n", "$\n", 1, 0},
    {"no newline at the end", "@", "$", 1, 0},
    {"a comment stays", "@ jane's key, 2019\n", "$ jane's key, 2019\n", 1, 0},
    {"spaces and tabs stay", " \t@  \t x \n", " \t$  \t x \n", 1, 0},
    {"carriage returns stay", "@\r\n~ a\r\n", "$\r\n~ a\r\n", 1, 0},
    {"carriage return after a comment", "@ a\r\n", "$ a\r\n", 1, 0},
    {"no other line changes", "# head\n\n~ a\n@ b\n~ c", "# head\n\n~ a\n$ b\n~ c", 1, 0},
    {"options stay", "no-pty,from=\"10.0.0.0/8\" @ b\n", "no-pty,from=\"10.0.0.0/8\" $ b\n", 1, 0},
    {"quoted spaces in options", "command=\"echo hi there\",no-pty @ b\n",
        "command=\"echo hi there\",no-pty $ b\n", 1, 0},
    {"escaped quotes in options", "command=\"say \\\"a b\\\" c\" @\n",
        "command=\"say \\\"a b\\\" c\" $\n", 1, 0},
    {"the old key named in an option is no key", "command=\"grep @ x\" ~ a\n",
        "command=\"grep @ x\" ~ a\n", 0, 0},
    {"only the key changes, not its name in the option", "command=\"grep @ x\" @ a\n",
        "command=\"grep @ x\" $ a\n", 1, 0},
    {"the old key in a comment is no key", "~ was @\n", "~ was @\n", 0, 0},
    {"a commented-out line is no key", "#@ b\n # @\n", "#@ b\n # @\n", 0, 0},
    {"all lines with the key", "@ a\n~ x\nno-pty @ b\n", "$ a\n~ x\nno-pty $ b\n", 2, 0},
    {"the new key is there already", "$ a\n~ b\n", "$ a\n~ b\n", 0, 1},
    {"both are there", "$ a\n@ b\n", "$ a\n$ b\n", 1, 1},
    {"neither is there", "~ a\n", "~ a\n", 0, 0},
    {"a certificate authority's line", "cert-authority @ ca\n", "cert-authority $ ca\n", 1, 0},
    {"an unterminated quote swallows the line", "command=\"x @ b\n", "command=\"x @ b\n", 0, 0},
    {"several spaces between type and key",
        "ssh-ed25519   "
        "AAAAC3NzaC1lZDI1NTE5AAAAIGmcMAxk+cEt63ODqz2AK+3E6z6mfEIpw6iRtmxn74oP z\n",
        "$ z\n", 1, 0},
    {"a type that the key contradicts is no key",
        "ssh-rsa "
        "AAAAC3NzaC1lZDI1NTE5AAAAIGmcMAxk+cEt63ODqz2AK+3E6z6mfEIpw6iRtmxn74oP\n",
        "ssh-rsa "
        "AAAAC3NzaC1lZDI1NTE5AAAAIGmcMAxk+cEt63ODqz2AK+3E6z6mfEIpw6iRtmxn74oP\n",
        0, 0},
    {"bytes that are not UTF-8 stay", "@ \xff\xfe caf\xe9\n\x01\x02\n",
        "$ \xff\xfe caf\xe9\n\x01\x02\n", 1, 0},
    {"a key that is cut short is no key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGmc\n",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGmc\n", 0, 0},
};

static struct ssh_public
key_of(const char *text)
{
	struct ssh_public key;
	struct err err;

	assert_ok(ssh_public_parse(view_of_text(text), &key, &err));
	return key;
}

static void
expand(const char *pattern, struct buf *ret_text)
{
	for (; *pattern != '\0'; pattern++) {
		if (*pattern == '@')
			buf_text(ret_text, OLD);
		else if (*pattern == '$')
			buf_text(ret_text, NEW);
		else if (*pattern == '~')
			buf_text(ret_text, OTHER);
		else
			buf_u8(ret_text, (uint8_t)*pattern);
	}
}

static void
only_the_key_changes_and_every_other_byte_stays(void **state)
{
	struct ssh_public current = key_of(OLD), next = key_of(NEW);
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		BUF before = {0}, after = {0}, got = {0};
		struct authorized_keys_count count;

		expand(files[i].before, &before);
		expand(files[i].after, &after);
		uint8_t *exact = exact_copy(buf_view(&before));

		assert_ok(authorized_keys_replace(view_of(exact, before.size), &current, &next,
		    &got, &count, &err));
		if (!view_equal(buf_view(&got), buf_view(&after)))
			fail_msg("%s: got \"%s\"", files[i].claim, buf_string(&got));
		if (count.current != files[i].current || count.next != files[i].next)
			fail_msg("%s: %zu and %zu", files[i].claim, count.current, count.next);
		free(exact);
	}
}

static void
every_prefix_of_a_file_is_taken_without_reading_too_far(void **state)
{
	static const char line[] = "command=\"a \\\"b\",no-pty " OLD " c\r\n" OLD;
	struct ssh_public current = key_of(OLD), next = key_of(NEW);
	struct err err;

	(void)state;
	for (size_t size = 0; size < sizeof(line); size++) {
		uint8_t *exact = exact_copy(view_of(line, size));
		BUF got = {0};
		struct authorized_keys_count count;

		assert_ok(authorized_keys_replace(view_of(exact, size), &current, &next, &got,
		    &count, &err));
		if (count.current == 0)
			assert_view(buf_view(&got), view_of(exact, size));
		free(exact);
	}
}

static void
a_nul_byte_is_refused(void **state)
{
	static const char damaged[] = OLD " a\n\0\n";
	struct ssh_public current = key_of(OLD), next = key_of(NEW);
	struct authorized_keys_count count;
	struct err err;
	BUF got = {0};

	(void)state;
	assert_error(ERR_INVALID,
	    authorized_keys_replace(VIEW_OF(damaged), &current, &next, &got, &count, &err));
	assert_says("NUL");
}

static void
a_file_over_one_mebibyte_is_refused(void **state)
{
	struct ssh_public current = key_of(OLD), next = key_of(NEW);
	struct authorized_keys_count count;
	char *large = malloc(AUTHORIZED_KEYS_MAX + 1);
	struct err err;
	BUF got = {0};

	(void)state;
	assert_non_null(large);
	memset(large, '\n', AUTHORIZED_KEYS_MAX + 1);
	assert_ok(authorized_keys_replace(view_of(large, AUTHORIZED_KEYS_MAX), &current, &next,
	    &got, &count, &err));
	assert_error(ERR_INVALID,
	    authorized_keys_replace(view_of(large, AUTHORIZED_KEYS_MAX + 1), &current, &next, &got,
	        &count, &err));
	free(large);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_the_key_changes_and_every_other_byte_stays),
	    cmocka_unit_test(every_prefix_of_a_file_is_taken_without_reading_too_far),
	    cmocka_unit_test(a_nul_byte_is_refused),
	    cmocka_unit_test(a_file_over_one_mebibyte_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
