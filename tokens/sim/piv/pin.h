/* SPDX-License-Identifier: Apache-2.0 */
/* PIN and PUK, and the reset that follows when both are blocked. */
#ifndef TOKENS_SIM_PIV_PIN_H
#define TOKENS_SIM_PIV_PIN_H

#include "tokens/sim/piv/piv.h"

uint16_t piv_verify(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_change_reference(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_reset_retry(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_set_tries(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_reset(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);

#endif
