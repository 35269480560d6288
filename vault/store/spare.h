/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes of spares. */
#ifndef VAULT_STORE_SPARE_H
#define VAULT_STORE_SPARE_H

#include "vault/seal/envelope.h"
#include "vault/store/store.h"

/* Shares that a seat re-enveloped to a spare token of its own, beside the version. */
struct spare_row {
	struct secret_id secret;
	uint32_t version;
	struct digest token;     /* the spare's */
	uint32_t envelope;       /* whose shares: index in the header */
	struct digest statement; /* STATEMENT_SPARE */
};
enum err_code store_add_spare(struct store *store, const struct spare_row *row,
    const struct sealed_box *box, struct err *err) MUST_CHECK; /* ERR_EXISTS */
enum err_code store_list_spares(struct store *store, const struct secret_id *secret,
    uint32_t version, struct spare_row *rows, size_t max, size_t *ret_count,
    struct err *err) MUST_CHECK;
enum err_code store_get_spare(struct store *store, const struct secret_id *secret, uint32_t version,
    const struct digest *token, struct sealed_box *ret_box, struct err *err) MUST_CHECK;
/* Erase all envelopes of a version, and what was re-enveloped from them (secure_delete): nobody
 * opens it again from here. */
enum err_code store_erase_envelopes(struct store *store, const struct secret_id *secret,
    uint32_t version, struct err *err) MUST_CHECK;

#endif
