/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the store, for store_migrate.c. */
#ifndef VAULT_STORE_SCHEMA_H
#define VAULT_STORE_SCHEMA_H

/* Scripts, NULL at the end, that make every table, index and trigger in an empty database. */
extern const char *const store_schema[];
/* The last of them: what leads from format 1 to 2. */
extern const char store_schema_2[];

#endif
