/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: one SQLite database (DESIGN.md, section 10) behind a narrow set of calls; all SQL is
 * in store*.c, SQLite itself in sql.c.  Rollback journal, synchronous=EXTRA, secure_delete, foreign
 * keys, STRICT tables, trusted_schema off, defensive; every pragma is read back.
 *
 * Writing happens between store_begin and store_commit.  store_begin takes the writer lock (file
 * `lock` beside the database, 10 s, then ERR_BUSY names the holder).  store_commit refuses
 * (ERR_INTERNAL) a transaction that changed something and appended no leaf: every state change is
 * a log leaf in the same transaction.  A failed commit rolls back; after ERR_IO from a commit
 * the store refuses everything (an fsync failed: what is on disk is unknown until restart).
 *
 * A digest that names a statement, and an id or version that names another row, must be stored when
 * the transaction commits (in any order), else the commit is ERR_NOT_FOUND and names the tables.
 *
 * Rows are plain values.  Buffers in ret_ structs are owned by the caller.  get calls return
 * ERR_NOT_FOUND; what they read is checked for size and range (ERR_INTEGRITY names table and
 * column), not trusted: signatures and hashes are the callers' to verify.
 */
#ifndef VAULT_STORE_STORE_H
#define VAULT_STORE_STORE_H

#include "vault/documents/id.h"
#include "vault/documents/state_names.h"
#include "vault/log/tlog.h"
#include "vault/seal/seal.h"

enum { STORE_FORMAT = 3 };

struct store;

/* Make a new database in folder PATH/vault.db (ERR_EXISTS when there is one). */
enum err_code store_create(const char *folder, const char *command, struct store **ret_store,
    struct err *err) MUST_CHECK;
/* Open it; COMMAND goes into the lock file.  ERR_NOT_FOUND, ERR_VERSION (newer format: names both),
 * ERR_INTEGRITY (not a vault, damaged). */
enum err_code store_open(const char *folder, const char *command, struct store **ret_store,
    struct err *err) MUST_CHECK;
void store_free(struct store *store); /* rolls back what is open; accepts NULL */
void store_freep(struct store **store);

enum err_code store_begin(struct store *store, struct err *err) MUST_CHECK;
enum err_code store_commit(struct store *store, struct err *err) MUST_CHECK;
void store_rollback(struct store *store); /* nothing open: nothing happens */
/* A read transaction, so that several reads see one state; ended by commit or rollback.  While it
 * lasts, others' commits wait 5 s and then fail (ERR_BUSY): keep it short. */
enum err_code store_begin_read(struct store *store, struct err *err) MUST_CHECK;
/* PRAGMA integrity_check and foreign_key_check.  ERR_INTEGRITY. */
enum err_code store_check(struct store *store, struct err *err) MUST_CHECK;

/* The log. */
enum err_code store_append_leaf(struct store *store, struct view data, uint64_t *ret_index,
    struct err *err) MUST_CHECK; /* inside begin..commit; at most TLOG_LEAF_MAX bytes */
enum err_code store_log_size(struct store *store, uint64_t *ret_size, struct err *err) MUST_CHECK;
enum err_code store_log_leaf(struct store *store, uint64_t index, struct buf *ret_data,
    struct err *err) MUST_CHECK;
/* tlog_fetch over the stored hashes; CONTEXT is the store. */
enum err_code store_log_fetch(void *context, unsigned level, uint64_t index,
    struct digest *ret_hash, struct err *err) MUST_CHECK;
enum err_code store_log_root(struct store *store, uint64_t size, struct digest *ret_root,
    struct err *err) MUST_CHECK;
/* Recompute every stored hash from the leaves.  ERR_INTEGRITY names the first that differs.
 * PROGRESS (may be NULL) is told every 10,000 leaves. */
enum err_code store_log_recompute(struct store *store,
    void (*progress)(void *context, uint64_t done, uint64_t size), void *context,
    struct err *err) MUST_CHECK;

/* Small texts, at most 4 MiB: "draft" (charter draft being signed), "roster-draft", "init", ... */
enum err_code store_set_text(struct store *store, const char *name, const char *text,
    struct err *err) MUST_CHECK; /* NULL deletes */
enum err_code store_get_text(struct store *store, const char *name, struct buf *ret_text,
    struct err *err) MUST_CHECK;

/* Statements: DSSE text by digest.  Adding the same digest again replaces the text only when
 * REPLACE (more signatures were collected). */
enum err_code store_put_statement(struct store *store, const struct digest *digest,
    const char *type, struct view text, bool replace, struct err *err) MUST_CHECK;
enum err_code store_get_statement(struct store *store, const struct digest *digest,
    struct buf *ret_text, struct err *err) MUST_CHECK;

/* The chains: version -> statement digest.  Versions are consecutive from 1. */
enum err_code store_put_charter(struct store *store, uint32_t version, const struct digest *digest,
    struct err *err) MUST_CHECK;
enum err_code store_get_charter(struct store *store, uint32_t version, struct digest *ret_digest,
    struct err *err) MUST_CHECK;
enum err_code store_charter_version(struct store *store, uint32_t *ret_newest,
    struct err *err) MUST_CHECK; /* 0: none */
enum err_code store_put_roster(struct store *store, uint32_t version, const struct digest *digest,
    struct err *err) MUST_CHECK;
enum err_code store_get_roster(struct store *store, uint32_t version, struct digest *ret_digest,
    struct err *err) MUST_CHECK;
enum err_code store_roster_version(struct store *store, uint32_t *ret_newest,
    struct err *err) MUST_CHECK;

/* Suspensions under CHARTER (digests of their statements), in the order of arrival, at most MAX.  Nobody is believed about them who did not sign (vault/documents/suspension.h). */
enum err_code store_add_suspension(struct store *store, const struct digest *charter,
    const struct digest *token, const struct digest *statement, struct err *err) MUST_CHECK;
enum err_code store_list_suspensions(struct store *store, const struct digest *charter,
    struct digest *ret_statements, size_t max, size_t *ret_count, struct err *err) MUST_CHECK;
enum err_code store_count_suspensions(struct store *store, const struct digest *charter,
    uint64_t *ret_count, struct err *err) MUST_CHECK; /* NULL: under all charters */
/* Tests of tokens, and the newest of each kind of evidence that TOKEN works; ERR_NOT_FOUND. */
enum err_code store_add_test(struct store *store, const struct digest *token,
    const struct digest *statement, struct err *err) MUST_CHECK;
enum err_code store_count_tests(struct store *store, uint64_t *ret_count,
    struct err *err) MUST_CHECK;
enum err_code store_newest_test(struct store *store, const struct digest *token,
    struct digest *ret_statement, struct err *err) MUST_CHECK;
enum err_code store_newest_approval(struct store *store, const struct digest *token,
    struct digest *ret_statement, struct err *err) MUST_CHECK;
/* Approvals that TOKEN gave in ceremonies and batches that still collect are incomplete from now on, and
 * their shares erased. */
enum err_code store_withdraw_approvals(struct store *store, const struct digest *token,
    struct err *err) MUST_CHECK;

/* Secrets and versions. */
struct secret_row {
	struct secret_id id;
	char name[SEAT_NAME_MAX + 1];
	struct digest definition;
	uint32_t current; /* version; 0 before the first is committed */
	uint32_t newest;  /* highest version number ever used */
};
struct version_row {
	struct secret_id secret;
	uint32_t number;
	enum version_state state;
	struct digest header_hash;
	struct buf header, ciphertext;
	bool part_exposed; /* shares were opened in a refused ceremony */
	int64_t created;
};
void version_row_done(struct version_row *row);
#define VERSION_ROW CLEANUP(version_row_done) struct version_row

enum err_code store_add_secret(struct store *store, const struct secret_row *row,
    struct err *err) MUST_CHECK; /* ERR_EXISTS by name or id */
enum err_code store_update_secret(struct store *store, const struct secret_row *row,
    struct err *err) MUST_CHECK;
enum err_code store_get_secret(struct store *store, const struct secret_id *id,
    struct secret_row *ret_row, struct err *err) MUST_CHECK;
enum err_code store_find_secret(struct store *store, const char *name, struct secret_row *ret_row,
    struct err *err) MUST_CHECK;
/* Secrets in name order after AFTER ("" first), at most MAX. */
enum err_code store_list_secrets(struct store *store, const char *after, struct secret_row *rows,
    size_t max, size_t *ret_count, struct err *err) MUST_CHECK;
enum err_code store_count_secrets(struct store *store, uint64_t *ret_count,
    struct err *err) MUST_CHECK;

/* The version with its envelopes (in header order), from seal_version. */
enum err_code store_add_version(struct store *store, const struct version_row *row,
    const struct header *header, const struct sealed_box *envelopes, size_t envelope_count,
    struct err *err) MUST_CHECK;
enum err_code store_get_version(struct store *store, const struct secret_id *secret,
    uint32_t number, struct version_row *ret_row, struct err *err) MUST_CHECK;
enum err_code store_set_version_state(struct store *store, const struct secret_id *secret,
    uint32_t number, enum version_state state, struct err *err) MUST_CHECK;
enum err_code store_set_part_exposed(struct store *store, const struct secret_id *secret,
    uint32_t number, struct err *err) MUST_CHECK;
/* Envelope INDEX of a version; RET_TOKEN must be compared with the header's by the caller. */
enum err_code store_get_envelope(struct store *store, const struct secret_id *secret,
    uint32_t number, uint32_t index, struct digest *ret_token, struct sealed_box *ret_box,
    struct err *err) MUST_CHECK;

/* Shares that a seat re-enveloped to a spare token of its own, beside the version. */
struct spare_row {
	struct secret_id secret;
	uint32_t version;
	struct digest token;     /* the spare's */
	uint32_t envelope;       /* whose shares: index in the header */
	struct digest statement; /* STATEMENT_SPARE */
};
enum err_code store_add_spare(struct store *store, const struct spare_row *row,
    const struct sealed_box *box, struct err *err) MUST_CHECK; /* ERR_EXISTS */
enum err_code store_list_spares(struct store *store, const struct secret_id *secret,
    uint32_t version, struct spare_row *rows, size_t max, size_t *ret_count,
    struct err *err) MUST_CHECK;
enum err_code store_get_spare(struct store *store, const struct secret_id *secret, uint32_t version,
    const struct digest *token, struct sealed_box *ret_box, struct err *err) MUST_CHECK;
/* Erase all envelopes of a version, and what was re-enveloped from them (secure_delete): nobody
 * opens it again from here. */
enum err_code store_erase_envelopes(struct store *store, const struct secret_id *secret,
    uint32_t version, struct err *err) MUST_CHECK;

/* Ceremonies. */
struct ceremony_row {
	struct id id;
	struct digest digest;  /* of the ceremony statement */
	struct digest request; /* of the request statement; unique: accepted once */
	struct secret_id secret;
	uint32_t version;
	enum ceremony_state state;
	char requester[SEAT_NAME_MAX + 1];
	char reason[NOTE_TEXT_MAX + 1]; /* why it was refused, or "" */
	struct digest charter;
	int64_t created, deadline;
	int64_t released, expires; /* 0 until then */
	bool done;                 /* the lease was ended before it expired */
};
enum err_code store_add_ceremony(struct store *store, const struct ceremony_row *row,
    struct err *err) MUST_CHECK; /* ERR_EXISTS when the request was used before */
/* state, reason, released, expires, done; the rest was fixed by the statement. */
enum err_code store_update_ceremony(struct store *store, const struct ceremony_row *row,
    struct err *err) MUST_CHECK;
enum err_code store_get_ceremony(struct store *store, const struct id *id,
    struct ceremony_row *ret_row, struct err *err) MUST_CHECK;
/* Newest first, at most MAX; only states in the bit set STATES (1 << state). */
enum err_code store_list_ceremonies(struct store *store, unsigned states, struct ceremony_row *rows,
    size_t max, size_t *ret_count, struct err *err) MUST_CHECK;

struct approval_row {
	struct id ceremony;
	char seat[SEAT_NAME_MAX + 1];
	struct digest token;
	struct digest statement;
	uint32_t envelope;        /* index in the header */
	bool complete;            /* the re-sealed shares arrived and were right */
	struct sealed_box shares; /* empty until complete, and again after the ceremony */
};
void approval_row_done(struct approval_row *row);
/* Insert, or replace an incomplete one of the same seat; ERR_EXISTS when a complete one is
 * there. */
enum err_code store_put_approval(struct store *store, const struct approval_row *row,
    struct err *err) MUST_CHECK;
enum err_code store_complete_approval(struct store *store, const struct id *ceremony,
    const char *seat, const struct sealed_box *shares, struct err *err) MUST_CHECK;
/* All of a ceremony, in order of arrival, at most QUORUM_SEATS; the caller calls
 * approval_row_done on each. */
enum err_code store_list_approvals(struct store *store, const struct id *ceremony,
    struct approval_row rows[QUORUM_SEATS], size_t *ret_count, struct err *err) MUST_CHECK;
/* Erase the re-sealed shares (secure_delete); the rows stay. */
enum err_code store_erase_shares(struct store *store, const struct id *ceremony,
    struct err *err) MUST_CHECK;

struct denial_row {
	struct id ceremony;
	char seat[SEAT_NAME_MAX + 1];
	struct digest statement;
};
enum err_code store_add_denial(struct store *store, const struct denial_row *row,
    struct err *err) MUST_CHECK; /* ERR_EXISTS */
enum err_code store_list_denials(struct store *store, const struct id *ceremony,
    struct denial_row rows[QUORUM_SEATS], size_t *ret_count, struct err *err) MUST_CHECK;

/* Releases: at most one for a version, ever (UNIQUE). */
struct release_row {
	struct secret_id secret;
	uint32_t version;
	struct id ceremony;
	struct digest statement; /* zero until the answers are stored */
	struct id debt;
};
enum err_code store_add_release(struct store *store, const struct release_row *row,
    struct err *err) MUST_CHECK; /* ERR_EXISTS: already released */
/* Once; the same again is no error, another is ERR_EXISTS. */
enum err_code store_set_release_statement(struct store *store, const struct secret_id *secret,
    uint32_t version, const struct digest *statement, struct err *err) MUST_CHECK;
enum err_code store_get_release(struct store *store, const struct secret_id *secret,
    uint32_t version, struct release_row *ret_row, struct err *err) MUST_CHECK;
/* The credential sealed to one of the requester's tokens; written once, returned for ever. */
enum err_code store_add_answer(struct store *store, const struct id *ceremony,
    const struct digest *token, const struct sealed_box *box, struct err *err) MUST_CHECK;
enum err_code store_get_answer(struct store *store, const struct id *ceremony,
    const struct digest *token, struct sealed_box *ret_box, struct err *err) MUST_CHECK;

/* Batches: one ceremony over many versions (ceremony/server/opening/batch.h). */
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
    struct item_row rows[BATCH_ITEMS], size_t *ret_count, struct err *err) MUST_CHECK;
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
/* How many items SEAT has given shares for; RET_GIVEN has BATCH_ITEMS flags (may be NULL). */
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

/* Rotation debts (DESIGN.md, section 8). */
struct debt_row {
	struct id id;
	struct secret_id secret;
	uint32_t old;     /* the version that must die */
	uint32_t pending; /* the version prepared to replace it; 0 */
	enum debt_state state;
	bool has_ceremony; /* false: adoption */
	struct id ceremony;
	int64_t created, due;         /* due: the rotation may begin */
	uint32_t attempts;            /* values definitely rejected so far */
	char note[NOTE_TEXT_MAX + 1]; /* what happened last, for people */
};
enum err_code store_add_debt(struct store *store, const struct debt_row *row,
    struct err *err) MUST_CHECK; /* ERR_EXISTS: the secret owes one already */
/* pending, state, due, attempts, note. */
enum err_code store_update_debt(struct store *store, const struct debt_row *row,
    struct err *err) MUST_CHECK;
enum err_code store_get_debt(struct store *store, const struct id *id, struct debt_row *ret_row,
    struct err *err) MUST_CHECK;
/* The debt of SECRET that is not RETIRED; ERR_NOT_FOUND. */
enum err_code store_open_debt(struct store *store, const struct secret_id *secret,
    struct debt_row *ret_row, struct err *err) MUST_CHECK;
/* Debts in the bit set STATES, oldest first, at most MAX. */
enum err_code store_list_debts(struct store *store, unsigned states, struct debt_row *rows,
    size_t max, size_t *ret_count, struct err *err) MUST_CHECK;

#endif
