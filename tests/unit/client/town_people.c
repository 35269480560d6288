/* SPDX-License-Identifier: Apache-2.0 */
/* The town's tokens and the person in front of them. */
#include <stdio.h>

#include "tests/lib/p256_sign.h"
#include "tests/unit/client/town_parts.h"

/* ---- tokens ---- */

static const struct token_traits traits = {.name = "piv",
    .label = "PIV",
    .pin_name = "PIV PIN",
    .pin_shape = "6 to 8 characters, digits are best",
    .tells_serial = true,
    .managed = true};

static enum err_code
list(void *driver, const struct token_seek *seek, struct token_list *ret_list, struct err *err)
{
	struct town *town = driver;
	bool meant = false;

	(void)err;
	for (size_t i = 0; i < TOWN_TOKENS && !meant; i++) {
		struct token_found *found = &ret_list->found[ret_list->count];

		if (!town->tokens[i].plugged || town->tokens[i].fido)
			continue;
		snprintf(found->reader, sizeof(found->reader), "reader %zu", i);
		found->serial = town->tokens[i].busy ? 0 : town->tokens[i].serial;
		found->busy = town->tokens[i].busy;
		if (found->busy)
			snprintf(found->problem, sizeof(found->problem), "somebody uses it");
		ret_list->count++;
		town->asked++;
		meant = token_seek_fit(seek, &traits, found) == TOKEN_IS_MEANT;
	}
	return ERR_OK;
}

static enum err_code
open_token(void *driver, const char *reader, const struct token_ui *ui, void **ret_token,
    struct err *err)
{
	struct town *town = driver;
	size_t index;

	(void)ui;
	(void)err;
	assert_int_equal(sscanf(reader, "reader %zu", &index), 1);
	assert_true(index < TOWN_TOKENS);
	*ret_token = &town->tokens[index];
	return ERR_OK;
}

static enum err_code
info(void *handle, enum token_detail detail, struct token_info *ret_info, struct err *err)
{
	struct town_token *token = handle;

	(void)detail;
	(void)err;
	*ret_info = (struct token_info){.serial = token->serial,
	    .metadata = true,
	    .pin_tries = token->tries,
	    .puk_tries = 3,
	    .pin_tries_total = TOWN_PIN_TRIES,
	    .pin_default = token->factory_pin};
	for (int key = 0; key < TOKEN_KEYS; key++) {
		ret_info->keys[key].present = token->keys[key] != NULL;
		if (token->keys[key] != NULL)
			p256_key_public(token->keys[key], &ret_info->keys[key].key);
	}
	if (token->other_keys)
		p256_key_public(token->town->founded.spares[2], &ret_info->keys[TOKEN_SIGN].key);
	return ERR_OK;
}

static enum err_code
unlock(void *handle, struct secret *pin, bool last_try, unsigned touches, struct err *err)
{
	struct town_token *token = handle;
	struct view typed = secret_view(pin);

	assert_true(token->tries > 1 || last_try);
	if (typed.size != strlen(TOWN_PIN) || memcmp(typed.data, TOWN_PIN, typed.size) != 0) {
		token->tries--;
		return err_set(err, ERR_PIN, "PIN refused, %d tries left", token->tries);
	}
	token->tries = TOWN_PIN_TRIES;
	token->pin = pin;
	token->announced = touches;
	return ERR_OK;
}

static enum err_code
spend_touch(struct town_token *token, struct err *err)
{
	if (token->announced == 0)
		return err_set(err, ERR_INTEGRITY, "a touch that nobody announced");
	assert_true(view_equal(secret_view(token->pin), view_of_text(TOWN_PIN)));
	token->announced--;
	token->touches++;
	return ERR_OK;
}

static enum err_code
agree(void *handle, enum token_key key, const struct point *peer, const char *purpose,
    struct secret **ret_shared, struct err *err)
{
	struct town_token *token = handle;

	assert_non_null(purpose);
	assert_non_null(token->keys[key]);
	TRY(spend_touch(token, err));
	return p256_agree(token->keys[key], peer, ret_shared, err);
}

static enum err_code
sign(void *handle, const struct digest *digest, const char *purpose,
    struct token_signature *ret_signature, struct err *err)
{
	struct town_token *token = handle;
	struct digest other = *digest;
	BUF der = {0};

	assert_non_null(purpose);
	TRY(spend_touch(token, err));
	other.bytes[0] ^= token->lies;
	TRY(p256_sign(token->keys[TOKEN_SIGN], &other, &der, err));
	*ret_signature = (struct token_signature){.size = der.size};
	memcpy(ret_signature->der, der.data, der.size);
	return ERR_OK;
}

static void
close_token(void *handle)
{
	struct town_token *token = handle;

	token->announced = 0;
}

static enum err_code
wait_change(void *driver, unsigned milliseconds, bool *ret_changed, struct err *err)
{
	struct town *town = driver;

	(void)milliseconds;
	(void)err;
	if (town->on_wait == NULL)
		return err_set(err, ERR_INTERNAL, "nobody expected to wait");
	town->on_wait(town);
	*ret_changed = true;
	return ERR_OK;
}

static const struct token_ops town_ops = {.traits = &traits,
    .list = list,
    .open = open_token,
    .wait = wait_change,
    .info = info,
    .unlock = unlock,
    .agree = agree,
    .sign = sign,
    .close = close_token};

struct town_token *
town_token(struct town *town, uint32_t serial)
{
	for (size_t i = 0; i < TOWN_TOKENS; i++) {
		if (town->tokens[i].serial == serial)
			return &town->tokens[i];
	}
	fail_msg("no token %u", serial);
	return NULL;
}

/* Keys and credential were made with the charter. */
void
town_make_tokens(struct town *town)
{
	for (size_t i = 0; i < TOWN_TOKENS; i++) {
		struct town_token *token = &town->tokens[i];

		token->tries = TOWN_PIN_TRIES;
		token->town = town;
		token->serial = i < FOUNDED_SEATS ? TOWN_CISO + (uint32_t)i :
		    i == FOUNDED_SEATS            ? TOWN_ALICE :
		    i == FOUNDED_SEATS + 1        ? TOWN_ALICE_2 :
		                                    TOWN_STRANGER;
		for (int key = 0; key < TOKEN_KEYS; key++)
			token->keys[key] = i < FOUNDED_SEATS ? town->founded.keys[i][key] :
			    i == FOUNDED_SEATS               ? town->alice[key] :
			    i == FOUNDED_SEATS + 1           ? town->alice_2[key] :
			                                       NULL;
	}
	town->drivers[0] = (struct token_driver){.ops = &town_ops, .driver = town};
	town->drivers[1] = (struct token_driver){.ops = &town_fido_ops, .driver = town};
}

/* ---- the person ---- */

static void
say(void *context, const char *line)
{
	struct town *town = context;

	buf_text(&town->screen, line);
	buf_text(&town->screen, "\n");
}

static enum err_code
confirm(void *context, const char *question, const char *word, bool *ret_yes, struct err *err)
{
	struct town *town = context;

	(void)err;
	say(context, question);
	*ret_yes = town->answer_text == NULL || strcmp(town->answer_text, word) == 0;
	return ERR_OK;
}

static enum err_code
ask_pin(void *context, const char *prompt, struct secret **ret_pin, struct err *err)
{
	struct town *town = context;
	const char *pin = TOWN_PIN;

	say(context, prompt);
	if (town->pins_asked < ARRAY_SIZE(town->pins) && town->pins[town->pins_asked] != NULL)
		pin = town->pins[town->pins_asked];
	town->pins_asked++;
	if (pin[0] == '\0')
		return err_set(err, ERR_USAGE, "no PIN was typed");
	return secret_from(view_of_text(pin), ret_pin, err);
}

static enum err_code
ask_secret(void *context, const char *prompt, size_t max, struct secret **ret_secret,
    struct err *err)
{
	(void)context;
	(void)max;
	(void)ret_secret;
	return err_set(err, ERR_INTERNAL, "nobody expected: %s", prompt);
}

static enum err_code
ask_line(void *context, const char *question, char *ret_line, size_t size, struct err *err)
{
	struct town *town = context;

	(void)err;
	say(context, question);
	assert_non_null(town->line);
	assert_true(strlen(town->line) < size);
	memcpy(ret_line, town->line, strlen(town->line) + 1);
	return ERR_OK;
}

void
town_make_person(struct town *town)
{
	town->ui = (struct ui){.context = town,
	    .say = say,
	    .relay = say,
	    .progress = say,
	    .confirm = confirm,
	    .ask_line = ask_line,
	    .ask_pin = ask_pin,
	    .ask_secret = ask_secret};
}

bool
town_saw(struct town *town, const char *text)
{
	return strstr(buf_string(&town->screen), text) != NULL;
}
