/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch: one ceremony that opens many versions, each to be sealed again or rotated, none released
 * (ceremony/protocol/record_batch.h).  As in ceremony/server/opening/matter.h everything is verified again from the
 * statements up.
 *
 *	COLLECTING --quorum met for every item--> RELEASING --every item settled--> CLOSED
 *	     \--> REFUSED (unreachable, cancelled, expired, void)
 *
 * Of an item: WAITING -> (OPENING, when it is rotated: its debt is committed) -> DONE, or SKIPPED (no
 * longer current, a debt, a newer charter), or DAMAGED.  At most one batch ever opens a version.
 */
#ifndef CEREMONY_SERVER_OPENING_BATCH_H
#define CEREMONY_SERVER_OPENING_BATCH_H

#include "ceremony/protocol/statements_host.h"
#include "ceremony/protocol/states.h"
#include "ceremony/protocol/verdict.h"
#include "ceremony/server/opening/spare_envelopes.h"
#include "ceremony/server/vault/session.h"
#include "vault/store/batch.h"
#include "vault/store/secret.h"

enum { BATCH_VOICES = 512 };

struct batch {
	struct batch_row row;
	struct request request;
	struct ceremony ceremony;
	/* Charter, requester's seat and token are those of the request.  When false the ceremony is
	 * void and WHY_VOID says why. */
	bool in_force;
	char why_void[NOTE_TEXT_MAX + 1];
	struct item_row items[CEREMONY_ITEMS];
	struct voice_row voices[BATCH_VOICES];
	bool lost
	    [BATCH_VOICES]; /* the voice's token is suspended: an approval by it does not count */
	size_t voice_count;
};
void batch_freep(struct batch **batch);
#define BATCH CLEANUP(batch_freep) struct batch

/* ERR_NOT_FOUND; ERR_INTEGRITY names what contradicts what. */
enum err_code batch_load(struct session *session, const struct id *id, struct batch **ret_batch,
    struct err *err) MUST_CHECK;
/* The newest approval of SEAT, or NULL; its denial withdraws it. */
const struct voice_row *batch_approval(const struct batch *batch, const char *seat);
bool batch_denied(const struct batch *batch, const char *seat);

/* One version of a batch. */
struct case_item {
	struct secret_row secret;
	struct definition definition;
	const struct policy *policy; /* NULL: the charter has it no more */
	struct version_row version;
	struct header *header;
	struct quorum quorum;
	struct spare_set *spares;
	struct batch_share_row shares[QUORUM_SEATS];
	size_t share_count;
	/* "" or why it cannot be opened any more; DAMAGED: because what is stored is not what was sealed,
	 * and then the header may be missing. */
	char stale[NOTE_TEXT_MAX + 1];
	bool damaged;
};
void case_item_freep(struct case_item **item);
#define CASE_ITEM CLEANUP(case_item_freep) struct case_item
enum err_code case_item_load(struct session *session, const struct batch *batch, size_t position,
    struct case_item **ret_item, struct err *err) MUST_CHECK;
/* Does SEAT's voice count for an item? */
bool batch_counts(const struct batch *batch, const char *seat);
enum verdict item_verdict(const struct session *session, const struct batch *batch,
    const struct case_item *item, int64_t now, int *ret_missing, struct buf *ret_text);
/* The worst over all items that can still be opened: void and expired before unreachable before open
 * before met. */
enum err_code batch_verdict(struct session *session, const struct batch *batch, int64_t now,
    enum verdict *ret_verdict, struct buf *ret_text, struct err *err) MUST_CHECK;

/* Inside a change: a COLLECTING batch ends without opening anything. */
enum err_code batch_refuse(struct session *session, struct batch *batch, enum ceremony_event event,
    const char *reason, struct err *err) MUST_CHECK;

#endif
