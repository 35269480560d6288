/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: ceremonies over many versions (ceremony/server/opening/batch.h), their items, what officers
 * said and handed over. */
#ifndef VAULT_STORE_BATCH_H
#define VAULT_STORE_BATCH_H

#include "vault/documents/id.h"
#include "vault/documents/state_names.h"
#include "vault/seal/header.h"
#include "vault/store/store.h"

struct batch_row {
	struct id id;
	struct digest digest;      /* of the ceremony statement */
	struct digest request;     /* of the request statement; unique: accepted once */
	enum ceremony_state state; /* COLLECTING, RELEASING, CLOSED, REFUSED */
	char requester[SEAT_NAME_MAX + 1];
	char reason[NOTE_TEXT_MAX + 1]; /* why it was refused, or "" */
	struct digest charter;
	int64_t created, deadline;
};
struct item_row {
	struct secret_id secret;
	uint32_t version;
	enum item_state state;
	bool has_debt;
	struct id debt;
	char note[NOTE_TEXT_MAX + 1];
};
enum err_code store_add_batch(struct store *store, const struct batch_row *row,
    const struct item_row *items, size_t count, struct err *err) MUST_CHECK; /* ERR_EXISTS */
enum err_code store_update_batch(struct store *store, const struct batch_row *row,
    struct err *err) MUST_CHECK; /* state, reason */
enum err_code store_get_batch(struct store *store, const struct id *id, struct batch_row *ret_row,
    struct err *err) MUST_CHECK;
/* Newest first; states as for ceremonies. */
enum err_code store_list_batches(struct store *store, unsigned states, struct batch_row *rows,
    size_t max, size_t *ret_count, struct err *err) MUST_CHECK;
/* In the order of the ceremony statement. */
enum err_code store_list_items(struct store *store, const struct id *batch,
    struct item_row rows[CEREMONY_ITEMS], size_t *ret_count, struct err *err) MUST_CHECK;
enum err_code store_update_item(struct store *store, const struct id *batch, size_t position,
    const struct item_row *row, struct err *err) MUST_CHECK; /* state, debt, note */
/* Is the debt that of an item that is still OPENING? */
enum err_code store_debt_is_opening(struct store *store, const struct id *debt, bool *ret_is,
    struct err *err) MUST_CHECK;

struct voice_row { /* an approval or a denial; a seat that was interrupted approves again */
	char seat[SEAT_NAME_MAX + 1];
	struct digest token, statement;
	bool denies;
};
enum err_code store_add_voice(struct store *store, const struct id *batch,
    const struct voice_row *row, struct err *err) MUST_CHECK; /* ERR_EXISTS */
enum err_code store_list_voices(struct store *store, const struct id *batch, struct voice_row *rows,
    size_t max, size_t *ret_count, struct err *err) MUST_CHECK;

struct batch_share_row { /* of one seat for one item, re-sealed to the batch */
	char seat[SEAT_NAME_MAX + 1];
	uint32_t position;
	struct digest statement; /* the approval with the encapsulation */
	uint32_t envelope;       /* index in the item's header */
	struct buf ciphertext;   /* empty when it was erased */
};
void batch_share_row_done(struct batch_share_row *row);
enum err_code store_add_batch_share(struct store *store, const struct id *batch,
    const struct batch_share_row *row, struct err *err) MUST_CHECK; /* ERR_EXISTS */
/* Of the item POSITION; the caller calls batch_share_row_done on each. */
enum err_code store_list_batch_shares(struct store *store, const struct id *batch, size_t position,
    struct batch_share_row rows[QUORUM_SEATS], size_t *ret_count, struct err *err) MUST_CHECK;
/* How many items SEAT has given shares for; RET_GIVEN has CEREMONY_ITEMS flags (may be NULL). */
enum err_code store_count_batch_shares(struct store *store, const struct id *batch,
    const char *seat, bool *ret_given, size_t *ret_count, struct err *err) MUST_CHECK;
/* Erase those of one item, or all (POSITION < 0); the rows stay. */
enum err_code store_erase_batch_shares(struct store *store, const struct id *batch,
    int64_t position, struct err *err) MUST_CHECK;

/* The charters under which current versions were sealed, as digests, the least greater than AFTER
 * (NULL: the first).  ERR_NOT_FOUND: no more. */
enum err_code store_next_sealed_under(struct store *store, const struct digest *after,
    struct digest *ret_charter, struct err *err) MUST_CHECK;
/* Current versions sealed under CHARTER, by secret id after AFTER, at most MAX. */
struct sealed_row {
	struct secret_id secret;
	uint32_t number;
};
enum err_code store_list_sealed_under(struct store *store, const struct digest *charter,
    const struct secret_id *after, struct sealed_row *rows, size_t max, size_t *ret_count,
    struct err *err) MUST_CHECK;

#endif
