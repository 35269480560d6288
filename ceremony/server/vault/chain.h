/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of documents of a session, fed from the store and verified from vault.id on, so that whoever
 * can write the database can neither add a key nor change a policy.
 *
 * What was folded of it when its newest document came is kept as a proven text (chain_image.h), so that old documents
 * cost no session anything; `log verify` folds them all, and compares.
 */
#ifndef CEREMONY_SERVER_VAULT_CHAIN_H
#define CEREMONY_SERVER_VAULT_CHAIN_H

#include "ceremony/server/vault/session.h"

/* Verify it from the store; SESSION's chain and origin become the newest.  ERR_INTEGRITY names the
 * document and what is wrong. */
enum err_code chain_load(struct session *session, struct err *err) MUST_CHECK;
/* Inside a change by which another document comes: keep SESSION's chain as it is before it. */
enum err_code chain_keep(struct session *session, struct err *err) MUST_CHECK;
/* Go on where the store has more. */
enum err_code chain_refresh(struct session *session, struct err *err) MUST_CHECK;
/* The statement that holds the definition with DIGEST, unverified.  ERR_INTEGRITY: there is none.  Its digest alone: */
enum err_code chain_secret_which(struct session *session, const struct digest *digest,
    struct digest *ret_statement, struct err *err) MUST_CHECK;
enum err_code chain_secret_statement(struct session *session, const struct digest *digest,
    struct dsse *ret_statement, struct err *err) MUST_CHECK;
/* The definition with DIGEST, signed by an operator of a charter of this vault; whatever its policy. */
enum err_code chain_signed_definition(struct session *session, const struct digest *digest,
    struct definition *ret_definition, struct err *err) MUST_CHECK;
/* The definition with DIGEST: signed by an operator of a charter of this vault, its policy one of
 * the current charter's. */
enum err_code chain_definition(struct session *session, const struct digest *digest,
    struct definition *ret_definition, struct err *err) MUST_CHECK;

/* The statement of each definition before that with LATER, from the last change back to the one with EARLIER, of which it
 * comes; none where they are the same.  Where it does not, as far as there are any: whoever is shown them sees that. */
typedef enum err_code (
    *earlier_visit)(void *context, const struct digest *statement, struct err *err);
enum err_code chain_each_earlier(struct session *session, const struct digest *later,
    const struct digest *earlier, earlier_visit visit, void *context, struct err *err) MUST_CHECK;

#endif
