/* SPDX-License-Identifier: Apache-2.0 */
/* Finds values in text that must not hold them: what rotators and their programs say. */
#ifndef ROTATORS_CONTRACT_ECHO_H
#define ROTATORS_CONTRACT_ECHO_H

#include "base/credential.h"

/* Does TEXT hold a secret of the credential ENCODED (may be empty: no)?  Secret are password,
 * private key and TOTP seed: the whole value from 4 bytes on, and each line of it from 16 bytes
 * on.  Shorter values occur in any text and are not looked for. */
bool echo_found(struct view text, struct view encoded);

#endif
