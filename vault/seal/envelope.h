/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commitments to shares, and the HPKE info of envelopes: the two hashes that bind a share to its
 * place.  Formulas: vault/seal/seal.h.
 */
#ifndef VAULT_SEAL_ENVELOPE_H
#define VAULT_SEAL_ENVELOPE_H

#include "vault/seal/header.h"

/* SALTED is salt || y, ENVELOPE_SHARE_SIZE bytes. */
enum err_code envelope_commitment(const struct header *header, const struct header_share *share,
    struct view salted, struct digest *ret_commitment, struct err *err) MUST_CHECK;
/* Of envelope INDEX. */
enum err_code envelope_info(const struct header *header, size_t index, struct digest *ret_info,
    struct err *err) MUST_CHECK;

#endif
