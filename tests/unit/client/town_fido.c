/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The town's FIDO2 tokens: a key in this process signs assertions; share and release key are "derived"
 * by the touch that signs, or by one of their own.
 */
#include <stdio.h>

#include "tests/lib/p256_sign.h"
#include "tests/unit/client/town_parts.h"

static void
make_authdata(uint8_t ret_data[ASSERTION_DATA_MIN])
{
	struct err err;
	struct digest rp;

	memset(ret_data, 0, ASSERTION_DATA_MIN);
	fine(sha256_one(view_of_text(ASSERTION_RP_ID), &rp, &err), &err);
	memcpy(ret_data, rp.bytes, DIGEST_SIZE);
	ret_data[DIGEST_SIZE] = ASSERTION_UP | ASSERTION_UV;
	ret_data[ASSERTION_DATA_MIN - 1] = 9; /* the counter */
}

static void
sign_assertion(const struct p256_key *key, const struct digest *client_data_hash,
    struct token_signature *ret_signature)
{
	struct err err;
	struct digest digest;
	BUF der = {0};

	*ret_signature = (struct token_signature){.authdata_size = ASSERTION_DATA_MIN};
	make_authdata(ret_signature->authdata);
	fine(assertion_digest(view_of(ret_signature->authdata, ASSERTION_DATA_MIN),
	         client_data_hash, &digest, &err),
	    &err);
	fine(p256_sign(key, &digest, &der, &err), &err);
	memcpy(ret_signature->der, der.data, der.size);
	ret_signature->size = der.size;
}

void
town_sign_fido(struct dsse *statement, const struct p256_key *key)
{
	struct err err;
	struct point public;
	struct digest id, digest;
	struct token_signature made;
	char keyid[2 * DIGEST_SIZE + 1];

	p256_key_public(key, &public);
	fine(token_id(&public, &id, &err), &err);
	text_hex(VIEW_OF(id.bytes), keyid);
	fine(dsse_digest(statement, &digest, &err), &err);
	sign_assertion(key, &digest, &made);
	fine(dsse_add(statement, keyid, view_of(made.der, made.size),
	         view_of(made.authdata, made.authdata_size), &err),
	    &err);
}

void
town_make_fido(struct town *town, struct seat_token *entry, size_t token)
{
	struct token_credential *own = &town->tokens[token].own;

	snprintf(entry->driver, sizeof(entry->driver), "fido2");
	entry->signs = SIGNS_ASSERTION;
	entry->serial = 0;
	memset(entry->credential, 0x21, 48);
	entry->credential_size = 48;
	memset(entry->salt.bytes, 0x22, DIGEST_SIZE);
	memset(entry->aaguid, 0x23, AAGUID_SIZE);
	town->tokens[token].fido = true;
	own->size = entry->credential_size;
	own->salt = entry->salt;
	memcpy(own->id, entry->credential, own->size);
}

/* ---- the driver ---- */

static enum err_code
list(void *driver, const struct token_seek *seek, struct token_list *ret_list, struct err *err)
{
	struct town *town = driver;
	bool meant = false;

	(void)err;
	for (size_t i = 0; i < TOWN_TOKENS && !meant; i++) {
		struct token_found *found = &ret_list->found[ret_list->count];

		if (!town->tokens[i].plugged || !town->tokens[i].fido)
			continue;
		snprintf(found->reader, sizeof(found->reader), "hidraw%zu", i);
		found->serial = town->tokens[i].tells ? town->tokens[i].serial : 0;
		if (token_seek_may_be(seek, town_fido_ops.traits, found->serial))
			memset(found->aaguid, 0x23, AAGUID_SIZE);
		ret_list->count++;
		town->asked++;
		meant = token_seek_fit(seek, town_fido_ops.traits, found) == TOKEN_IS_MEANT;
	}
	return ERR_OK;
}

static enum err_code
open_token(void *driver, const char *reader, const struct token_ui *ui, void **ret_token,
    struct err *err)
{
	struct town *town = driver;
	size_t index;

	(void)ui;
	(void)err;
	assert_int_equal(sscanf(reader, "hidraw%zu", &index), 1);
	assert_true(index < TOWN_TOKENS && town->tokens[index].plugged);
	*ret_token = &town->tokens[index];
	return ERR_OK;
}

static enum err_code
choose(void *driver, const struct token_found *const *found, size_t count, unsigned milliseconds,
    size_t *ret_index, struct err *err)
{
	struct town *town = driver;

	assert_true(milliseconds >= 10000);
	for (size_t i = 0; i < count; i++) {
		size_t index;

		assert_int_equal(sscanf(found[i]->reader, "hidraw%zu", &index), 1);
		if (town->tokens[index].serial == town->touched_to_choose) {
			*ret_index = i;
			return ERR_OK;
		}
	}
	return err_set(err, ERR_TOUCH, "no token was touched");
}

static enum err_code
info(void *handle, enum token_detail detail, struct token_info *ret_info, struct err *err)
{
	struct town_token *token = handle;

	(void)detail;
	(void)err;
	*ret_info = (struct token_info){.serial = token->tells ? token->serial : 0,
	    .pin_tries = token->tries,
	    .puk_tries = -1,
	    .pin_tries_total = TOWN_FIDO_TRIES,
	    .replug = token->replug,
	    .pin_missing = token->pin_missing};
	memset(ret_info->aaguid, 0x23, AAGUID_SIZE);
	return ERR_OK;
}

static enum err_code
bind_credential(void *handle, const struct token_credential *credential, struct err *err)
{
	struct town_token *token = handle;
	bool own = credential->size == token->own.size &&
	    memcmp(credential->id, token->own.id, credential->size) == 0;

	(void)err;
	token->bound = own ? &token->own : NULL;
	token->derived = false;
	return ERR_OK;
}

static enum err_code
unlock(void *handle, struct secret *pin, bool last_try, unsigned touches, struct err *err)
{
	struct town_token *token = handle;
	struct view typed = secret_view(pin);

	assert_true(token->tries > 1 || last_try);
	assert_false(token->replug || token->pin_missing);
	if (typed.size != strlen(TOWN_PIN) || memcmp(typed.data, TOWN_PIN, typed.size) != 0) {
		token->tries--;
		return err_set(err, ERR_PIN, "PIN refused, %d tries left", token->tries);
	}
	token->tries = TOWN_FIDO_TRIES;
	if (token->bound == NULL)
		return err_set(err, ERR_NOT_FOUND, "it does not hold this credential");
	token->pin = pin;
	token->announced = touches;
	return ERR_OK;
}

static enum err_code
spend_touch(struct town_token *token, struct err *err)
{
	if (token->announced == 0)
		return err_set(err, ERR_INTEGRITY, "a touch that nobody announced");
	assert_true(view_equal(secret_view(token->pin), view_of_text(TOWN_PIN)));
	token->announced--;
	token->touches++;
	token->derived = true;
	return ERR_OK;
}

static enum err_code
agree(void *handle, enum token_key key, const struct point *peer, const char *purpose,
    struct secret **ret_shared, struct err *err)
{
	struct town_token *token = handle;

	assert_non_null(purpose);
	if (!token->derived)
		TRY(spend_touch(token, err));
	return p256_agree(token->keys[key], peer, ret_shared, err);
}

static enum err_code
sign(void *handle, const struct digest *digest, const char *purpose,
    struct token_signature *ret_signature, struct err *err)
{
	struct town_token *token = handle;

	assert_non_null(purpose);
	TRY(spend_touch(token, err));
	sign_assertion(token->keys[TOKEN_SIGN], digest, ret_signature);
	return ERR_OK;
}

static enum err_code
derive(void *handle, enum token_key key, const char *purpose, struct point *ret_key,
    struct err *err)
{
	struct town_token *token = handle;

	assert_non_null(purpose);
	if (!token->derived)
		TRY(spend_touch(token, err));
	p256_key_public(token->keys[key], ret_key);
	return ERR_OK;
}

static void
close_token(void *handle)
{
	struct town_token *token = handle;

	token->announced = 0;
	token->derived = false;
	token->bound = NULL;
}

static const struct token_traits traits = {.name = "fido2",
    .label = "FIDO2",
    .pin_name = "FIDO2 PIN",
    .pin_shape = "at least 4 characters",
    .derives = true,
    .asserts = true,
    .one_touch = true};

const struct token_ops town_fido_ops = {.traits = &traits,
    .list = list,
    .open = open_token,
    .choose = choose,
    .info = info,
    .bind = bind_credential,
    .unlock = unlock,
    .agree = agree,
    .sign = sign,
    .derive = derive,
    .close = close_token};
