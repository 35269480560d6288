/* SPDX-License-Identifier: Apache-2.0 */
/* vault/seal/payload.c: what the DEK encrypts, its sizes, and the golden files that must open for ever. */
#include "tests/lib/files.h"
#include "tests/lib/sealed.h"
#include "vault/seal/envelope.h"
#include "vault/seal/opener.h"
#include "vault/seal/payload.h"

static const char *const seats[] = {"a", "b", NULL};

static void
every_byte_of_the_ciphertext_flipped_is_refused(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	SECRET *opened = NULL;
	sealed_make(&sealed, "2 of (a, b)", seats);
	struct view header = buf_view(&sealed.version.header);
	struct buf *ciphertext = &sealed.version.ciphertext;
	for (size_t i = 0; i < ciphertext->size; i++) {
		ciphertext->data[i] ^= 1;
		expect_error(sealed_open(header, buf_view(ciphertext), sealed.dek, &opened, &err),
		    ERR_INTEGRITY, &err, "ciphertext: ");
		ciphertext->data[i] ^= 1;
	}
	for (size_t size = 0; size < ciphertext->size; size++)
		expect_error(sealed_open(header, view_of(ciphertext->data, size), sealed.dek,
		                 &opened, &err),
		    ERR_INTEGRITY, &err, "ciphertext: ");
	fine(sealed_open(header, buf_view(ciphertext), sealed.dek, &opened, &err), &err);
	assert_true(secret_equal(opened, sealed.credential));
}

static void
another_dek_is_refused_before_the_tag(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	SECRET *opened = NULL;
	sealed_make(&sealed, "2 of (a, b)", seats);
	secret_data(sealed.dek)[31] ^= 1;
	sealed.version.ciphertext.data[0] ^= 1;
	expect_error(sealed_open(buf_view(&sealed.version.header),
	                 buf_view(&sealed.version.ciphertext), sealed.dek, &opened, &err),
	    ERR_INTEGRITY, &err, "com_dek");
	fine(secret_resize(sealed.dek, 31, &err), &err);
	expect_error(sealed_open(buf_view(&sealed.version.header),
	                 buf_view(&sealed.version.ciphertext), sealed.dek, &opened, &err),
	    ERR_INVALID, &err, "31 bytes");
}

static void
the_ciphertext_tells_only_the_next_power_of_two(void **state)
{
	(void)state;
	struct err err;
	/* What stands around a password: format, count, lp8 "password", u32. */
	enum { AROUND = 2 + 1 + 8 + 4 };
	static const struct {
		size_t encoded, padded;
	} rows[] = {{AROUND + 1, 256}, {252, 256}, {253, 512}, {508, 512}, {509, 1024},
	    {65532, 65536}, {65533, 131072}, {65536 + AROUND, 131072}};
	SEALED sealed = {0};
	sealed_prepare(&sealed, "1 of (a)", (const char *const[]){"a", NULL});
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		SECRET *opened = NULL;
		secret_freep(&sealed.credential);
		sealed.credential = password_of(rows[i].encoded - AROUND);
		assert_int_equal(secret_size(sealed.credential), rows[i].encoded);
		assert_int_equal(payload_size(rows[i].encoded), rows[i].padded);
		sealed_seal(&sealed);
		assert_int_equal(sealed.version.ciphertext.size, rows[i].padded + AEAD_TAG_SIZE);
		assert_true(sealed.version.ciphertext.size <= CIPHERTEXT_MAX);
		fine(sealed_open(buf_view(&sealed.version.header),
		         buf_view(&sealed.version.ciphertext), sealed.dek, &opened, &err),
		    &err);
		assert_true(secret_equal(opened, sealed.credential));
	}
}

static void
refuse_credential(const struct sealed *sealed, struct view credential, const char *text)
{
	struct err err;
	SEALED_VERSION version = {0};
	expect_error(seal_version(sealed->ids, &sealed->quorum, sealed->recipients, sealed->count,
	                 credential, &version, NULL, &err),
	    ERR_INVALID, &err, text);
	assert_null(version.envelopes);
	assert_int_equal(version.header.size, 0);
}

static void
a_credential_of_64_kib_is_sealed_and_one_byte_more_refused(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	BUF large = {0};
	sealed_prepare(&sealed, "1 of (a)", (const char *const[]){"a", NULL});
	secret_freep(&sealed.credential);
	sealed.credential = password_of(CREDENTIAL_MAX);
	sealed_seal(&sealed);
	/* The same with one byte more, encoded by hand since credential_add refuses it. */
	buf_u8(&large, 1);
	buf_u8(&large, 1);
	buf_lp8(&large, view_of_text("password"));
	buf_u32(&large, CREDENTIAL_MAX + 1);
	memset(buf_space(&large, CREDENTIAL_MAX + 1), 'p', CREDENTIAL_MAX + 1);
	fine(buf_check(&large, &err), &err);
	refuse_credential(&sealed, buf_view(&large), "64 KiB");
	refuse_credential(&sealed, view_of("", 0), "credential");
}

/* Encrypt BYTES as a payload by hand, under the right keys. */
static enum err_code
open_handmade(struct sealed *sealed, struct view bytes, struct err *err)
{
	SECRET *prk = NULL;
	SECRET *enc = NULL;
	SECRET *opened = NULL;
	BUF info = {0};
	BUF ciphertext = {0};
	const uint8_t nonce[AEAD_NONCE_SIZE] = {0};
	struct view dek = secret_view(sealed->dek), header = buf_view(&sealed->version.header);
	buf_lp8(&info, view_of_text("enc"));
	buf_lp8(&info, view_of_text("halligan/v1 dek"));
	buf_bytes(&info, VIEW_OF(sealed->ids->vault.bytes));
	buf_bytes(&info, VIEW_OF(sealed->ids->secret.bytes));
	buf_u32(&info, sealed->ids->version);
	struct view part = buf_view(&info);
	fine(hkdf_extract(view_of("", 0), &dek, 1, &prk, err), err);
	fine(hkdf_expand(prk, &part, 1, 32, &enc, err), err);
	fine(aead_seal(AEAD_AES_256_GCM, enc, nonce, view_of(header.data, header.size - 32), bytes,
	         &ciphertext, err),
	    err);
	return sealed_open(header, buf_view(&ciphertext), sealed->dek, &opened, err);
}

static void
malformed_payloads_are_refused_though_their_tag_is_right(void **state)
{
	(void)state;
	struct err err;
	SEALED sealed = {0};
	uint8_t payload[512] = {0};
	sealed_make(&sealed, "1 of (a)", (const char *const[]){"a", NULL});
	struct view credential = secret_view(sealed.credential);
	payload[3] = (uint8_t)credential.size;
	memcpy(payload + 4, credential.data, credential.size);
	fine(open_handmade(&sealed, view_of(payload, 256), &err), &err);
	expect_error(open_handmade(&sealed, view_of(payload, 512), &err), ERR_INTEGRITY, &err,
	    "length");
	payload[255] = 1;
	expect_error(open_handmade(&sealed, view_of(payload, 256), &err), ERR_INTEGRITY, &err,
	    "padding");
	payload[255] = 0;
	payload[4] = 9;
	expect_error(open_handmade(&sealed, view_of(payload, 256), &err), ERR_VERSION, &err,
	    "payload: credential has format 9");
	payload[4] = 1;
	payload[5] = 0;
	expect_error(open_handmade(&sealed, view_of(payload, 256), &err), ERR_INTEGRITY, &err,
	    "payload: credential");
	payload[5] = 1;
	payload[3] = 0;
	expect_error(open_handmade(&sealed, view_of(payload, 256), &err), ERR_INTEGRITY, &err,
	    "length");
	payload[0] = 0xff;
	expect_error(open_handmade(&sealed, view_of(payload, 256), &err), ERR_INTEGRITY, &err,
	    "length");
}

static void
golden_version_opens_for_ever(void **state)
{
	(void)state;
	struct err err;
	BUF header = {0};
	BUF ciphertext = {0};
	BUF dek_bytes = {0};
	BUF credential = {0};
	SECRET *dek = NULL;
	SECRET *opened = NULL;
	struct view password;
	fine(read_repository_file("tests/golden/version-1.header", &header, &err), &err);
	fine(read_repository_file("tests/golden/version-1.ciphertext", &ciphertext, &err), &err);
	fine(read_repository_file("tests/golden/version-1.dek", &dek_bytes, &err), &err);
	fine(read_repository_file("tests/golden/version-1.credential", &credential, &err), &err);
	fine(secret_from(buf_view(&dek_bytes), &dek, &err), &err);
	fine(sealed_open(buf_view(&header), buf_view(&ciphertext), dek, &opened, &err), &err);
	assert_true(view_equal(secret_view(opened), buf_view(&credential)));
	fine(credential_get(secret_view(opened), FIELD_PASSWORD, &password, &err), &err);
	assert_true(view_equal(password, view_of_text("correct horse battery staple")));
}

static void
golden_envelope_opens_for_ever(void **state)
{
	(void)state;
	struct err err;
	BUF bytes = {0};
	BUF envelope = {0};
	BUF scalar_bytes = {0};
	SECRET *scalar = NULL;
	SECRET *shares = NULL;
	P256_KEY *key = NULL;
	HEADER *header = NULL;
	struct digest hash;
	fine(read_repository_file("tests/golden/version-1.header", &bytes, &err), &err);
	fine(read_repository_file("tests/golden/version-1.envelope", &envelope, &err), &err);
	fine(read_repository_file("tests/golden/version-1.share-key", &scalar_bytes, &err), &err);
	fine(crypto_start(&err), &err);
	fine(secret_from(buf_view(&scalar_bytes), &scalar, &err), &err);
	fine(p256_key_from(scalar, &key, &err), &err);
	fine(header_new(&header, &err), &err);
	fine(header_decode(buf_view(&bytes), header, &err), &err);
	fine(header_hash(buf_view(&bytes), &hash, &err), &err);
	fine(seal_open_envelope(header, &hash, 0, view_of(envelope.data, POINT_SIZE),
	         view_of(envelope.data + POINT_SIZE, envelope.size - POINT_SIZE), hpke_agree_local,
	         key, &shares, &err),
	    &err);
	assert_int_equal(secret_size(shares), ENVELOPE_SHARE_SIZE);
}

static int
start(void **state)
{
	(void)state;
	struct err err;
	return crypto_start(&err) == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_byte_of_the_ciphertext_flipped_is_refused),
	    cmocka_unit_test(another_dek_is_refused_before_the_tag),
	    cmocka_unit_test(the_ciphertext_tells_only_the_next_power_of_two),
	    cmocka_unit_test(a_credential_of_64_kib_is_sealed_and_one_byte_more_refused),
	    cmocka_unit_test(malformed_payloads_are_refused_though_their_tag_is_right),
	    cmocka_unit_test(golden_version_opens_for_ever),
	    cmocka_unit_test(golden_envelope_opens_for_ever),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
