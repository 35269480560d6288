/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens/sim/card/otp.h"

/* ykman leaves the last byte away, libykpiv does not. */
static const uint8_t aid[] = {0xa0, 0x00, 0x00, 0x05, 0x27, 0x20, 0x01, 0x01};

enum { AID_MIN = 7, INS_API = 0x01, P1_SERIAL = 0x10 };

static bool
matches(void *context, struct view wanted)
{
	const struct sim_state *state = context;

	return sim_state_is_yubikey(state) && !sim_state_has(state, 5, 0, 0) &&
	    wanted.size >= AID_MIN && wanted.size <= sizeof(aid) &&
	    view_equal(wanted, view_of(aid, wanted.size));
}

/* Firmware, program sequence, touch level: nothing is programmed. */
static void
select_otp(void *context, struct buf *ret_data)
{
	const struct sim_state *state = context;

	buf_bytes(ret_data, VIEW_OF(state->firmware));
	buf_bytes(ret_data, VIEW_OF(((const uint8_t[]){0, 0, 0})));
}

static uint16_t
run(void *context, const struct apdu *apdu, struct buf *ret_data)
{
	const struct sim_state *state = context;

	if (apdu->ins != INS_API)
		return SW_UNKNOWN_INS;
	if (apdu->p1 != P1_SERIAL || apdu->p2 != 0)
		return SW_WRONG_P1P2;
	buf_u32(ret_data, state->serial);
	return SW_OK;
}

struct applet
otp_applet(struct sim_state *state)
{
	return (
	    struct applet){.context = state, .matches = matches, .select = select_otp, .run = run};
}
