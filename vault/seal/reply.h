/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An envelope on its way out: sealed by the host to a one-time key that the asking statement names, so
 * that whoever repeats that statement gets nothing that opens.
 *
 *	HPKE base mode to the statement's "reply",
 *	info = SHA-256(lp8 "halligan/v1 reply" || vault || statement digest || header hash ||
 *		lp8 seat || token id),   aad = statement digest,
 *	plaintext = enc[65] || ciphertext of the envelope;   box = enc[65] || ciphertext
 */
#ifndef VAULT_SEAL_REPLY_H
#define VAULT_SEAL_REPLY_H

#include "base/crypto_key.h"
#include "vault/seal/envelope.h"

enum { REPLY_BOX_MAX = 2 * (POINT_SIZE + AEAD_TAG_SIZE) + ENVELOPE_CT_MAX };

struct reply_ids {
	struct digest vault, statement, header;
	const char *seat;
	struct digest token;
};
/* Appends the box for ENVELOPE (enc || ciphertext) to RET_BOX. */
enum err_code reply_seal(const struct reply_ids *ids, const struct point *reply,
    struct view envelope, struct buf *ret_box, struct err *err) MUST_CHECK;
/* Appends what KEY, the private half of "reply", opens.  ERR_INTEGRITY: the box is for another
 * statement, version or token, or was changed. */
enum err_code reply_open(const struct reply_ids *ids, struct p256_key *key, struct view box,
    struct buf *ret_envelope, struct err *err) MUST_CHECK;

#endif
