/* SPDX-License-Identifier: Apache-2.0 */
/* One item of a ceremony with its rows. */
#ifndef CEREMONY_SERVER_OPENING_ITEM_H
#define CEREMONY_SERVER_OPENING_ITEM_H

#include "ceremony/server/opening/ceremony.h"
#include "ceremony/server/opening/spare_envelopes.h"
#include "vault/store/secret.h"

struct loaded_item {
	size_t position;
	struct secret_row secret;
	struct version_row version;
	struct exhibit *exhibit; /* NULL when damaged */
	struct spare_set spares;
	struct share_row shares[QUORUM_SEATS];
	size_t share_count;
	/* "" or why it cannot be opened any more; DAMAGED: because what is stored is not what was
	 * sealed. */
	char stale[NOTE_TEXT_MAX + 1];
	bool damaged;
};
void item_free(struct loaded_item *item);
DESTRUCTOR(item_freep, struct loaded_item, item_free)
#define ITEM CLEANUP(item_freep) struct loaded_item

enum err_code item_load(const struct opening *opening, size_t position,
    struct loaded_item **ret_item, struct err *err) MUST_CHECK;
/* The verified approval that ROW's shares came with, or NULL. */
const struct voice *share_voice(const struct opening *opening, const struct share_row *row);
/* Does the share in ROW count: is the seat's standing approval the one that it came with? */
bool item_counts(const struct opening *opening, const struct share_row *row);
/* The verdict on all items that can still be opened at NOW; VOID when there is none. */
enum err_code opening_verdict(const struct opening *opening, int64_t now, enum verdict *ret_verdict,
    struct buf *ret_text, struct err *err) MUST_CHECK;

/* Inside a change: STATEMENT, which was verified, is said by VOICE (its digest is filled in). */
enum err_code voice_store(struct session *session, const struct opening *opening,
    const struct dsse *statement, const struct voice_row *voice, struct err *err) MUST_CHECK;

#endif
