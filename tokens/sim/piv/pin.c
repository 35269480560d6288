/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PIN and PUK.  A try is spent, and the spending saved, before the value is compared: pulling
 * the token after a wrong guess gives nothing back.
 */
#include "tokens/sim/piv/pin.h"

#include <string.h>

enum { REFERENCE_PIN = 0x80, REFERENCE_PUK = 0x81 };

/* 63Cx cannot say more than 15. */
static uint16_t
tries_status(const struct sim_reference *reference)
{
	if (reference->tries == 0)
		return SW_BLOCKED;
	return (uint16_t)(SW_TRIES_LEFT | (reference->tries > 15 ? 15 : reference->tries));
}

static uint16_t
check(struct piv *piv, struct sim_reference *reference, const uint8_t *value)
{
	if (reference->tries == 0)
		return SW_BLOCKED;
	if (memcmp(reference->value, value, SIM_PIN_SIZE) == 0) {
		if (reference->tries == reference->total)
			return SW_OK;
		reference->tries = reference->total;
		return piv_save(piv);
	}
	reference->tries--;
	uint16_t saved = piv_save(piv);
	return saved != SW_OK ? saved : tries_status(reference);
}

/* 6 to 8 bytes, then only FF. */
static bool
acceptable(const uint8_t *value)
{
	size_t size = 0;

	while (size < SIM_PIN_SIZE && value[size] != 0xff)
		size++;
	for (size_t i = size; i < SIM_PIN_SIZE; i++)
		if (value[i] != 0xff)
			return false;
	return size >= 6;
}

uint16_t
piv_verify(struct piv *piv, const struct apdu *apdu, struct buf *ret_data)
{
	struct sim_reference *pin = &piv->state->pin;

	(void)ret_data;
	if (apdu->p1 != 0x00 && apdu->p1 != 0xff)
		return SW_WRONG_P1P2;
	if (apdu->p2 != REFERENCE_PIN)
		return SW_NO_REFERENCE;
	if (apdu->p1 == 0xff) {
		if (apdu->data.size != 0)
			return SW_WRONG_DATA;
		piv->pin_verified = piv->pin_just_verified = false;
		return SW_OK;
	}
	if (apdu->data.size == 0)
		return piv->pin_verified ? SW_OK : tries_status(pin);
	if (apdu->data.size != SIM_PIN_SIZE)
		return SW_WRONG_DATA;
	uint16_t status = check(piv, pin, apdu->data.data);
	piv->pin_verified = piv->pin_just_verified = status == SW_OK;
	return status;
}

uint16_t
piv_change_reference(struct piv *piv, const struct apdu *apdu, struct buf *ret_data)
{
	struct sim_reference *reference =
	    apdu->p2 == REFERENCE_PUK ? &piv->state->puk : &piv->state->pin;

	(void)ret_data;
	if (apdu->p1 != 0)
		return SW_WRONG_P1P2;
	if (apdu->p2 != REFERENCE_PIN && apdu->p2 != REFERENCE_PUK)
		return SW_NO_REFERENCE;
	if (apdu->data.size != 2 * SIM_PIN_SIZE || !acceptable(apdu->data.data + SIM_PIN_SIZE))
		return SW_WRONG_DATA;
	uint16_t status = check(piv, reference, apdu->data.data);
	if (status != SW_OK) {
		if (apdu->p2 == REFERENCE_PIN)
			piv->pin_verified = piv->pin_just_verified = false;
		return status;
	}
	memcpy(reference->value, apdu->data.data + SIM_PIN_SIZE, SIM_PIN_SIZE);
	return piv_save(piv);
}

/* With the PUK: a new PIN, and all its tries. */
uint16_t
piv_reset_retry(struct piv *piv, const struct apdu *apdu, struct buf *ret_data)
{
	struct sim_reference *pin = &piv->state->pin;

	(void)ret_data;
	if (apdu->p1 != 0)
		return SW_WRONG_P1P2;
	if (apdu->p2 != REFERENCE_PIN)
		return SW_NO_REFERENCE;
	if (apdu->data.size != 2 * SIM_PIN_SIZE)
		return SW_WRONG_DATA;
	uint16_t status = check(piv, &piv->state->puk, apdu->data.data);
	if (status != SW_OK)
		return status;
	if (!acceptable(apdu->data.data + SIM_PIN_SIZE))
		return SW_WRONG_DATA;
	memcpy(pin->value, apdu->data.data + SIM_PIN_SIZE, SIM_PIN_SIZE);
	pin->tries = pin->total;
	return piv_save(piv);
}

/* Sets both back to their factory values as well. */
uint16_t
piv_set_tries(struct piv *piv, const struct apdu *apdu, struct buf *ret_data)
{
	struct sim_state *state = piv->state;
	struct sim_state fresh;

	(void)ret_data;
	if (!piv->management_verified || !piv->pin_verified)
		return SW_SECURITY_STATUS;
	if (apdu->p1 == 0 || apdu->p2 == 0)
		return SW_WRONG_P1P2;
	sim_state_init(&fresh, state->serial, state->firmware);
	state->pin = fresh.pin;
	state->puk = fresh.puk;
	state->pin.tries = state->pin.total = apdu->p1;
	state->puk.tries = state->puk.total = apdu->p2;
	return piv_save(piv);
}

uint16_t
piv_reset(struct piv *piv, const struct apdu *apdu, struct buf *ret_data)
{
	(void)apdu;
	(void)ret_data;
	if (piv->state->pin.tries != 0 || piv->state->puk.tries != 0)
		return SW_CONDITIONS;
	sim_state_reset(piv->state);
	piv->pin_verified = piv->pin_just_verified = piv->management_verified = false;
	return piv_save(piv);
}
