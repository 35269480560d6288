/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes, MACs, key derivation and AEADs.  Typed vectors: FIPS 180-4 (SHA-256 of "abc"), RFC 4231
 * (HMAC, cases 1 and 2), RFC 5869 (HKDF, A.1 and A.3), RFC 8439 2.8.2 (ChaCha20-Poly1305), and the
 * AES-256-GCM test case 13 of McGrew and Viega.  The larger sets are Wycheproof's.
 */
#include <pthread.h>

#include "base/crypto.h"
#include "base/random.h"
#include "tests/unit/check.h"
#include "tests/unit/vectors.h"

static const uint8_t zero_nonce[AEAD_NONCE_SIZE];
static const struct view nothing;

static void
sha256_of_abc(void **state)
{
	const struct view parts[] = {view_of_text("a"), nothing, view_of_text("bc")};
	struct digest digest;
	BUF expected = {0};
	struct err err;

	(void)state;
	bytes_from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	    &expected);
	assert_ok(sha256_one(view_of_text("abc"), &digest, &err));
	assert_view(VIEW_OF(digest.bytes), buf_view(&expected));
	assert_ok(sha256(parts, ARRAY_SIZE(parts), &digest, &err));
	assert_view(VIEW_OF(digest.bytes), buf_view(&expected));
}

static void
hmac_as_in_rfc_4231(void **state)
{
	static const struct {
		const char *key, *data, *mac;
	} cases[] = {
	    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
	        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
	    {"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
	        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		BUF key = {0}, data = {0}, expected = {0};
		SECRET *secret = NULL;
		struct digest mac;
		struct view parts[2];
		struct err err;

		bytes_from_hex(cases[i].key, &key);
		bytes_from_hex(cases[i].data, &data);
		bytes_from_hex(cases[i].mac, &expected);
		parts[0] = view_of(data.data, 3);
		parts[1] = view_of(data.data + 3, data.size - 3);
		assert_ok(hmac_sha256(buf_view(&key), parts, 2, &mac, &err));
		assert_view(VIEW_OF(mac.bytes), buf_view(&expected));
		assert_ok(hmac_sha256_secret(buf_view(&key), parts, 2, &secret, &err));
		assert_view(secret_view(secret), buf_view(&expected));
	}
}

/* RET_OKM is NULL when the derivation is refused. */
static void
derive(struct view salt, struct view ikm, struct view info, size_t size, struct secret **ret_okm)
{
	SECRET *prk = NULL;
	struct err err;

	assert_ok(hkdf_extract(salt, &ikm, 1, &prk, &err));
	if (hkdf_expand(prk, &info, 1, size, ret_okm, &err) != ERR_OK)
		assert_int_equal(err.code, ERR_INTERNAL);
}

static void
hkdf_as_in_rfc_5869(void **state)
{
	SECRET *expected =
	    secret_from_hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56"
	                    "ecc4c5bf34007208d5b887185865");
	SECRET *expected_unsalted =
	    secret_from_hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879e"
	                    "c3454e5f3c738d2d9d201395faa4b61a96c8");
	SECRET *okm = NULL;
	SECRET *unsalted = NULL;
	BUF ikm = {0}, salt = {0}, info = {0};

	(void)state;
	bytes_from_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", &ikm);
	bytes_from_hex("000102030405060708090a0b0c", &salt);
	bytes_from_hex("f0f1f2f3f4f5f6f7f8f9", &info);
	derive(buf_view(&salt), buf_view(&ikm), buf_view(&info), 42, &okm);
	assert_true(secret_equal(okm, expected));
	derive(nothing, buf_view(&ikm), nothing, 42, &unsalted);
	assert_true(secret_equal(unsalted, expected_unsalted));
}

static void
hkdf_gives_1_to_8160_bytes_from_at_most_8_parts(void **state)
{
	static const size_t sizes[] = {0, 1, 31, 32, 33, 8160, 8161};
	struct view parts[9] = {{0}};
	SECRET *prk = NULL;
	struct err err;

	(void)state;
	assert_ok(hkdf_extract(nothing, &nothing, 1, &prk, &err));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		SECRET *okm = NULL;

		derive(nothing, nothing, nothing, sizes[i], &okm);
		if (sizes[i] < 1 || sizes[i] > 8160)
			assert_null(okm);
		else
			assert_int_equal(secret_size(okm), sizes[i]);
	}
	for (size_t count = 8; count <= 9; count++) {
		SECRET *okm = NULL;

		assert_int_equal(hkdf_expand(prk, parts, count, 32, &okm, &err),
		    count <= 8 ? ERR_OK : ERR_INTERNAL);
	}
}

static void
the_parts_of_hkdf_are_concatenated(void **state)
{
	const struct view parts[] = {view_of_text("ab"), nothing, view_of_text("c")};
	SECRET *prk = NULL;
	SECRET *whole = NULL;
	SECRET *okm = NULL;
	struct err err;

	(void)state;
	assert_ok(hkdf_extract(nothing, parts, 3, &prk, &err));
	assert_ok(hkdf_expand(prk, parts, 3, 64, &okm, &err));
	derive(nothing, view_of_text("abc"), view_of_text("abc"), 64, &whole);
	assert_true(secret_equal(okm, whole));
}

/* One AEAD case, sealed and opened. */
static void
check_aead(enum aead aead, const char *key_hex, const char *nonce_hex, const char *aad_hex,
    const char *plaintext_hex, const char *ciphertext_hex)
{
	SECRET *key = secret_from_hex(key_hex);
	SECRET *opened = NULL;
	BUF nonce = {0}, aad = {0}, plaintext = {0}, ciphertext = {0}, sealed = {0};
	struct err err;

	bytes_from_hex(nonce_hex, &nonce);
	bytes_from_hex(aad_hex, &aad);
	bytes_from_hex(plaintext_hex, &plaintext);
	bytes_from_hex(ciphertext_hex, &ciphertext);
	assert_int_equal(nonce.size, AEAD_NONCE_SIZE);
	buf_text(&sealed, "before ");
	assert_ok(
	    aead_seal(aead, key, nonce.data, buf_view(&aad), buf_view(&plaintext), &sealed, &err));
	assert_memory_equal(sealed.data, "before ", 7);
	assert_view(view_of(sealed.data + 7, sealed.size - 7), buf_view(&ciphertext));
	assert_ok(
	    aead_open(aead, key, nonce.data, buf_view(&aad), buf_view(&ciphertext), &opened, &err));
	assert_view(secret_view(opened), buf_view(&plaintext));
}

static void
aeads_as_published(void **state)
{
	(void)state;
	check_aead(AEAD_AES_256_GCM,
	    "0000000000000000000000000000000000000000000000000000000000000000",
	    "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b");
	check_aead(AEAD_AES_128_GCM, "00000000000000000000000000000000", "000000000000000000000000",
	    "", "00000000000000000000000000000000",
	    "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf");
	check_aead(AEAD_CHACHA20_POLY1305,
	    "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
	    "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
	    "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a2049"
	    "6620"
	    "4920636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f72207468652066757475"
	    "72652c2073756e73637265656e20776f756c642062652069742e",
	    "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb"
	    "69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad6"
	    "75945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd06006"
	    "91");
}

static void
every_changed_byte_of_an_aead_is_refused(void **state)
{
	static const enum aead aeads[] = {AEAD_AES_128_GCM, AEAD_AES_256_GCM,
	    AEAD_CHACHA20_POLY1305};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(aeads); i++) {
		uint8_t nonce[AEAD_NONCE_SIZE] = {1};
		SECRET *key = NULL;
		SECRET *opened = NULL;
		BUF sealed = {0};
		struct err err;

		assert_ok(secret_new(32, &key, &err));
		assert_ok(secret_random(key, aead_key_size(aeads[i]), &err));
		assert_ok(aead_seal(aeads[i], key, nonce, view_of_text("aad"),
		    view_of_text("hello"), &sealed, &err));
		for (size_t j = 0; j < sealed.size; j++) {
			sealed.data[j] ^= 0x40;
			assert_error(ERR_CRYPTO,
			    aead_open(aeads[i], key, nonce, view_of_text("aad"), buf_view(&sealed),
			        &opened, &err));
			sealed.data[j] ^= 0x40;
		}
		for (size_t j = 0; j < sizeof(nonce); j++) {
			nonce[j] ^= 1;
			assert_error(ERR_CRYPTO,
			    aead_open(aeads[i], key, nonce, view_of_text("aad"), buf_view(&sealed),
			        &opened, &err));
			nonce[j] ^= 1;
		}
		for (size_t j = 0; j < secret_size(key); j++) {
			secret_data(key)[j] ^= 1;
			assert_error(ERR_CRYPTO,
			    aead_open(aeads[i], key, nonce, view_of_text("aad"), buf_view(&sealed),
			        &opened, &err));
			secret_data(key)[j] ^= 1;
		}
		assert_error(ERR_CRYPTO,
		    aead_open(aeads[i], key, nonce, view_of_text("aa"), buf_view(&sealed), &opened,
		        &err));
		assert_null(opened);
		assert_ok(aead_open(aeads[i], key, nonce, view_of_text("aad"), buf_view(&sealed),
		    &opened, &err));
	}
}

static void
keys_of_the_wrong_size_and_unknown_aeads_are_refused(void **state)
{
	uint8_t ciphertext[AEAD_TAG_SIZE] = {0};
	SECRET *key = NULL;
	SECRET *opened = NULL;
	BUF sealed = {0};
	struct err err;

	(void)state;
	assert_ok(secret_new(64, &key, &err));
	for (size_t size = 0; size <= 64; size++) {
		enum err_code code;

		assert_ok(secret_resize(key, size, &err));
		code =
		    aead_seal(AEAD_AES_256_GCM, key, zero_nonce, nothing, nothing, &sealed, &err);
		assert_int_equal(code, size == 32 ? ERR_OK : ERR_INTERNAL);
	}
	assert_int_equal(sealed.size, AEAD_TAG_SIZE);
	assert_int_equal(aead_key_size((enum aead)4), 0);
	assert_error(ERR_INVALID,
	    aead_seal((enum aead)4, key, zero_nonce, nothing, nothing, &sealed, &err));
	assert_error(ERR_INVALID,
	    aead_open((enum aead)0, key, zero_nonce, nothing, VIEW_OF(ciphertext), &opened, &err));
	assert_null(opened);
}

static void
a_ciphertext_larger_than_a_secret_is_refused(void **state)
{
	SECRET *key = NULL;
	SECRET *opened = NULL;
	BUF large = {0};
	struct err err;

	(void)state;
	assert_ok(secret_new(32, &key, &err));
	assert_ok(secret_random(key, 32, &err));
	assert_non_null(buf_space(&large, SECRET_MAX + AEAD_TAG_SIZE + 1));
	assert_error(ERR_CRYPTO,
	    aead_open(AEAD_AES_256_GCM, key, zero_nonce, nothing, buf_view(&large), &opened, &err));
	assert_null(opened);
}

static void
random_bytes_differ_and_fill_the_whole_buffer(void **state)
{
	uint8_t bytes[64] = {0}, again[64] = {0};
	uint8_t seen[64] = {0};
	struct err err;

	(void)state;
	assert_ok(random_bytes(bytes, sizeof(bytes), &err));
	assert_ok(random_bytes(again, sizeof(again), &err));
	assert_memory_not_equal(bytes, again, sizeof(bytes));
	for (int i = 0; i < 64; i++) {
		assert_ok(random_bytes(bytes, sizeof(bytes), &err));
		for (size_t j = 0; j < sizeof(bytes); j++)
			seen[j] |= bytes[j];
	}
	for (size_t j = 0; j < sizeof(seen); j++)
		assert_int_equal(seen[j], 0xff);
}

static void
equality_looks_at_every_byte(void **state)
{
	struct digest a = {{0}}, b = {{0}};
	struct point p = {{0}}, q = {{0}};

	(void)state;
	for (size_t i = 0; i < sizeof(a.bytes); i++) {
		b.bytes[i] = 1;
		assert_false(digest_equal(&a, &b));
		b.bytes[i] = 0;
	}
	for (size_t i = 0; i < sizeof(p.bytes); i++) {
		q.bytes[i] = 0x80;
		assert_false(point_equal(&p, &q));
		q.bytes[i] = 0;
	}
	assert_true(digest_equal(&a, &b));
	assert_true(point_equal(&p, &q));
	assert_true(crypto_equal("ab", "ac", 1));
	assert_false(crypto_equal("ab", "ac", 2));
}

static void
check_aead_vector(enum aead aead, const struct json *vector)
{
	bool valid = strcmp(vector_text(vector, "result"), "valid") == 0;
	SECRET *key = vector_secret(vector, "key");
	SECRET *opened = NULL;
	BUF nonce = {0}, aad = {0}, plaintext = {0}, ciphertext = {0}, tag = {0}, sealed = {0};
	struct err err;

	vector_bytes(vector, "iv", &nonce);
	vector_bytes(vector, "aad", &aad);
	vector_bytes(vector, "msg", &plaintext);
	vector_bytes(vector, "ct", &ciphertext);
	vector_bytes(vector, "tag", &tag);
	if (nonce.size != AEAD_NONCE_SIZE) /* our interface has no other */
		return;
	buf_bytes(&ciphertext, buf_view(&tag));
	if (!valid) {
		assert_error(ERR_CRYPTO,
		    aead_open(aead, key, nonce.data, buf_view(&aad), buf_view(&ciphertext), &opened,
		        &err));
		return;
	}
	assert_ok(
	    aead_seal(aead, key, nonce.data, buf_view(&aad), buf_view(&plaintext), &sealed, &err));
	assert_view(buf_view(&sealed), buf_view(&ciphertext));
	assert_ok(
	    aead_open(aead, key, nonce.data, buf_view(&aad), buf_view(&ciphertext), &opened, &err));
	assert_view(secret_view(opened), buf_view(&plaintext));
}

static void
check_hkdf_vector(const struct json *vector)
{
	bool valid = strcmp(vector_text(vector, "result"), "valid") == 0;
	SECRET *expected = NULL;
	SECRET *okm = NULL;
	BUF ikm = {0}, salt = {0}, info = {0};

	vector_bytes(vector, "ikm", &ikm);
	vector_bytes(vector, "salt", &salt);
	vector_bytes(vector, "info", &info);
	derive(buf_view(&salt), buf_view(&ikm), buf_view(&info),
	    (size_t)vector_number(vector, "size"), &okm);
	assert_true((okm != NULL) == valid);
	if (!valid)
		return;
	expected = vector_secret(vector, "okm");
	assert_true(secret_equal(okm, expected));
}

static void
check_file(const char *name, enum aead aead)
{
	JSON *json = vectors_open(name);
	const struct json *groups = json != NULL ? vector_array(json, "groups") : NULL;
	size_t checked = 0;

	if (json == NULL)
		return;
	for (size_t i = 0; i < json_array_count(groups); i++) {
		const struct json *tests = vector_array(json_array_object(groups, i), "tests");

		for (size_t j = 0; j < json_array_count(tests); j++, checked++) {
			if (aead != 0)
				check_aead_vector(aead, json_array_object(tests, j));
			else
				check_hkdf_vector(json_array_object(tests, j));
		}
	}
	assert_true(checked > 40);
}

static void
wycheproof_aes_gcm(void **state)
{
	(void)state;
	check_file("wycheproof/aes_gcm.json", AEAD_AES_256_GCM);
}

static void
wycheproof_chacha20_poly1305(void **state)
{
	(void)state;
	check_file("wycheproof/chacha20_poly1305.json", AEAD_CHACHA20_POLY1305);
}

static void
wycheproof_hkdf_sha256(void **state)
{
	(void)state;
	check_file("wycheproof/hkdf_sha256.json", (enum aead)0);
}

static void *
hash_again_and_again(void *argument)
{
	uint8_t bytes[100];
	struct digest first, digest;
	struct err err;
	bool *same = argument;

	memset(bytes, *same ? 1 : 2, sizeof(bytes));
	*same = sha256_one(VIEW_OF(bytes), &first, &err) == ERR_OK;
	for (int i = 0; i < 20000 && *same; i++)
		*same = sha256_one(VIEW_OF(bytes), &digest, &err) == ERR_OK &&
		    digest_equal(&digest, &first);
	return NULL;
}

static void
threads_hash_beside_each_other(void **state)
{
	bool same[4] = {true, false, true, false};
	pthread_t threads[ARRAY_SIZE(same)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hash_again_and_again, &same[i]),
		    0);
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		pthread_join(threads[i], NULL);
		assert_true(same[i]);
	}
}

static void
crypto_can_be_started_again(void **state)
{
	struct err err;

	(void)state;
	assert_ok(crypto_start(&err));
}

static int
start(void **state)
{
	struct err err;

	(void)state;
	return crypto_start(&err) == ERR_OK ? 0 : -1;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sha256_of_abc),
	    cmocka_unit_test(hmac_as_in_rfc_4231),
	    cmocka_unit_test(hkdf_as_in_rfc_5869),
	    cmocka_unit_test(hkdf_gives_1_to_8160_bytes_from_at_most_8_parts),
	    cmocka_unit_test(the_parts_of_hkdf_are_concatenated),
	    cmocka_unit_test(aeads_as_published),
	    cmocka_unit_test(every_changed_byte_of_an_aead_is_refused),
	    cmocka_unit_test(keys_of_the_wrong_size_and_unknown_aeads_are_refused),
	    cmocka_unit_test(a_ciphertext_larger_than_a_secret_is_refused),
	    cmocka_unit_test(random_bytes_differ_and_fill_the_whole_buffer),
	    cmocka_unit_test(equality_looks_at_every_byte),
	    cmocka_unit_test(wycheproof_aes_gcm),
	    cmocka_unit_test(wycheproof_chacha20_poly1305),
	    cmocka_unit_test(wycheproof_hkdf_sha256),
	    cmocka_unit_test(threads_hash_beside_each_other),
	    cmocka_unit_test(crypto_can_be_started_again),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
