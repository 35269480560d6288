/* SPDX-License-Identifier: Apache-2.0 */
/* Ceremonies, and what officers said in them: approvals and denials. */
#ifndef VAULT_STORE_CEREMONY_H
#define VAULT_STORE_CEREMONY_H

#include "vault/documents/id.h"
#include "vault/documents/state_names.h"
#include "vault/seal/envelope.h"
#include "vault/store/store.h"

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

#endif
