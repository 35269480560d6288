/* SPDX-License-Identifier: Apache-2.0 */
/* authenticatorGetInfo (CTAP 2.1, 6.4). */
#include "tokens/sim/ctap/info.h"

#include "tokens/sim/ctap/certificate.h"
#include "tokens/sim/ctap/credential.h"
#include "tokens/sim/ctap/manage.h"

enum {
	INFO_VERSIONS = 1,
	INFO_EXTENSIONS,
	INFO_AAGUID,
	INFO_OPTIONS,
	INFO_MESSAGE_MAX,
	INFO_PROTOCOLS,
	INFO_LIST_MAX,
	INFO_ID_MAX,
	INFO_TRANSPORTS,
	INFO_ALGORITHMS,
	INFO_CHANGE_PIN = 0x0c,
	INFO_PIN_MIN,
	INFO_FIRMWARE,
	INFO_UV_MODALITY = 0x12,
	INFO_REMAINING = 0x14,
	INFO_COUNT = 15,
	UV_FINGERPRINT = 0x02
};

static void
put_option(struct buf *body, const char *name, bool value)
{
	cbor_put_text(body, name);
	cbor_put_bool(body, value);
}

static void
put_options(const struct sim_fido *fido, struct buf *body)
{
	cbor_put_int(body, INFO_OPTIONS);
	cbor_put_map(body, fido->uv ? 12U : 11U);
	put_option(body, "rk", true);
	put_option(body, "up", true);
	if (fido->uv)
		put_option(body, "uv", true);
	put_option(body, "plat", false);
	put_option(body, "alwaysUv", fido->always_uv);
	put_option(body, "credMgmt", true);
	put_option(body, "authnrCfg", true);
	put_option(body, "clientPin", fido->pin_set);
	put_option(body, "pinUvAuthToken", true);
	put_option(body, "setMinPINLength", true);
	put_option(body, "makeCredUvNotRqd", !fido->always_uv);
	put_option(body, "credentialMgmtPreview", true);
}

static void
put_texts(struct buf *body, int key, const char *first, const char *second)
{
	cbor_put_int(body, key);
	cbor_put_array(body, 2);
	cbor_put_text(body, first);
	cbor_put_text(body, second);
}

static void
put_number(struct buf *body, int key, int64_t number)
{
	cbor_put_int(body, key);
	cbor_put_int(body, number);
}

static void
put_algorithms(struct buf *body)
{
	cbor_put_int(body, INFO_ALGORITHMS);
	cbor_put_array(body, 1);
	cbor_put_map(body, 2);
	cbor_put_text(body, "alg");
	cbor_put_int(body, -7);
	cbor_put_text(body, "type");
	cbor_put_text(body, "public-key");
}

uint8_t
ctap_info(struct ctap *ctap, const struct cbor *map, struct buf *ret_body)
{
	const struct sim_fido *fido = &ctap->state->fido;
	const uint8_t *firmware = ctap->state->firmware;

	(void)map;
	cbor_put_map(ret_body, INFO_COUNT - (fido->uv ? 0U : 1U));
	put_texts(ret_body, INFO_VERSIONS, "FIDO_2_0", "FIDO_2_1");
	put_texts(ret_body, INFO_EXTENSIONS, "credProtect", "hmac-secret");
	cbor_put_int(ret_body, INFO_AAGUID);
	cbor_put_bytes(ret_body, VIEW_OF(ctap_aaguid));
	put_options(fido, ret_body);
	put_number(ret_body, INFO_MESSAGE_MAX, CTAP_MESSAGE_MAX);
	cbor_put_int(ret_body, INFO_PROTOCOLS);
	cbor_put_array(ret_body, 2);
	cbor_put_int(ret_body, 2);
	cbor_put_int(ret_body, 1);
	put_number(ret_body, INFO_LIST_MAX, CTAP_LIST_MAX);
	put_number(ret_body, INFO_ID_MAX, FIDO_ID_SIZE);
	put_texts(ret_body, INFO_TRANSPORTS, "nfc", "usb");
	put_algorithms(ret_body);
	cbor_put_int(ret_body, INFO_CHANGE_PIN);
	cbor_put_bool(ret_body, fido->change_pin);
	put_number(ret_body, INFO_PIN_MIN, fido->min_pin);
	put_number(ret_body, INFO_FIRMWARE, firmware[0] << 16 | firmware[1] << 8 | firmware[2]);
	if (fido->uv)
		put_number(ret_body, INFO_UV_MODALITY, UV_FINGERPRINT);
	put_number(ret_body, INFO_REMAINING, (int64_t)ctap_room(ctap->state));
	return CTAP2_OK;
}
