/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chains of charters and rosters, verified from vault.id on, so that whoever can write the
 * database can neither add a key nor change a policy.
 */
#ifndef CEREMONY_SERVER_VAULT_CHAIN_H
#define CEREMONY_SERVER_VAULT_CHAIN_H

#include "ceremony/server/vault/session.h"

/* Verify both chains from the store; SESSION's charter, roster and origin become the newest.
 * ERR_INTEGRITY names the version and what is wrong. */
enum err_code chain_load(struct session *session, struct err *err) MUST_CHECK;
/* Load again when the store has newer ones. */
enum err_code chain_refresh(struct session *session, struct err *err) MUST_CHECK;
/* Inside a transaction, reading or writing: are the suspensions that the log counts in its newest leaf
 * those that the session verified?  ERR_INTEGRITY: rows were removed or added. */
enum err_code chain_check_suspended(struct session *session, struct err *err) MUST_CHECK;
/* The seat that holds the token of a suspension's signer: in the charter in force, else in the newest
 * roster that has it.  What is returned lives in SESSION, or in RET_ROSTER (NULL when unused). */
enum err_code chain_signer(struct session *session, const struct digest *token,
    struct roster **ret_roster, const struct seat **ret_seat, const struct seat_token **ret_token,
    struct err *err) MUST_CHECK;
/* The definition with DIGEST, signed by an operator of a charter of this vault; whatever its policy. */
enum err_code chain_signed_definition(struct session *session, const struct digest *digest,
    struct definition *ret_definition, struct err *err) MUST_CHECK;
/* The definition with DIGEST: signed by an operator of a charter of this vault, its policy one of
 * the current charter's. */
enum err_code chain_definition(struct session *session, const struct digest *digest,
    struct definition *ret_definition, struct err *err) MUST_CHECK;
/* Charter VERSION of the verified chain. */
enum err_code chain_charter(struct session *session, uint32_t version, struct charter **ret_charter,
    struct err *err) MUST_CHECK;

#endif
