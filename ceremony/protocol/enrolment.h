/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolments: a person's public file for one token (type "enrolment"), signed by its own sign key.
 *
 * {"format":1,"init":HEX32,"seat":..,"person":..,"roles":[..],"label":..,"driver":"piv","serial":N,
 *  "firmware":"5.7.4","keys":{"sign":HEX65,..},"attestation":{"sign":BASE64,..,"device":BASE64},
 *  "certificates":[BASE64..] (intermediates and root),"unsealed":["share","release"] (keys that opened a probe),
 *  "created":TIME,"expires":TIME (at most 30 days later),"nonce":HEX16}
 *
 * With "driver":"fido2" there is "fido2" as in the charter, the serial may be 0, and "attestation" is
 * {"authdata":BASE64,"signature":BASE64,"leaf":BASE64}: the packed statement of the registration, whose
 * clientDataHash binds init, seat and salt (tokens/formats/fido_keys.h); without "leaf" only the registration,
 * as above.  It proves no serial.  That the device
 * is the one with "serial" is shown by its PIV side, when that signs the enrolment as well:
 *  "cosigner":{"key":HEX65,"slot":BASE64,"device":BASE64} (its sign key and that key's attestation).
 *
 * "init" is the founding's nonce, which every charter of the vault repeats.  Until "expires" one charter or roster
 * may accept it: the token that left comes back by another.  "attestation" may be
 * missing; then nobody but the person says where the keys were made, and only a token to which a
 * charter waives its attestation may be enrolled so.
 */
#ifndef CEREMONY_PROTOCOL_ENROLMENT_H
#define CEREMONY_PROTOCOL_ENROLMENT_H

#include "tokens/attest/policy.h"
#include "tokens/token.h"
#include "vault/documents/charter.h"

struct enrolment {
	struct digest digest, init;
	struct seat seat; /* name, person, roles, and one token with everything but .enrolment */
	struct buf attestation[TOKEN_KEYS], device; /* DER */
	struct buf authdata, signature, leaf;       /* FIDO2 */
	bool cosigned;                              /* FIDO2: by the PIV side of the device, */
	struct point cosigner;                      /* with this key, */
	struct buf cosigner_slot, cosigner_device;  /* attested so */
	struct buf certificates;                    /* DER, one after the other */
	struct view certificate_views[ATTEST_CERTIFICATES_MAX];
	size_t certificate_count;
	bool attested; /* there is an attestation that a maker signed */
	bool unsealed[TOKEN_KEYS];
	int64_t created, expires;
};
enum { ENROLMENT_DAYS = 30, ENROLMENT_LIFE = ENROLMENT_DAYS * 86400 };
void enrolment_done(struct enrolment *enrolment);
#define ENROLMENT CLEANUP(enrolment_done) struct enrolment

/* Append the certificates in DER, one after the other; those that are there already keep their
 * place.  ERR_INVALID: not certificates, or too many. */
enum err_code enrolment_add_certificates(struct enrolment *enrolment, struct view der,
    struct err *err) MUST_CHECK;
enum err_code enrolment_payload(const struct enrolment *enrolment, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code enrolment_parse(const struct dsse *statement, bool training,
    struct enrolment *ret_enrolment, struct err *err) MUST_CHECK;
/* Does SEAT of a charter or roster say what the enrolment of its token says?  ERR_INTEGRITY. */
enum err_code enrolment_matches(const struct enrolment *enrolment, const struct seat *seat,
    const struct seat_token *token, struct err *err) MUST_CHECK;
/* The attestation policy of a charter for the token TOKEN (NULL: without any waiver). */
void attest_policy_of(const struct charter *charter, const struct digest *token,
    struct attest_policy *ret_policy);

#endif
