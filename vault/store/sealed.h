/* SPDX-License-Identifier: Apache-2.0 */
/* Which versions are sealed how: the lists of what should be sealed again or rotated. */
#ifndef VAULT_STORE_SEALED_H
#define VAULT_STORE_SEALED_H

#include "vault/log/tree_node.h"
#include "vault/seal/header.h"
#include "vault/store/store.h"

/* The charters under which current versions were sealed, as digests, the least greater than AFTER
 * (NULL: the first).  ERR_NOT_FOUND: no more. */
enum err_code store_next_sealed_under(struct store *store, const struct digest *after,
    struct digest *ret_charter, struct err *err) MUST_CHECK;
/* Current versions sealed under CHARTER, in an order of their own after AFTER (NULL: from the first on), at
 * most MAX. */
struct sealed_row {
	struct secret_id secret;
	uint32_t number;
	struct tree_key place; /* in the index */
};
enum err_code store_list_sealed_under(struct store *store, const struct digest *charter,
    const struct sealed_row *after, struct sealed_row *rows, size_t max, size_t *ret_count,
    struct err *err) MUST_CHECK;
/* Current versions of which officers opened shares in a ceremony that was refused, by secret id, at most
 * MAX. */
enum err_code store_list_exposed(struct store *store, struct sealed_row *rows, size_t max,
    size_t *ret_count, struct err *err) MUST_CHECK;

#endif
