/* SPDX-License-Identifier: Apache-2.0 */
/* Back into the vault: the same value under a fresh DEK, sealed to the charter in force; the copy sink has it
 * before the old version's envelopes are erased. */
#ifndef CEREMONY_SERVER_OPENING_TO_VAULT_H
#define CEREMONY_SERVER_OPENING_TO_VAULT_H

#include "ceremony/server/opening/destination.h"

enum err_code to_vault(struct delivery *delivery, struct secret *credential,
    struct err *err) MUST_CHECK;

#endif
