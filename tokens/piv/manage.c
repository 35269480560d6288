/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A protected management key lies in the printed object, which is read only after the PIN, and
 * flag 2 of PIVMAN says so: as ykman does it (tokens/piv/object.h).  Order of writes when the key
 * changes from A to B, and which keys a token that is pulled after each of them can still be
 * managed with:
 *
 *	before				card A		A (typed, the factory's, or protected: 89 A)
 *	1  printed: 89 B, 8A A		card A		A: it is still typed or the factory's, or in 8A
 *	2  the management key: B	card B		B: in 89
 *	3  prove that it is B
 *	4  PIVMAN: protected		card B		B: in 89, and ykman finds it
 *	5  printed: 89 B		card B		B
 *
 * 8A is written only where A was protected; whoever reads tries 89, then 8A, whatever PIVMAN says.  A
 * card that refuses 2 gets its printed object back.  ykman's own order (2, 4, 1) loses the key
 * when the token is pulled after 2.
 */
#include "tokens/piv/manage.h"

#include "tokens/piv/admin.h"
#include "tokens/piv/block.h"
#include "tokens/piv/object.h"
#include "tokens/piv/use.h"

/* ---- which key ---- */

struct kept {
	struct secret *key, *other; /* 89, 8A; NULL: not there */
};

static void
kept_done(struct kept *kept)
{
	secret_freep(&kept->key);
	secret_freep(&kept->other);
}
#define KEPT CLEANUP(kept_done) struct kept

/* The PIN is shown again right before: it may be forgotten by now. */
static enum err_code
read_kept(struct piv_token *token, struct kept *ret_kept, struct err *err)
{
	TRY(piv_use_verify(token, token->pin, err));
	return piv_get_protected(&token->card, &ret_kept->key, &ret_kept->other, err);
}

static enum err_code
try_kept(struct piv_token *token, uint8_t algorithm, struct secret **kept, struct secret **ret_used,
    struct err *err)
{
	if (*kept == NULL)
		return ERR_NOT_FOUND;
	enum err_code code = piv_authenticate(&token->card, algorithm, *kept, err);
	/* A size that this kind cannot have: it is of another time. */
	if (code == ERR_REFUSED || code == ERR_INVALID)
		return ERR_NOT_FOUND;
	if (code == ERR_OK && ret_used != NULL)
		*ret_used = TAKE(*kept);
	return code;
}

static enum err_code
not_known(struct piv_token *token, struct err *err)
{
	struct piv_pivman pivman = {0};

	TRY(piv_get_pivman(&token->card, &pivman, err));
	if ((pivman.flags & PIVMAN_PROTECTED) != 0 && !token->unlocked)
		return err_set(err, ERR_REFUSED,
		    "its management key is not the factory's but lies behind its PIN: unlock it "
		    "first, or give that key");
	if ((pivman.flags & PIVMAN_PROTECTED) != 0)
		return err_set(err, ERR_REFUSED,
		    "its management key is not the factory's, and not the one behind its PIN either: "
		    "give it");
	return err_set(err, ERR_REFUSED,
	    "its management key is not the factory's: give it to make or change keys");
}

enum err_code
piv_manage(struct piv_token *token, const struct secret *key, uint8_t *ret_algorithm,
    struct secret **ret_used, struct err *err)
{
	bool known = false, factory = false;
	uint8_t algorithm = 0;
	enum err_code code = ERR_NOT_FOUND;
	KEPT kept = {0};

	TRY(piv_read_management(&token->card, &known, &algorithm, &factory, err));
	token->dirty = true;
	*ret_algorithm = algorithm;
	if (key != NULL || (known && factory))
		return piv_authenticate(&token->card, algorithm, key, err);
	if (token->unlocked) {
		TRY(read_kept(token, &kept, err));
		code = try_kept(token, algorithm, &kept.key, ret_used, err);
		if (code == ERR_NOT_FOUND)
			code = try_kept(token, algorithm, &kept.other, ret_used, err);
	}
	if (code == ERR_NOT_FOUND && !known) {
		code = piv_authenticate(&token->card, algorithm, NULL, err);
		if (code == ERR_REFUSED)
			code = ERR_NOT_FOUND;
	}
	return code == ERR_NOT_FOUND ? not_known(token, err) : code;
}

/* ---- protecting ---- */

struct protect {
	struct piv_token *token;
	const struct secret *old;
};

/* The kind that the token has, unless it can do better. */
static uint8_t
kind_of_new(const struct piv_token *token, uint8_t now)
{
	if (now == BLOCK_AES_192 || now == BLOCK_AES_256)
		return now;
	return piv_token_has(token, 5, 4, 2) ? BLOCK_AES_192 : BLOCK_3DES;
}

/* As it was before step 1. */
static enum err_code
put_back(struct piv_token *token, const struct kept *before, struct err *err)
{
	if (before->key != NULL)
		return piv_put_protected(&token->card, before->key, before->other, err);
	return piv_put_object(&token->card, PIV_OBJECT_PRINTED, (struct view){0},
	    "emptying the place of its management key", err);
}

/* Steps 1 to 5. */
static enum err_code
replace(struct piv_token *token, uint8_t kind, const struct secret *new, const struct secret *used,
    const struct kept *before, struct err *err)
{
	struct piv_card *card = &token->card;
	struct piv_pivman pivman = {0};
	uint16_t status;

	TRY(piv_get_pivman(card, &pivman, err));
	TRY(piv_put_protected(card, new, used, err));
	TRY(piv_set_management(card, kind, new, &status, err));
	if (status != PIV_OK) {
		TRY(put_back(token, before, err));
		return piv_status_failure(status, "another management key; the old one is valid",
		    err);
	}
	if (piv_authenticate(card, kind, new, err) != ERR_OK)
		return err_add(err, "its new management key");
	pivman.flags |= PIVMAN_PROTECTED;
	TRY(piv_put_pivman(card, &pivman, err));
	return used == NULL ? ERR_OK : piv_put_protected(card, new, NULL, err);
}

static enum err_code
check_can(const struct piv_token *token, struct err *err)
{
	if (!token->unlocked || token->pin == NULL)
		return err_set(err, ERR_INTERNAL, "it is changed before its PIN was verified");
	if (piv_token_has(token, 1, 0, 0))
		return ERR_OK;
	return err_set(err, ERR_TOKEN,
	    "it cannot be given another management key (SET MANAGEMENT KEY is missing: it is no "
	    "YubiKey); nothing was changed; use the program that came with it, and keep that key in a "
	    "safe place");
}

static enum err_code
protect(void *argument, struct err *err)
{
	const struct protect *job = argument;
	struct piv_token *token = job->token;
	uint8_t algorithm = 0;
	SECRET *used = NULL;
	SECRET *new = NULL;
	KEPT before = {0};
	SESSION *session = NULL;

	TRY(piv_token_begin(token, err));
	session = token;
	TRY(check_can(token, err));
	TRY(read_kept(token, &before, err));
	TRY(piv_manage(token, job->old, &algorithm, &used, err));
	uint8_t kind = kind_of_new(token, algorithm);
	TRY(secret_new(block_key_size(kind), &new, err));
	TRY(secret_random(new, block_key_size(kind), err));
	return replace(token, kind, new, used, &before, err);
}

enum err_code
piv_manage_protect(void *token, const struct secret *old, struct err *err)
{
	struct protect job = {token, old};

	return piv_token_named(job.token, piv_token_run(job.token, protect, &job, false, err), err);
}
