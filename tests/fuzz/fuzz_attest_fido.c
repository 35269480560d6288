/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FIDO2 attestations: u8 flags (1: a training vault; 2: only form factor 1; 4: pin nothing; from 10
 * on: what is waived), firmware, 32 bytes hash, then (lp16 each) authenticatorData, signature,
 * leaf, others, and certificates.  The policy pins all of these, so that any chain that is whole is
 * judged by what it says.
 */
#include <string.h>

#include "base/crypto_key.h"
#include "tests/fuzz/target.h"
#include "tokens/attest/fido.h"
#include "tokens/formats/fido_data.h"

static void
check_facts(const struct attest_fido_facts *facts, const struct attest_policy *policy)
{
	struct point same;
	struct err err;

	MUST(facts->attested == ((policy->waives & ATTEST_WAIVE_ATTESTATION) == 0));
	MUST(facts->simulated == policy->training);
	MUST(facts->credential_size > 0 && facts->credential_size <= TOKEN_CREDENTIAL_MAX);
	MUST(point_from(VIEW_OF(facts->key.bytes), &same, &err) == ERR_OK);
	MUST(policy->form_factor_count == 0 || (policy->waives & ATTEST_WAIVE_FORM_FACTOR) != 0);
	MUST(memcmp(facts->firmware, policy->min_firmware, 3) >= 0 ||
	    (policy->waives & ATTEST_WAIVE_FIRMWARE) != 0);
}

static size_t
read_certificates(struct reader *reader, bool pinned,
    struct view ret_certificates[ATTEST_CERTIFICATES_MAX + 1], struct attest_policy *policy)
{
	size_t count = 0;
	struct err err;

	while (reader->rest.size > 0 && count <= ATTEST_CERTIFICATES_MAX) {
		struct view certificate = reader_lp16(reader, UINT16_MAX);

		if (pinned && policy->root_count < ATTEST_ROOTS_MAX)
			MUST(sha256_one(certificate, &policy->roots[policy->root_count++], &err) ==
			    ERR_OK);
		ret_certificates[count++] = certificate;
	}
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader reader = reader_of(view_of(data, size));
	struct attest_policy policy = {.min_firmware = {5, 7, 0}, .form_factors = {1}};
	struct view certificates[ATTEST_CERTIFICATES_MAX + 1];
	struct attest_fido attestation = {0};
	struct attest_fido_facts facts;
	struct err err;

	uint8_t flags = reader_u8(&reader);
	policy.training = (flags & 1) != 0;
	policy.form_factor_count = (flags & 2) != 0;
	policy.waives = flags >> 4;
	reader_copy(&reader, attestation.firmware, sizeof(attestation.firmware));
	reader_copy(&reader, attestation.client_data_hash.bytes,
	    sizeof(attestation.client_data_hash.bytes));
	attestation.authdata = reader_lp16(&reader, UINT16_MAX);
	attestation.signature = reader_lp16(&reader, UINT16_MAX);
	attestation.leaf = reader_lp16(&reader, UINT16_MAX);
	attestation.others = reader_lp16(&reader, UINT16_MAX);
	size_t count = read_certificates(&reader, (flags & 4) == 0, certificates, &policy);
	if (attest_fido_verify(&attestation, certificates, count, &policy, &facts, &err) == ERR_OK)
		check_facts(&facts, &policy);
	return 0;
}
