/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one file of the simulator that speaks to OpenSSL.  Key pairs travel as PKCS#8 DER, so that
 * every operation is "parse, do, free" and nothing outlives a call.
 *
 * Certificates follow what Yubico's tokens make:
 *
 *	slot:	subject "YubiKey PIV Attestation 82", issuer = the device's subject,
 *		1.3.6.1.4.1.41482.3.3	firmware, 3 raw bytes
 *		1.3.6.1.4.1.41482.3.7	serial, a DER INTEGER
 *		1.3.6.1.4.1.41482.3.8	PIN and touch policy, 2 raw bytes
 *		1.3.6.1.4.1.41482.3.9	form factor, 1 raw byte
 *	device:	a CA of path length 0 with .3, signed by the simulated root
 *	root:	Ed25519, whose seed is SHA-256 of a fixed public text; fixed serial and dates, and
 *		Ed25519 signatures are deterministic: its DER never changes
 */
#include "tokens/sim/crypto/crypto.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/crypto.h"
#include "base/random.h"
#include "tokens/sim/crypto/ber.h"
#include "tokens/sim/crypto/edwards.h"

DESTRUCTOR(key_freep, EVP_PKEY, EVP_PKEY_free)
DESTRUCTOR(context_freep, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
DESTRUCTOR(cipher_freep, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)
DESTRUCTOR(certificate_freep, X509, X509_free)
DESTRUCTOR(number_freep, BIGNUM, BN_clear_free)
DESTRUCTOR(point_freep, EC_POINT, EC_POINT_free)
DESTRUCTOR(group_freep, EC_GROUP, EC_GROUP_free)
DESTRUCTOR(builder_freep, OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
DESTRUCTOR(params_freep, OSSL_PARAM, OSSL_PARAM_free)
DESTRUCTOR(bio_freep, BIO, BIO_free)
DESTRUCTOR(der_freep, uint8_t, OPENSSL_free)

#define KEY         CLEANUP(key_freep) EVP_PKEY
#define CONTEXT     CLEANUP(context_freep) EVP_PKEY_CTX
#define CERTIFICATE CLEANUP(certificate_freep) X509
#define NUMBER      CLEANUP(number_freep) BIGNUM
#define DER         CLEANUP(der_freep) uint8_t

static const char root_text[] =
    "halligan-simtoken attestation root: NOT A REAL TOKEN, known to all";
static const char root_name[] = "NOT A REAL TOKEN Halligan Simulated Root";
static const char first_day[] = "20200101000000Z", last_day[] = "99991231235959Z";

static enum err_code
crypto_failed(struct err *err, const char *what)
{
	return err_set(err, ERR_CRYPTO, "OpenSSL could not %s", what);
}

/* Ciphers. */

struct cipher {
	uint8_t algorithm;
	size_t block, key;
	const EVP_CIPHER *(*evp)(void);
};

static const struct cipher ciphers[] = {
    {SIM_3DES, 8, 24, EVP_des_ede3_ecb},
    {SIM_AES128, 16, 16, EVP_aes_128_ecb},
    {SIM_AES192, 16, 24, EVP_aes_192_ecb},
    {SIM_AES256, 16, 32, EVP_aes_256_ecb},
};

static const struct cipher *
cipher_of(uint8_t algorithm)
{
	for (size_t i = 0; i < ARRAY_SIZE(ciphers); i++)
		if (ciphers[i].algorithm == algorithm)
			return &ciphers[i];
	return NULL;
}

size_t
sim_block_size(uint8_t algorithm)
{
	const struct cipher *cipher = cipher_of(algorithm);

	return cipher == NULL ? 0 : cipher->block;
}

size_t
sim_block_key_size(uint8_t algorithm)
{
	const struct cipher *cipher = cipher_of(algorithm);

	return cipher == NULL ? 0 : cipher->key;
}

enum err_code
sim_block(uint8_t algorithm, const uint8_t *key, bool encrypt, const uint8_t *in, uint8_t *ret_out,
    struct err *err)
{
	const struct cipher *cipher = cipher_of(algorithm);
	CLEANUP(cipher_freep) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t out[2 * SIM_BLOCK_MAX];
	int size = 0;

	if (cipher == NULL)
		return err_set(err, ERR_INVALID, "%02X is no block cipher", algorithm);
	if (context == NULL ||
	    EVP_CipherInit_ex(context, cipher->evp(), NULL, key, NULL, encrypt) != 1 ||
	    EVP_CIPHER_CTX_set_padding(context, 0) != 1 ||
	    EVP_CipherUpdate(context, out, &size, in, (int)cipher->block) != 1 ||
	    (size_t)size != cipher->block)
		return crypto_failed(err, "use the management key");
	memcpy(ret_out, out, cipher->block);
	return ERR_OK;
}

/* Key pairs. */

struct pair {
	uint8_t algorithm;
	size_t size;       /* bytes of a coordinate or modulus */
	const char *curve; /* NULL: RSA */
	int nid;
};

static const struct pair pairs[] = {
    {SIM_P256, 32, "P-256", NID_X9_62_prime256v1},
    {SIM_P384, 48, "P-384", NID_secp384r1},
    {SIM_RSA1024, 128, NULL, 0},
    {SIM_RSA2048, 256, NULL, 0},
    {SIM_RSA3072, 384, NULL, 0},
    {SIM_RSA4096, 512, NULL, 0},
    {SIM_ED25519, SIM_EDWARDS_SIZE, "ED25519", NID_ED25519},
    {SIM_X25519, SIM_EDWARDS_SIZE, "X25519", NID_X25519},
};

static const struct pair *
pair_of(uint8_t algorithm)
{
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (pairs[i].algorithm == algorithm)
			return &pairs[i];
	return NULL;
}

size_t
sim_key_size(uint8_t algorithm)
{
	const struct pair *pair = pair_of(algorithm);

	return pair == NULL ? 0 : pair->size;
}

bool
sim_key_is_rsa(uint8_t algorithm)
{
	const struct pair *pair = pair_of(algorithm);

	return pair != NULL && pair->curve == NULL;
}

static enum err_code
key_save(EVP_PKEY *key, struct buf *ret_private, struct err *err)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	DER *der = NULL;
	int size = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, &der);

	PKCS8_PRIV_KEY_INFO_free(info);
	if (size <= 0)
		return crypto_failed(err, "encode a key");
	buf_bytes(ret_private, view_of(der, (size_t)size));
	return buf_check(ret_private, err);
}

static enum err_code
key_load(struct view private_key, EVP_PKEY **ret_key, struct err *err)
{
	const uint8_t *at = private_key.data;

	*ret_key = d2i_AutoPrivateKey(NULL, &at, (long)private_key.size);
	return *ret_key == NULL ? crypto_failed(err, "read a key of the state") : ERR_OK;
}

enum err_code
sim_key_generate(uint8_t algorithm, struct buf *ret_private, struct err *err)
{
	const struct pair *pair = pair_of(algorithm);

	if (pair == NULL)
		return err_set(err, ERR_INVALID, "%02X is no algorithm of key pairs", algorithm);
	KEY *key = pair->curve == NULL ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", pair->size * 8) :
	    sim_edwards(pair->nid)     ? EVP_PKEY_Q_keygen(NULL, NULL, pair->curve) :
	                                 EVP_PKEY_Q_keygen(NULL, NULL, "EC", pair->curve);
	if (key == NULL)
		return crypto_failed(err, "make a key");
	return key_save(key, ret_private, err);
}

static enum err_code
key_build(const char *kind, OSSL_PARAM_BLD *builder, struct buf *ret_private, struct err *err)
{
	CLEANUP(params_freep) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	CONTEXT *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
	KEY *key = NULL;

	if (params == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) != 1)
		return err_set(err, ERR_INVALID, "the parts are no %s key", kind);
	CONTEXT *check = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (check == NULL || EVP_PKEY_check(check) != 1)
		return err_set(err, ERR_INVALID, "the parts are no consistent %s key", kind);
	return key_save(key, ret_private, err);
}

static enum err_code
import_ec(const struct pair *pair, struct view scalar, struct buf *ret_private, struct err *err)
{
	NUMBER *number = BN_bin2bn(scalar.data, (int)scalar.size, NULL);
	CLEANUP(group_freep) EC_GROUP *group = EC_GROUP_new_by_curve_name(pair->nid);
	CLEANUP(point_freep) EC_POINT *point = group == NULL ? NULL : EC_POINT_new(group);
	CLEANUP(builder_freep) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	uint8_t encoded[1 + 2 * 48];

	if (scalar.size == 0 || scalar.size > pair->size)
		return err_set(err, ERR_INVALID, "a %s scalar has at most %zu bytes", pair->curve,
		    pair->size);
	if (number == NULL || point == NULL || builder == NULL ||
	    EC_POINT_mul(group, point, number, NULL, NULL, NULL) != 1)
		return crypto_failed(err, "compute a public key");
	size_t size = EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, encoded,
	    sizeof(encoded), NULL);
	if (size != 1 + 2 * pair->size)
		return err_set(err, ERR_INVALID, "the scalar is no private key");
	if (OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, pair->curve, 0) !=
	        1 ||
	    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, encoded, size) !=
	        1 ||
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, number) != 1)
		return crypto_failed(err, "build a key");
	return key_build("EC", builder, ret_private, err);
}

/* n = p q; d = e^-1 mod (p-1)(q-1), for e = 65537. */
static bool
rsa_complete(const BIGNUM *p, const BIGNUM *q, const BIGNUM *e, BIGNUM *n, BIGNUM *d)
{
	BN_CTX *context = BN_CTX_new();
	NUMBER *p1 = BN_dup(p), *q1 = BN_dup(q), *phi = BN_new();
	bool well = context != NULL && p1 != NULL && q1 != NULL && phi != NULL &&
	    BN_mul(n, p, q, context) == 1 && BN_sub_word(p1, 1) == 1 && BN_sub_word(q1, 1) == 1 &&
	    BN_mul(phi, p1, q1, context) == 1 && BN_mod_inverse(d, e, phi, context) != NULL;

	BN_CTX_free(context);
	return well;
}

static enum err_code
import_rsa(const struct pair *pair, const struct view parts[5], struct buf *ret_private,
    struct err *err)
{
	static const char *const names[5] = {OSSL_PKEY_PARAM_RSA_FACTOR1,
	    OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_EXPONENT1,
	    OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
	CLEANUP(builder_freep) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	NUMBER *p = BN_bin2bn(parts[0].data, (int)parts[0].size, NULL);
	NUMBER *q = BN_bin2bn(parts[1].data, (int)parts[1].size, NULL);
	NUMBER *dp = BN_bin2bn(parts[2].data, (int)parts[2].size, NULL);
	NUMBER *dq = BN_bin2bn(parts[3].data, (int)parts[3].size, NULL);
	NUMBER *qinv = BN_bin2bn(parts[4].data, (int)parts[4].size, NULL);
	NUMBER *n = BN_new(), *d = BN_new(), *e = BN_new();
	const BIGNUM *const numbers[5] = {p, q, dp, dq, qinv};

	if (builder == NULL || p == NULL || q == NULL || dp == NULL || dq == NULL || qinv == NULL ||
	    n == NULL || d == NULL || e == NULL || BN_set_word(e, RSA_F4) != 1)
		return crypto_failed(err, "read RSA parts");
	if (BN_is_zero(p) || BN_is_zero(q) || !rsa_complete(p, q, e, n, d) ||
	    (size_t)BN_num_bytes(n) != pair->size)
		return err_set(err, ERR_INVALID, "the parts are no RSA key of %zu bits",
		    pair->size * 8);
	bool well = OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_D, d) == 1;
	for (size_t i = 0; well && i < 5; i++)
		well = OSSL_PARAM_BLD_push_BN(builder, names[i], numbers[i]) == 1;
	if (!well)
		return crypto_failed(err, "build a key");
	return key_build("RSA", builder, ret_private, err);
}

enum err_code
sim_key_import(uint8_t algorithm, const struct sim_key_parts *parts, struct buf *ret_private,
    struct err *err)
{
	const struct pair *pair = pair_of(algorithm);

	if (pair == NULL)
		return err_set(err, ERR_INVALID, "%02X is no algorithm of key pairs", algorithm);
	if (sim_edwards(pair->nid))
		return sim_edwards_import(pair->nid, parts->scalar, ret_private, err);
	return pair->curve != NULL ? import_ec(pair, parts->scalar, ret_private, err) :
	                             import_rsa(pair, parts->rsa, ret_private, err);
}

static enum err_code
public_rsa(EVP_PKEY *key, struct buf *ret_encoded, struct err *err)
{
	NUMBER *n = NULL, *e = NULL;
	uint8_t bytes[512];

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1 ||
	    (size_t)BN_num_bytes(n) > sizeof(bytes) || (size_t)BN_num_bytes(e) > sizeof(bytes))
		return crypto_failed(err, "read a public key");
	ber_put(ret_encoded, 0x81, view_of(bytes, (size_t)BN_bn2bin(n, bytes)));
	ber_put(ret_encoded, 0x82, view_of(bytes, (size_t)BN_bn2bin(e, bytes)));
	return buf_check(ret_encoded, err);
}

enum err_code
sim_key_public(struct view private_key, struct buf *ret_encoded, struct err *err)
{
	KEY *key = NULL;
	uint8_t point[1 + 2 * 48];
	size_t size = 0;

	TRY(key_load(private_key, &key, err));
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		return public_rsa(key, ret_encoded, err);
	if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
	        &size) != 1)
		return crypto_failed(err, "read a public key");
	ber_put(ret_encoded, 0x86, view_of(point, size));
	return buf_check(ret_encoded, err);
}

enum err_code
sim_key_sign(struct view private_key, struct view input, struct buf *ret_signature, struct err *err)
{
	KEY *key = NULL;
	uint8_t signature[512];
	size_t size = sizeof(signature);

	TRY(key_load(private_key, &key, err));
	if (sim_edwards(EVP_PKEY_get_base_id(key)))
		return sim_edwards_sign(private_key, input, ret_signature, err);
	bool rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	size_t wanted = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
	CONTEXT *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (rsa ? input.size != wanted : input.size == 0 || input.size > wanted)
		return err_set(err, ERR_INVALID, "%zu bytes cannot be signed", input.size);
	if (context == NULL || EVP_PKEY_sign_init(context) != 1 ||
	    (rsa && EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) != 1))
		return crypto_failed(err, "begin to sign");
	if (EVP_PKEY_sign(context, signature, &size, input.data, input.size) != 1)
		return err_set(err, ERR_INVALID, "the input is not smaller than the modulus");
	buf_bytes(ret_signature, view_of(signature, size));
	return buf_check(ret_signature, err);
}

enum err_code
sim_key_agree(struct view private_key, struct view point, struct buf *ret_shared, struct err *err)
{
	KEY *key = NULL, *peer = NULL;
	uint8_t shared[48];
	size_t size = sizeof(shared);

	TRY(key_load(private_key, &key, err));
	if (sim_edwards(EVP_PKEY_get_base_id(key)))
		return sim_edwards_agree(private_key, point, ret_shared, err);
	size_t coordinate = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || point.size != 1 + 2 * coordinate ||
	    point.data[0] != 0x04)
		return err_set(err, ERR_INVALID, "not an uncompressed point of the key's curve");
	peer = EVP_PKEY_new();
	if (peer == NULL || EVP_PKEY_copy_parameters(peer, key) != 1)
		return crypto_failed(err, "prepare a key agreement");
	if (EVP_PKEY_set1_encoded_public_key(peer, point.data, point.size) != 1)
		return err_set(err, ERR_INVALID, "the point is not on the curve");
	CONTEXT *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (context == NULL || EVP_PKEY_derive_init(context) != 1 ||
	    EVP_PKEY_derive_set_peer(context, peer) != 1 ||
	    EVP_PKEY_derive(context, shared, &size) != 1)
		return crypto_failed(err, "agree on a key");
	buf_bytes(ret_shared, view_of(shared, size));
	return buf_check(ret_shared, err);
}

/* Certificates. */

static enum err_code
root_key(EVP_PKEY **ret_key, struct err *err)
{
	uint8_t seed[32];
	size_t size = 0;

	if (EVP_Q_digest(NULL, "SHA256", NULL, root_text, sizeof(root_text) - 1, seed, &size) != 1)
		return crypto_failed(err, "derive the simulated root");
	*ret_key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
	return *ret_key == NULL ? crypto_failed(err, "load the simulated root") : ERR_OK;
}

enum err_code
sim_root_private(struct buf *ret_private, struct err *err)
{
	KEY *key = NULL;

	TRY(root_key(&key, err));
	return key_save(key, ret_private, err);
}

/* An extension of Yubico's arc whose content is VALUE as it is. */
static bool
add_fact(X509 *certificate, const char *number, struct view value)
{
	char oid[40];
	snprintf(oid, sizeof(oid), "1.3.6.1.4.1.41482.3.%s", number);
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	bool well = object != NULL && content != NULL &&
	    ASN1_OCTET_STRING_set(content, value.data, (int)value.size) == 1 &&
	    (extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, content)) != NULL &&
	    X509_add_ext(certificate, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(content);
	ASN1_OBJECT_free(object);
	return well;
}

static bool
add_usual(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool well = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	return well;
}

static bool
name_is(X509_NAME *name, const char *common_name)
{
	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	           (const unsigned char *)common_name, -1, -1, 0) == 1;
}

/* A version 3 certificate with everything but extensions and signature. */
static X509 *
certificate_begin(uint64_t number, const char *subject, const X509_NAME *issuer, EVP_PKEY *key)
{
	CERTIFICATE *certificate = X509_new();

	if (certificate == NULL || X509_set_version(certificate, X509_VERSION_3) != 1 ||
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number) != 1 ||
	    ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), first_day) != 1 ||
	    ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), last_day) != 1 ||
	    !name_is(X509_get_subject_name(certificate), subject) ||
	    X509_set_issuer_name(certificate,
	        issuer == NULL ? X509_get_subject_name(certificate) : issuer) != 1 ||
	    X509_set_pubkey(certificate, key) != 1)
		return NULL;
	return TAKE(certificate);
}

static enum err_code
certificate_end(X509 *certificate, EVP_PKEY *signer, struct buf *ret_der, struct err *err)
{
	const EVP_MD *digest =
	    EVP_PKEY_get_base_id(signer) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
	DER *der = NULL;

	if (X509_sign(certificate, signer, digest) <= 0)
		return crypto_failed(err, "sign a certificate");
	int size = i2d_X509(certificate, &der);
	if (size <= 0)
		return crypto_failed(err, "encode a certificate");
	buf_bytes(ret_der, view_of(der, (size_t)size));
	return buf_check(ret_der, err);
}

enum err_code
sim_root_certificate(struct buf *ret_der, struct err *err)
{
	KEY *key = NULL;

	TRY(root_key(&key, err));
	CERTIFICATE *root = certificate_begin(1, root_name, NULL, key);
	if (root == NULL || !add_usual(root, NID_basic_constraints, "critical,CA:TRUE") ||
	    !add_usual(root, NID_key_usage, "critical,keyCertSign"))
		return crypto_failed(err, "build the simulated root");
	return certificate_end(root, key, ret_der, err);
}

enum err_code
sim_root_pem(struct buf *ret_pem, struct err *err)
{
	BUF der = {0};
	CLEANUP(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;

	TRY(sim_root_certificate(&der, err));
	if (bio == NULL || PEM_write_bio(bio, PEM_STRING_X509, "", der.data, (long)der.size) <= 0)
		return crypto_failed(err, "encode the simulated root");
	long size = BIO_get_mem_data(bio, &text);
	buf_bytes(ret_pem, view_of(text, (size_t)size));
	return buf_check(ret_pem, err);
}

enum err_code
sim_device_certificate(const struct sim_attestation *facts, struct view device_key,
    struct buf *ret_der, struct err *err)
{
	KEY *key = NULL, *root = NULL;
	char subject[64];

	TRY(key_load(device_key, &key, err));
	TRY(root_key(&root, err));
	X509_NAME *issuer = X509_NAME_new();
	snprintf(subject, sizeof(subject), "Simulated YubiKey PIV Attestation %u", facts->serial);
	CERTIFICATE *device = issuer == NULL || !name_is(issuer, root_name) ?
	    NULL :
	    certificate_begin(((uint64_t)1 << 32) + facts->serial, subject, issuer, key);
	X509_NAME_free(issuer);
	if (device == NULL || !add_fact(device, "3", VIEW_OF(facts->firmware)) ||
	    !add_usual(device, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"))
		return crypto_failed(err, "build a device certificate");
	return certificate_end(device, root, ret_der, err);
}

/* The serial as a DER INTEGER: as short as possible, positive. */
static struct view
serial_integer(uint32_t serial, uint8_t ret_bytes[7])
{
	uint8_t bytes[5] = {0, (uint8_t)(serial >> 24), (uint8_t)(serial >> 16),
	    (uint8_t)(serial >> 8), (uint8_t)serial};
	size_t skip = 0;

	while (skip < 4 && bytes[skip] == 0 && bytes[skip + 1] < 0x80)
		skip++;
	ret_bytes[0] = 0x02;
	ret_bytes[1] = (uint8_t)(5 - skip);
	memcpy(ret_bytes + 2, bytes + skip, 5 - skip);
	return view_of(ret_bytes, 2 + 5 - skip);
}

enum err_code
sim_slot_certificate(const struct sim_attestation *facts, struct view key, struct view device_key,
    struct view device_certificate, struct buf *ret_der, struct err *err)
{
	const uint8_t *at = device_certificate.data;
	const uint8_t policies[2] = {facts->pin_policy, facts->touch_policy};
	CERTIFICATE *device = d2i_X509(NULL, &at, (long)device_certificate.size);
	KEY *attested = NULL, *signer = NULL;
	char subject[40];
	uint8_t integer[7];
	uint64_t number = 0;

	if (device == NULL)
		return err_set(err, ERR_INVALID, "slot F9 holds no certificate");
	TRY(key_load(key, &attested, err));
	TRY(key_load(device_key, &signer, err));
	snprintf(subject, sizeof(subject), "YubiKey PIV Attestation %02x", facts->slot);
	TRY(random_bytes(&number, sizeof(number), err));
	CERTIFICATE *slot =
	    certificate_begin(number >> 1, subject, X509_get_subject_name(device), attested);
	if (slot == NULL || !add_fact(slot, "3", VIEW_OF(facts->firmware)) ||
	    !add_fact(slot, "7", serial_integer(facts->serial, integer)) ||
	    !add_fact(slot, "8", VIEW_OF(policies)) ||
	    !add_fact(slot, "9", view_of(&facts->form_factor, 1)))
		return crypto_failed(err, "build an attestation");
	return certificate_end(slot, signer, ret_der, err);
}
