/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/hand.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { PIN_ATTEMPTS = 3 };

void
hand_done(struct hand *hand)
{
	token_close(hand->token);
	*hand = (struct hand){0};
}

void
hand_name(const struct hand *hand, char ret_text[HAND_NAME_SIZE])
{
	if (hand->seat != NULL)
		snprintf(ret_text, HAND_NAME_SIZE, "%s's token \"%s\" (serial %u)",
		    hand->seat->name, hand->label, hand->info.serial);
	else if (hand->label[0] != '\0')
		snprintf(ret_text, HAND_NAME_SIZE, "the token \"%s\" (serial %u)", hand->label,
		    hand->info.serial);
	else
		snprintf(ret_text, HAND_NAME_SIZE, "the token with serial %u", hand->info.serial);
}

/* The seat of SERIAL in LISTS, whatever its roles. */
static const struct seat *
seat_of_serial(const struct hand_want *want, uint32_t serial, const struct seat_token **ret_entry)
{
	for (size_t l = 0; l < HAND_LISTS; l++) {
		for (size_t s = 0; s < want->lists[l].count; s++) {
			const struct seat *seat = &want->lists[l].seats[s];

			for (size_t t = 0; t < seat->token_count; t++) {
				if (seat->tokens[t].serial == serial) {
					*ret_entry = &seat->tokens[t];
					return seat;
				}
			}
		}
	}
	return NULL;
}

static bool
seat_fits(const struct hand_want *want, const struct seat *seat)
{
	return (want->roles == 0 || (seat->roles & want->roles) != 0) &&
	    (want->seat == NULL || strcmp(want->seat, seat->name) == 0);
}

static void
wanted_text(const struct hand_want *want, char ret_text[128])
{
	size_t used = 0;

	if (want->seat != NULL) {
		snprintf(ret_text, 128, "a token of the seat %s", want->seat);
		return;
	}
	snprintf(ret_text, 128, "a token of this vault");
	for (unsigned bit = 0; bit < 3; bit++) {
		if ((want->roles & (1u << bit)) == 0)
			continue;
		used += (size_t)snprintf(ret_text + used, 128 - used, "%s%s",
		    used == 0 ? "a token of an " : " or ", role_names[bit]);
	}
	if (want->roles == ROLE_RESPONDER)
		snprintf(ret_text, 128, "a token of a responder");
}

/* Why none of the tokens fits, naming what is plugged in. */
static enum err_code
say_none(const struct client_options *options, const struct token_list *list,
    const struct hand_want *want, struct err *err)
{
	char wanted[128];
	const struct seat_token *entry;

	wanted_text(want, wanted);
	if (list->count == 0)
		return err_set(err, ERR_TOKEN_ABSENT,
		    "no token is plugged in; this needs %s", wanted);
	for (size_t i = 0; i < list->count; i++) {
		const struct token_found *found = &list->found[i];
		const struct seat *seat;

		if (options->serial != 0 && found->serial != options->serial)
			continue;
		if (found->problem[0] != '\0')
			return err_set(err, ERR_TOKEN, "the token in %s cannot be used: %s",
			    found->reader, found->problem);
		seat = seat_of_serial(want, found->serial, &entry);
		if (seat == NULL)
			return err_set(err, ERR_TOKEN_ABSENT,
			    "token %u belongs to no seat of this vault; this needs %s",
			    found->serial, wanted);
		return err_set(err, ERR_TOKEN_ABSENT,
		    "token %u belongs to the seat %s; this needs %s", found->serial, seat->name,
		    wanted);
	}
	return err_set(err, ERR_TOKEN_ABSENT, "token %u is not plugged in; this needs %s",
	    options->serial, wanted);
}

/* The token that fits WANT, or any when WANT is NULL; ERR_NOT_FOUND when there is none. */
static enum err_code
choose(const struct client_options *options, const struct token_list *list,
    const struct hand_want *want, const struct token_found **ret_found, struct err *err)
{
	const struct token_found *chosen = NULL;
	BUF fitting = {0};
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct token_found *found = &list->found[i];
		const struct seat_token *entry;
		const struct seat *seat = NULL;

		if (found->problem[0] != '\0' ||
		    (options->serial != 0 && found->serial != options->serial))
			continue;
		if (want != NULL) {
			seat = seat_of_serial(want, found->serial, &entry);
			if (seat == NULL || !seat_fits(want, seat))
				continue;
		}
		chosen = found;
		buf_format(&fitting, "%s%u%s%s%s", count++ > 0 ? ", " : "", found->serial,
		    seat != NULL ? " (" : "", seat != NULL ? seat->name : "",
		    seat != NULL ? ")" : "");
	}
	if (count == 0)
		return ERR_NOT_FOUND;
	if (count > 1 && options->serial == 0)
		return err_set(err, ERR_USAGE,
		    "several tokens fit: %s; choose one with --serial", buf_string(&fitting));
	if (count > 1)
		return err_set(err, ERR_TOKEN,
		    "two tokens say that their serial is %u: unplug all but yours",
		    options->serial);
	*ret_found = chosen;
	return ERR_OK;
}

/* Open what was found and read what it says about itself. */
static enum err_code
open_found(struct hand *hand, struct err *err)
{
	TRY(token_open(hand->options->drivers, hand->options->driver_count, &hand->found,
	    &hand->options->ui->touch, &hand->token, err));
	TRY(token_get_info(hand->token, &hand->info, err));
	if (hand->info.serial != hand->found.serial)
		return err_set(err, ERR_TOKEN,
		    "the token changed its serial from %u to %u: it was exchanged, or lies",
		    hand->found.serial, hand->info.serial);
	return ERR_OK;
}

/* The real keys on the token are those of the document, where the token can tell. */
static enum err_code
compare_keys(const struct hand *hand, struct err *err)
{
	if (!hand->info.metadata)
		return ERR_OK;
	for (int key = 0; key < KEY_COUNT; key++) {
		const struct token_key_info *real = &hand->info.keys[key];

		if (!hand->entry->has[key])
			continue;
		if (!real->present)
			return err_set(err, ERR_INTEGRITY,
			    "token %u holds no %s key, but the document lists one for the seat %s: "
			    "the key was deleted, or this is another token", hand->info.serial,
			    key_names[key], hand->seat->name);
		if (!point_equal(&real->key, &hand->entry->keys[key]))
			return err_set(err, ERR_INTEGRITY,
			    "token %u holds another %s key than the document lists for the seat "
			    "%s: do not sign it, and tell the other officers", hand->info.serial,
			    key_names[key], hand->seat->name);
	}
	return ERR_OK;
}

/* Who took it out of service, when and why: before anybody types a PIN. */
static enum err_code
check_active(const struct hand *hand, const struct hand_want *want, struct err *err)
{
	const struct suspension *found = suspensions_find(want->suspended, &hand->entry->id);
	char name[HAND_NAME_SIZE];
	BUF text = {0};

	if (found == NULL)
		return ERR_OK;
	hand_name(hand, name);
	suspension_text(found, &text);
	return err_set(err, ERR_REFUSED, "%s was %s. It counts for nothing until a new charter restores "
	    "it; use another token of the seat", name, buf_string(&text));
}

enum err_code
hand_take(const struct client_options *options, const struct hand_want *want,
    struct hand *ret_hand, struct err *err)
{
	struct token_list list = {0};
	const struct token_found *found = NULL;
	HAND hand = {.options = options};
	enum err_code code;

	TRY(token_list_all(options->drivers, options->driver_count, &list, err));
	code = choose(options, &list, want, &found, err);
	if (code == ERR_NOT_FOUND)
		return say_none(options, &list, want, err);
	if (code != ERR_OK)
		return code;
	hand.found = *found;
	hand.seat = seat_of_serial(want, found->serial, &hand.entry);
	memcpy(hand.label, hand.entry->label, sizeof(hand.label));
	TRY(open_found(&hand, err));
	TRY(check_active(&hand, want, err));
	TRY(compare_keys(&hand, err));
	*ret_hand = hand;
	hand = (struct hand){0};
	return ERR_OK;
}

enum err_code
hand_take_any(const struct client_options *options, struct hand *ret_hand, struct err *err)
{
	static const struct hand_want nothing;
	struct token_list list = {0};
	const struct token_found *found = NULL;
	HAND hand = {.options = options};
	enum err_code code;

	TRY(token_list_all(options->drivers, options->driver_count, &list, err));
	code = choose(options, &list, NULL, &found, err);
	if (code == ERR_NOT_FOUND && list.count > 0 && options->serial == 0)
		return err_set(err, ERR_TOKEN, "the token in %s cannot be used: %s",
		    list.found[0].reader, list.found[0].problem);
	if (code == ERR_NOT_FOUND)
		return list.count == 0 ? err_set(err, ERR_TOKEN_ABSENT, "no token is plugged in") :
		    say_none(options, &list, &nothing, err);
	if (code != ERR_OK)
		return code;
	hand.found = *found;
	TRY(open_found(&hand, err));
	*ret_hand = hand;
	hand = (struct hand){0};
	return ERR_OK;
}

/* What can be known before the person types anything. */
static enum err_code
check_tries(const struct hand *hand, bool *ret_last, struct err *err)
{
	const struct ui *ui = hand->options->ui;
	char name[HAND_NAME_SIZE], serial[16], question[512];

	*ret_last = false;
	if (hand->info.pin_default)
		return err_set(err, ERR_REFUSED,
		    "it still has the factory PIN; change it first: ykman --device %u piv access "
		    "change-pin", hand->info.serial);
	if (hand->info.pin_tries == 0)
		return err_set(err, ERR_PIN_BLOCKED, "its PIV PIN is blocked, no try is left");
	if (hand->info.pin_tries != 1)
		return ERR_OK;
	hand_name(hand, name);
	snprintf(serial, sizeof(serial), "%u", hand->info.serial);
	snprintf(question, sizeof(question),
	    "%s has ONE PIN try left. A wrong PIN blocks it until the PUK is used. To spend the last "
	    "try, type its serial", name);
	if (ui_demand(ui, question, serial, err) != ERR_OK)
		return err_add(err, "ONE PIN try is left, and it was not spent");
	*ret_last = true;
	return ERR_OK;
}

static enum err_code
ask_pin(const struct hand *hand, struct secret **ret_pin, struct err *err)
{
	const struct ui *ui = hand->options->ui;
	char name[HAND_NAME_SIZE], prompt[512], tries[48] = "";

	hand_name(hand, name);
	if (hand->info.pin_tries > 0)
		snprintf(tries, sizeof(tries), ", %d %s left", hand->info.pin_tries,
		    hand->info.pin_tries == 1 ? "try" : "tries");
	snprintf(prompt, sizeof(prompt), "PIV PIN of %s%s: ", name, tries);
	return ui->ask_pin(ui->context, prompt, ret_pin, err);
}

/* After a wrong PIN the token is opened anew: what it says about its tries must be fresh. */
static enum err_code
reopen(struct hand *hand, struct err *err)
{
	token_close(hand->token);
	hand->token = NULL;
	TRY(open_found(hand, err));
	return hand->entry != NULL ? compare_keys(hand, err) : ERR_OK;
}

static enum err_code
unlock_once(struct hand *hand, unsigned signatures, unsigned agreements, struct err *err)
{
	unsigned touches = token_touches(hand->token, signatures, agreements);
	SECRET *pin = NULL;
	bool last = false;

	TRY(check_tries(hand, &last, err));
	TRY(ask_pin(hand, &pin, err));
	return token_unlock(hand->token, pin, last, touches, err);
}

enum err_code
hand_unlock(struct hand *hand, unsigned signatures, unsigned agreements, struct err *err)
{
	struct err refused;
	char name[HAND_NAME_SIZE];

	hand_name(hand, name);
	for (unsigned attempt = 1;; attempt++) {
		enum err_code code = unlock_once(hand, signatures, agreements, err);

		if (code == ERR_OK)
			return ERR_OK;
		if (code != ERR_PIN && attempt > 1 && code == ERR_USAGE) {
			*err = refused; /* there was only one PIN to try */
			return err_add(err, "unlocking %s", name);
		}
		if (code != ERR_PIN || attempt == PIN_ATTEMPTS)
			return err_add(err, "unlocking %s", name);
		refused = *err;
		ui_say(hand->options->ui, "%s.", err->text);
		TRY(reopen(hand, err));
		if (hand->info.pin_tries <= 1) {
			*err = refused;
			return err_add(err, "unlocking %s", name);
		}
	}
}

enum err_code
hand_sign_as(struct hand *hand, const struct point *signer, struct dsse *statement,
    const char *purpose, struct err *err)
{
	bool assertion = strcmp(hand->found.driver, "fido2") == 0;
	struct token_signature made;
	struct digest digest, id;
	char keyid[2 * DIGEST_SIZE + 1];

	TRY(dsse_digest(statement, &digest, err));
	TRY(token_id(signer, &id, err));
	TRY(token_sign(hand->token, &digest, purpose, &made, err));
	text_hex(VIEW_OF(id.bytes), keyid);
	TRY(dsse_add(statement, keyid, view_of(made.der, made.size),
	    view_of(made.authdata, made.authdata_size), err));
	if (signature_verify(statement, dsse_find(statement, keyid),
	    assertion ? SIGNS_ASSERTION : SIGNS_DIGEST, signer, err) != ERR_OK)
		return err_set(err, ERR_TOKEN,
		    "token %u made a signature that does not verify with its own key; do not use it",
		    hand->info.serial);
	return ERR_OK;
}

enum err_code
hand_sign(struct hand *hand, struct dsse *statement, const char *purpose, struct err *err)
{
	return hand_sign_as(hand, &hand->entry->keys[KEY_SIGN], statement, purpose, err);
}

enum err_code
hand_agree(void *context, const struct point *peer, struct secret **ret_shared, struct err *err)
{
	struct hand_agree *agree = context;

	return token_agree(agree->hand->token, agree->key, peer, agree->purpose, ret_shared, err);
}
