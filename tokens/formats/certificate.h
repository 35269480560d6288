/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a certificate that a card hands out says of itself: key, name, and Yubico's attestation
 * extension with the policies.  Nothing is verified: any of it may be a lie (tokens/attest/piv.h
 * verifies).  For telling people what is on a token, and for comparing keys.
 */
#ifndef TOKENS_FORMATS_CERTIFICATE_H
#define TOKENS_FORMATS_CERTIFICATE_H

#include "tokens/token.h"

enum { CERTIFICATE_NAME_SIZE = 80 };

struct certificate {
	bool p256;                        /* KEY is one of P-256, on the curve */
	struct point key;                 /* zero otherwise */
	char name[CERTIFICATE_NAME_SIZE]; /* "CN=ada"; printable ASCII, cut; "" without a CN */
	bool policies;                    /* the attestation extension .8 is there: */
	enum pin_policy pin;
	enum touch_policy touch;
};

/* False when DER is not a certificate (RFC 5280, 4.1) as far as it is read here. */
bool certificate_read(struct view der, struct certificate *ret_certificate);

#endif
