/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that talks to a card runs on a locked stack (secret_stack_run), since libykpiv and
 * libpcsclite leave what they carry on theirs; people are spoken to from the caller's thread,
 * which also watches the time: a token may answer for ever.
 *
 * A session is one PC/SC transaction that begins with SELECT and a look at the serial number: the
 * token may have been exchanged since the last one.  What goes wrong before a PIN was sent may be
 * tried once more.
 *
 * What is known of a key comes from the best of three: metadata; what the card attests; the
 * certificate in the slot.
 */
#include "tokens/piv/token.h"

#include <stdio.h>
#include <string.h>

#include "base/secret_stack.h"
#include "tokens/formats/certificate.h"
#include "tokens/piv/object.h"
#include "tokens/reader/holders.h"

enum {
	OTHERS_MS = 20000, /* a touch asked for by another program ends within 15 s */
	LIMIT_MS = 45000,  /* that, 15 s for our own touch, and time to spare */
	WAITING_MS = 1000,
	BUSY_MS = 500, /* shorter waits are not worth a word */
	NAME_SIZE = TOKEN_READER_MAX + 32
};

/* "token 1001"; "card 2147...", of one without serial number; "the token in reader X". */
static void
name_token(const struct piv_token *token, char ret_name[NAME_SIZE])
{
	if (token->serial != 0)
		snprintf(ret_name, NAME_SIZE, "%s %u",
		    token_serial_is_made(token->serial) ? "card" : "token", token->serial);
	else
		snprintf(ret_name, NAME_SIZE, "the token in reader %s", token->reader);
}

/* Put the token's name in front of an error, and remember when it is gone.  That other programs
 * hold it is the token's trouble to our callers. */
enum err_code
piv_token_named(struct piv_token *token, enum err_code code, struct err *err)
{
	char name[NAME_SIZE];

	if (code == ERR_OK)
		return ERR_OK;
	if (code == ERR_TOKEN_GONE) {
		token->gone = true;
		token->pin = NULL;
	}
	if (code == ERR_BUSY)
		err->code = ERR_TOKEN;
	name_token(token, name);
	return err_add(err, "%s", name);
}

enum err_code
piv_token_check_usable(const struct piv_token *token, struct err *err)
{
	if (token->gone)
		return err_set(err, ERR_TOKEN_GONE,
		    "it was pulled out or reset: run the command again");
	return ERR_OK;
}

/* ---- running ---- */

struct watch {
	struct piv_token *token;
	bool tell;
};

static void
tell_busy(const struct token_ui *ui, unsigned milliseconds)
{
	char who[HOLDERS_SIZE];
	const char *remedy;

	if (ui->busy == NULL || (milliseconds != BUSY_MS && milliseconds % WAITING_MS != 0))
		return;
	(void)holders_guess(who, &remedy);
	ui->busy(ui->context, who, milliseconds);
}

/* Called each 250 ms while a command blocks. */
static void
watch(void *argument, unsigned milliseconds)
{
	const struct watch *job = argument;
	const struct token_ui *ui = &job->token->ui;

	if (atomic_load(&job->token->waits))
		tell_busy(ui, milliseconds);
	else if (job->tell && ui->waiting != NULL && milliseconds % WAITING_MS == 0)
		ui->waiting(ui->context, milliseconds);
	if (milliseconds >= LIMIT_MS && job->token->pcsc != NULL)
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

/* Have the card for ourselves, telling the person who keeps us waiting. */
static enum err_code
begin_alone(struct piv_token *token, unsigned milliseconds, struct err *err)
{
	atomic_store(&token->waits, true);
	enum err_code code = pcsc_begin(token->pcsc, milliseconds, err);
	atomic_store(&token->waits, false);
	return code;
}

/* Of a card that does not know the question.  The firmware is known. */
static enum err_code
find_serial(struct piv_token *token, uint32_t *ret_serial, struct err *err)
{
	uint32_t serial = 0;

	if (piv_token_has(token, 1, 0, 0) && !piv_token_has(token, 5, 0, 0))
		TRY(piv_serial_before_5(&token->card, &serial, err));
	if (serial == 0)
		TRY(piv_card_number(&token->card, &serial, err));
	*ret_serial = serial;
	return ERR_OK;
}

/* Who the card is.  The firmware, which does not change, is read once: when FIRMWARE asks for it, or the
 * serial cannot be found without. */
static enum err_code
read_identity(struct piv_token *token, bool firmware, uint32_t *ret_serial, struct err *err)
{
	uint32_t serial = 0;

	TRY(piv_select(&token->card, err));
	TRY(piv_serial(&token->card, &serial, err));
	if (!token->known && (firmware || serial == 0))
		TRY(piv_version(&token->card, token->firmware, err));
	if (serial == 0)
		TRY(find_serial(token, &serial, err));
	*ret_serial = serial;
	return ERR_OK;
}

/* The first time it is learned which it is, and must then be the same. */
static enum err_code
identify(struct piv_token *token, struct err *err)
{
	uint32_t serial = 0;
	enum err_code code = read_identity(token, true, &serial, err);

	if (code == ERR_NOT_FOUND) /* no PIV: to callers that is the token's fault */
		return err->code = ERR_TOKEN;
	if (code != ERR_OK)
		return code;
	if (!token->known)
		token->serial = serial;
	token->known = true;
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
		TRY(begin_alone(token, OTHERS_MS, err));
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

struct meet {
	struct piv_token *token;
	bool look, firmware;
	unsigned milliseconds;
};

static enum err_code
connect_to(const struct meet *job, struct err *err)
{
	struct piv_token *token = job->token;
	struct pcsc_card *card = NULL;

	atomic_store(&token->waits, true);
	enum err_code code = pcsc_connect(token->reader, job->milliseconds, &card, err);
	atomic_store(&token->waits, false);
	atomic_store(&token->pcsc, card);
	return code;
}

static enum err_code
meet(void *argument, struct err *err)
{
	const struct meet *job = argument;
	struct piv_token *token = job->token;
	SESSION *session = NULL;

	TRY(connect_to(job, err));
	if (!job->look)
		return ERR_OK;
	TRY(begin_alone(token, job->milliseconds, err));
	session = token;
	return read_identity(token, job->firmware, &token->serial, err);
}

enum err_code
piv_token_connect(struct piv_token *token, unsigned milliseconds, struct err *err)
{
	struct meet job = {token, false, false, milliseconds};

	return piv_token_run(token, meet, &job, false, err);
}

enum err_code
piv_token_look(struct piv_token *token, bool firmware, unsigned milliseconds, struct err *err)
{
	struct meet job = {token, true, firmware, milliseconds};

	return piv_token_run(token, meet, &job, false, err);
}

void
piv_token_lock(struct piv_token *token)
{
	pcsc_end(token->pcsc, token->dirty);
	token->unlocked = token->dirty = false;
	token->pin = NULL;
}

/* ---- what is known of keys ---- */

bool
piv_token_has(const struct piv_token *token, uint8_t major, uint8_t minor, uint8_t patch)
{
	const uint8_t wanted[3] = {major, minor, patch};

	return memcmp(token->firmware, wanted, sizeof(wanted)) >= 0;
}

/* Only of Yubico's cards: what the command does on others nobody knows. */
static enum err_code
read_attested(struct piv_token *token, enum token_key key, struct token_key_info *info,
    struct err *err)
{
	struct token_key_info *cached = &token->attested[key];
	struct certificate facts = {0};
	BUF certificate = {0};
	bool made = false;

	if (token->asked[key]) {
		*info = *cached;
		return ERR_OK;
	}
	if (piv_token_has(token, 4, 3, 0))
		TRY(piv_attested(&token->card, info->slot, &made, &certificate, err));
	if (made && !certificate_read(buf_view(&certificate), &facts))
		return piv_malformed("attesting a key", err);
	if (made) {
		info->source = TOKEN_KEY_ATTESTED;
		info->present = info->generated = true;
		info->key = facts.key;
		info->pin = facts.policies ? facts.pin : 0;
		info->touch = facts.policies ? facts.touch : 0;
	}
	*cached = *info;
	token->asked[key] = true;
	return ERR_OK;
}

static const char *
key_words(const struct token_key_info *info)
{
	if (info->source == TOKEN_KEY_UNKNOWN || info->source == TOKEN_KEY_CERTIFIED)
		return "perhaps a key, which it does not tell";
	if (!info->present)
		return "";
	return info->generated ? "a key that was made on it" : "a key that was put into it";
}

static void
describe(struct token_key_info *info, const char *name)
{
	const char *key = key_words(info);
	const char *owner = name[0] != '\0' ? name : "somebody whose name cannot be read";

	if (info->certificate)
		snprintf(info->holds, sizeof(info->holds), "%s%sthe certificate of %s", key,
		    key[0] != '\0' ? ", and " : "", owner);
	else
		snprintf(info->holds, sizeof(info->holds), "%s", key);
}

/* The certificate that lies in the slot's object. */
static enum err_code
read_certificate(struct piv_token *token, struct token_key_info *info, struct err *err)
{
	struct certificate facts = {0};
	BUF der = {0};

	TRY(piv_get_certificate(&token->card, piv_object_of_slot(info->slot),
	    "reading a slot's certificate", &info->certificate, &der, err));
	if (der.size > 0 && certificate_read(buf_view(&der), &facts) && facts.p256 &&
	    info->source == TOKEN_KEY_UNKNOWN) {
		info->source = TOKEN_KEY_CERTIFIED;
		info->present = true;
		info->key = facts.key;
	}
	describe(info, facts.name);
	return ERR_OK;
}

/* To use a key, its slot's certificate is read only where nothing else tells of it. */
static enum err_code
read_key(struct piv_token *token, enum token_key key, enum token_detail detail,
    struct token_key_info *ret_info, struct err *err)
{
	struct token_key_info info = {.slot = piv_slot(key)};
	bool known = false;

	TRY(piv_read_key(&token->card, info.slot, &known, &info, err));
	if (known)
		info.source = TOKEN_KEY_METADATA;
	else
		TRY(read_attested(token, key, &info, err));
	if (detail == TOKEN_WHOLE || info.source == TOKEN_KEY_UNKNOWN)
		TRY(read_certificate(token, &info, err));
	*ret_info = info;
	return ERR_OK;
}

static enum err_code
read_keys(struct piv_token *token, enum token_detail detail, struct token_key_info keys[TOKEN_KEYS],
    struct err *err)
{
	for (int i = 0; i < TOKEN_KEYS; i++)
		TRY(read_key(token, (enum token_key)i, detail, &keys[i], err));
	return ERR_OK;
}

enum err_code
piv_token_read_key(struct piv_token *token, enum token_key key, struct token_key_info *ret_info,
    struct err *err)
{
	return read_key(token, key, TOKEN_WHOLE, ret_info, err);
}

enum err_code
piv_token_use_keys(struct piv_token *token, struct err *err)
{
	return read_keys(token, TOKEN_FOR_USE, token->keys, err);
}

/* ---- info ---- */

static enum err_code
read_pin(struct piv_token *token, struct token_info *info, struct err *err)
{
	struct piv_reference pin = {.tries = -1, .total = -1};

	TRY(piv_read_reference(&token->card, PIV_PIN, &info->metadata, &pin, err));
	/* Without metadata one must ask for the tries, which would forget a verified PIN. */
	if (!info->metadata && !token->unlocked)
		TRY(piv_tries(&token->card, &pin.tries, err));
	info->pin_tries = pin.tries;
	info->pin_tries_total = pin.total;
	info->pin_default = pin.factory;
	return ERR_OK;
}

/* What is for upkeep: PUK and management key. */
static enum err_code
read_upkeep(struct piv_token *token, struct token_info *info, struct err *err)
{
	struct piv_reference puk = {.tries = -1};
	struct piv_pivman pivman = {0};
	struct err taken;
	bool known = false;

	TRY(piv_read_reference(&token->card, PIV_PUK, &known, &puk, err));
	info->puk_tries = puk.tries;
	info->puk_default = puk.factory;
	TRY(piv_read_management(&token->card, &known, &info->management_algorithm,
	    &info->management_default, err));
	enum err_code code = piv_get_pivman(&token->card, &pivman, &taken);
	if (code != ERR_OK && code != ERR_EXISTS) {
		*err = taken;
		return code;
	}
	info->management_protected = (pivman.flags & PIVMAN_PROTECTED) != 0;
	return ERR_OK;
}

struct info {
	struct piv_token *token;
	enum token_detail detail;
	struct token_info *ret_info;
};

static enum err_code
read_info(void *argument, struct err *err)
{
	const struct info *job = argument;
	struct piv_token *token = job->token;
	struct token_info info = {.puk_tries = -1};
	SESSION *session = NULL;

	TRY(piv_token_begin(token, err));
	session = token;
	info.serial = token->serial;
	memcpy(info.reader, token->reader, sizeof(info.reader));
	memcpy(info.firmware, token->firmware, sizeof(info.firmware));
	TRY(read_pin(token, &info, err));
	if (job->detail == TOKEN_WHOLE)
		TRY(read_upkeep(token, &info, err));
	TRY(read_keys(token, job->detail, info.keys, err));
	*job->ret_info = info;
	return ERR_OK;
}

enum err_code
piv_token_info(void *token, enum token_detail detail, struct token_info *ret_info, struct err *err)
{
	struct info job = {token, detail, ret_info};

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
piv_token_attest(void *token, enum token_key key, struct buf *ret_slot, struct buf *ret_device,
    struct err *err)
{
	struct attest job = {token, piv_slot(key), ret_slot, ret_device};

	return piv_token_named(token, piv_token_run(token, attest, &job, false, err), err);
}
