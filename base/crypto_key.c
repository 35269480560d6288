/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P-256 and Ed25519 keys over OpenSSL (base/crypto.h).  Private numbers go in and out through
 * secret memory and stay in OpenSSL's secure heap; without that heap no key is made.
 *
 * Received points pass point_from() first: OpenSSL's import would also take compressed, hybrid
 * and infinity encodings, and a card may compute with a point that is not on its curve.
 */
#include "base/crypto_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

struct p256_key {
	EVP_PKEY *key;
	struct point public;
};

DESTRUCTOR(key_done, EVP_PKEY, EVP_PKEY_free)
DESTRUCTOR(key_context_done, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
DESTRUCTOR(digest_done, EVP_MD_CTX, EVP_MD_CTX_free)
DESTRUCTOR(number_done, BIGNUM, BN_clear_free)
DESTRUCTOR(group_done, EC_GROUP, EC_GROUP_free)
DESTRUCTOR(ec_point_done, EC_POINT, EC_POINT_free)
DESTRUCTOR(build_done, OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
DESTRUCTOR(params_done, OSSL_PARAM, OSSL_PARAM_free)

#define KEY         CLEANUP(key_done) EVP_PKEY
#define KEY_CONTEXT CLEANUP(key_context_done) EVP_PKEY_CTX

static enum err_code
fail(struct err *err, const char *what)
{
	ERR_clear_error();
	return err_set(err, ERR_CRYPTO, "the cryptographic library failed: %s", what);
}

/* Without the secure heap OpenSSL would quietly keep private keys in ordinary memory. */
static enum err_code
check_started(struct err *err)
{
	if (!CRYPTO_secure_malloc_initialized())
		return err_set(err, ERR_INTERNAL, "crypto_start was not called");
	return ERR_OK;
}

/* A P-256 key from POINT and, unless it is NULL, the private NUMBER that belongs to it. */
static EVP_PKEY *
import_key(const struct point *point, const BIGNUM *number)
{
	CLEANUP(build_done) OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	CLEANUP(params_done) OSSL_PARAM *params = NULL;
	KEY_CONTEXT *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	int selection = number != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
	EVP_PKEY *key = NULL;

	if (build == NULL || context == NULL ||
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) !=
	        1 ||
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point->bytes,
	        sizeof(point->bytes)) != 1)
		return NULL;
	/* A number from secure memory is copied into secure memory. */
	if (number != NULL &&
	    OSSL_PARAM_BLD_push_BN_pad(build, OSSL_PKEY_PARAM_PRIV_KEY, number, SCALAR_SIZE) != 1)
		return NULL;
	params = OSSL_PARAM_BLD_to_param(build);
	if (params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, selection, params) != 1)
		return NULL;
	return key;
}

enum err_code
point_from(struct view bytes, struct point *ret_point, struct err *err)
{
	KEY_CONTEXT *context = NULL;
	struct point point;
	KEY *key = NULL;

	if (bytes.size != POINT_SIZE || bytes.data[0] != 4)
		return err_set(err, ERR_INVALID,
		    "a public key must be an uncompressed P-256 point of 65 bytes");
	memcpy(point.bytes, bytes.data, sizeof(point.bytes));
	key = import_key(&point, NULL);
	context = key != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
	if (context == NULL || EVP_PKEY_public_check(context) != 1) {
		ERR_clear_error();
		return err_set(err, ERR_INVALID, "a public key is not a point on P-256");
	}
	*ret_point = point;
	return ERR_OK;
}

static enum err_code
wrap_key(EVP_PKEY *key, const struct point *point, struct p256_key **ret_key, struct err *err)
{
	struct p256_key *wrapped = malloc(sizeof(*wrapped));

	if (wrapped == NULL) {
		EVP_PKEY_free(key);
		return err_set(err, ERR_MEMORY, "out of memory for a key");
	}
	*wrapped = (struct p256_key){.key = key, .public = *point};
	*ret_key = wrapped;
	return ERR_OK;
}

enum err_code
p256_key_new(struct p256_key **ret_key, struct err *err)
{
	KEY *key = NULL;
	struct point point;
	size_t size = 0;

	TRY(check_started(err));
	key = EVP_EC_gen("P-256");
	if (key == NULL ||
	    EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point.bytes,
	        sizeof(point.bytes), &size) != 1 ||
	    size != POINT_SIZE || point.bytes[0] != 4)
		return fail(err, "making a P-256 key");
	return wrap_key(TAKE(key), &point, ret_key, err);
}

/* The point of NUMBER; ERR_INVALID unless it is in 1..n-1. */
static enum err_code
multiply(const BIGNUM *number, struct point *ret_point, struct err *err)
{
	CLEANUP(group_done) EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	CLEANUP(ec_point_done) EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;

	if (point == NULL)
		return fail(err, "P-256");
	if (BN_is_zero(number) || BN_cmp(number, EC_GROUP_get0_order(group)) >= 0)
		return err_set(err, ERR_INVALID, "a private key is not in the range of P-256");
	if (EC_POINT_mul(group, point, number, NULL, NULL, NULL) != 1 ||
	    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, ret_point->bytes,
	        sizeof(ret_point->bytes), NULL) != POINT_SIZE)
		return fail(err, "P-256");
	return ERR_OK;
}

enum err_code
p256_key_from(const struct secret *scalar, struct p256_key **ret_key, struct err *err)
{
	CLEANUP(number_done) BIGNUM *number = NULL;
	struct point point;
	EVP_PKEY *key;

	TRY(check_started(err));
	if (secret_size(scalar) != SCALAR_SIZE)
		return err_set(err, ERR_INVALID, "a private key must have 32 bytes, not %zu",
		    secret_size(scalar));
	number = BN_secure_new();
	if (number == NULL || BN_bin2bn(secret_view(scalar).data, SCALAR_SIZE, number) == NULL)
		return fail(err, "reading a private key");
	BN_set_flags(number, BN_FLG_CONSTTIME);
	TRY(multiply(number, &point, err));
	key = import_key(&point, number);
	if (key == NULL)
		return fail(err, "importing a private key");
	return wrap_key(key, &point, ret_key, err);
}

enum err_code
p256_key_scalar(const struct p256_key *key, struct secret **ret_scalar, struct err *err)
{
	SECRET *scalar = NULL;
	OSSL_PARAM params[2];
	uint8_t *bytes;

	TRY(secret_new(SCALAR_SIZE, &scalar, err));
	bytes = secret_data(scalar);
	params[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, bytes, SCALAR_SIZE);
	params[1] = OSSL_PARAM_construct_end();
	if (EVP_PKEY_get_params(key->key, params) != 1 || params[0].return_size != SCALAR_SIZE)
		return fail(err, "reading a private key");
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	for (size_t i = 0; i < SCALAR_SIZE / 2; i++) { /* OpenSSL gives the machine's order */
		uint8_t byte = bytes[i];

		bytes[i] = bytes[SCALAR_SIZE - 1 - i];
		bytes[SCALAR_SIZE - 1 - i] = byte;
	}
#endif
	TRY(secret_resize(scalar, SCALAR_SIZE, err));
	*ret_scalar = TAKE(scalar);
	return ERR_OK;
}

void
p256_key_public(const struct p256_key *key, struct point *ret_point)
{
	*ret_point = key->public;
}

void
p256_key_free(struct p256_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->key);
	free(key);
}

/* On the curve and not infinity; P-256 has cofactor 1, so that nothing else can be wrong. */
static bool
is_on_curve(EVP_PKEY *key)
{
	KEY_CONTEXT *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

	return context != NULL && EVP_PKEY_public_check_quick(context) == 1;
}

enum err_code
p256_agree(const struct p256_key *key, const struct point *peer, struct secret **ret_shared,
    struct err *err)
{
	KEY_CONTEXT *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->key, NULL);
	KEY *peer_key = peer->bytes[0] == 4 ? import_key(peer, NULL) : NULL;
	size_t size = SCALAR_SIZE;
	SECRET *shared = NULL;

	if (peer_key == NULL || !is_on_curve(peer_key)) {
		ERR_clear_error();
		return err_set(err, ERR_INVALID, "a public key is not a point on P-256");
	}
	TRY(secret_new(SCALAR_SIZE, &shared, err));
	if (context == NULL || EVP_PKEY_derive_init(context) != 1 ||
	    EVP_PKEY_derive_set_peer_ex(context, peer_key, 0) != 1 ||
	    EVP_PKEY_derive(context, secret_data(shared), &size) != 1 || size != SCALAR_SIZE)
		return fail(err, "ECDH");
	TRY(secret_resize(shared, size, err));
	*ret_shared = TAKE(shared);
	return ERR_OK;
}

/* A positive DER INTEGER in its shortest form, of at most 32 significant bytes. */
static bool
read_der_integer(struct reader *reader)
{
	bool integer = reader_u8(reader) == 0x02;
	struct view bytes = reader_lp8(reader, SCALAR_SIZE + 1);

	if (!integer || bytes.size == 0 || (bytes.data[0] & 0x80) != 0)
		return false;
	if (bytes.data[0] == 0)
		return bytes.size > 1 && (bytes.data[1] & 0x80) != 0;
	return bytes.size <= SCALAR_SIZE;
}

/* SEQUENCE of two such integers and nothing else.  All lengths are below 128: one byte each. */
static bool
is_strict_signature(struct view signature)
{
	struct reader reader = reader_of(signature);
	bool sequence = reader_u8(&reader) == 0x30;
	struct reader inner = reader_of(reader_lp8(&reader, ECDSA_MAX - 2));

	return sequence && reader_end(&reader) && read_der_integer(&inner) &&
	    read_der_integer(&inner) && reader_end(&inner);
}

enum err_code
p256_verify(const struct point *key, const struct digest *digest, struct view signature,
    struct err *err)
{
	KEY *public = key->bytes[0] == 4 ? import_key(key, NULL) : NULL;
	KEY_CONTEXT *context = NULL;

	if (public == NULL || !is_on_curve(public)) {
		ERR_clear_error();
		return err_set(err, ERR_INVALID, "a public key is not a point on P-256");
	}
	if (!is_strict_signature(signature))
		return err_set(err, ERR_INTEGRITY, "a signature is malformed");
	context = EVP_PKEY_CTX_new_from_pkey(NULL, public, NULL);
	if (context == NULL || EVP_PKEY_verify_init(context) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) != 1)
		return fail(err, "ECDSA");
	if (EVP_PKEY_verify(context, signature.data, signature.size, digest->bytes,
	        sizeof(digest->bytes)) != 1) {
		ERR_clear_error();
		return err_set(err, ERR_INTEGRITY, "a signature does not verify");
	}
	return ERR_OK;
}

/* The private key of SEED. */
static enum err_code
import_seed(const struct secret *seed, EVP_PKEY **ret_key, struct err *err)
{
	EVP_PKEY *key;

	TRY(check_started(err));
	if (secret_size(seed) != ED25519_SIZE)
		return err_set(err, ERR_INVALID, "an Ed25519 seed must have 32 bytes, not %zu",
		    secret_size(seed));
	key = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, secret_view(seed).data,
	    ED25519_SIZE);
	if (key == NULL)
		return fail(err, "Ed25519");
	*ret_key = key;
	return ERR_OK;
}

enum err_code
ed25519_public(const struct secret *seed, struct ed25519_public *ret_key, struct err *err)
{
	struct ed25519_public public;
	size_t size = sizeof(public.bytes);
	KEY *key = NULL;

	TRY(import_seed(seed, &key, err));
	if (EVP_PKEY_get_raw_public_key(key, public.bytes, &size) != 1 || size != ED25519_SIZE)
		return fail(err, "Ed25519");
	*ret_key = public;
	return ERR_OK;
}

enum err_code
ed25519_sign(const struct secret *seed, struct view message,
    uint8_t ret_signature[ED25519_SIGNATURE_SIZE], struct err *err)
{
	CLEANUP(digest_done) EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t size = ED25519_SIGNATURE_SIZE;
	KEY *key = NULL;

	TRY(import_seed(seed, &key, err));
	if (context == NULL ||
	    EVP_DigestSignInit_ex(context, NULL, NULL, NULL, NULL, key, NULL) != 1 ||
	    EVP_DigestSign(context, ret_signature, &size, message.data, message.size) != 1 ||
	    size != ED25519_SIGNATURE_SIZE)
		return fail(err, "Ed25519");
	return ERR_OK;
}

enum err_code
ed25519_verify(const struct ed25519_public *key, struct view message, struct view signature,
    struct err *err)
{
	CLEANUP(digest_done) EVP_MD_CTX *context = EVP_MD_CTX_new();
	KEY *public =
	    EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, key->bytes, ED25519_SIZE);

	if (context == NULL || public == NULL ||
	    EVP_DigestVerifyInit_ex(context, NULL, NULL, NULL, NULL, public, NULL) != 1)
		return fail(err, "Ed25519");
	if (signature.size != ED25519_SIGNATURE_SIZE ||
	    EVP_DigestVerify(context, signature.data, signature.size, message.data, message.size) !=
	        1) {
		ERR_clear_error();
		return err_set(err, ERR_INTEGRITY, "a signature does not verify");
	}
	return ERR_OK;
}
