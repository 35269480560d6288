/* SPDX-License-Identifier: Apache-2.0 */
/* Signed statements, the chain of documents, and small texts. */
#ifndef VAULT_STORE_STATEMENT_H
#define VAULT_STORE_STATEMENT_H

#include "base/crypto.h"
#include "vault/store/store.h"

/* Small texts, at most 4 MiB: "init", what the founding said.  "roots" is kept by roots.h. */
enum err_code store_set_text(struct store *store, const char *name, const char *text,
    struct err *err) MUST_CHECK; /* NULL deletes */
enum err_code store_get_text(struct store *store, const char *name, struct buf *ret_text,
    struct err *err) MUST_CHECK;

/* Statements: DSSE text by digest.  The same digest again is ERR_EXISTS, unless it may REPLACE the text
 * (more signatures were collected). */
enum err_code store_put_statement(struct store *store, const struct digest *digest,
    const char *type, struct view text, bool replace, struct err *err) MUST_CHECK;
enum err_code store_get_statement(struct store *store, const struct digest *digest,
    struct buf *ret_text, struct err *err) MUST_CHECK;

/* ERR_EXISTS, in these words, of a statement of TYPE. */
enum err_code store_refuse_again(const char *type, struct err *err) MUST_CHECK;
/* Is there one?  Its text is not read. */
enum err_code store_has_statement(struct store *store, const struct digest *digest, bool *ret_has,
    struct err *err) MUST_CHECK;
/* The first digest after AFTER (NULL: of all) in the order of digests, as the database has it: who reads the
 * statement proves it.  ERR_NOT_FOUND at the end. */
enum err_code store_next_statement(struct store *store, const struct digest *after,
    struct digest *ret_digest, struct err *err) MUST_CHECK;
enum err_code store_count_statements(struct store *store, uint64_t *ret_count,
    struct err *err) MUST_CHECK;

/* The chain: statement digests of charters, rosters and suspensions in the order in which they came into
 * force, at positions from 1 on.  ERR_EXISTS: it stands there; ERR_NOT_FOUND: its statement is not stored yet. */
enum err_code store_add_document(struct store *store, const struct digest *digest,
    struct err *err) MUST_CHECK;
enum err_code store_get_document(struct store *store, uint32_t position, struct digest *ret_digest,
    struct err *err) MUST_CHECK;
enum err_code store_count_documents(struct store *store, uint32_t *ret_count,
    struct err *err) MUST_CHECK;
/* Bytes of their texts together. */
enum err_code store_measure_documents(struct store *store, uint64_t *ret_bytes,
    struct err *err) MUST_CHECK;

/* Which statement holds the definition with HASH (vault/documents/definition.h).  ERR_EXISTS: known. */
enum err_code store_add_definition(struct store *store, const struct digest *hash,
    const struct digest *statement, struct err *err) MUST_CHECK;
enum err_code store_get_definition(struct store *store, const struct digest *hash,
    struct digest *ret_statement, struct err *err) MUST_CHECK;

#endif
