/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing one version of a secret to the officers, and opening it with a quorum (DESIGN.md,
 * section 4).
 *
 *	DEK	 32 random bytes, fresh for each version, never split twice into the same clause
 *	ids	 lp8 "halligan/v1 dek", vault, secret, u32 version	(field lengths as in header.h)
 *	K_enc	 = HKDF-Expand(HKDF-Extract("", DEK), lp8 "enc" || ids, 32)
 *	K_com	 = HKDF-Expand(HKDF-Extract("", DEK), lp8 "com" || ids, 32)
 *	payload	 u32 length, credential, zero padding to the next of 256, 512, 1024, ... bytes
 *		 (length counts the credential alone; the 4 bytes of length count for the padding)
 *	ct	 AES-256-GCM(K_enc, nonce 0, AAD, payload)
 *	com_dek	 HMAC-SHA256(K_com, AAD), checked before ct is opened
 *
 * For each `or` clause the DEK is split g-of-g over its groups (x = group + 1), each part m-of-n
 * within the group (x = position + 1).  A seat's envelope carries, for each of its shares in
 * header order: salt[32] || y[32].  Commitment:
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
#ifndef VAULT_SEAL_SEAL_H
#define VAULT_SEAL_SEAL_H

#include "vault/seal/header.h"

enum {
	ENVELOPE_SHARE_SIZE = 64,
	ENVELOPE_CT_MAX = HEADER_SHARES * ENVELOPE_SHARE_SIZE + 16,
	CIPHERTEXT_MAX = 131072 + 16,
	DEK_SIZE = 32
};

/* A sealed value in transit: encapsulation and ciphertext. */
struct sealed_box {
	uint8_t enc[POINT_SIZE];
	struct buf ciphertext;
};
void sealed_box_done(struct sealed_box *box);

struct seal_recipient {
	const char *seat;
	struct digest token;
	struct point share_key;
};

struct sealed_version {
	struct buf header; /* encoded */
	struct buf ciphertext;
	struct sealed_box *envelopes; /* one per header envelope, in its order */
	size_t envelope_count;
};
void sealed_version_done(struct sealed_version *version);
#define SEALED_VERSION CLEANUP(sealed_version_done) struct sealed_version

/* Seal CREDENTIAL (encoded, checked).  IDS gives training, vault, secret, definition, version,
 * charter; its other members are ignored.  Every seat of QUORUM needs at least one recipient and
 * every recipient a seat in it, in any order; no token and no key twice.  A self-check decodes the
 * header, opens with the shares of two random minimal quorums, and compares, before anything is
 * returned.  RET_VERSION is {0} before.  RET_DEK, if not NULL, gets the DEK (golden files and tests
 * only).  ERR_INVALID: the credential or a recipient breaks a rule. */
enum err_code seal_version(const struct header *ids, const struct quorum *quorum,
    const struct seal_recipient *recipients, size_t count, struct view credential,
    struct sealed_version *ret_version, struct secret **ret_dek, struct err *err) MUST_CHECK;

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

/* Opening with a quorum.  Collect the shares of distinct seats, then open. */
struct opener;
enum err_code opener_new(const struct header *header, struct opener **ret_opener,
    struct err *err) MUST_CHECK; /* HEADER comes from header_decode and must outlive it */
void opener_free(struct opener *opener);
void opener_freep(struct opener **opener);
#define OPENER CLEANUP(opener_freep) struct opener
/* Adds the shares of envelope INDEX (checked again); a second envelope of one seat is
 * ERR_EXISTS. */
enum err_code opener_add(struct opener *opener, size_t index, const struct secret *shares,
    struct err *err) MUST_CHECK;
bool opener_ready(const struct opener *opener);
/* Combine the first clause that is complete, check com_dek, open, unpad.  HEADER_BYTES must be the
 * encoding of the opener's header.  ERR_WAITING when no clause is complete, ERR_INTEGRITY when
 * com_dek or the tag is wrong. */
enum err_code opener_open(const struct opener *opener, struct view header_bytes,
    struct view ciphertext, struct secret **ret_credential, struct err *err) MUST_CHECK;
/* Open with the DEK itself (tests, golden files). */
enum err_code seal_open_with_dek(struct view header_bytes, struct view ciphertext,
    const struct secret *dek, struct secret **ret_credential, struct err *err) MUST_CHECK;

#endif
