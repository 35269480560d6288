/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/certificates.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/crypto_key.h"
#include "tests/unit/check.h"

static void
add_name(X509 *certificate, const char *subject, const char *issuer)
{
	X509_NAME *name = X509_get_subject_name(certificate);

	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	                     (const unsigned char *)subject, -1, -1, 0),
	    1);
	name = X509_NAME_new();
	assert_non_null(name);
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	                     (const unsigned char *)issuer, -1, -1, 0),
	    1);
	assert_int_equal(X509_set_issuer_name(certificate, name), 1);
	X509_NAME_free(name);
}

static void
add_unit(X509 *certificate, const char *unit)
{
	const char *const parts[][2] = {{"C", "SE"}, {"O", "A vendor"}, {"OU", unit}};
	X509_NAME *name = X509_get_subject_name(certificate);

	for (size_t i = 0; unit != NULL && i < ARRAY_SIZE(parts); i++)
		assert_int_equal(X509_NAME_add_entry_by_txt(name, parts[i][0], MBSTRING_UTF8,
		                     (const unsigned char *)parts[i][1], -1, -1, 0),
		    1);
}

static void
add_extension(X509 *certificate, const char *name, struct view value)
{
	if (value.size == 0)
		return;
	ASN1_OBJECT *object = OBJ_txt2obj(name, 1);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();

	assert_non_null(object);
	assert_int_equal(ASN1_OCTET_STRING_set(octets, value.data, (int)value.size), 1);
	X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, octets);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(octets);
	ASN1_OBJECT_free(object);
}

static void
add_constraints(X509 *certificate, bool authority)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
	    authority ? "critical,CA:TRUE" : "critical,CA:FALSE");

	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static void
add_extensions(X509 *certificate, const struct recipe *recipe)
{
	if (recipe->authority || recipe->no_authority)
		add_constraints(certificate, recipe->authority);
	add_extension(certificate, "1.3.6.1.4.1.45724.1.1.4", recipe->aaguid);
	add_extension(certificate, "1.3.6.1.4.1.41482.13.1", recipe->fido_firmware);
	add_extension(certificate, "1.3.6.1.4.1.41482.3.3", recipe->firmware);
	add_extension(certificate, "1.3.6.1.4.1.41482.3.3", recipe->twice);
	add_extension(certificate, "1.3.6.1.4.1.41482.3.7", recipe->serial);
	add_extension(certificate, "1.3.6.1.4.1.41482.3.8", recipe->policies);
	add_extension(certificate, "1.3.6.1.4.1.41482.3.9", recipe->form);
}

static void
sign(const struct recipe *recipe, EVP_PKEY *key, const char *issuer, EVP_PKEY *issuer_key,
    struct buf *ret_der)
{
	X509 *certificate = X509_new();
	unsigned char *der = NULL;

	assert_non_null(certificate);
	assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), recipe->negative ? -77 : 77);
	ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20160101000000Z");
	ASN1_TIME_set_string(X509_getm_notAfter(certificate),
	    recipe->expired ? "20160102000000Z" : "99991231235959Z");
	add_name(certificate, recipe->subject, issuer);
	add_unit(certificate, recipe->unit);
	assert_int_equal(X509_set_pubkey(certificate, key), 1);
	add_extensions(certificate, recipe);
	const EVP_MD *digest =
	    EVP_get_digestbyname(recipe->digest != NULL ? recipe->digest : "SHA256");
	assert_true(X509_sign(certificate, issuer_key, digest) > 0);
	int size = i2d_X509(certificate, &der);
	assert_true(size > 0);
	buf_bytes(ret_der, view_of(der, (size_t)size));
	OPENSSL_free(der);
	X509_free(certificate);
}

void
certificate_make(const struct recipe *recipe, EVP_PKEY *key, const struct authority *issuer,
    struct buf *ret_der)
{
	sign(recipe, key, issuer->name, issuer->key, ret_der);
}

void
authority_make(const struct recipe *recipe, const struct authority *issuer, struct authority *ret)
{
	struct err err;

	*ret = (struct authority){.name = recipe->subject, .key = EVP_EC_gen("P-256")};
	assert_non_null(ret->key);
	sign(recipe, ret->key, issuer == NULL ? ret->name : issuer->name,
	    issuer == NULL ? ret->key : issuer->key, &ret->der);
	assert_ok(sha256_one(buf_view(&ret->der), &ret->fingerprint, &err));
}

void
authority_done(struct authority *authority)
{
	EVP_PKEY_free(authority->key);
	buf_done(&authority->der);
}

void
append_pem(struct buf *pem, struct view der)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	assert_int_equal(PEM_write_bio(bio, PEM_STRING_X509, "", der.data, (long)der.size) > 0, 1);
	long size = BIO_get_mem_data(bio, &text);
	buf_bytes(pem, view_of(text, (size_t)size));
	BIO_free(bio);
}

/* Is this as far as the right certificates come: verified, or (UNTIL) refused for what they say? */
static bool
comes_far(const struct view *all, size_t count, const struct attest_policy *policy,
    const char *until)
{
	struct attest_facts facts;
	struct err err;
	enum err_code code =
	    attest_verify(all[0], all[1], all + 2, count - 2, policy, &facts, &err);

	return code == ERR_OK || (until != NULL && strstr(err.text, until) != NULL);
}

void
certificates_spoil(struct view *all, size_t count, const struct attest_policy *policy,
    const char *until)
{
	size_t step = under_valgrind() ? 17 : 1;

	assert_true(comes_far(all, count, policy, until));
	for (size_t which = 0; which < count; which++) {
		struct view whole = all[which];

		for (size_t size = 0; size < whole.size; size += step) {
			uint8_t *copy = exact_copy(view_of(whole.data, size));

			all[which] = view_of(copy, size);
			assert_false(comes_far(all, count, policy, until));
			free(copy);
		}
		uint8_t *copy = exact_copy(whole);
		all[which] = view_of(copy, whole.size);
		for (size_t at = 0; at < whole.size; at += step) {
			copy[at] ^= 0x01;
			if (comes_far(all, count, policy, until))
				fail_msg("byte %zu of certificate %zu does not matter", at, which);
			copy[at] ^= 0x01;
		}
		free(copy);
		all[which] = whole;
	}
}

struct p256_key *
certificate_key(EVP_PKEY *pair)
{
	struct err err;
	BIGNUM *private = NULL;
	SECRET *scalar = NULL;
	struct p256_key *key = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(pair, OSSL_PKEY_PARAM_PRIV_KEY, &private), 1);
	assert_ok(secret_new(SCALAR_SIZE, &scalar, &err));
	assert_int_equal(BN_bn2binpad(private, secret_data(scalar), SCALAR_SIZE), SCALAR_SIZE);
	assert_ok(secret_resize(scalar, SCALAR_SIZE, &err));
	assert_ok(p256_key_from(scalar, &key, &err));
	BN_free(private);
	return key;
}
