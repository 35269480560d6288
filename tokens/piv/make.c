/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slot is looked at first, and nothing that cannot be known to be empty is overwritten; the
 * card's own description of the new key is compared with what was asked for.  The transaction
 * ends with a reset, since a card stays open to whoever comes after a management key was shown.
 */
#include "tokens/piv/make.h"

#include "tokens/piv/admin.h"
#include "tokens/piv/manage.h"
#include "tokens/piv/object.h"

struct generate {
	struct piv_token *token;
	enum token_key key;
	uint8_t slot;
	const struct secret *management_key;
	bool overwrite;
	struct point *ret_key;
};

/* A certificate in the slot's object means that somebody uses the slot, even where the key itself
 * cannot be seen. */
static enum err_code
check_empty(const struct generate *job, const struct token_key_info *before, struct err *err)
{
	bool seen = before->source == TOKEN_KEY_METADATA || before->source == TOKEN_KEY_ATTESTED;

	if (job->overwrite || before->holds[0] == '\0')
		return ERR_OK;
	if (seen && before->present)
		return err_set(err, ERR_EXISTS,
		    "slot %02X holds a key already (%s), and none was made; choose another slot, or "
		    "overwriting, which destroys that key and whatever it opens",
		    job->slot, before->holds);
	if (before->certificate)
		return err_set(err, ERR_EXISTS,
		    "slot %02X is in use (%s), and no key was made; choose another slot, or "
		    "overwriting, which destroys both",
		    job->slot, before->holds);
	return err_set(err, ERR_EXISTS,
	    "it does not tell whether slot %02X holds a key, so none was made; choose "
	    "overwriting, which destroys a key that may be there",
	    job->slot);
}

/* The card's own description of the new key must be what was asked for, where it has one. */
static enum err_code
check_made(struct generate *job, const struct point *made, struct err *err)
{
	struct token_key_info *info = &job->token->keys[job->key];

	TRY(piv_token_read_key(job->token, job->key, info, err));
	if (info->source == TOKEN_KEY_UNKNOWN ||
	    (info->present && info->generated && info->pin == PIN_ONCE &&
	        info->touch == TOUCH_ALWAYS && point_equal(&info->key, made)))
		return ERR_OK;
	return err_set(err, ERR_TOKEN,
	    "the key that it made in slot %02X is not the one asked for (PIN "
	    "once, touch always): it is broken, or lies; use another token",
	    job->slot);
}

/* The certificate of a key that is no more would be taken for the new one's. */
static enum err_code
remove_certificate(struct generate *job, const struct token_key_info *before, struct err *err)
{
	if (!before->certificate)
		return ERR_OK;
	return piv_put_object(&job->token->card, piv_object_of_slot(job->slot), (struct view){0},
	    "removing the certificate of the key that was there", err);
}

static enum err_code
generate(void *argument, struct err *err)
{
	struct generate *job = argument;
	struct piv_card *card = &job->token->card;
	struct token_key_info before;
	struct point made;
	SESSION *session = NULL;
	uint8_t algorithm = 0;

	TRY(piv_token_begin(job->token, err));
	session = job->token;
	TRY(piv_token_read_key(job->token, job->key, &before, err));
	TRY(check_empty(job, &before, err));
	TRY(piv_manage(job->token, job->management_key, &algorithm, NULL, err));
	job->token->asked[job->key] = false;
	TRY(piv_generate(card, job->slot, &made, err));
	TRY(remove_certificate(job, &before, err));
	TRY(check_made(job, &made, err));
	*job->ret_key = made;
	return ERR_OK;
}

enum err_code
piv_make_key(void *token, enum token_key key, const struct secret *management_key, bool overwrite,
    struct point *ret_key, struct err *err)
{
	struct generate job = {.token = token,
	    .key = key,
	    .slot = piv_slot(key),
	    .management_key = management_key,
	    .overwrite = overwrite,
	    .ret_key = ret_key};

	return piv_token_named(token, piv_token_run(token, generate, &job, false, err), err);
}
