/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in slots. */
#ifndef TOKENS_SIM_PIV_KEY_H
#define TOKENS_SIM_PIV_KEY_H

#include "tokens/sim/piv/piv.h"

uint16_t piv_generate(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_import(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_move(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_metadata(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_attest(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);

#endif
