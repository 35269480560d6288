/* SPDX-License-Identifier: Apache-2.0 */
/* GENERAL AUTHENTICATE, and the management key. */
#ifndef TOKENS_SIM_PIV_AUTH_H
#define TOKENS_SIM_PIV_AUTH_H

#include "tokens/sim/piv/piv.h"

uint16_t piv_authenticate(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_set_management(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);

#endif
