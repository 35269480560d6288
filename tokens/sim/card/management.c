/* SPDX-License-Identifier: Apache-2.0 */
/*
 * READ CONFIG answers one length byte, then elements:
 *
 *	01 applications		02 serial	03 switched on		04 form factor
 *	05 firmware		06 auto-eject	07 challenge time-out	08 flags
 *	0A locked by a code
 *
 * A YubiKey 4 knows 01, 02 and 03 only, in one byte each.  Configuration cannot be written.
 */
#include "tokens/sim/card/management.h"

#include <string.h>

#include "tokens/sim/crypto/ber.h"

static const uint8_t aid[] = {0xa0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17};

enum { INS_READ_CONFIG = 0x1d };

static bool
matches(void *context, struct view wanted)
{
	const struct management *management = context;

	return sim_state_is_yubikey(management->state) && view_equal(wanted, VIEW_OF(aid));
}

static void
select_management(void *context, struct buf *ret_data)
{
	const uint8_t *firmware = ((const struct management *)context)->state->firmware;

	buf_format(ret_data, "Virtual mgr - FW version %u.%u.%u", firmware[0], firmware[1],
	    firmware[2]);
}

static void
put_config(const struct management *management, struct buf *ret_config)
{
	const struct sim_state *state = management->state;
	bool new = sim_state_has(state, 5, 0, 0);
	unsigned all = management->applications | (new ? 0U : MANAGEMENT_OTP);
	const uint8_t wide[2] = {(uint8_t)(all >> 8), (uint8_t)all};
	struct view applications = new ? VIEW_OF(wide) : view_of(wide + 1, 1);
	const uint8_t serial[4] = {(uint8_t)(state->serial >> 24), (uint8_t)(state->serial >> 16),
	    (uint8_t)(state->serial >> 8), (uint8_t)state->serial};

	ber_put(ret_config, 0x01, applications);
	ber_put(ret_config, 0x02, VIEW_OF(serial));
	ber_put(ret_config, 0x03, applications);
	if (!new)
		return;
	ber_put(ret_config, 0x04, VIEW_OF(((const uint8_t[]){MANAGEMENT_FORM_FACTOR})));
	ber_put(ret_config, 0x05, VIEW_OF(state->firmware));
	ber_put(ret_config, 0x06, VIEW_OF(((const uint8_t[]){0, 0})));
	ber_put(ret_config, 0x07, VIEW_OF(((const uint8_t[]){15})));
	ber_put(ret_config, 0x08, VIEW_OF(((const uint8_t[]){0})));
	ber_put(ret_config, 0x0a, VIEW_OF(((const uint8_t[]){0})));
}

static uint16_t
run(void *context, const struct apdu *apdu, struct buf *ret_data)
{
	const struct management *management = context;
	BUF config = {0};

	if (apdu->ins != INS_READ_CONFIG || !sim_state_has(management->state, 4, 1, 0))
		return SW_UNKNOWN_INS;
	/* P1 is the page: all of it fits on the first, 0. */
	if (apdu->p1 != 0 || apdu->p2 != 0)
		return SW_WRONG_P1P2;
	put_config(management, &config);
	buf_lp8(ret_data, buf_view(&config));
	return SW_OK;
}

struct applet
management_applet(struct management *management)
{
	return (struct applet){.context = management,
	    .matches = matches,
	    .select = select_management,
	    .run = run};
}
