/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL writes numbers into memory of ours, in the machine's order of bytes and with zeros up to the size given; so
 * each is read into a secret as large as any can be, turned round, and cut.
 */
#include "base/crypto_numbers.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/crypto_key.h"

DESTRUCTOR(key_done, EVP_PKEY, EVP_PKEY_free)
DESTRUCTOR(number_done, BIGNUM, BN_clear_free)
DESTRUCTOR(numbers_done, BN_CTX, BN_CTX_free)
DESTRUCTOR(group_done, EC_GROUP, EC_GROUP_free)
DESTRUCTOR(point_done, EC_POINT, EC_POINT_clear_free)
DESTRUCTOR(bio_done, BIO, BIO_free_all)
DESTRUCTOR(context_done, EVP_PKEY_CTX, EVP_PKEY_CTX_free)

#define KEY CLEANUP(key_done) EVP_PKEY

enum { POINT_FORM = 4 /* uncompressed */ };

static const struct curve {
	const char *name; /* OpenSSL's */
	const char *make;
	unsigned bits;
	int nid;
} curves[] = {{"prime256v1", "P-256", 256, NID_X9_62_prime256v1},
    {"secp384r1", "P-384", 384, NID_secp384r1}, {"secp521r1", "P-521", 521, NID_secp521r1}};

void
key_numbers_done(struct key_numbers *numbers)
{
	for (size_t i = 0; i < KEY_NUMBERS; i++)
		secret_free(numbers->values[i]);
	*numbers = (struct key_numbers){0};
}

static enum err_code
fail(struct err *err, const char *what)
{
	ERR_clear_error();
	return err_set(err, ERR_CRYPTO, "the cryptographic library failed: %s", what);
}

/* --- Numbers out of OpenSSL --------------------------------------------------------------- */

static enum err_code
take_number(const EVP_PKEY *key, const char *name, struct secret **ret_number, struct err *err)
{
	CLEANUP(number_done) BIGNUM *number = BN_secure_new();
	SECRET *raw = NULL, *bytes = NULL;
	int size;

	TRY(secret_new(KEY_RSA_MAX / 8, &raw, err));
	OSSL_PARAM params[] = {OSSL_PARAM_construct_BN(name, secret_data(raw), KEY_RSA_MAX / 8),
	    OSSL_PARAM_construct_end()};

	if (number == NULL || EVP_PKEY_get_params(key, params) != 1 ||
	    !OSSL_PARAM_modified(params) ||
	    BN_native2bn(secret_data(raw), (int)params[0].return_size, number) == NULL)
		return fail(err, "reading a private key");
	size = BN_num_bytes(number);
	TRY(secret_new(size > 0 ? (size_t)size : 1, &bytes, err));
	if (BN_bn2bin(number, secret_data(bytes)) != size)
		return fail(err, "reading a private key");
	TRY(secret_resize(bytes, (size_t)size, err));
	*ret_number = TAKE(bytes);
	return ERR_OK;
}

static enum err_code
take_rsa(const EVP_PKEY *key, struct key_numbers *numbers, struct err *err)
{
	static const char *const names[KEY_NUMBERS] = {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E,
	    OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, OSSL_PKEY_PARAM_RSA_FACTOR1,
	    OSSL_PKEY_PARAM_RSA_FACTOR2};
	int bits = EVP_PKEY_get_bits(key);

	if (bits < KEY_RSA_MIN || bits > KEY_RSA_MAX)
		return err_set(err, ERR_REFUSED,
		    "it is an RSA key of %d bits, and only %d to %d are supported", bits,
		    KEY_RSA_MIN, KEY_RSA_MAX);
	numbers->family = FAMILY_RSA;
	numbers->bits = (unsigned)bits;
	for (size_t i = 0; i < KEY_NUMBERS; i++)
		TRY(take_number(key, names[i], &numbers->values[i], err));
	return ERR_OK;
}

/* A coordinate, in front of which zeros may be missing, to its place in the point. */
static enum err_code
take_coordinate(const EVP_PKEY *key, const char *name, uint8_t *place, size_t size, struct err *err)
{
	SECRET *number = NULL;

	TRY(take_number(key, name, &number, err));
	if (secret_size(number) > size)
		return fail(err, "reading a public key");
	memset(place, 0, size - secret_size(number));
	memcpy(place + size - secret_size(number), secret_view(number).data, secret_size(number));
	return ERR_OK;
}

static enum err_code
take_ecdsa(const EVP_PKEY *key, struct key_numbers *numbers, struct err *err)
{
	const struct curve *curve = NULL;
	char name[64] = "explicit parameters";
	size_t size;

	(void)EVP_PKEY_get_group_name(key, name, sizeof(name), NULL);
	for (size_t i = 0; i < ARRAY_SIZE(curves) && curve == NULL; i++)
		if (strcmp(curves[i].name, name) == 0)
			curve = &curves[i];
	if (curve == NULL)
		return err_set(err, ERR_REFUSED,
		    "it is an ECDSA key on the curve %s, and SSH has P-256, P-384 and P-521 only",
		    name);
	size = (curve->bits + 7) / 8;
	numbers->family = FAMILY_ECDSA;
	numbers->bits = curve->bits;
	numbers->public_half[0] = POINT_FORM;
	numbers->public_size = 1 + 2 * size;
	TRY(take_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, numbers->public_half + 1, size, err));
	TRY(take_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, numbers->public_half + 1 + size, size,
	    err));
	return take_number(key, OSSL_PKEY_PARAM_PRIV_KEY, &numbers->values[0], err);
}

static enum err_code
take_ed25519(const EVP_PKEY *key, struct key_numbers *numbers, struct err *err)
{
	size_t size = ED25519_SIZE;
	SECRET *seed = NULL;

	numbers->family = FAMILY_ED25519;
	numbers->bits = 8 * ED25519_SIZE;
	numbers->public_size = ED25519_SIZE;
	TRY(secret_new(ED25519_SIZE, &seed, err));
	if (EVP_PKEY_get_raw_private_key(key, secret_data(seed), &size) != 1 ||
	    size != ED25519_SIZE ||
	    EVP_PKEY_get_raw_public_key(key, numbers->public_half, &size) != 1 ||
	    size != ED25519_SIZE)
		return fail(err, "reading an Ed25519 key");
	TRY(secret_resize(seed, ED25519_SIZE, err));
	numbers->values[0] = TAKE(seed);
	return ERR_OK;
}

static enum err_code
take_key(const EVP_PKEY *key, struct key_numbers *ret_numbers, struct err *err)
{
	KEY_NUMBERS_OF numbers = {0};
	const char *name = EVP_PKEY_get0_type_name(key);

	if (EVP_PKEY_is_a(key, "RSA") == 1)
		TRY(take_rsa(key, &numbers, err));
	else if (EVP_PKEY_is_a(key, "EC") == 1)
		TRY(take_ecdsa(key, &numbers, err));
	else if (EVP_PKEY_is_a(key, "ED25519") == 1)
		TRY(take_ed25519(key, &numbers, err));
	else
		return err_set(err, ERR_REFUSED,
		    "it is a key of type %.20s, which SSH accounts do not have",
		    name != NULL ? name : "unknown to OpenSSL");
	*ret_numbers = numbers;
	numbers = (struct key_numbers){0};
	return ERR_OK;
}

/* --- Checking ----------------------------------------------------------------------------- */

/* A number in the secure heap, with which OpenSSL computes in constant time; NULL: no memory. */
static BIGNUM *
load(const struct secret *bytes)
{
	CLEANUP(number_done) BIGNUM *number = BN_secure_new();

	if (number == NULL ||
	    BN_bin2bn(secret_view(bytes).data, (int)secret_size(bytes), number) == NULL)
		return NULL;
	BN_set_flags(number, BN_FLG_CONSTTIME);
	return TAKE(number);
}

/* Is A * B = 1 modulo M - LESS, where M - LESS is at least 2?  False: OpenSSL failed. */
static bool
are_inverse(const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_ULONG less, bool *ret_inverse)
{
	CLEANUP(numbers_done) BN_CTX *context = BN_CTX_secure_new();
	CLEANUP(number_done) BIGNUM *product = BN_secure_new();
	CLEANUP(number_done) BIGNUM *modulus = BN_secure_new();

	if (context == NULL || product == NULL || modulus == NULL || BN_copy(modulus, m) == NULL ||
	    BN_sub_word(modulus, less) != 1)
		return false;
	BN_set_flags(modulus, BN_FLG_CONSTTIME);
	*ret_inverse = !BN_is_negative(modulus) && !BN_is_zero(modulus);
	if (!*ret_inverse)
		return true;
	if (BN_mod_mul(product, a, b, modulus, context) != 1)
		return false;
	*ret_inverse = BN_is_one(product);
	return true;
}

/* As are_inverse: N = P * Q? */
static bool
is_product(const BIGNUM *n, const BIGNUM *p, const BIGNUM *q, bool *ret_is)
{
	CLEANUP(numbers_done) BN_CTX *context = BN_CTX_secure_new();
	CLEANUP(number_done) BIGNUM *product = BN_secure_new();

	if (context == NULL || product == NULL || BN_mul(product, p, q, context) != 1)
		return false;
	*ret_is = BN_cmp(product, n) == 0;
	return true;
}

static bool
check_rsa(const struct key_numbers *numbers, bool *ret_belong)
{
	CLEANUP(number_done) BIGNUM *n = load(numbers->values[0]);
	CLEANUP(number_done) BIGNUM *e = load(numbers->values[1]);
	CLEANUP(number_done) BIGNUM *d = load(numbers->values[2]);
	CLEANUP(number_done) BIGNUM *inverse = load(numbers->values[3]);
	CLEANUP(number_done) BIGNUM *p = load(numbers->values[4]);
	CLEANUP(number_done) BIGNUM *q = load(numbers->values[5]);
	bool product, by_p, by_q, fits;

	if (n == NULL || e == NULL || d == NULL || inverse == NULL || p == NULL || q == NULL ||
	    !is_product(n, p, q, &product) || !are_inverse(e, d, p, 1, &by_p) ||
	    !are_inverse(e, d, q, 1, &by_q) || !are_inverse(inverse, q, p, 0, &fits))
		return false;
	*ret_belong = product && by_p && by_q && fits;
	return true;
}

static const struct curve *
find_curve(unsigned bits)
{
	for (size_t i = 0; i < ARRAY_SIZE(curves); i++)
		if (curves[i].bits == bits)
			return &curves[i];
	return NULL;
}

static bool
check_ecdsa(const struct key_numbers *numbers, bool *ret_belong)
{
	const struct curve *curve = find_curve(numbers->bits);
	CLEANUP(numbers_done) BN_CTX *context = BN_CTX_secure_new();
	CLEANUP(group_done)
	EC_GROUP *group = curve != NULL ? EC_GROUP_new_by_curve_name(curve->nid) : NULL;
	CLEANUP(point_done) EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
	CLEANUP(number_done) BIGNUM *scalar = load(numbers->values[0]);
	uint8_t bytes[KEY_PUBLIC_MAX];
	size_t size;

	if (context == NULL || point == NULL || scalar == NULL)
		return false;
	*ret_belong = !BN_is_zero(scalar) && BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0;
	if (!*ret_belong)
		return true;
	if (EC_POINT_mul(group, point, scalar, NULL, NULL, context) != 1)
		return false;
	size = EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof(bytes),
	    context);
	*ret_belong =
	    view_equal(view_of(bytes, size), view_of(numbers->public_half, numbers->public_size));
	return size > 0;
}

static enum err_code
check_ed25519(const struct key_numbers *numbers, bool *ret_belong, struct err *err)
{
	struct ed25519_public derived;

	TRY(ed25519_public(numbers->values[0], &derived, err));
	*ret_belong =
	    view_equal(VIEW_OF(derived.bytes), view_of(numbers->public_half, numbers->public_size));
	return ERR_OK;
}

enum err_code
key_numbers_check(const struct key_numbers *numbers, struct err *err)
{
	bool belong = false, done = true;

	TRY(crypto_start(err)); /* without its heap private numbers would be in ordinary memory */
	if (numbers->family == FAMILY_RSA)
		done = check_rsa(numbers, &belong);
	else if (numbers->family == FAMILY_ECDSA)
		done = check_ecdsa(numbers, &belong);
	else
		TRY(check_ed25519(numbers, &belong, err));
	if (!done)
		return fail(err, "comparing a private key's halves");
	if (!belong)
		return err_set(err, ERR_INVALID,
		    "the private key's two halves do not belong together");
	return ERR_OK;
}

/* --- Making ------------------------------------------------------------------------------- */

static EVP_PKEY *
make_key(enum key_family family, unsigned bits)
{
	const struct curve *curve = find_curve(bits);

	switch (family) {
	case FAMILY_RSA:
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
	case FAMILY_ECDSA:
		return curve != NULL ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve->make) : NULL;
	case FAMILY_ED25519:
	default:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	}
}

enum err_code
key_numbers_make(enum key_family family, unsigned bits, struct key_numbers *ret_numbers,
    struct err *err)
{
	KEY *key = NULL;

	TRY(crypto_start(err));
	key = make_key(family, bits);
	if (key == NULL)
		return fail(err, "making a key");
	return take_key(key, ret_numbers, err);
}

/* --- Reading ------------------------------------------------------------------------------ */

struct asked {
	const struct secret *passphrase;
	bool asked;
};

/* OpenSSL's question; without an answer of ours it would ask on the terminal. */
static int
give_passphrase(char *buffer, int size, int writes, void *context)
{
	struct asked *asked = context;
	struct view passphrase;

	(void)writes;
	asked->asked = true;
	if (asked->passphrase == NULL || secret_size(asked->passphrase) > (size_t)size)
		return -1;
	passphrase = secret_view(asked->passphrase);
	memcpy(buffer, passphrase.data, passphrase.size);
	return (int)passphrase.size;
}

/* Do its numbers belong together?  What was damaged, or put together by a bad tool, would be sealed for nothing. */
static enum err_code
check_pair(EVP_PKEY *key, struct err *err)
{
	CLEANUP(context_done) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool checked = EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "EC") == 1;

	if (checked && (context == NULL || EVP_PKEY_pairwise_check(context) != 1)) {
		ERR_clear_error();
		return err_set(err, ERR_INVALID,
		    "the private key is damaged: its numbers do not belong together");
	}
	return ERR_OK;
}

enum err_code
key_numbers_from_pem(struct view text, const struct secret *passphrase,
    struct key_numbers *ret_numbers, struct err *err)
{
	CLEANUP(bio_done) BIO *bio = NULL;
	struct asked asked = {.passphrase = passphrase};
	KEY *key = NULL;

	TRY(crypto_start(err));
	bio = BIO_new_mem_buf(text.data, (int)text.size);
	if (bio == NULL)
		return fail(err, "reading a private key");
	key = PEM_read_bio_PrivateKey_ex(bio, NULL, give_passphrase, &asked, NULL, NULL);
	ERR_clear_error();
	if (key == NULL && asked.asked)
		return err_set(err, ERR_INTEGRITY,
		    "the passphrase is wrong, or the file is damaged, or locked in a way that is no longer supported");
	if (key == NULL)
		return err_set(err, ERR_INVALID,
		    "the private key is damaged, or of a kind that OpenSSL does not know");
	TRY(check_pair(key, err));
	return take_key(key, ret_numbers, err);
}
