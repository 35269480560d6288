/* SPDX-License-Identifier: Apache-2.0 */
/* What was opened, and the answers that it left. */
#ifndef VAULT_STORE_OPENED_H
#define VAULT_STORE_OPENED_H

#include "vault/documents/id.h"
#include "vault/seal/envelope.h"
#include "vault/store/store.h"

/* VERSION of SECRET is opened by CEREMONY: once, ever.  RECOVERS: the open debt for which it may be
 * opened again; or NULL.  ERR_EXISTS: it was opened before. */
enum err_code store_add_opened(struct store *store, const struct secret_id *secret,
    uint32_t version, const struct id *ceremony, const struct id *recovers,
    struct err *err) MUST_CHECK;
/* By which ceremony it was opened (not recovered).  ERR_NOT_FOUND: by none. */
enum err_code store_get_opened(struct store *store, const struct secret_id *secret,
    uint32_t version, struct id *ret_ceremony, struct err *err) MUST_CHECK;

/* The lease key's seed and the credential of item POSITION, sealed to one recipient; written once,
 * returned for ever. */
enum err_code store_add_answer(struct store *store, const struct id *ceremony, size_t position,
    const struct digest *token, const struct sealed_box *box, struct err *err) MUST_CHECK;
enum err_code store_get_answer(struct store *store, const struct id *ceremony, size_t position,
    const struct digest *token, struct sealed_box *ret_box, struct err *err) MUST_CHECK;

#endif
