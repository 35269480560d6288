/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order of checks in unlock, cheapest and least harmful first: shape of the PIN, whether a PIN is
 * set, tries left as the token tells them, and only then the PIN.  It is sent with an assertion
 * that asks for no touch (up = false): the token first takes the PIN, and then says whether it
 * holds the credential.  What it signs without a touch is worth nothing (base/assertion.h) and is
 * looked at only to find the right token.  A PIN that was refused once is not sent again.
 *
 * Everything that talks to the token runs on a locked stack, since libraries leave what they
 * carry on theirs; people are spoken to from the caller's thread, which also watches the time.
 */
#include "tokens/fido/token.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto_key.h"
#include "base/random.h"
#include "base/secret_stack.h"
#include "base/text.h"
#include "tokens/fido/pin.h"

enum {
	OTHERS_MS = 20000, /* a touch asked for by another program ends sooner or later */
	LIMIT_MS = 70000,  /* that, 30 s for our own touch, and time to spare */
	WAITING_MS = 1000,
	PIN_TRIES = 8, /* of every token (CTAP 2.1, 6.5.2.3) */
};

void
fido_token_name(const struct fido_token *token, char ret_name[FIDO_NAME_SIZE])
{
	if (token->link.serial != 0)
		snprintf(ret_name, FIDO_NAME_SIZE, "token %u", token->link.serial);
	else
		snprintf(ret_name, FIDO_NAME_SIZE, "the FIDO2 token at %s", token->reader);
}

enum err_code
fido_token_check_usable(const struct fido_token *token, struct err *err)
{
	if (token->gone)
		return err_set(err, ERR_TOKEN_GONE,
		    "it was pulled out or reset: run the command again");
	return ERR_OK;
}

void
fido_token_forget(struct fido_token *token)
{
	secret_freep(&token->prf);
	for (int i = 0; i < TOKEN_KEYS; i++)
		p256_key_freep(&token->keys[i]);
}

void
fido_token_lock(struct fido_token *token)
{
	fido_token_forget(token);
	secret_freep(&token->pin);
	if (token->unlocked)
		token->link.end(token->link.context);
	token->unlocked = false;
}

/* ---- running ---- */

struct watch {
	struct fido_token *token;
	bool tell;
};

/* Called each 250 ms while the token is asked. */
static void
watch(void *argument, unsigned milliseconds)
{
	const struct watch *job = argument;
	const struct token_ui *ui = &job->token->ui;

	if (job->tell && ui->waiting != NULL && milliseconds % WAITING_MS == 0)
		ui->waiting(ui->context, milliseconds);
	if (milliseconds >= LIMIT_MS)
		job->token->link.abort(job->token->link.context);
}

enum err_code
fido_token_run(struct fido_token *token, enum err_code (*body)(void *argument, struct err *err),
    void *argument, bool tell, struct err *err)
{
	struct watch job = {token, tell};
	char name[FIDO_NAME_SIZE];
	enum err_code code = fido_token_check_usable(token, err);

	if (code == ERR_OK)
		code = secret_stack_run(body, argument, watch, &job, err);
	if (code == ERR_OK)
		return ERR_OK;
	if (code == ERR_TOKEN_GONE)
		token->gone = true;
	if (code == ERR_BUSY) /* to our callers it is the token's fault */
		err->code = ERR_TOKEN;
	fido_token_name(token, name);
	return err_add(err, "%s", name);
}

/* A session, which the variable ends when it leaves its scope, unless the token is unlocked. */
static enum err_code
begin(struct fido_token *token, struct fido_token **ret_session, struct err *err)
{
	enum err_code code = ERR_OK;

	if (!token->unlocked)
		code = token->link.begin(token->link.context, OTHERS_MS, err);
	if (code == ERR_NOT_FOUND) /* no FIDO2: to callers that is the token's fault */
		return err->code = ERR_TOKEN;
	if (code == ERR_OK)
		*ret_session = token;
	return code;
}

static void
session_endp(struct fido_token **token)
{
	if (*token != NULL && !(*token)->unlocked)
		(*token)->link.end((*token)->link.context);
}
#define SESSION CLEANUP(session_endp) struct fido_token

/* ---- what went wrong ---- */

static enum err_code
blocked(struct err *err)
{
	return err_set(err, ERR_PIN_BLOCKED,
	    "its FIDO2 PIN is blocked: no try is left, and only a FIDO reset helps, which erases "
	    "what this vault knows it by; use another token of this seat, and let a charter change "
	    "replace this one");
}

static enum err_code
must_replug(struct fido_token *token, struct err *err)
{
	token->replug = true;
	return err_set(err, ERR_PIN_BLOCKED,
	    "it takes no more PINs until it is plugged in again (three wrong ones in a row): pull "
	    "it out, plug it in again, and run the command again with the right FIDO2 PIN");
}

static enum err_code
pin_refused(struct fido_token *token, struct err *err)
{
	int tries = -1;
	bool replug = false;
	struct err why;

	if (token->link.tries(token->link.context, false, &tries, &replug, &why) != ERR_OK)
		return err_set(err, ERR_PIN,
		    "PIN refused; its FIDO2 PIN is asked for, not its PIV PIN");
	token->replug = replug;
	if (tries == 0)
		return blocked(err);
	return err_set(err, ERR_PIN,
	    "PIN refused, %d %s left; its FIDO2 PIN is asked for, not its PIV PIN%s", tries,
	    text_plural((uint64_t)tries, "try", "tries"),
	    replug ? "; before the next try pull it out and plug it in again" : "");
}

/* The person's finger, not the PIN. */
static enum err_code
finger_refused(struct fido_token *token, struct err *err)
{
	int tries = -1;
	bool replug = false;
	struct err why;

	if (token->link.tries(token->link.context, true, &tries, &replug, &why) != ERR_OK ||
	    tries < 0)
		return err_set(err, ERR_PIN, "it did not recognise the person");
	return err_set(err, ERR_PIN, "it did not recognise the person, %d %s left", tries,
	    text_plural((uint64_t)tries, "try", "tries"));
}

static enum err_code
untouched(const char *doing, struct err *err)
{
	return err_set(err, ERR_TOUCH,
	    "it was not touched in time for: %s; nothing was done; run the command again and "
	    "touch it when it blinks",
	    doing);
}

enum err_code
fido_token_failure(struct fido_token *token, int status, const char *doing, struct err *err)
{
	switch (status) {
	case FIDO_STATUS_PIN_INVALID:
	case FIDO_STATUS_PIN_AUTH_INVALID:
		token->refused = true;
		return pin_refused(token, err);
	case FIDO_STATUS_PIN_BLOCKED:
		token->refused = true;
		return blocked(err);
	case FIDO_STATUS_PIN_AUTH_BLOCKED:
		token->refused = true;
		return must_replug(token, err);
	case FIDO_STATUS_UV_INVALID:
		return finger_refused(token, err);
	case FIDO_STATUS_UV_BLOCKED:
		return err_set(err, ERR_PIN_BLOCKED,
		    "it does not look at fingers any more (too many were wrong): run the command "
		    "again and give its FIDO2 PIN");
	case FIDO_STATUS_PIN_NOT_SET:
	case FIDO_STATUS_PIN_REQUIRED:
		return err_set(err, ERR_REFUSED,
		    "it has no FIDO2 PIN: set one (\"halligan enroll\" offers it, or fido2-token -S)");
	case FIDO_STATUS_PIN_POLICY:
		return err_set(err, ERR_REFUSED,
		    "it wants another FIDO2 PIN first (too short, too simple, or one that had to "
		    "be changed): change it (fido2-token -C)");
	case FIDO_STATUS_TIMEOUT:
	case FIDO_STATUS_OPERATION_DENIED:
	case FIDO_STATUS_CANCELLED:
	case FIDO_STATUS_USER_TIMEOUT:
	case FIDO_STATUS_ACTION_TIMEOUT:
		return untouched(doing, err);
	case FIDO_STATUS_NO_CREDENTIALS:
	case FIDO_STATUS_INVALID_CREDENTIAL:
		return err_set(err, ERR_NOT_FOUND,
		    "it does not hold the credential that was enrolled: another token is meant, or "
		    "it was reset since");
	default:
		return err_set(err, ERR_TOKEN,
		    "it refused %s (CTAP status %02X); if it does so again, another token must be "
		    "used",
		    doing, (unsigned)status);
	}
}

/* ---- info and bind ---- */

struct info {
	struct fido_token *token;
	struct token_info *ret_info;
};

static void
tell_keys(const struct fido_token *token, struct token_info *info)
{
	if (token->bound)
		info->keys[TOKEN_SIGN] = (struct token_key_info){.present = true,
		    .key = token->credential.key,
		    .generated = true,
		    .pin = PIN_ALWAYS,
		    .touch = TOUCH_ALWAYS};
	for (int i = TOKEN_SHARE; i < TOKEN_KEYS; i++) {
		if (token->keys[i] == NULL)
			continue;
		info->keys[i].present = true;
		p256_key_public(token->keys[i], &info->keys[i].key);
	}
}

static enum err_code
read_info(void *argument, struct err *err)
{
	const struct info *job = argument;
	struct fido_token *token = job->token;
	struct token_info info = {.pin_tries = -1, .puk_tries = -1};
	const struct fido_facts *facts = &token->link.facts;
	SESSION *session = NULL;

	TRY(begin(token, &session, err));
	memcpy(info.reader, token->reader, sizeof(info.reader));
	info.serial = token->link.serial;
	memcpy(info.firmware, facts->firmware, sizeof(info.firmware));
	memcpy(info.aaguid, facts->aaguid, sizeof(info.aaguid));
	info.metadata = true;
	info.uv = facts->uv;
	info.pin_missing = !facts->pin_set;
	info.pin_tries_total = facts->pin_set ? PIN_TRIES : -1;
	if (facts->pin_set)
		TRY(token->link.tries(token->link.context, false, &info.pin_tries, &token->replug,
		    err));
	info.replug = token->replug;
	tell_keys(token, &info);
	*job->ret_info = info;
	return ERR_OK;
}

enum err_code
fido_token_info(void *token, enum token_detail detail, struct token_info *ret_info, struct err *err)
{
	struct info job = {token, ret_info};

	(void)detail;
	return fido_token_run(job.token, read_info, &job, false, err);
}

enum err_code
fido_token_bind(void *argument, const struct token_credential *credential, struct err *err)
{
	struct fido_token *token = argument;
	struct token_credential bound = *credential;

	if (credential->size == 0 || credential->size > sizeof(credential->id))
		return err_set(err, ERR_INVALID, "a FIDO2 credential has 1 to %d bytes",
		    TOKEN_CREDENTIAL_MAX);
	TRY(point_from(VIEW_OF(credential->key.bytes), &bound.key, err));
	fido_token_forget(token);
	token->credential = bound;
	token->bound = true;
	return ERR_OK;
}

/* ---- unlock ---- */

struct unlock {
	struct fido_token *token;
	const struct secret *pin;
	bool last_try;
	unsigned touches;
};

static enum err_code
check_tries(struct fido_token *token, bool last_try, struct err *err)
{
	char name[FIDO_NAME_SIZE];
	int tries = -1;

	TRY(token->link.tries(token->link.context, false, &tries, &token->replug, err));
	if (tries == 0)
		return blocked(err);
	if (token->replug)
		return must_replug(token, err);
	if (tries < 0 || tries > PIN_TRIES)
		return err_set(err, ERR_TOKEN,
		    "it does not tell how many PIN tries are left, so the PIN was not sent; pull "
		    "it out, plug it in again, and run the command again");
	fido_token_name(token, name);
	if (tries == 1 && !last_try)
		return err_set(err, ERR_PIN_BLOCKED,
		    "1 PIN try is left and was not spent: a wrong PIN would block it for ever; be "
		    "sure of the PIN and confirm the last try for %s, or use another token of "
		    "this seat",
		    name);
	return ERR_OK;
}

static enum err_code
check_state(const struct unlock *job, struct err *err)
{
	struct fido_token *token = job->token;
	const struct fido_facts *facts = &token->link.facts;

	if (job->pin == NULL && !facts->uv)
		return err_set(err, ERR_REFUSED,
		    "it does not verify people by itself (no fingerprint is enrolled): give its "
		    "FIDO2 PIN");
	if (job->pin == NULL)
		return ERR_OK;
	if (!facts->pin_possible)
		return err_set(err, ERR_REFUSED,
		    "it knows no FIDO2 PIN at all: use another model of token");
	if (!facts->pin_set)
		return fido_token_failure(token, FIDO_STATUS_PIN_NOT_SET, "the PIN", err);
	if (facts->pin_change)
		return fido_token_failure(token, FIDO_STATUS_PIN_POLICY, "the PIN", err);
	return check_tries(token, job->last_try, err);
}

/* The token's answer without a touch must be the bound credential's. */
static enum err_code
check_credential(const struct fido_token *token, const struct fido_ask *ask,
    const struct fido_answer *answer, struct err *err)
{
	const struct token_signature *signature = &answer->signature;
	struct digest digest;
	struct err why;

	TRY(assertion_digest(view_of(signature->authdata, signature->authdata_size),
	    &ask->client_data_hash, &digest, err));
	if (p256_verify(&token->credential.key, &digest, view_of(signature->der, signature->size),
	        &why) == ERR_OK)
		return ERR_OK;
	return err_set(err, ERR_TOKEN,
	    "it answers for the enrolled credential, but not with its key: it is broken, or lies; "
	    "nothing of it was used; use another token");
}

/* Send the PIN; no touch. */
static enum err_code
try_pin(struct fido_token *token, const struct secret *pin, struct err *err)
{
	uint8_t nobody[DIGEST_SIZE];
	struct fido_ask ask = {.credential = VIEW_OF(nobody)};
	ANSWER answer = {0};
	int status;

	TRY(random_bytes(nobody, sizeof(nobody), err)); /* a credential that no token holds */
	if (token->bound)
		ask.credential = view_of(token->credential.id, token->credential.size);
	TRY(fido_derive_hash(&ask.client_data_hash, err));
	TRY(token->link.ask(token->link.context, &ask, pin, &status, &answer, err));
	if (status == FIDO_STATUS_OK && token->bound)
		return check_credential(token, &ask, &answer, err);
	if (status == FIDO_STATUS_OK)
		return err_set(err, ERR_TOKEN,
		    "it signs for a credential that nobody made: it is broken, or lies; use "
		    "another token");
	if (!token->bound &&
	    (status == FIDO_STATUS_NO_CREDENTIALS || status == FIDO_STATUS_INVALID_CREDENTIAL))
		return ERR_OK;
	return fido_token_failure(token, status, "the PIN", err);
}

static enum err_code
unlock(void *argument, struct err *err)
{
	const struct unlock *job = argument;
	struct fido_token *token = job->token;
	SESSION *session = NULL;
	SECRET *pin = NULL;

	if (token->unlocked)
		return err_set(err, ERR_INTERNAL, "it is unlocked already");
	TRY(begin(token, &session, err));
	TRY(check_state(job, err));
	token->refused = false;
	if (job->pin != NULL) {
		TRY(fido_pin_terminated(job->pin, &pin, err));
		TRY(try_pin(token, pin, err));
	}
	token->pin = TAKE(pin);
	token->touches = job->touches;
	token->touched = 0;
	token->unlocked = true;
	return ERR_OK;
}

enum err_code
fido_token_unlock(void *token, struct secret *pin, bool last_try, unsigned touches, struct err *err)
{
	struct unlock job = {token, pin, last_try, touches};
	char name[FIDO_NAME_SIZE];

	if (pin != NULL && fido_pin_check(pin, err) != ERR_OK) {
		fido_token_name(token, name);
		return err_add(err, "%s", name);
	}
	return fido_token_run(job.token, unlock, &job, false, err);
}

/* ---- change ---- */

struct change {
	struct fido_token *token;
	const struct secret *old, *pin;
};

static enum err_code
check_change(const struct change *job, struct err *err)
{
	const struct fido_facts *facts = &job->token->link.facts;

	if (!facts->pin_possible)
		return err_set(err, ERR_REFUSED,
		    "it knows no FIDO2 PIN at all: use another model of token");
	if (job->old == NULL && facts->pin_set)
		return err_set(err, ERR_REFUSED,
		    "it has a FIDO2 PIN: give the old one to change it");
	if (job->old != NULL && !facts->pin_set)
		return err_set(err, ERR_REFUSED,
		    "it has no FIDO2 PIN yet: there is no old one to give");
	TRY(fido_pin_check_new(job->pin, facts->min_pin, err));
	return job->old != NULL ? check_tries(job->token, false, err) : ERR_OK;
}

static enum err_code
change(void *argument, struct err *err)
{
	const struct change *job = argument;
	struct fido_token *token = job->token;
	SESSION *session = NULL;
	SECRET *pin = NULL, *old = NULL;
	int status;

	TRY(begin(token, &session, err));
	TRY(check_change(job, err));
	TRY(fido_pin_terminated(job->pin, &pin, err));
	if (job->old != NULL)
		TRY(fido_pin_terminated(job->old, &old, err));
	TRY(token->link.set_pin(token->link.context, pin, old, &status, err));
	if (status == FIDO_STATUS_PIN_POLICY)
		return err_set(err, ERR_REFUSED,
		    "it does not take this PIN (too short, too simple, or used before): choose "
		    "another");
	return status == FIDO_STATUS_OK ? ERR_OK :
	                                  fido_token_failure(token, status, "the new PIN", err);
}

enum err_code
fido_token_change(void *token, enum token_reference which, const struct secret *old,
    const struct secret *pin, struct err *err)
{
	struct change job = {token, old, pin};

	if (which != TOKEN_PIN)
		return err_set(err, ERR_INTERNAL, "a FIDO2 token has no PUK");
	if (job.token->unlocked)
		return err_set(err, ERR_INTERNAL, "its PIN is changed before it is unlocked");
	if (old != NULL)
		TRY(fido_pin_check(old, err));
	return fido_token_run(job.token, change, &job, false, err);
}
