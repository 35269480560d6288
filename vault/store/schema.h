/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the store, for format.c and schema_check.c. */
#ifndef VAULT_STORE_SCHEMA_H
#define VAULT_STORE_SCHEMA_H

/* Scripts, NULL at the end, that make tables, indices and triggers in an empty database. */
extern const char *const store_schema[];
/* The indices that SQLite makes for UNIQUE and PRIMARY KEY in these; NULL at the end. */
extern const char *const store_schema_automatic[];

#endif
