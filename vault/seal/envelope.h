/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The envelopes of a sealed version: the shares of one seat, sealed to one token of its
 * (docs/FORMAT.md, "Envelope"; field lengths as in header.h).
 *
 * An envelope carries, for each of its seat's shares in header order: salt[32] || y[32].  Commitment:
 *	SHA-256(lp8 "halligan/v1 share" || vault || secret || u32 version || charter ||
 *		u8 clause || u8 group || u8 m || u8 n || u8 x || salt || y)
 * Envelope: HPKE base mode to the token's share key,
 *	info = SHA-256(lp8 "halligan/v1 envelope" || vault || secret || u32 version || charter ||
 *		definition || lp8 seat || token id),   aad = header hash.
 * Re-enveloped by the seat to a spare token of its own, beside the version (aad = header hash):
 *	info = SHA-256(lp8 "halligan/v1 spare" || vault || secret || u32 version || charter ||
 *		definition || lp8 seat || token id of the envelope || token id of the spare)
 * Re-sealed to a ceremony (vault never sees the ceremony's key except as a point):
 *	info = SHA-256(lp8 "halligan/v1 approval" || vault || secret || u32 version ||
 *		header hash || ceremony digest || lp8 seat || token id), aad = ceremony digest.
 * Answer to the responder's release key:
 *	info = SHA-256(lp8 "halligan/v1 answer" || vault || secret || u32 version ||
 *		header hash || ceremony digest || lp8 seat || token id), aad = ceremony digest.
 */
#ifndef VAULT_SEAL_ENVELOPE_H
#define VAULT_SEAL_ENVELOPE_H

#include "vault/seal/header.h"

enum { ENVELOPE_SHARE_SIZE = 64, ENVELOPE_CT_MAX = HEADER_SHARES * ENVELOPE_SHARE_SIZE + 16 };

/* A sealed value in transit: encapsulation and ciphertext. */
struct sealed_box {
	uint8_t enc[POINT_SIZE];
	struct buf ciphertext;
};
void sealed_box_done(struct sealed_box *box);

/* SALTED is salt || y, ENVELOPE_SHARE_SIZE bytes. */
enum err_code envelope_commitment(const struct header *header, const struct header_share *share,
    struct view salted, struct digest *ret_commitment, struct err *err) MUST_CHECK;
/* Of envelope INDEX. */
enum err_code envelope_info(const struct header *header, size_t index, struct digest *ret_info,
    struct err *err) MUST_CHECK;

/* Open envelope INDEX of HEADER (whose encoding hashes to HEADER_HASH) with the token's ECDH: the
 * shares, checked against their commitments.  ERR_INTEGRITY names the seat when ENC, CIPHERTEXT or
 * the shares are wrong; errors of AGREE keep their code. */
enum err_code seal_open_envelope(const struct header *header, const struct digest *header_hash,
    size_t index, struct view enc, struct view ciphertext, hpke_agree agree, void *context,
    struct secret **ret_shares, struct err *err) MUST_CHECK;
/* HPKE info of the shares of envelope INDEX, re-enveloped to the token SPARE of the same seat. */
enum err_code seal_spare_info(const struct header *header, size_t index, const struct digest *spare,
    struct digest *ret_info, struct err *err) MUST_CHECK;
/* seal_open_envelope for what was re-enveloped to the token SPARE with the public share key
 * SHARE_KEY. */
enum err_code seal_open_spare(const struct header *header, const struct digest *header_hash,
    size_t index, const struct digest *spare, const struct point *share_key, struct view enc,
    struct view ciphertext, hpke_agree agree, void *context, struct secret **ret_shares,
    struct err *err) MUST_CHECK;
/* SHARES as envelope INDEX carries them, against the header's commitments. */
enum err_code seal_check_shares(const struct header *header, size_t index,
    const struct secret *shares, struct err *err) MUST_CHECK;

/* HPKE info (a digest) of the two other boxes, see above. */
struct box_ids {
	const char *label; /* "halligan/v1 approval" or "halligan/v1 answer" */
	struct digest vault;
	struct secret_id secret;
	uint32_t version;
	struct digest header_hash;
	struct digest ceremony;
	const char *seat;
	struct digest token;
};
extern const char seal_label_approval[], seal_label_answer[];
enum err_code seal_box_info(const struct box_ids *ids, struct digest *ret_info,
    struct err *err) MUST_CHECK;

#endif
