/* SPDX-License-Identifier: Apache-2.0 */
/* One item on its way to where it goes; for settle and the three destinations. */
#ifndef CEREMONY_SERVER_OPENING_DESTINATION_H
#define CEREMONY_SERVER_OPENING_DESTINATION_H

#include "ceremony/server/opening/item.h"
#include "ceremony/server/vault/log.h"

struct delivery {
	struct opening *opening;
	struct loaded_item *item;
	struct p256_key *key; /* of the ceremony */
	struct secret *lease; /* the seed of its lease key */
};
/* What becomes of CREDENTIAL; ends with the item DONE, in a transaction of its own. */
typedef enum err_code (
    *destination)(struct delivery *delivery, struct secret *credential, struct err *err);

/* Inside a change: the item is in STATE from now on; its shares are erased. */
enum err_code item_record(struct delivery *delivery, enum item_state state, const char *note,
    struct leaf *leaf, struct err *err) MUST_CHECK;

#endif
