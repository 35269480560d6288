/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the store, for migrate.c. */
#ifndef VAULT_STORE_SCHEMA_H
#define VAULT_STORE_SCHEMA_H

/* Scripts, NULL at the end, that make tables, indices and triggers of format 1 in an empty database. */
extern const char *const store_schema[];
/* From format 1 to 2, and from 2 to 3. */
extern const char store_schema_2[], store_schema_3[];

#endif
