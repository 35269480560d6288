/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-GCM does not commit to its key, so com_dek is checked before the tag: m officers who agree
 * cannot prepare shares of another DEK under which the same ciphertext opens to something else.
 * The nonce is zero because K_enc encrypts once: every version has a fresh DEK.
 */
#include "vault/seal/payload.h"

#include <string.h>

#include "base/credential.h"

static const uint8_t nonce[AEAD_NONCE_SIZE] = {0};

enum { LENGTH_SIZE = 4, KEY_SIZE = 32 };

/* HKDF-Expand(PRK, lp8 LABEL || ids, 32). */
static enum err_code
expand_key(const struct header *header, const struct secret *prk, const char *label,
    struct secret **ret_key, struct err *err)
{
	BUF info = {0};
	buf_lp8(&info, view_of_text(label));
	buf_lp8(&info, view_of_text("halligan/v1 dek"));
	buf_bytes(&info, VIEW_OF(header->vault.bytes));
	buf_bytes(&info, VIEW_OF(header->secret.bytes));
	buf_u32(&info, header->version);
	TRY(buf_check(&info, err));
	struct view part = buf_view(&info);
	return hkdf_expand(prk, &part, 1, KEY_SIZE, ret_key, err);
}

static enum err_code
derive_keys(const struct header *header, const struct secret *dek, struct secret **ret_enc,
    struct secret **ret_com, struct err *err)
{
	SECRET *prk = NULL;
	SECRET *enc = NULL;
	struct view ikm = secret_view(dek);
	if (ikm.size != DEK_SIZE)
		return err_set(err, ERR_INVALID, "the DEK has %zu bytes, expected %d", ikm.size,
		    (int)DEK_SIZE);
	TRY(hkdf_extract(view_of("", 0), &ikm, 1, &prk, err));
	TRY(expand_key(header, prk, "enc", &enc, err));
	TRY(expand_key(header, prk, "com", ret_com, err));
	*ret_enc = TAKE(enc);
	return ERR_OK;
}

size_t
payload_size(size_t size)
{
	size_t padded = PAYLOAD_MIN;
	while (padded < LENGTH_SIZE + size)
		padded *= 2;
	return padded;
}

static enum err_code
pad(struct view credential, struct secret **ret_payload, struct err *err)
{
	SECRET *payload = NULL;
	const uint8_t length[LENGTH_SIZE] = {(uint8_t)(credential.size >> 24),
	    (uint8_t)(credential.size >> 16), (uint8_t)(credential.size >> 8),
	    (uint8_t)credential.size};
	size_t size = payload_size(credential.size);
	TRY(secret_new(size, &payload, err));
	memcpy(secret_data(payload), length, sizeof(length));
	memcpy(secret_data(payload) + LENGTH_SIZE, credential.data, credential.size);
	TRY(secret_resize(payload, size, err));
	*ret_payload = TAKE(payload);
	return ERR_OK;
}

/* The tag was right: a wrong padding means that whoever sealed it did not keep to the format. */
static enum err_code
unpad(const struct secret *payload, struct secret **ret_credential, struct err *err)
{
	struct view padded = secret_view(payload);
	struct reader reader = reader_of(padded);
	struct view credential = {NULL, 0};
	uint32_t length = reader_u32(&reader);
	uint8_t rest = 0;
	if (length <= CREDENTIAL_ENCODED_MAX)
		credential = reader_bytes(&reader, length);
	if (reader.failed || credential.size == 0 || payload_size(length) != padded.size)
		return err_set(err, ERR_INTEGRITY, "payload: length does not fit its size");
	for (size_t i = 0; i < reader.rest.size; i++)
		rest |= reader.rest.data[i];
	if (rest != 0)
		return err_set(err, ERR_INTEGRITY, "payload: padding is not zero");
	if (credential_check(credential, err) != ERR_OK) {
		if (err->code == ERR_INVALID)
			err->code = ERR_INTEGRITY;
		return err_add(err, "payload");
	}
	return secret_from(credential, ret_credential, err);
}

enum err_code
payload_seal(struct header *header, const struct secret *dek, struct view credential,
    struct buf *ret_header, struct buf *ret_ciphertext, struct err *err)
{
	SECRET *enc = NULL;
	SECRET *com = NULL;
	SECRET *payload = NULL;
	BUF aad = {0};
	TRY(derive_keys(header, dek, &enc, &com, err));
	TRY(header_encode_aad(header, &aad, err));
	struct view part = buf_view(&aad);
	TRY(hmac_sha256(secret_view(com), &part, 1, &header->com_dek, err));
	TRY(pad(credential, &payload, err));
	TRY(aead_seal(AEAD_AES_256_GCM, enc, nonce, part, secret_view(payload), ret_ciphertext,
	    err));
	return header_encode(header, ret_header, err);
}

static enum err_code
check_encoding(const struct header *header, struct view bytes, struct err *err)
{
	BUF encoded = {0};
	TRY(header_encode(header, &encoded, err));
	if (!view_equal(buf_view(&encoded), bytes))
		return err_set(err, ERR_INTEGRITY, "header: not the one that was decoded");
	return ERR_OK;
}

enum err_code
payload_open(const struct header *header, const struct secret *dek, struct view header_bytes,
    struct view ciphertext, struct secret **ret_credential, struct err *err)
{
	SECRET *enc = NULL;
	SECRET *com = NULL;
	SECRET *payload = NULL;
	struct digest com_dek;
	TRY(check_encoding(header, header_bytes, err));
	struct view aad = {header_bytes.data, header_bytes.size - DIGEST_SIZE};
	TRY(derive_keys(header, dek, &enc, &com, err));
	TRY(hmac_sha256(secret_view(com), &aad, 1, &com_dek, err));
	if (!digest_equal(&com_dek, &header->com_dek))
		return err_set(err, ERR_INTEGRITY,
		    "header: com_dek: the shares, or the header, are not those of this version");
	if (ciphertext.size > CIPHERTEXT_MAX || ciphertext.size < PAYLOAD_MIN + AEAD_TAG_SIZE)
		return err_set(err, ERR_INTEGRITY, "ciphertext: %zu bytes, expected %d to %d",
		    ciphertext.size, PAYLOAD_MIN + AEAD_TAG_SIZE, (int)CIPHERTEXT_MAX);
	if (aead_open(AEAD_AES_256_GCM, enc, nonce, aad, ciphertext, &payload, err) != ERR_OK) {
		if (err->code != ERR_CRYPTO)
			return err_add(err, "ciphertext");
		return err_set(err, ERR_INTEGRITY,
		    "ciphertext: was changed: its tag does not verify");
	}
	return unpad(payload, ret_credential, err);
}
