/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the copy sink should hold: a row for each of its files, with the sink that has acknowledged it.  The store keeps the
 * list: a version that is not retired, each document of the chain, each statement that defines a secret are in it by
 * themselves; release statements are added.  How many a sink lacks is proven without reading one of them.
 *
 * ERR_INTEGRITY of every call: the database is not as the vault left it.
 */
#ifndef VAULT_STORE_COPY_H
#define VAULT_STORE_COPY_H

#include "vault/documents/id.h"
#include "vault/log/tree_node.h"
#include "vault/seal/header.h"
#include "vault/store/store.h"

enum copy_kind { COPY_VERSION, COPY_RELEASE, COPY_DOCUMENT, COPY_DEFINITION, COPY_KINDS };
extern const char *const copy_kind_names[COPY_KINDS + 1];

/* What a row is about: [16] secret, u32 version; [16] ceremony; [16] zeros, u32 position; each filled with zeros; or a
 * statement's digest. */
struct copy_row {
	enum copy_kind kind;
	struct digest key;
};
struct copy_row copy_of_version(const struct secret_id *secret, uint32_t number);
struct copy_row copy_of_release(const struct id *ceremony);
struct copy_row copy_of_document(uint32_t position);
struct copy_row copy_of_definition(const struct digest *statement);
/* The number behind the id of a version, or of a document. */
uint32_t copy_number(const struct copy_row *row);

/* It should be there from now on, and no sink has it yet; one that is listed already stays as it is. */
enum err_code store_add_copy(struct store *store, const struct copy_row *row,
    struct err *err) MUST_CHECK;
/* SINK has acknowledged it.  ERR_NOT_FOUND: it is not listed (any more). */
enum err_code store_set_copied(struct store *store, const struct copy_row *row,
    const struct id *sink, struct err *err) MUST_CHECK;
enum err_code store_drop_copy(struct store *store, const struct copy_row *row,
    struct err *err) MUST_CHECK;
/* Which sink has it; zeros: none.  ERR_NOT_FOUND: it is not listed. */
enum err_code store_get_copied(struct store *store, const struct copy_row *row, struct id *ret_sink,
    struct err *err) MUST_CHECK;
/* Should it be there? */
enum err_code store_has_copy(struct store *store, const struct copy_row *row, bool *ret_has,
    struct err *err) MUST_CHECK;

/* How many of KIND there should be, and how many of them SINK has not acknowledged. */
enum err_code store_count_copies(struct store *store, enum copy_kind kind, const struct id *sink,
    uint64_t *ret_all, uint64_t *ret_lacking, struct err *err) MUST_CHECK;
/* The first MAX of KIND that SINK has not acknowledged. */
enum err_code store_list_lacking(struct store *store, enum copy_kind kind, const struct id *sink,
    struct copy_row *rows, size_t max, size_t *ret_count, struct err *err) MUST_CHECK;
/* Those of KIND that SINK has acknowledged (NULL: all), after the walk's place, which moves behind the last one. */
struct copy_walk {
	struct tree_key place;
	bool begun;
};
enum err_code store_next_copies(struct store *store, enum copy_kind kind, const struct id *sink,
    struct copy_walk *walk, struct copy_row *rows, size_t max, size_t *ret_count,
    struct err *err) MUST_CHECK;

#endif
