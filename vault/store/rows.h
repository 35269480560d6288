/* SPDX-License-Identifier: Apache-2.0 */
/* Columns that several tables share, for vault/store/ alone. */
#ifndef VAULT_STORE_ROWS_H
#define VAULT_STORE_ROWS_H

#include "vault/documents/id.h"
#include "vault/seal/envelope.h"
#include "vault/store/sql_query.h"

void store_put_digest(struct sql_query *query, const struct digest *digest);
/* A zero one is stored as NULL. */
void store_put_digest_or_null(struct sql_query *query, const struct digest *digest);
void store_put_id(struct sql_query *query, const struct id *id);
/* NULL is stored as NULL. */
void store_put_id_or_null(struct sql_query *query, const struct id *id);
/* What names an item of a ceremony, and a version of a secret. */
void store_put_item(struct sql_query *query, const struct id *ceremony, size_t position);
void store_put_number(struct sql_query *query, const struct secret_id *secret, uint32_t number);
void store_put_secret_id(struct sql_query *query, const struct secret_id *id);
/* 0 is stored as NULL. */
void store_put_version(struct sql_query *query, uint32_t version);
/* enc and ciphertext; two NULLs when the ciphertext is empty. */
void store_put_box(struct sql_query *query, const struct sealed_box *box);

void store_get_digest(struct sql_query *query, const char *column, struct digest *ret_digest);
void store_get_id(struct sql_query *query, const char *column, struct id *ret_id);
/* False, and RET_ID left alone, for NULL. */
bool store_get_digest_or_null(struct sql_query *query, const char *column,
    struct digest *ret_digest);
bool store_get_id_or_null(struct sql_query *query, const char *column, struct id *ret_id);
void store_get_secret_id(struct sql_query *query, const char *column, struct secret_id *ret_id);
uint32_t store_get_version_number(struct sql_query *query, const char *column);
uint32_t store_get_u32(struct sql_query *query, const char *column);
bool store_get_flag(struct sql_query *query, const char *column);
int64_t store_get_time(struct sql_query *query, const char *column);
/* A name (text_is_name). */
void store_get_name(struct sql_query *query, const char *column, char ret_name[SEAT_NAME_MAX + 1]);
/* One of NAMES (NULL-terminated): its index. */
unsigned store_get_state(struct sql_query *query, const char *column, const char *const *names);
/* MAX bytes of ciphertext at most.  Nothing is handed over after a failure. */
void store_get_box(struct sql_query *query, size_t max, struct sealed_box *ret_box);

#endif
