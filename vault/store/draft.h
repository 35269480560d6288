/* SPDX-License-Identifier: Apache-2.0 */
/* Documents that wait for signatures, side by side. */
#ifndef VAULT_STORE_DRAFT_H
#define VAULT_STORE_DRAFT_H

#include "base/crypto.h"
#include "vault/documents/seat.h"
#include "vault/store/store.h"

struct draft_row {
	struct digest digest;         /* of the statement, which is stored */
	char seat[SEAT_NAME_MAX + 1]; /* who proposed it */
};
enum err_code store_add_draft(struct store *store, const struct draft_row *row,
    struct err *err) MUST_CHECK;
enum err_code store_get_draft(struct store *store, const struct digest *digest,
    struct draft_row *ret_row, struct err *err) MUST_CHECK;
/* The oldest that came after ARRIVAL (0: of all), which becomes its own; ERR_NOT_FOUND. */
enum err_code store_next_draft(struct store *store, int64_t *arrival, struct draft_row *ret_row,
    struct err *err) MUST_CHECK;
/* It may be gone already. */
enum err_code store_drop_draft(struct store *store, const struct digest *digest,
    struct err *err) MUST_CHECK;

#endif
