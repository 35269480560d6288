/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed versions that are alike (vault/documents/class.h), and since when: how many there are is proven without
 * reading one of them.  ERR_INTEGRITY of every call: the database is not as the vault left it.
 *
 * A class stands in the lists by its first 24 bytes: nobody finds two classes that have these in common.
 */
#ifndef VAULT_STORE_SEALED_H
#define VAULT_STORE_SEALED_H

#include "vault/log/tree_node.h"
#include "vault/seal/header.h"
#include "vault/store/store.h"

enum { SEALED_CLASS_SIZE = 24 };
struct sealed_class {
	uint8_t bytes[SEALED_CLASS_SIZE];
};
/* SEALED_EXPOSED: current versions of which officers opened shares in a ceremony that was refused.  SEALED_SEEN: current ones
 * whose value somebody has seen, since it was not replaced when it was given. */
enum sealed_list { SEALED_CURRENT, SEALED_PENDING, SEALED_EXPOSED, SEALED_SEEN };
struct sealed_row {
	struct secret_id secret;
	uint32_t number;
	struct sealed_class class;
	int64_t created;
	struct tree_key place; /* in the list */
};
/* The oldest version of the next class after AFTER (NULL: of the first one).  ERR_NOT_FOUND: there are no more. */
enum err_code store_next_class(struct store *store, enum sealed_list list,
    const struct sealed_class *after, struct sealed_row *ret_row, struct err *err) MUST_CHECK;
/* How many versions of CLASS were created from FROM on (seconds) and before UNTIL; none when that is not
 * later. */
enum err_code store_count_class(struct store *store, enum sealed_list list,
    const struct sealed_class *class, int64_t from, int64_t until, uint64_t *ret_count,
    struct err *err) MUST_CHECK;
/* The MAX oldest of CLASS that were created from FROM on, after AFTER where it is not NULL. */
enum err_code store_list_class(struct store *store, enum sealed_list list,
    const struct sealed_class *class, int64_t from, const struct sealed_row *after,
    struct sealed_row *rows, size_t max, size_t *ret_count, struct err *err) MUST_CHECK;
/* The first MAX of LIST, those of a class together, and how many there are. */
enum err_code store_list_sealed(struct store *store, enum sealed_list list, struct sealed_row *rows,
    size_t max, size_t *ret_count, uint64_t *ret_all, struct err *err) MUST_CHECK;

#endif
