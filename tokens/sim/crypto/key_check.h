/* SPDX-License-Identifier: Apache-2.0 */
/* Is a stored key what the state says of it?  A card that mixes them up answers as no card does. */
#ifndef TOKENS_SIM_CRYPTO_KEY_CHECK_H
#define TOKENS_SIM_CRYPTO_KEY_CHECK_H

#include "tokens/sim/crypto/crypto.h"

/* ERR_INVALID unless PRIVATE_KEY is a key of ALGORITHM and nothing else. */
enum err_code sim_key_check(uint8_t algorithm, struct view private_key, struct err *err) MUST_CHECK;

#endif
