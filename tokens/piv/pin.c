/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	00 24 00 80 old new	CHANGE REFERENCE DATA, the PIN (81: the PUK)
 *	00 2C 00 80 PUK new	RESET RETRY COUNTER: a new PIN, with all its tries
 *
 * each value padded to 8 bytes with FF.  A wrong OLD (or PUK) spends a try of what it is compared
 * with: of the PIN, or of the PUK.  So everything that can be refused is refused before: the shape of
 * both, a bad new value, tries that are not left.
 */
#include "tokens/piv/pin.h"

#include <string.h>

#include "base/text.h"
#include "tokens/piv/object.h"
#include "tokens/piv/use.h"

struct change {
	struct piv_token *token;
	enum token_reference which;
	const struct secret *old, *new;
};

/* By enum token_reference: what is changed, what OLD is, whose tries it spends. */
static const struct kind {
	const char *name, *old_name;
	uint8_t ins, reference, spends;
	const char *remedy; /* when no try is left */
} kinds[] = {
    [TOKEN_PIN] = {"PIN", "PIN", 0x24, PIV_PIN, PIV_PIN,
        "unblock it with the PUK (halligan token pin --unblock)"},
    [TOKEN_PUK] = {"PUK", "PUK", 0x24, PIV_PUK, PIV_PUK,
        "nothing brings it back but a reset, which destroys all keys (ykman piv reset); the PIN "
        "works without it, so enroll another token before the PIN is lost too"},
    [TOKEN_UNBLOCK] = {"PIN", "PUK", 0x2c, PIV_PIN, PIV_PUK,
        "nothing but a reset, which destroys all keys, brings it back (ykman piv reset): use another "
        "token of this seat"},
};

/* ---- judging ---- */

/* Each byte follows from the one before by STEP. */
static bool
is_row(struct view text, int step)
{
	for (size_t i = 1; i < text.size; i++) {
		if (text.data[i] - text.data[i - 1] != step)
			return false;
	}
	return true;
}

static bool
is_printable(struct view text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] <= 0x20 || text.data[i] >= 0x7f)
			return false;
	}
	return true;
}

static bool
equals(struct view typed, const char *text)
{
	return typed.size == strlen(text) && crypto_equal(typed.data, text, typed.size);
}

enum err_code
piv_pin_judge(const struct secret *new, const struct secret *old, const char *what, struct err *err)
{
	struct view typed = secret_view(new);
	const char *why = NULL;

	if (equals(typed, "123456") || equals(typed, "12345678"))
		why = "is the factory's, which everybody knows";
	else if (is_row(typed, 0))
		why = "is one character throughout";
	else if (is_row(typed, 1) || is_row(typed, -1))
		why = "only counts up or down";
	else if (!is_printable(typed))
		why = "has characters that not every keyboard has";
	else if (old != NULL && secret_equal(new, old))
		why = "is the same as the other value given";
	if (why == NULL)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "the new PIV %s %s; nothing was changed and no try was spent; choose 6 to 8 letters and "
	    "digits that a thief would not guess",
	    what, why);
}

/* ---- changing ---- */

static enum err_code
no_tries(const struct kind *kind, struct err *err)
{
	return err_set(err, ERR_PIN_BLOCKED, "its PIV %s is blocked: no try is left; %s",
	    kind->old_name, kind->remedy);
}

/* Tries left of what OLD is compared with. */
static enum err_code
check_tries(struct change *job, const struct kind *kind, struct err *err)
{
	struct piv_reference reference = {.tries = -1};
	bool known = false;

	TRY(piv_read_reference(&job->token->card, kind->spends, &known, &reference, err));
	if (!known && kind->spends == PIV_PIN) {
		TRY(piv_tries(&job->token->card, &reference.tries, err));
		if (reference.tries < 0)
			return err_set(err, ERR_TOKEN,
			    "it does not tell how many PIN tries are left, so nothing was sent; "
			    "pull it out, plug it in again, and run the command again");
	}
	if (reference.tries == 0)
		return no_tries(kind, err);
	if (reference.tries == 1)
		return err_set(err, ERR_PIN_BLOCKED,
		    "1 try of its PIV %s is left and was not spent: a wrong one would block it%s",
		    kind->old_name,
		    kind->spends == PIV_PIN ?
		        "; unlock it with the right PIN first, which gives all "
		        "tries back" :
		        "; use another token of this seat if the PUK is not "
		        "certain, and ykman if it is");
	return ERR_OK;
}

/* In former times ykman made the management key from the PIN: with another PIN it would be lost. */
static enum err_code
check_derived(struct change *job, struct err *err)
{
	struct piv_pivman pivman = {0};
	enum err_code code = piv_get_pivman(&job->token->card, &pivman, err);

	if (code == ERR_EXISTS)
		return ERR_OK;
	if (code != ERR_OK || !pivman.derived)
		return code;
	return err_set(err, ERR_REFUSED,
	    "its management key is made from its PIN, and another PIN would lose it; change the PIN "
	    "with the program that set it so (ykman piv access change-pin), or first give it "
	    "another management key (halligan token protect)");
}

static enum err_code
append_padded(struct secret *command, const struct secret *value, struct err *err)
{
	static const uint8_t padding[PIV_PIN_MAX] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff};

	TRY(secret_append(command, secret_view(value), err));
	return secret_append(command, view_of(padding, PIV_PIN_MAX - secret_size(value)), err);
}

static enum err_code
judge_status(const struct kind *kind, uint16_t status, struct err *err)
{
	unsigned left = status & 0x0f;

	if (status == PIV_OK)
		return ERR_OK;
	if (status == PIV_BLOCKED || status == PIV_TRIES)
		return no_tries(kind, err);
	if ((status & 0xfff0) == PIV_TRIES)
		return err_set(err, ERR_PIN, "%s refused, %u %s left; nothing was changed",
		    kind->old_name, left, text_plural(left, "try", "tries"));
	if (status == PIV_CONDITIONS || status == PIV_WRONG_DATA)
		return err_set(err, ERR_REFUSED,
		    "its own rules forbid the new %s (%04X: too simple, too short, or of other "
		    "characters than it allows; firmware 5.7 can demand that); nothing was changed; "
		    "choose a longer one with different characters",
		    kind->name, status);
	if (status == PIV_UNKNOWN_INS)
		return err_set(err, ERR_TOKEN,
		    "it cannot change its %s this way (%04X): use the program that came with it",
		    kind->name, status);
	return piv_status_failure(status, "the change", err);
}

static enum err_code
change(void *argument, struct err *err)
{
	struct change *job = argument;
	const struct kind *kind = &kinds[job->which];
	const uint8_t header[] = {0x00, kind->ins, 0x00, kind->reference};
	SECRET *command = NULL;
	SESSION *session = NULL;
	uint16_t status;

	TRY(piv_token_begin(job->token, err));
	session = job->token;
	if (session->unlocked)
		return err_set(err, ERR_INTERNAL, "its PIN is changed after it was unlocked");
	TRY(check_tries(job, kind, err));
	if (job->which != TOKEN_PUK)
		TRY(check_derived(job, err));
	TRY(secret_new((size_t)2 * PIV_PIN_MAX, &command, err));
	TRY(append_padded(command, job->old, err));
	TRY(append_padded(command, job->new, err));
	job->token->dirty = true;
	TRY(piv_send(&job->token->card, header, secret_view(command), &status, err));
	return judge_status(kind, status, err);
}

static enum err_code
check_values(const struct change *job, struct err *err)
{
	const struct kind *kind;

	if ((unsigned)job->which >= ARRAY_SIZE(kinds) || job->old == NULL || job->new == NULL)
		return err_set(err, ERR_INTERNAL, "nothing that can be changed was named");
	kind = &kinds[job->which];
	TRY(piv_use_check_shape(job->old, kind->old_name, err));
	TRY(piv_use_check_shape(job->new, kind->name, err));
	return piv_pin_judge(job->new, job->old, kind->name, err);
}

enum err_code
piv_pin_change(void *token, enum token_reference which, const struct secret *old,
    const struct secret *new, struct err *err)
{
	struct change job = {token, which, old, new};
	enum err_code code = check_values(&job, err);

	if (code == ERR_OK)
		code = piv_token_run(job.token, change, &job, false, err);
	return piv_token_named(token, code, err);
}
