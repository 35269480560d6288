/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/documents/token_test.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto_key.h"
#include "base/hpke.h"
#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/client/documents/token_test_spares.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/sync.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/test.h"

enum { PROBE_CT_MAX = 256 };

struct begun {
	struct reply reply; /* keeps the probes */
	const struct json *probes, *spares;
	struct secret *probe; /* what the share key opened */
	int64_t time;
};

static void
begun_done(struct begun *begun)
{
	reply_done(&begun->reply);
	secret_freep(&begun->probe);
}

static enum err_code
begin(struct client *client, const struct hand *hand, struct begun *begun, struct err *err)
{
	struct json *request = op_new("test-begin");

	json_put_text(request, "seat", hand->seat->name);
	json_put_hex(request, "token", VIEW_OF(hand->entry->id.bytes));
	TRY(client_ask(client, request, "test-begin", &begun->reply, err));
	begun->time = json_in_time(&begun->reply.in, "begun");
	begun->probes = json_in_array(&begun->reply.in, "probes", 0, KEY_COUNT);
	begun->spares = json_in_array(&begun->reply.in, "spares", 0, READINESS_SPARES);
	return json_in_end(&begun->reply.in);
}

static enum err_code
open_probe(struct hand *hand, const struct vault_view *view, int key, int64_t time,
    const struct point *enc, struct view ciphertext, struct secret **ret_probe, struct err *err)
{
	static const char *const purposes[KEY_COUNT] = {NULL, "open a probe with the share key",
	    "open a probe with the release key"};
	struct hand_agree agree = {hand, key == KEY_SHARE ? TOKEN_SHARE : TOKEN_RELEASE,
	    purposes[key]};
	HPKE *hpke = NULL;
	struct digest info;

	TRY(readiness_info(&view->chain.vault, &hand->entry->id, key, time, &info, err));
	TRY(hpke_recipient(hpke_suite_default, VIEW_OF(enc->bytes), &hand->entry->keys[key],
	    hand_agree, &agree, VIEW_OF(info.bytes), &hpke, err));
	if (hpke_open(hpke, (struct view){0}, ciphertext, ret_probe, err) != ERR_OK)
		return err_add(err, "the %s key did not open the probe that was sealed to it",
		    key_names[key]);
	return ERR_OK;
}

static enum err_code
read_probe(const struct json *object, int *ret_key, struct point *ret_enc,
    struct buf *ret_ciphertext, struct err *err)
{
	struct json_in in = json_in(object, "probe", err);
	uint8_t enc[POINT_SIZE];

	*ret_key = json_in_choice(&in, "key", key_names);
	json_in_hex(&in, "enc", enc, sizeof(enc));
	json_in_base64(&in, "ciphertext", ret_ciphertext, PROBE_CT_MAX);
	TRY(json_in_end(&in));
	return point_from(VIEW_OF(enc), ret_enc, err);
}

/* One probe for each key that the charter says the token has; others are not touched for. */
static enum err_code
open_probes(struct hand *hand, const struct vault_view *view, struct begun *begun,
    struct readiness *readiness, struct err *err)
{
	for (size_t i = 0; i < json_array_count(begun->probes); i++) {
		BUF ciphertext = {0};
		SECRET *probe = NULL;
		struct point enc;
		int key;

		TRY(read_probe(json_array_object(begun->probes, i), &key, &enc, &ciphertext, err));
		if (key == KEY_SIGN || !hand->entry->has[key] || readiness->has[key])
			return err_set(err, ERR_PROTOCOL,
			    "the server sealed a probe to a key that is not "
			    "asked for");
		TRY(open_probe(hand, view, key, begun->time, &enc, buf_view(&ciphertext), &probe,
		    err));
		TRY(sha256_one(secret_view(probe), &readiness->opened[key], err));
		readiness->has[key] = true;
		if (key == KEY_SHARE)
			begun->probe = TAKE(probe);
	}
	return ERR_OK;
}

static enum err_code
sign_and_send(struct client *client, struct hand *hand, const struct vault_view *view,
    const struct begun *begun, struct readiness *readiness, struct err *err)
{
	struct json *request;
	JSON *payload = NULL;
	DSSE statement = {0};

	readiness->vault = view->chain.vault;
	readiness->token = hand->entry->id;
	snprintf(readiness->seat, sizeof(readiness->seat), "%s", hand->seat->name);
	readiness->size = view->checkpoint.size;
	readiness->root = view->checkpoint.root;
	readiness->time = client_options(client)->now();
	TRY(readiness_payload(readiness, &payload, err));
	TRY(hand_state(hand, STATEMENT_TEST, view->chain.charter->training, payload,
	    "sign that it works", &statement, err));
	request = op_new("test");
	json_put_time(request, "begun", begun->time);
	put_statement(request, "test", &statement);
	return client_tell(client, request, "test", err);
}

static void
report(const struct ui *ui, const struct hand *hand, const struct readiness *readiness)
{
	char name[HAND_NAME_SIZE], due[TEXT_TIME_SIZE];

	hand_name(hand, name);
	text_time(readiness->time + READINESS_DUE, due);
	ui_say(ui, "PIN      the PIN unlocks %s", name);
	ui_say(ui, "sign     it signs, after a touch");
	if (readiness->has[KEY_SHARE])
		ui_say(ui, "share    its share key opens what is sealed to it");
	if (readiness->has[KEY_RELEASE])
		ui_say(ui, "release  its release key opens what is sealed to it");
	if (readiness->spare_count > 0)
		ui_say(ui, "spare    it opens %zu %s that %s handed on to it",
		    readiness->spare_count,
		    text_plural(readiness->spare_count, "envelope", "envelopes"), readiness->seat);
	ui_say(ui, "The test is signed and logged. The next one is due by %s.", due);
}

/* What was opened stands in what is signed.  So a token that derives its keys derives them with a touch of
 * their own first, and signs with another. */
static enum err_code
unlock(struct hand *hand, unsigned probes, struct err *err)
{
	if (hand->info.traits->derives)
		return hand_unlock(hand, 2, 0, err);
	return hand_unlock(hand, 1, probes, err);
}

enum err_code
token_test_run(struct client *client, struct err *err)
{
	const struct client_options *options = client_options(client);
	CLEANUP(begun_done) struct begun begun = {0};
	READINESS readiness = {0};
	const struct vault_view *view;
	size_t wrong;
	HAND hand = {0};

	TRY(client_sync(client, &view, err));
	const struct hand_want want = {.lists = {{view->chain.charter->seats,
	                                             view->chain.charter->seat_count},
	                                   {view->chain.roster->seats,
	                                       view->chain.roster->seat_count}},
	    .suspended = &view->chain.suspensions};
	TRY(hand_take(options, &want, &hand, err));
	TRY(begin(client, &hand, &begun, err));
	TRY(unlock(&hand,
	    (unsigned)json_array_count(begun.probes) + spares_test_agreements(begun.spares), err));
	TRY(open_probes(&hand, view, &begun, &readiness, err));
	const struct spares_test spares = {client, &hand, view, begun.spares, begun.time,
	    begun.probe};
	TRY(spares_test_run(&spares, &readiness, &wrong, err));
	TRY(sign_and_send(client, &hand, view, &begun, &readiness, err));
	report(options->ui, &hand, &readiness);
	if (wrong > 0)
		return err_set(err, ERR_INTEGRITY,
		    "%zu %s that %s handed on to this token cannot be opened; with the "
		    "older token: halligan spare --again",
		    wrong, text_plural(wrong, "envelope", "envelopes"), readiness.seat);
	return ERR_OK;
}
