/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token is looked for at every hidraw device that says it is a FIDO one, and in every PC/SC
 * reader that holds a card.  A card without FIDO2 application is not ours to speak of.
 */
#include "tokens/fido/driver.h"

#include <string.h>

#include "tokens/fido/fido.h"
#include "tokens/fido/hid.h"
#include "tokens/fido/use.h"
#include "tokens/reader/count.h"
#include "tokens/reader/reader.h"

enum { LIST_MS = 3000, OPEN_MS = 20000, WAIT_STEP_MS = 500 };

static const struct token_traits fido_traits = {
    .name = "fido2",
    .label = "FIDO2",
    .pin_name = "FIDO2 PIN",
    .pin_shape = "at least 4 characters",
    .derives = true,
    .asserts = true,
    .one_touch = true,
};

struct listing {
	const struct token_seek *seek;
	struct token_list list;
	bool meant; /* it is the last one of LIST */
};

static bool
may_be(const void *seek, uint32_t serial)
{
	return token_seek_may_be(seek, &fido_traits, serial);
}

/* One place where a token may be.  Nothing when there is none, or it has left meanwhile. */
static enum err_code
list_one(const char *reader, const char *problem, struct listing *listing, struct err *err)
{
	struct token_list *list = &listing->list;
	struct token_found found = {0};
	FIDO_TOKEN *token = NULL;

	if (list->count == TOKENS_MAX)
		return err_set(err, ERR_TOKEN,
		    "more than %d tokens are plugged in: unplug those that are not needed",
		    TOKENS_MAX);
	memcpy(found.reader, reader, strlen(reader));
	found.no_choice = reader[0] != '/';
	memcpy(found.problem, problem, strlen(problem));
	if (problem[0] == '\0') {
		enum err_code code =
		    fido_token_look(reader, may_be, listing->seek, LIST_MS, &token, err);

		if (code == ERR_TOKEN_ABSENT || code == ERR_NOT_FOUND)
			return ERR_OK;
		if (code == ERR_MEMORY)
			return code;
		found.busy = code == ERR_BUSY;
		if (code != ERR_OK)
			memcpy(found.problem, err->text, sizeof(found.problem) - 1);
	}
	if (token != NULL) {
		const struct fido_facts *facts = &token->link.facts;

		found.serial = token->link.serial;
		memcpy(found.firmware, facts->firmware, sizeof(found.firmware));
		memcpy(found.aaguid, facts->aaguid, sizeof(found.aaguid));
	}
	list->found[list->count++] = found;
	listing->meant = token_seek_fit(listing->seek, &fido_traits, &found) == TOKEN_IS_MEANT;
	return ERR_OK;
}

static enum err_code
fido_list(void *driver, const struct token_seek *seek, struct token_list *ret_list, struct err *err)
{
	struct listing listing = {.seek = seek};
	struct pcsc_list cards = {0};
	struct fido_nodes nodes = {0};

	(void)driver;
	TRY(fido_nodes(&nodes, err));
	for (size_t i = 0; i < nodes.count; i++)
		TRY(list_one(nodes.path[i], "", &listing, err));
	/* USB keys need no pcscd. */
	enum err_code code = pcsc_list(&cards, err);

	if (code != ERR_OK && listing.list.count == 0)
		return code;
	for (size_t i = 0; code == ERR_OK && i < cards.count && !listing.meant; i++)
		TRY(list_one(cards.found[i].reader, cards.found[i].problem, &listing, err));
	*ret_list = listing.list;
	return ERR_OK;
}

/* Where tokens may be at this moment; nothing is asked of them. */
struct places {
	struct fido_nodes nodes;
	struct pcsc_list cards;
	uint32_t changes[TOKENS_MAX];
};

static enum err_code
look_around(struct places *ret_places, struct err *err)
{
	struct err why;

	memset(ret_places, 0, sizeof(*ret_places));
	TRY(fido_nodes(&ret_places->nodes, err));
	if (pcsc_list(&ret_places->cards, &why) != ERR_OK)
		ret_places->cards.count = 0; /* USB keys need no pcscd */
	for (size_t i = 0; i < ret_places->cards.count; i++)
		ret_places->changes[i] = pcsc_changes(ret_places->cards.found[i].reader);
	return ERR_OK;
}

static bool
is_same(const struct places *a, const struct places *b)
{
	bool same = a->nodes.count == b->nodes.count && a->cards.count == b->cards.count;

	for (size_t i = 0; same && i < a->nodes.count; i++)
		same = strcmp(a->nodes.path[i], b->nodes.path[i]) == 0;
	for (size_t i = 0; same && i < a->cards.count; i++)
		same = strcmp(a->cards.found[i].reader, b->cards.found[i].reader) == 0 &&
		    a->changes[i] == b->changes[i];
	return same;
}

/* pcscd tells at once, but not what happened while nobody waited, and nothing tells about device
 * nodes: both are looked at in between. */
static enum err_code
fido_wait(void *driver, unsigned milliseconds, bool *ret_changed, struct err *err)
{
	struct places before, after;
	bool changed = false;

	(void)driver;
	TRY(look_around(&before, err));
	for (unsigned left = milliseconds; left > 0 && !changed;) {
		unsigned step = left < WAIT_STEP_MS ? left : WAIT_STEP_MS;
		struct pcsc_change cards;

		TRY(pcsc_wait(step, &cards, err));
		TRY(look_around(&after, err));
		changed = cards.came || cards.left || !is_same(&before, &after);
		left -= step;
	}
	*ret_changed = changed;
	return ERR_OK;
}

static enum err_code
fido_open(void *driver, const char *reader, const struct token_ui *ui, void **ret_token,
    struct err *err)
{
	struct fido_token *token = NULL;
	enum err_code code = fido_token_new(reader, OPEN_MS, &token, err);

	(void)driver;
	if (code == ERR_BUSY) /* to callers it is the token's fault */
		err->code = ERR_TOKEN;
	if (code != ERR_OK)
		return err_add(err, "the FIDO2 token at %s", reader);
	if (ui != NULL)
		token->ui = *ui;
	*ret_token = token;
	return ERR_OK;
}

static void
close_token(void *token)
{
	fido_token_close(token);
}

static const struct token_ops fido_ops = {
    .traits = &fido_traits,
    .list = fido_list,
    .open = fido_open,
    .wait = fido_wait,
    .choose = fido_choose,
    .info = fido_token_info,
    .bind = fido_token_bind,
    .unlock = fido_token_unlock,
    .agree = fido_use_agree,
    .sign = fido_use_sign,
    .make = fido_use_make,
    .derive = fido_use_derive,
    .change = fido_token_change,
    .close = close_token,
};

struct token_driver
fido_driver(void)
{
	return (struct token_driver){&fido_ops, NULL};
}
