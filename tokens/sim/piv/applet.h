/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PIV application of a simulated token: NIST SP 800-73-4 part 2 with Yubico's extensions
 * (docs.yubico.com, "PIV APDUs"), as far as the firmware number of its state has them:
 *
 *	INS	command				from firmware
 *	20	VERIFY				0: every PIV card
 *	24	CHANGE REFERENCE DATA		0
 *	2C	RESET RETRY COUNTER		0
 *	47	GENERATE ASYMMETRIC KEY PAIR	0
 *	87	GENERAL AUTHENTICATE		0
 *	CB DB	GET DATA, PUT DATA		0
 *	F6	move key			5.7.0
 *	F7	get metadata			5.3.0
 *	F8	get serial			5.0.0
 *	F9	attest				4.3.0
 *	FA	set PIN and PUK tries		1.0.0
 *	FB	reset (both blocked)		1.0.0
 *	FD	get version			1.0.0
 *	FE	import key			1.0.0
 *	FF	set management key		1.0.0 (AES: 5.4.2)
 */
#ifndef TOKENS_SIM_PIV_APPLET_H
#define TOKENS_SIM_PIV_APPLET_H

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

/* STATE and HOST's context must outlive PIV. */
void piv_init(struct piv *piv, struct sim_state *state, const struct piv_host *host);
/* The token was pulled: forget everything that is not in the state. */
void piv_unplug(struct piv *piv);
struct applet piv_applet(struct piv *piv);

/* For the files of this applet only. */

/* Save the state; SW_OK or SW_MEMORY_FAILURE. */
uint16_t piv_save(struct piv *piv);
/* Ask for a touch where POLICY wants one; SW_OK, or SW_SECURITY_STATUS (SW_NO_ANSWER of a card
 * that is no YubiKey). */
uint16_t piv_touch(struct piv *piv, uint8_t policy);
/* The policies at the end of GENERATE and IMPORT, and what a slot's default means.  False: they
 * are malformed, or the card knows no policies. */
bool piv_read_policies(const struct piv *piv, struct reader *reader, uint8_t slot, uint8_t *ret_pin,
    uint8_t *ret_touch);

uint16_t piv_verify(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_change_reference(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_reset_retry(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_set_tries(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_reset(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_generate(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_import(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_move(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_metadata(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_attest(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_authenticate(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_set_management(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_get_data(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
uint16_t piv_put_data(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);

#endif
