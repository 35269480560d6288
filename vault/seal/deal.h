/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dealing a DEK over a quorum.  For each `or` clause: g-of-g over its groups (x = group + 1), then
 * each part m-of-n inside its group (x = position + 1).  A seat stands at most once in a clause, so
 * all values fit one matrix of secret memory: clauses x seats cells of 32 bytes, row by row.
 * Cells of seats that a clause does not name are zero and never read.
 */
#ifndef VAULT_SEAL_DEAL_H
#define VAULT_SEAL_DEAL_H

#include "base/secret.h"
#include "vault/seal/quorum.h"

enum { DEAL_SIZE = 32 }; /* bytes of a DEK and of each value */

/* An all-zero matrix for QUORUM. */
enum err_code deal_new(const struct quorum *quorum, struct secret **ret_matrix,
    struct err *err) MUST_CHECK;
/* The cell of SEAT (index in the quorum) in CLAUSE. */
uint8_t *deal_cell(const struct quorum *quorum, struct secret *matrix, unsigned clause,
    unsigned seat);
/* DEK has 32 bytes.  Every clause is an independent splitting. */
enum err_code deal_split(const struct quorum *quorum, const struct secret *dek,
    struct secret **ret_matrix, struct err *err) MUST_CHECK;
/* Is every group of CLAUSE complete? */
bool deal_complete(const struct quorum *quorum, unsigned clause, const bool *present);
/* The DEK from the cells of CLAUSE whose seats are PRESENT, of each group the first M.
 * ERR_WAITING when a group is incomplete.  Wrong values give a wrong DEK: check them before. */
enum err_code deal_combine(const struct quorum *quorum, unsigned clause, const bool *present,
    struct secret *matrix, struct secret **ret_dek, struct err *err) MUST_CHECK;

#endif
