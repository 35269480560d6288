/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of tokens: tests, and where they were seen to work. */
#ifndef VAULT_STORE_TOKEN_H
#define VAULT_STORE_TOKEN_H

#include "base/crypto.h"
#include "vault/store/store.h"

/* Tests of tokens, and the newest of each kind of evidence that TOKEN works; ERR_NOT_FOUND. */
enum err_code store_add_test(struct store *store, const struct digest *token,
    const struct digest *statement, struct err *err) MUST_CHECK;
enum err_code store_newest_test(struct store *store, const struct digest *token,
    struct digest *ret_statement, struct err *err) MUST_CHECK;

#endif
