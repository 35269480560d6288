/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of a sealed version that depends on the DEK: its two keys, com_dek and the ciphertext.
 *
 *	ids	 lp8 "halligan/v1 dek", vault, secret, u32 version	(field lengths as in header.h)
 *	K_enc	 = HKDF-Expand(HKDF-Extract("", DEK), lp8 "enc" || ids, 32)
 *	K_com	 = HKDF-Expand(HKDF-Extract("", DEK), lp8 "com" || ids, 32)
 *	payload	 u32 length, credential, zero padding to the next of 256, 512, 1024, ... bytes
 *		 (length counts the credential alone; the 4 bytes of length count for the padding)
 *	ct	 AES-256-GCM(K_enc, nonce 0, AAD, payload)
 *	com_dek	 HMAC-SHA256(K_com, AAD), checked before ct is opened
 */
#ifndef VAULT_SEAL_PAYLOAD_H
#define VAULT_SEAL_PAYLOAD_H

#include "vault/seal/header.h"

enum {
	DEK_SIZE = 32,
	PAYLOAD_MIN = 256,
	PAYLOAD_MAX = 131072,
	CIPHERTEXT_MAX = PAYLOAD_MAX + AEAD_TAG_SIZE
};

/* The padded size for a credential of SIZE bytes: the least power of two, from 256, that holds it
 * and its length. */
size_t payload_size(size_t size);
/* Encrypt CREDENTIAL under HEADER; sets HEADER's com_dek.  Both results are appended. */
enum err_code payload_seal(struct header *header, const struct secret *dek, struct view credential,
    struct buf *ret_header, struct buf *ret_ciphertext, struct err *err) MUST_CHECK;
/* ERR_INTEGRITY when HEADER_BYTES is not the encoding of HEADER, com_dek does not belong to DEK and
 * header, the tag does not verify, or the padding or the credential is malformed. */
enum err_code payload_open(const struct header *header, const struct secret *dek,
    struct view header_bytes, struct view ciphertext, struct secret **ret_credential,
    struct err *err) MUST_CHECK;

#endif
