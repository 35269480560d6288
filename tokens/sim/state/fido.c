/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens/sim/state/fido.h"

#include <string.h>

#include "base/crypto.h"
#include "base/json_members.h"
#include "base/text.h"

static const struct member members[] = {
    {"uv", MEMBER_BOOL, FIELD(struct sim_fido, uv)},
    {"always_uv", MEMBER_BOOL, FIELD(struct sim_fido, always_uv)},
    {"min_pin", MEMBER_NUMBER, FIELD(struct sim_fido, min_pin), FIDO_PIN_MIN, FIDO_PIN_BYTES_MAX},
    {"change_pin", MEMBER_BOOL, FIELD(struct sim_fido, change_pin)},
    {"counter", MEMBER_NUMBER, FIELD(struct sim_fido, counter), 0, UINT32_MAX},
    {"pin_tries", MEMBER_NUMBER, FIELD(struct sim_fido, pin_tries), 0, FIDO_PIN_TRIES},
    {"uv_tries", MEMBER_NUMBER, FIELD(struct sim_fido, uv_tries), 0, FIDO_UV_TRIES},
    {NULL},
};
static const struct member pin_members[] = {
    {"hash", MEMBER_HEX, FIELD(struct sim_fido, pin_hash)},
    {"length", MEMBER_NUMBER, FIELD(struct sim_fido, pin_length), FIDO_PIN_MIN, FIDO_PIN_BYTES_MAX},
    {NULL},
};

void
sim_fido_init(struct sim_fido *fido, bool uv, bool always_uv)
{
	*fido = (struct sim_fido){.uv = uv,
	    .always_uv = always_uv,
	    .min_pin = FIDO_PIN_MIN,
	    .pin_tries = FIDO_PIN_TRIES,
	    .uv_tries = FIDO_UV_TRIES};
}

/* Bytes that begin a UTF-8 character. */
static size_t
code_points(struct view text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += (text.data[i] & 0xc0) != 0x80;
	return count;
}

enum err_code
sim_fido_set_pin(struct sim_fido *fido, struct view pin, struct err *err)
{
	struct digest digest;
	size_t length = code_points(pin);

	if (pin.size > FIDO_PIN_BYTES_MAX || length < fido->min_pin)
		return err_set(err, ERR_INVALID,
		    "a FIDO2 PIN has at least %u characters and at most %d bytes", fido->min_pin,
		    FIDO_PIN_BYTES_MAX);
	TRY(sha256_one(pin, &digest, err));
	memcpy(fido->pin_hash, digest.bytes, sizeof(fido->pin_hash));
	fido->pin_length = (uint8_t)length;
	fido->pin_set = true;
	fido->change_pin = false;
	fido->pin_tries = FIDO_PIN_TRIES;
	fido->uv_tries = FIDO_UV_TRIES;
	return ERR_OK;
}

static struct json *
write_credential(const struct fido_credential *credential)
{
	struct json *json = json_new_object();

	json_put_hex(json, "id", VIEW_OF(credential->id));
	json_put_hex(json, "rp", view_of(credential->rp, credential->rp_size));
	json_put_hex(json, "user", view_of(credential->user.bytes, credential->user.size));
	json_put_hex(json, "name", view_of(credential->name.bytes, credential->name.size));
	json_put_hex(json, "display", view_of(credential->display.bytes, credential->display.size));
	return json;
}

struct json *
sim_fido_write(const struct sim_fido *fido)
{
	struct json *json = json_new_object();
	struct json *credentials = json_new_array();

	members_put(json, members, fido);
	if (fido->pin_set) {
		struct json *pin = json_new_object();

		members_put(pin, pin_members, fido);
		json_put(json, "pin", pin);
	}
	if (fido->has_key)
		json_put_hex(json, "key", VIEW_OF(fido->key));
	for (size_t i = 0; i < fido->count; i++)
		json_add(credentials, write_credential(&fido->credentials[i]));
	json_put(json, "credentials", credentials);
	return json;
}

/* Hex of 0..MAX bytes. */
static uint8_t
read_hex(struct json_in *in, const char *name, uint8_t *ret_bytes, size_t max)
{
	const char *text = json_in_text(in, name, 0, 2 * max);
	size_t size = strlen(text) / 2;

	if (strlen(text) != 2 * size || (size > 0 && !text_from_hex(text, ret_bytes, size)))
		json_in_fail(in, name, "is not hex");
	return (uint8_t)size;
}

static enum err_code
read_credential(const struct json *json, struct fido_credential *ret_credential, struct err *err)
{
	struct json_in in = json_in(json, "FIDO2 credential", err);
	struct fido_credential credential = {0};

	json_in_hex(&in, "id", credential.id, sizeof(credential.id));
	credential.rp_size = read_hex(&in, "rp", credential.rp, sizeof(credential.rp));
	credential.user.size = read_hex(&in, "user", credential.user.bytes, FIDO_USER_MAX);
	credential.name.size = read_hex(&in, "name", credential.name.bytes, FIDO_USER_MAX);
	credential.display.size = read_hex(&in, "display", credential.display.bytes, FIDO_USER_MAX);
	TRY(json_in_end(&in));
	*ret_credential = credential;
	return ERR_OK;
}

enum err_code
sim_fido_read(const struct json *json, struct sim_fido *ret_fido, struct err *err)
{
	struct json_in in = json_in(json, "fido", err);
	struct sim_fido fido = {0};

	members_in(&in, members, &fido);
	const struct json *pin = json_in_object_optional(&in, "pin");
	fido.has_key = json_in_hex_optional(&in, "key", fido.key, sizeof(fido.key));
	const struct json *credentials = json_in_array(&in, "credentials", 0, FIDO_CREDENTIALS_MAX);
	TRY(json_in_end(&in));
	fido.pin_set = pin != NULL;
	if (pin != NULL)
		TRY(members_read(pin, "FIDO2 PIN", pin_members, &fido, err));
	for (size_t i = 0; i < json_array_count(credentials); i++)
		TRY(read_credential(json_array_object(credentials, i),
		    &fido.credentials[fido.count++], err));
	*ret_fido = fido;
	return ERR_OK;
}
