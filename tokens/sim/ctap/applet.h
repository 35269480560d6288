/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The FIDO2 application of a simulated token: CTAP 2.1 (fidoalliance.org, proposed standard of
 * 2021-06-15 with errata) over ISO 7816 (its section 11.3):
 *
 *	00 A4 04 00	SELECT A0000006472F0001, answered "FIDO_2_0" (no U2F is offered)
 *	80 10 00 00	a CTAP message; waits for the touch
 *	80 10 80 00	a CTAP message; while it waits for the touch, the answer is a byte and 9100,
 *	80 11 00 00	and this asks again,
 *	80 11 11 00	and this cancels
 *	80 12 01 00	the end of a session: nothing is left waiting
 *
 *	command			file
 *	01 makeCredential	make.c
 *	02 getAssertion		assert.c
 *	04 getInfo		info.c
 *	06 clientPIN		pin.c
 *	07 reset		config.c
 *	08 getNextAssertion	assert.c
 *	0A credentialManagement	manage.c
 *	0B selection		config.c
 *	0D authenticatorConfig	config.c
 *	41 credentialManagement, as it was numbered before it was standard (libfido2 1.12 uses it)
 */
#ifndef TOKENS_SIM_CTAP_APPLET_H
#define TOKENS_SIM_CTAP_APPLET_H

#include "tokens/sim/ctap/ctap.h"

/* STATE and HOST's context must outlive CTAP. */
void ctap_init(struct ctap *ctap, struct sim_state *state, const struct ctap_host *host);
void ctap_done(struct ctap *ctap);
/* The token was plugged in: forget everything that is not in the state. */
void ctap_plug(struct ctap *ctap);
/* The card was reset: nothing is waiting any more. */
void ctap_cancel(struct ctap *ctap);
struct applet ctap_applet(struct ctap *ctap);

#endif
