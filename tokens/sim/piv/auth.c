/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GENERAL AUTHENTICATE (SP 800-73-4 part 2, 3.2.4): the management key, signing, deciphering and
 * key agreement, told apart by the key reference and by which elements of the dynamic
 * authentication template (7C) are there, and which of them are empty:
 *
 *	9B	81 ""			-> 81 challenge		single, first half
 *		82 E(challenge)		-> nothing		single, second half
 *		80 ""			-> 80 E(witness)	mutual, first half
 *		80 witness 81 challenge	-> 82 E(challenge)	mutual, second half
 *	slots	82 "" 81 input		-> 82 signature, or RSA private operation
 *		82 "" 85 point		-> 82 shared x-coordinate
 *
 * (Ed25519 signs a whole message in 81; X25519 takes 32 bytes in 85.)
 */
#include "tokens/sim/piv/auth.h"

#include <string.h>

#include "base/crypto.h"
#include "base/random.h"
#include "tokens/sim/crypto/ber.h"

struct template
{
	struct view witness, challenge, response, exponentiation;
	bool has_witness, has_challenge, has_response, has_exponentiation;
};

static bool
read_template(struct view data, struct template *ret_template)
{
	struct reader outer = reader_of(data);
	struct ber whole = ber_next(&outer);
	struct reader reader = reader_of(whole.value);
	struct template template = {0};

	if (whole.tag != 0x7c || !reader_end(&outer))
		return false;
	while (!reader.failed && reader.rest.size > 0) {
		struct ber element = ber_next(&reader);
		switch (element.tag) {
		case 0x80:
			template.witness = element.value;
			template.has_witness = true;
			break;
		case 0x81:
			template.challenge = element.value;
			template.has_challenge = true;
			break;
		case 0x82:
			template.response = element.value;
			template.has_response = true;
			break;
		case 0x85:
			template.exponentiation = element.value;
			template.has_exponentiation = true;
			break;
		default:
			return false;
		}
	}
	*ret_template = template;
	return !reader.failed;
}

/* 7C { TAG value } */
static void
put_answer(struct buf *ret_data, uint8_t tag, struct view value)
{
	BUF inner = {0};

	ber_put(&inner, tag, value);
	ber_put(ret_data, 0x7c, buf_view(&inner));
	ret_data->failed |= inner.failed;
}

/* First half: draw a block that the host must know how to decipher or encipher. */
static uint16_t
management_begin(struct piv *piv, bool mutual, struct buf *ret_data)
{
	const struct sim_management *management = &piv->state->management;
	size_t size = sim_block_size(management->algorithm);
	uint8_t shown[SIM_BLOCK_MAX];
	struct err err;

	if (random_bytes(piv->challenge, size, &err) != ERR_OK)
		return SW_FAILURE;
	memcpy(shown, piv->challenge, size);
	if (mutual &&
	    sim_block(management->algorithm, management->key, true, piv->challenge, shown, &err) !=
	        ERR_OK)
		return SW_FAILURE;
	piv->challenged = mutual ? PIV_MUTUAL : PIV_SINGLE;
	put_answer(ret_data, mutual ? 0x80 : 0x81, view_of(shown, size));
	return SW_OK;
}

static uint16_t
management_single(struct piv *piv, struct view response)
{
	const struct sim_management *management = &piv->state->management;
	size_t size = sim_block_size(management->algorithm);
	uint8_t expected[SIM_BLOCK_MAX];
	struct err err;

	if (response.size != size)
		return SW_WRONG_DATA;
	if (sim_block(management->algorithm, management->key, true, piv->challenge, expected,
	        &err) != ERR_OK)
		return SW_FAILURE;
	if (memcmp(expected, response.data, size) != 0)
		return SW_SECURITY_STATUS;
	uint16_t status = piv_touch(piv, management->touch ? PIV_TOUCH_ALWAYS : PIV_TOUCH_NEVER);
	piv->management_verified = status == SW_OK;
	return status;
}

static uint16_t
management_mutual(struct piv *piv, const struct template *template, struct buf *ret_data)
{
	const struct sim_management *management = &piv->state->management;
	size_t size = sim_block_size(management->algorithm);
	uint8_t answer[SIM_BLOCK_MAX];
	struct err err;

	if (template->witness.size != size || template->challenge.size != size)
		return SW_WRONG_DATA;
	if (memcmp(piv->challenge, template->witness.data, size) != 0)
		return SW_SECURITY_STATUS;
	if (sim_block(management->algorithm, management->key, true, template->challenge.data,
	        answer, &err) != ERR_OK)
		return SW_FAILURE;
	uint16_t status = piv_touch(piv, management->touch ? PIV_TOUCH_ALWAYS : PIV_TOUCH_NEVER);
	piv->management_verified = status == SW_OK;
	if (status == SW_OK)
		put_answer(ret_data, 0x82, view_of(answer, size));
	return status;
}

static uint16_t
authenticate_management(struct piv *piv, const struct apdu *apdu, const struct template *template,
    struct buf *ret_data)
{
	uint8_t algorithm = apdu->p1 == 0 ? SIM_3DES : apdu->p1;
	int challenged = (int)piv->challenged;

	piv->challenged = PIV_NOTHING;
	if (algorithm != piv->state->management.algorithm)
		return SW_WRONG_P1P2;
	if (template->has_witness && template->witness.size == 0)
		return management_begin(piv, true, ret_data);
	if (template->has_challenge && template->challenge.size == 0 && !template->has_response)
		return management_begin(piv, false, ret_data);
	piv->management_verified = false;
	if (challenged == PIV_MUTUAL && template->has_witness && template->has_challenge)
		return management_mutual(piv, template, ret_data);
	if (challenged == PIV_SINGLE && template->has_response)
		return management_single(piv, template->response);
	return SW_WRONG_DATA;
}

/* A card that is no YubiKey wants a touch for all its keys, or for none. */
static uint8_t
touch_policy(const struct piv *piv, const struct sim_key *key)
{
	if (sim_state_is_yubikey(piv->state))
		return key->touch_policy;
	return (piv->state->quirks & SIM_QUIRK_TOUCH) != 0 ? PIV_TOUCH_ALWAYS : PIV_TOUCH_NEVER;
}

static uint16_t
may_use(struct piv *piv, const struct sim_key *key)
{
	bool touch_first = (piv->state->quirks & SIM_QUIRK_TOUCH_FIRST) != 0;
	uint16_t touched = touch_first ? piv_touch(piv, touch_policy(piv, key)) : SW_OK;

	if (touched != SW_OK)
		return touched;
	if (key->pin_policy == PIV_PIN_ONCE && !piv->pin_verified)
		return SW_SECURITY_STATUS;
	if (key->pin_policy == PIV_PIN_ALWAYS && !(piv->pin_verified && piv->pin_just_verified))
		return SW_SECURITY_STATUS;
	return touch_first ? SW_OK : piv_touch(piv, touch_policy(piv, key));
}

static uint16_t
use_key(struct piv *piv, const struct apdu *apdu, const struct template *template,
    struct buf *ret_data)
{
	const struct sim_key *key = sim_state_key(piv->state, apdu->p2);
	bool agree = template->has_exponentiation;
	struct view input = agree ? template->exponentiation : template->challenge;
	struct err err;
	BUF result = {0};

	if (key == NULL || key->slot == SIM_SLOT_ATTESTATION)
		return SW_WRONG_P1P2;
	if (key->algorithm == 0)
		return SW_WRONG_DATA;
	if (apdu->p1 != key->algorithm)
		return SW_WRONG_P1P2;
	if (!template->has_response || template->response.size != 0 || template->has_witness ||
	    template->has_challenge == agree || (agree && sim_key_is_rsa(key->algorithm)))
		return SW_WRONG_DATA;
	uint16_t status = may_use(piv, key);
	if (status != SW_OK)
		return status;
	struct view private_key = buf_view(&key->private_key);
	enum err_code code = agree ? sim_key_agree(private_key, input, &result, &err) :
	                             sim_key_sign(private_key, input, &result, &err);
	if (code != ERR_OK)
		return code == ERR_INVALID ? SW_WRONG_DATA : SW_FAILURE;
	put_answer(ret_data, 0x82, buf_view(&result));
	return SW_OK;
}

uint16_t
piv_authenticate(struct piv *piv, const struct apdu *apdu, struct buf *ret_data)
{
	struct template template;

	if (!read_template(apdu->data, &template))
		return SW_WRONG_DATA;
	if (apdu->p2 == 0x9b)
		return authenticate_management(piv, apdu, &template, ret_data);
	piv->challenged = PIV_NOTHING;
	return use_key(piv, apdu, &template, ret_data);
}

/* P1 FF, P2 FF or (touch) FE: algorithm, 9B, length, key */
uint16_t
piv_set_management(struct piv *piv, const struct apdu *apdu, struct buf *ret_data)
{
	struct reader reader = reader_of(apdu->data);
	uint8_t algorithm = reader_u8(&reader);
	struct ber key = ber_next(&reader);
	size_t size = sim_block_key_size(algorithm);

	(void)ret_data;
	if (!piv->management_verified)
		return SW_SECURITY_STATUS;
	if (apdu->p1 != 0xff || (apdu->p2 != 0xff && apdu->p2 != 0xfe))
		return SW_WRONG_P1P2;
	if (!reader_end(&reader) || size == 0 || key.tag != 0x9b || key.value.size != size ||
	    (algorithm != SIM_3DES && !sim_state_has(piv->state, 5, 4, 2)))
		return SW_WRONG_DATA;
	struct sim_management *management = &piv->state->management;
	*management = (struct sim_management){.algorithm = algorithm, .touch = apdu->p2 == 0xfe};
	memcpy(management->key, key.value.data, size);
	return piv_save(piv);
}
