/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the order of WebAuthn level 2, 8.2: the signature, the leaf's rules (8.2.1), the AAGUID; then
 * the chain (tokens/attest/chain.h), and our own policy.  The AAGUID extension is insisted on: a
 * root of ours has leaves for more than one model.
 */
#include "tokens/attest/fido.h"

#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/crypto_key.h"
#include "tokens/attest/chain.h"
#include "tokens/formats/fido_data.h"
#include "tokens/formats/tlv.h"

enum { OCTET_STRING = 0x04, SEQUENCE = 0x30, VERSION_3 = 2, COUNTRY = 2 };

static const char aaguid_oid[] = "1.3.6.1.4.1.45724.1.1.4",
                  firmware_oid[] = "1.3.6.1.4.1.41482.13.1", who[] = "this FIDO2 token";
/* The AAGUID of halligan-simtoken. */
static const char simulated_aaguid[TOKEN_AAGUID_SIZE + 1] = "NOT A REAL TOKEN";

/* ---- the leaf ---- */

/* The subject's only part called NID; its size, or -1. */
static int
part(X509 *leaf, int nid, char *ret_text, int size)
{
	X509_NAME *name = X509_get_subject_name(leaf);
	int at = X509_NAME_get_index_by_NID(name, nid, -1);

	if (at < 0 || X509_NAME_get_index_by_NID(name, nid, at) >= 0)
		return -1;
	return X509_NAME_get_text_by_NID(name, nid, ret_text, size);
}

static enum err_code
check_leaf(X509 *leaf, struct err *err)
{
	char text[128];
	bool subject = part(leaf, NID_countryName, text, sizeof(text)) == COUNTRY &&
	    part(leaf, NID_organizationName, text, sizeof(text)) > 0 &&
	    part(leaf, NID_commonName, text, sizeof(text)) > 0 &&
	    part(leaf, NID_organizationalUnitName, text, sizeof(text)) > 0 &&
	    strcmp(text, "Authenticator Attestation") == 0;

	if (X509_get_version(leaf) == VERSION_3 && subject && X509_check_ca(leaf) == 0 &&
	    X509_get_ext_by_NID(leaf, NID_basic_constraints, -1) >= 0)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "the attestation is signed with a certificate that is not one for authenticators "
	    "(WebAuthn 8.2.1): use another token");
}

/* The content of an extension that is an OCTET STRING; empty when it is missing. */
static enum err_code
octets(X509 *leaf, const char *oid, size_t size, struct view *ret_octets, struct err *err)
{
	struct view value;

	*ret_octets = (struct view){0};
	TRY(attest_extension(leaf, oid, &value, err));
	if (value.size == 0)
		return ERR_OK;
	if (!tlv_only_der(value, OCTET_STRING, ret_octets) || ret_octets->size != size)
		return err_set(err, ERR_REFUSED, "the attestation's extension %s is malformed",
		    oid);
	return ERR_OK;
}

static enum err_code
read_leaf(X509 *leaf, const struct fido_registration *registration, struct attest_fido_facts *facts,
    struct err *err)
{
	struct view aaguid, firmware;

	TRY(check_leaf(leaf, err));
	TRY(octets(leaf, aaguid_oid, TOKEN_AAGUID_SIZE, &aaguid, err));
	if (aaguid.size == 0)
		return err_set(err, ERR_REFUSED,
		    "the attestation does not tell the model (AAGUID)");
	if (memcmp(aaguid.data, registration->aaguid, TOKEN_AAGUID_SIZE) != 0)
		return err_set(err, ERR_REFUSED,
		    "the attestation is that of another model (AAGUID) than the token says it is");
	TRY(octets(leaf, firmware_oid, sizeof(facts->firmware), &firmware, err));
	facts->firmware_attested = firmware.size > 0;
	if (facts->firmware_attested)
		memcpy(facts->firmware, firmware.data, firmware.size);
	return ERR_OK;
}

/* ---- the chain ---- */

/* The certificates that came along, and those that the caller has. */
static enum err_code
gather(struct view others, const struct view *certificates, size_t count,
    struct view ret_all[ATTEST_CERTIFICATES_MAX + FIDO_CERTIFICATES_MAX], size_t *ret_count,
    struct err *err)
{
	struct reader reader = reader_of(others);
	size_t found = 0;

	if (count > ATTEST_CERTIFICATES_MAX)
		return err_set(err, ERR_INVALID, "more than %d attestation certificates",
		    ATTEST_CERTIFICATES_MAX);
	for (size_t i = 0; i < count; i++)
		ret_all[found++] = certificates[i];
	while (reader.rest.size > 0) {
		const uint8_t *start = reader.rest.data;
		struct tlv element = tlv_next_der(&reader);

		if (reader.failed || element.tag != SEQUENCE ||
		    found == count + FIDO_CERTIFICATES_MAX)
			return err_set(err, ERR_INVALID,
			    "the certificates of the attestation are not one after the other");
		ret_all[found++] =
		    view_of(start, (size_t)(element.value.data + element.value.size - start));
	}
	*ret_count = found;
	return ERR_OK;
}

static enum err_code
check_signature(const struct attest_fido *attestation, X509 *leaf, struct err *err)
{
	const struct view parts[] = {attestation->authdata,
	    VIEW_OF(attestation->client_data_hash.bytes)};
	struct digest digest;
	struct point key;

	TRY(attest_key(leaf, &key, err));
	TRY(sha256(parts, ARRAY_SIZE(parts), &digest, err));
	if (p256_verify(&key, &digest, attestation->signature, err) != ERR_OK)
		return err_add(err, "the attestation of the FIDO2 credential");
	return ERR_OK;
}

static enum err_code
verify(const struct attest_fido *attestation, const struct view *certificates, size_t count,
    const struct attest_policy *policy, const struct fido_registration *registration,
    struct attest_fido_facts *facts, struct err *err)
{
	struct view all[ATTEST_CERTIFICATES_MAX + FIDO_CERTIFICATES_MAX];
	CERTIFICATE *leaf = NULL;
	size_t found = 0;

	if (attestation->leaf.size == 0)
		return err_set(err, ERR_REFUSED,
		    "the token gave no attestation, so that nobody knows what it is: use a token "
		    "of a pinned vendor, or let the charter waive its attestation");
	TRY(attest_read(attestation->leaf, "the FIDO2 attestation", &leaf, err));
	TRY(check_signature(attestation, leaf, err));
	TRY(read_leaf(leaf, registration, facts, err));
	TRY(gather(attestation->others, certificates, count, all, &found, err));
	TRY(attest_chain(leaf, NULL, all, found, policy, &facts->root, err));
	facts->attested = true;
	return ERR_OK;
}

/* ---- the verdict ---- */

static enum err_code
judge(const struct attest_fido_facts *facts, const struct attest_policy *policy, struct err *err)
{
	TRY(attest_judge_origin(facts->simulated, who, policy, err));
	TRY(attest_judge_firmware(facts->firmware, who, policy, err));
	if (policy->form_factor_count == 0 || (policy->waives & ATTEST_WAIVE_FORM_FACTOR) != 0)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "a FIDO2 attestation does not tell the form factor, and the charter allows only some: "
	    "use a PIV token, or let the charter waive its form factor");
}

enum err_code
attest_fido_verify(const struct attest_fido *attestation, const struct view *certificates,
    size_t count, const struct attest_policy *policy, struct attest_fido_facts *ret_facts,
    struct err *err)
{
	struct attest_fido_facts facts = {0};
	struct fido_registration registration;

	TRY(fido_registration_read(attestation->authdata, &registration, err));
	facts.key = registration.key;
	facts.credential_size = registration.credential.size;
	memcpy(facts.credential, registration.credential.data, registration.credential.size);
	memcpy(facts.aaguid, registration.aaguid, sizeof(facts.aaguid));
	memcpy(facts.firmware, attestation->firmware, sizeof(facts.firmware));
	if ((policy->waives & ATTEST_WAIVE_ATTESTATION) == 0)
		TRY(verify(attestation, certificates, count, policy, &registration, &facts, err));
	facts.simulated = digest_equal(&facts.root, &attest_simulated_root) ||
	    memcmp(facts.aaguid, simulated_aaguid, sizeof(facts.aaguid)) == 0;
	TRY(judge(&facts, policy, err));
	*ret_facts = facts;
	return ERR_OK;
}
