/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a vault beside its database (DESIGN.md, section 10):
 *
 *	DIR/vault.db, DIR/lock	  vault/store.h
 *	DIR/host.key		  0600: "HALk", u16 format 1, 32 statement seed, 32 log seed, 32 escrow scalar
 *	DIR/vault.id		  the vault id in hex, written when charter 1 is complete: the anchor of the
 *				  charter chain, which a writer of the database cannot move
 *	DIR/checkpoint		  newest checkpoint (C2SP note), written after each commit
 *	DIR/ceremony/ID.key	  0600: "HALc", u16 format 1, 32 scalar; erased at release, refusal, expiry
 *	DIR/escrow/ID		  0600: one per debt, sealed to the host's escrow key:
 *				  "HALe", u16 format 1, 65 enc, lp32 ciphertext; info =
 *				  SHA-256(lp8 "halligan/v1 escrow" || vault || debt id || secret id);
 *				  plaintext: u8 count, each u32 version, lp32 credential
 */
#ifndef CEREMONY_HOST_H
#define CEREMONY_HOST_H

#include "vault/store.h"

struct host_keys {
	struct secret *statement, *log; /* Ed25519 seeds */
	struct p256_key *escrow;
	struct ed25519_public statement_public, log_public;
	struct point escrow_public;
};
void host_keys_done(struct host_keys *keys);
enum err_code host_keys_make(const char *folder, struct host_keys *ret_keys, struct err *err)
    MUST_CHECK; /* ERR_EXISTS */
enum err_code host_keys_load(const char *folder, struct host_keys *ret_keys, struct err *err)
    MUST_CHECK;

enum err_code host_write_vault_id(const char *folder, const struct digest *vault,
    struct err *err) MUST_CHECK;
enum err_code host_read_vault_id(const char *folder, struct digest *ret_vault, struct err *err)
    MUST_CHECK; /* ERR_NOT_FOUND: founding */

enum err_code ceremony_key_make(const char *folder, const struct id *id,
    struct point *ret_public, struct err *err) MUST_CHECK;
enum err_code ceremony_key_load(const char *folder, const struct id *id,
    struct p256_key **ret_key, struct err *err) MUST_CHECK;
enum err_code ceremony_key_erase(const char *folder, const struct id *id, struct err *err)
    MUST_CHECK;

enum { ESCROW_VALUES = 8 };
struct escrow_value {
	uint32_t version;
	struct secret *credential;
};
struct escrow {
	struct digest vault;
	struct id debt;
	struct secret_id secret;
	size_t count;
	struct escrow_value values[ESCROW_VALUES];
};
void escrow_done(struct escrow *escrow);
#define ESCROW CLEANUP(escrow_done) struct escrow
const struct secret *escrow_find(const struct escrow *escrow, uint32_t version);
/* Takes CREDENTIAL over. */
enum err_code escrow_add(struct escrow *escrow, uint32_t version, struct secret *credential,
    struct err *err) MUST_CHECK;
enum err_code escrow_write(const char *folder, const struct escrow *escrow,
    const struct host_keys *keys, struct err *err) MUST_CHECK; /* durable */
/* RET_ESCROW's vault, debt and secret must be set; they are bound by the seal. */
enum err_code escrow_read(const char *folder, const struct host_keys *keys,
    struct escrow *ret_escrow, struct err *err) MUST_CHECK;
enum err_code escrow_erase(const char *folder, const struct id *debt, struct err *err) MUST_CHECK;

#endif
