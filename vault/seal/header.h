/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a sealed version, format 1.  Big-endian; lpN is an N-bit length, then bytes.
 *
 *	4	magic "HALv"
 *	u16	format, 1
 *	u8	flags: bit 0 training; others zero
 *	32	vault id
 *	16	secret id
 *	32	definition digest
 *	u32	version, from 1
 *	32	charter digest
 *	lp16	quorum, canonical text
 *	u16	number of envelopes, 1..128
 *	each	lp8 seat, 32 token id, u16 kem, u16 kdf, u16 aead, lp16 recipient's public key,
 *		u8 number of shares 1..8, and for each share:
 *		u8 clause, u8 group, u8 m, u8 n, u8 x (clause and group from 0), 32 commitment
 *	32	com_dek = HMAC-SHA256(K_com, all bytes before)
 *
 * The AAD of the ciphertext is everything before com_dek.  The header hash is SHA-256 of all.
 *
 * There is one encoding of a header.  Envelopes stand in the order of their seats in the quorum
 * (first appearance in its text), those of one seat by ascending token id; no token id and no
 * recipient's key stands twice; every seat of the quorum has an envelope.  A seat's shares are, in
 * ascending clause, one for each clause that names it: group and x (position + 1) tell its place, m
 * and n are the group's.  The suite is 0x0010, 0x0001, 0x0002 and the public key 04 || X || Y on P-256.
 */
#ifndef VAULT_SEAL_HEADER_H
#define VAULT_SEAL_HEADER_H

#include <stdlib.h>

#include "base/hpke.h"
#include "vault/seal/quorum.h"

enum {
	SECRET_ID_SIZE = 16,
	HEADER_ENVELOPES = 128,
	HEADER_SHARES = QUORUM_CLAUSES,
	HEADER_MAX = 65536,
	HEADER_FORMAT = 1
};

struct secret_id {
	uint8_t bytes[SECRET_ID_SIZE];
};
struct header_share {
	uint8_t clause, group, m, n, x;
	struct digest commitment;
};
struct header_envelope {
	char seat[SEAT_NAME_MAX + 1];
	struct digest token; /* token id: SHA-256 of its public sign key (65 bytes) */
	struct hpke_suite suite;
	struct point recipient; /* the token's public share key */
	uint8_t share_count;
	struct header_share shares[HEADER_SHARES];
};
struct header {
	bool training;
	struct digest vault;
	struct secret_id secret;
	struct digest definition;
	uint32_t version;
	struct digest charter;
	char quorum[QUORUM_TEXT_MAX + 1];
	uint16_t envelope_count;
	struct header_envelope envelopes[HEADER_ENVELOPES];
	struct digest com_dek;
};
/* Large (64 KB): allocate it.  All zero. */
enum err_code header_new(struct header **ret_header, struct err *err) MUST_CHECK;
DESTRUCTOR(header_freep, struct header, free)
#define HEADER CLEANUP(header_freep) struct header

/* The shares that QUORUM demands of SEAT, in header order, without commitments; returns how many:
 * 0 when SEAT is not in it. */
uint8_t header_demand(const struct quorum *quorum, const char *seat,
    struct header_share ret_shares[HEADER_SHARES]);
/* All rules above but the commitments' truth.  ERR_INTEGRITY names the field.  RET_QUORUM (may be
 * NULL) gets the parsed quorum. */
enum err_code header_check(const struct header *header, struct quorum *ret_quorum,
    struct err *err) MUST_CHECK;
/* The bytes before com_dek (the AAD), appended.  Encodes what it is given: header_check judges. */
enum err_code header_encode_aad(const struct header *header, struct buf *ret_bytes,
    struct err *err) MUST_CHECK;
enum err_code header_encode(const struct header *header, struct buf *ret_bytes,
    struct err *err) MUST_CHECK;
/* Decodes and checks (header_check).  ERR_VERSION for a newer format, ERR_INTEGRITY with the
 * field's name for the rest. */
enum err_code header_decode(struct view bytes, struct header *ret_header,
    struct err *err) MUST_CHECK;
enum err_code header_hash(struct view bytes, struct digest *ret_hash, struct err *err) MUST_CHECK;

#endif
