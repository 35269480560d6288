/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials live in their ids.  An id is
 *
 *	offset	bytes
 *	0	1	version, 1
 *	1	16	IV
 *	17	112	AES-256-CBC of: private key 32, CredRandomWithoutUV 32, CredRandomWithUV 32,
 *			credProtect 1, flags 1 (1 hmac-secret, 2 discoverable), zeros 14
 *	129	32	HMAC-SHA-256 of all that and SHA-256(rp id)
 *
 * under two keys made from the one of the state.  A discoverable credential lives only while the
 * state lists it.
 */
#ifndef TOKENS_SIM_CTAP_CREDENTIAL_H
#define TOKENS_SIM_CTAP_CREDENTIAL_H

#include "base/crypto.h"
#include "tokens/sim/state/fido.h"

enum { CREDENTIAL_PROTECT_NONE = 1, CREDENTIAL_PROTECT_LISTED, CREDENTIAL_PROTECT_UV };

struct credential {
	uint8_t id[FIDO_ID_SIZE];
	uint8_t scalar[SCALAR_SIZE];
	uint8_t random[2][32]; /* CredRandom, without and with user verification */
	uint8_t protect;       /* 1..3 */
	bool hmac, resident;
	struct buf private_key; /* PKCS#8 */
	struct point public_key;
};

void credential_done(struct credential *credential);
#define CREDENTIAL CLEANUP(credential_done) struct credential

/* A new one for RP: fills all but PROTECT, HMAC and RESIDENT, which the caller has set.  Makes the
 * state's key if there is none yet. */
enum err_code credential_new(struct sim_fido *fido, const struct digest *rp,
    struct credential *credential, struct err *err) MUST_CHECK;
/* Open ID.  ERR_NOT_FOUND when it is none of this token's for RP (or was deleted). */
enum err_code credential_open(const struct sim_fido *fido, const struct digest *rp, struct view id,
    struct credential *ret_credential, struct err *err) MUST_CHECK;
/* Its place in the state; FIDO_CREDENTIALS_MAX when it is not there. */
size_t credential_place(const struct sim_fido *fido, struct view id);
enum err_code credential_sign(const struct credential *credential, struct view auth_data,
    const struct digest *client_data, struct buf *ret_signature, struct err *err) MUST_CHECK;

#endif
