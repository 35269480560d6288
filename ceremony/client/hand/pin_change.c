/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New values are typed twice, without echo, and never come from a descriptor: a PIN that a script
 * knows is no PIN.  A factory value is known to everybody, so that it is not asked for.
 */
#include "ceremony/client/hand/pin_change.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { NEW_ATTEMPTS = 3, MANAGEMENT_HEX_MAX = 66, NAME_SIZE = HAND_NAME_SIZE + 64 };
static const char factory_pin[] = "123456", factory_puk[] = "12345678";

/* "PIV PIN of ciso's token "ciso-1" (serial 1234)" */
static void
reference_name(const struct hand *hand, enum token_reference which, char ret_text[NAME_SIZE])
{
	char name[HAND_NAME_SIZE];

	hand_name(hand, name);
	snprintf(ret_text, NAME_SIZE, "%s of %s",
	    which == TOKEN_PUK ? "PUK" : hand->info.traits->pin_name, name);
}

static enum err_code
ask_new_once(const struct hand *hand, enum token_reference which, struct secret **ret_new,
    bool *ret_same, struct err *err)
{
	const struct ui *ui = hand->options->ui;
	char name[NAME_SIZE], prompt[NAME_SIZE + 64];
	SECRET *first = NULL;
	SECRET *second = NULL;

	reference_name(hand, which, name);
	snprintf(prompt, sizeof(prompt), "New %s (%s): ", name,
	    which == TOKEN_PUK ? "8 characters, digits are best" : hand->info.traits->pin_shape);
	TRY(ui->ask_secret(ui->context, prompt, TOKEN_PIN_MAX, &first, err));
	TRY(ui->ask_secret(ui->context, "The same again: ", TOKEN_PIN_MAX, &second, err));
	*ret_same = secret_equal(first, second);
	if (*ret_same && text_is_otp(secret_view(first)))
		return err_set(err, ERR_REFUSED,
		    "that was a one-time password that a touched key typed; nothing was changed");
	*ret_new = TAKE(first);
	return ERR_OK;
}

static enum err_code
ask_new(const struct hand *hand, enum token_reference which, struct secret **ret_new,
    struct err *err)
{
	for (unsigned attempt = 1; attempt <= NEW_ATTEMPTS; attempt++) {
		SECRET *typed = NULL;
		bool same = false;

		TRY(ask_new_once(hand, which, &typed, &same, err));
		if (same) {
			*ret_new = TAKE(typed);
			return ERR_OK;
		}
		ui_say(hand->options->ui, "The two differ; nothing was changed.");
	}
	return err_set(err, ERR_REFUSED, "the two differed three times; nothing was changed");
}

/* What is asked for before anything changes; RET_OLD stays NULL when there is none yet. */
static enum err_code
ask_old(const struct hand *hand, enum token_reference old, struct secret **ret_old, struct err *err)
{
	const struct ui *ui = hand->options->ui;
	const struct token_info *info = &hand->info;
	int tries = old == TOKEN_PUK ? info->puk_tries : info->pin_tries;
	char name[NAME_SIZE], prompt[NAME_SIZE + 64], left[48] = "";

	if (old == TOKEN_PIN && info->pin_missing)
		return ERR_OK;
	if (old == TOKEN_PIN && info->pin_default)
		return secret_from(view_of_text(factory_pin), ret_old, err);
	if (old == TOKEN_PUK && info->puk_default)
		return secret_from(view_of_text(factory_puk), ret_old, err);
	reference_name(hand, old, name);
	if (old == TOKEN_PUK && tries < 0) {
		ui_say(ui,
		    "The token does not tell how many PUK tries are left: a wrong one may be the "
		    "last, and then PIN and PUK are lost for ever.");
		TRY(ui_demand(ui, "Go on? Type yes", "yes", err));
	}
	if (tries > 0)
		snprintf(left, sizeof(left), ", %d %s left", tries,
		    text_plural((uint64_t)tries, "try", "tries"));
	snprintf(prompt, sizeof(prompt), "Present %s%s: ", name, left);
	if (old == TOKEN_PUK)
		return ui->ask_secret(ui->context, prompt, TOKEN_PIN_MAX, ret_old, err);
	return ui->ask_pin(ui->context, prompt, ret_old, err);
}

static enum err_code
change(struct hand *hand, enum token_reference which, struct err *err)
{
	enum token_reference shown = which == TOKEN_PUK ? TOKEN_PUK : TOKEN_PIN;
	char name[NAME_SIZE];
	SECRET *old = NULL;
	SECRET *new = NULL;

	reference_name(hand, shown, name);
	TRY(ask_old(hand, which == TOKEN_PIN ? TOKEN_PIN : TOKEN_PUK, &old, err));
	TRY(ask_new(hand, shown, &new, err));
	if (token_change(hand->token, which, old, new, err) != ERR_OK)
		return err_add(err, "changing the %s", name);
	ui_say(hand->options->ui, "The %s is %s.", name, old == NULL ? "set" : "changed");
	return hand_reopen(hand, err);
}

enum err_code
upkeep_unblock(struct hand *hand, struct err *err)
{
	if (!hand->info.traits->managed)
		return err_set(err, ERR_USAGE,
		    "a blocked FIDO2 PIN cannot be unblocked: only a reset of "
		    "the token helps, and that destroys its keys");
	return change(hand, TOKEN_UNBLOCK, err);
}

enum err_code
upkeep_pin(struct hand *hand, struct err *err)
{
	return change(hand, TOKEN_PIN, err);
}

enum err_code
upkeep_puk(struct hand *hand, struct err *err)
{
	if (!hand->info.traits->managed)
		return err_set(err, ERR_USAGE,
		    "a FIDO2 token has no PUK: a blocked FIDO2 PIN can only be "
		    "reset with all keys, so have a second token");
	TRY(change(hand, TOKEN_PUK, err));
	ui_say(hand->options->ui,
	    "Write the PUK down and keep it apart from the token, such as in a sealed "
	    "envelope in a safe. It is needed only when the PIN is blocked.");
	return ERR_OK;
}

enum err_code
upkeep_protect(struct hand *hand, const struct secret *old, struct err *err)
{
	char name[HAND_NAME_SIZE];

	hand_name(hand, name);
	if (token_protect(hand->token, old, err) != ERR_OK)
		return err_add(err, "replacing the management key of %s", name);
	ui_say(hand->options->ui,
	    "The management key of %s is a random one now, kept behind its PIN. "
	    "Nobody needs to note it down.",
	    name);
	return ERR_OK;
}

static int
hex_digit(uint8_t letter)
{
	if (letter >= '0' && letter <= '9')
		return letter - '0';
	if (letter >= 'a' && letter <= 'f')
		return letter - 'a' + 10;
	if (letter >= 'A' && letter <= 'F')
		return letter - 'A' + 10;
	return -1;
}

enum err_code
upkeep_decode_key(const struct secret *text, struct secret **ret_key, struct err *err)
{
	struct view hex = secret_view(text);
	SECRET *key = NULL;

	while (hex.size > 0 && (hex.data[hex.size - 1] == '\n' || hex.data[hex.size - 1] == '\r'))
		hex.size--;
	if (hex.size != 32 && hex.size != 48 && hex.size != 64)
		return err_set(err, ERR_INVALID,
		    "the management key must be 32, 48 or 64 hex digits");
	TRY(secret_new(hex.size / 2, &key, err));
	for (size_t i = 0; i < hex.size / 2; i++) {
		int high = hex_digit(hex.data[2 * i]), low = hex_digit(hex.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return err_set(err, ERR_INVALID, "the management key is not in hex digits");
		secret_data(key)[i] = (uint8_t)(high << 4 | low);
	}
	TRY(secret_resize(key, hex.size / 2, err));
	*ret_key = TAKE(key);
	return ERR_OK;
}

enum err_code
upkeep_ask_key(const struct hand *hand, struct secret **ret_key, struct err *err)
{
	const struct ui *ui = hand->options->ui;
	char name[HAND_NAME_SIZE], prompt[HAND_NAME_SIZE + 64];
	SECRET *text = NULL;

	hand_name(hand, name);
	snprintf(prompt, sizeof(prompt), "PIV management key of %s (hex): ", name);
	TRY(ui->ask_secret(ui->context, prompt, MANAGEMENT_HEX_MAX, &text, err));
	return upkeep_decode_key(text, ret_key, err);
}
