/* SPDX-License-Identifier: Apache-2.0 */
/* Which management key a PIV token has, and giving it one that only its PIN opens. */
#ifndef TOKENS_PIV_MANAGE_H
#define TOKENS_PIV_MANAGE_H

#include "tokens/piv/token.h"

/* In a session, authenticate with KEY, or when that is NULL with the factory's or (unlocked) with
 * the one that the PIN protects.  *RET_USED (may be NULL): a copy of the protected one, NULL when
 * another was right.  Errors as of piv_authenticate(); ERR_REFUSED says which key is wanted. */
enum err_code piv_manage(struct piv_token *token, const struct secret *key, uint8_t *ret_algorithm,
    struct secret **ret_used, struct err *err) MUST_CHECK;

/* As in struct token_ops (tokens/token.h). */
enum err_code piv_manage_protect(void *token, const struct secret *old, struct err *err);

#endif
