/* SPDX-License-Identifier: Apache-2.0 */
/* Items on their way to where they go; for settle and the three destinations. */
#ifndef CEREMONY_SERVER_OPENING_DESTINATION_H
#define CEREMONY_SERVER_OPENING_DESTINATION_H

#include "ceremony/server/opening/item.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"

struct resealing; /* to_vault.h */

struct delivery {
	struct opening *opening;
	struct loaded_item *item;
	struct p256_key *key;       /* of the ceremony */
	struct secret *lease;       /* the seed of its lease key */
	size_t settled;             /* items that need nothing more */
	bool stale[CEREMONY_ITEMS]; /* as they were checked for the decision */
	struct id copied;           /* the copy sink that has its release statement; zeros: none */
	struct resealing
	    *resealing; /* what is sealed again and waits for its transaction; or NULL */
};
/* What becomes of CREDENTIAL, that of the item; it ends DONE. */
typedef enum err_code (
    *destination)(struct delivery *delivery, struct secret *credential, struct err *err);

/* Inside a change: the item at POSITION is in STATE from now on; its shares are erased. */
enum err_code item_record(struct opening *opening, size_t position, enum item_state state,
    const char *note, struct leaf *leaf, struct err *err) MUST_CHECK;
/* change_commit of a change that settled so many ITEMS. */
enum err_code delivery_commit(struct delivery *delivery, struct change *change, size_t items,
    struct err *err) MUST_CHECK;

#endif
