/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a founder or officer relies on before touching: the document follows from what this
 * computer knows, every token in it was enrolled and attested, and the keys that it lists for this
 * person's token are the ones on the token.
 */
#include "ceremony/client/documents/charter_sign.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/client/documents/founding.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/charter.h"
#include "ceremony/client/trust.h"
#include "ceremony/protocol/message.h"
#include "vault/documents/charter_verify.h"

/* A draft's own chain rules; signatures may still be missing, but none may be wrong. */
static enum err_code
verify_step(const struct dsse *statement, const struct charter *draft, const struct charter *before,
    struct err *err)
{
	enum err_code code = charter_verify(statement, draft, before, err);

	return code == ERR_WAITING ? ERR_OK : code;
}

/* Charter 1 repeats what the founding said. */
static enum err_code
verify_founding(const struct founding_view *founding, const struct charter *draft, struct err *err)
{
	const char *differs = NULL;

	if (!digest_equal(&founding->fixed.init, &draft->init))
		differs = "founding";
	else if (strcmp(founding->fixed.name, draft->name) != 0)
		differs = "vault's name";
	else if (strcmp(founding->fixed.copy, draft->copy) != 0)
		differs = "place for copies";
	else if (!charter_names_host(draft, &founding->host_statement, &founding->host_log,
	             &founding->host_escrow))
		differs = "host's keys";
	if (differs != NULL)
		return err_set(err, ERR_INTEGRITY,
		    "the draft names another %s than the host does; do not sign it, draw it up again",
		    differs);
	return ERR_OK;
}

DESTRUCTOR(free_digests, struct digest, free)

static enum err_code
verify_enrolments(struct client *client, const struct founding_view *founding,
    const struct charter *draft, struct err *err)
{
	CLEANUP(free_digests)
	struct digest *digests = calloc((size_t)CHARTER_SEATS * SEAT_TOKENS, sizeof(*digests));
	ENROLMENT_SET set = {0};
	size_t count;

	if (digests == NULL)
		return err_set(err, ERR_MEMORY, "out of memory");
	count = enrolment_digests(draft->seats, draft->seat_count, NULL, 0, digests);
	TRY(enrolment_set_fetch(client, founding->enrolments, digests, count, &set, err));
	return enrolment_set_verify(&set, draft->seats, draft->seat_count, draft, err);
}

/* BEFORE is NULL at the founding. */
static enum err_code
verify_draft(struct client *client, const struct founding_view *founding,
    const struct charter *draft, const struct charter *before, struct err *err)
{
	if (before == NULL)
		TRY(verify_founding(founding, draft, err));
	TRY(verify_step(&founding->draft, draft, before, err));
	return verify_enrolments(client, founding, draft, err);
}

/* A founder knows the vault id before the vault lives: it is what they sign. */
static enum err_code
pin_founding(const struct client *client, const struct charter *draft, struct err *err)
{
	struct trust trust = {.vault = draft->digest};
	struct trust_place place;

	TRY(trust_place_of(client_location(client), &place, err));
	return trust_save(&place, &trust, err);
}

static enum err_code
send_signature(struct client *client, const struct charter *draft, const struct hand *hand,
    const struct dsse *statement, bool *ret_live, struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	struct json *request = op_new("charter-sign");
	const struct dsse_signature *signature;
	char keyid[2 * DIGEST_SIZE + 1];
	JSON *reply = NULL;
	BUF blob = {0};
	BUF missing = {0};
	struct digest vault;
	struct json_in in;
	const struct json *list;

	text_hex(VIEW_OF(hand->entry->id.bytes), keyid);
	signature = dsse_find(statement, keyid);
	json_put_hex(request, "digest", VIEW_OF(draft->digest.bytes));
	put_signature(request, signature);
	TRY(client_call(client, request, (struct view){0}, &reply, &blob, err));
	in = reply_in(reply, "charter-sign", err);
	*ret_live = json_in_bool(&in, "live");
	list = json_in_array(&in, "missing", 0, CHARTER_SEATS);
	if (json_in_has(&in, "version"))
		(void)json_in_int(&in, "version", draft->version, draft->version);
	if (*ret_live)
		json_in_hex(&in, "vault", vault.bytes, DIGEST_SIZE);
	TRY(json_in_end(&in));
	if (*ret_live && draft->version == 1 && !digest_equal(&vault, &draft->digest))
		return err_set(err, ERR_INTEGRITY,
		    "the server says that another vault was founded than the one you signed");
	TRY(array_join(list, &missing, err));
	if (*ret_live)
		ui_say(ui, "Charter %u of %s is in force.", draft->version, draft->name);
	else
		ui_say(ui, "Signed for %s. Still missing: %s", hand->seat->name,
		    buf_string(&missing));
	return ERR_OK;
}

/* Each token that it restores is asked about by itself: a stolen one is not to slip in among the changes.
 * SUSPENDED is NULL at the founding. */
static enum err_code
ask_restored(const struct ui *ui, const struct charter *draft, const struct suspensions *suspended,
    struct err *err)
{
	for (size_t i = 0; i < draft->restored_count; i++) {
		const struct suspension *row = suspended == NULL ?
		    NULL :
		    suspensions_by_digest(suspended, &draft->restored[i]);
		BUF text = {0};

		if (row == NULL)
			return err_set(err, ERR_INTEGRITY,
			    "the draft restores what is not suspended; do not sign it, draw it up again");
		show_restored(row, &text);
		ui_say(ui, "It restores %s", buf_string(&text));
		TRY(ui_demand(ui, "Is this token to count again? Type yes", "yes", err));
	}
	return ERR_OK;
}

static enum err_code
sign_with(struct client *client, struct founding_view *founding, const struct charter *draft,
    const struct charter *before, const struct suspensions *suspended, bool *ret_live,
    struct err *err)
{
	const struct client_options *options = client_options(client);
	struct hand_want want = {.lists = {{draft->seats, draft->seat_count}},
	    .roles = ROLE_OFFICER};
	HAND hand = {0};
	char name[HAND_NAME_SIZE], keyid[2 * DIGEST_SIZE + 1];

	if (before != NULL)
		want.suspended = suspended;
	if (before != NULL)
		want.lists[1] = (struct hand_list){before->seats, before->seat_count};
	TRY(hand_take(options, &want, &hand, err));
	hand_name(&hand, name);
	text_hex(VIEW_OF(hand.entry->id.bytes), keyid);
	if (dsse_find(&founding->draft, keyid) != NULL)
		return err_set(err, ERR_EXISTS, "%s has signed this charter already", name);
	ui_say(options->ui, "You sign as %s. Its keys are those on the token in your hand.", name);
	ui_say(options->ui,
	    "Read the words above aloud with the others: every one of you must see "
	    "the same.");
	TRY(ask_restored(options->ui, draft, suspended, err));
	TRY(ui_demand(options->ui, "Sign this charter? Type yes", "yes", err));
	TRY(hand_unlock(&hand, 1, 0, err));
	TRY(hand_sign(&hand, &founding->draft, "sign the charter", err));
	if (before == NULL)
		TRY(pin_founding(client, draft, err));
	return send_signature(client, draft, &hand, &founding->draft, ret_live, err);
}

enum err_code
sign_charter(struct client *client, bool *ret_live, struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	const struct vault_view *view = NULL;
	const struct charter *before = NULL;
	struct trust_place place;
	FOUNDING_VIEW founding = {0};
	CHARTER *draft = NULL;

	if (client_hello(client)->state == VAULT_LIVE) {
		TRY(client_sync(client, &view, err));
		before = view->chain.charter;
	} else {
		TRY(trust_place_of(client_location(client), &place, err));
		TRY(trust_check_new(&place, err));
	}
	TRY(founding_fetch(client, &founding, err));
	if (!founding.has_draft)
		return err_set(err, ERR_NOT_FOUND,
		    "no charter waits for signatures; draw one up with `halligan charter %s`",
		    before != NULL ? "propose" : "draft");
	TRY(charter_parse(&founding.draft, &draft, err));
	TRY(verify_draft(client, &founding, draft, before, err));
	show_charter(ui, view != NULL ? &view->chain : NULL, draft);
	if (before != NULL)
		show_charter_changes(ui, before, draft, &view->chain.suspensions);
	show_fingerprint(ui, "Fingerprint:", &draft->digest);
	TRY(sign_with(client, &founding, draft, before,
	    view != NULL ? &view->chain.suspensions : NULL, ret_live, err));
	if (!*ret_live)
		return ERR_OK;
	TRY(client_greet(client, err));
	return client_sync(client, &view, err);
}

enum err_code
show_charters(struct client *client, struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	const struct vault_view *view = NULL;
	FOUNDING_VIEW founding = {0};
	CHARTER *draft = NULL;
	bool live = client_hello(client)->state == VAULT_LIVE;

	if (live) {
		TRY(client_sync(client, &view, err));
		show_charter(ui, &view->chain, view->chain.charter);
		show_fingerprint(ui, "Vault id:", &view->chain.vault);
	}
	TRY(founding_fetch(client, &founding, err));
	if (!founding.has_draft && !live)
		ui_say(ui, "%s is being founded; no charter is drawn up yet.", founding.fixed.name);
	if (!founding.has_draft)
		return ERR_OK;
	TRY(charter_parse(&founding.draft, &draft, err));
	ui_say(ui, "%s", "");
	ui_say(ui, "DRAFT, waiting for signatures (%zu so far):", founding.draft.count);
	show_charter(ui, live ? &view->chain : NULL, draft);
	if (live)
		show_charter_changes(ui, view->chain.charter, draft, &view->chain.suspensions);
	show_fingerprint(ui, "Fingerprint:", &draft->digest);
	return ERR_OK;
}
