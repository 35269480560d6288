/* SPDX-License-Identifier: Apache-2.0 */
/* Signed statements, the chains of charters and rosters, and small texts. */
#ifndef VAULT_STORE_STATEMENT_H
#define VAULT_STORE_STATEMENT_H

#include "base/crypto.h"
#include "vault/store/store.h"

/* Small texts, at most 4 MiB: "draft" (charter draft being signed), "roster-draft", "init", ... */
enum err_code store_set_text(struct store *store, const char *name, const char *text,
    struct err *err) MUST_CHECK; /* NULL deletes */
enum err_code store_get_text(struct store *store, const char *name, struct buf *ret_text,
    struct err *err) MUST_CHECK;

/* Statements: DSSE text by digest.  Adding the same digest again replaces the text only when
 * REPLACE (more signatures were collected). */
enum err_code store_put_statement(struct store *store, const struct digest *digest,
    const char *type, struct view text, bool replace, struct err *err) MUST_CHECK;
enum err_code store_get_statement(struct store *store, const struct digest *digest,
    struct buf *ret_text, struct err *err) MUST_CHECK;

/* The chains: version -> statement digest.  Versions are consecutive from 1. */
enum err_code store_put_charter(struct store *store, uint32_t version, const struct digest *digest,
    struct err *err) MUST_CHECK;
enum err_code store_get_charter(struct store *store, uint32_t version, struct digest *ret_digest,
    struct err *err) MUST_CHECK;
enum err_code store_charter_version(struct store *store, uint32_t *ret_newest,
    struct err *err) MUST_CHECK; /* 0: none */
enum err_code store_put_roster(struct store *store, uint32_t version, const struct digest *digest,
    struct err *err) MUST_CHECK;
enum err_code store_get_roster(struct store *store, uint32_t version, struct digest *ret_digest,
    struct err *err) MUST_CHECK;
enum err_code store_roster_version(struct store *store, uint32_t *ret_newest,
    struct err *err) MUST_CHECK;

#endif
