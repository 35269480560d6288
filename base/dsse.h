/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DSSE envelopes (secure-systems-lab/dsse, protocol v1.0.2): what a token or the host signs.
 *
 *	PAE = "DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload
 *
 * A statement's digest is SHA-256(PAE); it names the statement everywhere.  The envelope is JSON:
 * {"payloadType":..,"payload":BASE64,"signatures":[{"keyid":..,"sig":BASE64}]}.  A FIDO2 token's
 * signature has one member more, "authData":BASE64 (base/assertion.h).  The payload is kept byte for
 * byte, never re-encoded.  Parsing verifies no signature.
 */
#ifndef BASE_DSSE_H
#define BASE_DSSE_H

#include "base/assertion.h"
#include "base/crypto.h"

enum {
	DSSE_TYPE_MAX = 100,
	DSSE_TEXT_MAX = 16 * 1024 * 1024,                 /* of the envelope */
	DSSE_PAYLOAD_MAX = DSSE_TEXT_MAX / 4 * 3 - 65536, /* with 64 signatures it fits */
	DSSE_SIGNATURES_MAX = 64,
	DSSE_SIG_MAX = 256,
	DSSE_KEYID_MAX = 64
};

struct dsse_signature {
	char keyid[DSSE_KEYID_MAX + 1];
	uint8_t sig[DSSE_SIG_MAX];
	size_t size;
	uint8_t authdata[ASSERTION_DATA_MAX];
	size_t authdata_size; /* 0: not a FIDO2 token's */
};

struct dsse {
	char type[DSSE_TYPE_MAX + 1];
	struct buf payload;
	struct dsse_signature signatures[DSSE_SIGNATURES_MAX];
	size_t count;
	/* Every signature was verified before, as it stands here, by whoever set this: false after all functions below. */
	bool verified;
};

void dsse_done(struct dsse *dsse); /* accepts {0} */
#define DSSE CLEANUP(dsse_done) struct dsse

/* Fill an empty DSSE with TYPE and a copy of PAYLOAD. */
enum err_code dsse_set(struct dsse *dsse, const char *type, struct view payload,
    struct err *err) MUST_CHECK;
/* AUTHDATA is empty unless a FIDO2 token signed. */
enum err_code dsse_add(struct dsse *dsse, const char *keyid, struct view sig, struct view authdata,
    struct err *err) MUST_CHECK;
/* NULL when nobody with KEYID signed. */
const struct dsse_signature *dsse_find(const struct dsse *dsse, const char *keyid);
/* RET_DSSE is {0} or filled before; more than DSSE_TEXT_MAX, unknown members, two signatures of one
 * keyid, a keyid over 64 bytes and trailing bytes are ERR_INVALID. */
enum err_code dsse_parse(struct view text, struct dsse *ret_dsse, struct err *err) MUST_CHECK;
enum err_code dsse_encode(const struct dsse *dsse, struct buf *ret_text,
    struct err *err) MUST_CHECK;
/* What is signed: appended to RET_PAE. */
enum err_code dsse_pae(const struct dsse *dsse, struct buf *ret_pae, struct err *err) MUST_CHECK;
enum err_code dsse_digest(const struct dsse *dsse, struct digest *ret_digest,
    struct err *err) MUST_CHECK;

#endif
