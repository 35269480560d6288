/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes of spares.  With each that comes, is tested or goes, the version's row gets its new class. */
#ifndef VAULT_STORE_SPARE_H
#define VAULT_STORE_SPARE_H

#include "vault/seal/envelope.h"
#include "vault/store/secret.h"
#include "vault/store/store.h"

/* Shares that a seat re-enveloped to a spare token of its own, beside the version.  A row stands for a
 * version and a spare: it names the statement that was accepted last, and holds the box that came
 * last, which may be that of an earlier statement. */
struct spare_row {
	struct secret_id secret;
	uint32_t version;
	struct digest token;     /* the spare's */
	uint32_t envelope;       /* whose shares: index in the header */
	struct digest statement; /* STATEMENT_SPARE */
	struct digest box;       /* names the box (ceremony/protocol/spare.h) */
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	bool tested; /* this very box was opened by the spare */
};
/* STATEMENT, which is new, is the one that may store a box for the version and TOKEN from now on. */
enum err_code store_accept_spare(struct store *store, const struct secret_id *secret,
    uint32_t version, const struct digest *token, const struct digest *statement,
    struct err *err) MUST_CHECK;
/* Store the box of ROW, untested, in place of one that an earlier statement brought.  ERR_EXISTS unless
 * ROW's statement was accepted last and has brought none yet. */
enum err_code store_put_spare(struct store *store, const struct spare_row *row,
    struct view ciphertext, struct err *err) MUST_CHECK;
/* Those with a box. */
enum err_code store_list_spares(struct store *store, const struct secret_id *secret,
    uint32_t version, struct spare_row *rows, size_t max, size_t *ret_count,
    struct err *err) MUST_CHECK;
/* Up to MAX of TOKEN's, of all versions, that were not tested, those of one statement together. */
enum err_code store_list_untested_spares(struct store *store, const struct digest *token,
    struct spare_row *rows, size_t max, size_t *ret_count, struct err *err) MUST_CHECK;
/* The ciphertext of a row. */
enum err_code store_get_spare(struct store *store, const struct secret_id *secret, uint32_t version,
    const struct digest *token, struct buf *ret_ciphertext, struct err *err) MUST_CHECK;
/* TEST shows that TOKEN opened BOX, if that is still there. */
enum err_code store_test_spare(struct store *store, const struct digest *token,
    const struct digest *box, const struct digest *test, struct err *err) MUST_CHECK;
/* The class of the version ROW (vault/documents/class.h), by its shape and its spares as they are: what its row should
 * say. */
enum err_code store_find_class(struct store *store, const struct version_row *row,
    struct digest *ret_class, struct err *err) MUST_CHECK;
/* Erase all envelopes of a version, and what was re-enveloped from them (secure_delete): nobody
 * opens it again from here. */
enum err_code store_erase_envelopes(struct store *store, const struct secret_id *secret,
    uint32_t version, struct err *err) MUST_CHECK;

/* Another policy protects the version: its shape is SHAPE from now on, and its class follows. */
enum err_code store_set_shape(struct store *store, const struct secret_id *secret, uint32_t number,
    const struct digest *shape, struct err *err) MUST_CHECK;

#endif
