/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Yubico's management application (AID A000000527471117), as far as it reads: its SELECT tells
 * the firmware, READ CONFIG (INS 1D) what the token is and can.  Since firmware 4.1.0; before,
 * only SELECT.  ykman looks here first.
 */
#ifndef TOKENS_SIM_CARD_MANAGEMENT_H
#define TOKENS_SIM_CARD_MANAGEMENT_H

#include "tokens/sim/card/card.h"
#include "tokens/sim/state/state.h"

/* Applications, as the tags 01 (there) and 03 (switched on) count them. */
enum {
	MANAGEMENT_OTP = 0x001, /* added here for a YubiKey 4: see otp.h */
	MANAGEMENT_PIV = 0x010,
	MANAGEMENT_FIDO2 = 0x200,
};

struct management {
	const struct sim_state *state;
	uint16_t applications; /* that the card has, of those above */
};

enum { MANAGEMENT_FORM_FACTOR = 1 }; /* a USB-A key, as the attestations say */

/* MANAGEMENT, and the state in it, must outlive the applet.  A card that is no YubiKey does not
 * know the AID. */
struct applet management_applet(struct management *management);

#endif
