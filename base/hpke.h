/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HPKE (RFC 9180), base mode only: DHKEM(P-256, HKDF-SHA256) = 0x0010, HKDF-SHA256 = 0x0001, and
 * the AEADs of base/crypto.h.  The recipient's ECDH is a callback, so that the private key can stay
 * in a card; everything else is host arithmetic.  The recipient's public key comes from a verified
 * document, never from the card or the database.
 *
 * A context seals or opens in sequence from 0.  We use sequence 0 only.
 */
#ifndef BASE_HPKE_H
#define BASE_HPKE_H

#include "base/crypto.h"
#include "base/crypto_key.h"

enum { HPKE_KEM_P256 = 0x0010, HPKE_KDF_SHA256 = 0x0001 };

struct hpke_suite {
	uint16_t kem, kdf, aead;
};
/* DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM: the suite of every format of version 1. */
extern const struct hpke_suite hpke_suite_default;

/* ECDH between the recipient's private key and PEER (already checked): 32 bytes. */
typedef enum err_code (*hpke_agree)(void *context, const struct point *peer,
    struct secret **ret_shared, struct err *err);
/* The hpke_agree for a key in this process; CONTEXT is a struct p256_key *. */
enum err_code hpke_agree_local(void *context, const struct point *peer, struct secret **ret_shared,
    struct err *err) MUST_CHECK;

struct hpke; /* an encryption context */
void hpke_free(struct hpke *hpke);
DESTRUCTOR(hpke_freep, struct hpke, hpke_free)
#define HPKE CLEANUP(hpke_freep) struct hpke

/* SetupBaseS with a fresh ephemeral key.  RET_ENC is the encapsulation. */
enum err_code hpke_sender(struct hpke_suite suite, const struct point *recipient, struct view info,
    struct hpke **ret_hpke, struct point *ret_enc, struct err *err) MUST_CHECK;
/* The same with the ephemeral key given: for test vectors, and for several contexts under one
 * encapsulation that a signature names beforehand, each with an INFO of its own. */
enum err_code hpke_sender_with(struct hpke_suite suite, const struct point *recipient,
    struct view info, const struct p256_key *ephemeral, struct hpke **ret_hpke,
    struct point *ret_enc, struct err *err) MUST_CHECK;
/* SetupBaseR.  ENC is checked (point_from) before AGREE sees it, and AGREE's result must have 32
 * bytes.  RECIPIENT is the public key that belongs to AGREE's private key. */
enum err_code hpke_recipient(struct hpke_suite suite, struct view enc,
    const struct point *recipient, hpke_agree agree, void *context, struct view info,
    struct hpke **ret_hpke, struct err *err) MUST_CHECK;

/* Appends ciphertext || tag. */
enum err_code hpke_seal(struct hpke *hpke, struct view aad, struct view plaintext,
    struct buf *ret_ciphertext, struct err *err) MUST_CHECK;
/* ERR_CRYPTO when it does not verify. */
enum err_code hpke_open(struct hpke *hpke, struct view aad, struct view ciphertext,
    struct secret **ret_plaintext, struct err *err) MUST_CHECK;

/* DeriveKeyPair (RFC 9180 7.1.3) for DHKEM(P-256, HKDF-SHA256); IKM of at least 32 bytes. */
enum err_code hpke_derive_key(const struct secret *ikm, struct p256_key **ret_key,
    struct err *err) MUST_CHECK;

#endif
