/* SPDX-License-Identifier: Apache-2.0 */
/* Making keys on a PIV token, as in struct token_ops (tokens/token.h). */
#ifndef TOKENS_PIV_MAKE_H
#define TOKENS_PIV_MAKE_H

#include "tokens/piv/token.h"

enum err_code piv_make_key(void *token, enum token_key key, const struct secret *management_key,
    bool overwrite, struct point *ret_key, struct err *err);

#endif
