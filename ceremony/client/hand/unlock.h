/* SPDX-License-Identifier: Apache-2.0 */
/* The PIN of a token in the hand. */
#ifndef CEREMONY_CLIENT_HAND_UNLOCK_H
#define CEREMONY_CLIENT_HAND_UNLOCK_H

#include "ceremony/client/hand/hand.h"

/* Ask for the PIN, saying which token and how many tries are left, and announce the touches that so
 * many signatures and openings cost on it.  After a wrong PIN it asks again while more than one try
 * is left; the last try needs the serial (the label, where there is none) typed.  A FIDO2 token that
 * turns out not to hold the bound credential is put aside, and the right one asked for where
 * options->wait allows; else ERR_TOKEN_ABSENT. */
enum err_code hand_unlock(struct hand *hand, unsigned signatures, unsigned agreements,
    struct err *err) MUST_CHECK;

#endif
