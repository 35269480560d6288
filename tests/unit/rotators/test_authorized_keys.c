/* SPDX-License-Identifier: Apache-2.0 */
/* Files before and after, byte for byte.  @ stands for the old key, $ for the new, ~ for a third. */
#include "rotators/ssh/authorized_keys.h"
#include "tests/unit/check.h"

#define OLD   "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGmcMAxk+cEt63ODqz2AK+3E6z6mfEIpw6iRtmxn74oP"
#define NEW   "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDM9/Wuau+IqWbekAwHLT+7Hrtvs+eu56QPA1WSwPCaC"
#define OTHER "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHi5ZdwxO1iSRjoxhWCS1Hy11vUQVbSrJQKghStEpXOR"

/* An RSA key's base64. */
#define RSA                                                                                        \
	"AAAAB3NzaC1yc2EAAAADAQABAAAAgQDEF+qFkA+Lj3VRzkGaIp2cl2gt4ZSyX1RXV1uQ7vEhOQug"             \
	"XYcp7TQd86V1M+faxDdeSKHgBMkpQd7zs6bsqFbZ6hTGVh/+H63o/EdO8NPkLTQLinrOqmZjtUHA"             \
	"0vCVplivd5rcJzkVFqqBTz6pkW/KSI0iGhQlfzhLez9YmxorQQ=="

static const struct {
	const char *claim, *before, *added, *withdrawn; /* NULL: as it was */
	struct authorized_keys_count count;             /* before; changed: by `add` */
} files[] = {
    {"an empty file", "", NULL, NULL, {0, 0, 0}},
    {"one line", "@\n", "@\n$\n", "", {1, 0, 1}},
    {"no newline at the end", "@", "@\n$", "", {1, 0, 1}},
    {"a comment is kept", "@ jane's key, 2019\n", "@ jane's key, 2019\n$ jane's key, 2019\n", "",
        {1, 0, 1}},
    {"spaces and tabs are kept", " \t@  \t x \n", " \t@  \t x \n \t$  \t x \n", "", {1, 0, 1}},
    {"carriage returns are kept", "@\r\n~ a\r\n", "@\r\n$\r\n~ a\r\n", "~ a\r\n", {1, 0, 1}},
    {"carriage return after a comment", "@ a\r\n", "@ a\r\n$ a\r\n", "", {1, 0, 1}},
    {"no other line changes", "# head\n\n~ a\n@ b\n~ c", "# head\n\n~ a\n@ b\n$ b\n~ c",
        "# head\n\n~ a\n~ c", {1, 0, 1}},
    {"the last of several lines, without a newline", "~ a\n@ b", "~ a\n@ b\n$ b", "~ a\n",
        {1, 0, 1}},
    {"options are kept", "no-pty,from=\"10.0.0.0/8\" @ b\n",
        "no-pty,from=\"10.0.0.0/8\" @ b\nno-pty,from=\"10.0.0.0/8\" $ b\n", "", {1, 0, 1}},
    {"quoted spaces in options", "command=\"echo hi there\",no-pty @ b\n",
        "command=\"echo hi there\",no-pty @ b\ncommand=\"echo hi there\",no-pty $ b\n", "",
        {1, 0, 1}},
    {"escaped quotes in options", "command=\"say \\\"a b\\\" c\" @\n",
        "command=\"say \\\"a b\\\" c\" @\ncommand=\"say \\\"a b\\\" c\" $\n", "", {1, 0, 1}},
    {"the old key named in an option is no key", "command=\"grep @ x\" ~ a\n", NULL, NULL,
        {0, 0, 0}},
    {"only the key changes, not its name in the option", "command=\"grep @ x\" @ a\n",
        "command=\"grep @ x\" @ a\ncommand=\"grep @ x\" $ a\n", "", {1, 0, 1}},
    {"the old key in a comment is no key", "~ was @\n", NULL, NULL, {0, 0, 0}},
    {"a commented-out line is no key", "#@ b\n # @\n", NULL, NULL, {0, 0, 0}},
    {"all lines with the key", "@ a\n~ x\nno-pty @ b\n", "@ a\n$ a\n~ x\nno-pty @ b\nno-pty $ b\n",
        "~ x\n", {2, 0, 2}},
    {"the same line twice", "@ a\n@ a\n", "@ a\n$ a\n@ a\n$ a\n", "", {2, 0, 2}},
    {"it was done already", "@ a\n$ a\n~ b\n", NULL, "$ a\n~ b\n", {1, 1, 0}},
    {"it was done already, without a newline at the end", "@ a\n$ a", NULL, "$ a", {1, 1, 0}},
    {"it was done already, with carriage returns", "@ a\r\n$ a\r\n", NULL, "$ a\r\n", {1, 1, 0}},
    {"it was done already, and an editor took the last carriage return", "@ a\r\n$ a", NULL, "$ a",
        {1, 1, 0}},
    {"a line with the new key and other options is another line", "no-pty @ a\n$ a\n",
        "no-pty @ a\nno-pty $ a\n$ a\n", "$ a\n", {1, 1, 1}},
    {"half of it was done", "@ a\n$ a\nno-pty @ b\n", "@ a\n$ a\nno-pty @ b\nno-pty $ b\n", "$ a\n",
        {2, 1, 1}},
    {"the new key alone is there", "$ a\n~ b\n", NULL, NULL, {0, 1, 0}},
    {"neither is there", "~ a\n", NULL, NULL, {0, 0, 0}},
    {"a certificate authority's line", "cert-authority @ ca\n",
        "cert-authority @ ca\ncert-authority $ ca\n", "", {1, 0, 1}},
    {"an unterminated quote swallows the line", "command=\"x @ b\n", NULL, NULL, {0, 0, 0}},
    {"a byte-order mark spoils the first line, as for sshd", "\xef\xbb\xbf@ a\n@ b\n",
        "\xef\xbb\xbf@ a\n@ b\n$ b\n", "\xef\xbb\xbf@ a\n", {1, 0, 1}},
    {"white space inside the key, which sshd skips",
        "ssh-ed25519 "
        "AAAAC3Nza\vC1lZDI1NTE5AAAAIGmcMAxk\f+cEt63ODqz2AK+3E6z6\rmfEIpw6iRtmxn74oP\r z\n",
        "ssh-ed25519 "
        "AAAAC3Nza\vC1lZDI1NTE5AAAAIGmcMAxk\f+cEt63ODqz2AK+3E6z6\rmfEIpw6iRtmxn74oP\r z\n$\r z\n",
        "", {1, 0, 1}},
    {"white space of that kind behind the key", "@\v\f\n", "@\v\f\n$\v\f\n", "", {1, 0, 1}},
    {"a signature's name for another type of key",
        "rsa-sha2-512 "
        "AAAAC3NzaC1lZDI1NTE5AAAAIGmcMAxk+cEt63ODqz2AK+3E6z6mfEIpw6iRtmxn74oP\n",
        NULL, NULL, {0, 0, 0}},
    {"several spaces between type and key",
        "ssh-ed25519   "
        "AAAAC3NzaC1lZDI1NTE5AAAAIGmcMAxk+cEt63ODqz2AK+3E6z6mfEIpw6iRtmxn74oP z\n",
        "ssh-ed25519   "
        "AAAAC3NzaC1lZDI1NTE5AAAAIGmcMAxk+cEt63ODqz2AK+3E6z6mfEIpw6iRtmxn74oP z\n"
        "$ z\n",
        "", {1, 0, 1}},
    {"a type that the key contradicts is no key",
        "ssh-rsa "
        "AAAAC3NzaC1lZDI1NTE5AAAAIGmcMAxk+cEt63ODqz2AK+3E6z6mfEIpw6iRtmxn74oP\n",
        NULL, NULL, {0, 0, 0}},
    {"bytes that are not UTF-8 stay", "@ \xff\xfe caf\xe9\n\x01\x02\n",
        "@ \xff\xfe caf\xe9\n$ \xff\xfe caf\xe9\n\x01\x02\n", "\x01\x02\n", {1, 0, 1}},
    {"a key that is cut short is no key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGmc\n", NULL, NULL,
        {0, 0, 0}},
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

typedef enum err_code (*edit_function)(struct view file, const struct ssh_public *current,
    const struct ssh_public *next, struct buf *ret_file, struct authorized_keys_count *ret_count,
    struct err *err);

/* BEFORE, edited, is AFTER; and edited once more, too. */
static void
assert_edits(edit_function edit, const char *claim, const char *before, const char *after,
    struct authorized_keys_count *ret_count)
{
	struct ssh_public current = key_of(OLD), next = key_of(NEW);
	struct err err;
	BUF was = {0}, expected = {0}, got = {0}, again = {0};
	struct authorized_keys_count ignored;

	expand(before, &was);
	expand(after != NULL ? after : before, &expected);
	uint8_t *exact = exact_copy(buf_view(&was));

	assert_ok(edit(view_of(exact, was.size), &current, &next, &got, ret_count, &err));
	if (!view_equal(buf_view(&got), buf_view(&expected)))
		fail_msg("%s: got \"%s\"", claim, buf_string(&got));
	assert_ok(edit(buf_view(&got), &current, &next, &again, &ignored, &err));
	if (!view_equal(buf_view(&again), buf_view(&expected)) || ignored.changed != 0)
		fail_msg("%s: again got \"%s\"", claim, buf_string(&again));
	free(exact);
}

static void
the_new_key_stands_beside_the_old_one_and_no_other_byte_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct authorized_keys_count count;

		assert_edits(authorized_keys_add, files[i].claim, files[i].before, files[i].added,
		    &count);
		if (memcmp(&count, &files[i].count, sizeof(count)) != 0)
			fail_msg("%s: %zu, %zu and %zu", files[i].claim, count.current, count.next,
			    count.changed);
	}
}

static void
lines_with_the_old_key_go_and_no_other_byte_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct authorized_keys_count count;

		assert_edits(authorized_keys_withdraw, files[i].claim, files[i].before,
		    files[i].withdrawn, &count);
		assert_int_equal(count.current, files[i].count.current);
		assert_int_equal(count.next, files[i].count.next);
		assert_int_equal(count.changed, files[i].count.current);
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
		BUF added = {0}, withdrawn = {0};
		struct authorized_keys_count count;

		assert_ok(authorized_keys_add(view_of(exact, size), &current, &next, &added, &count,
		    &err));
		if (count.current == 0)
			assert_view(buf_view(&added), view_of(exact, size));
		assert_ok(authorized_keys_withdraw(view_of(exact, size), &current, &next,
		    &withdrawn, &count, &err));
		if (count.current == 0)
			assert_view(buf_view(&withdrawn), view_of(exact, size));
		free(exact);
	}
}

static void
an_rsa_key_is_found_under_the_names_of_its_signatures(void **state)
{
	static const char file[] = "rsa-sha2-512 " RSA " a\nno-pty rsa-sha2-256 " RSA
	                           "\nssh-rsa " RSA "\nrsa-sha2-384 " RSA "\n";
	static const char added[] =
	    "rsa-sha2-512 " RSA " a\n" NEW " a\nno-pty rsa-sha2-256 " RSA "\nno-pty " NEW
	    "\nssh-rsa " RSA "\n" NEW "\nrsa-sha2-384 " RSA "\n";
	static const char left[] = "rsa-sha2-384 " RSA "\n";
	struct ssh_public current = key_of("ssh-rsa " RSA), next = key_of(NEW);
	struct authorized_keys_count count;
	struct err err;
	BUF got = {0}, rest = {0};

	(void)state;
	assert_ok(authorized_keys_add(view_of_text(file), &current, &next, &got, &count, &err));
	assert_int_equal(count.current, 3);
	assert_view(buf_view(&got), view_of_text(added));
	assert_ok(
	    authorized_keys_withdraw(view_of_text(file), &current, &next, &rest, &count, &err));
	assert_view(buf_view(&rest), view_of_text(left));
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
	    authorized_keys_add(VIEW_OF(damaged), &current, &next, &got, &count, &err));
	assert_says("NUL");
	assert_error(ERR_INVALID,
	    authorized_keys_withdraw(VIEW_OF(damaged), &current, &next, &got, &count, &err));
	assert_says("NUL");
}

static void
a_file_over_one_mebibyte_is_refused_and_none_grows_beyond(void **state)
{
	struct ssh_public current = key_of(OLD), next = key_of(NEW);
	struct authorized_keys_count count;
	char *large = malloc(AUTHORIZED_KEYS_MAX + 1);
	struct err err;
	BUF got = {0};

	(void)state;
	assert_non_null(large);
	memset(large, '\n', AUTHORIZED_KEYS_MAX + 1);
	assert_ok(authorized_keys_add(view_of(large, AUTHORIZED_KEYS_MAX), &current, &next, &got,
	    &count, &err));
	assert_error(ERR_INVALID,
	    authorized_keys_add(view_of(large, AUTHORIZED_KEYS_MAX + 1), &current, &next, &got,
	        &count, &err));
	memcpy(large, OLD, strlen(OLD));
	assert_error(ERR_INVALID,
	    authorized_keys_add(view_of(large, AUTHORIZED_KEYS_MAX), &current, &next, &got, &count,
	        &err));
	assert_says("would be larger");
	free(large);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_new_key_stands_beside_the_old_one_and_no_other_byte_changes),
	    cmocka_unit_test(lines_with_the_old_key_go_and_no_other_byte_changes),
	    cmocka_unit_test(every_prefix_of_a_file_is_taken_without_reading_too_far),
	    cmocka_unit_test(an_rsa_key_is_found_under_the_names_of_its_signatures),
	    cmocka_unit_test(a_nul_byte_is_refused),
	    cmocka_unit_test(a_file_over_one_mebibyte_is_refused_and_none_grows_beyond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
