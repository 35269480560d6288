/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolments: a person's public file for one token (type "enrolment"), signed by its own sign key.
 *
 * {"format":1,"init":HEX32,"seat":..,"person":..,"roles":[..],"label":..,"driver":"piv","serial":N,
 *  "firmware":"5.7.4","keys":{"sign":HEX65,..},"attestation":{"sign":BASE64,..,"device":BASE64},
 *  "certificates":[BASE64..] (intermediates and root),"unsealed":["share","release"] (keys that opened a probe),
 *  "created":TIME,"nonce":HEX16}
 *
 * "init" is the founding's nonce, which every charter of the vault repeats.  "attestation" may be
 * missing; then nobody but the person says where the keys were made, and only a token to which a
 * charter waives its attestation may be enrolled so.
 */
#ifndef CEREMONY_ENROLMENT_H
#define CEREMONY_ENROLMENT_H

#include "tokens/attest.h"
#include "vault/charter.h"

struct enrolment {
	struct digest digest, init;
	struct seat seat; /* name, person, roles, and one token with everything but .enrolment */
	struct buf attestation[TOKEN_KEYS], device; /* DER */
	struct buf certificates; /* DER, one after the other */
	struct view certificate_views[ATTEST_CERTIFICATES_MAX];
	size_t certificate_count;
	bool attested; /* there is an attestation */
	bool unsealed[TOKEN_KEYS];
	int64_t created;
};
void enrolment_done(struct enrolment *enrolment);
#define ENROLMENT CLEANUP(enrolment_done) struct enrolment

enum err_code enrolment_payload(const struct enrolment *enrolment, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code enrolment_parse(const struct dsse *statement, bool training,
    struct enrolment *ret_enrolment, struct err *err) MUST_CHECK;
/* Everything a founder relies on: init, the self-signature, the keys that the roles need (officer:
 * sign, share; responder: sign, release; operator: sign), a test-unseal of share and release,
 * and for every key an attestation that verifies under POLICY with this key, serial, firmware, unless
 * POLICY waives it.
 * The error names seat, serial and cause. */
enum err_code enrolment_verify(const struct dsse *statement, const struct enrolment *enrolment,
    const struct digest *init, const struct attest_policy *policy, struct err *err) MUST_CHECK;
/* Does SEAT of a charter or roster say what the enrolment of its token says?  ERR_INTEGRITY. */
enum err_code enrolment_matches(const struct enrolment *enrolment, const struct seat *seat,
    const struct seat_token *token, struct err *err) MUST_CHECK;
/* The attestation policy of a charter for the token TOKEN (NULL: without any waiver). */
void attest_policy_of(const struct charter *charter, const struct digest *token,
    struct attest_policy *ret_policy);

#endif
