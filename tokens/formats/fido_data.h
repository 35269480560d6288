/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a FIDO2 token answers to makeCredential (WebAuthn level 2, 6.1, 6.5.1 and 8.2; CTAP 2.1,
 * 6.1.2, 12.1 and 12.5), read to the last byte.
 *
 *	authenticatorData	32 rpIdHash, u8 flags, u32 counter, 16 AAGUID, u16 size,
 *				credential id, COSE key, extensions
 *	COSE key		{1: 2, 3: -7, -1: 1, -2: x, -3: y}
 *	extensions		{"credProtect": 3, "hmac-secret": true}
 *	packed statement	{"alg": -7, "sig": bytes, "x5c": [leaf, others...]}
 */
#ifndef TOKENS_FORMATS_FIDO_DATA_H
#define TOKENS_FORMATS_FIDO_DATA_H

#include "tokens/token.h"

enum {
	FIDO_REGISTRATION_MAX = 1024,
	FIDO_CERTIFICATES_MAX = 8,
	FIDO_STATEMENT_MAX = 4096,
	FIDO_PROTECTED = 3 /* credProtect: the credential answers only to a verified person */
};

struct fido_registration {
	uint8_t aaguid[TOKEN_AAGUID_SIZE];
	struct view credential; /* 1..TOKEN_CREDENTIAL_MAX bytes */
	struct point key;       /* on the curve */
};

/* Read authenticatorData of a registration and insist on what every credential of ours is: made
 * for our relying party with UP and UV, ES256 on P-256, credProtect 3, hmac-secret.
 * ERR_INTEGRITY: malformed, or not ours.  ERR_REFUSED: the token did not grant what was asked. */
enum err_code fido_registration_read(struct view authdata,
    struct fido_registration *ret_registration, struct err *err) MUST_CHECK;

struct fido_statement {
	struct view signature;
	struct view certificates[FIDO_CERTIFICATES_MAX]; /* the leaf first; may be none */
	size_t count;
};
/* Read a packed attestation statement in CBOR.  ERR_INTEGRITY: it is none, or not by ES256. */
enum err_code fido_statement_read(struct view statement, struct fido_statement *ret_statement,
    struct err *err) MUST_CHECK;

/* Read the answer to clientPIN's getPINRetries: tries left (3), and whether the token must be
 * plugged in again before the next one (4; false when it does not tell).  ERR_TOKEN. */
enum err_code fido_tries_read(struct view answer, int *ret_tries, bool *ret_replug,
    struct err *err) MUST_CHECK;

#endif
