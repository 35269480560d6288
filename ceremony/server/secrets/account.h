/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One credential under two names.  Each rotation of one would take it away from the other, so there is none: a target that
 * holds one value has one secret that is not retired; of one that holds several there may be several secrets, each with a
 * key of its own.  Told apart by their accounts (vault/documents/definition_account.h) and by public halves, never by a value.
 */
#ifndef CEREMONY_SERVER_SECRETS_ACCOUNT_H
#define CEREMONY_SERVER_SECRETS_ACCOUNT_H

#include "ceremony/server/vault/session.h"
#include "vault/documents/definition.h"
#include "vault/store/secret.h"

/* Of definitions that come into force together. */
struct accounts {
	const struct definitions *definitions; /* lent */
	struct digest *digests;                /* owned, one for each */
};
void accounts_done(struct accounts *accounts); /* accepts {0} */
#define ACCOUNTS CLEANUP(accounts_done) struct accounts
enum err_code accounts_find(const struct definitions *definitions, struct accounts *ret_accounts,
    struct err *err) MUST_CHECK;

/* May the definition at POSITION be in force beside those before it, and beside what is in force and none of them changes?
 * ERR_EXISTS names the other secret. */
enum err_code account_check(struct session *session, const struct accounts *accounts,
    size_t position, struct err *err) MUST_CHECK;
/* ERR_EXISTS: the key whose public half hashes to PUBLIC is that of a version, not retired, of another secret with the account
 * of SECRET, which has no version yet.  Zeros: there is none. */
enum err_code account_check_public(struct session *session, const struct secret_row *secret,
    const struct digest *public, struct err *err) MUST_CHECK;

#endif
