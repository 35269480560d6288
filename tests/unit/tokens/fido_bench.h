/* SPDX-License-Identifier: Apache-2.0 */
/* A FIDO2 token over a link that does, and lies, as the test tells it; for test_fido_token.c. */
#ifndef TESTS_UNIT_TOKENS_FIDO_BENCH_H
#define TESTS_UNIT_TOKENS_FIDO_BENCH_H

#include "base/crypto_key.h"
#include "tests/lib/p256_sign.h"
#include "tests/unit/registration.h"
#include "tokens/fido/use.h"

struct fake {
	struct fido_token token;
	struct p256_key *key;
	struct point public;
	/* How it behaves. */
	int tries;
	bool replug;
	int status;    /* of ask, make and set_pin */
	uint8_t flags; /* of assertions with a touch */
	uint8_t prf[FIDO_SALTS_SIZE];
	size_t prf_size;
	bool other_key;  /* signs with one that nobody knows */
	bool other_hash; /* signs something else */
	struct registration_recipe recipe;
	enum err_code fails; /* the link's own failure */
	/* What happened. */
	unsigned begun, ended, asked, pins; /* PINS: how often a PIN was sent */
	struct digest asked_hash;
	char pin[FIDO_SALTS_SIZE + 1];
	unsigned announced, touched;
};

__attribute__((unused)) static enum err_code
link_fails(const struct fake *fake, struct err *err)
{
	return fake->fails == ERR_OK ? ERR_OK : err_set(err, fake->fails, "the link failed");
}

__attribute__((unused)) static enum err_code
fake_begin(void *context, unsigned milliseconds, struct err *err)
{
	struct fake *fake = context;

	assert_true(milliseconds > 0);
	TRY(link_fails(fake, err));
	fake->begun++;
	return ERR_OK;
}

__attribute__((unused)) static void
fake_end(void *context)
{
	struct fake *fake = context;

	fake->ended++;
}

__attribute__((unused)) static enum err_code
fake_tries(void *context, bool uv, int *ret_tries, bool *ret_replug, struct err *err)
{
	const struct fake *fake = context;

	(void)uv;
	TRY(link_fails(fake, err));
	*ret_tries = fake->tries;
	*ret_replug = fake->replug;
	return ERR_OK;
}

__attribute__((unused)) static void
take_pin(struct fake *fake, const struct secret *pin)
{
	if (pin == NULL)
		return;
	fake->pins++;
	assert_true(secret_size(pin) <= sizeof(fake->pin));
	assert_int_equal(secret_view(pin).data[secret_size(pin) - 1], 0);
	memcpy(fake->pin, secret_view(pin).data, secret_size(pin));
}

__attribute__((unused)) static void
answer(struct fake *fake, const struct fido_ask *ask, struct token_signature *signature)
{
	uint8_t flags = ask->touch ? fake->flags : ASSERTION_UV;
	struct digest rp, digest, hash = ask->client_data_hash;
	P256_KEY *other = NULL;
	struct err err;
	BUF data = {0}, der = {0};

	assert_ok(sha256_one(view_of_text(ASSERTION_RP_ID), &rp, &err));
	buf_bytes(&data, VIEW_OF(rp.bytes));
	buf_u8(&data, flags);
	buf_u32(&data, fake->asked);
	assert_ok(p256_key_new(&other, &err));
	hash.bytes[0] ^= fake->other_hash;
	assert_ok(assertion_digest(buf_view(&data), &hash, &digest, &err));
	assert_ok(p256_sign(fake->other_key ? other : fake->key, &digest, &der, &err));
	memcpy(signature->der, der.data, der.size);
	signature->size = der.size;
	memcpy(signature->authdata, data.data, data.size);
	signature->authdata_size = data.size;
}

__attribute__((unused)) static enum err_code
fake_ask(void *context, const struct fido_ask *ask, const struct secret *pin, int *ret_status,
    struct fido_answer *ret_answer, struct err *err)
{
	struct fake *fake = context;

	TRY(link_fails(fake, err));
	assert_true(ask->touch == (ask->salts != NULL));
	fake->asked++;
	fake->asked_hash = ask->client_data_hash;
	take_pin(fake, pin);
	*ret_status = fake->status;
	if (fake->status != FIDO_STATUS_OK)
		return ERR_OK;
	answer(fake, ask, &ret_answer->signature);
	if (ask->salts == NULL || fake->prf_size == 0)
		return ERR_OK;
	return secret_from(view_of(fake->prf, fake->prf_size), &ret_answer->prf, err);
}

__attribute__((unused)) static enum err_code
fake_make(void *context, const struct token_wish *wish, const struct secret *pin, int *ret_status,
    struct token_made *ret_made, struct err *err)
{
	struct fake *fake = context;

	(void)wish;
	TRY(link_fails(fake, err));
	take_pin(fake, pin);
	*ret_status = fake->status;
	if (fake->status == FIDO_STATUS_OK)
		registration_make(&fake->recipe, &fake->public, &ret_made->authdata);
	return ERR_OK;
}

__attribute__((unused)) static enum err_code
fake_set_pin(void *context, const struct secret *pin, const struct secret *old, int *ret_status,
    struct err *err)
{
	struct fake *fake = context;

	TRY(link_fails(fake, err));
	take_pin(fake, pin);
	take_pin(fake, old);
	*ret_status = fake->status;
	return ERR_OK;
}

__attribute__((unused)) static void
fake_abort(void *context)
{
	(void)context;
	fail();
}

__attribute__((unused)) static void
say_touch(void *context, unsigned number, unsigned total, const char *purpose)
{
	struct fake *fake = context;

	assert_true(number <= total && purpose[0] != '\0');
	fake->announced++;
}

__attribute__((unused)) static void
say_touched(void *context)
{
	struct fake *fake = context;

	fake->touched++;
}

__attribute__((unused)) static struct token_credential
credential_of(const struct fake *fake)
{
	struct token_credential credential = {.size = 10, .key = fake->public};

	memcpy(credential.id, "credential", 10);
	return credential;
}

__attribute__((unused)) static int
start(void **state)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	struct err err;

	assert_non_null(fake);
	assert_ok(crypto_start(&err));
	assert_ok(p256_key_new(&fake->key, &err));
	p256_key_public(fake->key, &fake->public);
	fake->tries = 8;
	fake->flags = ASSERTION_UP | ASSERTION_UV;
	fake->prf_size = sizeof(fake->prf);
	for (uint8_t i = 0; i < sizeof(fake->prf); i++)
		fake->prf[i] = i;
	fake->token.link = (struct fido_link){.context = fake,
	    .serial = 77,
	    .begin = fake_begin,
	    .end = fake_end,
	    .tries = fake_tries,
	    .make = fake_make,
	    .ask = fake_ask,
	    .set_pin = fake_set_pin,
	    .abort = fake_abort};
	fake->token.link.facts = (struct fido_facts){.firmware = {5, 7, 4},
	    .pin_possible = true,
	    .pin_set = true,
	    .hmac_secret = true,
	    .cred_protect = true,
	    .es256 = true,
	    .min_pin = 4};
	fake->token.ui =
	    (struct token_ui){.context = fake, .touch = say_touch, .touched = say_touched};
	memcpy(fake->token.reader, "reader", 7);
	*state = fake;
	return 0;
}

__attribute__((unused)) static int
stop(void **state)
{
	struct fake *fake = *state;

	fido_token_lock(&fake->token);
	assert_int_equal(fake->begun, fake->ended);
	p256_key_free(fake->key);
	free(fake);
	return 0;
}

__attribute__((unused)) static enum err_code
unlock(struct fake *fake, const char *text, bool last_try, unsigned touches, struct err *err)
{
	SECRET *pin = NULL;

	if (text != NULL)
		assert_int_equal(secret_from(view_of_text(text), &pin, err), ERR_OK);
	return fido_token_unlock(&fake->token, pin, last_try, touches, err);
}

/* Bound and unlocked, for TOUCHES. */
__attribute__((unused)) static void
ready(struct fake *fake, unsigned touches)
{
	struct token_credential credential = credential_of(fake);
	struct err err;

	assert_ok(fido_token_bind(&fake->token, &credential, &err));
	assert_ok(unlock(fake, "1357", false, touches, &err));
}

__attribute__((unused)) static enum err_code
sign(struct fake *fake, struct err *err)
{
	struct digest digest = {{9}};
	struct token_signature signature;

	TRY(fido_use_sign(&fake->token, &digest, "sign it", &signature, err));
	assert_true(digest_equal(&fake->asked_hash, &digest));
	return assertion_verify(&fake->public, view_of(signature.authdata, signature.authdata_size),
	    &digest, view_of(signature.der, signature.size), err);
}

#endif
