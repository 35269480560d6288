/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that talks to a card runs on a locked stack (secret_stack_run), since libykpiv and
 * libpcsclite leave what they carry on theirs; people are spoken to from the caller's thread,
 * which also watches the time: a token may answer for ever.
 *
 * A session is one PC/SC transaction that begins with SELECT and a look at the serial number: the
 * token may have been exchanged since the last one.  What goes wrong before a PIN was sent may be
 * tried once more.
 */
#include "tokens/piv_token.h"

#include <stdio.h>
#include <string.h>

enum {
	OTHERS_MS = 20000, /* a touch asked for by another program ends within 15 s */
	LIMIT_MS = 45000,  /* that, 15 s for our own touch, and time to spare */
	WAITING_MS = 1000,
};

void
piv_token_name(const struct piv_token *token, char ret_name[PIV_NAME_SIZE])
{
	if (token->serial != 0)
		snprintf(ret_name, PIV_NAME_SIZE, "token %u", token->serial);
	else
		snprintf(ret_name, PIV_NAME_SIZE, "the token in reader %s", token->reader);
}

/* Put the token's name in front of an error, and remember when it is gone.  That other programs
 * hold it is the token's trouble to our callers. */
enum err_code
piv_token_named(struct piv_token *token, enum err_code code, struct err *err)
{
	char name[PIV_NAME_SIZE];

	if (code == ERR_OK)
		return ERR_OK;
	if (code == ERR_TOKEN_GONE) {
		token->gone = true;
		token->pin = NULL;
	}
	if (code == ERR_BUSY)
		err->code = ERR_TOKEN;
	piv_token_name(token, name);
	return err_add(err, "%s", name);
}

enum err_code
piv_token_check_usable(const struct piv_token *token, struct err *err)
{
	if (token->gone)
		return err_set(
		    err, ERR_TOKEN_GONE, "it was pulled out or reset: run the command again");
	return ERR_OK;
}

enum err_code
piv_token_slot_of(
    const struct piv_token *token, enum token_key key, uint8_t *ret_slot, struct err *err)
{
	uint8_t slot = (unsigned)key < TOKEN_KEYS ? token->slots->slot[key] : 0;

	if (slot == 0)
		return err_set(err, ERR_INTERNAL, "no slot is configured for this key");
	*ret_slot = slot;
	return ERR_OK;
}

/* ---- running ---- */

struct watch {
	struct piv_token *token;
	bool tell;
};

/* Called each 250 ms while a command blocks. */
static void
watch(void *argument, unsigned milliseconds)
{
	const struct watch *job = argument;
	const struct token_ui *ui = &job->token->ui;

	if (job->tell && ui->waiting != NULL && milliseconds % WAITING_MS == 0)
		ui->waiting(ui->context, milliseconds);
	if (milliseconds >= LIMIT_MS)
		pcsc_abort(job->token->pcsc);
}

enum err_code
piv_token_run(struct piv_token *token, enum err_code (*body)(void *argument, struct err *err),
    void *argument, bool tell, struct err *err)
{
	struct watch job = {token, tell};

	return secret_stack_run(body, argument, watch, &job, err);
}

/* ---- sessions ---- */

static enum err_code
identify(struct piv_token *token, struct err *err)
{
	uint32_t serial = 0;

	TRY(piv_select(&token->card, err));
	TRY(piv_serial(&token->card, &serial, err));
	if (serial == token->serial)
		return ERR_OK;
	return err_set(err, ERR_TOKEN_ABSENT,
	    "it is no longer in reader %s: token %u is there now, and was not used; plug the right "
	    "one in and run the command again",
	    token->reader, serial);
}

/* Nothing to do once unlocked: that transaction lasts. */
enum err_code
piv_token_begin(struct piv_token *token, struct err *err)
{
	enum err_code code = ERR_TOKEN_GONE;

	TRY(piv_token_check_usable(token, err));
	if (token->unlocked)
		return ERR_OK;
	for (int i = 0; i < 2 && code == ERR_TOKEN_GONE; i++) {
		TRY(pcsc_begin(token->pcsc, OTHERS_MS, err));
		code = identify(token, err);
		if (code != ERR_OK)
			pcsc_end(token->pcsc, false);
	}
	return code;
}

void
piv_token_endp(struct piv_token **token)
{
	if (*token == NULL || (*token)->unlocked)
		return;
	pcsc_end((*token)->pcsc, (*token)->dirty);
	(*token)->dirty = false;
}

struct identify {
	struct piv_token *token;
	unsigned milliseconds;
};

static enum err_code
identify_new(void *argument, struct err *err)
{
	const struct identify *job = argument;
	struct piv_token *token = job->token;
	SESSION *session = NULL;
	uint8_t firmware[3];

	TRY(pcsc_begin(token->pcsc, job->milliseconds, err));
	session = token;
	TRY(piv_select(&token->card, err));
	TRY(piv_version(&token->card, firmware, err));
	TRY(piv_serial(&token->card, &token->serial, err));
	memcpy(token->firmware, firmware, sizeof(firmware));
	return ERR_OK;
}

enum err_code
piv_token_identify(struct piv_token *token, unsigned milliseconds, struct err *err)
{
	struct identify job = {token, milliseconds};

	return piv_token_run(token, identify_new, &job, false, err);
}

void
piv_token_lock(struct piv_token *token)
{
	pcsc_end(token->pcsc, token->dirty);
	token->unlocked = token->dirty = false;
	token->pin = NULL;
}

/* ---- info ---- */

enum err_code
piv_token_read_keys(
    struct piv_token *token, bool metadata, struct token_key_info keys[TOKEN_KEYS], struct err *err)
{
	for (int i = 0; i < TOKEN_KEYS; i++) {
		bool known = false;

		keys[i] = (struct token_key_info){.slot = token->slots->slot[i]};
		if (metadata && keys[i].slot != 0)
			TRY(piv_read_key(&token->card, keys[i].slot, &known, &keys[i], err));
	}
	return ERR_OK;
}

static enum err_code
read_references(struct piv_token *token, struct token_info *info, struct err *err)
{
	struct piv_reference pin = {.tries = -1, .total = -1}, puk = {.tries = -1};
	bool known = false;

	TRY(piv_read_reference(&token->card, PIV_PIN, &info->metadata, &pin, err));
	TRY(piv_read_reference(&token->card, PIV_PUK, &known, &puk, err));
	/* Without metadata one must ask for the tries, which would forget a verified PIN. */
	if (!info->metadata && !token->unlocked)
		TRY(piv_tries(&token->card, &pin.tries, err));
	info->pin_tries = pin.tries;
	info->pin_tries_total = pin.total;
	info->pin_default = pin.factory;
	info->puk_tries = puk.tries;
	info->puk_default = puk.factory;
	return ERR_OK;
}

struct info {
	struct piv_token *token;
	struct token_info *ret_info;
};

static enum err_code
read_info(void *argument, struct err *err)
{
	const struct info *job = argument;
	struct piv_token *token = job->token;
	struct token_info info = {.driver = "piv", .serial = token->serial};
	SESSION *session = NULL;
	bool known = false;

	TRY(piv_token_begin(token, err));
	session = token;
	memcpy(info.reader, token->reader, sizeof(info.reader));
	memcpy(info.firmware, token->firmware, sizeof(info.firmware));
	TRY(read_references(token, &info, err));
	TRY(piv_read_management(
	    &token->card, &known, &info.management_algorithm, &info.management_default, err));
	TRY(piv_token_read_keys(token, info.metadata, info.keys, err));
	*job->ret_info = info;
	return ERR_OK;
}

enum err_code
piv_token_info(void *token, struct token_info *ret_info, struct err *err)
{
	struct info job = {token, ret_info};

	return piv_token_named(token, piv_token_run(token, read_info, &job, false, err), err);
}

/* ---- attest ---- */

struct attest {
	struct piv_token *token;
	uint8_t slot;
	struct buf *ret_slot, *ret_device;
};

static enum err_code
attest(void *argument, struct err *err)
{
	const struct attest *job = argument;
	struct piv_token *token = job->token;
	SESSION *session = NULL;
	BUF own = {0};
	BUF device = {0};

	TRY(piv_token_begin(token, err));
	session = token;
	TRY(piv_attest_key(&token->card, job->slot, &own, err));
	TRY(piv_attest_device(&token->card, &device, err));
	buf_bytes(job->ret_slot, buf_view(&own));
	buf_bytes(job->ret_device, buf_view(&device));
	TRY(buf_check(job->ret_slot, err));
	return buf_check(job->ret_device, err);
}

enum err_code
piv_token_attest(
    void *token, enum token_key key, struct buf *ret_slot, struct buf *ret_device, struct err *err)
{
	struct attest job = {.token = token, .ret_slot = ret_slot, .ret_device = ret_device};
	enum err_code code = piv_token_slot_of(token, key, &job.slot, err);

	if (code == ERR_OK)
		code = piv_token_run(token, attest, &job, false, err);
	return piv_token_named(token, code, err);
}
