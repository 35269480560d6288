/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PIV attestation (Yubico, arc 1.3.6.1.4.1.41482.3): proof that a key was generated on a token,
 * with its serial, firmware and policies.  Chain: slot certificate -> device certificate (F9) ->
 * intermediates -> root, the root pinned by the SHA-256 of its DER.  It proves where a key was
 * made, not that the token is present now: pair it with a fresh signature.
 */
#ifndef TOKENS_ATTEST_PIV_H
#define TOKENS_ATTEST_PIV_H

#include "tokens/attest/policy.h"
#include "tokens/token.h"

struct attest_facts {
	struct point key; /* the attested public key, P-256 */
	uint32_t serial;
	uint8_t firmware[3];
	enum pin_policy pin;
	enum touch_policy touch;
	uint8_t form_factor; /* 0 unknown, 01..07, 81.. FIPS */
	uint8_t slot;        /* from the subject "YubiKey PIV Attestation 82", 0 unknown */
	struct digest root;  /* fingerprint of the root that the chain ends in */
	bool simulated;
};

/* Verify SLOT and DEVICE (DER) with CERTIFICATES (DER; intermediates and roots, in any order)
 * up to a pinned root, then firmware, form factor, PIN policy (not never) and touch policy (always),
 * but for what the policy waives.  Errors:
 * ERR_REFUSED with the cause: does not chain, root not pinned, firmware too old, touch never,
 * not P-256, serial missing or not 32 bits, simulated token in a production vault.
 * ERR_INVALID: not a certificate. */
enum err_code attest_verify(struct view slot, struct view device, const struct view *certificates,
    size_t count, const struct attest_policy *policy, struct attest_facts *ret_facts,
    struct err *err) MUST_CHECK;

#endif
