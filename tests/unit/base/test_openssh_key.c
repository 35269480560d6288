/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The encoding is compared with a file that ssh-keygen wrote (OpenSSH 9.2: seed and check number
 * were read out of it), and ssh-keygen itself reads what we write.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/crypto_key.h"
#include "base/openssh_key.h"
#include "base/text.h"
#include "tests/unit/check.h"

/* Keys of nobody, made for this test. */
static const char keygen_file[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
    "QyNTUxOQAAACBypYt2/mY46y4ICvBS1rSaQlsa1idJ4UXQTnDTOmkk2gAAAJA+nQQ4Pp0E\n"
    "OAAAAAtzc2gtZWQyNTUxOQAAACBypYt2/mY46y4ICvBS1rSaQlsa1idJ4UXQTnDTOmkk2g\n"
    "AAAECy0zrKZzHJc9tGDmyWoq2e7InkkGp3e23W/SA46HgnUnKli3b+ZjjrLggK8FLWtJpC\n"
    "WxrWJ0nhRdBOcNM6aSTaAAAACWEgY29tbWVudAECAwQ=\n"
    "-----END OPENSSH PRIVATE KEY-----\n";
static const char keygen_public[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKli3b+ZjjrLggK8FLWtJpCWxrWJ0nhRdBOcNM6aSTa";
static const uint32_t check = 0x3e9d0438;
static const uint8_t seed[] = {0xb2, 0xd3, 0x3a, 0xca, 0x67, 0x31, 0xc9, 0x73, 0xdb, 0x46, 0x0e,
    0x6c, 0x96, 0xa2, 0xad, 0x9e, 0xec, 0x89, 0xe4, 0x90, 0x6a, 0x77, 0x7b, 0x6d, 0xd6, 0xfd, 0x20,
    0x38, 0xe8, 0x78, 0x27, 0x52};
static const char ecdsa_file[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS\n"
    "1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQQVin9NyFu47Kez2v9gdNEoJUdLSqDn\n"
    "tWy16PBL2ncZmsE5MXDES7LstXYLbtxZdumRn+D4FFCO86uy0pDkvE4kAAAAqLhXxEa4V8\n"
    "RGAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBWKf03IW7jsp7Pa\n"
    "/2B00SglR0tKoOe1bLXo8EvadxmawTkxcMRLsuy1dgtu3Fl26ZGf4PgUUI7zq7LSkOS8Ti\n"
    "QAAAAhAKgFM4fvqrXJZpdkJEoLfaLidqc5HkS7GZZUaKMA9TvSAAAACWEgY29tbWVudAEC\n"
    "AwQFBg==\n"
    "-----END OPENSSH PRIVATE KEY-----\n";
static const char ecdsa_public[] =
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBWKf03I"
    "W7jsp7Pa/2B00SglR0tKoOe1bLXo8EvadxmawTkxcMRLsuy1dgtu3Fl26ZGf4PgUUI7zq7LSkOS8TiQ=";
static const char encrypted_file[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABDLP7Yjkh\n"
    "Db9QoN7PKR1o9fAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIPZ6sYBfCHSU6A3N\n"
    "yYAlkUVfO6SkodBimT4mRejcimwXAAAAkOj2sNWCJWi2jW+nPeIQ+yCgyXAcXNJUDG9fcY\n"
    "dcbyf40ysnpU8/ir1axhfEcE/Cqr4YXAfntJa/FQu6Zl2zAewq0b6pMxcb85TklMiNDRFj\n"
    "x4W22iMje+2F8M+ASTsJ91c28CdIEPJ5hPAX2cd96uqIFPvD3c2X5BJXWsWvAOIkafuqPG\n"
    "hy+Rpn6NcIydn/cw==\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

static int
start(void **state)
{
	struct err err;

	(void)state;
	return crypto_start(&err) == ERR_OK ? 0 : -1;
}

/* The text of the key of `seed`. */
static void
write_seed(struct secret **ret_text)
{
	KEY_NUMBERS_OF numbers = {.family = FAMILY_ED25519, .public_size = ED25519_SIZE};
	struct ed25519_public public_half;
	struct err err;

	assert_ok(secret_from(VIEW_OF(seed), &numbers.values[0], &err));
	assert_ok(ed25519_public(numbers.values[0], &public_half, &err));
	memcpy(numbers.public_half, public_half.bytes, ED25519_SIZE);
	assert_ok(openssh_key_write(&numbers, check, "a comment", ret_text, &err));
}

static void
encoding_is_what_ssh_keygen_writes(void **state)
{
	SECRET *text = NULL;

	(void)state;
	write_seed(&text);
	assert_view(secret_view(text), view_of_text(keygen_file));
}

static void
public_half_of_ssh_keygens_file_is_found(void **state)
{
	struct ssh_public got, expected;
	BUF text = {0};
	struct err err;

	(void)state;
	assert_ok(openssh_key_public(view_of_text(keygen_file), &got, &err));
	assert_ok(ssh_public_parse(view_of_text(keygen_public), &expected, &err));
	assert_true(ssh_public_equal(&got, &expected));
	assert_string_equal(got.type, "ssh-ed25519");
	ssh_public_write(&got, &text);
	assert_memory_equal(text.data, keygen_public, text.size);
}

static void
public_half_of_an_ecdsa_key_is_found(void **state)
{
	struct ssh_public got, expected;
	struct err err;

	(void)state;
	assert_ok(openssh_key_public(view_of_text(ecdsa_file), &got, &err));
	assert_ok(ssh_public_parse(view_of_text(ecdsa_public), &expected, &err));
	assert_true(ssh_public_equal(&got, &expected));
}

/* What ssh-keygen -y says about TEXT, through a pipe as its file. */
static void
keygen_reads(struct view text, struct buf *ret_line)
{
	char folder[] = "/tmp/halligan-test-XXXXXX", path[64], command[160];
	FILE *said;
	int byte, fd;

	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/key", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_equal(write(fd, text.data, text.size), text.size);
	close(fd);
	(void)snprintf(command, sizeof(command), "ssh-keygen -y -f %s 2>/dev/null", path);
	said = popen(command, "r");
	assert_non_null(said);
	while ((byte = fgetc(said)) != EOF && byte != '\n')
		buf_u8(ret_line, (uint8_t)byte);
	assert_int_equal(pclose(said), 0);
	unlink(path);
	rmdir(folder);
}

static void
ssh_keygen_reads_generated_keys_of_every_kind_and_padding(void **state)
{
	static const struct {
		enum key_family family;
		unsigned bits;
		size_t lengths;
	} kinds[] = {{FAMILY_ED25519, 256, 8}, {FAMILY_ECDSA, 256, 8}, {FAMILY_ECDSA, 384, 2},
	    {FAMILY_ECDSA, 521, 2}, {FAMILY_RSA, 2048, 2}, {FAMILY_RSA, 3072, 1}};
	struct err err;

	(void)state;
	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++)
		for (size_t length = 1; length <= kinds[kind].lengths; length++) {
			SECRET *text = NULL;
			struct ssh_public public_key;
			enum key_family family;
			unsigned bits;
			BUF said = {0}, expected = {0};
			char comment[16] = {0};

			memset(comment, 'c', length);
			assert_ok(openssh_key_make(kinds[kind].family, kinds[kind].bits, comment,
			    &text, &err));
			assert_ok(openssh_key_public(secret_view(text), &public_key, &err));
			assert_true(ssh_public_family(&public_key, &family, &bits));
			assert_int_equal(family, kinds[kind].family);
			assert_int_equal(bits, kinds[kind].bits);
			ssh_public_write(&public_key, &expected);
			buf_format(&expected, " %s", comment);
			keygen_reads(secret_view(text), &said);
			assert_view(buf_view(&said), buf_view(&expected));
		}
}

static void
two_generated_keys_differ(void **state)
{
	SECRET *one = NULL, *two = NULL;
	struct ssh_public a, b;
	struct err err;

	(void)state;
	assert_ok(openssh_key_make(FAMILY_ED25519, 256, "x", &one, &err));
	assert_ok(openssh_key_make(FAMILY_ED25519, 256, "x", &two, &err));
	assert_ok(openssh_key_public(secret_view(one), &a, &err));
	assert_ok(openssh_key_public(secret_view(two), &b, &err));
	assert_false(ssh_public_equal(&a, &b));
}

static void
a_key_with_passphrase_is_refused_with_the_remedy(void **state)
{
	struct ssh_public key;
	struct err err;

	(void)state;
	assert_error(ERR_REFUSED, openssh_key_public(view_of_text(encrypted_file), &key, &err));
	assert_says("passphrase");
	assert_says("ssh-keygen -p");
}

static void
an_older_format_is_refused_with_the_remedy(void **state)
{
	struct ssh_public key;
	struct err err;

	(void)state;
	assert_error(ERR_INVALID,
	    openssh_key_public(view_of_text("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"
	                                    "-----END RSA PRIVATE KEY-----\n"),
	        &key, &err));
	assert_says("ssh-keygen -p");
}

static void
halves_that_do_not_belong_together_are_refused(void **state)
{
	SECRET *text = NULL;
	struct ssh_public key;
	struct err err;

	(void)state;
	write_seed(&text);
	/* Letter 200 of the base64 lies within the seed: after 98 bytes of envelope, the check
	 * numbers and the second public half. */
	uint8_t *data = secret_data(text);
	size_t at = 36 + 200 + 200 / 70;

	data[at] = data[at] == 'A' ? 'B' : 'A';
	assert_error(ERR_INVALID, openssh_key_public(secret_view(text), &key, &err));
	assert_says("do not belong together");
}

/* The key of one PUBLIC half and the numbers of another, or with number INDEX of another. */
static void
mix(enum key_family family, unsigned bits, bool public_half, size_t index, struct secret **ret_text)
{
	KEY_NUMBERS_OF one = {0}, two = {0};
	struct err err;

	assert_ok(key_numbers_make(family, bits, &one, &err));
	assert_ok(key_numbers_make(family, bits, &two, &err));
	if (public_half) {
		memcpy(one.public_half, two.public_half, two.public_size);
	} else {
		struct secret *kept = one.values[index];

		one.values[index] = two.values[index];
		two.values[index] = kept;
	}
	assert_ok(openssh_key_write(&one, check, "a comment", ret_text, &err));
}

static void
numbers_of_two_keys_are_refused_in_every_family(void **state)
{
	static const struct {
		enum key_family family;
		unsigned bits;
		bool public_half;
		size_t index;
	} rows[] = {{FAMILY_ED25519, 256, true, 0}, {FAMILY_ED25519, 256, false, 0},
	    {FAMILY_ECDSA, 256, true, 0}, {FAMILY_ECDSA, 384, false, 0},
	    {FAMILY_ECDSA, 521, true, 0}, {FAMILY_RSA, 2048, false, 0},
	    {FAMILY_RSA, 2048, false, 2}, {FAMILY_RSA, 2048, false, 3},
	    {FAMILY_RSA, 2048, false, 4}, {FAMILY_RSA, 2048, false, 5}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		SECRET *text = NULL;
		struct ssh_public key;
		struct err err;

		mix(rows[i].family, rows[i].bits, rows[i].public_half, rows[i].index, &text);
		assert_error(ERR_INVALID, openssh_key_public(secret_view(text), &key, &err));
		assert_says("do not belong together");
	}
}

static void
an_rsa_key_of_the_numbers_0_and_1_is_refused(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 1U << KEY_NUMBERS; bits++) {
		KEY_NUMBERS_OF numbers = {.family = FAMILY_RSA};
		struct err err;

		for (size_t i = 0; i < KEY_NUMBERS; i++)
			assert_ok(
			    secret_from(view_of("\1", bits >> i & 1), &numbers.values[i], &err));
		assert_error(ERR_INVALID, key_numbers_check(&numbers, &err));
	}
}

/* The bytes of the file TEXT, without its lines. */
static void
decode(struct view text, struct buf *ret_bytes)
{
	BUF letters = {0};

	for (size_t i = 36; i + 34 < text.size; i++)
		if (text.data[i] != '\n')
			buf_u8(&letters, text.data[i]);
	assert_true(buf_from_base64(ret_bytes, buf_view(&letters)));
}

/* Of one key the public half of the file, of another the whole private part: what is in it belongs together. */
static void
one_keys_file_around_another_keys_private_part_is_refused(void **state)
{
	static const struct {
		enum key_family family;
		unsigned bits;
		size_t after; /* where the private part begins */
	} rows[] = {{FAMILY_ED25519, 256, 39 + 4 + 51}, {FAMILY_ECDSA, 256, 39 + 4 + 104},
	    {FAMILY_RSA, 2048, 39 + 4 + 279}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		SECRET *one = NULL, *two = NULL;
		BUF a = {0}, b = {0}, mixed = {0}, text = {0};
		struct ssh_public key;
		struct err err;

		assert_ok(openssh_key_make(rows[i].family, rows[i].bits, "x", &one, &err));
		assert_ok(openssh_key_make(rows[i].family, rows[i].bits, "x", &two, &err));
		decode(secret_view(one), &a);
		decode(secret_view(two), &b);
		buf_bytes(&mixed, view_of(a.data, rows[i].after));
		buf_bytes(&mixed, view_of(b.data + rows[i].after, b.size - rows[i].after));
		buf_text(&text, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
		buf_base64(&text, buf_view(&mixed));
		buf_text(&text, "\n-----END OPENSSH PRIVATE KEY-----\n");
		assert_error(ERR_INVALID, openssh_key_public(buf_view(&text), &key, &err));
		assert_says("do not belong together");
	}
}

/* No changed letter passes for another key: it is refused, or the key is still the same one (in the
 * comment, the check numbers' low bits do not matter to anybody). */
static void
every_changed_letter_is_refused_or_harmless(void **state)
{
	struct ssh_public expected, got;
	struct err err;
	size_t size = strlen(keygen_file);

	(void)state;
	assert_ok(ssh_public_parse(view_of_text(keygen_public), &expected, &err));
	for (size_t at = 0; at < size; at++) {
		uint8_t *copy = exact_copy(view_of(keygen_file, size));

		copy[at] = copy[at] == 'Q' ? 'R' : 'Q';
		if (openssh_key_public(view_of(copy, size), &got, &err) == ERR_OK)
			assert_true(ssh_public_equal(&got, &expected));
		free(copy);
	}
}

static void
every_shorter_file_is_refused(void **state)
{
	struct ssh_public got;
	struct err err;
	size_t size = strlen(keygen_file) - 1; /* without its last newline */

	(void)state;
	for (size_t length = 0; length < size; length++) {
		uint8_t *copy = exact_copy(view_of(keygen_file, length));

		assert_int_not_equal(openssh_key_public(view_of(copy, length), &got, &err), ERR_OK);
		free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(encoding_is_what_ssh_keygen_writes),
	    cmocka_unit_test(public_half_of_ssh_keygens_file_is_found),
	    cmocka_unit_test(public_half_of_an_ecdsa_key_is_found),
	    cmocka_unit_test(ssh_keygen_reads_generated_keys_of_every_kind_and_padding),
	    cmocka_unit_test(two_generated_keys_differ),
	    cmocka_unit_test(a_key_with_passphrase_is_refused_with_the_remedy),
	    cmocka_unit_test(an_older_format_is_refused_with_the_remedy),
	    cmocka_unit_test(halves_that_do_not_belong_together_are_refused),
	    cmocka_unit_test(numbers_of_two_keys_are_refused_in_every_family),
	    cmocka_unit_test(an_rsa_key_of_the_numbers_0_and_1_is_refused),
	    cmocka_unit_test(one_keys_file_around_another_keys_private_part_is_refused),
	    cmocka_unit_test(every_changed_letter_is_refused_or_harmless),
	    cmocka_unit_test(every_shorter_file_is_refused),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
