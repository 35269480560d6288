/* SPDX-License-Identifier: Apache-2.0 */
/* Key files of nobody, made for this test by ssh-keygen (OpenSSH 9.2); tests/scenarios/45-* has all forms, from the tools themselves. */
#include "base/crypto.h"
#include "base/key_text.h"
#include "tests/unit/check.h"

static const char keygen_file[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
    "QyNTUxOQAAACBypYt2/mY46y4ICvBS1rSaQlsa1idJ4UXQTnDTOmkk2gAAAJA+nQQ4Pp0E\n"
    "OAAAAAtzc2gtZWQyNTUxOQAAACBypYt2/mY46y4ICvBS1rSaQlsa1idJ4UXQTnDTOmkk2g\n"
    "AAAECy0zrKZzHJc9tGDmyWoq2e7InkkGp3e23W/SA46HgnUnKli3b+ZjjrLggK8FLWtJpC\n"
    "WxrWJ0nhRdBOcNM6aSTaAAAACWEgY29tbWVudAECAwQ=\n"
    "-----END OPENSSH PRIVATE KEY-----\n";
static const char encrypted_file[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABDLP7Yjkh\n"
    "Db9QoN7PKR1o9fAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIPZ6sYBfCHSU6A3N\n"
    "yYAlkUVfO6SkodBimT4mRejcimwXAAAAkOj2sNWCJWi2jW+nPeIQ+yCgyXAcXNJUDG9fcY\n"
    "dcbyf40ysnpU8/ir1axhfEcE/Cqr4YXAfntJa/FQu6Zl2zAewq0b6pMxcb85TklMiNDRFj\n"
    "x4W22iMje+2F8M+ASTsJ91c28CdIEPJ5hPAX2cd96uqIFPvD3c2X5BJXWsWvAOIkafuqPG\n"
    "hy+Rpn6NcIydn/cw==\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

/* The linker puts it in secret_new()'s place: the call that makes FAIL_AT zero finds no memory. */
static unsigned fail_at;
enum err_code __real_secret_new(size_t capacity, struct secret **ret_secret, struct err *err);
enum err_code __wrap_secret_new(size_t capacity, struct secret **ret_secret, struct err *err);

enum err_code
__wrap_secret_new(size_t capacity, struct secret **ret_secret, struct err *err)
{
	if (fail_at > 0 && --fail_at == 0)
		return err_set(err, ERR_MEMORY, "no memory");
	return __real_secret_new(capacity, ret_secret, err);
}

static int
start(void **state)
{
	struct err err;

	(void)state;
	return crypto_start(&err) == ERR_OK ? 0 : -1;
}

/* FILE with NEWLINE put in the place of each newline, between FRONT and BACK. */
static void
change(const char *front, const char *file, const char *newline, const char *back,
    struct buf *ret_text)
{
	buf_text(ret_text, front);
	for (; *file != '\0'; file++) {
		if (*file == '\n')
			buf_text(ret_text, newline);
		else
			buf_u8(ret_text, (uint8_t)*file);
	}
	buf_text(ret_text, back);
}

static void
every_line_end_and_indent_gives_the_same_key(void **state)
{
	static const struct {
		const char *front, *newline, *back;
	} rows[] = {{"", "\n", ""}, {"", "\r\n", ""}, {"", "\r", ""}, {"\xef\xbb\xbf", "\n", ""},
	    {"  ", "\t \n\t  ", ""}, {"Dear Bob,\n\n", "\n", "regards"}, {"", "\r\n", "\r\n\r\n"}};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		KEY_TEXT key = {0};
		BUF text = {0};

		change(rows[i].front, keygen_file, rows[i].newline, rows[i].back, &text);
		assert_ok(key_text_read(buf_view(&text), &key, &err));
		assert_view(secret_view(key.text), view_of_text(keygen_file));
		assert_int_equal(key.form, KEY_FORM_OPENSSH);
		assert_false(key.locked);
	}
}

static void
a_lock_is_seen_without_the_passphrase(void **state)
{
	KEY_TEXT key = {0}, pem = {0}, legacy = {0};
	struct err err;

	(void)state;
	assert_ok(key_text_read(view_of_text(encrypted_file), &key, &err));
	assert_true(key.locked);
	assert_ok(key_text_read(view_of_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
	                                     "-----END ENCRYPTED PRIVATE KEY-----"),
	    &pem, &err));
	assert_true(pem.locked);
	assert_int_equal(pem.form, KEY_FORM_PEM);
	assert_ok(
	    key_text_read(view_of_text("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
	                               "DEK-Info: x\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"),
	        &legacy, &err));
	assert_true(legacy.locked);
}

static void
the_passphrase_opens_it_and_no_other_does(void **state)
{
	SECRET *right = NULL, *wrong = NULL, *text = NULL;
	struct openssh_look before, after;
	struct err err;

	(void)state;
	assert_ok(secret_from(view_of_text("secret"), &right, &err));
	assert_ok(secret_from(view_of_text("Secret"), &wrong, &err));
	assert_error(ERR_INTEGRITY,
	    openssh_key_unlock(view_of_text(encrypted_file), wrong, &text, &err));
	assert_ok(openssh_key_unlock(view_of_text(encrypted_file), right, &text, &err));
	assert_ok(openssh_key_look(view_of_text(encrypted_file), &before, &err));
	assert_ok(openssh_key_look(secret_view(text), &after, &err));
	assert_false(after.locked);
	assert_true(ssh_public_equal(&before.public_key, &after.public_key));
}

static void
what_is_no_private_key_is_named(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
	    {"hello", "no line"},
	    {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKli3b+ZjjrLggK8FLWtJpCWxrWJ0nhRdBOcNM6aSTa me\n",
	        "public key (ssh-ed25519)"},
	    {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "public key"},
	    {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "X.509"},
	    {"PuTTY-User-Key-File-3: ssh-rsa", "PuTTY"},
	    {"---- BEGIN SSH2 PUBLIC KEY ----", "public key"},
	    {"-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n", "DSA"},
	    {"-----BEGIN PRIVATE KEY-----\nAAAA\n", "cut off"},
	    {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", "cut off"},
	    {"-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----\n-----BEGIN PRIVATE KEY-----\nA\n"
	     "-----END PRIVATE KEY-----\n",
	        "two private keys"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		KEY_TEXT key = {0};
		struct err err;
		uint8_t *copy = exact_copy(view_of_text(rows[i].text));

		assert_int_not_equal(key_text_read(view_of(copy, strlen(rows[i].text)), &key, &err),
		    ERR_OK);
		assert_says(rows[i].says);
		free(copy);
	}
}

static void
every_shorter_file_is_refused(void **state)
{
	size_t size = strlen(keygen_file) - 1; /* without its last newline */

	(void)state;
	for (size_t length = 1; length < size; length++) {
		KEY_TEXT key = {0};
		struct err err;
		uint8_t *copy = exact_copy(view_of(keygen_file, length));

		assert_int_not_equal(key_text_read(view_of(copy, length), &key, &err), ERR_OK);
		free(copy);
	}
}

static void
memory_that_runs_out_while_a_key_is_unlocked_is_no_wrong_passphrase(void **state)
{
	SECRET *right = NULL;
	enum err_code code = ERR_MEMORY;
	unsigned at = 0;
	struct err err;

	(void)state;
	assert_int_equal(secret_from(view_of_text("secret"), &right, &err), ERR_OK);
	while (code == ERR_MEMORY) {
		SECRET *text = NULL;

		fail_at = ++at;
		code = openssh_key_unlock(view_of_text(encrypted_file), right, &text, &err);
	}
	fail_at = 0;
	assert_int_equal(code, ERR_OK);
	assert_true(at > 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_line_end_and_indent_gives_the_same_key),
	    cmocka_unit_test(a_lock_is_seen_without_the_passphrase),
	    cmocka_unit_test(the_passphrase_opens_it_and_no_other_does),
	    cmocka_unit_test(memory_that_runs_out_while_a_key_is_unlocked_is_no_wrong_passphrase),
	    cmocka_unit_test(what_is_no_private_key_is_named),
	    cmocka_unit_test(every_shorter_file_is_refused),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
