/* SPDX-License-Identifier: Apache-2.0 */
/* Changing a PIV token's PIN and PUK, as in struct token_ops (tokens/token.h). */
#ifndef TOKENS_PIV_PIN_H
#define TOKENS_PIV_PIN_H

#include "tokens/piv/token.h"

/*
 * What a new PIN (or PUK) must not be, besides its shape: the factory's, one character throughout
 * (111111), a row that goes up or down by one (234567, 876543, abcdef), anything but printable
 * ASCII (another keyboard could not type it), or OLD.  Each is among the first that a thief
 * tries.  ERR_REFUSED.
 */
enum err_code piv_pin_judge(const struct secret *new, const struct secret *old, const char *what,
    struct err *err) MUST_CHECK;

enum err_code piv_pin_change(void *token, enum token_reference which, const struct secret *old,
    const struct secret *new, struct err *err);

#endif
