/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the tables and indices of the database begin, which SQLite reads beside their texts: the row "roots" of
 * texts, schema_check.h's digest in hex, written with the first leaf and proven like any other row.  So nobody
 * exchanges two of them: what is written would go to the wrong one, and the anchor with it.
 */
#ifndef VAULT_STORE_ROOTS_H
#define VAULT_STORE_ROOTS_H

#include "base/err.h"

struct store;

/* In the transaction of the first leaf. */
enum err_code store_keep_roots(struct store *store, struct err *err) MUST_CHECK;
/* ERR_INTEGRITY: they are others than at the beginning.  A vault without a leaf has none yet. */
enum err_code store_check_roots(struct store *store, struct err *err) MUST_CHECK;

#endif
