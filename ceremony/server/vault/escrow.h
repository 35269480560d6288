/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escrow: while a rotation debt is open, every value that its target may accept stands in a file of
 * its own, neither in the database nor in a backup, and is erased when the debt is retired.
 *
 *	DIR/escrow/ID		the values of the debt ID; the database knows that debt, and each version, by the hash of
 *				its header: where it does not, it is older than the file
 *	DIR/escrow/ID.new	the same, while the debt, or its next version, is being committed: when that was cut off
 *				before, the database knows it not, and the target never heard of it
 *
 *	a file		0600: "HALe", u16 format 1, u8 count 0..8 (0: of a debt whose old value stays sealed,
 *			before its first new one), and for each value
 *			u32 version, 32 hash of its header, 65 enc, lp32 ciphertext (the credential)
 *
 * HPKE base mode to the host's escrow key; info = SHA-256(lp8 "halligan/v1 escrow" || vault ||
 * debt id || secret id || u32 version || hash), no aad.  No version stands twice.
 */
#ifndef CEREMONY_SERVER_VAULT_ESCROW_H
#define CEREMONY_SERVER_VAULT_ESCROW_H

#include "ceremony/server/vault/host.h"
#include "vault/documents/id.h"
#include "vault/seal/header.h"

#define ESCROW_NEW ".new"
enum { ESCROW_VALUES = 8 };
struct escrow_value {
	uint32_t version;
	struct digest header; /* of that version, its hash */
	struct secret *credential;
};
struct escrow {
	struct digest vault;
	struct id debt;
	struct secret_id secret;
	size_t count;
	struct escrow_value values[ESCROW_VALUES];
};
void escrow_done(struct escrow *escrow); /* accepts {0} */
#define ESCROW CLEANUP(escrow_done) struct escrow
/* NULL when it is not there. */
struct secret *escrow_find(const struct escrow *escrow, uint32_t version);
/* Takes CREDENTIAL over, also when it fails.  A version that is there already is replaced. */
enum err_code escrow_add(struct escrow *escrow, uint32_t version, const struct digest *header,
    struct secret *credential, struct err *err) MUST_CHECK;
/* Its value is wiped; one that is not there is nothing. */
void escrow_drop(struct escrow *escrow, uint32_t version);
enum err_code escrow_write(const char *folder, const struct escrow *escrow,
    const struct host_keys *keys, struct err *err) MUST_CHECK; /* durable */
/* As ID.new, before the debt or its next version is committed. */
enum err_code escrow_write_new(const char *folder, const struct escrow *escrow,
    const struct host_keys *keys, struct err *err) MUST_CHECK;
/* Once it is, ID.new becomes ID, also when that was done.  REPLACE: in the place of one that is there, which only
 * whoever holds the debt's lock may say; else that one stays. */
enum err_code escrow_keep(const char *folder, const struct id *debt, bool replace,
    struct err *err) MUST_CHECK;
/* RET_ESCROW's vault, debt and secret must be set; they are bound by the seal.  ERR_NOT_FOUND. */
enum err_code escrow_read(const char *folder, const struct host_keys *keys,
    struct escrow *ret_escrow, struct err *err) MUST_CHECK;
/* Of ID.new. */
enum err_code escrow_read_new(const char *folder, const struct host_keys *keys,
    struct escrow *ret_escrow, struct err *err) MUST_CHECK;
/* Both files. */
enum err_code escrow_erase(const char *folder, const struct id *debt, struct err *err) MUST_CHECK;
/* ID.new, that was never committed; not where ID is gone: it may be all that has the old value. */
enum err_code escrow_erase_new(const char *folder, const struct id *debt,
    struct err *err) MUST_CHECK;

#endif
