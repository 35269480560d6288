/* SPDX-License-Identifier: Apache-2.0 */
/* What an enrolment shall be. */
#ifndef CEREMONY_CLIENT_ENROL_PLAN_H
#define CEREMONY_CLIENT_ENROL_PLAN_H

#include "ceremony/client/hand/hand.h"

struct enrol_plan {
	bool live; /* the vault has a charter, as far as could be asked */
	bool training;
	struct digest init; /* the founding's nonce */
	const char *seat, *person, *label;
	unsigned roles;
	struct attest_policy policy; /* what the enrolment will be judged by, with waivers */
	struct view certificates; /* PEM: the attestation's intermediates and root; may be empty */
	struct secret *management_key;         /* hex digits; NULL: the factory's, or asked for */
	const char *out;                       /* file to make; must not exist */
	struct hand_list enrolled[HAND_LISTS]; /* seats whose tokens other seats cannot have */
	bool offer;     /* offer to change factory values; else they are refused */
	bool cosign;    /* FIDO2: the PIV side of the device signs as well */
	bool overwrite; /* what stands in the slots may go, after the serial was typed */
};

#endif
