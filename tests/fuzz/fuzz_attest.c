/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestation certificates: u8 flags (1: a training vault; 2: only form factors 5 and 81; from 10
 * on: what is waived), lp16 slot, lp16 device, then a PEM file with the rest.  The policy pins all
 * certificates of that file, so that any chain that is whole is judged by what it says.
 */
#include <string.h>

#include "tests/fuzz/target.h"
#include "tokens/attest/chain.h"
#include "tokens/attest/piv.h"
#include "tokens/formats/tlv.h"

static void
check_facts(const struct attest_facts *facts, const struct attest_policy *policy)
{
	MUST(facts->serial != 0);
	MUST(facts->touch == TOUCH_ALWAYS || (policy->waives & ATTEST_WAIVE_TOUCH) != 0);
	MUST(facts->pin == PIN_ONCE || facts->pin == PIN_ALWAYS);
	MUST(facts->simulated == policy->training);
	MUST(memcmp(facts->firmware, policy->min_firmware, 3) >= 0 ||
	    (policy->waives & ATTEST_WAIVE_FIRMWARE) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader reader = reader_of(view_of(data, size));
	struct attest_policy policy = {.min_firmware = {5, 7, 0}};
	struct view certificates[ATTEST_CERTIFICATES_MAX] = {{0}};
	struct attest_facts facts;
	struct view content;
	size_t count = 0;
	struct err err;
	BUF der = {0};

	uint8_t flags = reader_u8(&reader);
	policy.training = (flags & 1) != 0;
	policy.form_factors[0] = 0x05;
	policy.form_factors[1] = 0x81;
	policy.form_factor_count = flags & 2;
	policy.waives = flags >> 4;
	struct view slot = reader_lp16(&reader, UINT16_MAX);
	struct view device = reader_lp16(&reader, UINT16_MAX);
	if (attest_split_pem(reader.rest, &der, certificates, &count, &err) == ERR_OK)
		MUST(count > 0);
	for (size_t i = 0; i < count; i++) {
		MUST(tlv_only_der(certificates[i], 0x30, &content));
		if (i < ATTEST_ROOTS_MAX)
			MUST(sha256_one(certificates[i], &policy.roots[policy.root_count++],
			         &err) == ERR_OK);
	}
	if (attest_verify(slot, device, certificates, count, &policy, &facts, &err) == ERR_OK)
		check_facts(&facts, &policy);
	return 0;
}
