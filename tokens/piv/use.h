/* SPDX-License-Identifier: Apache-2.0 */
/* Unlocking a PIV token and using its keys, as in struct token_ops (tokens/token.h). */
#ifndef TOKENS_PIV_USE_H
#define TOKENS_PIV_USE_H

#include "tokens/piv/token.h"

/* Show PIN to the card again, in an unlocked session: some cards forget it at any other command.
 * Errors as of unlock; a PIN that was refused is not sent again. */
enum err_code piv_use_verify(struct piv_token *token, const struct secret *pin,
    struct err *err) MUST_CHECK;
/* Before a PIN or PUK (WHAT: "PIN", "PUK") is sent: ERR_INVALID for a shape that none has. */
enum err_code piv_use_check_shape(const struct secret *pin, const char *what,
    struct err *err) MUST_CHECK;

enum err_code piv_use_unlock(void *token, struct secret *pin, bool last_try, unsigned touches,
    struct err *err);
enum err_code piv_use_agree(void *token, enum token_key key, const struct point *peer,
    const char *purpose, struct secret **ret_shared, struct err *err);
enum err_code piv_use_sign(void *token, const struct digest *digest, const char *purpose,
    struct token_signature *ret_signature, struct err *err);

#endif
