/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a sealed version with a quorum: collect the shares of distinct seats, then open.
 */
#ifndef VAULT_SEAL_OPENER_H
#define VAULT_SEAL_OPENER_H

#include "vault/seal/header.h"

struct opener;
enum err_code opener_new(const struct header *header, struct opener **ret_opener,
    struct err *err) MUST_CHECK; /* HEADER comes from header_decode and must outlive it */
void opener_free(struct opener *opener);
DESTRUCTOR(opener_freep, struct opener, opener_free)
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

#endif
