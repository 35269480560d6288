/* SPDX-License-Identifier: Apache-2.0 */
/* Shares that officers sealed again to a ceremony's key (format: vault/seal/envelope.h). */
#ifndef CEREMONY_SERVER_OPENING_SHARES_H
#define CEREMONY_SERVER_OPENING_SHARES_H

#include "ceremony/server/opening/item.h"

/* What belongs to the ceremony alone: its key, and the seed of the lease key.  ERR_NOT_FOUND when its file
 * is gone; ERR_INTEGRITY when it is not the one that the ceremony names. */
enum err_code opening_keys(const struct opening *opening, struct p256_key **ret_key,
    struct secret **ret_lease, struct err *err) MUST_CHECK;
/* Open the share of ROW, which must belong to a verified approval and its token's envelope, and hold
 * it against its commitments.  ERR_INTEGRITY names the seat. */
enum err_code share_open(const struct opening *opening, const struct loaded_item *item,
    const struct share_row *row, struct p256_key *key, struct secret **ret_shares,
    struct err *err) MUST_CHECK;
/* The credential, from the shares that count.  Errors of opener_open. */
enum err_code item_combine(const struct opening *opening, const struct loaded_item *item,
    struct p256_key *key, struct secret **ret_credential, struct err *err) MUST_CHECK;

#endif
