/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that talks to a card runs on a locked stack (secret_stack_run), since libykpiv and
 * libpcsclite leave what they carry on theirs; people are spoken to from the caller's thread.
 *
 * A session is one PC/SC transaction that begins with SELECT and a look at the serial number: the
 * token may have been exchanged since the last one.  What goes wrong before a PIN was sent may be
 * tried once more; nothing is ever sent again after it.
 *
 * Order of checks in unlock, cheapest and least harmful first: shape of the PIN, factory PIN,
 * tries left and factory flag as the card tells them, and only then VERIFY.
 */
#include "tokens/piv_token.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tokens/piv_admin.h"

enum {
	OTHERS_MS = 20000, /* a touch asked for by another program ends within 15 s */
	WAITING_MS = 1000,
	OTP_MIN = 32, /* a button's one-time password has 44 letters, rarely fewer */
};

static const char factory_pin[] = "123456";

void
piv_token_name(const struct piv_token *token, char ret_name[PIV_NAME_SIZE])
{
	if (token->serial != 0)
		snprintf(ret_name, PIV_NAME_SIZE, "token %u", token->serial);
	else
		snprintf(ret_name, PIV_NAME_SIZE, "the token in reader %s", token->reader);
}

/* Put the token's name in front of an error, and remember when it is gone.  That other programs
 * hold it is the token's trouble to our callers. */
static enum err_code
named(struct piv_token *token, enum err_code code, struct err *err)
{
	char name[PIV_NAME_SIZE];

	if (code == ERR_OK)
		return ERR_OK;
	if (code == ERR_TOKEN_GONE) {
		token->gone = true;
		token->pin = NULL;
	}
	if (code == ERR_BUSY)
		err->code = ERR_TOKEN;
	piv_token_name(token, name);
	return err_add(err, "%s", name);
}

static enum err_code
check_usable(const struct piv_token *token, struct err *err)
{
	if (token->gone)
		return err_set(err, ERR_TOKEN_GONE,
		    "it was pulled out or reset: run the command again");
	return ERR_OK;
}

static const char *
key_name(enum token_key key)
{
	return token_key_names[key];
}

static enum err_code
slot_of(const struct piv_token *token, enum token_key key, uint8_t *ret_slot, struct err *err)
{
	uint8_t slot = (unsigned)key < TOKEN_KEYS ? token->slots->slot[key] : 0;

	if (slot == 0)
		return err_set(err, ERR_INTERNAL, "no slot is configured for this key");
	*ret_slot = slot;
	return ERR_OK;
}

/* ---- sessions ---- */

static enum err_code
identify(struct piv_token *token, struct err *err)
{
	uint32_t serial = 0;

	TRY(piv_select(&token->card, err));
	TRY(piv_serial(&token->card, &serial, err));
	if (serial == token->serial)
		return ERR_OK;
	return err_set(err, ERR_TOKEN_ABSENT,
	    "it is no longer in reader %s: token %u is there now, and was not used; plug the right "
	    "one in and run the command again", token->reader, serial);
}

/* Nothing to do once unlocked: that transaction lasts. */
static enum err_code
session_begin(struct piv_token *token, struct err *err)
{
	enum err_code code = ERR_TOKEN_GONE;

	TRY(check_usable(token, err));
	if (token->unlocked)
		return ERR_OK;
	for (int i = 0; i < 2 && code == ERR_TOKEN_GONE; i++) {
		TRY(pcsc_begin(token->pcsc, OTHERS_MS, err));
		code = identify(token, err);
		if (code != ERR_OK)
			pcsc_end(token->pcsc, false);
	}
	return code;
}

static void
session_endp(struct piv_token **token)
{
	if (*token == NULL || (*token)->unlocked)
		return;
	pcsc_end((*token)->pcsc, (*token)->dirty);
	(*token)->dirty = false;
}
#define SESSION CLEANUP(session_endp) struct piv_token

enum err_code
piv_token_identify(struct piv_token *token, unsigned milliseconds, struct err *err)
{
	SESSION *session = NULL;
	uint8_t firmware[3];

	TRY(pcsc_begin(token->pcsc, milliseconds, err));
	session = token;
	TRY(piv_select(&token->card, err));
	TRY(piv_version(&token->card, firmware, err));
	TRY(piv_serial(&token->card, &token->serial, err));
	memcpy(token->firmware, firmware, sizeof(firmware));
	return ERR_OK;
}

void
piv_token_lock(struct piv_token *token)
{
	pcsc_end(token->pcsc, token->dirty);
	token->unlocked = token->dirty = false;
	token->pin = NULL;
}

/* Called each 250 ms while a command blocks. */
static void
tell_waiting(void *argument, unsigned milliseconds)
{
	struct piv_token *token = argument;

	if (token->ui.waiting != NULL && milliseconds % WAITING_MS == 0)
		token->ui.waiting(token->ui.context, milliseconds);
}

/* ---- info ---- */

static enum err_code
read_keys(struct piv_token *token, bool metadata, struct token_key_info keys[TOKEN_KEYS],
    struct err *err)
{
	for (int i = 0; i < TOKEN_KEYS; i++) {
		bool known = false;

		keys[i] = (struct token_key_info){.slot = token->slots->slot[i]};
		if (metadata && keys[i].slot != 0)
			TRY(piv_read_key(&token->card, keys[i].slot, &known, &keys[i], err));
	}
	return ERR_OK;
}

static enum err_code
read_references(struct piv_token *token, struct token_info *info, struct err *err)
{
	struct piv_reference pin = {.tries = -1, .total = -1}, puk = {.tries = -1};
	bool known = false;

	TRY(piv_read_reference(&token->card, PIV_PIN, &info->metadata, &pin, err));
	TRY(piv_read_reference(&token->card, PIV_PUK, &known, &puk, err));
	/* Without metadata one must ask for the tries, which would forget a verified PIN. */
	if (!info->metadata && !token->unlocked)
		TRY(piv_tries(&token->card, &pin.tries, err));
	info->pin_tries = pin.tries;
	info->pin_tries_total = pin.total;
	info->pin_default = pin.factory;
	info->puk_tries = puk.tries;
	info->puk_default = puk.factory;
	return ERR_OK;
}

static enum err_code
read_info(struct piv_token *token, struct token_info *ret_info, struct err *err)
{
	struct token_info info = {.driver = "piv", .serial = token->serial};
	SESSION *session = NULL;
	bool known = false;

	TRY(session_begin(token, err));
	session = token;
	memcpy(info.reader, token->reader, sizeof(info.reader));
	memcpy(info.firmware, token->firmware, sizeof(info.firmware));
	TRY(read_references(token, &info, err));
	TRY(piv_read_management(&token->card, &known, &info.management_algorithm,
	    &info.management_default, err));
	TRY(read_keys(token, info.metadata, info.keys, err));
	*ret_info = info;
	return ERR_OK;
}

enum err_code
piv_token_info(void *token, struct token_info *ret_info, struct err *err)
{
	return named(token, read_info(token, ret_info, err), err);
}

/* ---- unlock ---- */

struct unlock {
	struct piv_token *token;
	struct secret *pin;
	bool last_try;
	unsigned touches;
};

static bool
is_modhex(struct view text)
{
	static const char letters[] = "cbdefghijklnrtuv";

	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == 0 || strchr(letters, text.data[i]) == NULL)
			return false;
	}
	return true;
}

/* Before anything is sent. */
static enum err_code
check_shape(const struct secret *pin, struct err *err)
{
	struct view typed = secret_view(pin);

	if (typed.size >= OTP_MIN && is_modhex(typed))
		return err_set(err, ERR_INVALID,
		    "what came is a one-time password, not the PIN: the token was touched while the "
		    "PIN was asked for; no try was spent, type the PIN again");
	if (typed.size < PIV_PIN_MIN || typed.size > PIV_PIN_MAX)
		return err_set(err, ERR_INVALID,
		    "a PIV PIN has %d to %d characters, this one has not; no try was spent, type the "
		    "PIN again", PIV_PIN_MIN, PIV_PIN_MAX);
	for (size_t i = 0; i < typed.size; i++) {
		if (typed.data[i] == 0 || typed.data[i] == 0xff)
			return err_set(err, ERR_INVALID,
			    "no PIV PIN has such characters; no try was spent, type the PIN again");
	}
	if (typed.size == sizeof(factory_pin) - 1 &&
	    crypto_equal(typed.data, factory_pin, typed.size))
		return err_set(err, ERR_REFUSED,
		    "the factory PIN is refused, since everybody knows it; no try was spent; set "
		    "another (ykman piv access change-pin)");
	return ERR_OK;
}

static enum err_code
blocked(struct err *err)
{
	return err_set(err, ERR_PIN_BLOCKED,
	    "its PIV PIN is blocked: no try is left; unblock it with the PUK (ykman piv access "
	    "unblock-pin), or use another token of this seat");
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
		    "it does not tell how many PIN tries are left, so the PIN was not sent; pull it "
		    "out, plug it in again, and run the command again");
	if (pin.factory)
		return err_set(err, ERR_REFUSED,
		    "it still has its factory PIN, which everybody knows; the PIN was not sent; set "
		    "another (ykman piv access change-pin)");
	if (pin.tries == 1 && !last_try)
		return err_set(err, ERR_PIN_BLOCKED,
		    "1 PIN try is left and was not spent: a wrong PIN would block it; be sure of the "
		    "PIN and confirm the last try with the serial number %u, or unblock it with the "
		    "PUK (ykman piv access unblock-pin)", token->serial);
	return ERR_OK;
}

static enum err_code
verify(struct piv_token *token, const struct secret *pin, struct err *err)
{
	uint16_t status;

	TRY(piv_verify(&token->card, pin, &status, err));
	if (status == PIV_OK)
		return ERR_OK;
	token->pin = NULL; /* whatever the reason: it is not sent again */
	if (status == PIV_BLOCKED || status == PIV_TRIES)
		return blocked(err);
	if ((status & 0xfff0) == PIV_TRIES)
		return err_set(err, ERR_PIN, "PIN refused, %d %s left; its PIV PIN is asked for, not "
		    "its FIDO2 PIN", status & 0x0f, (status & 0x0f) == 1 ? "try" : "tries");
	return piv_status_failure(status, "the PIN", err);
}

static enum err_code
unlock(void *argument, struct err *err)
{
	struct unlock *job = argument;
	struct piv_token *token = job->token;
	SESSION *session = NULL;

	TRY(session_begin(token, err));
	session = token;
	TRY(check_state(token, job->last_try, err));
	token->dirty = true;
	TRY(verify(token, job->pin, err));
	TRY(read_keys(token, token->metadata, token->keys, err));
	token->pin = job->pin;
	token->touches = job->touches;
	token->touched = 0;
	token->unlocked = true;
	return ERR_OK;
}

enum err_code
piv_token_unlock(void *token, struct secret *pin, bool last_try, unsigned touches, struct err *err)
{
	struct unlock job = {token, pin, last_try, touches};
	enum err_code code = check_shape(pin, err);

	if (code == ERR_OK)
		code = secret_stack_run(unlock, &job, NULL, NULL, err);
	return named(token, code, err);
}

/* ---- sign and agree ---- */

struct use {
	struct piv_token *token;
	enum token_key key;
	uint8_t slot;
	const char *purpose;
	const struct digest *digest; /* to sign, or */
	const struct point *peer;    /* to agree with */
	struct buf *ret_signature;
	struct secret **ret_shared;
};

static enum err_code
check_use(struct use *job, struct err *err)
{
	const struct piv_token *token = job->token;
	const struct token_key_info *info = &token->keys[job->key];
	static const struct point none;

	TRY(check_usable(token, err));
	TRY(slot_of(token, job->key, &job->slot, err));
	if (!token->unlocked || token->pin == NULL)
		return err_set(err, ERR_INTERNAL, "it is used before its PIN was verified");
	if (token->touched >= token->touches)
		return err_set(err, ERR_INTEGRITY,
		    "%u touches were announced and done, and one more was asked for (%s): somebody "
		    "may be using this token behind your back; do not touch it, pull it out, and "
		    "tell the other officers", token->touches, job->purpose);
	if (token->metadata && (!info->present || point_equal(&info->key, &none)))
		return err_set(err, ERR_TOKEN,
		    "slot %02X has no P-256 key to %s with: run \"halligan enroll\", or use the token "
		    "that was enrolled", job->slot, key_name(job->key));
	return ERR_OK;
}

/* 6982 has two causes that a card does not tell apart, and some cards say 6600 instead. */
static enum err_code
use_failure(struct use *job, uint16_t status, bool just_verified, struct err *err)
{
	bool verified = just_verified;

	if (status == PIV_WRONG_DATA || status == PIV_NO_REFERENCE)
		return err_set(err, ERR_TOKEN, "slot %02X has no P-256 key to %s with (%04X): run "
		    "\"halligan enroll\", or use the token that was enrolled", job->slot,
		    key_name(job->key), status);
	if (status != PIV_SECURITY_STATUS && status != PIV_FAILURE)
		return piv_status_failure(status, job->purpose, err);
	if (!verified)
		TRY(piv_is_verified(&job->token->card, &verified, err));
	if (verified)
		return err_set(err, ERR_TOUCH,
		    "it was not touched within its 15 seconds (or lost its PIN state, %04X) for: %s; "
		    "nothing was done; run the command again and touch it when it blinks", status,
		    job->purpose);
	return err_set(err, ERR_TOKEN,
	    "it lost its PIN state (or was not touched within its 15 seconds, %04X) for: %s; nothing "
	    "was done; end other programs that use it and run the command again", status,
	    job->purpose);
}

/* The public key is known from the card itself: this finds a broken card, not a lying one. */
static enum err_code
check_signature(const struct use *job, struct view signature, struct err *err)
{
	struct err why;

	if (!job->token->metadata ||
	    p256_verify(&job->token->keys[job->key].key, job->digest, signature, &why) == ERR_OK)
		return ERR_OK;
	return err_set(err, ERR_TOKEN, "its signature does not verify with its own key: it is broken, "
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
		TRY(verify(token, token->pin, err));
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
	buf_bytes(job->ret_signature, buf_view(&signature));
	return buf_check(job->ret_signature, err);
}

/* Announce, do, and acknowledge.  A touch that did not come has not been done. */
static enum err_code
touch_and_use(struct use *job, struct err *err)
{
	struct piv_token *token = job->token;
	const struct token_ui *ui = &token->ui;
	enum err_code code = check_use(job, err);

	if (code != ERR_OK)
		return named(token, code, err);
	token->touched++;
	if (ui->touch != NULL)
		ui->touch(ui->context, token->touched, token->touches, job->purpose);
	code = secret_stack_run(use, job, tell_waiting, token, err);
	if (code == ERR_TOUCH)
		token->touched--;
	if (code == ERR_OK && ui->touched != NULL)
		ui->touched(ui->context);
	return named(token, code, err);
}

enum err_code
piv_token_agree(void *token, enum token_key key, const struct point *peer, const char *purpose,
    struct secret **ret_shared, struct err *err)
{
	struct point checked;
	struct use job = {.token = token, .key = key, .purpose = purpose, .peer = &checked,
	    .ret_shared = ret_shared};

	if (point_from(VIEW_OF(peer->bytes), &checked, err) != ERR_OK)
		return err_add(err, "the other side's key was not shown to the token");
	return touch_and_use(&job, err);
}

enum err_code
piv_token_sign(void *token, const struct digest *digest, const char *purpose,
    struct buf *ret_signature, struct err *err)
{
	struct use job = {.token = token, .key = TOKEN_SIGN, .purpose = purpose, .digest = digest,
	    .ret_signature = ret_signature};

	return touch_and_use(&job, err);
}

/* ---- attest ---- */

static enum err_code
attest(struct piv_token *token, enum token_key key, struct buf *ret_slot, struct buf *ret_device,
    struct err *err)
{
	SESSION *session = NULL;
	uint8_t slot = 0;
	BUF own = {0};
	BUF device = {0};

	TRY(slot_of(token, key, &slot, err));
	TRY(session_begin(token, err));
	session = token;
	TRY(piv_attest_key(&token->card, slot, &own, err));
	TRY(piv_attest_device(&token->card, &device, err));
	buf_bytes(ret_slot, buf_view(&own));
	buf_bytes(ret_device, buf_view(&device));
	TRY(buf_check(ret_slot, err));
	return buf_check(ret_device, err);
}

enum err_code
piv_token_attest(void *token, enum token_key key, struct buf *ret_slot, struct buf *ret_device,
    struct err *err)
{
	return named(token, attest(token, key, ret_slot, ret_device, err), err);
}

/* ---- generate ---- */

struct generate {
	struct piv_token *token;
	enum token_key key;
	uint8_t slot;
	const struct secret *management_key;
	bool overwrite;
	struct point *ret_key;
};

static enum err_code
check_empty(const struct generate *job, bool known, bool present, struct err *err)
{
	if (job->overwrite || (known && !present))
		return ERR_OK;
	if (!known)
		return err_set(err, ERR_EXISTS,
		    "it does not tell whether slot %02X holds a key, so none was made; choose "
		    "overwriting, which destroys a key that may be there", job->slot);
	return err_set(err, ERR_EXISTS, "slot %02X holds a key already, and none was made; choose "
	    "another slot, or overwriting, which destroys that key and whatever it opens",
	    job->slot);
}

/* The card's own description of the new key must be what was asked for. */
static enum err_code
check_made(struct generate *job, const struct point *made, struct err *err)
{
	struct token_key_info *info = &job->token->keys[job->key];
	bool known = false;

	TRY(piv_read_key(&job->token->card, job->slot, &known, info, err));
	if (!known || (info->present && info->generated && info->pin == PIN_ONCE &&
			  info->touch == TOUCH_ALWAYS && point_equal(&info->key, made)))
		return ERR_OK;
	return err_set(err, ERR_TOKEN, "the key that it made in slot %02X is not the one asked for (PIN "
	    "once, touch always): it is broken, or lies; use another token", job->slot);
}

static enum err_code
generate(void *argument, struct err *err)
{
	struct generate *job = argument;
	struct piv_card *card = &job->token->card;
	struct token_key_info before;
	struct point made;
	SESSION *session = NULL;
	bool known = false, management_known = false, factory = false;
	uint8_t algorithm = 0;

	TRY(session_begin(job->token, err));
	session = job->token;
	TRY(piv_read_key(card, job->slot, &known, &before, err));
	TRY(check_empty(job, known, before.present, err));
	TRY(piv_read_management(card, &management_known, &algorithm, &factory, err));
	if (management_known && !factory && job->management_key == NULL)
		return err_set(err, ERR_REFUSED,
		    "its management key is not the factory's: give it to make a key");
	job->token->dirty = true;
	TRY(piv_authenticate(card, algorithm, job->management_key, err));
	TRY(piv_generate(card, job->slot, &made, err));
	TRY(check_made(job, &made, err));
	*job->ret_key = made;
	return ERR_OK;
}

enum err_code
piv_token_generate(void *token, enum token_key key, const struct secret *management_key,
    bool overwrite, struct point *ret_key, struct err *err)
{
	struct generate job = {.token = token, .key = key, .management_key = management_key,
	    .overwrite = overwrite, .ret_key = ret_key};
	enum err_code code = slot_of(token, key, &job.slot, err);

	if (code == ERR_OK)
		code = secret_stack_run(generate, &job, NULL, NULL, err);
	return named(token, code, err);
}
