/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a card is, by the two objects that every PIV card has (SP 800-73-4 part 1, tables 8 and
 * 9): the Card Holder Unique Identifier with FASC-N and GUID, and the Card Capability Container
 * with the card identifier.  All are made from the serial number, so that two cards differ.
 */
#ifndef TOKENS_SIM_STATE_IDENTITY_H
#define TOKENS_SIM_STATE_IDENTITY_H

#include "base/bytes.h"

enum { SIM_OBJECT_CHUID = 0x5fc102, SIM_OBJECT_CCC = 0x5fc107 };

/* What stands inside tag 53, appended. */
void sim_chuid(uint32_t serial, struct buf *ret_chuid);
void sim_ccc(uint32_t serial, struct buf *ret_ccc);

#endif
