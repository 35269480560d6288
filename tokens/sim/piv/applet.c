/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of commands, and what they share: when authentication is forgotten, which command
 * keeps "the PIN was verified right before" alive (none but the one that follows).
 *
 * Selecting PIV while it is selected changes nothing (SP 800-73-4 part 2, 3.1.1), except on a
 * YubiKey before firmware 5, which begins anew.
 */
#include "tokens/sim/piv/applet.h"

#include <string.h>

#include "tokens/sim/piv/auth.h"
#include "tokens/sim/piv/data.h"
#include "tokens/sim/piv/key.h"
#include "tokens/sim/piv/pin.h"

/* A0 00 00 03 08 (NIST's RID), PIX 00 00 10 00, version 01 00; may be cut after the RID. */
static const uint8_t piv_aid[] = {0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00};
enum { AID_MIN = 5 };

static uint16_t
get_version(struct piv *piv, const struct apdu *apdu, struct buf *ret_data)
{
	(void)apdu;
	buf_bytes(ret_data, VIEW_OF(piv->state->firmware));
	return SW_OK;
}

static uint16_t
get_serial(struct piv *piv, const struct apdu *apdu, struct buf *ret_data)
{
	(void)apdu;
	buf_u32(ret_data, piv->state->serial);
	return SW_OK;
}

static const struct command {
	uint8_t ins;
	uint8_t firmware[3]; /* the first that knows it; 0.0.0 is no YubiKey */
	uint16_t (*run)(struct piv *piv, const struct apdu *apdu, struct buf *ret_data);
} commands[] = {
    {0x20, {0}, piv_verify},
    {0x24, {0}, piv_change_reference},
    {0x2c, {0}, piv_reset_retry},
    {0x47, {0}, piv_generate},
    {0x87, {0}, piv_authenticate},
    {0xcb, {0}, piv_get_data},
    {0xdb, {0}, piv_put_data},
    {0xf6, {5, 7, 0}, piv_move},
    {0xf7, {5, 3, 0}, piv_metadata},
    {0xf8, {5, 0, 0}, get_serial},
    {0xf9, {4, 3, 0}, piv_attest},
    {0xfa, {1, 0, 0}, piv_set_tries},
    {0xfb, {1, 0, 0}, piv_reset},
    {0xfd, {1, 0, 0}, get_version},
    {0xfe, {1, 0, 0}, piv_import},
    {0xff, {1, 0, 0}, piv_set_management},
};

static const struct command *
command_of(const struct piv *piv, uint8_t ins)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const uint8_t *first = commands[i].firmware;
		if (commands[i].ins == ins)
			return sim_state_has(piv->state, first[0], first[1], first[2]) ?
			    &commands[i] :
			    NULL;
	}
	return NULL;
}

static uint16_t
run(void *context, const struct apdu *apdu, struct buf *ret_data)
{
	struct piv *piv = context;
	const struct command *command = command_of(piv, apdu->ins);
	bool just_verified = piv->pin_just_verified;
	uint16_t status = SW_UNKNOWN_INS;

	if (apdu->ins != 0x87)
		piv->challenged = PIV_NOTHING;
	if (command != NULL)
		status = command->run(piv, apdu, ret_data);
	/* Only VERIFY sets it anew; whatever else ran has used it up. */
	if (just_verified && apdu->ins != 0x20)
		piv->pin_just_verified = false;
	if ((piv->state->quirks & SIM_QUIRK_FORGETS_PIN) != 0 && apdu->ins != 0x20)
		piv->pin_verified = false;
	if (status != SW_OK)
		buf_done(ret_data);
	return status;
}

static bool
matches(void *context, struct view aid)
{
	(void)context;
	return aid.size >= AID_MIN && aid.size <= sizeof(piv_aid) &&
	    memcmp(aid.data, piv_aid, aid.size) == 0;
}

static void
forget(struct piv *piv)
{
	piv->pin_verified = piv->pin_just_verified = piv->management_verified = false;
	piv->challenged = PIV_NOTHING;
}

/* The application property template (SP 800-73-4 part 2, table 3), as Yubico's tokens give it. */
static void
select_piv(void *context, struct buf *ret_data)
{
	static const uint8_t properties[] = {0x61, 0x11, 0x4f, 0x06, 0x00, 0x00, 0x10, 0x00, 0x01,
	    0x00, 0x79, 0x07, 0x4f, 0x05, 0xa0, 0x00, 0x00, 0x03, 0x08};
	struct piv *piv = context;

	if (sim_state_is_yubikey(piv->state) && !sim_state_has(piv->state, 5, 0, 0))
		forget(piv);
	buf_bytes(ret_data, VIEW_OF(properties));
}

static void
deselect(void *context)
{
	forget(context);
}

void
piv_init(struct piv *piv, struct sim_state *state, const struct piv_host *host)
{
	*piv = (struct piv){.state = state, .host = *host, .touched_at = -1};
}

void
piv_unplug(struct piv *piv)
{
	piv_init(piv, piv->state,
	    &(struct piv_host){piv->host.context, piv->host.touch, piv->host.save,
	        piv->host.milliseconds});
}

struct applet
piv_applet(struct piv *piv)
{
	return (struct applet){.context = piv,
	    .matches = matches,
	    .select = select_piv,
	    .run = run,
	    .deselect = deselect};
}
