/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of a sealed version that depends on the DEK: its two keys, com_dek and the ciphertext.
 * Formulas: vault/seal/seal.h.
 */
#ifndef VAULT_SEAL_PAYLOAD_H
#define VAULT_SEAL_PAYLOAD_H

#include "vault/seal/header.h"

enum { PAYLOAD_MIN = 256, PAYLOAD_MAX = 131072 };

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
