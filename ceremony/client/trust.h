/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client has seen of a vault and never forgets: the chain of documents and the log, as far as they
 * went.  A server that shows less than that was restored from an old copy, or lies.  memory.h keeps it.
 */
#ifndef CEREMONY_CLIENT_TRUST_H
#define CEREMONY_CLIENT_TRUST_H

#include "base/crypto.h"

struct trust {
	struct digest vault;
	uint32_t documents;  /* 0: the vault id is all that is known (a founder has signed) */
	struct digest chain; /* chain_digest of them */
	struct digest
	    folded;    /* of the file that has what was folded of them; zero: there is none */
	uint64_t size; /* of the log */
	struct digest root;
};

/* The same vault, seen as far. */
bool trust_equal(const struct trust *a, const struct trust *b);
/* May a client that knows OLD believe SEEN?  CHAIN_AT is the digest of as many documents of the chain
 * just verified as OLD knows; PROOF shows that SEEN's log continues OLD's.  Pure.  ERR_INTEGRITY says
 * what went back or was replaced. */
enum err_code trust_check(const struct trust *old, const struct trust *seen,
    const struct digest *chain_at, const struct digest *proof, size_t proof_count,
    struct err *err) MUST_CHECK;

#endif
