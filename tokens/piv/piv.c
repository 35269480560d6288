/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The link between a PIV token and libykpiv.
 *
 * libykpiv carries commands: it chains long ones and fetches long answers.  It is given our own
 * card handle, locked memory and no voice (verbose 0: above 1 it would print PINs), and it never
 * sees a PIN by its own name: ykpiv_verify() would keep it and, when pcscd reports a reset, send
 * it again to whatever card is there then.  VERIFY therefore goes through ykpiv_transfer_data()
 * like every other command, and so do key operations, whose answers libykpiv would accept with
 * trailing bytes and whose status words it would hide.
 *
 * A token pulled during a command reaches us as PC/SC error or as success without any byte.
 */
#include "tokens/piv/piv.h"

#include <stdlib.h>
#include <string.h>
#include <ykpiv.h>

#include "tokens/piv/make.h"
#include "tokens/piv/manage.h"
#include "tokens/piv/pin.h"
#include "tokens/piv/use.h"

enum { LIST_MS = 3000, OPEN_MS = 20000 };

struct link {
	struct piv_token token;
	struct secret *reply;
	ykpiv_state *ykpiv;
	bool attached; /* libykpiv has the handle */
};

static void *
give(void *data, size_t size)
{
	(void)data;
	return secret_calloc(1, size);
}

static void *
give_again(void *data, void *pointer, size_t size)
{
	(void)data;
	return secret_realloc(pointer, size);
}

static void
take_back(void *data, void *pointer)
{
	(void)data;
	secret_release(pointer);
}

static enum err_code
attach(struct link *link, struct err *err)
{
	uintptr_t context, handle;

	if (link->attached)
		return ERR_OK;
	pcsc_handles(link->token.pcsc, &context, &handle);
	if (ykpiv_connect_with_external_card(link->ykpiv, context, handle) != YKPIV_OK)
		return pcsc_why(link->token.pcsc, err);
	link->attached = true;
	return ERR_OK;
}

static enum err_code
exchange(void *context, const uint8_t header[4], struct view data, struct secret *reply,
    uint16_t *ret_status, struct err *err)
{
	static const uint8_t nothing[1];
	struct link *link = context;
	unsigned long size = secret_capacity(reply);
	int status = 0;

	TRY(attach(link, err));
	ykpiv_rc code =
	    ykpiv_transfer_data(link->ykpiv, header, data.size > 0 ? data.data : nothing,
	        (long)data.size, secret_data(reply), &size, &status);
	if (code == YKPIV_SIZE_ERROR)
		return err_set(err, ERR_TOKEN,
		    "it answered with more bytes than any answer may have: "
		    "the token or its reader is broken, or lies; use another");
	if (code != YKPIV_OK || status == 0)
		return pcsc_why(link->token.pcsc, err);
	TRY(secret_resize(reply, size, err));
	*ret_status = (uint16_t)status;
	return ERR_OK;
}

static void
link_free(struct link *link)
{
	if (link == NULL)
		return;
	if (link->token.pcsc != NULL)
		piv_token_lock(&link->token);
	if (link->ykpiv != NULL)
		ykpiv_done_with_external_card(link->ykpiv);
	pcsc_close(link->token.pcsc);
	secret_free(link->reply);
	free(link);
}

DESTRUCTOR(link_freep, struct link, link_free)
#define LINK CLEANUP(link_freep) struct link

/* For the card in READER, which is not connected to yet. */
static enum err_code
link_new(const char *reader, const struct token_ui *ui, struct link **ret_link, struct err *err)
{
	static const ykpiv_allocator allocator = {give, give_again, take_back, NULL};
	LINK *link = calloc(1, sizeof(*link));

	if (link == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a token");
	TRY(secret_new(PIV_REPLY_MAX, &link->reply, err));
	if (ykpiv_init_with_allocator(&link->ykpiv, 0, &allocator) != YKPIV_OK)
		return err_set(err, ERR_MEMORY,
		    "no locked memory for a token: raise RLIMIT_MEMLOCK (ulimit -l)");
	if (strlen(reader) > TOKEN_READER_MAX)
		return err_set(err, ERR_TOKEN_ABSENT, "no reader has such a long name");
	memcpy(link->token.reader, reader, strlen(reader));
	link->token.card = (struct piv_card){exchange, link, link->reply};
	if (ui != NULL)
		link->token.ui = *ui;
	*ret_link = TAKE(link);
	return ERR_OK;
}

static const struct token_traits piv_traits = {
    .name = "piv",
    .label = "PIV",
    .pin_name = "PIV PIN",
    .pin_shape = "6 to 8 characters, digits are best",
    .tells_serial = true,
    .managed = true,
};

/* Who is in READER, and with which FIRMWARE. */
static enum err_code
look(const char *reader, bool firmware, struct link **ret_link, struct err *err)
{
	LINK *link = NULL;

	TRY(link_new(reader, NULL, &link, err));
	TRY(piv_token_look(&link->token, firmware, LIST_MS, err));
	*ret_link = TAKE(link);
	return ERR_OK;
}

/* One card of the list: what it is, or why it cannot be used.  Nothing when it left meanwhile. */
static enum err_code
list_card(const struct pcsc_found *card, const struct token_seek *seek, struct token_list *list,
    bool *ret_meant, struct err *err)
{
	struct token_found found = {0};
	LINK *link = NULL;
	enum err_code code;

	memcpy(found.reader, card->reader, sizeof(found.reader));
	memcpy(found.problem, card->problem, sizeof(found.problem));
	found.busy = card->busy;
	if (found.problem[0] == '\0') {
		code = look(card->reader, seek == NULL, &link, err);
		if (code == ERR_TOKEN_ABSENT)
			return ERR_OK;
		if (code == ERR_MEMORY)
			return code;
		if (code != ERR_OK)
			memcpy(found.problem, err->text, sizeof(found.problem) - 1);
		found.busy = code == ERR_BUSY;
	}
	if (link != NULL) {
		found.serial = link->token.serial;
		memcpy(found.firmware, link->token.firmware, sizeof(found.firmware));
	}
	list->found[list->count++] = found;
	*ret_meant = token_seek_fit(seek, &piv_traits, &found) == TOKEN_IS_MEANT;
	return ERR_OK;
}

static enum err_code
piv_list(void *driver, const struct token_seek *seek, struct token_list *ret_list, struct err *err)
{
	struct token_list list = {0};
	struct pcsc_list cards;
	bool meant = false;

	(void)driver;
	TRY(pcsc_list(&cards, err));
	for (size_t i = 0; i < cards.count && !meant; i++)
		TRY(list_card(&cards.found[i], seek, &list, &meant, err));
	*ret_list = list;
	return ERR_OK;
}

static enum err_code
piv_wait(void *driver, unsigned milliseconds, bool *ret_changed, struct err *err)
{
	struct pcsc_change change;

	(void)driver;
	TRY(pcsc_wait(milliseconds, &change, err));
	*ret_changed = change.came || change.left;
	return ERR_OK;
}

static enum err_code
piv_open(void *driver, const char *reader, const struct token_ui *ui, void **ret_token,
    struct err *err)
{
	LINK *link = NULL;
	enum err_code code = link_new(reader, ui, &link, err);

	(void)driver;
	if (code == ERR_OK)
		code = piv_token_connect(&link->token, OPEN_MS, err);
	if (code == ERR_BUSY) /* to callers it is the token's fault */
		err->code = ERR_TOKEN;
	if (code != ERR_OK)
		return err_add(err, "the token in reader %s", reader);
	*ret_token = &TAKE(link)->token;
	return ERR_OK;
}

/* The token is the link's first member. */
static void
piv_close(void *token)
{
	link_free(token);
}

static const struct token_ops piv_ops = {
    .traits = &piv_traits,
    .list = piv_list,
    .open = piv_open,
    .wait = piv_wait,
    .info = piv_token_info,
    .unlock = piv_use_unlock,
    .agree = piv_use_agree,
    .sign = piv_use_sign,
    .attest = piv_token_attest,
    .generate = piv_make_key,
    .change = piv_pin_change,
    .protect = piv_manage_protect,
    .close = piv_close,
};

struct token_driver
piv_driver(void)
{
	return (struct token_driver){&piv_ops, NULL};
}
