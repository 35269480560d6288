/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token's memory.  Slots are a fixed table in the card's order, so that a pointer to a key
 * stays valid; objects are a short list, looked through from its beginning.  (Reading and writing
 * the file is in file.h.)
 */
#include "tokens/sim/state/state.h"

#include <stdio.h>
#include <string.h>

#include "tokens/sim/state/identity.h"

enum { SLOT_FEW_LAST = 0x83, SLOT_RETIRED_LAST = 0x95 };

static const uint8_t factory_pin[SIM_PIN_SIZE] = {'1', '2', '3', '4', '5', '6', 0xff, 0xff};
static const uint8_t factory_puk[SIM_PIN_SIZE] = {'1', '2', '3', '4', '5', '6', '7', '8'};
static const uint8_t factory_management[24] = {1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2,
    3, 4, 5, 6, 7, 8};
static const uint8_t slots[SIM_KEYS] = {0x9a, 0x9c, 0x9d, 0x9e, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87,
    0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95,
    SIM_SLOT_ATTESTATION};

static void
reference_init(struct sim_reference *reference, const uint8_t value[SIM_PIN_SIZE])
{
	memcpy(reference->value, value, SIM_PIN_SIZE);
	reference->tries = reference->total = 3;
}

/* AES-192 since firmware 5.7.0, 3DES before; the same 24 bytes. */
static uint8_t
factory_algorithm(const struct sim_state *state)
{
	return sim_state_has(state, 5, 7, 0) ? SIM_AES192 : SIM_3DES;
}

static void
references_init(struct sim_state *state)
{
	reference_init(&state->pin, factory_pin);
	reference_init(&state->puk, factory_puk);
	state->management = (struct sim_management){.algorithm = factory_algorithm(state)};
	memcpy(state->management.key, factory_management, sizeof(factory_management));
}

void
sim_state_init(struct sim_state *state, uint32_t serial, const uint8_t firmware[3])
{
	*state = (struct sim_state){.serial = serial};
	memcpy(state->firmware, firmware, sizeof(state->firmware));
	for (size_t i = 0; i < SIM_KEYS; i++)
		state->keys[i].slot = slots[i];
	references_init(state);
	sim_fido_init(&state->fido, false, false);
}

void
sim_key_clear(struct sim_key *key)
{
	buf_done(&key->private_key);
	*key = (struct sim_key){.slot = key->slot};
}

void
sim_state_done(struct sim_state *state)
{
	for (size_t i = 0; i < SIM_KEYS; i++)
		sim_key_clear(&state->keys[i]);
	for (size_t i = 0; i < state->object_count; i++)
		buf_done(&state->objects[i].value);
	state->object_count = 0;
}

enum err_code
sim_state_attest(struct sim_state *state, struct err *err)
{
	struct sim_key *key = sim_state_key(state, SIM_SLOT_ATTESTATION);
	struct sim_attestation facts = {.serial = state->serial};
	BUF certificate = {0};
	BUF value = {0};

	memcpy(facts.firmware, state->firmware, sizeof(facts.firmware));
	sim_key_clear(key);
	TRY(sim_key_generate(SIM_P256, &key->private_key, err));
	key->algorithm = SIM_P256;
	key->pin_policy = key->touch_policy = 1;
	key->generated = true;
	TRY(sim_device_certificate(&facts, buf_view(&key->private_key), &certificate, err));
	/* SP 800-73-4 part 1, table 10: 70 certificate, 71 info (not compressed), FE nothing */
	buf_u8(&value, 0x70);
	buf_u8(&value, 0x82);
	buf_lp16(&value, buf_view(&certificate));
	buf_bytes(&value, VIEW_OF(((const uint8_t[]){0x71, 0x01, 0x00, 0xfe, 0x00})));
	TRY(buf_check(&value, err));
	return sim_state_put(state, SIM_OBJECT_ATTESTATION, buf_view(&value), err);
}

enum err_code
sim_state_identify(struct sim_state *state, struct err *err)
{
	BUF chuid = {0};
	BUF ccc = {0};

	sim_chuid(state->serial, &chuid);
	sim_ccc(state->serial, &ccc);
	TRY(buf_check(&chuid, err));
	TRY(buf_check(&ccc, err));
	TRY(sim_state_put(state, SIM_OBJECT_CHUID, buf_view(&chuid), err));
	return sim_state_put(state, SIM_OBJECT_CCC, buf_view(&ccc), err);
}

void
sim_state_reset(struct sim_state *state)
{
	for (size_t i = 0; i < SIM_KEYS; i++)
		if (state->keys[i].slot != SIM_SLOT_ATTESTATION)
			sim_key_clear(&state->keys[i]);
	size_t kept = 0;
	for (size_t i = 0; i < state->object_count; i++) {
		if (state->objects[i].tag == SIM_OBJECT_ATTESTATION)
			state->objects[kept++] = state->objects[i];
		else
			buf_done(&state->objects[i].value);
	}
	state->object_count = kept;
	references_init(state);
}

bool
sim_state_is_yubikey(const struct sim_state *state)
{
	return state->firmware[0] != 0;
}

bool
sim_state_has(const struct sim_state *state, uint8_t major, uint8_t minor, uint8_t patch)
{
	const uint8_t wanted[3] = {major, minor, patch};

	return memcmp(state->firmware, wanted, sizeof(wanted)) >= 0;
}

struct sim_key *
sim_state_key(struct sim_state *state, uint8_t slot)
{
	if (slot == SIM_SLOT_ATTESTATION && !sim_state_is_yubikey(state))
		return NULL;
	if (slot > SLOT_FEW_LAST && slot <= SLOT_RETIRED_LAST &&
	    (state->quirks & SIM_QUIRK_FEW_SLOTS) != 0)
		return NULL;
	for (size_t i = 0; i < SIM_KEYS; i++)
		if (state->keys[i].slot == slot)
			return &state->keys[i];
	return NULL;
}

struct sim_object *
sim_state_object(struct sim_state *state, uint32_t tag)
{
	for (size_t i = 0; i < state->object_count; i++)
		if (state->objects[i].tag == tag)
			return &state->objects[i];
	return NULL;
}

enum err_code
sim_state_put(struct sim_state *state, uint32_t tag, struct view value, struct err *err)
{
	struct sim_object *object = sim_state_object(state, tag);
	BUF copy = {0};

	if (value.size > SIM_OBJECT_MAX)
		return err_set(err, ERR_NO_SPACE, "an object has at most %d bytes", SIM_OBJECT_MAX);
	if (value.size == 0) {
		if (object == NULL)
			return ERR_OK;
		buf_done(&object->value);
		*object = state->objects[--state->object_count];
		return ERR_OK;
	}
	if (object == NULL && state->object_count == SIM_OBJECTS)
		return err_set(err, ERR_NO_SPACE, "the token holds %d objects already",
		    SIM_OBJECTS);
	buf_bytes(&copy, value);
	TRY(buf_check(&copy, err));
	if (object == NULL) {
		object = &state->objects[state->object_count++];
		*object = (struct sim_object){.tag = tag};
	}
	buf_done(&object->value);
	object->value = copy;
	copy = (struct buf){0};
	return ERR_OK;
}

enum err_code
sim_reference_set(struct sim_reference *reference, const char *text, struct err *err)
{
	size_t size = strlen(text);

	if (size < 1 || size > SIM_PIN_SIZE)
		return err_set(err, ERR_INVALID, "a PIN or PUK has 1 to %d bytes, not %zu",
		    SIM_PIN_SIZE, size);
	memset(reference->value, 0xff, SIM_PIN_SIZE);
	memcpy(reference->value, text, size);
	return ERR_OK;
}

bool
sim_reference_is_factory(const struct sim_state *state, const struct sim_reference *which)
{
	const uint8_t *factory = which == &state->pin ? factory_pin : factory_puk;

	return memcmp(which->value, factory, SIM_PIN_SIZE) == 0;
}

bool
sim_management_is_factory(const struct sim_state *state)
{
	return state->management.algorithm == factory_algorithm(state) &&
	    memcmp(state->management.key, factory_management, sizeof(factory_management)) == 0;
}

enum err_code
sim_firmware_from(const char *text, uint8_t ret_firmware[3], struct err *err)
{
	uint8_t bytes[3];
	const char *at = text;

	for (size_t i = 0; i < 3; i++) {
		unsigned value = 0, digits = 0;
		while (*at >= '0' && *at <= '9' && digits++ < 3)
			value = 10 * value + (unsigned)(*at++ - '0');
		if (digits == 0 || value > 255 || *at++ != (i < 2 ? '.' : '\0'))
			return err_set(err, ERR_INVALID,
			    "\"%s\" is no firmware version such as 5.7.4", text);
		bytes[i] = (uint8_t)value;
	}
	memcpy(ret_firmware, bytes, sizeof(bytes));
	return ERR_OK;
}
