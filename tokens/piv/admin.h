/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What needs a PIV card's management key: making keys, and changing that key.  Contracts as in
 * tokens/piv/card.h.
 */
#ifndef TOKENS_PIV_ADMIN_H
#define TOKENS_PIV_ADMIN_H

#include "tokens/piv/card.h"

/* Authenticate to the card, and the card to us, with the management key of the kind ALGORITHM
 * (block.h; 0 when the card does not tell: what KEY's size allows is tried, 3DES first, which costs
 * nothing since a card counts no wrong management keys).  KEY is NULL for the factory's, which all
 * tokens share.  ERR_REFUSED: the card does not accept it.  ERR_INVALID: wrong size. */
enum err_code piv_authenticate(struct piv_card *card, uint8_t algorithm, const struct secret *key,
    struct err *err) MUST_CHECK;

/* Replace the management key (Yubico's command): of the kind ALGORITHM, without touch.  After
 * piv_authenticate(), which must be done again.  *RET_STATUS is not PIV_OK: nothing changed. */
enum err_code piv_set_management(struct piv_card *card, uint8_t algorithm, const struct secret *key,
    uint16_t *ret_status, struct err *err) MUST_CHECK;

/* Make a P-256 key in SLOT, replacing any: PIN once, touch always.  After piv_authenticate(). */
enum err_code piv_generate(struct piv_card *card, uint8_t slot, struct point *ret_key,
    struct err *err) MUST_CHECK;

#endif
