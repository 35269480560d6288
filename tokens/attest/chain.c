/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL verifies signatures, names, CA bits and path lengths from a leaf up to a root; we decide
 * what a root is (its fingerprint, nothing else), and what has to stand in between.
 *
 * Not X509_V_FLAG_X509_STRICT: Yubico's root of 2016 has basicConstraints that are not critical.
 * X509_V_FLAG_NO_CHECK_TIME: slot certificates carry made-up dates (a token has no clock) and say
 * nothing about when the key was made; a chain that was good once stays good, and roots are given
 * up by taking their fingerprint out of the charter.
 * Security level 2: at least RSA-2048 and SHA-256 all along (the root's own signature aside).
 */
#include "tokens/attest/chain.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/crypto_key.h"

enum { SECURITY_LEVEL = 2, CHAIN_MAX = 6, PEM_MAX = 128 * 1024 };

void
attest_certificate_freep(struct x509_st **certificate)
{
	X509_free(*certificate);
}

static void
stack_freep(STACK_OF(X509) * *stack)
{
	sk_X509_pop_free(*stack, X509_free);
}

DESTRUCTOR(store_freep, X509_STORE, X509_STORE_free)
DESTRUCTOR(context_freep, X509_STORE_CTX, X509_STORE_CTX_free)
DESTRUCTOR(object_freep, ASN1_OBJECT, ASN1_OBJECT_free)
DESTRUCTOR(key_freep, EVP_PKEY, EVP_PKEY_free)
DESTRUCTOR(bytes_freep, unsigned char, OPENSSL_free)

static enum err_code
no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "no memory to read certificates");
}

/* ---- reading ---- */

/* Exactly one certificate, in DER and nothing looser: it must encode to the same bytes. */
enum err_code
attest_read(struct view der, const char *what, struct x509_st **ret_certificate, struct err *err)
{
	const unsigned char *at = der.data;
	CLEANUP(bytes_freep) unsigned char *again = NULL;
	CERTIFICATE *certificate = NULL;

	if (der.size > 0 && der.size <= TOKEN_CERTIFICATE_MAX)
		certificate = d2i_X509(NULL, &at, (long)der.size);
	if (certificate == NULL || at != der.data + der.size)
		return err_set(err, ERR_INVALID, "%s is not an X.509 certificate in DER", what);
	int size = i2d_X509(certificate, &again);
	if (size < 0 || !view_equal(view_of(again, (size_t)size), der))
		return err_set(err, ERR_INVALID, "%s is not encoded in DER throughout", what);
	*ret_certificate = TAKE(certificate);
	return ERR_OK;
}

static bool
is_pinned(const struct digest *fingerprint, const struct attest_policy *policy)
{
	for (size_t i = 0; i < policy->root_count && i < ATTEST_ROOTS_MAX; i++) {
		if (digest_equal(fingerprint, &policy->roots[i]))
			return true;
	}
	return false;
}

/* Pinned ones are trusted, all others only help to build the chain. */
static enum err_code
sort_certificates(const struct view *certificates, size_t count, const struct attest_policy *policy,
    X509_STORE *roots, STACK_OF(X509) * others, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		CERTIFICATE *certificate = NULL;
		struct digest fingerprint;

		TRY(attest_read(certificates[i], "an attestation certificate", &certificate, err));
		TRY(sha256_one(certificates[i], &fingerprint, err));
		if (is_pinned(&fingerprint, policy)) {
			if (X509_STORE_add_cert(roots, certificate) != 1)
				return no_memory(err);
			continue;
		}
		if (sk_X509_push(others, certificate) == 0)
			return no_memory(err);
		(void)TAKE(certificate);
	}
	return ERR_OK;
}

/* ---- the chain ---- */

static enum err_code
chain_failure(X509_STORE_CTX *context, struct err *err)
{
	X509 *last = X509_STORE_CTX_get_current_cert(context);
	const char *reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
	char name[160] = "?";

	if (last != NULL)
		X509_NAME_oneline(X509_get_issuer_name(last), name, sizeof(name));
	return err_set(err, ERR_REFUSED,
	    "the attestation does not chain to a root that this vault pins: %s, at the certificate "
	    "issued by %s; give the vendor's intermediates with --attestation-certs, or use a "
	    "token "
	    "of a pinned vendor",
	    reason, name);
}

/* MIDDLE, unless it is NULL, must have signed the leaf; RET_ROOT is the root's fingerprint. */
static enum err_code
check_chain(X509_STORE_CTX *context, const X509 *middle, struct digest *ret_root, struct err *err)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
	int count = sk_X509_num(chain);
	CLEANUP(bytes_freep) unsigned char *der = NULL;

	if (middle != NULL && (count < 3 || X509_cmp(sk_X509_value(chain, 1), middle) != 0))
		return err_set(err, ERR_REFUSED,
		    "the slot's attestation was not signed by the device's attestation key (F9)");
	if (count < 2)
		return err_set(err, ERR_REFUSED, "a root does not attest keys by itself");
	int size = i2d_X509(sk_X509_value(chain, count - 1), &der);
	if (size < 0)
		return no_memory(err);
	return sha256_one(view_of(der, (size_t)size), ret_root, err);
}

static enum err_code
verify_chain(X509 *leaf, const X509 *middle, STACK_OF(X509) * others, X509_STORE *roots,
    struct digest *ret_root, struct err *err)
{
	CLEANUP(context_freep) X509_STORE_CTX *context = X509_STORE_CTX_new();

	if (context == NULL || X509_STORE_CTX_init(context, roots, leaf, others) != 1)
		return no_memory(err);
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_depth(param, CHAIN_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	if (X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME) != 1)
		return no_memory(err);
	if (X509_verify_cert(context) != 1)
		return chain_failure(context, err);
	return check_chain(context, middle, ret_root, err);
}

enum err_code
attest_chain(struct x509_st *leaf, struct x509_st *middle, const struct view *certificates,
    size_t count, const struct attest_policy *policy, struct digest *ret_root, struct err *err)
{
	CLEANUP(stack_freep) STACK_OF(X509) *others = sk_X509_new_null();
	CLEANUP(store_freep) X509_STORE *roots = X509_STORE_new();

	if (others == NULL || roots == NULL)
		return no_memory(err);
	if (middle != NULL) {
		if (X509_up_ref(middle) != 1 || sk_X509_push(others, middle) == 0)
			return no_memory(err);
	}
	TRY(sort_certificates(certificates, count, policy, roots, others, err));
	return verify_chain(leaf, middle, others, roots, ret_root, err);
}

/* ---- what a certificate says ---- */

enum err_code
attest_key(struct x509_st *certificate, struct point *ret_key, struct err *err)
{
	CLEANUP(key_freep) EVP_PKEY *key = X509_get_pubkey(certificate);
	char group[32] = "";
	uint8_t encoded[POINT_SIZE + 1];
	size_t size = 0;
	struct err why;

	if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1 ||
	    strcmp(group, "prime256v1") != 0)
		return err_set(err, ERR_REFUSED,
		    "the attested key is not one of P-256: enroll the token again");
	if (EVP_PKEY_get_octet_string_param(key, "encoded-pub-key", encoded, sizeof(encoded),
	        &size) != 1 ||
	    point_from(view_of(encoded, size), ret_key, &why) != ERR_OK)
		return err_set(err, ERR_REFUSED, "the attested key is not an uncompressed point");
	return ERR_OK;
}

enum err_code
attest_extension(struct x509_st *certificate, const char *oid, struct view *ret_value,
    struct err *err)
{
	CLEANUP(object_freep) ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);

	if (object == NULL)
		return no_memory(err);
	int at = X509_get_ext_by_OBJ(certificate, object, -1);
	*ret_value = (struct view){0};
	if (at < 0)
		return ERR_OK;
	if (X509_get_ext_by_OBJ(certificate, object, at) >= 0)
		return err_set(err, ERR_REFUSED, "the attestation has extension %s twice", oid);
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(certificate, at));
	*ret_value = view_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
	return ERR_OK;
}

/* ---- PEM ---- */

DESTRUCTOR(bio_freep, BIO, BIO_free)

/* Append the next certificate of BIO; *RET_SIZE is 0 at the end. */
static enum err_code
next_pem(BIO *bio, struct buf *der, size_t *ret_size, struct err *err)
{
	CERTIFICATE *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	CLEANUP(bytes_freep) unsigned char *bytes = NULL;

	if (certificate == NULL) {
		unsigned long why = ERR_peek_last_error();

		ERR_clear_error();
		*ret_size = 0;
		if (ERR_GET_LIB(why) == ERR_LIB_PEM && ERR_GET_REASON(why) == PEM_R_NO_START_LINE)
			return ERR_OK;
		return err_set(err, ERR_INVALID,
		    "the file of attestation certificates holds a damaged one");
	}
	int size = i2d_X509(certificate, &bytes);
	if (size <= 0 || size > TOKEN_CERTIFICATE_MAX)
		return err_set(err, ERR_INVALID,
		    "an attestation certificate is larger than %d bytes", TOKEN_CERTIFICATE_MAX);
	buf_bytes(der, view_of(bytes, (size_t)size));
	*ret_size = (size_t)size;
	return buf_check(der, err);
}

enum err_code
attest_split_pem(struct view pem, struct buf *ret_der,
    struct view ret_views[ATTEST_CERTIFICATES_MAX], size_t *ret_count, struct err *err)
{
	CLEANUP(bio_freep) BIO *bio = NULL;
	size_t sizes[ATTEST_CERTIFICATES_MAX] = {0};
	size_t count = 0, size = 0;
	BUF der = {0};

	if (pem.size == 0 || pem.size > PEM_MAX)
		return err_set(err, ERR_INVALID,
		    "the file of attestation certificates must have 1 to %d bytes", PEM_MAX);
	bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	if (bio == NULL)
		return no_memory(err);
	for (;;) {
		TRY(next_pem(bio, &der, &size, err));
		if (size == 0)
			break;
		if (count == ATTEST_CERTIFICATES_MAX)
			return err_set(err, ERR_INVALID, "more than %d attestation certificates",
			    ATTEST_CERTIFICATES_MAX);
		sizes[count++] = size;
	}
	if (count == 0)
		return err_set(err, ERR_INVALID, "the file holds no certificate in PEM");
	size_t before = ret_der->size;
	buf_bytes(ret_der, buf_view(&der));
	TRY(buf_check(ret_der, err));
	for (size_t i = 0; i < count; i++) {
		ret_views[i] = view_of(ret_der->data + before, sizes[i]);
		before += sizes[i];
	}
	*ret_count = count;
	return ERR_OK;
}
