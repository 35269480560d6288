/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing of an answer is used before all of it was checked: relying party, UP and UV, the
 * signature by the bound credential's key over what was asked, and only then the PRF's outputs,
 * which are compared with those of earlier touches.  The PRF that a token computes without
 * verifying the person is another one: a token that changes between the two would derive keys
 * that nobody sealed to.
 */
#include "tokens/fido/use.h"

#include <string.h>

#include "base/crypto_key.h"
#include "tokens/formats/fido_data.h"

/* ---- touches ---- */

static enum err_code
check_ready(const struct fido_token *token, const char *purpose, struct err *err)
{
	TRY(fido_token_check_usable(token, err));
	if (!token->unlocked || token->refused)
		return err_set(err, ERR_INTERNAL, "it is used before its PIN was verified");
	if (token->touched >= token->touches)
		return err_set(err, ERR_INTEGRITY,
		    "of the announced number of touches, %u, all are done, and one more was asked "
		    "for (%s): somebody may be using this token behind your back; do not touch it, "
		    "pull it out, and tell the other officers",
		    token->touches, purpose);
	return ERR_OK;
}

/* Announce, do, and acknowledge.  A touch that did not come has not been done. */
static enum err_code
touch(struct fido_token *token, const char *purpose,
    enum err_code (*body)(void *argument, struct err *err), void *argument, struct err *err)
{
	const struct token_ui *ui = &token->ui;
	char name[FIDO_NAME_SIZE];

	if (check_ready(token, purpose, err) != ERR_OK) {
		fido_token_name(token, name);
		return err_add(err, "%s", name);
	}
	token->touched++;
	if (ui->touch != NULL)
		ui->touch(ui->context, token->touched, token->touches, purpose);
	enum err_code code = fido_token_run(token, body, argument, true, err);
	if (code == ERR_TOUCH)
		token->touched--;
	if (code == ERR_OK && ui->touched != NULL)
		ui->touched(ui->context);
	return code;
}

/* ---- make ---- */

struct make {
	struct fido_token *token;
	const struct token_wish *wish;
	const char *purpose;
	struct token_made *ret_made;
};

static enum err_code
check_able(const struct fido_facts *facts, struct err *err)
{
	const char *lacks = !facts->hmac_secret ? "hmac-secret" :
	    !facts->cred_protect                ? "credProtect" :
	    !facts->es256                       ? "ES256" :
	                                          NULL;

	if (lacks == NULL)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "it lacks %s, without which it cannot hold keys for a vault: use another model of "
	    "token",
	    lacks);
}

/* ERR says what is wrong with its answer. */
static enum err_code
lies(struct err *err)
{
	err->code = ERR_TOKEN;
	return err_add(err,
	    "its answer is not what was asked for (it is broken, or lies; nothing of it was used; "
	    "use another token)");
}

/* What it made must be what was wished for; then it is bound. */
static enum err_code
accept_made(const struct make *job, struct token_made *made, struct err *err)
{
	struct token_credential *credential = &made->credential;
	struct fido_registration registration;
	enum err_code code = fido_registration_read(buf_view(&made->authdata), &registration, err);

	if (code == ERR_INTEGRITY)
		return lies(err);
	TRY(code);
	*credential = (struct token_credential){
	    .size = registration.credential.size,
	    .salt = job->wish->salt,
	    .key = registration.key,
	};
	memcpy(credential->id, registration.credential.data, registration.credential.size);
	return fido_token_bind(job->token, credential, err);
}

static enum err_code
make(void *argument, struct err *err)
{
	const struct make *job = argument;
	struct fido_token *token = job->token;
	CLEANUP(token_made_done) struct token_made made = {0};
	int status;

	TRY(check_able(&token->link.facts, err));
	TRY(token->link.make(token->link.context, job->wish, token->pin, &status, &made, err));
	if (status != FIDO_STATUS_OK)
		return fido_token_failure(token, status, job->purpose, err);
	TRY(accept_made(job, &made, err));
	*job->ret_made = made;
	made = (struct token_made){0};
	return ERR_OK;
}

enum err_code
fido_use_make(void *token, const struct token_wish *wish, const char *purpose,
    struct token_made *ret_made, struct err *err)
{
	struct make job = {token, wish, purpose, ret_made};

	return touch(token, purpose, make, &job, err);
}

/* ---- assertions ---- */

struct use {
	struct fido_token *token;
	const char *purpose;
	const struct digest *digest; /* to sign; NULL: only derive */
	struct token_signature *ret_signature;
};

static enum err_code
changed(struct fido_token *token, struct err *err)
{
	fido_token_forget(token);
	return err_set(err, ERR_TOKEN,
	    "its secret function gave another result than at the touch before: it is broken, or "
	    "verified the person at one touch and not at the other (settings changed meanwhile); "
	    "nothing of it was used; enroll it again, and another token if it does so again");
}

/* Keep the PRF's outputs and the keys they give, or see that they are still the same. */
static enum err_code
keep_prf(struct fido_token *token, struct secret **prf, struct err *err)
{
	if (*prf == NULL || secret_size(*prf) != FIDO_SALTS_SIZE)
		return err_set(err, ERR_TOKEN,
		    "it did not compute its secret function (hmac-secret): it is broken, or "
		    "lies; nothing of it was used; use another token");
	if (token->prf != NULL)
		return secret_equal(token->prf, *prf) ? ERR_OK : changed(token, err);
	const uint8_t *output = secret_view(*prf).data;

	if (crypto_equal(output, output + DIGEST_SIZE, DIGEST_SIZE))
		return err_set(err, ERR_TOKEN,
		    "its secret function gives the same for everything: it is broken, or lies; "
		    "use another token");
	for (unsigned key = TOKEN_SHARE; key <= TOKEN_RELEASE; key++)
		TRY(fido_key(*prf, (enum token_key)key, &token->keys[key], err));
	token->prf = TAKE(*prf);
	return ERR_OK;
}

static enum err_code
use(void *argument, struct err *err)
{
	const struct use *job = argument;
	struct fido_token *token = job->token;
	const struct token_credential *credential = &token->credential;
	uint8_t salts[FIDO_SALTS_SIZE];
	struct fido_ask ask = {.credential = view_of(credential->id, credential->size),
	    .touch = true,
	    .salts = salts};
	ANSWER answer = {0};
	int status;

	if (!token->bound)
		return err_set(err, ERR_INTERNAL, "it is used before a credential is bound");
	TRY(fido_salts(&credential->salt, salts, err));
	if (job->digest != NULL)
		ask.client_data_hash = *job->digest;
	else
		TRY(fido_derive_hash(&ask.client_data_hash, err));
	TRY(token->link.ask(token->link.context, &ask, token->pin, &status, &answer, err));
	if (status != FIDO_STATUS_OK)
		return fido_token_failure(token, status, job->purpose, err);
	const struct token_signature *signature = &answer.signature;

	if (assertion_verify(&credential->key,
	        view_of(signature->authdata, signature->authdata_size), &ask.client_data_hash,
	        view_of(signature->der, signature->size), err) != ERR_OK)
		return lies(err);
	TRY(keep_prf(token, &answer.prf, err));
	if (job->ret_signature != NULL)
		*job->ret_signature = *signature;
	return ERR_OK;
}

enum err_code
fido_use_sign(void *token, const struct digest *digest, const char *purpose,
    struct token_signature *ret_signature, struct err *err)
{
	struct use job = {token, purpose, digest, ret_signature};

	return touch(token, purpose, use, &job, err);
}

/* See that KEY is there: with a touch when there was none yet. */
static enum err_code
derive(struct fido_token *token, enum token_key key, const char *purpose, struct err *err)
{
	struct use job = {.token = token, .purpose = purpose};

	if (key != TOKEN_SHARE && key != TOKEN_RELEASE)
		return err_set(err, ERR_INTERNAL, "this key is not derived");
	if (token->keys[key] != NULL)
		return ERR_OK;
	return touch(token, purpose, use, &job, err);
}

enum err_code
fido_use_derive(void *argument, enum token_key key, const char *purpose, struct point *ret_key,
    struct err *err)
{
	struct fido_token *token = argument;

	TRY(derive(token, key, purpose, err));
	p256_key_public(token->keys[key], ret_key);
	return ERR_OK;
}

enum err_code
fido_use_agree(void *argument, enum token_key key, const struct point *peer, const char *purpose,
    struct secret **ret_shared, struct err *err)
{
	struct fido_token *token = argument;
	struct point checked;

	if (point_from(VIEW_OF(peer->bytes), &checked, err) != ERR_OK)
		return err_add(err, "the other side's key was not used");
	TRY(derive(token, key, purpose, err));
	return p256_agree(token->keys[key], &checked, ret_shared, err);
}
