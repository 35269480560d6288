/* SPDX-License-Identifier: Apache-2.0 */
/* Shares that officers re-sealed to a batch's key (formats: ceremony/protocol/record_batch.h, vault/seal/seal.h). */
#ifndef CEREMONY_SERVER_OPENING_BATCH_SHARES_H
#define CEREMONY_SERVER_OPENING_BATCH_SHARES_H

#include "ceremony/server/opening/batch.h"

/* The ceremony's key, which must be the one that the statement names.  ERR_NOT_FOUND: it is gone. */
enum err_code batch_key(struct session *session, const struct batch *batch,
    struct p256_key **ret_key, struct err *err) MUST_CHECK;
/* Open the shares ROW (for item ROW->position) and hold them against the commitments of CASE_ITEM's
 * header.  ERR_INTEGRITY names the seat. */
enum err_code batch_shares_open(struct session *session, const struct batch *batch,
    const struct case_item *item, const struct batch_share_row *row, struct p256_key *key,
    struct secret **ret_shares, struct err *err) MUST_CHECK;
/* The value, from all shares that count. */
enum err_code batch_combine(struct session *session, const struct batch *batch,
    const struct case_item *item, struct p256_key *key, struct secret **ret_credential,
    struct err *err) MUST_CHECK;

#endif
