/* SPDX-License-Identifier: Apache-2.0 */
/* Rotation debts. */
#ifndef VAULT_STORE_DEBT_H
#define VAULT_STORE_DEBT_H

#include <stdlib.h>

#include "vault/documents/id.h"
#include "vault/documents/state_names.h"
#include "vault/seal/header.h"
#include "vault/store/store.h"

/* What became of the sessions that were opened with the old version. */
enum debt_sessions { SESSIONS_ENDED, SESSIONS_NONE, SESSIONS_CANNOT_TELL };
extern const char *const debt_sessions_names[];

/* Rotation debts (docs/DESIGN.md, "States"). */
struct debt_row {
	struct id id;
	struct secret_id secret;
	uint32_t old;     /* the version that must die */
	uint32_t pending; /* the version prepared to replace it; 0 */
	enum debt_state state;
	bool has_ceremony; /* false: adoption, or an operator's word (untried) */
	struct id ceremony;
	int64_t created, due; /* due: it may be tried from then on, not before */
	/* Values that the target definitely rejected so far; of a death watch: how often it took the old one when it had to
	 * refuse it. */
	uint32_t rejected;
	uint32_t tries;               /* in vain, since the target last accepted a new value */
	enum debt_sessions sessions;  /* when they were ended last; CANNOT_TELL before */
	char note[NOTE_TEXT_MAX + 1]; /* what happened last, for people */
	bool has_statement;           /* it is retired: */
	struct digest
	    statement; /* of the rotation, which says how the old version's death is known */
	/* Nobody has seen the old value: it stays sealed, stands in no escrow, and is not tried. */
	bool untried;
};
enum err_code store_add_debt(struct store *store, const struct debt_row *row, struct err *err)
    MUST_CHECK; /* ERR_EXISTS: the secret owes one already, that is before COMMITTED */
/* All but secret, old and created. */
enum err_code store_update_debt(struct store *store, const struct debt_row *row,
    struct err *err) MUST_CHECK;
enum err_code store_get_debt(struct store *store, const struct id *id, struct debt_row *ret_row,
    struct err *err) MUST_CHECK;
/* The debt of SECRET that keeps it from being opened (DEBT_BLOCKS); ERR_NOT_FOUND. */
enum err_code store_open_debt(struct store *store, const struct secret_id *secret,
    struct debt_row *ret_row, struct err *err) MUST_CHECK;
/* Its death watches, oldest first, at most MAX of them (64 at a time). */
enum err_code store_list_watches(struct store *store, const struct secret_id *secret,
    struct debt_row *ret_rows, size_t max, size_t *ret_count, struct err *err) MUST_CHECK;
/* The newest of them; ERR_NOT_FOUND. */
enum err_code store_newest_watch(struct store *store, const struct secret_id *secret,
    struct debt_row *ret_row, struct err *err) MUST_CHECK;
/* The last one that it had, which is the open one if there is one; ERR_NOT_FOUND. */
enum err_code store_last_debt(struct store *store, const struct secret_id *secret,
    struct debt_row *ret_row, struct err *err) MUST_CHECK;
/* All debts in the bit set STATES, oldest first; the caller frees RET_ROWS. */
enum err_code store_list_debts(struct store *store, unsigned states, struct debt_row **ret_rows,
    size_t *ret_count, struct err *err) MUST_CHECK;
/* The MAX oldest of these; RET_ALL: how many there are, of which no row behind MAX is read. */
enum err_code store_oldest_debts(struct store *store, unsigned states, size_t max,
    struct debt_row **ret_rows, size_t *ret_count, uint64_t *ret_all, struct err *err) MUST_CHECK;
DESTRUCTOR(debt_rows_freep, struct debt_row, free)
#define DEBT_ROWS CLEANUP(debt_rows_freep) struct debt_row

#endif
