/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens/sim/crypto/edwards.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

DESTRUCTOR(key_freep, EVP_PKEY, EVP_PKEY_free)
DESTRUCTOR(context_freep, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
DESTRUCTOR(digest_freep, EVP_MD_CTX, EVP_MD_CTX_free)

#define KEY CLEANUP(key_freep) EVP_PKEY

static enum err_code
crypto_failed(struct err *err, const char *what)
{
	return err_set(err, ERR_CRYPTO, "OpenSSL could not %s", what);
}

bool
sim_edwards(int nid)
{
	return nid == EVP_PKEY_ED25519 || nid == EVP_PKEY_X25519;
}

enum err_code
sim_edwards_import(int nid, struct view seed, struct buf *ret_private, struct err *err)
{
	uint8_t *der = NULL;

	if (seed.size != SIM_EDWARDS_SIZE)
		return err_set(err, ERR_INVALID, "such a key has %d bytes, not %zu",
		    SIM_EDWARDS_SIZE, seed.size);
	KEY *key = EVP_PKEY_new_raw_private_key(nid, NULL, seed.data, seed.size);
	PKCS8_PRIV_KEY_INFO *info = key == NULL ? NULL : EVP_PKEY2PKCS8(key);
	int size = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	PKCS8_PRIV_KEY_INFO_free(info);
	if (size <= 0)
		return crypto_failed(err, "import a key");
	buf_bytes(ret_private, view_of(der, (size_t)size));
	OPENSSL_free(der);
	return buf_check(ret_private, err);
}

/* ERR_INVALID when it is not of the kind NID. */
static enum err_code
key_load(struct view private_key, int nid, EVP_PKEY **ret_key, struct err *err)
{
	const uint8_t *at = private_key.data;

	*ret_key = d2i_AutoPrivateKey(NULL, &at, (long)private_key.size);
	if (*ret_key == NULL)
		return crypto_failed(err, "read a key of the state");
	if (EVP_PKEY_get_base_id(*ret_key) != nid)
		return err_set(err, ERR_INVALID, "the key cannot do that");
	return ERR_OK;
}

enum err_code
sim_edwards_sign(struct view private_key, struct view message, struct buf *ret_signature,
    struct err *err)
{
	KEY *key = NULL;
	CLEANUP(digest_freep) EVP_MD_CTX *digest = EVP_MD_CTX_new();
	uint8_t signature[SIM_EDWARDS_SIGNATURE_SIZE];
	size_t size = sizeof(signature);

	TRY(key_load(private_key, EVP_PKEY_ED25519, &key, err));
	if (digest == NULL || EVP_DigestSignInit(digest, NULL, NULL, NULL, key) != 1 ||
	    EVP_DigestSign(digest, signature, &size, message.data, message.size) != 1)
		return crypto_failed(err, "sign");
	buf_bytes(ret_signature, view_of(signature, size));
	return buf_check(ret_signature, err);
}

enum err_code
sim_edwards_agree(struct view private_key, struct view point, struct buf *ret_shared,
    struct err *err)
{
	KEY *key = NULL;
	uint8_t shared[SIM_EDWARDS_SIZE];
	size_t size = sizeof(shared);

	TRY(key_load(private_key, EVP_PKEY_X25519, &key, err));
	if (point.size != SIM_EDWARDS_SIZE)
		return err_set(err, ERR_INVALID, "not %d bytes of a public key", SIM_EDWARDS_SIZE);
	KEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point.data, point.size);
	CLEANUP(context_freep)
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (peer == NULL || context == NULL || EVP_PKEY_derive_init(context) != 1)
		return crypto_failed(err, "prepare a key agreement");
	/* OpenSSL refuses the all-zero result, which only points of low order give. */
	if (EVP_PKEY_derive_set_peer(context, peer) != 1 ||
	    EVP_PKEY_derive(context, shared, &size) != 1)
		return err_set(err, ERR_INVALID, "the point is of low order");
	buf_bytes(ret_shared, view_of(shared, size));
	return buf_check(ret_shared, err);
}
