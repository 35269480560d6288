/* SPDX-License-Identifier: Apache-2.0 */
/* PIN, PUK and management key of a token in the hand, changed by the person who holds it. */
#ifndef CEREMONY_CLIENT_HAND_PIN_CHANGE_H
#define CEREMONY_CLIENT_HAND_PIN_CHANGE_H

#include "ceremony/client/hand/hand.h"

/* Ask for the present PIN (not when it is the factory's or was never set) and twice for a new one,
 * and change it; the token is opened anew.  Before hand_unlock.  ERR_REFUSED: nobody to ask, the
 * two differ three times, or the token's rules or ours forbid the new one; ERR_PIN,
 * ERR_PIN_BLOCKED. */
enum err_code upkeep_pin(struct hand *hand, struct err *err) MUST_CHECK;
/* A new PIN with the PUK, also when the PIN is blocked (PIV only: ERR_USAGE). */
enum err_code upkeep_unblock(struct hand *hand, struct err *err) MUST_CHECK;
/* The same of the PUK (PIV only: ERR_USAGE), with a word on where to keep it. */
enum err_code upkeep_puk(struct hand *hand, struct err *err) MUST_CHECK;
/* After hand_unlock: replace the PIV management key by a random one that the token keeps behind its
 * PIN.  OLD: the present one (NULL: the factory's, or one kept so already). */
enum err_code upkeep_protect(struct hand *hand, const struct secret *old,
    struct err *err) MUST_CHECK;
/* Hex digits, perhaps with a newline at the end, to a management key's bytes.  ERR_INVALID. */
enum err_code upkeep_decode_key(const struct secret *text, struct secret **ret_key,
    struct err *err) MUST_CHECK;
/* Ask for a management key, in hex. */
enum err_code upkeep_ask_key(const struct hand *hand, struct secret **ret_key,
    struct err *err) MUST_CHECK;

#endif
