/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FIDO2 attestation of a seat's credential: a packed statement (WebAuthn level 2, 8.2) by the key
 * of the token's batch, over the registration and the hash under which it was made.
 *
 *	leaf		1.3.6.1.4.1.45724.1.1.4	AAGUID: OCTET STRING of 16 bytes
 *			1.3.6.1.4.1.41482.13.1	firmware (Yubico, newer ones): OCTET STRING of 3 bytes
 *
 * It proves that a token of this model made the credential, with its PIN, a touch, hmac-secret and
 * credProtect 3.  A batch has many tokens: there is no serial number, and nothing says that two
 * credentials are on two devices.
 */
#ifndef TOKENS_ATTEST_FIDO_H
#define TOKENS_ATTEST_FIDO_H

#include "tokens/attest/policy.h"
#include "tokens/token.h"

struct attest_fido {
	struct view authdata, signature;
	struct view leaf;   /* DER; empty when the token gave no attestation */
	struct view others; /* DER certificates, one after the other; may be empty */
	struct digest client_data_hash;
	uint8_t firmware[3]; /* as the token itself says; 0.0.0 when it does not */
};

struct attest_fido_facts {
	struct point key;
	uint8_t credential[TOKEN_CREDENTIAL_MAX];
	size_t credential_size;
	uint8_t aaguid[TOKEN_AAGUID_SIZE];
	uint8_t firmware[3];
	bool firmware_attested; /* else it is what the token said: tell people "not attested" */
	bool attested;          /* false: waived, and nothing of this is proven */
	struct digest root;     /* zero unless attested */
	bool simulated;
};

/* Verify ATTESTATION with CERTIFICATES (DER; intermediates and roots) up to a pinned root, then
 * firmware and form factor (which no FIDO2 attestation tells), but for what the policy waives.
 * Where it waives the attestation only the registration itself is read.  ERR_REFUSED with the
 * cause: does not chain, not a leaf for this, another AAGUID, firmware too old, simulated token in
 * a production vault, no attestation, extensions not granted.  ERR_INTEGRITY: the signature or the
 * registration is wrong.  ERR_INVALID: not a certificate. */
enum err_code attest_fido_verify(const struct attest_fido *attestation,
    const struct view *certificates, size_t count, const struct attest_policy *policy,
    struct attest_fido_facts *ret_facts, struct err *err) MUST_CHECK;

#endif
