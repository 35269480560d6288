/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL's ECB modes without padding.  The key schedule lives in OpenSSL's own context, which
 * wipes it when it is freed.
 */
#include "tokens/piv/block.h"

#include <openssl/evp.h>

static const struct cipher {
	uint8_t id;
	size_t key_size, block_size;
	const EVP_CIPHER *(*evp)(void);
} ciphers[] = {
    {BLOCK_3DES, 24, 8, EVP_des_ede3_ecb},
    {BLOCK_AES_128, 16, 16, EVP_aes_128_ecb},
    {BLOCK_AES_192, 24, 16, EVP_aes_192_ecb},
    {BLOCK_AES_256, 32, 16, EVP_aes_256_ecb},
};

DESTRUCTOR(context_freep, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

static const struct cipher *
cipher_of(uint8_t id)
{
	for (size_t i = 0; i < ARRAY_SIZE(ciphers); i++) {
		if (ciphers[i].id == id)
			return &ciphers[i];
	}
	return NULL;
}

size_t
block_key_size(uint8_t cipher)
{
	const struct cipher *found = cipher_of(cipher);

	return found == NULL ? 0 : found->key_size;
}

size_t
block_size(uint8_t cipher)
{
	const struct cipher *found = cipher_of(cipher);

	return found == NULL ? 0 : found->block_size;
}

static enum err_code
run(uint8_t id, const struct secret *key, int encrypt, const uint8_t *in, uint8_t *ret_out,
    struct err *err)
{
	const struct cipher *cipher = cipher_of(id);
	CLEANUP(context_freep) EVP_CIPHER_CTX *context = NULL;
	int size = 0;

	if (cipher == NULL)
		return err_set(err, ERR_INVALID, "no block cipher has the identifier %02x", id);
	if (secret_size(key) != cipher->key_size)
		return err_set(err, ERR_INVALID,
		    "the management key has %zu bytes, but this token's has %zu", secret_size(key),
		    cipher->key_size);
	context = EVP_CIPHER_CTX_new();
	if (context == NULL ||
	    EVP_CipherInit_ex2(context, cipher->evp(), secret_view(key).data, NULL, encrypt,
	        NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(context, 0) != 1 ||
	    EVP_CipherUpdate(context, ret_out, &size, in, (int)cipher->block_size) != 1 ||
	    (size_t)size != cipher->block_size)
		return err_set(err, ERR_CRYPTO, "OpenSSL cannot run a block cipher (%02x)", id);
	return ERR_OK;
}

enum err_code
block_encrypt(uint8_t cipher, const struct secret *key, const uint8_t *in, uint8_t *ret_out,
    struct err *err)
{
	return run(cipher, key, 1, in, ret_out, err);
}

enum err_code
block_decrypt(uint8_t cipher, const struct secret *key, const uint8_t *in, uint8_t *ret_out,
    struct err *err)
{
	return run(cipher, key, 0, in, ret_out, err);
}
