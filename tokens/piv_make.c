/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slot is looked at first, and nothing that cannot be known to be empty is overwritten; the
 * card's own description of the new key is compared with what was asked for.  The transaction
 * ends with a reset, since a card stays open to whoever comes after a management key was shown.
 */
#include "tokens/piv_make.h"

#include "tokens/piv_admin.h"

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
		    "overwriting, which destroys a key that may be there",
		    job->slot);
	return err_set(err, ERR_EXISTS,
	    "slot %02X holds a key already, and none was made; choose "
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
	if (!known ||
	    (info->present && info->generated && info->pin == PIN_ONCE &&
		info->touch == TOUCH_ALWAYS && point_equal(&info->key, made)))
		return ERR_OK;
	return err_set(err, ERR_TOKEN,
	    "the key that it made in slot %02X is not the one asked for (PIN "
	    "once, touch always): it is broken, or lies; use another token",
	    job->slot);
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

	TRY(piv_token_begin(job->token, err));
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
piv_make_key(void *token, enum token_key key, const struct secret *management_key, bool overwrite,
    struct point *ret_key, struct err *err)
{
	struct generate job = {.token = token,
	    .key = key,
	    .management_key = management_key,
	    .overwrite = overwrite,
	    .ret_key = ret_key};
	enum err_code code = piv_token_slot_of(token, key, &job.slot, err);

	if (code == ERR_OK)
		code = piv_token_run(job.token, generate, &job, false, err);
	return piv_token_named(token, code, err);
}
