/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens/sim/piv/piv.h"

#include "tokens/sim/crypto/ber.h"

uint16_t
piv_save(struct piv *piv)
{
	struct err err;

	return piv->host.save(piv->host.context, &err) == ERR_OK ? SW_OK : SW_MEMORY_FAILURE;
}

uint16_t
piv_touch(struct piv *piv, uint8_t policy)
{
	int64_t now = piv->host.milliseconds(piv->host.context);

	if (policy == PIV_TOUCH_NEVER)
		return SW_OK;
	if (policy == PIV_TOUCH_CACHED && piv->touched_at >= 0 &&
	    now - piv->touched_at < PIV_TOUCH_CACHE_MS)
		return SW_OK;
	if (!piv->host.touch(piv->host.context))
		return sim_state_is_yubikey(piv->state) ? SW_SECURITY_STATUS : SW_NO_ANSWER;
	piv->touched_at = piv->host.milliseconds(piv->host.context);
	return SW_OK;
}

/* PIN: always for 9C (digital signature), never for 9E (card authentication), else once. */
static uint8_t
default_pin_policy(uint8_t slot)
{
	return slot == 0x9c ? PIV_PIN_ALWAYS : slot == 0x9e ? PIV_PIN_NEVER : PIV_PIN_ONCE;
}

bool
piv_read_policies(const struct piv *piv, struct reader *reader, uint8_t slot, uint8_t *ret_pin,
    uint8_t *ret_touch)
{
	uint8_t pin = PIV_PIN_DEFAULT, touch = PIV_TOUCH_DEFAULT;

	while (!reader->failed && reader->rest.size > 0) {
		struct ber element = ber_next(reader);
		if (reader->failed || element.value.size != 1 || !sim_state_is_yubikey(piv->state))
			return false;
		if (element.tag == 0xaa && element.value.data[0] <= PIV_PIN_ALWAYS)
			pin = element.value.data[0];
		else if (element.tag == 0xab && element.value.data[0] <= PIV_TOUCH_CACHED)
			touch = element.value.data[0];
		else
			return false;
	}
	*ret_pin = pin == PIV_PIN_DEFAULT ? default_pin_policy(slot) : pin;
	*ret_touch = touch == PIV_TOUCH_DEFAULT ? PIV_TOUCH_NEVER : touch;
	return !reader->failed;
}
