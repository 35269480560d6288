/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/ssh_public.h"
#include "tests/unit/check.h"

static const char keygen_public[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKli3b+ZjjrLggK8FLWtJpCWxrWJ0nhRdBOcNM6aSTa";

static void
public_keys_are_parsed_strictly(void **state)
{
	static const char *const wrong[] = {"", "ssh-ed25519", "ssh-ed25519 ", "ssh-ed25519 AAAA",
	    "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIGmcMAxk+cEt63ODqz2AK+3E6z6mfEIpw6iRtmxn74oP",
	    "AAAAC3NzaC1lZDI1NTE5AAAAIGmcMAxk+cEt63ODqz2AK+3E6z6mfEIpw6iRtmxn74oP",
	    " ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGmcMAxk+cEt63ODqz2AK+3E6z6mfEIpw6iRtmxn74oP",
	    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGmcMAxk+cEt63ODqz2AK+3E6z6mfEIpw6iRtmxn74o"};
	struct ssh_public key;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		uint8_t *copy = exact_copy(view_of_text(wrong[i]));

		assert_error(ERR_INVALID,
		    ssh_public_parse(view_of(copy, strlen(wrong[i])), &key, &err));
		free(copy);
	}
}

/* "ssh-rsa", e 65537 and an n whose first byte is FIRST, of SIZE bytes. */
static struct ssh_public
rsa_of(uint8_t first, size_t size)
{
	struct ssh_public key;
	struct err err;
	BUF blob = {0};

	buf_lp32(&blob, view_of_text("ssh-rsa"));
	buf_lp32(&blob, view_of("\1\0\1", 3));
	buf_u32(&blob, (uint32_t)size);
	for (size_t i = 0; i < size; i++)
		buf_u8(&blob, i == 0 ? first : 0xff);
	assert_int_equal(ssh_public_from_blob(buf_view(&blob), &key, &err), ERR_OK);
	return key;
}

static void
bits_of_an_rsa_key_are_those_of_its_modulus(void **state)
{
	struct ssh_public key = rsa_of(0, 257);
	struct err err;
	size_t bits = 1;

	(void)state;
	assert_true(ssh_public_rsa_bits(&key, &bits));
	assert_int_equal(bits, 2048);
	key = rsa_of(0x7f, 256);
	assert_true(ssh_public_rsa_bits(&key, &bits));
	assert_int_equal(bits, 2047);
	key = rsa_of(1, 128);
	assert_true(ssh_public_rsa_bits(&key, &bits));
	assert_int_equal(bits, 1017);
	key = rsa_of(0, 1);
	assert_true(ssh_public_rsa_bits(&key, &bits));
	assert_int_equal(bits, 0);
	key = rsa_of(0x7f, 256);
	key.size--;
	assert_true(ssh_public_rsa_bits(&key, &bits));
	assert_int_equal(bits, 0);
	assert_int_equal(ssh_public_parse(view_of_text(keygen_public), &key, &err), ERR_OK);
	assert_false(ssh_public_rsa_bits(&key, &bits));
}

/* As "ssh-keygen -lf" of OpenSSH 9.2 says. */
static void
fingerprint_is_what_ssh_keygen_says(void **state)
{
	struct ssh_public key;
	struct ssh_fingerprint fingerprint;
	struct err err;

	(void)state;
	assert_ok(ssh_public_parse(view_of_text(keygen_public), &key, &err));
	assert_ok(ssh_public_fingerprint(&key, &fingerprint, &err));
	assert_string_equal(fingerprint.text, "SHA256:Drqu4PM6efVdebIfiwWxGiQLmmu20YR94FRHoiaklyA");
}

static void
a_type_that_is_not_the_keys_is_quoted_and_cut(void **state)
{
	BUF text = {0};
	struct ssh_public key;
	struct err err;

	(void)state;
	assert_error(ERR_INVALID,
	    ssh_public_parse(
	        view_of_text(
	            "x\".\x1b[31m AAAAC3NzaC1lZDI1NTE5AAAAIHKli3b+ZjjrLggK8FLWtJpCWxrWJ0nhRdBOcNM6aSTa"),
	        &key, &err));
	assert_string_equal(err.text,
	    "the SSH public key says \"x'.?[31m\" but holds a ssh-ed25519 key");
	for (int i = 0; i < 8000; i++)
		buf_u8(&text, 'y');
	buf_text(&text, strchr(keygen_public, ' '));
	assert_error(ERR_INVALID, ssh_public_parse(buf_view(&text), &key, &err));
	assert_non_null(strstr(err.text, "yyy...\" but holds a ssh-ed25519 key"));
	assert_true(strlen(err.text) < 200);
}

static void
every_kind_has_one_type_and_no_other_has_any(void **state)
{
	static const unsigned curves[] = {256, 384, 521};

	(void)state;
	assert_string_equal(ssh_type_of(FAMILY_ED25519, 256), "ssh-ed25519");
	assert_string_equal(ssh_type_of(FAMILY_RSA, 3072), "ssh-rsa");
	for (size_t i = 0; i < ARRAY_SIZE(curves); i++)
		assert_true(ssh_type_known(ssh_type_of(FAMILY_ECDSA, curves[i])));
	assert_null(ssh_type_of(FAMILY_ECDSA, 255));
	assert_false(ssh_type_known("ssh-dss"));
	assert_false(ssh_type_known("ssh-ed25519-cert-v01@openssh.com"));
	assert_false(ssh_type_known(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(public_keys_are_parsed_strictly),
	    cmocka_unit_test(bits_of_an_rsa_key_are_those_of_its_modulus),
	    cmocka_unit_test(fingerprint_is_what_ssh_keygen_says),
	    cmocka_unit_test(a_type_that_is_not_the_keys_is_quoted_and_cut),
	    cmocka_unit_test(every_kind_has_one_type_and_no_other_has_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
