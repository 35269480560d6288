/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolling a token: its keys are made on it, attested, and tried; the public file that comes out
 * is what a charter or roster is drawn up from.  One walk for a person, with the vault in reach or not.
 */
#ifndef CEREMONY_CLIENT_ENROL_ENROL_H
#define CEREMONY_CLIENT_ENROL_ENROL_H

#include "ceremony/client/enrol/plan.h"

/* What there is to tell at the end. */
struct enrol_result {
	struct digest digest; /* names the enrolment */
	const struct token_traits *traits;
	uint32_t serial; /* 0: the token does not tell */
	uint8_t firmware[3];
	bool has[TOKEN_KEYS];
	bool attested, cosigned;
};

/* The policy of a vault that has no charter yet. */
void enrol_default_policy(bool training, struct attest_policy *ret_policy);
/* Nothing is written when anything fails, but keys that were made stay on the token; the next
 * attempt uses them, after a yes.  ERR_EXISTS: the file, a key or certificate that was not made for
 * this, or the token is another seat's; ERR_REFUSED: a factory value that the person does not
 * change, or the attestation does not satisfy the policy. */
enum err_code enrol_run(const struct client_options *options, const struct enrol_plan *plan,
    struct enrol_result *ret_result, struct err *err) MUST_CHECK;

#endif
