/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of card a simulated token is.  The firmware number says nearly everything: what a
 * YubiKey of that firmware knows stands in tables and tests of that number; 0.0.0 is a card that
 * is no YubiKey, with the commands of NIST SP 800-73-4 and nothing else.  Quirks are what
 * independent cards do differently, and are right to.
 */
#ifndef TOKENS_SIM_STATE_PROFILE_H
#define TOKENS_SIM_STATE_PROFILE_H

#include "base/bytes.h"
#include "base/err.h"

enum sim_quirk {
	SIM_QUIRK_FEW_SLOTS = 1,    /* no slot beyond 83 */
	SIM_QUIRK_FORGETS_PIN = 2,  /* any other command undoes VERIFY */
	SIM_QUIRK_LONG_LENGTHS = 4, /* lengths of public keys are 81 xx, never xx */
	SIM_QUIRK_TOUCH = 8,        /* (no YubiKey) each use of a key wants a touch */
	SIM_QUIRK_TOUCH_FIRST = 16, /* the touch is asked for before the PIN is looked at */
};

struct sim_profile {
	const char *name;
	uint8_t firmware[3];
	unsigned quirks; /* of enum sim_quirk */
};

extern const struct sim_profile sim_profiles[];
extern const size_t sim_profile_count;

/* ERR_INVALID, with the nearest name, when there is none called so. */
enum err_code sim_profile_from(const char *name, const struct sim_profile **ret_profile,
    struct err *err) MUST_CHECK;

/* "few-slots,touch" <-> quirks, sorted by name; "none" is none.  ERR_INVALID as above. */
enum err_code sim_quirks_from(const char *text, unsigned *ret_quirks, struct err *err) MUST_CHECK;
void sim_quirks_text(unsigned quirks, struct buf *ret_text);

/* The ATR of a card with this firmware. */
struct view sim_atr(const uint8_t firmware[3]);

#endif
