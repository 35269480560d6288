/* SPDX-License-Identifier: Apache-2.0 */
/* authenticatorReset, Selection and Config (CTAP 2.1, 6.6, 6.9 and 6.11). */
#include "tokens/sim/ctap/config.h"

#include <string.h>

#include "tokens/sim/ctap/token.h"

enum {
	CONFIG_COMMAND = 1,
	CONFIG_PARAMETERS,
	CONFIG_PROTOCOL,
	CONFIG_PARAM,
	TOGGLE_ALWAYS_UV = 2,
	SET_MIN_PIN = 3,
	MIN_PIN_LENGTH = 1,
	MIN_PIN_CHANGE = 3,
	COMMAND_CONFIG = 0x0d
};

uint8_t
ctap_select(struct ctap *ctap, const struct cbor *map, struct buf *ret_body)
{
	(void)map;
	(void)ret_body;
	return ctap_touch(ctap);
}

uint8_t
ctap_reset(struct ctap *ctap, const struct cbor *map, struct buf *ret_body)
{
	struct sim_fido *fido = &ctap->state->fido;
	int64_t since = ctap->host.milliseconds(ctap->host.context) - ctap->plugged_at;

	(void)map;
	(void)ret_body;
	/* A request that came in time may wait for its touch. */
	if (since >= CTAP_RESET_MS && !ctap->reset_any_time && !ctap->waiting)
		return CTAP2_ERR_NOT_ALLOWED;
	uint8_t status = ctap_touch(ctap);
	if (status != CTAP2_OK)
		return status;
	sim_fido_init(fido, fido->uv, false);
	for (size_t i = 0; i < CTAP_PROTOCOLS; i++)
		buf_done(&ctap->agreement[i]);
	ctap->boot_misses = 0;
	status = ctap_token_renew(ctap);
	return status == CTAP2_OK ? ctap_save(ctap) : status;
}

static uint8_t
set_min_pin(struct ctap *ctap, const struct cbor *parameters)
{
	struct sim_fido *fido = &ctap->state->fido;
	struct cbor_in in = cbor_in(parameters);
	uint32_t length = cbor_in_number(&in, MIN_PIN_LENGTH, UINT32_MAX, fido->min_pin);
	const struct cbor *change = cbor_in_kind(&in, MIN_PIN_CHANGE, CBOR_BOOL, false);

	if (in.status != CTAP2_OK)
		return in.status;
	if (length < fido->min_pin || length > FIDO_PIN_BYTES_MAX)
		return CTAP2_ERR_PIN_POLICY_VIOLATION;
	if (change != NULL && change->number != 0 && !fido->pin_set)
		return CTAP2_ERR_PIN_NOT_SET;
	fido->min_pin = (uint8_t)length;
	if (fido->pin_set &&
	    ((change != NULL && change->number != 0) || fido->pin_length < fido->min_pin))
		fido->change_pin = true;
	return ctap_save(ctap);
}

static uint8_t
authorize(struct ctap *ctap, struct cbor_in *in, uint8_t command, const struct cbor *parameters)
{
	static const uint8_t prefix[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	const uint8_t numbers[] = {COMMAND_CONFIG, command};
	const struct view parts[] = {VIEW_OF(prefix), VIEW_OF(numbers),
	    parameters == NULL ? view_of(NULL, 0) : parameters->whole};

	if (!ctap_protected(ctap))
		return CTAP2_OK;
	if (cbor_in_any(in, CONFIG_PARAM) == NULL)
		return CTAP2_ERR_PUAT_REQUIRED;
	struct view param = cbor_in_bytes(in, CONFIG_PARAM, true);
	uint32_t protocol = cbor_in_number(in, CONFIG_PROTOCOL, UINT32_MAX, 0);
	if (in->status != CTAP2_OK)
		return in->status;
	if (protocol == 0)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (protocol > CTAP_PROTOCOLS)
		return CTAP1_ERR_INVALID_PARAMETER;
	return ctap_token_check(ctap, protocol, param, parts, ARRAY_SIZE(parts),
	    CTAP_MAY_CONFIGURE);
}

uint8_t
ctap_config(struct ctap *ctap, const struct cbor *map, struct buf *ret_body)
{
	struct cbor_in in = cbor_in(map);
	const struct cbor *parameters = cbor_in_kind(&in, CONFIG_PARAMETERS, CBOR_MAP, false);

	(void)ret_body;
	(void)cbor_in_kind(&in, CONFIG_COMMAND, CBOR_POSITIVE, true);
	uint32_t command = cbor_in_number(&in, CONFIG_COMMAND, UINT32_MAX, 0);
	if (in.status != CTAP2_OK)
		return in.status;
	if (command != TOGGLE_ALWAYS_UV && command != SET_MIN_PIN)
		return CTAP2_ERR_INVALID_SUBCOMMAND;
	uint8_t status = authorize(ctap, &in, (uint8_t)command, parameters);
	if (status != CTAP2_OK)
		return status;
	if (command == SET_MIN_PIN)
		return set_min_pin(ctap, parameters);
	ctap->state->fido.always_uv = !ctap->state->fido.always_uv;
	return ctap_save(ctap);
}
