/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens/sim/ctap/credential.h"

#include <string.h>

#include "base/random.h"
#include "tokens/sim/crypto/crypto.h"
#include "tokens/sim/ctap/protocol.h"

enum {
	ID_VERSION = 1,
	CONTENT_SIZE = 112,
	IV_AT = 1,
	CONTENT_AT = 17,
	MAC_AT = 129,
	FLAG_HMAC = 1,
	FLAG_RESIDENT = 2,
	DRAWS = 8
};

void
credential_done(struct credential *credential)
{
	buf_done(&credential->private_key);
}

static enum err_code
derive(const struct sim_fido *fido, const char *purpose, struct digest *ret_key, struct err *err)
{
	const struct view part = view_of_text(purpose);

	return hmac_sha256(VIEW_OF(fido->key), &part, 1, ret_key, err);
}

static enum err_code
id_mac(const struct sim_fido *fido, const struct digest *rp, const uint8_t *id,
    struct digest *ret_mac, struct err *err)
{
	const struct view parts[] = {view_of(id, MAC_AT), VIEW_OF(rp->bytes)};
	struct digest key;

	TRY(derive(fido, "authenticate credential ids", &key, err));
	return hmac_sha256(VIEW_OF(key.bytes), parts, ARRAY_SIZE(parts), ret_mac, err);
}

static enum err_code
load_key(struct credential *credential, struct err *err)
{
	const struct sim_key_parts parts = {.scalar = VIEW_OF(credential->scalar)};

	TRY(sim_key_import(SIM_P256, &parts, &credential->private_key, err));
	return ctap_public(buf_view(&credential->private_key), &credential->public_key, err);
}

/* A scalar is below the order but once in 2^32. */
static enum err_code
draw_key(struct credential *credential, struct err *err)
{
	enum err_code code = ERR_CRYPTO;

	for (unsigned i = 0; code != ERR_OK && i < DRAWS; i++) {
		TRY(random_bytes(credential->scalar, sizeof(credential->scalar), err));
		buf_done(&credential->private_key);
		code = load_key(credential, err);
	}
	return code;
}

static enum err_code
seal_id(const struct sim_fido *fido, const struct digest *rp, struct credential *credential,
    struct err *err)
{
	uint8_t content[CONTENT_SIZE] = {0}, *id = credential->id;
	struct digest key, mac;

	memcpy(content, credential->scalar, 32);
	memcpy(content + 32, credential->random, 64);
	content[96] = credential->protect;
	content[97] = (uint8_t)((credential->hmac ? FLAG_HMAC : 0) |
	    (credential->resident ? FLAG_RESIDENT : 0));
	id[0] = ID_VERSION;
	TRY(random_bytes(id + IV_AT, CTAP_BLOCK, err));
	TRY(derive(fido, "encrypt credential ids", &key, err));
	TRY(ctap_cbc(key.bytes, id + IV_AT, true, VIEW_OF(content), id + CONTENT_AT, err));
	TRY(id_mac(fido, rp, id, &mac, err));
	memcpy(id + MAC_AT, mac.bytes, sizeof(mac.bytes));
	return ERR_OK;
}

enum err_code
credential_new(struct sim_fido *fido, const struct digest *rp, struct credential *credential,
    struct err *err)
{
	if (!fido->has_key)
		TRY(random_bytes(fido->key, sizeof(fido->key), err));
	fido->has_key = true;
	TRY(draw_key(credential, err));
	TRY(random_bytes(credential->random, sizeof(credential->random), err));
	return seal_id(fido, rp, credential, err);
}

size_t
credential_place(const struct sim_fido *fido, struct view id)
{
	for (size_t i = 0; i < fido->count; i++)
		if (view_equal(VIEW_OF(fido->credentials[i].id), id))
			return i;
	return FIDO_CREDENTIALS_MAX;
}

enum err_code
credential_open(const struct sim_fido *fido, const struct digest *rp, struct view id,
    struct credential *ret_credential, struct err *err)
{
	CREDENTIAL opened = {0};
	uint8_t content[CONTENT_SIZE];
	struct digest key, mac;

	if (!fido->has_key || id.size != FIDO_ID_SIZE || id.data[0] != ID_VERSION)
		return err_set(err, ERR_NOT_FOUND, "no credential of this token");
	TRY(id_mac(fido, rp, id.data, &mac, err));
	if (!crypto_equal(mac.bytes, id.data + MAC_AT, sizeof(mac.bytes)))
		return err_set(err, ERR_NOT_FOUND, "no credential of this token");
	memcpy(opened.id, id.data, sizeof(opened.id));
	TRY(derive(fido, "encrypt credential ids", &key, err));
	TRY(ctap_cbc(key.bytes, id.data + IV_AT, false, view_of(id.data + CONTENT_AT, CONTENT_SIZE),
	    content, err));
	memcpy(opened.scalar, content, 32);
	memcpy(opened.random, content + 32, 64);
	opened.protect = content[96];
	opened.hmac = (content[97] & FLAG_HMAC) != 0;
	opened.resident = (content[97] & FLAG_RESIDENT) != 0;
	if (opened.resident && credential_place(fido, id) == FIDO_CREDENTIALS_MAX)
		return err_set(err, ERR_NOT_FOUND, "the credential was deleted");
	TRY(load_key(&opened, err));
	*ret_credential = opened;
	opened.private_key = (struct buf){0};
	return ERR_OK;
}

enum err_code
credential_sign(const struct credential *credential, struct view auth_data,
    const struct digest *client_data, struct buf *ret_signature, struct err *err)
{
	const struct view parts[] = {auth_data, VIEW_OF(client_data->bytes)};
	struct digest digest;

	TRY(sha256(parts, ARRAY_SIZE(parts), &digest, err));
	return sim_key_sign(buf_view(&credential->private_key), VIEW_OF(digest.bytes),
	    ret_signature, err);
}
