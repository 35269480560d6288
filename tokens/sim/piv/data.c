/* SPDX-License-Identifier: Apache-2.0 */
/* Data objects (SP 800-73-4 part 1, table 3): GET DATA and PUT DATA, P1P2 3FFF. */
#include "tokens/sim/piv/data.h"

#include <string.h>

#include "tokens/sim/crypto/ber.h"

enum {
	OBJECT_DISCOVERY = 0x7e,
	OBJECT_BIOMETRIC_GROUP = 0x7f61,
	OBJECT_FINGERPRINTS = 0x5fc103,
	OBJECT_FACIAL = 0x5fc108,
	OBJECT_PRINTED = 0x5fc109,
	OBJECT_IRIS = 0x5fc121,
};

/* 5C { tag of one to three bytes }; 0 when it is none. */
static uint32_t
read_tag(struct reader *reader)
{
	struct ber list = ber_next(reader);
	uint32_t tag = 0;

	if (list.tag != 0x5c || list.value.size < 1 || list.value.size > 3)
		return 0;
	for (size_t i = 0; i < list.value.size; i++)
		tag = tag << 8 | list.value.data[i];
	return tag;
}

static bool
needs_pin(uint32_t tag)
{
	return tag == OBJECT_FINGERPRINTS || tag == OBJECT_FACIAL || tag == OBJECT_PRINTED ||
	    tag == OBJECT_IRIS;
}

/* Yubico's tokens have room for any tag of that form; others for those of the standard. */
static bool
may_exist(const struct piv *piv, uint32_t tag)
{
	if (tag == OBJECT_BIOMETRIC_GROUP)
		return true;
	return sim_state_is_yubikey(piv->state) ? tag >= 0x5f0000 && tag <= 0x5fffff :
	                                          tag >= 0x5fc101 && tag <= 0x5fc123;
}

/* 7E { 4F AID 5F2F PIN usage: application PIN only } */
static uint16_t
get_discovery(struct buf *ret_data)
{
	static const uint8_t discovery[] = {0x7e, 0x12, 0x4f, 0x0b, 0xa0, 0x00, 0x00, 0x03, 0x08,
	    0x00, 0x00, 0x10, 0x00, 0x01, 0x00, 0x5f, 0x2f, 0x02, 0x40, 0x00};

	buf_bytes(ret_data, VIEW_OF(discovery));
	return SW_OK;
}

uint16_t
piv_get_data(struct piv *piv, const struct apdu *apdu, struct buf *ret_data)
{
	struct reader reader = reader_of(apdu->data);
	uint32_t tag = read_tag(&reader);

	if (apdu->p1 != 0x3f || apdu->p2 != 0xff)
		return SW_WRONG_P1P2;
	if (tag == 0 || !reader_end(&reader))
		return SW_WRONG_DATA;
	if (tag == OBJECT_DISCOVERY)
		return get_discovery(ret_data);
	if (needs_pin(tag) && !piv->pin_verified)
		return SW_SECURITY_STATUS;
	const struct sim_object *object = sim_state_object(piv->state, tag);
	if (object == NULL)
		return SW_NOT_FOUND;
	ber_put(ret_data, 0x53, buf_view(&object->value));
	return SW_OK;
}

/* 5C tag, 53 content; an empty content removes the object */
uint16_t
piv_put_data(struct piv *piv, const struct apdu *apdu, struct buf *ret_data)
{
	struct reader reader = reader_of(apdu->data);
	uint32_t tag = read_tag(&reader);
	struct ber content = ber_next(&reader);
	struct err err;

	(void)ret_data;
	if (!piv->management_verified)
		return SW_SECURITY_STATUS;
	if (apdu->p1 != 0x3f || apdu->p2 != 0xff)
		return SW_WRONG_P1P2;
	if (!reader_end(&reader) || content.tag != 0x53 || !may_exist(piv, tag))
		return SW_WRONG_DATA;
	if (sim_state_put(piv->state, tag, content.value, &err) != ERR_OK)
		return SW_NO_SPACE;
	return piv_save(piv);
}
