/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the store, for format.c. */
#ifndef VAULT_STORE_SCHEMA_H
#define VAULT_STORE_SCHEMA_H

/* Scripts, NULL at the end, that make tables, indices and triggers in an empty database. */
extern const char *const store_schema[];

#endif
