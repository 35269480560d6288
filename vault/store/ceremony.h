/* SPDX-License-Identifier: Apache-2.0 */
/* Ceremonies and their items. */
#ifndef VAULT_STORE_CEREMONY_H
#define VAULT_STORE_CEREMONY_H

#include <stdlib.h>

#include "base/process.h"
#include "vault/documents/id.h"
#include "vault/documents/state_names.h"
#include "vault/seal/header.h"
#include "vault/store/store.h"

struct ceremony_row {
	struct id id;
	struct digest digest;  /* of the ceremony statement */
	struct digest request; /* of the request statement; unique: accepted once */
	enum mode mode;
	enum ceremony_state state;
	char requester[SEAT_NAME_MAX + 1];
	char reason[NOTE_TEXT_MAX + 1]; /* why it was refused, or "" */
	struct digest charter;
	int64_t created, deadline;
	int64_t released, expires; /* 0 until then, and where nobody receives */
	struct boot over;      /* the same end, as no one can set it; not known: by EXPIRES alone */
	struct digest release; /* the statement; zero until then */
};
struct item_row {
	struct secret_id secret;
	uint32_t version;
	enum item_state state;
	bool has_debt;
	struct id debt;
	char note[NOTE_TEXT_MAX + 1];
};
/* With its COUNT items.  ERR_EXISTS: the request was used before. */
enum err_code store_add_ceremony(struct store *store, const struct ceremony_row *row,
    const struct item_row *items, size_t count, struct err *err) MUST_CHECK;
/* state, reason, released, expires, over, release; the rest was fixed by the statement. */
enum err_code store_update_ceremony(struct store *store, const struct ceremony_row *row,
    struct err *err) MUST_CHECK;
enum err_code store_get_ceremony(struct store *store, const struct id *id,
    struct ceremony_row *ret_row, struct err *err) MUST_CHECK;
/* All in the bit set STATES (1 << state), newest first; the caller frees RET_ROWS. */
enum err_code store_list_ceremonies(struct store *store, unsigned states,
    struct ceremony_row **ret_rows, size_t *ret_count, struct err *err) MUST_CHECK;
/* The MAX newest of these; RET_ALL: how many there are, of which no row behind MAX is read. */
enum err_code store_newest_ceremonies(struct store *store, unsigned states, size_t max,
    struct ceremony_row **ret_rows, size_t *ret_count, uint64_t *ret_all,
    struct err *err) MUST_CHECK;
DESTRUCTOR(ceremony_rows_freep, struct ceremony_row, free)
#define CEREMONY_ROWS CLEANUP(ceremony_rows_freep) struct ceremony_row
/* In the order of the ceremony statement, at most MAX. */
enum err_code store_list_items(struct store *store, const struct id *ceremony,
    struct item_row *rows, size_t max, size_t *ret_count, struct err *err) MUST_CHECK;
enum err_code store_update_item(struct store *store, const struct id *ceremony, size_t position,
    const struct item_row *row, struct err *err) MUST_CHECK; /* state, debt, note */
/* Has the ceremony an item for SECRET? */
enum err_code store_has_item(struct store *store, const struct id *ceremony,
    const struct secret_id *secret, bool *ret_has, struct err *err) MUST_CHECK;
/* Is the debt that of an item that is still OPENING? */
enum err_code store_debt_is_opening(struct store *store, const struct id *debt, bool *ret_is,
    struct err *err) MUST_CHECK;

#endif
