/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens/formats/fido_keys.h"

#include "base/hpke.h"
#include "base/random.h"

static const char *const labels[TOKEN_KEYS] = {
    [TOKEN_SHARE] = "halligan/v1 fido2 share",
    [TOKEN_RELEASE] = "halligan/v1 fido2 release",
};

enum err_code
fido_salts(const struct digest *salt, uint8_t ret_salts[FIDO_SALTS_SIZE], struct err *err)
{
	for (unsigned key = TOKEN_SHARE; key <= TOKEN_RELEASE; key++) {
		BUF text = {0};
		struct digest digest;

		buf_lp8(&text, view_of_text(labels[key]));
		buf_bytes(&text, VIEW_OF(salt->bytes));
		TRY(buf_check(&text, err));
		TRY(sha256_one(buf_view(&text), &digest, err));
		for (size_t i = 0; i < DIGEST_SIZE; i++)
			ret_salts[(key - TOKEN_SHARE) * DIGEST_SIZE + i] = digest.bytes[i];
	}
	return ERR_OK;
}

enum err_code
fido_key(const struct secret *prf, enum token_key key, struct p256_key **ret_key, struct err *err)
{
	SECRET *prk = NULL, *ikm = NULL;
	BUF label = {0};

	if (key != TOKEN_SHARE && key != TOKEN_RELEASE)
		return err_set(err, ERR_INTERNAL, "this key is not derived");
	if (secret_size(prf) != FIDO_SALTS_SIZE)
		return err_set(err, ERR_INVALID, "a secret function must give %d bytes, not %zu",
		    FIDO_SALTS_SIZE, secret_size(prf));
	struct view output =
	    view_of(secret_view(prf).data + (key - TOKEN_SHARE) * DIGEST_SIZE, DIGEST_SIZE);

	buf_lp8(&label, view_of_text(labels[key]));
	TRY(buf_check(&label, err));
	struct view info = buf_view(&label);

	TRY(hkdf_extract((struct view){0}, &output, 1, &prk, err));
	TRY(hkdf_expand(prk, &info, 1, DIGEST_SIZE, &ikm, err));
	return hpke_derive_key(ikm, ret_key, err);
}

enum err_code
fido_credential_hash(const struct digest *init, const char *seat, const struct digest *salt,
    struct digest *ret_hash, struct err *err)
{
	BUF text = {0};

	buf_lp8(&text, view_of_text("halligan/v1 fido2 credential"));
	buf_bytes(&text, VIEW_OF(init->bytes));
	buf_lp8(&text, view_of_text(seat));
	buf_bytes(&text, VIEW_OF(salt->bytes));
	TRY(buf_check(&text, err));
	return sha256_one(buf_view(&text), ret_hash, err);
}

enum err_code
fido_derive_hash(struct digest *ret_hash, struct err *err)
{
	uint8_t random[DIGEST_SIZE];
	BUF text = {0};

	TRY(random_bytes(random, sizeof(random), err));
	buf_lp8(&text, view_of_text("halligan/v1 fido2 derive"));
	buf_bytes(&text, VIEW_OF(random));
	TRY(buf_check(&text, err));
	return sha256_one(buf_view(&text), ret_hash, err);
}
