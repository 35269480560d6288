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

#include "tokens/sim/piv/piv.h"

/* STATE and HOST's context must outlive PIV. */
void piv_init(struct piv *piv, struct sim_state *state, const struct piv_host *host);
/* The token was pulled: forget everything that is not in the state. */
void piv_unplug(struct piv *piv);
struct applet piv_applet(struct piv *piv);

#endif
