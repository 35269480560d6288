/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a vault beside its database (docs/FORMAT.md, "Files beside the database"):
 *
 *	DIR/vault.db, DIR/lock	  vault/store/store.h
 *	DIR/host.key		  0600: "HALk", u16 format 1, 32 statement seed, 32 log seed, 32 escrow scalar
 *	DIR/vault.id		  the vault id in hex, written when charter 1 is complete: the anchor of the
 *				  charter chain, which a writer of the database cannot move
 *	DIR/anchor		  vault/log/anchor.h: which state of the database is the vault's
 *	DIR/ceremony/ID.key	  0600: "HALc", u16 format 1, 32 scalar, 32 lease seed; erased at release,
 *				  refusal, expiry
 *	DIR/ceremony/ID.lock	  held while one session releases that ceremony
 *	DIR/escrow/ID, ID.lock	  ceremony/server/vault/escrow.h
 */
#ifndef CEREMONY_SERVER_VAULT_HOST_H
#define CEREMONY_SERVER_VAULT_HOST_H

#include "base/crypto.h"
#include "base/crypto_key.h"
#include "base/file.h"
#include "vault/documents/id.h"

struct host_keys {
	struct secret *statement, *log; /* Ed25519 seeds */
	struct secret *anchor;          /* vault/log/anchor.h; derived from the log's */
	struct p256_key *escrow;
	struct ed25519_public statement_public, log_public;
	struct point escrow_public;
};
void host_keys_done(struct host_keys *keys); /* accepts {0} */
/* ERR_EXISTS when there is a host.key. */
enum err_code host_keys_make(const char *folder, struct host_keys *ret_keys,
    struct err *err) MUST_CHECK;
#define HOST_KEY_CURE "put the host.key back that was there; with no other does this database go on"
/* ERR_NOT_FOUND; ERR_REFUSED (mode), ERR_VERSION, ERR_INTEGRITY (damaged). */
enum err_code host_keys_load(const char *folder, struct host_keys *ret_keys,
    struct err *err) MUST_CHECK;

/* FOLDER/PREFIX/ID + SUFFIX. */
enum err_code host_id_path(const char *folder, const char *prefix, const struct id *id,
    const char *suffix, char ret_path[4096], struct err *err) MUST_CHECK;
/* ERR_EXISTS unless the same id stands there already. */
enum err_code host_write_vault_id(const char *folder, const struct digest *vault,
    struct err *err) MUST_CHECK;
enum err_code host_read_vault_id(const char *folder, struct digest *ret_vault,
    struct err *err) MUST_CHECK; /* ERR_NOT_FOUND: founding */

/* What belongs to one ceremony alone: its P-256 key and the seed of its lease key (Ed25519), in
 * ceremony/ID.key. */
enum err_code ceremony_key_make(const char *folder, const struct id *id, struct point *ret_public,
    struct err *err) MUST_CHECK;
/* ERR_NOT_FOUND: erased, or lost. */
enum err_code ceremony_key_load(const char *folder, const struct id *id, struct p256_key **ret_key,
    struct secret **ret_lease, struct err *err) MUST_CHECK;
enum err_code ceremony_key_erase(const char *folder, const struct id *id,
    struct err *err) MUST_CHECK;

#endif
