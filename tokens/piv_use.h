/* SPDX-License-Identifier: Apache-2.0 */
/* Unlocking a PIV token and using its keys, as in struct token_ops (tokens/token.h). */
#ifndef TOKENS_PIV_USE_H
#define TOKENS_PIV_USE_H

#include "tokens/piv_token.h"

enum err_code piv_use_unlock(
    void *token, struct secret *pin, bool last_try, unsigned touches, struct err *err);
enum err_code piv_use_agree(void *token, enum token_key key, const struct point *peer,
    const char *purpose, struct secret **ret_shared, struct err *err);
enum err_code piv_use_sign(void *token, const struct digest *digest, const char *purpose,
    struct token_signature *ret_signature, struct err *err);

#endif
