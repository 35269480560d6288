/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The link (tokens/fido/link.h) through libfido2 1.12.  What its source and its behaviour ask for:
 *
 * - Flags of fido_init() are the calling thread's, so that each call into the library begins with
 *   it; U2F is switched off, since a U2F key cannot do what a seat needs.
 * - One time limit covers all messages of a call.  After a message that was not answered in time
 *   the token may still answer: the device is then stale, and is closed and opened again before
 *   its next use.  Whether it is still the same one is checked first (tokens/fido/port.h).
 * - Negative results are the library's own and say little; why an exchange over PC/SC failed is
 *   kept in the port.  Positive ones are the token's status.
 * - It waits up to 21 s for the lock of a hidraw device: fido_port_probe() looks first.
 * - A USB key that waits for a touch answers others with an error that is lost in the library, also
 *   when whoever asked for that touch has ended since: opening is tried again for a while.
 * - The second half of SHA-256(PIN) is left in a freed block of 32 bytes (its length was cut to
 *   16 before it is wiped): fido_pin_scour().
 */
#include "tokens/fido/fido.h"

#include <fido.h>
#include <fido/es256.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/process.h"
#include "base/secret_stack.h"
#include "tokens/fido/carry.h"
#include "tokens/fido/pin.h"
#include "tokens/fido/port.h"
#include "tokens/fido/result.h"
#include "tokens/formats/fido_data.h"

enum {
	CALL_MS = 40000,   /* a token waits 30 s for a touch */
	QUICK_MS = 10000,  /* without a touch */
	REFUSED_MS = 1000, /* a refusal comes sooner than that, silence ends later */
};

struct link {
	struct fido_token token; /* first: what callers hold */
	struct fido_port port;
	fido_dev_t *device; /* in a session */
	bool open, stale;
	bool known; /* MODEL is */
	uint8_t model[TOKEN_AAGUID_SIZE];
	int64_t started; /* ms, of the call under way */
	int limit;       /* ms, for it */
};
static const struct timespec refused_pause = {.tv_nsec = 200 * 1000000L};

static enum err_code
no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "no memory for a FIDO2 token");
}

/* ---- devices ---- */

static void
device_close(struct link *link)
{
	if (link->open && link->stale && link->port.hid)
		fido_dev_cancel(link->device); /* it may still blink */
	if (link->open)
		fido_dev_close(link->device);
	fido_dev_free(&link->device);
	link->open = link->stale = false;
}

static enum err_code
silent(const struct link *link, struct err *err)
{
	if (link->limit == CALL_MS)
		return err_set(err, ERR_TOUCH,
		    "it was not touched in time: nothing was done; run the command again and "
		    "touch it when it blinks");
	return err_set(err, ERR_TOKEN,
	    "it did not answer within %d seconds: pull it out, plug it in again, and run the "
	    "command again",
	    link->limit / 1000);
}

/* Why a call into the library failed in itself. */
static enum err_code
broken(struct link *link, struct err *err)
{
	link->stale = true;
	if (link->port.failed) {
		*err = link->port.why;
		link->port.failed = false;
		return err->code;
	}
	TRY(fido_port_check(&link->port, err));
	if (process_milliseconds() - link->started >= link->limit)
		return silent(link, err);
	return err_set(err, ERR_TOKEN,
	    "its answer is malformed, or none: the token or its reader is broken, or lies; pull it "
	    "out, plug it in again, and run the command again");
}

/* The token's STATUS, or the library's own failure. */
static enum err_code
answered(struct link *link, int result, int *ret_status, struct err *err)
{
	if (result < 0)
		return broken(link, err);
	*ret_status = result;
	return ERR_OK;
}

/* A call begins that may last so long. */
static enum err_code
set_limit(struct link *link, int milliseconds, struct err *err)
{
	link->started = process_milliseconds();
	link->limit = milliseconds;
	if (link->device == NULL || fido_dev_set_timeout(link->device, milliseconds) != FIDO_OK)
		return no_memory(err);
	return ERR_OK;
}

static enum err_code
device_new(struct link *link, struct err *err)
{
	link->device = fido_dev_new();
	TRY(set_limit(link, QUICK_MS, err));
	return link->port.hid ? ERR_OK : fido_carry(link->device, err);
}

static enum err_code
device_open(struct link *link, struct err *err)
{
	TRY(fido_port_check(&link->port, err));
	TRY(device_new(link, err));
	if (fido_dev_open(link->device, link->port.path) != FIDO_OK)
		return broken(link, err);
	link->open = true;
	if (!fido_dev_is_fido2(link->device))
		return err_set(err, ERR_NOT_FOUND, "it knows U2F only, not FIDO2");
	return ERR_OK;
}

/* It answered at once, but not what was asked for. */
static bool
is_refused(const struct link *link, enum err_code code)
{
	return code == ERR_TOKEN && link->port.hid &&
	    process_milliseconds() - link->started < REFUSED_MS;
}

static enum err_code
open_patiently(struct link *link, unsigned milliseconds, struct err *err)
{
	int64_t end = process_milliseconds() + milliseconds;
	enum err_code code;

	for (;;) {
		code = device_open(link, err);
		if (code == ERR_OK)
			return ERR_OK;
		device_close(link);
		if (!is_refused(link, code))
			return code;
		if (process_milliseconds() >= end)
			break;
		nanosleep(&refused_pause, NULL);
	}
	return err_set(err, ERR_BUSY,
	    "it takes no commands: another program, or one that has ended, waits for its touch "
	    "(touch it, or wait half a minute); else it is broken: pull it out, plug it in again, "
	    "and run the command again");
}

/* Before each call of at most LIMIT ms: a device without stale answers.  PATIENCE: ms to open it. */
static enum err_code
ready_for(struct link *link, int limit, unsigned patience, struct err *err)
{
	fido_init(FIDO_DISABLE_U2F_FALLBACK);
	link->port.failed = false;
	if (!link->open || link->stale) {
		device_close(link);
		TRY(open_patiently(link, patience, err));
	}
	return set_limit(link, limit, err);
}

static enum err_code
ready(struct link *link, int limit, struct err *err)
{
	return ready_for(link, limit, QUICK_MS, err);
}

/* ---- facts ---- */

static void
tell_facts(const fido_cbor_info_t *info, struct fido_facts *ret_facts)
{
	size_t algorithms = fido_cbor_info_algorithm_count(info);
	struct fido_lists lists = {
	    .extensions = fido_cbor_info_extensions_ptr(info),
	    .extension_count = fido_cbor_info_extensions_len(info),
	    .options = fido_cbor_info_options_name_ptr(info),
	    .values = fido_cbor_info_options_value_ptr(info),
	    .option_count = fido_cbor_info_options_len(info),
	    .min_pin = fido_cbor_info_minpinlen(info),
	    .firmware = fido_cbor_info_fwversion(info),
	    .es256 = algorithms == 0, /* one that names none knows it (CTAP 2.1, 6.4) */
	};

	for (size_t i = 0; i < algorithms; i++)
		lists.es256 |= fido_cbor_info_algorithm_cose(info, i) == COSE_ES256;
	fido_facts_from(&lists, ret_facts);
	ret_facts->pin_change = fido_cbor_info_new_pin_required(info);
}

static enum err_code
read_facts(struct link *link, struct err *err)
{
	CLEANUP(fido_cbor_info_free) fido_cbor_info_t *info = fido_cbor_info_new();
	struct fido_facts facts = {0};

	if (info == NULL)
		return no_memory(err);
	if (fido_dev_get_cbor_info(link->device, info) != FIDO_OK ||
	    fido_cbor_info_aaguid_len(info) != sizeof(facts.aaguid))
		return broken(link, err);
	memcpy(facts.aaguid, fido_cbor_info_aaguid_ptr(info), sizeof(facts.aaguid));
	tell_facts(info, &facts);
	if (link->known && memcmp(link->model, facts.aaguid, sizeof(facts.aaguid)) != 0)
		return err_set(err, ERR_TOKEN_ABSENT,
		    "a token of another model is at %s now, and was not used; plug the right one "
		    "in and run the command again",
		    link->port.path);
	memcpy(link->model, facts.aaguid, sizeof(facts.aaguid));
	link->known = true;
	link->token.link.facts = facts;
	return ERR_OK;
}

/* ---- the link ---- */

static void
link_end(void *context)
{
	struct link *link = context;

	device_close(link);
	fido_port_end(&link->port);
}

/* The port has begun: select FIDO2. */
static enum err_code
enter(struct link *link, unsigned milliseconds, struct err *err)
{
	enum err_code code = ready_for(link, QUICK_MS, milliseconds, err);

	if (code == ERR_OK)
		code = read_facts(link, err);
	if (code != ERR_OK)
		link_end(link);
	return code;
}

static enum err_code
link_begin(void *context, unsigned milliseconds, struct err *err)
{
	struct link *link = context;

	TRY(fido_port_begin(&link->port, milliseconds, err));
	link->token.link.serial = link->port.serial;
	return enter(link, milliseconds, err);
}

/* Also powerCycleState, which libfido2 1.12 does not read. */
static enum err_code
read_tries(struct link *link, int *ret_tries, bool *ret_replug, struct err *err)
{
	static const uint8_t message[] = {0x06, 0xa2, 0x01, 0x01, 0x02, 0x01};
	struct fido_transport *transport = &link->port.transport;

	TRY(fido_transport_send(transport, VIEW_OF(message), err));
	TRY(fido_transport_receive(transport, QUICK_MS, err));
	return fido_tries_read(secret_view(transport->answer), ret_tries, ret_replug, err);
}

static enum err_code
link_tries(void *context, bool uv, int *ret_tries, bool *ret_replug, struct err *err)
{
	struct link *link = context;
	int tries = -1;

	TRY(ready(link, QUICK_MS, err));
	if (!uv && !link->port.hid)
		return read_tries(link, ret_tries, ret_replug, err);
	int result = uv ? fido_dev_get_uv_retry_count(link->device, &tries) :
	                  fido_dev_get_retry_count(link->device, &tries);

	if (result != FIDO_OK)
		return broken(link, err);
	*ret_tries = tries;
	return ERR_OK;
}

static const char *
text_of(const struct secret *pin)
{
	return pin != NULL ? (const char *)secret_view(pin).data : NULL;
}

static fido_opt_t
verify_by(const struct secret *pin)
{
	return pin != NULL ? FIDO_OPT_OMIT : FIDO_OPT_TRUE;
}

static enum err_code
take_made(struct link *link, const fido_cred_t *credential, struct token_made *ret_made,
    struct err *err)
{
	const char *format = fido_cred_fmt(credential);

	if (format == NULL || fido_cred_authdata_raw_ptr(credential) == NULL)
		return broken(link, err);
	return fido_made_from(format,
	    view_of(fido_cred_authdata_raw_ptr(credential), fido_cred_authdata_raw_len(credential)),
	    view_of(fido_cred_attstmt_ptr(credential), fido_cred_attstmt_len(credential)), ret_made,
	    err);
}

static bool
prepare_credential(fido_cred_t *credential, const struct token_wish *wish, const struct secret *pin)
{
	return credential != NULL && fido_cred_set_type(credential, COSE_ES256) == FIDO_OK &&
	    fido_cred_set_clientdata_hash(credential, wish->client_data_hash.bytes, DIGEST_SIZE) ==
	    FIDO_OK &&
	    fido_cred_set_rp(credential, ASSERTION_RP_ID, "Halligan") == FIDO_OK &&
	    fido_cred_set_user(credential, wish->user.bytes, DIGEST_SIZE, wish->name, wish->name,
	        NULL) == FIDO_OK &&
	    fido_cred_set_extensions(credential, FIDO_EXT_HMAC_SECRET | FIDO_EXT_CRED_PROTECT) ==
	    FIDO_OK &&
	    fido_cred_set_prot(credential, FIDO_CRED_PROT_UV_REQUIRED) == FIDO_OK &&
	    fido_cred_set_uv(credential, verify_by(pin)) == FIDO_OK;
}

static enum err_code
link_make(void *context, const struct token_wish *wish, const struct secret *pin, int *ret_status,
    struct token_made *ret_made, struct err *err)
{
	CLEANUP(fido_cred_free) fido_cred_t *credential = fido_cred_new();
	struct link *link = context;

	TRY(ready(link, CALL_MS, err));
	if (!prepare_credential(credential, wish, pin))
		return no_memory(err);
	int result = fido_dev_make_cred(link->device, credential, text_of(pin));

	fido_pin_scour();
	TRY(answered(link, result, ret_status, err));
	return result == FIDO_OK ? take_made(link, credential, ret_made, err) : ERR_OK;
}

static bool
prepare_assertion(fido_assert_t *assertion, const struct fido_ask *ask, const struct secret *pin)
{
	if (assertion == NULL || fido_assert_set_rp(assertion, ASSERTION_RP_ID) != FIDO_OK ||
	    fido_assert_set_clientdata_hash(assertion, ask->client_data_hash.bytes, DIGEST_SIZE) !=
	        FIDO_OK ||
	    fido_assert_allow_cred(assertion, ask->credential.data, ask->credential.size) !=
	        FIDO_OK ||
	    fido_assert_set_up(assertion, ask->touch ? FIDO_OPT_OMIT : FIDO_OPT_FALSE) != FIDO_OK ||
	    fido_assert_set_uv(assertion, verify_by(pin)) != FIDO_OK)
		return false;
	return ask->salts == NULL ||
	    (fido_assert_set_extensions(assertion, FIDO_EXT_HMAC_SECRET) == FIDO_OK &&
	        fido_assert_set_hmac_salt(assertion, ask->salts, FIDO_SALTS_SIZE) == FIDO_OK);
}

static enum err_code
take_answer(struct link *link, const fido_assert_t *assertion, const struct fido_ask *ask,
    struct fido_answer *ret_answer, struct err *err)
{
	struct view id =
	    view_of(fido_assert_id_ptr(assertion, 0), fido_assert_id_len(assertion, 0));

	if (fido_assert_count(assertion) != 1 || (id.size > 0 && !view_equal(id, ask->credential)))
		return broken(link, err);
	return fido_answer_from(view_of(fido_assert_authdata_ptr(assertion, 0),
	                            fido_assert_authdata_len(assertion, 0)),
	    view_of(fido_assert_sig_ptr(assertion, 0), fido_assert_sig_len(assertion, 0)),
	    view_of(fido_assert_hmac_secret_ptr(assertion, 0),
	        fido_assert_hmac_secret_len(assertion, 0)),
	    ret_answer, err);
}

static enum err_code
link_ask(void *context, const struct fido_ask *ask, const struct secret *pin, int *ret_status,
    struct fido_answer *ret_answer, struct err *err)
{
	CLEANUP(fido_assert_free) fido_assert_t *assertion = fido_assert_new();
	struct link *link = context;

	TRY(ready(link, ask->touch || pin == NULL ? CALL_MS : QUICK_MS, err));
	if (!prepare_assertion(assertion, ask, pin))
		return no_memory(err);
	int result = fido_dev_get_assert(link->device, assertion, text_of(pin));

	fido_pin_scour();
	TRY(answered(link, result, ret_status, err));
	return result == FIDO_OK ? take_answer(link, assertion, ask, ret_answer, err) : ERR_OK;
}

static enum err_code
link_set_pin(void *context, const struct secret *pin, const struct secret *old, int *ret_status,
    struct err *err)
{
	struct link *link = context;

	TRY(ready(link, QUICK_MS, err));
	int result = fido_dev_set_pin(link->device, text_of(pin), text_of(old));

	fido_pin_scour();
	return answered(link, result, ret_status, err);
}

static void
link_abort(void *context)
{
	struct link *link = context;

	if (!link->port.hid)
		pcsc_abort(link->port.pcsc);
}

static void
link_free(void *context)
{
	struct link *link = context;

	fido_dev_free(&link->device);
	fido_port_close(&link->port);
	free(link);
}

/* ---- opening ---- */

void
fido_token_close(struct fido_token *token)
{
	if (token == NULL)
		return;
	fido_token_lock(token);
	token->link.free(token->link.context);
}

static void
closep(struct link **link)
{
	if (*link != NULL)
		fido_token_close(&(*link)->token);
}
#define LINK CLEANUP(closep) struct link

struct first {
	struct link *link;
	fido_may_be *may_be;
	const void *context;
	unsigned milliseconds;
};

/* A session only to learn what it is. */
static enum err_code
look(void *argument, struct err *err)
{
	const struct first *job = argument;
	struct link *link = job->link;

	TRY(fido_port_begin(&link->port, job->milliseconds, err));
	link->token.link.serial = link->port.serial;
	if (link->port.serial != 0 && !job->may_be(job->context, link->port.serial)) {
		fido_port_leave(&link->port);
		return ERR_OK;
	}
	TRY(enter(link, job->milliseconds, err));
	link_end(link);
	return ERR_OK;
}

enum err_code
fido_token_new(const char *reader, unsigned milliseconds, struct fido_token **ret_token,
    struct err *err)
{
	LINK *link = calloc(1, sizeof(*link));

	if (link == NULL)
		return no_memory(err);
	link->token.link = (struct fido_link){
	    .context = link,
	    .begin = link_begin,
	    .end = link_end,
	    .tries = link_tries,
	    .make = link_make,
	    .ask = link_ask,
	    .set_pin = link_set_pin,
	    .abort = link_abort,
	    .free = link_free,
	};
	TRY(fido_port_open(&link->port, reader, milliseconds, err));
	memcpy(link->token.reader, link->port.path, sizeof(link->token.reader));
	*ret_token = &TAKE(link)->token;
	return ERR_OK;
}

enum err_code
fido_token_look(const char *reader, fido_may_be *may_be, const void *context, unsigned milliseconds,
    struct fido_token **ret_token, struct err *err)
{
	FIDO_TOKEN *token = NULL;

	TRY(fido_token_new(reader, milliseconds, &token, err));
	struct first job = {token->link.context, may_be, context, milliseconds};
	TRY(secret_stack_run(look, &job, NULL, NULL, err));
	*ret_token = TAKE(token);
	return ERR_OK;
}
