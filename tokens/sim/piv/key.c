/* SPDX-License-Identifier: Apache-2.0 */
/* Making, importing, moving and describing keys, and attesting those made here. */

#include "tokens/sim/piv/key.h"

#include <string.h>

#include "tokens/sim/crypto/ber.h"

static bool
knows_algorithm(const struct piv *piv, uint8_t algorithm)
{
	static const struct {
		uint8_t algorithm;
		uint8_t firmware[3]; /* the first that knows it */
	} later[] = {{SIM_RSA3072, {5, 7, 0}}, {SIM_RSA4096, {5, 7, 0}}, {SIM_ED25519, {5, 7, 0}},
	    {SIM_X25519, {5, 7, 0}}};

	for (size_t i = 0; i < ARRAY_SIZE(later); i++) {
		const uint8_t *first = later[i].firmware;
		if (later[i].algorithm == algorithm)
			return sim_state_has(piv->state, first[0], first[1], first[2]);
	}
	return sim_key_size(algorithm) != 0;
}

/* Put a new key into KEY, save, and undo the change when it cannot be saved. */
static uint16_t
store_key(struct piv *piv, struct sim_key *key, struct sim_key *made)
{
	struct sim_key old = *key;

	*key = *made;
	uint16_t status = piv_save(piv);
	*made = status == SW_OK ? old : *key;
	if (status != SW_OK)
		*key = old;
	return status;
}

/* The same elements with long lengths all through. */
static void
put_long(struct buf *ret_data, struct view encoded)
{
	struct reader reader = reader_of(encoded);
	BUF inner = {0};

	while (!reader.failed && reader.rest.size > 0) {
		struct ber element = ber_next(&reader);
		ber_put_long(&inner, element.tag, element.value);
	}
	ber_put_long(ret_data, 0x49, buf_view(&inner));
	ret_data->failed |= inner.failed || reader.failed;
}

/* 7F49 { 86 point | 81 modulus 82 exponent } */
static uint16_t
put_public(const struct piv *piv, const struct sim_key *key, struct buf *ret_data)
{
	struct err err;
	BUF encoded = {0};

	if (sim_key_public(buf_view(&key->private_key), &encoded, &err) != ERR_OK)
		return SW_FAILURE;
	buf_u8(ret_data, 0x7f);
	if ((piv->state->quirks & SIM_QUIRK_LONG_LENGTHS) == 0)
		ber_put(ret_data, 0x49, buf_view(&encoded));
	else
		put_long(ret_data, buf_view(&encoded));
	return SW_OK;
}

/* AC { 80 algorithm [AA PIN policy] [AB touch policy] } */
uint16_t
piv_generate(struct piv *piv, const struct apdu *apdu, struct buf *ret_data)
{
	struct sim_key *key = sim_state_key(piv->state, apdu->p2);
	struct reader reader = reader_of(apdu->data);
	struct err err;

	if (!piv->management_verified)
		return SW_SECURITY_STATUS;
	if (apdu->p1 != 0 || key == NULL)
		return SW_WRONG_SLOT;
	struct ber template = ber_next(&reader);
	if (template.tag != 0xac || !reader_end(&reader))
		return SW_WRONG_DATA;
	reader = reader_of(template.value);
	struct ber algorithm = ber_next(&reader);
	CLEANUP(sim_key_clear) struct sim_key made = {.slot = key->slot, .generated = true};
	if (algorithm.tag != 0x80 || algorithm.value.size != 1 ||
	    !knows_algorithm(piv, algorithm.value.data[0]) ||
	    !piv_read_policies(piv, &reader, key->slot, &made.pin_policy, &made.touch_policy))
		return SW_WRONG_DATA;
	made.algorithm = algorithm.value.data[0];
	if (sim_key_generate(made.algorithm, &made.private_key, &err) != ERR_OK)
		return SW_FAILURE;
	uint16_t status = store_key(piv, key, &made);
	return status == SW_OK ? put_public(piv, key, ret_data) : status;
}

static bool
read_parts(struct reader *reader, uint8_t algorithm, struct sim_key_parts *ret_parts)
{
	bool rsa = sim_key_is_rsa(algorithm);
	uint8_t scalar = algorithm == SIM_ED25519 ? 7 : algorithm == SIM_X25519 ? 8 : 6;

	for (uint8_t i = 0; i < (rsa ? 5 : 1); i++) {
		struct ber part = ber_next(reader);
		if (part.tag != (rsa ? 1 + i : scalar) || part.value.size == 0)
			return false;
		if (rsa)
			ret_parts->rsa[i] = part.value;
		else
			ret_parts->scalar = part.value;
	}
	return true;
}

/* P1 algorithm, P2 slot: 06 scalar (07 Ed25519, 08 X25519), or 01 p 02 q 03 dP 04 dQ 05 qInv, then
 * policies. */
uint16_t
piv_import(struct piv *piv, const struct apdu *apdu, struct buf *ret_data)
{
	struct sim_key *key = sim_state_key(piv->state, apdu->p2);
	struct reader reader = reader_of(apdu->data);
	struct sim_key_parts parts = {0};
	struct err err;

	(void)ret_data;
	if (!piv->management_verified)
		return SW_SECURITY_STATUS;
	if (key == NULL)
		return SW_WRONG_SLOT;
	CLEANUP(sim_key_clear) struct sim_key made = {.slot = key->slot, .algorithm = apdu->p1};
	if (!knows_algorithm(piv, apdu->p1) || !read_parts(&reader, apdu->p1, &parts) ||
	    !piv_read_policies(piv, &reader, key->slot, &made.pin_policy, &made.touch_policy) ||
	    sim_key_import(apdu->p1, &parts, &made.private_key, &err) != ERR_OK)
		return SW_WRONG_DATA;
	return store_key(piv, key, &made);
}

/* P1 destination (FF: delete), P2 source. */
uint16_t
piv_move(struct piv *piv, const struct apdu *apdu, struct buf *ret_data)
{
	struct sim_key *from = sim_state_key(piv->state, apdu->p2);
	struct sim_key *to = sim_state_key(piv->state, apdu->p1);

	(void)ret_data;
	if (!piv->management_verified)
		return SW_SECURITY_STATUS;
	if (from == NULL || from == to || (to == NULL && apdu->p1 != 0xff) ||
	    (to != NULL && to->slot == SIM_SLOT_ATTESTATION))
		return SW_WRONG_P1P2;
	if (from->algorithm == 0)
		return SW_NO_REFERENCE;
	if (to != NULL) {
		uint8_t slot = to->slot;
		sim_key_clear(to);
		*to = *from;
		to->slot = slot;
		from->private_key = (struct buf){0};
	}
	sim_key_clear(from);
	return piv_save(piv);
}

static void
put_bytes(struct buf *ret_data, uint8_t tag, const uint8_t *bytes, size_t size)
{
	ber_put(ret_data, tag, view_of(bytes, size));
}

/* 01 FF, 05 factory value?, 06 total and left */
static uint16_t
reference_metadata(const struct piv *piv, const struct sim_reference *reference,
    struct buf *ret_data)
{
	const uint8_t factory = sim_reference_is_factory(piv->state, reference);

	put_bytes(ret_data, 0x01, (const uint8_t[]){0xff}, 1);
	put_bytes(ret_data, 0x05, &factory, 1);
	put_bytes(ret_data, 0x06, (const uint8_t[]){reference->total, reference->tries}, 2);
	return SW_OK;
}

static uint16_t
management_metadata(const struct piv *piv, struct buf *ret_data)
{
	const struct sim_management *management = &piv->state->management;
	const uint8_t touch = management->touch ? PIV_TOUCH_ALWAYS : PIV_TOUCH_NEVER;
	const uint8_t factory = sim_management_is_factory(piv->state);

	put_bytes(ret_data, 0x01, &management->algorithm, 1);
	put_bytes(ret_data, 0x02, (const uint8_t[]){PIV_PIN_DEFAULT, touch}, 2);
	put_bytes(ret_data, 0x05, &factory, 1);
	return SW_OK;
}

/* 01 algorithm, 02 policies, 03 origin (1 made here, 2 imported), 04 public key */
uint16_t
piv_metadata(struct piv *piv, const struct apdu *apdu, struct buf *ret_data)
{
	const struct sim_key *key = sim_state_key(piv->state, apdu->p2);
	struct err err;
	BUF encoded = {0};

	if (apdu->p1 != 0)
		return SW_WRONG_P1P2;
	if (apdu->p2 == 0x80)
		return reference_metadata(piv, &piv->state->pin, ret_data);
	if (apdu->p2 == 0x81)
		return reference_metadata(piv, &piv->state->puk, ret_data);
	if (apdu->p2 == 0x9b)
		return management_metadata(piv, ret_data);
	if (key == NULL || key->algorithm == 0)
		return SW_NO_REFERENCE;
	if (sim_key_public(buf_view(&key->private_key), &encoded, &err) != ERR_OK)
		return SW_FAILURE;
	put_bytes(ret_data, 0x01, &key->algorithm, 1);
	put_bytes(ret_data, 0x02, (const uint8_t[]){key->pin_policy, key->touch_policy}, 2);
	put_bytes(ret_data, 0x03, (const uint8_t[]){key->generated ? 1 : 2}, 1);
	ber_put(ret_data, 0x04, buf_view(&encoded));
	return SW_OK;
}

/* The X.509 certificate of a key made here, signed by the key in F9. */
uint16_t
piv_attest(struct piv *piv, const struct apdu *apdu, struct buf *ret_data)
{
	const struct sim_key *key = sim_state_key(piv->state, apdu->p1);
	const struct sim_key *device = sim_state_key(piv->state, SIM_SLOT_ATTESTATION);
	const struct sim_object *object = sim_state_object(piv->state, SIM_OBJECT_ATTESTATION);
	struct view certificate;
	struct err err;

	if (apdu->p2 != 0 || key == NULL || key == device)
		return SW_WRONG_P1P2;
	if (key->algorithm == 0)
		return SW_NO_REFERENCE;
	if (!key->generated || device->algorithm == 0 || object == NULL ||
	    !ber_find(buf_view(&object->value), 0x70, &certificate))
		return SW_WRONG_DATA;
	struct sim_attestation facts = {.serial = piv->state->serial,
	    .slot = key->slot,
	    .pin_policy = key->pin_policy,
	    .touch_policy = key->touch_policy,
	    .form_factor = 1};
	memcpy(facts.firmware, piv->state->firmware, sizeof(facts.firmware));
	if (sim_slot_certificate(&facts, buf_view(&key->private_key),
	        buf_view(&device->private_key), certificate, ret_data, &err) != ERR_OK)
		return SW_FAILURE;
	return SW_OK;
}
