/* SPDX-License-Identifier: Apache-2.0 */
/* Making credentials on a FIDO2 token and using them, as in struct token_ops (tokens/token.h). */
#ifndef TOKENS_FIDO_USE_H
#define TOKENS_FIDO_USE_H

#include "tokens/fido/token.h"

enum err_code fido_use_make(void *token, const struct token_wish *wish, const char *purpose,
    struct token_made *ret_made, struct err *err);
enum err_code fido_use_derive(void *token, enum token_key key, const char *purpose,
    struct point *ret_key, struct err *err);
enum err_code fido_use_sign(void *token, const struct digest *digest, const char *purpose,
    struct token_signature *ret_signature, struct err *err);
enum err_code fido_use_agree(void *token, enum token_key key, const struct point *peer,
    const char *purpose, struct secret **ret_shared, struct err *err);

#endif
