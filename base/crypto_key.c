/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P-256 and Ed25519 keys over OpenSSL (base/crypto.h).  Private numbers go in and out through
 * secret memory and stay in OpenSSL's secure heap; without that heap no key is made.
 *
 * A P-256 key is a number and its point, multiplied on the curve itself (EC_POINT_mul, in constant time for one
 * scalar): EVP does the same after it has looked for algorithms, made a curve and wrapped both points.  Ed25519
 * and ECDSA are EVP's.
 *
 * Received points pass point_from() first: OpenSSL's import would also take compressed, hybrid
 * and infinity encodings, and a card may compute with a point that is not on its curve.  P-256 has cofactor 1:
 * what is on the curve and not infinity is in the group, and no multiplication is needed to know it.
 */
#include "base/crypto_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct p256_key {
	BIGNUM *number; /* in the secure heap */
	struct point public;
};

DESTRUCTOR(key_done, EVP_PKEY, EVP_PKEY_free)
DESTRUCTOR(key_context_done, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
DESTRUCTOR(digest_done, EVP_MD_CTX, EVP_MD_CTX_free)
DESTRUCTOR(number_done, BIGNUM, BN_clear_free)
DESTRUCTOR(numbers_done, BN_CTX, BN_CTX_free)
DESTRUCTOR(ec_point_done, EC_POINT, EC_POINT_clear_free)

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

/* What each key needs, made once, never freed and never changed any more; NULL what could not be made. */
struct p256 {
	pthread_once_t once;
	EC_GROUP *group;
	EVP_PKEY *blank; /* a key without its point, to be copied */
};

static struct p256 p256 = {.once = PTHREAD_ONCE_INIT};

static void
make_p256(void)
{
	KEY_CONTEXT *context = NULL;
	char name[] = "prime256v1";
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
	    OSSL_PARAM_construct_end(),
	};

	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return;
	p256.group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (context != NULL && EVP_PKEY_fromdata_init(context) == 1)
		(void)EVP_PKEY_fromdata(context, &p256.blank, EVP_PKEY_KEY_PARAMETERS, params);
}

/* NULL when OpenSSL could not make it. */
static const EC_GROUP *
group(void)
{
	pthread_once(&p256.once, make_p256);
	return p256.group;
}

/* POINT as OpenSSL has it; NULL unless it is on the curve, uncompressed and not infinity. */
static EC_POINT *
decode(const struct point *point)
{
	CLEANUP(ec_point_done) EC_POINT *decoded = group() != NULL ? EC_POINT_new(group()) : NULL;

	if (decoded == NULL || point->bytes[0] != 4 ||
	    EC_POINT_oct2point(group(), decoded, point->bytes, sizeof(point->bytes), NULL) != 1 ||
	    EC_POINT_is_at_infinity(group(), decoded) != 0 ||
	    EC_POINT_is_on_curve(group(), decoded, NULL) != 1)
		return NULL;
	return TAKE(decoded);
}

static enum err_code
not_on_curve(struct err *err)
{
	ERR_clear_error();
	return err_set(err, ERR_INVALID, "a public key is not a point on P-256");
}

enum err_code
point_from(struct view bytes, struct point *ret_point, struct err *err)
{
	CLEANUP(ec_point_done) EC_POINT *decoded = NULL;
	struct point point;

	if (bytes.size != POINT_SIZE || bytes.data[0] != 4)
		return err_set(err, ERR_INVALID,
		    "a public key must be an uncompressed P-256 point of 65 bytes");
	memcpy(point.bytes, bytes.data, sizeof(point.bytes));
	decoded = decode(&point);
	if (decoded == NULL)
		return not_on_curve(err);
	*ret_point = point;
	return ERR_OK;
}

/* The point of NUMBER, which is in 1..n-1. */
static bool
multiply(const BIGNUM *number, struct point *ret_point)
{
	CLEANUP(ec_point_done) EC_POINT *point = EC_POINT_new(group());

	return point != NULL && EC_POINT_mul(group(), point, number, NULL, NULL, NULL) == 1 &&
	    EC_POINT_point2oct(group(), point, POINT_CONVERSION_UNCOMPRESSED, ret_point->bytes,
	        sizeof(ret_point->bytes), NULL) == POINT_SIZE;
}

/* Takes NUMBER, which is in 1..n-1. */
static enum err_code
wrap_number(BIGNUM **number, struct p256_key **ret_key, struct err *err)
{
	P256_KEY *key = calloc(1, sizeof(*key));

	if (key == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a key");
	key->number = TAKE(*number);
	if (!multiply(key->number, &key->public))
		return fail(err, "P-256");
	*ret_key = TAKE(key);
	return ERR_OK;
}

/* A number in the secure heap with which OpenSSL computes in constant time. */
static BIGNUM *
private_number(void)
{
	BIGNUM *number = BN_secure_new();

	if (number != NULL)
		BN_set_flags(number, BN_FLG_CONSTTIME);
	return number;
}

enum err_code
p256_key_new(struct p256_key **ret_key, struct err *err)
{
	CLEANUP(number_done) BIGNUM *number = NULL;

	TRY(check_started(err));
	number = private_number();
	if (number == NULL || group() == NULL)
		return fail(err, "making a P-256 key");
	do {
		if (BN_priv_rand_range(number, EC_GROUP_get0_order(group())) != 1)
			return fail(err, "making a P-256 key");
	} while (BN_is_zero(number));
	return wrap_number(&number, ret_key, err);
}

enum err_code
p256_key_from(const struct secret *scalar, struct p256_key **ret_key, struct err *err)
{
	CLEANUP(number_done) BIGNUM *number = NULL;

	TRY(check_started(err));
	if (secret_size(scalar) != SCALAR_SIZE)
		return err_set(err, ERR_INVALID, "a private key must have 32 bytes, not %zu",
		    secret_size(scalar));
	number = private_number();
	if (number == NULL || group() == NULL ||
	    BN_bin2bn(secret_view(scalar).data, SCALAR_SIZE, number) == NULL)
		return fail(err, "reading a private key");
	if (BN_is_zero(number) || BN_cmp(number, EC_GROUP_get0_order(group())) >= 0)
		return err_set(err, ERR_INVALID, "a private key is not in the range of P-256");
	return wrap_number(&number, ret_key, err);
}

enum err_code
p256_key_scalar(const struct p256_key *key, struct secret **ret_scalar, struct err *err)
{
	SECRET *scalar = NULL;

	TRY(secret_new(SCALAR_SIZE, &scalar, err));
	if (BN_bn2binpad(key->number, secret_data(scalar), SCALAR_SIZE) != SCALAR_SIZE)
		return fail(err, "reading a private key");
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
	BN_clear_free(key->number);
	free(key);
}

/* The x-coordinate of NUMBER times PEER, 32 bytes in secret memory. */
static bool
agree(const BIGNUM *number, const EC_POINT *peer, uint8_t *ret_shared)
{
	CLEANUP(numbers_done) BN_CTX *numbers = BN_CTX_secure_new(); /* wiped when freed */
	CLEANUP(number_done) BIGNUM *x = BN_secure_new();
	CLEANUP(ec_point_done) EC_POINT *product = EC_POINT_new(group());

	return numbers != NULL && x != NULL && product != NULL &&
	    EC_POINT_mul(group(), product, NULL, peer, number, numbers) == 1 &&
	    EC_POINT_is_at_infinity(group(), product) == 0 &&
	    EC_POINT_get_affine_coordinates(group(), product, x, NULL, numbers) == 1 &&
	    BN_bn2binpad(x, ret_shared, SCALAR_SIZE) == SCALAR_SIZE;
}

enum err_code
p256_agree(const struct p256_key *key, const struct point *peer, struct secret **ret_shared,
    struct err *err)
{
	CLEANUP(ec_point_done) EC_POINT *point = decode(peer);
	SECRET *shared = NULL;

	if (point == NULL)
		return not_on_curve(err);
	TRY(secret_new(SCALAR_SIZE, &shared, err));
	if (!agree(key->number, point, secret_data(shared)))
		return fail(err, "ECDH");
	TRY(secret_resize(shared, SCALAR_SIZE, err));
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

/* A key of EVP's for POINT, which is on the curve. */
static EVP_PKEY *
evp_key(const struct point *point)
{
	KEY *key = p256.blank != NULL ? EVP_PKEY_dup(p256.blank) : NULL;

	if (key == NULL ||
	    EVP_PKEY_set1_encoded_public_key(key, point->bytes, sizeof(point->bytes)) != 1)
		return NULL;
	return TAKE(key);
}

enum err_code
p256_verify(const struct point *key, const struct digest *digest, struct view signature,
    struct err *err)
{
	CLEANUP(ec_point_done) EC_POINT *point = decode(key);
	KEY_CONTEXT *context = NULL;
	KEY *public = NULL;

	if (point == NULL)
		return not_on_curve(err);
	if (!is_strict_signature(signature))
		return err_set(err, ERR_INTEGRITY, "a signature is malformed");
	public = evp_key(key);
	context = public != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, public, NULL) : NULL;
	if (context == NULL || EVP_PKEY_verify_init(context) != 1)
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
