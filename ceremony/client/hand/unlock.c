/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PIN.  What can be known before is said before: a factory PIN, none, a blocked one, the last
 * try.  After a wrong PIN the token is opened anew, since what it says about its tries must be fresh.
 * No word of PIV is said of a FIDO2 token, and the reverse.
 */
#include "ceremony/client/hand/unlock.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { PIN_ATTEMPTS = 3, TOKENS_TRIED = 8 };

static enum err_code
say_blocked(const struct hand *hand, struct err *err)
{
	if (!hand->info.traits->managed)
		return err_set(err, ERR_PIN_BLOCKED,
		    "its FIDO2 PIN is blocked, no try is left. Only a "
		    "reset of the token helps, and that destroys its keys: take another of your tokens, "
		    "and have this one replaced");
	return err_set(err, ERR_PIN_BLOCKED,
	    "its PIV PIN is blocked, no try is left. Unblock it with "
	    "the PUK: halligan token pin --unblock --serial %u; the keys are untouched",
	    hand->info.serial);
}

/* States in which no PIN is asked for. */
static enum err_code
check_state(const struct hand *hand, struct err *err)
{
	if (hand->info.pin_default)
		return err_set(err, ERR_REFUSED,
		    "it still has the factory PIN, which everybody knows; "
		    "change it first: halligan token pin --serial %u (or ykman --device %u piv access "
		    "change-pin)",
		    hand->info.serial, hand->info.serial);
	if (hand->info.pin_missing && !hand->info.uv)
		return err_set(err, ERR_REFUSED,
		    "it has no FIDO2 PIN yet; set one: halligan token pin --driver fido2");
	if (hand->info.replug && hand->info.pin_tries != 0)
		return err_set(err, ERR_PIN_BLOCKED,
		    "after three wrong FIDO2 PINs it takes no more until "
		    "it is plugged in again: take it out, plug it in, and run the same command; %d %s "
		    "left",
		    hand->info.pin_tries,
		    text_plural((uint64_t)hand->info.pin_tries, "try is", "tries are"));
	if (hand->info.pin_tries == 0)
		return say_blocked(hand, err);
	return ERR_OK;
}

static enum err_code
demand_last(const struct hand *hand, struct err *err)
{
	char name[HAND_NAME_SIZE], word[LABEL_MAX + 16], question[HAND_NAME_SIZE + 256];
	bool serial = hand->info.serial != 0, label = hand->label[0] != '\0';

	hand_name(hand, name);
	if (serial)
		snprintf(word, sizeof(word), "%u", hand->info.serial);
	else
		snprintf(word, sizeof(word), "%s", label ? hand->label : "last try");
	snprintf(question, sizeof(question),
	    "%s has ONE PIN try left. A wrong PIN blocks it%s. To spend "
	    "the last try, type %s%.*s",
	    name,
	    hand->info.traits->managed ? " until the PUK is used" :
	                                 " for ever, and its keys are lost",
	    serial    ? "its serial" :
	        label ? "its label, " :
	                "",
	    (int)sizeof(word), serial ? "" : QUOTED(word));
	if (ui_demand(hand->options->ui, question, word, err) != ERR_OK)
		return err_add(err,
		    "ONE PIN try is left, and it was not spent; take another token, or run the "
		    "same command again and type it");
	return ERR_OK;
}

static enum err_code
ask_pin(const struct hand *hand, struct secret **ret_pin, struct err *err)
{
	const struct ui *ui = hand->options->ui;
	char name[HAND_NAME_SIZE], prompt[HAND_NAME_SIZE + 128], tries[48] = "";

	hand_name(hand, name);
	if (hand->info.pin_tries > 0)
		snprintf(tries, sizeof(tries), ", %d %s left", hand->info.pin_tries,
		    text_plural((uint64_t)hand->info.pin_tries, "try", "tries"));
	snprintf(prompt, sizeof(prompt), "%s of %s%s: ", hand->info.traits->pin_name, name, tries);
	return ui->ask_pin(ui->context, prompt, ret_pin, err);
}

static enum err_code
unlock_once(struct hand *hand, unsigned signatures, unsigned agreements, struct err *err)
{
	unsigned touches = token_touches(hand->token, signatures, agreements);
	bool last = hand->info.pin_tries == 1;

	TRY(check_state(hand, err));
	if (hand->info.uv)
		return token_unlock(hand->token, NULL, false, touches, err);
	if (last)
		TRY(demand_last(hand, err));
	secret_freep(&hand->pin);
	TRY(ask_pin(hand, &hand->pin, err));
	return token_unlock(hand->token, hand->pin, last, touches, err);
}

/* With the PIN right: ERR_OK or ERR_NOT_FOUND. */
static enum err_code
unlock_this(struct hand *hand, unsigned signatures, unsigned agreements, struct err *err)
{
	struct err refused;
	char name[HAND_NAME_SIZE];

	hand_name(hand, name);
	for (unsigned attempt = 1;; attempt++) {
		enum err_code code = unlock_once(hand, signatures, agreements, err);

		if (code == ERR_OK || code == ERR_NOT_FOUND)
			return code;
		if (attempt > 1 && code == ERR_USAGE) {
			*err = refused; /* there was only one PIN to try */
			return err_add(err, "unlocking %s", name);
		}
		if ((code != ERR_PIN && code != ERR_INVALID) || attempt == PIN_ATTEMPTS)
			return err_add(err, "unlocking %s", name);
		refused = *err;
		ui_say(hand->options->ui, "%s.", err->text);
		if (code == ERR_INVALID) /* no PIN at all: the token heard nothing */
			continue;
		TRY(hand_reopen(hand, err));
		if (hand->info.pin_tries <= 1 && hand->info.pin_tries >= 0) {
			*err = refused;
			return err_add(err, "unlocking %s", name);
		}
	}
}

/* Put this token aside and take the one that HAND's entry means. */
static enum err_code
take_right_one(struct hand *hand, struct err *err)
{
	const struct hand aside = *hand;
	const struct hand_want want = {.lists = {{aside.seat, 1}}};
	struct client_options narrow = *aside.options;
	char name[HAND_NAME_SIZE];

	hand_done(hand);
	entry_text(aside.seat, aside.entry, name);
	ui_say(narrow.ui,
	    "The FIDO2 PIN is right, but this is not %s: it does not hold that credential. "
	    "Take it out.",
	    name);
	narrow.label = aside.label;
	TRY(hand_take_not(&narrow, &want, &aside.found, hand, err));
	hand->options = aside.options;
	return ERR_OK;
}

enum err_code
hand_unlock(struct hand *hand, unsigned signatures, unsigned agreements, struct err *err)
{
	char name[HAND_NAME_SIZE];

	for (unsigned token = 1;; token++) {
		enum err_code code = unlock_this(hand, signatures, agreements, err);

		if (code != ERR_NOT_FOUND)
			return code;
		hand_name(hand, name);
		if (hand->entry == NULL || hand->options->wait <= 0 || token == TOKENS_TRIED)
			return err_set(err, ERR_TOKEN_ABSENT,
			    "the FIDO2 PIN is right, but this is not %s: "
			    "it does not hold that credential; take it out and plug in %s's own",
			    name, hand->seat != NULL ? hand->seat->name : "the seat");
		TRY(take_right_one(hand, err));
	}
}
