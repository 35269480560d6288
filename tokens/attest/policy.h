/* SPDX-License-Identifier: Apache-2.0 */
/* Which tokens a vault takes: the roots that they may come from, and what else it asks of them. */
#ifndef TOKENS_ATTEST_POLICY_H
#define TOKENS_ATTEST_POLICY_H

#include "base/crypto.h"

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

/* Simulated tokens belong into training vaults, and nothing else does.  WHO: "token 1001".
 * ERR_REFUSED. */
enum err_code attest_judge_origin(bool simulated, const char *who,
    const struct attest_policy *policy, struct err *err) MUST_CHECK;
/* ERR_REFUSED: too old, and not waived. */
enum err_code attest_judge_firmware(const uint8_t firmware[3], const char *who,
    const struct attest_policy *policy, struct err *err) MUST_CHECK;

#endif
