/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order of checks in unlock, cheapest and least harmful first: shape of the PIN, factory PIN,
 * tries left and factory flag as the card tells them, and only then VERIFY.  A PIN that was
 * refused once is not sent again.
 */
#include "tokens/piv/use.h"

#include <string.h>

#include "base/crypto_key.h"
#include "base/text.h"

static const char factory_pin[] = "123456";

/* ---- unlock ---- */

struct unlock {
	struct piv_token *token;
	struct secret *pin;
	bool last_try;
	unsigned touches;
};

enum err_code
piv_use_check_shape(const struct secret *pin, const char *what, struct err *err)
{
	struct view typed = secret_view(pin);

	if (text_is_otp(typed))
		return err_set(err, ERR_INVALID,
		    "what came is a one-time password, not the %s: the token was touched while the "
		    "%s was asked for; no try was spent, type the %s again",
		    what, what, what);
	if (typed.size < PIV_PIN_MIN || typed.size > PIV_PIN_MAX)
		return err_set(err, ERR_INVALID,
		    "a PIV %s has %d to %d characters, this one has not; no try was spent, type the %s "
		    "again",
		    what, PIV_PIN_MIN, PIV_PIN_MAX, what);
	for (size_t i = 0; i < typed.size; i++) {
		if (typed.data[i] == 0 || typed.data[i] == 0xff)
			return err_set(err, ERR_INVALID,
			    "no PIV %s has such characters; no try was spent, type the %s again",
			    what, what);
	}
	return ERR_OK;
}

/* Before anything is sent. */
static enum err_code
check_shape(const struct secret *pin, struct err *err)
{
	struct view typed = secret_view(pin);

	TRY(piv_use_check_shape(pin, "PIN", err));
	if (typed.size == sizeof(factory_pin) - 1 &&
	    crypto_equal(typed.data, factory_pin, typed.size))
		return err_set(err, ERR_REFUSED,
		    "the factory PIN is refused, since everybody knows it; no try was spent; set "
		    "another (halligan token pin)");
	return ERR_OK;
}

/* Of a PIN without tries. */
static enum err_code
blocked(struct err *err)
{
	return err_set(err, ERR_PIN_BLOCKED,
	    "its PIV PIN is blocked: no try is left; unblock it with the PUK (halligan token pin "
	    "--unblock), or use another token of this seat");
}

/* As the card tells it; spends nothing. */
static enum err_code
check_state(struct piv_token *token, bool last_try, struct err *err)
{
	struct piv_reference pin = {.tries = -1};

	TRY(piv_read_reference(&token->card, PIV_PIN, &token->metadata, &pin, err));
	if (!token->metadata)
		TRY(piv_tries(&token->card, &pin.tries, err));
	if (pin.tries == 0)
		return blocked(err);
	if (pin.tries < 0)
		return err_set(err, ERR_TOKEN,
		    "it does not tell how many PIN tries are left, so the PIN was not "
		    "sent; pull it "
		    "out, plug it in again, and run the command again");
	if (pin.factory)
		return err_set(err, ERR_REFUSED,
		    "it still has its factory PIN, which everybody knows; the PIN was "
		    "not sent; set "
		    "another (halligan token pin)");
	if (pin.tries == 1 && !last_try)
		return err_set(err, ERR_PIN_BLOCKED,
		    "1 PIN try is left and was not spent: a wrong PIN would block it; "
		    "be sure of the PIN and confirm the last try with the serial number %u, or set a "
		    "new PIN with the PUK (halligan token pin --unblock)",
		    token->serial);
	return ERR_OK;
}

enum err_code
piv_use_verify(struct piv_token *token, const struct secret *pin, struct err *err)
{
	uint16_t status;

	TRY(piv_verify(&token->card, pin, &status, err));
	if (status == PIV_OK)
		return ERR_OK;
	token->pin = NULL; /* whatever the reason: it is not sent again */
	if (status == PIV_BLOCKED || status == PIV_TRIES)
		return blocked(err);
	if ((status & 0xfff0) == PIV_TRIES)
		return err_set(err, ERR_PIN,
		    "PIN refused, %d %s left; its PIV PIN is asked for, not "
		    "its FIDO2 PIN",
		    status & 0x0f, text_plural(status & 0x0f, "try", "tries"));
	return piv_status_failure(status, "the PIN", err);
}

static enum err_code
unlock(void *argument, struct err *err)
{
	struct unlock *job = argument;
	struct piv_token *token = job->token;
	SESSION *session = NULL;

	TRY(piv_token_begin(token, err));
	session = token;
	TRY(check_state(token, job->last_try, err));
	TRY(piv_token_use_keys(token, err));
	token->dirty = true;
	TRY(piv_use_verify(token, job->pin, err));
	token->pin = job->pin;
	token->touches = job->touches;
	token->touched = 0;
	token->unlocked = true;
	return ERR_OK;
}

enum err_code
piv_use_unlock(void *token, struct secret *pin, bool last_try, unsigned touches, struct err *err)
{
	struct unlock job = {token, pin, last_try, touches};
	enum err_code code = check_shape(pin, err);

	if (code == ERR_OK)
		code = piv_token_run(job.token, unlock, &job, false, err);
	return piv_token_named(token, code, err);
}

/* ---- sign and agree ---- */

struct use {
	struct piv_token *token;
	enum token_key key;
	uint8_t slot;
	const char *purpose;
	const struct digest *digest; /* to sign, or */
	const struct point *peer;    /* to agree with */
	struct token_signature *ret_signature;
	struct secret **ret_shared;
};

static enum err_code
check_use(struct use *job, struct err *err)
{
	const struct piv_token *token = job->token;
	const struct token_key_info *info = &token->keys[job->key];
	static const struct point none;

	TRY(piv_token_check_usable(token, err));
	job->slot = piv_slot(job->key);
	if (!token->unlocked || token->pin == NULL)
		return err_set(err, ERR_INTERNAL, "it is used before its PIN was verified");
	if (token->touched >= token->touches)
		return err_set(err, ERR_INTEGRITY,
		    "of the announced number of touches, %u, all are done, and one more was asked "
		    "for (%s): somebody may be using this token behind your back; do not touch it, "
		    "pull it out, and tell the other officers",
		    token->touches, job->purpose);
	if ((info->source == TOKEN_KEY_METADATA && !info->present) ||
	    (info->present && point_equal(&info->key, &none)))
		return err_set(err, ERR_TOKEN,
		    "slot %02X has no P-256 key to %s with: run \"halligan enroll\", or "
		    "use the token "
		    "that was enrolled",
		    job->slot, token_key_names[job->key]);
	return ERR_OK;
}

/* 6982 has two causes that a card does not tell apart, and some cards say 6600 instead. */
static enum err_code
use_failure(struct use *job, uint16_t status, bool just_verified, struct err *err)
{
	bool yubikey = piv_token_has(job->token, 1, 0, 0);
	const char *limit = yubikey ? "15 seconds" : "time";
	bool verified = just_verified;

	if (status == PIV_WRONG_P1P2 || status == PIV_WRONG_PARAMETERS || status == PIV_NOT_FOUND)
		return err_set(err, ERR_TOKEN,
		    "it has no slot %02X, or no P-256 key in it, to %s with (%04X): cards that are "
		    "no YubiKeys may have fewer slots; use the token that was enrolled",
		    job->slot, token_key_names[job->key], status);
	if (status == PIV_WRONG_DATA || status == PIV_NO_REFERENCE)
		return err_set(err, ERR_TOKEN,
		    "slot %02X has no P-256 key to %s with (%04X): run "
		    "\"halligan enroll\", or use the token that was enrolled",
		    job->slot, token_key_names[job->key], status);
	if (status != PIV_SECURITY_STATUS && status != PIV_FAILURE)
		return piv_status_failure(status, job->purpose, err);
	if (!verified)
		TRY(piv_is_verified(&job->token->card, &verified, err));
	if (verified)
		return err_set(err, ERR_TOUCH,
		    "it was not touched within its %s (or lost its PIN state, %04X) for: %s; "
		    "nothing was done; run the command again and touch it when it blinks",
		    limit, status, job->purpose);
	return err_set(err, ERR_TOKEN,
	    "it lost its PIN state (or was not touched within its %s, %04X) for: %s; nothing "
	    "was done; end other programs that use it and run the command again",
	    limit, status, job->purpose);
}

/* The public key is known from the card itself: this finds a broken card, not a lying one.  A
 * certificate may be of another key; the caller knows better. */
static enum err_code
check_signature(const struct use *job, struct view signature, struct err *err)
{
	const struct token_key_info *info = &job->token->keys[job->key];
	struct err why;

	if (info->source == TOKEN_KEY_UNKNOWN || info->source == TOKEN_KEY_CERTIFIED ||
	    p256_verify(&info->key, job->digest, signature, &why) == ERR_OK)
		return ERR_OK;
	return err_set(err, ERR_TOKEN,
	    "its signature does not verify with its own key: it is broken, "
	    "or lies; nothing of it was used; use another token");
}

static enum err_code
use(void *argument, struct err *err)
{
	struct use *job = argument;
	struct piv_token *token = job->token;
	const struct token_key_info *info = &token->keys[job->key];
	bool again = !token->metadata || info->pin == PIN_ALWAYS;
	uint16_t status = 0;
	SECRET *shared = NULL;
	BUF signature = {0};

	if (again)
		TRY(piv_use_verify(token, token->pin, err));
	if (job->peer != NULL)
		TRY(piv_agree(&token->card, job->slot, job->peer, &status, &shared, err));
	else
		TRY(piv_sign(&token->card, job->slot, job->digest, &status, &signature, err));
	if (status != PIV_OK)
		return use_failure(job, status, again, err);
	if (job->peer != NULL) {
		*job->ret_shared = TAKE(shared);
		return ERR_OK;
	}
	TRY(check_signature(job, buf_view(&signature), err));
	if (signature.size > sizeof(job->ret_signature->der))
		return err_set(err, ERR_TOKEN, "its signature is too long: it is broken, or lies");
	*job->ret_signature = (struct token_signature){.size = signature.size};
	memcpy(job->ret_signature->der, signature.data, signature.size);
	return ERR_OK;
}

/* Announce, do, and acknowledge.  A touch that did not come has not been done. */
static enum err_code
touch_and_use(struct use *job, struct err *err)
{
	struct piv_token *token = job->token;
	const struct token_ui *ui = &token->ui;
	enum err_code code = check_use(job, err);

	if (code != ERR_OK)
		return piv_token_named(token, code, err);
	token->touched++;
	if (ui->touch != NULL)
		ui->touch(ui->context, token->touched, token->touches, job->purpose);
	code = piv_token_run(token, use, job, true, err);
	if (code == ERR_TOUCH)
		token->touched--;
	if (code == ERR_OK && ui->touched != NULL)
		ui->touched(ui->context);
	return piv_token_named(token, code, err);
}

enum err_code
piv_use_agree(void *token, enum token_key key, const struct point *peer, const char *purpose,
    struct secret **ret_shared, struct err *err)
{
	struct point checked;
	struct use job = {.token = token,
	    .key = key,
	    .purpose = purpose,
	    .peer = &checked,
	    .ret_shared = ret_shared};

	if (point_from(VIEW_OF(peer->bytes), &checked, err) != ERR_OK)
		return err_add(err, "the other side's key was not shown to the token");
	return touch_and_use(&job, err);
}

enum err_code
piv_use_sign(void *token, const struct digest *digest, const char *purpose,
    struct token_signature *ret_signature, struct err *err)
{
	struct use job = {.token = token,
	    .key = TOKEN_SIGN,
	    .purpose = purpose,
	    .digest = digest,
	    .ret_signature = ret_signature};

	return touch_and_use(&job, err);
}
