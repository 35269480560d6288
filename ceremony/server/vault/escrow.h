/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escrow: while a rotation debt is open, every value that its target may accept stands in a file of
 * its own, neither in the database nor in a backup, and is erased when the debt is retired.
 *
 *	DIR/escrow/ID		the values of the debt ID, which the database knows: where it does not, it is older
 *	DIR/escrow/ID.new	the same, of a debt that is being committed: where none is known, that was cut off
 *
 *	a file		0600: "HALe", u16 format 1, u8 count 1..8, and for each value
 *			u32 version, 65 enc, lp32 ciphertext (the credential)
 *
 * HPKE base mode to the host's escrow key; info = SHA-256(lp8 "halligan/v1 escrow" || vault ||
 * debt id || secret id || u32 version), no aad.  No version stands twice.
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
enum err_code escrow_add(struct escrow *escrow, uint32_t version, struct secret *credential,
    struct err *err) MUST_CHECK;
enum err_code escrow_write(const char *folder, const struct escrow *escrow,
    const struct host_keys *keys, struct err *err) MUST_CHECK; /* durable */
/* Before the debt is committed, under the writer lock; and once it is, also when that was done. */
enum err_code escrow_write_new(const char *folder, const struct escrow *escrow,
    const struct host_keys *keys, struct err *err) MUST_CHECK;
enum err_code escrow_keep(const char *folder, const struct id *debt, struct err *err) MUST_CHECK;
/* RET_ESCROW's vault, debt and secret must be set; they are bound by the seal.  ERR_NOT_FOUND. */
enum err_code escrow_read(const char *folder, const struct host_keys *keys,
    struct escrow *ret_escrow, struct err *err) MUST_CHECK;
/* Could it be read?  Its errors. */
enum err_code escrow_check(const char *folder, const struct host_keys *keys,
    const struct digest *vault, const struct id *debt, const struct secret_id *secret,
    struct err *err) MUST_CHECK;
enum err_code escrow_erase(const char *folder, const struct id *debt, struct err *err) MUST_CHECK;

#endif
