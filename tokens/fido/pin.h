/* SPDX-License-Identifier: Apache-2.0 */
/* What a FIDO2 PIN may look like (CTAP 2.1, 6.5.1), judged before anything is sent. */
#ifndef TOKENS_FIDO_PIN_H
#define TOKENS_FIDO_PIN_H

#include "base/secret.h"

enum { FIDO_PIN_MIN = 4, FIDO_PIN_MAX = 63 }; /* characters, bytes */

/* ERR_INVALID: no PIN can look like this (4..63 bytes of UTF-8), or it is what the token types
 * when it is touched (a one-time password); no try was spent. */
enum err_code fido_pin_check(const struct secret *pin, struct err *err) MUST_CHECK;
/* A new PIN: also ERR_REFUSED when it has less than LEAST characters, or is one that everybody
 * tries first. */
enum err_code fido_pin_check_new(const struct secret *pin, unsigned least,
    struct err *err) MUST_CHECK;
/* The PIN with a NUL at its end that counts in its size, as libfido2 wants it. */
enum err_code fido_pin_terminated(const struct secret *pin, struct secret **ret_pin,
    struct err *err) MUST_CHECK;
/* Wipe freed blocks of the size of a SHA-256, on the thread that freed them: libfido2 1.12 leaves
 * half of the PIN's hash in one. */
void fido_pin_scour(void);

#endif
