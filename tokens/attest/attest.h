/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PIV attestation (Yubico, arc 1.3.6.1.4.1.41482.3): proof that a key was generated on a token,
 * with its serial, firmware and policies.  Chain: slot certificate -> device certificate (F9) ->
 * intermediates -> root, the root pinned by the SHA-256 of its DER.  It proves where a key was
 * made, not that the token is present now: pair it with a fresh signature.
 */
#ifndef TOKENS_ATTEST_ATTEST_H
#define TOKENS_ATTEST_ATTEST_H

#include "base/text.h" /* firmware_text */
#include "tokens/token.h"

enum { ATTEST_ROOTS_MAX = 8, ATTEST_CERTIFICATES_MAX = 12, ATTEST_FORM_FACTORS_MAX = 16 };
/* The charter's waivers (vault/documents/charter.h) for one token. */
enum {
	ATTEST_WAIVE_FIRMWARE = 1,
	ATTEST_WAIVE_FORM_FACTOR = 2,
	ATTEST_WAIVE_TOUCH = 4,
	ATTEST_WAIVE_ATTESTATION = 8,
};

/* Roots of Yubico's attestations, PIV and FIDO2, from developers.yubico.com/PKI (fingerprints
 * only).  One list serves both: what hangs below a root decides which of the two it attests. */
extern const struct digest attest_yubico_roots[];
extern const size_t attest_yubico_root_count;
/* Root of halligan-simtoken, subject "NOT A REAL TOKEN ...": training vaults only. */
extern const struct digest attest_simulated_root;

struct attest_policy {
	struct digest roots[ATTEST_ROOTS_MAX];
	size_t root_count;
	uint8_t min_firmware[3]; /* default 5.7.0 (EUCLEAK, YSA-2024-03) */
	uint8_t form_factors[ATTEST_FORM_FACTORS_MAX];
	size_t form_factor_count; /* 0: any */
	unsigned waives;          /* what is forgiven this token: ATTEST_WAIVE_* */
	bool training;            /* simulated tokens only; otherwise they are refused */
};

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

/* Split a PEM file (`--attestation-certs`) into DER certificates appended to RET_DER, whose
 * views go to RET_VIEWS (valid while RET_DER is not changed). */
enum err_code attest_split_pem(struct view pem, struct buf *ret_der,
    struct view ret_views[ATTEST_CERTIFICATES_MAX], size_t *ret_count, struct err *err) MUST_CHECK;

#endif
