/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of the PIV application share: its state, saving, touch, and policies. */
#ifndef TOKENS_SIM_PIV_PIV_H
#define TOKENS_SIM_PIV_PIV_H

#include "tokens/sim/card/card.h"
#include "tokens/sim/state/state.h"

/* What the application asks of the token around it. */
struct piv_host {
	void *context;
	/* Blink until a person touches: true; false when nobody did in time, or it was pulled. */
	bool (*touch)(void *context);
	/* Make the state durable. */
	enum err_code (*save)(void *context, struct err *err);
	int64_t (*milliseconds)(void *context); /* monotonic */
};

enum { PIV_TOUCH_CACHE_MS = 15000 };

/* Values of the policy tags AA and AB. */
enum { PIV_PIN_DEFAULT, PIV_PIN_NEVER, PIV_PIN_ONCE, PIV_PIN_ALWAYS };
enum { PIV_TOUCH_DEFAULT, PIV_TOUCH_NEVER, PIV_TOUCH_ALWAYS, PIV_TOUCH_CACHED };

struct piv {
	struct sim_state *state;
	struct piv_host host;
	/* What lasts until another application is selected, reset or removal: */
	bool pin_verified;
	bool pin_just_verified; /* by the command right before this one */
	bool management_verified;
	uint8_t challenge[SIM_BLOCK_MAX]; /* what the host must answer in the next command */
	enum { PIV_NOTHING, PIV_SINGLE, PIV_MUTUAL } challenged;
	/* What lasts until removal: */
	int64_t touched_at; /* for touch policy cached; negative: not touched */
};

/* Save the state; SW_OK or SW_MEMORY_FAILURE. */
uint16_t piv_save(struct piv *piv);
/* Ask for a touch where POLICY wants one; SW_OK, or SW_SECURITY_STATUS (SW_NO_ANSWER of a card
 * that is no YubiKey). */
uint16_t piv_touch(struct piv *piv, uint8_t policy);
/* The policies at the end of GENERATE and IMPORT, and what a slot's default means.  False: they
 * are malformed, or the card knows no policies. */
bool piv_read_policies(const struct piv *piv, struct reader *reader, uint8_t slot, uint8_t *ret_pin,
    uint8_t *ret_touch);

#endif
