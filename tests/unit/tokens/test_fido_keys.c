/* SPDX-License-Identifier: Apache-2.0 */
/* tokens/formats/fido_keys.c against values that python3-cryptography computed (tests/lib/
 * fido2_stranger.py), and tokens/fido/pin.c. */
#include "base/crypto_key.h"
#include "base/text.h"
#include "tests/unit/check.h"
#include "tokens/fido/pin.h"
#include "tokens/formats/fido_keys.h"

static const char share[] =
    "0420fb87a2e8b168e3651572933f792652557d6d2cf1377f65115bcc69caaf2111d145c7dcc165efeee6aaefbe56ad"
    "64c868f80e6a44fa74cd7209b61a4f23b444";
static const char release[] =
    "041426046f1b107377b2d44274f59e1acf798712faf41f92be996901cfab48c5280abbf0a51fd370c04b3beaff8678"
    "450d01aa9ee32813206c9fdb0b2788b378db";
static const char salts_of_counting[] =
    "2a72c473ea2aa8cb6ceee1fdc547a3213bd163dc45ae5b987f60a4e2709c76f1"
    "32490fd2ae0d602369fc80cc184901c392f21c16195a7f86ad1f1a7c7be8c941";
static const char credential_hash[] =
    "baea4c5beeee98e746edc48d33c8116a89d113e6121aba3bfbdb3ba5ee8e9b20";

static void
assert_hex(struct view bytes, const char *expected)
{
	BUF text = {0};

	buf_hex(&text, bytes);
	assert_string_equal(buf_string(&text), expected);
}

static void
salts_and_keys_are_those_of_the_document(void **state)
{
	uint8_t salts[FIDO_SALTS_SIZE], output[FIDO_SALTS_SIZE];
	struct digest salt;
	struct point point;
	struct err err;

	(void)state;
	for (uint8_t i = 0; i < sizeof(output); i++)
		output[i] = i;
	memcpy(salt.bytes, output, DIGEST_SIZE);
	assert_ok(fido_salts(&salt, salts, &err));
	assert_hex(VIEW_OF(salts), salts_of_counting);
	for (unsigned key = TOKEN_SHARE; key <= TOKEN_RELEASE; key++) {
		SECRET *prf = NULL;
		P256_KEY *derived = NULL;

		assert_ok(secret_from(VIEW_OF(output), &prf, &err));
		assert_ok(fido_key(prf, (enum token_key)key, &derived, &err));
		p256_key_public(derived, &point);
		assert_hex(VIEW_OF(point.bytes), key == TOKEN_SHARE ? share : release);
	}
}

static void
other_keys_and_sizes_are_refused(void **state)
{
	static const uint8_t output[FIDO_SALTS_SIZE + 1] = {1};
	struct p256_key *key = NULL;
	struct err err;

	(void)state;
	for (size_t size = 0; size <= sizeof(output); size++) {
		SECRET *prf = NULL;

		assert_ok(secret_from(view_of(output, size), &prf, &err));
		if (size == FIDO_SALTS_SIZE)
			assert_error(ERR_INTERNAL, fido_key(prf, TOKEN_SIGN, &key, &err));
		else
			assert_error(ERR_INVALID, fido_key(prf, TOKEN_SHARE, &key, &err));
		assert_null(key);
	}
}

static void
hashes_of_credentials_and_derivations_are_apart(void **state)
{
	struct digest init, salt, hash, again;
	struct err err;

	(void)state;
	memset(init.bytes, 1, sizeof(init.bytes));
	memset(salt.bytes, 2, sizeof(salt.bytes));
	assert_ok(fido_credential_hash(&init, "secops", &salt, &hash, &err));
	assert_hex(VIEW_OF(hash.bytes), credential_hash);
	assert_ok(fido_derive_hash(&hash, &err));
	assert_ok(fido_derive_hash(&again, &err));
	assert_false(digest_equal(&hash, &again));
}

/* ---- PINs ---- */

static enum err_code
check(const char *text, int least, struct err *err)
{
	SECRET *pin = NULL;

	assert_int_equal(secret_from(view_of_text(text), &pin, err), ERR_OK);
	return least < 0 ? fido_pin_check(pin, err) : fido_pin_check_new(pin, (unsigned)least, err);
}

static void
pins_have_a_shape(void **state)
{
	static const char *const good[] = {"1234", "pass word", "\xc3\xa4\xc3\xb6", "\xe2\x82\xacz",
	    "\xf0\x9f\x94\x91", "012345678901234567890123456789012345678901234567890123456789012",
	    "cccccccccccccccccccccccccccccck"};
	static const char *const bad[] = {"", "123", "\xff\xff\xff\xff", "abc\xc3", "abc\x80",
	    "abc\x01", "abc\x7f", "\xe2\x82za", "ab\xc0\x80",
	    "0123456789012345678901234567890123456789012345678901234567890123"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_ok(check(good[i], -1, &err));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_error(ERR_INVALID, check(bad[i], -1, &err));
		assert_says("no try was spent");
	}
	assert_error(ERR_INVALID, check("cccccchvjdtvktkbkukjttblcgveknnhuhtlhtbtfktj", -1, &err));
	assert_says("one-time password");
}

static void
new_pins_are_long_enough_and_not_everybody_s_first_guess(void **state)
{
	struct err err;

	(void)state;
	assert_ok(check("1357", 4, &err));
	assert_error(ERR_REFUSED, check("13579", 6, &err));
	assert_says("at least 6 characters");
	assert_error(ERR_REFUSED,
	    check("\xc3\xa4\xc3\xb6\xc3\xbc", 4, &err)); /* bytes do not count */
	assert_ok(check("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", 4, &err));
	assert_error(ERR_REFUSED, check("123456", 4, &err));
	assert_error(ERR_REFUSED, check("12345678", 4, &err));
	assert_error(ERR_REFUSED, check("00000000", 4, &err));
	assert_ok(check("1234567", 4, &err));
	assert_error(ERR_INVALID, check("123", 4, &err));
}

static void
a_pin_gets_a_nul_at_its_end(void **state)
{
	SECRET *pin = NULL, *terminated = NULL;
	struct err err;

	(void)state;
	assert_ok(secret_from(view_of("1357", 4), &pin, &err));
	assert_ok(fido_pin_terminated(pin, &terminated, &err));
	assert_view(secret_view(terminated), view_of("1357", 5));
	fido_pin_scour();
}

static int
start(void **state)
{
	struct err err;

	(void)state;
	assert_ok(crypto_start(&err));
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(salts_and_keys_are_those_of_the_document),
	    cmocka_unit_test(other_keys_and_sizes_are_refused),
	    cmocka_unit_test(hashes_of_credentials_and_derivations_are_apart),
	    cmocka_unit_test(pins_have_a_shape),
	    cmocka_unit_test(new_pins_are_long_enough_and_not_everybody_s_first_guess),
	    cmocka_unit_test(a_pin_gets_a_nul_at_its_end),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
