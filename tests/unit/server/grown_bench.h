/* SPDX-License-Identifier: Apache-2.0 */
/* A vault that has grown old and large, made in seconds: through the store's calls, without the server. */
#ifndef TESTS_UNIT_SERVER_GROWN_BENCH_H
#define TESTS_UNIT_SERVER_GROWN_BENCH_H

#include "tests/unit/server/server_bench.h"

struct growth {
	unsigned secrets; /* ten cells each; nobody can open them, all else is as it should be */
	unsigned debts;   /* three cells and six leaves each, paid */
	uint64_t leaves;  /* of the log in the end; or as many as there are without more */
	bool openable;    /* each is sealed by itself as any other, and opens; that takes longer */
};
/* The vault that grows; lent. */
struct ground {
	struct store *store;
	struct digest vault_id;
	const struct charter *charter; /* has the policy "production" */
	/* An operator and an officer, who sign the definitions. */
	const struct person *signer, *second;
	const char *target; /* a folder that they name */
	int64_t now;        /* no earlier than what the vault has */
};
/* GROWTH, in transactions of 500 secrets.  Once for a vault. */
void ground_grow(const struct ground *ground, const struct growth *growth);
/* BENCH's session ends. */
void bench_grow(struct bench *bench, const struct growth *growth);

#endif
