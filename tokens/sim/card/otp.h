/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Yubico's OTP application (AID A000000527200101) of a YubiKey 4, as far as others read the serial
 * number there: PIV has no instruction for it before firmware 5.0.0, and libykpiv looks here.
 * It holds no slots.
 */
#ifndef TOKENS_SIM_CARD_OTP_H
#define TOKENS_SIM_CARD_OTP_H

#include "tokens/sim/card/card.h"
#include "tokens/sim/state/state.h"

/* STATE must outlive the applet.  Only a YubiKey before firmware 5 knows the AID. */
struct applet otp_applet(struct sim_state *state);

#endif
