/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets, their sealed versions, and the envelopes of each version. */
#ifndef VAULT_STORE_SECRET_H
#define VAULT_STORE_SECRET_H

#include "vault/documents/state_names.h"
#include "vault/log/tree_node.h"
#include "vault/seal/envelope.h"
#include "vault/store/store.h"

struct secret_row {
	struct secret_id id;
	char name[SEAT_NAME_MAX + 1];
	struct digest definition;
	uint32_t current;      /* version; 0 before the first is committed */
	uint32_t newest;       /* highest version number ever used */
	bool retired;          /* for good: nothing of it is current */
	struct digest account; /* vault/documents/definition_account.h, of its definition */
};
struct version_row {
	struct secret_id secret;
	uint32_t number;
	enum version_state state;
	struct digest header_hash;
	struct buf header, ciphertext;
	bool part_exposed; /* shares were opened in a refused ceremony */
	int64_t created;
	struct digest shape; /* vault/documents/class.h: of header and policy; */
	struct digest class; /* and with its spares, which the store keeps: as it was read */
	bool
	    seen; /* somebody had its value: who gave it, or, of one that was sealed again, its source's */
	uint32_t fields; /* that the value has: a set of enum credential_field */
	struct
	    digest public; /* SHA-256 of the public half of the private key that it holds; zeros: it holds none */
};
void version_row_done(struct version_row *row);
#define VERSION_ROW CLEANUP(version_row_done) struct version_row

enum err_code store_add_secret(struct store *store, const struct secret_row *row,
    struct err *err) MUST_CHECK; /* ERR_EXISTS by name or id */
enum err_code store_update_secret(struct store *store, const struct secret_row *row,
    struct err *err) MUST_CHECK; /* ERR_EXISTS: another has the name */
enum err_code store_get_secret(struct store *store, const struct secret_id *id,
    struct secret_row *ret_row, struct err *err) MUST_CHECK;
enum err_code store_find_secret(struct store *store, const char *name, struct secret_row *ret_row,
    struct err *err) MUST_CHECK;
/* Secrets in name order after AFTER ("" first), at most MAX. */
enum err_code store_list_secrets(struct store *store, const char *after, struct secret_row *rows,
    size_t max, size_t *ret_count, struct err *err) MUST_CHECK;
/* The first MAX that are defined, and have no version yet, in name order; and how many there are. */
enum err_code store_list_defined(struct store *store, struct secret_row *rows, size_t max,
    size_t *ret_count, uint64_t *ret_all, struct err *err) MUST_CHECK;
enum err_code store_count_secrets(struct store *store, uint64_t *ret_count,
    struct err *err) MUST_CHECK;
/* Secrets of one account that are not retired, one after the other, in no order. */
struct account_walk {
	struct digest account;
	struct tree_key place; /* behind which it goes on, once it */
	bool began;
};
/* ERR_NOT_FOUND: there are no more. */
enum err_code store_next_of_account(struct store *store, struct account_walk *walk,
    struct secret_row *ret_row, struct err *err) MUST_CHECK;

/* The version with its envelopes (in header order), from seal_version.  Its class is that of its shape, without
 * spares. */
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

#endif
