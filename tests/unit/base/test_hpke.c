/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HPKE against the vectors of RFC 9180, Appendix A.3 (DHKEM(P-256, HKDF-SHA256), HKDF-SHA256), of
 * which one is typed here, and the edge cases of draft-ietf-hpke-hpke.
 */
#include "base/crypto_key.h"
#include "base/hpke.h"
#include "base/text.h"
#include "tests/unit/check.h"
#include "tests/unit/vectors.h"

/* RFC 9180's test-vectors.json: mode 0, KEM 0x0010, KDF 0x0001, AEAD 0x0002. */
static const char info_hex[] = "4f6465206f6e2061204772656369616e2055726e";
static const char ikm_r_hex[] = "a0ce15d49e28bd47a18a97e147582d814b08cbe00109fed5ec27d1b4e9f6f5e3";
static const char ikm_e_hex[] = "a90d3417c3da9cb6c6ae19b4b5dd6cc9529a4cc24efb7ae0ace1f31887a8cd6c";
static const char sk_r_hex[] = "317f915db7bc629c48fe765587897e01e282d3e8445f79f27f65d031a88082b2";
static const char enc_hex[] = "04c06b4f6bebc7bb495cb797ab753f911aff80aefb86fd8b6fcc35525f3ab5f03e"
                              "0b21bd31a86c6048af3cb2d98e0d3bf01da5cc4c39ff5370d331a4f1f7d5a4e0";
static const char plaintext_hex[] = "4265617574792069732074727574682c20747275746820626561757479";
static const char aad_hex[] = "436f756e742d30";
static const char ciphertext_hex[] =
    "58c61a45059d0c5704560e9d88b564a8b63f1364b8d1fcb3c4c6ddc1d29174"
    "2465e902cd216f8908da49f8f96f";

enum { EXPORT_ONLY = 0xffff }; /* an AEAD that is none, and not ours */

/* One recipient with a sender's and a recipient's context. */
struct pair {
	struct p256_key *key;
	struct point public, enc;
	struct hpke *sender, *recipient;
};

static void
pair_done(struct pair *pair)
{
	hpke_free(pair->sender);
	hpke_free(pair->recipient);
	p256_key_free(pair->key);
}

static void
pair_open(struct pair *pair, struct hpke_suite suite, const struct p256_key *ephemeral,
    struct view info)
{
	struct err err;

	p256_key_public(pair->key, &pair->public);
	assert_ok(hpke_sender_with(suite, &pair->public, info, ephemeral, &pair->sender, &pair->enc,
	    &err));
	assert_ok(hpke_recipient(suite, VIEW_OF(pair->enc.bytes), &pair->public, hpke_agree_local,
	    pair->key, info, &pair->recipient, &err));
}

/* A pair with fresh keys. */
static void
pair_fresh(struct pair *pair, struct hpke_suite suite, struct view info)
{
	P256_KEY *ephemeral = NULL;
	struct err err;

	assert_ok(p256_key_new(&pair->key, &err));
	assert_ok(p256_key_new(&ephemeral, &err));
	pair_open(pair, suite, ephemeral, info);
}

static void
the_example_of_rfc_9180_comes_out(void **state)
{
	CLEANUP(pair_done) struct pair pair = {0};
	SECRET *ikm_r = secret_from_hex(ikm_r_hex);
	SECRET *ikm_e = secret_from_hex(ikm_e_hex);
	SECRET *expected_scalar = secret_from_hex(sk_r_hex);
	SECRET *scalar = NULL;
	SECRET *opened = NULL;
	P256_KEY *ephemeral = NULL;
	BUF info = {0}, aad = {0}, plaintext = {0}, ciphertext = {0}, enc = {0}, sealed = {0};
	struct err err;

	(void)state;
	bytes_from_hex(info_hex, &info);
	bytes_from_hex(aad_hex, &aad);
	bytes_from_hex(plaintext_hex, &plaintext);
	bytes_from_hex(ciphertext_hex, &ciphertext);
	bytes_from_hex(enc_hex, &enc);
	assert_ok(hpke_derive_key(ikm_r, &pair.key, &err));
	assert_ok(hpke_derive_key(ikm_e, &ephemeral, &err));
	assert_ok(p256_key_scalar(pair.key, &scalar, &err));
	assert_true(secret_equal(scalar, expected_scalar));
	pair_open(&pair, hpke_suite_default, ephemeral, buf_view(&info));
	assert_view(VIEW_OF(pair.enc.bytes), buf_view(&enc));
	assert_ok(hpke_seal(pair.sender, buf_view(&aad), buf_view(&plaintext), &sealed, &err));
	assert_view(buf_view(&sealed), buf_view(&ciphertext));
	assert_ok(hpke_open(pair.recipient, buf_view(&aad), buf_view(&sealed), &opened, &err));
	assert_view(secret_view(opened), buf_view(&plaintext));
}

/* Seal and open up to the sequence number of each of the vector's encryptions. */
static void
check_encryptions(struct pair *pair, const struct json *encryptions)
{
	size_t index = 0;

	for (int64_t sequence = 0; index < json_array_count(encryptions); sequence++) {
		const struct json *vector = json_array_object(encryptions, index);
		BUF aad = {0}, plaintext = {0}, ciphertext = {0}, sealed = {0};
		SECRET *opened = NULL;
		struct err err;

		vector_bytes(vector, "aad", &aad);
		vector_bytes(vector, "pt", &plaintext);
		vector_bytes(vector, "ct", &ciphertext);
		assert_ok(
		    hpke_seal(pair->sender, buf_view(&aad), buf_view(&plaintext), &sealed, &err));
		assert_ok(
		    hpke_open(pair->recipient, buf_view(&aad), buf_view(&sealed), &opened, &err));
		assert_view(secret_view(opened), buf_view(&plaintext));
		if (sequence != vector_number(vector, "seq"))
			continue;
		assert_view(buf_view(&sealed), buf_view(&ciphertext));
		index++;
	}
}

static void
check_vector(const struct json *vector)
{
	CLEANUP(pair_done) struct pair pair = {0};
	SECRET *ikm_r = vector_secret(vector, "ikmR");
	SECRET *ikm_e = vector_secret(vector, "ikmE");
	SECRET *expected_scalar = vector_secret(vector, "skRm");
	SECRET *scalar = NULL;
	P256_KEY *ephemeral = NULL;
	struct hpke_suite suite = {
	    .kem = (uint16_t)vector_number(vector, "kem_id"),
	    .kdf = (uint16_t)vector_number(vector, "kdf_id"),
	    .aead = (uint16_t)vector_number(vector, "aead_id"),
	};
	BUF info = {0}, public = {0}, enc = {0};
	struct err err;

	vector_bytes(vector, "info", &info);
	vector_bytes(vector, "pkRm", &public);
	vector_bytes(vector, "enc", &enc);
	assert_ok(hpke_derive_key(ikm_r, &pair.key, &err));
	assert_ok(hpke_derive_key(ikm_e, &ephemeral, &err));
	assert_ok(p256_key_scalar(pair.key, &scalar, &err));
	assert_true(secret_equal(scalar, expected_scalar));
	pair_open(&pair, suite, ephemeral, buf_view(&info));
	assert_view(VIEW_OF(pair.public.bytes), buf_view(&public));
	assert_view(VIEW_OF(pair.enc.bytes), buf_view(&enc));
	check_encryptions(&pair, vector_array(vector, "encryptions"));
}

/* Our KEM and our mode, with a cipher, of which there must be EXPECTED. */
static void
check_file(const char *name, size_t expected)
{
	JSON *json = vectors_open(name);
	const struct json *vectors = json != NULL ? vector_array(json, "vectors") : NULL;
	size_t checked = 0;

	if (json == NULL)
		return;
	for (size_t i = 0; i < json_array_count(vectors); i++) {
		const struct json *vector = json_array_object(vectors, i);

		if (vector_number(vector, "mode") != 0 ||
		    vector_number(vector, "kem_id") != HPKE_KEM_P256 ||
		    vector_number(vector, "aead_id") == EXPORT_ONLY)
			continue;
		check_vector(vector);
		checked++;
	}
	assert_int_equal(checked, expected);
}

static void
all_base_mode_vectors_of_p256_come_out(void **state)
{
	(void)state;
	check_file("hpke.json", 2);
}

static void
keys_are_derived_with_rejection_sampling(void **state)
{
	(void)state;
	check_file("hpke-edge.json", 1);
}

static void
keys_are_derived_with_rejection_sampling_as_in_the_draft(void **state)
{
	/* draft-ietf-hpke-hpke, "KEM Key Derivation with Rejection Sampling". */
	SECRET *ikm =
	    secret_from_hex("68706b652d656467652d703235362d72656a656374696f6e00000001c6be4ce7");
	SECRET *expected =
	    secret_from_hex("d9cbff7adaa1c604a2e4fcfb762c9e1c5ed7d2e33b15fcad4c6c3f23a9637325");
	SECRET *scalar = NULL;
	P256_KEY *key = NULL;
	struct err err;

	(void)state;
	assert_ok(hpke_derive_key(ikm, &key, &err));
	assert_ok(p256_key_scalar(key, &scalar, &err));
	assert_true(secret_equal(scalar, expected));
}

static void
a_key_is_not_derived_from_fewer_than_32_bytes(void **state)
{
	SECRET *ikm = NULL;
	P256_KEY *key = NULL;
	struct err err;

	(void)state;
	assert_ok(secret_new(32, &ikm, &err));
	assert_ok(secret_resize(ikm, 31, &err));
	assert_error(ERR_INVALID, hpke_derive_key(ikm, &key, &err));
	assert_null(key);
}

static void
every_changed_byte_of_ciphertext_aad_or_info_is_refused(void **state)
{
	CLEANUP(pair_done) struct pair pair = {0};
	BUF sealed = {0};
	uint8_t aad[] = "ids", info[] = "info";
	SECRET *opened = NULL;
	struct err err;

	(void)state;
	pair_fresh(&pair, hpke_suite_default, VIEW_OF(info));
	assert_ok(hpke_seal(pair.sender, VIEW_OF(aad), VIEW_OF("share"), &sealed, &err));
	for (size_t i = 0; i < sealed.size; i++) {
		sealed.data[i] ^= 1;
		assert_error(ERR_CRYPTO,
		    hpke_open(pair.recipient, VIEW_OF(aad), buf_view(&sealed), &opened, &err));
		sealed.data[i] ^= 1;
	}
	for (size_t i = 0; i < sizeof(aad); i++) {
		aad[i] ^= 0x80;
		assert_error(ERR_CRYPTO,
		    hpke_open(pair.recipient, VIEW_OF(aad), buf_view(&sealed), &opened, &err));
		aad[i] ^= 0x80;
	}
	for (size_t i = 0; i < sizeof(info); i++) {
		HPKE *other = NULL;

		info[i] ^= 1;
		assert_ok(hpke_recipient(hpke_suite_default, VIEW_OF(pair.enc.bytes), &pair.public,
		    hpke_agree_local, pair.key, VIEW_OF(info), &other, &err));
		assert_error(ERR_CRYPTO,
		    hpke_open(other, VIEW_OF(aad), buf_view(&sealed), &opened, &err));
		info[i] ^= 1;
	}
	assert_null(opened);
	/* No failure used up the sequence number. */
	assert_ok(hpke_open(pair.recipient, VIEW_OF(aad), buf_view(&sealed), &opened, &err));
	assert_view(secret_view(opened), VIEW_OF("share"));
}

static void
a_ciphertext_of_any_other_length_is_refused(void **state)
{
	CLEANUP(pair_done) struct pair pair = {0};
	BUF sealed = {0};
	SECRET *opened = NULL;
	struct err err;

	(void)state;
	pair_fresh(&pair, hpke_suite_default, (struct view){0});
	assert_ok(hpke_seal(pair.sender, (struct view){0}, VIEW_OF("share"), &sealed, &err));
	buf_u8(&sealed, 0);
	for (size_t size = 0; size <= sealed.size; size++) {
		uint8_t *exact = exact_copy(view_of(sealed.data, size));

		if (size != sealed.size - 1)
			assert_error(ERR_CRYPTO,
			    hpke_open(pair.recipient, (struct view){0}, view_of(exact, size),
			        &opened, &err));
		free(exact);
	}
	assert_null(opened);
}

static enum err_code
must_not_agree(void *context, const struct point *peer, struct secret **ret_shared, struct err *err)
{
	(void)context;
	(void)peer;
	(void)ret_shared;
	fail_msg("a bad point reached the private key");
	return err_set(err, ERR_INTERNAL, "not reached");
}

static void
a_bad_encapsulation_never_reaches_the_private_key(void **state)
{
	P256_KEY *key = NULL;
	struct point public;
	HPKE *hpke = NULL;
	struct err err;
	uint8_t enc[POINT_SIZE + 1];

	(void)state;
	assert_ok(p256_key_new(&key, &err));
	p256_key_public(key, &public);
	memcpy(enc, public.bytes, POINT_SIZE);
	enc[POINT_SIZE] = 0;
	for (size_t size = 0; size <= POINT_SIZE + 1; size++) {
		uint8_t *exact = exact_copy(view_of(enc, size));

		if (size != POINT_SIZE)
			assert_error(ERR_INVALID,
			    hpke_recipient(hpke_suite_default, view_of(exact, size), &public,
			        must_not_agree, NULL, (struct view){0}, &hpke, &err));
		free(exact);
	}
	for (size_t i = 0; i < POINT_SIZE; i++) {
		enc[i] ^= 1; /* another first byte, or a point that is not on the curve */
		assert_error(ERR_INVALID,
		    hpke_recipient(hpke_suite_default, view_of(enc, POINT_SIZE), &public,
		        must_not_agree, NULL, (struct view){0}, &hpke, &err));
		enc[i] ^= 1;
	}
	assert_null(hpke);
}

/* A card that lies about the length of its answer. */
static enum err_code
agree_with_wrong_size(void *context, const struct point *peer, struct secret **ret_shared,
    struct err *err)
{
	const size_t *size = context;

	(void)peer;
	TRY(secret_new(64, ret_shared, err));
	return secret_resize(*ret_shared, *size, err);
}

static void
an_ecdh_result_must_have_32_bytes(void **state)
{
	P256_KEY *key = NULL;
	struct point public;
	struct err err;

	(void)state;
	assert_ok(p256_key_new(&key, &err));
	p256_key_public(key, &public);
	for (size_t size = 0; size <= 33; size++) {
		HPKE *hpke = NULL;
		enum err_code code = hpke_recipient(hpke_suite_default, VIEW_OF(public.bytes),
		    &public, agree_with_wrong_size, &size, (struct view){0}, &hpke, &err);

		assert_int_equal(code, size == 32 ? ERR_OK : ERR_CRYPTO);
	}
}

static void
unknown_suites_are_refused(void **state)
{
	static const struct hpke_suite suites[] = {
	    {0x0011, HPKE_KDF_SHA256, AEAD_AES_256_GCM},
	    {0x0020, HPKE_KDF_SHA256, AEAD_AES_256_GCM},
	    {HPKE_KEM_P256, 0x0002, AEAD_AES_256_GCM},
	    {HPKE_KEM_P256, 0x0000, AEAD_AES_256_GCM},
	    {HPKE_KEM_P256, HPKE_KDF_SHA256, 0x0000},
	    {HPKE_KEM_P256, HPKE_KDF_SHA256, 0x0004},
	    {HPKE_KEM_P256, HPKE_KDF_SHA256, 0xfffe},
	};
	P256_KEY *key = NULL;
	struct point public, enc;
	struct err err;

	(void)state;
	assert_ok(p256_key_new(&key, &err));
	p256_key_public(key, &public);
	for (size_t i = 0; i < ARRAY_SIZE(suites); i++) {
		HPKE *hpke = NULL;

		assert_error(ERR_INVALID,
		    hpke_sender(suites[i], &public, (struct view){0}, &hpke, &enc, &err));
		assert_says("is not known");
		assert_error(ERR_INVALID,
		    hpke_recipient(suites[i], VIEW_OF(public.bytes), &public, must_not_agree, NULL,
		        (struct view){0}, &hpke, &err));
		assert_null(hpke);
	}
}

static void
a_suite_cannot_be_exchanged_for_another(void **state)
{
	CLEANUP(pair_done) struct pair pair = {0};
	struct hpke_suite other = hpke_suite_default;
	SECRET *opened = NULL;
	HPKE *hpke = NULL;
	BUF sealed = {0};
	struct err err;

	(void)state;
	other.aead = AEAD_CHACHA20_POLY1305;
	pair_fresh(&pair, hpke_suite_default, (struct view){0});
	assert_ok(hpke_seal(pair.sender, (struct view){0}, VIEW_OF("share"), &sealed, &err));
	assert_ok(hpke_recipient(other, VIEW_OF(pair.enc.bytes), &pair.public, hpke_agree_local,
	    pair.key, (struct view){0}, &hpke, &err));
	assert_error(ERR_CRYPTO,
	    hpke_open(hpke, (struct view){0}, buf_view(&sealed), &opened, &err));
}

static void
a_context_serves_one_direction_only(void **state)
{
	CLEANUP(pair_done) struct pair pair = {0};
	BUF sealed = {0};
	SECRET *opened = NULL;
	struct err err;

	(void)state;
	pair_fresh(&pair, hpke_suite_default, (struct view){0});
	assert_error(ERR_INTERNAL,
	    hpke_seal(pair.recipient, (struct view){0}, VIEW_OF("x"), &sealed, &err));
	assert_ok(hpke_seal(pair.sender, (struct view){0}, VIEW_OF("x"), &sealed, &err));
	assert_error(ERR_INTERNAL,
	    hpke_open(pair.sender, (struct view){0}, buf_view(&sealed), &opened, &err));
}

static void
each_sender_draws_a_fresh_ephemeral_key(void **state)
{
	HPKE *first = NULL;
	HPKE *second = NULL;
	struct point public, enc, again;
	P256_KEY *key = NULL;
	struct err err;

	(void)state;
	assert_ok(p256_key_new(&key, &err));
	p256_key_public(key, &public);
	assert_ok(hpke_sender(hpke_suite_default, &public, (struct view){0}, &first, &enc, &err));
	assert_ok(
	    hpke_sender(hpke_suite_default, &public, (struct view){0}, &second, &again, &err));
	assert_false(point_equal(&enc, &again));
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
	    cmocka_unit_test(the_example_of_rfc_9180_comes_out),
	    cmocka_unit_test(all_base_mode_vectors_of_p256_come_out),
	    cmocka_unit_test(keys_are_derived_with_rejection_sampling),
	    cmocka_unit_test(keys_are_derived_with_rejection_sampling_as_in_the_draft),
	    cmocka_unit_test(a_key_is_not_derived_from_fewer_than_32_bytes),
	    cmocka_unit_test(every_changed_byte_of_ciphertext_aad_or_info_is_refused),
	    cmocka_unit_test(a_ciphertext_of_any_other_length_is_refused),
	    cmocka_unit_test(a_bad_encapsulation_never_reaches_the_private_key),
	    cmocka_unit_test(an_ecdh_result_must_have_32_bytes),
	    cmocka_unit_test(unknown_suites_are_refused),
	    cmocka_unit_test(a_suite_cannot_be_exchanged_for_another),
	    cmocka_unit_test(a_context_serves_one_direction_only),
	    cmocka_unit_test(each_sender_draws_a_fresh_ephemeral_key),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
