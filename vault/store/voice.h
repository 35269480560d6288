/* SPDX-License-Identifier: Apache-2.0 */
/* What officers said in a ceremony, and the shares that they handed over. */
#ifndef VAULT_STORE_VOICE_H
#define VAULT_STORE_VOICE_H

#include "vault/documents/id.h"
#include "vault/seal/envelope.h"
#include "vault/store/store.h"

struct voice_row { /* an approval or a denial; a seat that was interrupted approves again */
	char seat[SEAT_NAME_MAX + 1];
	struct digest token, statement;
	bool denies;
};
enum err_code store_add_voice(struct store *store, const struct id *ceremony,
    const struct voice_row *row, struct err *err) MUST_CHECK; /* ERR_EXISTS */
/* As they arrived. */
enum err_code store_list_voices(struct store *store, const struct id *ceremony,
    struct voice_row *rows, size_t max, size_t *ret_count, struct err *err) MUST_CHECK;

struct share_row { /* of one seat for one item, sealed again to the ceremony */
	char seat[SEAT_NAME_MAX + 1];
	uint32_t position;
	struct digest statement; /* the approval with the encapsulation */
	uint32_t envelope;       /* index in the item's header */
	struct buf ciphertext;   /* empty when it was erased */
};
void share_row_done(struct share_row *row);
enum err_code store_add_share(struct store *store, const struct id *ceremony,
    const struct share_row *row, struct err *err) MUST_CHECK; /* ERR_EXISTS */
/* Of the item POSITION; the caller calls share_row_done on each. */
enum err_code store_list_shares(struct store *store, const struct id *ceremony, size_t position,
    struct share_row rows[QUORUM_SEATS], size_t *ret_count, struct err *err) MUST_CHECK;
/* Erase those of one item, or all (POSITION < 0); the rows stay (secure_delete). */
enum err_code store_erase_shares(struct store *store, const struct id *ceremony, int64_t position,
    struct err *err) MUST_CHECK;
/* Take back what was found damaged: the seat may hand it over again. */
enum err_code store_drop_share(struct store *store, const struct id *ceremony, size_t position,
    const char *seat, struct err *err) MUST_CHECK;
/* The token was suspended: what it handed over to ceremonies that still collect is gone. */
enum err_code store_drop_shares_of(struct store *store, const struct digest *token,
    struct err *err) MUST_CHECK;
/* The newest approval by TOKEN; ERR_NOT_FOUND. */
enum err_code store_newest_approval(struct store *store, const struct digest *token,
    struct digest *ret_statement, struct err *err) MUST_CHECK;

#endif
