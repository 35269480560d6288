/* SPDX-License-Identifier: Apache-2.0 */
/* The key goes to OpenSSL as an ECPrivateKey of RFC 5915. */
#include "tests/lib/p256_sign.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

DESTRUCTOR(key_freep, EVP_PKEY, EVP_PKEY_free)
DESTRUCTOR(context_freep, EVP_PKEY_CTX, EVP_PKEY_CTX_free)

enum err_code
p256_sign(const struct p256_key *key, const struct digest *digest, struct buf *ret_signature,
    struct err *err)
{
	static const uint8_t begins[] = {0x30, 0x77, 0x02, 1, 1, 0x04, SCALAR_SIZE};
	static const uint8_t curve[] = {0xa0, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	static const uint8_t point_begins[] = {0xa1, 68, 0x03, 66, 0};
	CLEANUP(key_freep) EVP_PKEY *pair = NULL;
	CLEANUP(context_freep) EVP_PKEY_CTX *context = NULL;
	SECRET *scalar = NULL;
	BUF der = {0};
	struct point public;
	uint8_t signature[72];
	size_t size = sizeof(signature);

	TRY(p256_key_scalar(key, &scalar, err));
	p256_key_public(key, &public);
	buf_bytes(&der, VIEW_OF(begins));
	buf_bytes(&der, secret_view(scalar));
	buf_bytes(&der, VIEW_OF(curve));
	buf_bytes(&der, VIEW_OF(point_begins));
	buf_bytes(&der, VIEW_OF(public.bytes));
	TRY(buf_check(&der, err));
	const unsigned char *at = der.data;
	pair = d2i_PrivateKey(EVP_PKEY_EC, NULL, &at, (long)der.size);
	context = pair != NULL ? EVP_PKEY_CTX_new(pair, NULL) : NULL;
	if (context == NULL || EVP_PKEY_sign_init(context) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) != 1 ||
	    EVP_PKEY_sign(context, signature, &size, digest->bytes, sizeof(digest->bytes)) != 1)
		return err_set(err, ERR_CRYPTO, "a test's signature");
	buf_bytes(ret_signature, view_of(signature, size));
	return buf_check(ret_signature, err);
}
