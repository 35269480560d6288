/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P-256 and Ed25519.  Typed vectors: RFC 5903 8.1 (ECDH on P-256), RFC 6979 A.2.5 (an ECDSA key
 * and signature), RFC 8032 7.1 (Ed25519, tests 1 and 2).  The larger sets are Wycheproof's.
 */
#include "base/crypto.h"
#include "base/crypto_key.h"
#include "base/json_in.h"
#include "tests/lib/p256_sign.h"
#include "tests/unit/check.h"
#include "tests/unit/vectors.h"

static const char order_hex[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

static struct p256_key *
key_from_hex(const char *hex)
{
	SECRET *scalar = secret_from_hex(hex);
	struct p256_key *key = NULL;
	struct err err;

	assert_ok(p256_key_from(scalar, &key, &err));
	return key;
}

static void
ecdh_as_in_rfc_5903(void **state)
{
	static const char expected_hex[] =
	    "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de";
	static const char public_hex[] =
	    "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
	    "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab";
	P256_KEY *ours =
	    key_from_hex("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433");
	P256_KEY *theirs =
	    key_from_hex("c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53");
	SECRET *expected = secret_from_hex(expected_hex);
	SECRET *shared = NULL;
	SECRET *mirrored = NULL;
	struct point public, peer;
	BUF expected_public = {0};
	struct err err;

	(void)state;
	bytes_from_hex(public_hex, &expected_public);
	p256_key_public(theirs, &peer);
	assert_view(VIEW_OF(peer.bytes), buf_view(&expected_public));
	assert_ok(p256_agree(ours, &peer, &shared, &err));
	assert_true(secret_equal(shared, expected));
	p256_key_public(ours, &public);
	assert_ok(p256_agree(theirs, &public, &mirrored, &err));
	assert_true(secret_equal(mirrored, expected));
}

static void
private_keys_are_in_1_to_n_minus_1(void **state)
{
	static const struct {
		const char *hex;
		bool valid;
	} cases[] = {
	    {"0000000000000000000000000000000000000000000000000000000000000000", false},
	    {"0000000000000000000000000000000000000000000000000000000000000001", true},
	    {"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550", true},
	    {order_hex, false},
	    {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		SECRET *scalar = secret_from_hex(cases[i].hex);
		SECRET *again = NULL;
		P256_KEY *key = NULL;
		struct err err;

		if (!cases[i].valid) {
			assert_error(ERR_INVALID, p256_key_from(scalar, &key, &err));
			assert_null(key);
			continue;
		}
		assert_ok(p256_key_from(scalar, &key, &err));
		assert_ok(p256_key_scalar(key, &again, &err));
		assert_true(secret_equal(again, scalar));
	}
}

static void
private_keys_have_32_bytes(void **state)
{
	SECRET *scalar = NULL;
	struct err err;

	(void)state;
	assert_ok(secret_new(40, &scalar, &err));
	memset(secret_data(scalar), 1, 40);
	for (size_t size = 40; size-- > 0;) {
		P256_KEY *key = NULL;

		assert_ok(secret_resize(scalar, size, &err));
		if (size == 32)
			assert_ok(p256_key_from(scalar, &key, &err));
		else
			assert_error(ERR_INVALID, p256_key_from(scalar, &key, &err));
	}
}

static void
a_new_key_survives_its_scalar(void **state)
{
	P256_KEY *key = NULL;
	P256_KEY *again = NULL;
	P256_KEY *other = NULL;
	SECRET *scalar = NULL;
	struct point point, same;
	struct err err;

	(void)state;
	assert_ok(p256_key_new(&key, &err));
	assert_ok(p256_key_new(&other, &err));
	assert_ok(p256_key_scalar(key, &scalar, &err));
	assert_ok(p256_key_from(scalar, &again, &err));
	p256_key_public(key, &point);
	p256_key_public(again, &same);
	assert_true(point_equal(&point, &same));
	p256_key_public(other, &same);
	assert_false(point_equal(&point, &same));
}

static void
the_signature_of_rfc_6979_verifies(void **state)
{
	P256_KEY *key =
	    key_from_hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
	struct digest digest;
	struct point public;
	BUF signature = {0};
	struct err err;

	(void)state;
	bytes_from_hex("3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
	               "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
	    &signature);
	p256_key_public(key, &public);
	assert_ok(sha256_one(view_of_text("sample"), &digest, &err));
	assert_ok(p256_verify(&public, &digest, buf_view(&signature), &err));
	digest.bytes[31] ^= 1;
	assert_error(ERR_INTEGRITY, p256_verify(&public, &digest, buf_view(&signature), &err));
}

static void
every_changed_byte_of_a_signature_is_refused(void **state)
{
	struct digest digest = {{7}};
	struct point public;
	P256_KEY *key = NULL;
	BUF signature = {0};
	struct err err;

	(void)state;
	assert_ok(p256_key_new(&key, &err));
	p256_key_public(key, &public);
	assert_ok(p256_sign(key, &digest, &signature, &err));
	assert_ok(p256_verify(&public, &digest, buf_view(&signature), &err));
	for (size_t i = 0; i < signature.size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			signature.data[i] ^= (uint8_t)(1u << bit);
			assert_error(ERR_INTEGRITY,
			    p256_verify(&public, &digest, buf_view(&signature), &err));
			signature.data[i] ^= (uint8_t)(1u << bit);
		}
	}
	buf_u8(&signature, 0);
	for (size_t size = 0; size <= signature.size; size++) {
		uint8_t *exact = exact_copy(view_of(signature.data, size));

		if (size != signature.size - 1)
			assert_error(ERR_INTEGRITY,
			    p256_verify(&public, &digest, view_of(exact, size), &err));
		free(exact);
	}
}

static void
a_signature_has_one_spelling(void **state)
{
	/* The signature of RFC 6979, written in ways that BER or a lax reader would take. */
	static const char *const spellings[] = {
	    /* long form of the outer length */
	    "308146022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
	    "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
	    /* two leading zeros */
	    "304702220000efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
	    "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
	    /* negative r */
	    "30450220efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
	    "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
	    /* bytes after s inside the sequence */
	    "3048022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
	    "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda80500",
	    /* r and s without DER, as IEEE P1363 has it */
	    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
	    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
	    /* zeros, and s = n */
	    "3006020100020100",
	    "3006020101020100",
	    "3026020101022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
	};
	P256_KEY *key =
	    key_from_hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
	struct digest digest;
	struct point public;
	struct err err;

	(void)state;
	p256_key_public(key, &public);
	assert_ok(sha256_one(view_of_text("sample"), &digest, &err));
	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
		BUF signature = {0};

		bytes_from_hex(spellings[i], &signature);
		assert_error(ERR_INTEGRITY,
		    p256_verify(&public, &digest, buf_view(&signature), &err));
	}
}

static void
signatures_never_exceed_72_bytes(void **state)
{
	P256_KEY *key = NULL;
	struct err err;

	(void)state;
	assert_ok(p256_key_new(&key, &err));
	for (uint8_t i = 0; i < 100; i++) {
		struct digest digest = {{i}};
		struct point public;
		BUF signature = {0};

		p256_key_public(key, &public);
		assert_ok(p256_sign(key, &digest, &signature, &err));
		assert_in_range(signature.size, 8, ECDSA_MAX);
		assert_ok(p256_verify(&public, &digest, buf_view(&signature), &err));
	}
}

static void
ed25519_as_in_rfc_8032(void **state)
{
	static const struct {
		const char *seed, *public, *message, *signature;
	} cases[] = {
	    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc"
	        "61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
	    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e4"
	        "58f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		SECRET *seed = secret_from_hex(cases[i].seed);
		uint8_t signature[ED25519_SIGNATURE_SIZE];
		BUF expected_public = {0}, message = {0}, expected = {0};
		struct ed25519_public public;
		struct err err;

		bytes_from_hex(cases[i].public, &expected_public);
		bytes_from_hex(cases[i].message, &message);
		bytes_from_hex(cases[i].signature, &expected);
		assert_ok(ed25519_public(seed, &public, &err));
		assert_view(VIEW_OF(public.bytes), buf_view(&expected_public));
		assert_ok(ed25519_sign(seed, buf_view(&message), signature, &err));
		assert_view(VIEW_OF(signature), buf_view(&expected));
		assert_ok(ed25519_verify(&public, buf_view(&message), VIEW_OF(signature), &err));
		for (size_t j = 0; j < sizeof(signature); j++) {
			signature[j] ^= 0x10;
			assert_error(ERR_INTEGRITY,
			    ed25519_verify(&public, buf_view(&message), VIEW_OF(signature), &err));
			signature[j] ^= 0x10;
		}
		for (size_t size = 0; size < sizeof(signature); size++)
			assert_error(ERR_INTEGRITY,
			    ed25519_verify(&public, buf_view(&message), view_of(signature, size),
			        &err));
		buf_u8(&message, 0);
		assert_error(ERR_INTEGRITY,
		    ed25519_verify(&public, buf_view(&message), VIEW_OF(signature), &err));
	}
}

static void
an_ed25519_seed_has_32_bytes(void **state)
{
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	struct ed25519_public public;
	SECRET *seed = NULL;
	struct err err;

	(void)state;
	assert_ok(secret_new(33, &seed, &err));
	for (size_t size = 0; size <= 33; size++) {
		assert_ok(secret_resize(seed, size, &err));
		if (size == 32)
			continue;
		assert_error(ERR_INVALID, ed25519_public(seed, &public, &err));
		assert_error(ERR_INVALID, ed25519_sign(seed, view_of_text("x"), signature, &err));
	}
}

/* Call CHECK for each test of each group of a Wycheproof file, which must be EXPECTED many. */
static void
for_each_vector(const char *name, size_t expected,
    void (*check)(const struct json *group, const struct json *test))
{
	JSON *json = vectors_open(name);
	const struct json *groups = json != NULL ? vector_array(json, "groups") : NULL;
	size_t checked = 0;

	if (json == NULL)
		return;
	for (size_t i = 0; i < json_array_count(groups); i++) {
		const struct json *group = json_array_object(groups, i);
		const struct json *tests = vector_array(group, "tests");

		for (size_t j = 0; j < json_array_count(tests); j++, checked++)
			check(group, json_array_object(tests, j));
	}
	assert_int_equal(checked, expected);
}

static bool
is_valid(const struct json *test)
{
	return strcmp(vector_text(test, "result"), "valid") == 0;
}

/* The files write private keys as integers: shorter, or with a zero in front. */
static struct secret *
private_scalar(const struct json *test)
{
	struct secret *scalar = NULL;
	BUF bytes = {0};
	struct err err;

	vector_bytes(test, "private", &bytes);
	assert_ok(secret_new(SCALAR_SIZE, &scalar, &err));
	assert_ok(secret_resize(scalar, SCALAR_SIZE, &err));
	for (size_t i = 0; i < bytes.size && i < SCALAR_SIZE; i++)
		secret_data(scalar)[SCALAR_SIZE - 1 - i] = bytes.data[bytes.size - 1 - i];
	return scalar;
}

static void
check_ecdh(const struct json *group, const struct json *test)
{
	SECRET *scalar = private_scalar(test);
	SECRET *shared = NULL;
	P256_KEY *key = NULL;
	BUF public = {0}, expected = {0};
	struct point point;
	struct err err;

	(void)group;
	vector_bytes(test, "public", &public);
	/* "acceptable" are the compressed points: not for us. */
	if (!is_valid(test)) {
		assert_error(ERR_INVALID, point_from(buf_view(&public), &point, &err));
		return;
	}
	vector_bytes(test, "shared", &expected);
	assert_ok(point_from(buf_view(&public), &point, &err));
	assert_ok(p256_key_from(scalar, &key, &err));
	assert_ok(p256_agree(key, &point, &shared, &err));
	assert_view(secret_view(shared), buf_view(&expected));
}

static void
wycheproof_ecdh_p256(void **state)
{
	(void)state;
	for_each_vector("wycheproof/ecdh_secp256r1_ecpoint.json", 103, check_ecdh);
}

static void
check_p384(const struct json *group, const struct json *test)
{
	struct point point;
	BUF public = {0};
	struct err err;

	(void)group;
	vector_bytes(test, "public", &public);
	assert_error(ERR_INVALID, point_from(buf_view(&public), &point, &err));
}

static void
points_of_p384_are_no_points_of_ours(void **state)
{
	(void)state;
	for_each_vector("wycheproof/ecdh_secp384r1_ecpoint.json", 68, check_p384);
}

static void
check_ecdsa(const struct json *group, const struct json *test)
{
	struct err err;
	struct json_in in = json_in(group, "group", &err);
	const struct json *key = json_in_object(&in, "publicKey");
	BUF public = {0}, message = {0}, signature = {0};
	struct digest digest;
	struct point point;

	vector_bytes(key, "uncompressed", &public);
	vector_bytes(test, "msg", &message);
	vector_bytes(test, "sig", &signature);
	assert_ok(point_from(buf_view(&public), &point, &err));
	assert_ok(sha256_one(buf_view(&message), &digest, &err));
	if (is_valid(test))
		assert_ok(p256_verify(&point, &digest, buf_view(&signature), &err));
	else
		assert_error(ERR_INTEGRITY,
		    p256_verify(&point, &digest, buf_view(&signature), &err));
}

static void
wycheproof_ecdsa_p256_sha256(void **state)
{
	(void)state;
	for_each_vector("wycheproof/ecdsa_secp256r1_sha256.json", 48, check_ecdsa);
}

static void
check_ed25519(const struct json *group, const struct json *test)
{
	struct err err;
	struct json_in in = json_in(group, "group", &err);
	const struct json *key = json_in_object(&in, "publicKey");
	BUF public = {0}, message = {0}, signature = {0};
	struct ed25519_public point;

	vector_bytes(key, "pk", &public);
	vector_bytes(test, "msg", &message);
	vector_bytes(test, "sig", &signature);
	assert_int_equal(public.size, sizeof(point.bytes));
	memcpy(point.bytes, public.data, public.size);
	if (is_valid(test))
		assert_ok(ed25519_verify(&point, buf_view(&message), buf_view(&signature), &err));
	else
		assert_error(ERR_INTEGRITY,
		    ed25519_verify(&point, buf_view(&message), buf_view(&signature), &err));
}

static void
wycheproof_ed25519(void **state)
{
	(void)state;
	for_each_vector("wycheproof/ed25519.json", 49, check_ed25519);
}

/* Runs first, before crypto_start(). */
static void
without_the_secure_heap_there_are_no_keys(void **state)
{
	SECRET *scalar =
	    secret_from_hex("0000000000000000000000000000000000000000000000000000000000000001");
	struct ed25519_public public;
	P256_KEY *key = NULL;
	struct err err;

	(void)state;
	assert_error(ERR_INTERNAL, p256_key_new(&key, &err));
	assert_error(ERR_INTERNAL, p256_key_from(scalar, &key, &err));
	assert_error(ERR_INTERNAL, ed25519_public(scalar, &public, &err));
	assert_null(key);
	assert_ok(crypto_start(&err));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_the_secure_heap_there_are_no_keys),
	    cmocka_unit_test(ecdh_as_in_rfc_5903),
	    cmocka_unit_test(private_keys_are_in_1_to_n_minus_1),
	    cmocka_unit_test(private_keys_have_32_bytes),
	    cmocka_unit_test(a_new_key_survives_its_scalar),
	    cmocka_unit_test(the_signature_of_rfc_6979_verifies),
	    cmocka_unit_test(every_changed_byte_of_a_signature_is_refused),
	    cmocka_unit_test(a_signature_has_one_spelling),
	    cmocka_unit_test(signatures_never_exceed_72_bytes),
	    cmocka_unit_test(ed25519_as_in_rfc_8032),
	    cmocka_unit_test(an_ed25519_seed_has_32_bytes),
	    cmocka_unit_test(wycheproof_ecdh_p256),
	    cmocka_unit_test(points_of_p384_are_no_points_of_ours),
	    cmocka_unit_test(wycheproof_ecdsa_p256_sha256),
	    cmocka_unit_test(wycheproof_ed25519),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
