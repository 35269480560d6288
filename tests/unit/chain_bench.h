/* SPDX-License-Identifier: Apache-2.0 */
/* A vault of tests/lib/founded.h and its chain.  Whatever is added to that is added to another one as well, which goes
 * on from an image of it, and must become the same. */
#ifndef TESTS_UNIT_CHAIN_BENCH_H
#define TESTS_UNIT_CHAIN_BENCH_H

#include "tests/lib/founded.h"
#include "vault/documents/chain_fold.h"
#include "vault/documents/chain_image.h"

enum { DOCUMENTS = 64 };

/* A vault of founded.h whose chain has charter 1. */
struct vault {
	struct founded founded;
	struct chain chain;
	struct roster *roster;             /* to edit, then add_roster */
	struct dsse *documents[DOCUMENTS]; /* of the chain */
};

void vault_done(struct vault *vault);
#define VAULT CLEANUP(vault_done) struct vault

const struct p256_key *key_of(const struct vault *vault, size_t seat);
const struct digest *token_of(const struct vault *vault, size_t seat);
/* STATEMENT comes into force. */
enum err_code add(struct vault *vault, const struct dsse *statement, struct err *err);
/* A chain's `fetch`, of the struct vault CONTEXT. */
enum err_code fetch_document(void *context, const struct digest *digest, struct dsse *ret_statement,
    struct err *err);
/* The vault's chain again, from its image; documents are fetched from VAULT. */
void resume(struct vault *vault, struct chain *ret_chain);
void found_vault(struct vault *vault);
/* The charter as it is edited, signed by ciso and infra (all officers, for the first). */
enum err_code add_charter(struct vault *vault, struct err *err);
/* BY suspends the token ID of HOLDER. */
enum err_code suspend(struct vault *vault, size_t by, const char *holder, const struct digest *id,
    struct err *err);
/* alice of the roster with the sign key NUMBER of the spares, and a release key of its own. */
void put_alice(struct vault *vault, size_t index, size_t number);
/* The roster as it is edited, signed by ops, ciso, and ALSO (may be NULL). */
enum err_code add_roster(struct vault *vault, const struct p256_key *also, struct err *err);

#endif
