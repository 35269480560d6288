/* SPDX-License-Identifier: Apache-2.0 */
/* What a founder relies on when a stranger's file says "these are my keys". */
#ifndef CEREMONY_PROTOCOL_ENROLMENT_VERIFY_H
#define CEREMONY_PROTOCOL_ENROLMENT_VERIFY_H

#include "ceremony/protocol/enrolment.h"

/* Everything a founder relies on: init, the self-signature (and its cosigner's, no other), the keys that the roles need (officer:
 * sign, share; responder: sign, release; operator: sign), a test-unseal of share and release,
 * and for every key an attestation that verifies under POLICY with this key, serial, firmware, unless
 * POLICY waives it.
 * The error names seat, serial and cause. */
enum err_code enrolment_verify(const struct dsse *statement, const struct enrolment *enrolment,
    const struct digest *init, const struct attest_policy *policy, struct err *err) MUST_CHECK;
/* May a document accept it at NOW?  ERR_EXPIRED; ERR_REFUSED: it is from the future.  The error names seat and
 * token. */
enum err_code enrolment_check_time(const struct enrolment *enrolment, int64_t now,
    struct err *err) MUST_CHECK;
/* The part about the attestation alone, before anything is signed. */
enum err_code enrolment_check_origin(const struct enrolment *enrolment,
    const struct attest_policy *policy, struct err *err) MUST_CHECK;

#endif
