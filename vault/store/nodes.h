/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the state tree. */
#ifndef VAULT_STORE_NODES_H
#define VAULT_STORE_NODES_H

#include "vault/log/tree_node.h"

struct store;

/* For as long as STORE lives; nothing is allocated. */
struct tree_nodes store_nodes(struct store *store);

#endif
