/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a pinUvAuthToken (CTAP 2.1, 6.5.2.1 and 6.5.3). */
#ifndef TOKENS_SIM_CTAP_TOKEN_H
#define TOKENS_SIM_CTAP_TOKEN_H

#include "tokens/sim/ctap/ctap.h"

/* New values that nobody knows, not in use. */
uint8_t ctap_token_renew(struct ctap *ctap);
/* Check PARAM, which authenticates COUNT parts under the token of PROTOCOL, and that it carries
 * PERMISSION.  CTAP2_ERR_PIN_AUTH_INVALID otherwise. */
uint8_t ctap_token_check(struct ctap *ctap, uint32_t protocol, struct view param,
    const struct view *parts, size_t count, uint8_t permission);
/* Spent, after a touch was asked for: no flags, no permissions. */
void ctap_token_spend(struct ctap *ctap);

#endif
