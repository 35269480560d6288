/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolling a token: its keys are made on it, attested, and tried; the public file that comes out
 * is what a charter or roster is drawn up from.
 */
#ifndef CEREMONY_ENROL_H
#define CEREMONY_ENROL_H

#include "ceremony/hand.h"

struct enrol_plan {
	bool training;
	struct digest init;	     /* the founding's nonce */
	const char *seat, *person, *label;
	unsigned roles;
	struct attest_policy policy; /* what the enrolment will be judged by */
	struct view certificates;    /* PEM: the attestation's intermediates and root */
	struct secret *management_key; /* hex digits; NULL: the factory's, after a yes, or asked for */
	const char *out;	     /* file to make; must not exist */
	struct hand_list enrolled[HAND_LISTS]; /* seats whose tokens other seats cannot have */
};

/* Which keys a seat with ROLES needs on its token. */
void enrol_needs(unsigned roles, bool ret_need[TOKEN_KEYS]);
/* The policy of a vault that has no charter yet. */
void enrol_default_policy(bool training, struct attest_policy *ret_policy);
/* RET_DIGEST names the enrolment.  Nothing is written when anything fails, but keys that were made
 * stay on the token; the next attempt uses them, after a yes.  ERR_EXISTS: the file, a key that
 * was not made on the token for this, or the token is another seat's; ERR_REFUSED: factory PIN or
 * PUK, or the attestation does not satisfy the policy. */
enum err_code enrol_run(const struct client_options *options, const struct enrol_plan *plan,
    struct digest *ret_digest, struct err *err) MUST_CHECK;

#endif
