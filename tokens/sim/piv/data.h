/* SPDX-License-Identifier: Apache-2.0 */
/* Data objects. */
#ifndef TOKENS_SIM_PIV_DATA_H
#define TOKENS_SIM_PIV_DATA_H

#include "tokens/sim/piv/piv.h"

uint16_t piv_get_data(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_put_data(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);

#endif
