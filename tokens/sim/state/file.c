/* SPDX-License-Identifier: Apache-2.0 */
/* Every value is checked on reading. */
#include "tokens/sim/state/file.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json_members.h"
#include "base/text.h"
#include "tokens/sim/crypto/key_check.h"

enum { STATE_VERSION = 1, STATE_FILE_MAX = 2 * 1024 * 1024, QUIRKS_TEXT_MAX = 100 };

static const char *const state_types[] = {"halligan-simtoken", NULL};

static const struct member reference_members[] = {
    {"value", MEMBER_HEX, FIELD(struct sim_reference, value)},
    {"tries", MEMBER_NUMBER, FIELD(struct sim_reference, tries), 0, 255},
    {"total", MEMBER_NUMBER, FIELD(struct sim_reference, total), 1, 255},
    {NULL},
};
/* All but "private". */
static const struct member key_members[] = {
    {"slot", MEMBER_NUMBER, FIELD(struct sim_key, slot), 0, 255},
    {"algorithm", MEMBER_NUMBER, FIELD(struct sim_key, algorithm), 0, 255},
    {"pin", MEMBER_NUMBER, FIELD(struct sim_key, pin_policy), 1, 3},
    {"touch", MEMBER_NUMBER, FIELD(struct sim_key, touch_policy), 1, 3},
    {"generated", MEMBER_BOOL, FIELD(struct sim_key, generated)},
    {NULL},
};

/* Hex of 1..MAX bytes. */
static void
read_hex(struct json_in *in, const char *name, struct buf *ret_bytes, size_t max)
{
	const char *text = json_in_text(in, name, 2, 2 * max);
	size_t size = strlen(text) / 2;
	uint8_t bytes[SIM_PRIVATE_MAX];

	if (size > sizeof(bytes) || strlen(text) != 2 * size || !text_from_hex(text, bytes, size))
		json_in_fail(in, name, "is not hex");
	else
		buf_bytes(ret_bytes, view_of(bytes, size));
}

static enum err_code
read_reference(const struct json *object, const char *what, struct sim_reference *ret_reference,
    struct err *err)
{
	struct json_in in = json_in(object, what, err);
	struct sim_reference reference = {0};

	members_in(&in, reference_members, &reference);
	(void)json_in_int(&in, "tries", 0, reference.total);
	TRY(json_in_end(&in));
	*ret_reference = reference;
	return ERR_OK;
}

static enum err_code
read_management(const struct json *object, struct sim_management *ret_management, struct err *err)
{
	struct json_in in = json_in(object, "management", err);
	struct sim_management management = {0};

	management.algorithm = (uint8_t)json_in_int(&in, "algorithm", 0, 255);
	size_t size = sim_block_key_size(management.algorithm);
	if (size == 0)
		json_in_fail(&in, "algorithm", "is no block cipher");
	json_in_hex(&in, "key", management.key, size);
	management.touch = json_in_bool(&in, "touch");
	TRY(json_in_end(&in));
	*ret_management = management;
	return ERR_OK;
}

static enum err_code
read_key(const struct json *object, struct sim_state *state, struct err *err)
{
	struct json_in in = json_in(object, "key", err);
	struct sim_key read = {0}, *key;
	BUF private_key = {0};

	members_in(&in, key_members, &read);
	key = sim_state_key(state, read.slot);
	read_hex(&in, "private", &private_key, SIM_PRIVATE_MAX);
	if (key == NULL || key->algorithm != 0)
		json_in_fail(&in, "slot", "does not exist or is there twice");
	if (sim_key_size(read.algorithm) == 0)
		json_in_fail(&in, "algorithm", "is no algorithm of key pairs");
	TRY(json_in_end(&in));
	TRY(buf_check(&private_key, err));
	TRY(sim_key_check(read.algorithm, buf_view(&private_key), err));
	*key = read;
	key->private_key = private_key;
	private_key = (struct buf){0};
	return ERR_OK;
}

static enum err_code
read_object(const struct json *object, struct sim_state *state, struct err *err)
{
	struct json_in in = json_in(object, "object", err);
	uint32_t tag = (uint32_t)json_in_int(&in, "tag", 1, 0xffffff);
	BUF value = {0};

	read_hex(&in, "value", &value, SIM_OBJECT_MAX);
	if (sim_state_object(state, tag) != NULL)
		json_in_fail(&in, "tag", "is there twice");
	TRY(json_in_end(&in));
	TRY(buf_check(&value, err));
	return sim_state_put(state, tag, buf_view(&value), err);
}

static enum err_code
read_state(const struct json *json, struct sim_state *state, struct err *err)
{
	struct json_in in = json_in(json, "token state", err);
	uint8_t firmware[3];

	(void)json_in_choice(&in, "type", state_types);
	if (json_in_int(&in, "version", 1, INT32_MAX) > STATE_VERSION)
		return err_set(err, ERR_VERSION, "the state was written by a newer simulator");
	uint32_t serial = (uint32_t)json_in_int(&in, "serial", 1, UINT32_MAX);
	const char *firmware_name = json_in_text(&in, "firmware", 5, 11);
	const char *quirks = json_in_text_optional(&in, "quirks", 4, QUIRKS_TEXT_MAX);
	const struct json *pin = json_in_object(&in, "pin"), *puk = json_in_object(&in, "puk");
	const struct json *management = json_in_object(&in, "management");
	const struct json *keys = json_in_array(&in, "keys", 0, SIM_KEYS);
	const struct json *objects = json_in_array(&in, "objects", 0, SIM_OBJECTS);
	const struct json *fido = json_in_object_optional(&in, "fido");
	TRY(json_in_end(&in));
	TRY(sim_firmware_from(firmware_name, firmware, err));
	sim_state_init(state, serial, firmware);
	if (quirks != NULL)
		TRY(sim_quirks_from(quirks, &state->quirks, err));
	TRY(read_reference(pin, "pin", &state->pin, err));
	TRY(read_reference(puk, "puk", &state->puk, err));
	TRY(read_management(management, &state->management, err));
	if (fido != NULL)
		TRY(sim_fido_read(fido, &state->fido, err));
	for (size_t i = 0; i < json_array_count(keys); i++)
		TRY(read_key(json_array_object(keys, i), state, err));
	for (size_t i = 0; i < json_array_count(objects); i++)
		TRY(read_object(json_array_object(objects, i), state, err));
	return ERR_OK;
}

enum err_code
sim_state_load(const char *path, struct sim_state *ret_state, struct err *err)
{
	BUF text = {0};
	JSON *json = NULL;
	SIM_STATE state = {0};

	TRY(file_read(path, STATE_FILE_MAX, &text, err));
	if (json_parse(buf_view(&text), &json, err) != ERR_OK ||
	    read_state(json, &state, err) != ERR_OK)
		return err_add(err, "%s", path);
	*ret_state = state;
	state = (struct sim_state){0};
	return ERR_OK;
}

static struct json *
write_reference(const struct sim_reference *reference)
{
	struct json *json = json_new_object();

	members_put(json, reference_members, reference);
	return json;
}

static struct json *
write_management(const struct sim_management *management)
{
	struct json *json = json_new_object();

	json_put_int(json, "algorithm", management->algorithm);
	json_put_hex(json, "key",
	    view_of(management->key, sim_block_key_size(management->algorithm)));
	json_put_bool(json, "touch", management->touch);
	return json;
}

static struct json *
write_key(const struct sim_key *key)
{
	struct json *json = json_new_object();

	members_put(json, key_members, key);
	json_put_hex(json, "private", buf_view(&key->private_key));
	return json;
}

static struct json *
write_object(const struct sim_object *object)
{
	struct json *json = json_new_object();

	json_put_int(json, "tag", object->tag);
	json_put_hex(json, "value", buf_view(&object->value));
	return json;
}

static enum err_code
encode(const struct sim_state *state, struct buf *ret_text, struct err *err)
{
	JSON *json = json_new_object();
	struct json *keys = json_new_array(), *objects = json_new_array();
	char firmware[12];
	BUF quirks = {0};

	sim_quirks_text(state->quirks, &quirks);
	snprintf(firmware, sizeof(firmware), "%u.%u.%u", state->firmware[0], state->firmware[1],
	    state->firmware[2]);
	json_put_text(json, "type", state_types[0]);
	json_put_int(json, "version", STATE_VERSION);
	json_put_int(json, "serial", state->serial);
	json_put_text(json, "firmware", firmware);
	if (state->quirks != 0)
		json_put_text(json, "quirks", buf_string(&quirks));
	json_put(json, "pin", write_reference(&state->pin));
	json_put(json, "puk", write_reference(&state->puk));
	json_put(json, "management", write_management(&state->management));
	for (size_t i = 0; i < SIM_KEYS; i++)
		if (state->keys[i].algorithm != 0)
			json_add(keys, write_key(&state->keys[i]));
	json_put(json, "keys", keys);
	for (size_t i = 0; i < state->object_count; i++)
		json_add(objects, write_object(&state->objects[i]));
	json_put(json, "objects", objects);
	json_put(json, "fido", sim_fido_write(&state->fido));
	TRY(json_encode(json, ret_text, err));
	buf_u8(ret_text, '\n');
	return buf_check(ret_text, err);
}

enum err_code
sim_state_save(const char *path, const struct sim_state *state, struct err *err)
{
	BUF text = {0};

	TRY(encode(state, &text, err));
	return file_write(path, buf_view(&text), 0600, err);
}

enum err_code
sim_state_save_new(const char *path, const struct sim_state *state, struct err *err)
{
	BUF text = {0};

	TRY(encode(state, &text, err));
	return file_write_new(path, buf_view(&text), 0600, err);
}
