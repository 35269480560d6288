/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One document after the other: the only place where charters, rosters and suspensions come into force.
 * Pure; who has the statements (rows of a database, arrays of a frame, a file of minutes) feeds them in
 * the order in which they came into force.
 */
#ifndef VAULT_DOCUMENTS_CHAIN_FOLD_H
#define VAULT_DOCUMENTS_CHAIN_FOLD_H

#include "vault/documents/chain.h"

/* STATEMENT is the next charter, roster or suspension of CHAIN, of which `vault` is set; the first is the
 * charter that has that digest.  CHAIN is untouched on failure: ERR_INTEGRITY names the document, for what
 * is in force has all its signatures; ERR_MEMORY. */
enum err_code chain_add(struct chain *chain, const struct dsse *statement,
    struct err *err) MUST_CHECK;
/* What is suspended when CHARTER comes into force after CHAIN: all but what it names under "restored".
 * ERR_REFUSED: it restores what is not suspended, or its change quorum could never be met then. */
enum err_code chain_suspended_under(const struct chain *chain, const struct charter *charter,
    struct suspensions *ret_after, struct err *err) MUST_CHECK;

#endif
