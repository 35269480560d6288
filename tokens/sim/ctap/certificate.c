/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attestation of simulated FIDO2 tokens: one key and certificate for all of one firmware, as
 * real ones have one for a batch.  The certificate follows WebAuthn level 2, 8.2.1, and carries
 *
 *	1.3.6.1.4.1.45724.1.1.4		AAGUID, an OCTET STRING
 *	1.3.6.1.4.1.41482.13.1		firmware, an OCTET STRING of 3 bytes
 *
 * The key comes from a public text: it proves nothing, and is the same everywhere.
 */
#include "tokens/sim/ctap/certificate.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "base/crypto.h"
#include "tokens/sim/crypto/crypto.h"

/* It says so itself. */
const uint8_t ctap_aaguid[16] = {'N', 'O', 'T', ' ', 'A', ' ', 'R', 'E', 'A', 'L', ' ', 'T', 'O',
    'K', 'E', 'N'};

static const char batch_text[] =
    "halligan-simtoken FIDO2 attestation: NOT A REAL TOKEN, known to all";
static const char first_day[] = "20200101000000Z", last_day[] = "99991231235959Z";

DESTRUCTOR(certificate_freep, X509, X509_free)
DESTRUCTOR(key_freep, EVP_PKEY, EVP_PKEY_free)

static enum err_code
batch_key(const uint8_t firmware[3], struct buf *ret_private, struct err *err)
{
	const struct view parts[] = {view_of_text(batch_text), view_of(firmware, 3)};
	struct digest scalar;

	TRY(sha256(parts, ARRAY_SIZE(parts), &scalar, err));
	const struct sim_key_parts key = {.scalar = VIEW_OF(scalar.bytes)};
	return sim_key_import(SIM_P256, &key, ret_private, err);
}

static EVP_PKEY *
load_key(struct view private_key)
{
	const uint8_t *at = private_key.data;

	return d2i_AutoPrivateKey(NULL, &at, (long)private_key.size);
}

/* An extension whose content is an OCTET STRING of VALUE. */
static bool
add_octets(X509 *certificate, const char *oid, struct view value)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	uint8_t der[32] = {V_ASN1_OCTET_STRING, (uint8_t)value.size};

	memcpy(der + 2, value.data, value.size);
	bool well = object != NULL && content != NULL &&
	    ASN1_OCTET_STRING_set(content, der, (int)value.size + 2) == 1 &&
	    (extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, content)) != NULL &&
	    X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(content);
	ASN1_OBJECT_free(object);
	return well;
}

static bool
add_not_a_ca(X509 *certificate)
{
	X509_EXTENSION *extension =
	    X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:FALSE");
	bool well = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	return well;
}

static bool
add_names(X509 *certificate, const X509 *root)
{
	static const struct {
		const char *type, *value;
	} entries[] = {
	    {"C", "SE"},
	    {"O", "NOT A REAL TOKEN Halligan"},
	    {"OU", "Authenticator Attestation"},
	    {"CN", "NOT A REAL TOKEN Halligan Simulated FIDO2"},
	};
	X509_NAME *name = X509_get_subject_name(certificate);
	bool well = X509_set_issuer_name(certificate, X509_get_subject_name(root)) == 1;

	for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
		well = well &&
		    X509_NAME_add_entry_by_txt(name, entries[i].type, MBSTRING_UTF8,
		        (const unsigned char *)entries[i].value, -1, -1, 0) == 1;
	return well;
}

static bool
fill(X509 *certificate, const X509 *root, EVP_PKEY *key, const uint8_t firmware[3])
{
	uint64_t number = (uint64_t)2 << 32 | (uint64_t)firmware[0] << 16 |
	    (uint64_t)firmware[1] << 8 | firmware[2];

	return X509_set_version(certificate, X509_VERSION_3) == 1 &&
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number) == 1 &&
	    ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), first_day) == 1 &&
	    ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), last_day) == 1 &&
	    add_names(certificate, root) && X509_set_pubkey(certificate, key) == 1 &&
	    add_octets(certificate, "1.3.6.1.4.1.45724.1.1.4", VIEW_OF(ctap_aaguid)) &&
	    add_octets(certificate, "1.3.6.1.4.1.41482.13.1", view_of(firmware, 3)) &&
	    add_not_a_ca(certificate);
}

enum err_code
ctap_attestation(const uint8_t firmware[3], struct buf *ret_private, struct buf *ret_certificate,
    struct err *err)
{
	BUF root_der = {0};
	BUF root_private = {0};
	uint8_t *der = NULL;

	TRY(batch_key(firmware, ret_private, err));
	TRY(sim_root_certificate(&root_der, err));
	TRY(sim_root_private(&root_private, err));
	const uint8_t *at = root_der.data;
	CLEANUP(certificate_freep) X509 *root = d2i_X509(NULL, &at, (long)root_der.size);
	CLEANUP(certificate_freep) X509 *certificate = X509_new();
	CLEANUP(key_freep) EVP_PKEY *root_key = load_key(buf_view(&root_private));
	CLEANUP(key_freep) EVP_PKEY *key = load_key(buf_view(ret_private));
	if (root == NULL || certificate == NULL || root_key == NULL || key == NULL ||
	    !fill(certificate, root, key, firmware) || X509_sign(certificate, root_key, NULL) <= 0)
		return err_set(err, ERR_CRYPTO, "OpenSSL could not build a FIDO2 attestation");
	int size = i2d_X509(certificate, &der);
	if (size <= 0)
		return err_set(err, ERR_CRYPTO, "OpenSSL could not encode a FIDO2 attestation");
	buf_bytes(ret_certificate, view_of(der, (size_t)size));
	OPENSSL_free(der);
	return buf_check(ret_certificate, err);
}
