/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/hand/hand.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/client/hand/find.h"

void
hand_done(struct hand *hand)
{
	token_close(hand->token);
	secret_freep(&hand->pin);
	*hand = (struct hand){0};
}

void
hand_name(const struct hand *hand, char ret_text[HAND_NAME_SIZE])
{
	char serial[SERIAL_TEXT_SIZE];

	serial_text(hand->info.serial, serial);
	if (hand->seat != NULL)
		snprintf(ret_text, HAND_NAME_SIZE, "%s's token %.*s%s%s%s", hand->seat->name,
		    LABEL_MAX + 2, QUOTED(hand->label), serial[0] != '\0' ? " (" : "", serial,
		    serial[0] != '\0' ? ")" : "");
	else if (hand->label[0] != '\0')
		snprintf(ret_text, HAND_NAME_SIZE, "the token %.*s%s%s%s", LABEL_MAX + 2,
		    QUOTED(hand->label), serial[0] != '\0' ? " (" : "", serial,
		    serial[0] != '\0' ? ")" : "");
	else if (serial[0] != '\0')
		snprintf(ret_text, HAND_NAME_SIZE, "the token with %s", serial);
	else
		snprintf(ret_text, HAND_NAME_SIZE, "the token in %.*s", TOKEN_READER_MAX + 2,
		    QUOTED(hand->found.reader));
}

/* The real keys on the token are those of the document, where the token can tell. */
static enum err_code
compare_keys(const struct hand *hand, struct err *err)
{
	if (hand->info.traits->derives)
		return ERR_OK;
	for (int key = 0; key < KEY_COUNT; key++) {
		const struct token_key_info *real = &hand->info.keys[key];

		if (!hand->entry->has[key] ||
		    (!hand->info.metadata && real->source != TOKEN_KEY_ATTESTED))
			continue;
		if (!real->present)
			return err_set(err, ERR_INTEGRITY,
			    "token %u holds no %s key, but the document lists one for the seat %s: "
			    "the key was deleted, or this is another token",
			    hand->info.serial, key_names[key], hand->seat->name);
		if (!point_equal(&real->key, &hand->entry->keys[key]))
			return err_set(err, ERR_INTEGRITY,
			    "token %u holds another %s key than the document lists for the seat "
			    "%s: do not sign it, and tell the other officers",
			    hand->info.serial, key_names[key], hand->seat->name);
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
	return err_set(err, ERR_REFUSED,
	    "%s was %s. It counts for nothing until a new charter restores "
	    "it; use another token of the seat",
	    name, buf_string(&text));
}

/* A FIDO2 token is told which of its credentials is meant. */
static enum err_code
bind_entry(struct hand *hand, struct err *err)
{
	const struct seat_token *entry = hand->entry;
	struct token_credential credential = {.size = entry->credential_size,
	    .salt = entry->salt,
	    .key = entry->keys[KEY_SIGN]};

	memcpy(credential.id, entry->credential, entry->credential_size);
	return token_bind(hand->token, &credential, err);
}

/* Open hand->found, compare it with hand->entry if there is one, and bind its credential. */
static enum err_code
hand_open(struct hand *hand, struct err *err)
{
	enum token_detail detail = hand->entry != NULL ? TOKEN_FOR_USE : TOKEN_WHOLE;

	TRY(token_open(&hand->found, &hand->options->ui->touch, detail, &hand->token, &hand->info,
	    err));
	if (hand->entry == NULL)
		return ERR_OK;
	TRY(compare_keys(hand, err));
	return bind_entry(hand, err);
}

enum err_code
hand_reopen(struct hand *hand, struct err *err)
{
	token_close(hand->token);
	hand->token = NULL;
	secret_freep(&hand->pin);
	return hand_open(hand, err);
}

enum err_code
hand_take_not(const struct client_options *options, const struct hand_want *want,
    const struct token_found *not_this, struct hand *ret_hand, struct err *err)
{
	HAND hand = {.options = options};
	struct hand_match match;

	if (want != NULL)
		TRY(want_check_label(options, want, err));
	TRY(hand_find(options, want, not_this, &match, err));
	hand.found = match.found;
	hand.seat = match.seat;
	hand.entry = match.entry;
	if (match.entry != NULL)
		memcpy(hand.label, match.entry->label, sizeof(hand.label));
	if (want != NULL && hand.entry != NULL)
		TRY(check_active(&hand, want, err));
	TRY(hand_open(&hand, err));
	*ret_hand = TAKE(hand);
	return ERR_OK;
}

enum err_code
hand_take(const struct client_options *options, const struct hand_want *want, struct hand *ret_hand,
    struct err *err)
{
	return hand_take_not(options, want, NULL, ret_hand, err);
}

enum err_code
hand_take_any(const struct client_options *options, struct hand *ret_hand, struct err *err)
{
	return hand_take_not(options, NULL, NULL, ret_hand, err);
}

static enum err_code
bad_signature(const struct hand *hand, struct err *err)
{
	char name[HAND_NAME_SIZE];

	hand_name(hand, name);
	return err_set(err, ERR_TOKEN,
	    "%s made a signature that does not verify with its own key; do not use it", name);
}

enum err_code
hand_sign_as(struct hand *hand, const struct point *signer, struct dsse *statement,
    const char *purpose, struct err *err)
{
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
	        hand->info.traits->asserts ? SIGNS_ASSERTION : SIGNS_DIGEST, signer, err) != ERR_OK)
		return bad_signature(hand, err);
	return ERR_OK;
}

enum err_code
hand_sign(struct hand *hand, struct dsse *statement, const char *purpose, struct err *err)
{
	return hand_sign_as(hand, &hand->entry->keys[KEY_SIGN], statement, purpose, err);
}

enum err_code
hand_state(struct hand *hand, enum statement_type type, bool training, struct json *payload,
    const char *purpose, struct dsse *ret_statement, struct err *err)
{
	TRY(statement_new(type, training, payload, ret_statement, err));
	return hand_sign(hand, ret_statement, purpose, err);
}

/* A derived key is compared before anything is opened with it: what does not open would be taken for
 * a forgery of the vault's, and not for what the token did. */
static enum err_code
check_derived(const struct hand_agree *agree, struct err *err)
{
	const struct hand *hand = agree->hand;
	struct point derived;
	char name[HAND_NAME_SIZE];

	if (hand->entry == NULL || !hand->info.traits->derives)
		return ERR_OK;
	TRY(token_derive(hand->token, agree->key, agree->purpose, &derived, err));
	if (point_equal(&derived, &hand->entry->keys[agree->key]))
		return ERR_OK;
	hand_name(hand, name);
	return err_set(err, ERR_TOKEN,
	    "%s derives another %s key than it did when it was enrolled: it is "
	    "broken, or was reset; nothing was opened. Take another token, and have this one replaced",
	    name, token_key_names[agree->key]);
}

enum err_code
hand_agree(void *context, const struct point *peer, struct secret **ret_shared, struct err *err)
{
	struct hand_agree *agree = context;

	TRY(check_derived(agree, err));
	return token_agree(agree->hand->token, agree->key, peer, agree->purpose, ret_shared, err);
}
