/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value goes from secret memory into an HPKE box for the host's escrow key, which the charter
 * names; the definition's digest binds it to the definition that the operator just signed.
 */
#include "ceremony/client/secrets/adopt.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/secrets/secret.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/announced.h"
#include "ceremony/client/typed.h"
#include "ceremony/protocol/adopt.h"
#include "ceremony/protocol/message.h"
#include "vault/documents/state_names.h"

static enum err_code
check_plan(const struct adopt_plan *plan, const struct vault_view *view, struct err *err)
{
	if (!text_is_name(plan->name))
		return err_set(err, ERR_USAGE,
		    "%s is no secret's name: 1 to 63 of a-z 0-9 - _ . and / between parts",
		    QUOTED(plan->name));
	if (charter_policy(view->chain.charter, plan->policy) == NULL) {
		const char *names[CHARTER_POLICIES + 1] = {NULL};
		const char *near;

		for (size_t i = 0; i < view->chain.charter->policy_count; i++)
			names[i] = view->chain.charter->policies[i].name;
		near = text_nearest(plan->policy, names);
		return err_set(err, ERR_USAGE, "the charter has no policy %s%s%s%s",
		    QUOTED(plan->policy), near != NULL ? "; did you mean " : "",
		    near != NULL ? near : "", near != NULL ? "?" : "");
	}
	TRY(typed_check("the effect (what the credential can do)", plan->effect, EFFECT_MAX, err));
	if (plan->rotator[0] == '\0' || strlen(plan->rotator) > ROTATOR_TEXT_MAX)
		return err_set(err, ERR_USAGE, "%s is no rotator's name", QUOTED(plan->rotator));
	return credential_check(secret_view(plan->credential), err);
}

/* What the host says of the rotator; the host judges the definition by it again. */
struct rotator_said {
	struct digest hash;
	struct announcement announced;
	uint32_t fields; /* those that a value must have */
};

static enum err_code
ask_rotator(struct client *client, const struct adopt_plan *plan, struct rotator_said *ret_said,
    struct err *err)
{
	struct json *request = op_new("rotator");
	REPLY reply = {0};
	char text[ANNOUNCED_TEXT_SIZE];
	const struct json *announced;
	const char *path;

	json_put_text(request, "name", plan->rotator);
	json_put_copy(request, "target", plan->target);
	TRY(client_ask(client, request, "rotator", &reply, err));
	json_in_hex(&reply.in, "hash", ret_said->hash.bytes, DIGEST_SIZE);
	path = json_in_text(&reply.in, "path", 1, 4095);
	announced = json_in_object(&reply.in, "announced");
	ret_said->fields = json_in_set(&reply.in, "fields", credential_field_names, 1);
	TRY(json_in_end(&reply.in));
	TRY(announcement_parse(announced, "rotator: announced", &ret_said->announced, err));
	announced_text(&ret_said->announced, text);
	ui_say(client_options(client)->ui, "Rotator %s: %s on the host, pinned by its hash; %s.",
	    plan->rotator, QUOTED(path), text);
	return ERR_OK;
}

/* Before anybody is asked for a PIN: all that is missing, at once. */
static enum err_code
check_usable(const struct adopt_plan *plan, const struct rotator_said *said, struct err *err)
{
	struct err all = {0}, one;

	if (said->announced.identity == IDENTITY_VIA)
		err_gather(&all,
		    err_set(&one, ERR_REFUSED,
		        "the target's identity is \"via\": this Halligan opens no other secret to change one, so that "
		        "the value could never be replaced"),
		    &one);
	for (int i = 0; i < CREDENTIAL_FIELDS; i++) {
		if ((said->fields & 1u << i) == 0 ||
		    credential_has(secret_view(plan->credential), (enum credential_field)i))
			continue;
		err_gather(&all,
		    err_set(&one, ERR_USAGE,
		        "the value has no %s, and rotator %s needs one: --field %s=FILE",
		        credential_field_names[i], plan->rotator, credential_field_names[i]),
		    &one);
	}
	return err_gathered(&all, err);
}

static enum err_code
sign_definition(const struct adopt_plan *plan, const struct vault_view *view,
    const struct rotator_said *said, struct hand *hand, struct dsse *statement, struct err *err)
{
	struct definition definition = {.revision = 1,
	    .rotator_hash = said->hash,
	    .announced = said->announced,
	    .target = plan->target};
	const struct definitions definitions = {.vault = view->chain.vault,
	    .created = hand->options->now(),
	    .rows = &definition,
	    .count = 1};
	JSON *payload = NULL;

	TRY(random_bytes(definition.secret.bytes, SECRET_ID_SIZE, err));
	snprintf(definition.name, sizeof(definition.name), "%s", plan->name);
	snprintf(definition.policy, sizeof(definition.policy), "%s", plan->policy);
	snprintf(definition.rotator, sizeof(definition.rotator), "%s", plan->rotator);
	snprintf(definition.effect, sizeof(definition.effect), "%s", plan->effect);
	TRY(definitions_payload(&definitions, &payload, err));
	return hand_state(hand, STATEMENT_SECRET, view->chain.charter->training, payload,
	    "sign the definition", statement, err);
}

static enum err_code
seal_value(const struct adopt_plan *plan, const struct vault_view *view,
    const struct definition *definition, struct point *ret_enc, struct buf *ret_ciphertext,
    struct err *err)
{
	struct digest info;
	HPKE *hpke = NULL;

	TRY(adopt_info(&view->chain.vault, definition, &info, err));
	TRY(hpke_sender(hpke_suite_default, &view->chain.charter->host_escrow, VIEW_OF(info.bytes),
	    &hpke, ret_enc, err));
	return hpke_seal(hpke, VIEW_OF(definition->digest.bytes), secret_view(plan->credential),
	    ret_ciphertext, err);
}

static enum err_code
send_secret(struct client *client, const struct adopt_plan *plan, const struct dsse *statement,
    const struct point *enc, struct view ciphertext, char ret_state[32], struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	struct json *request = op_new("secret-add");
	REPLY reply = {0};
	const char *state, *note;
	uint32_t version;

	json_put_hex(request, "enc", VIEW_OF(enc->bytes));
	json_put_bool(request, "rotate", plan->rotate);
	put_statement(request, "definition", statement);
	TRY(client_send(client, request, ciphertext, "secret-add", &reply, err));
	version = (uint32_t)json_in_int(&reply.in, "version", 1, UINT32_MAX);
	state = json_in_text(&reply.in, "state", 1, 31);
	note = json_in_text(&reply.in, "note", 0, NOTE_TEXT_MAX);
	TRY(json_in_end(&reply.in));
	snprintf(ret_state, 32, "%s", state);
	ui_say(ui, "%s: version %u is sealed to the officers (%s).%s%s", plan->name, version, state,
	    note[0] != '\0' ? " " : "", note[0] != '\0' ? QUOTED(note) : "");
	return ERR_OK;
}

enum err_code
adopt_run(struct client *client, const struct adopt_plan *plan, char ret_state[32], struct err *err)
{
	const struct vault_view *view;
	HAND hand = {0};
	DSSE statement = {0};
	DEFINITIONS_OF definitions = {0};
	BUF ciphertext = {0};
	struct rotator_said said;
	struct point enc;

	lookup_foresee(client, plan->name);
	TRY(client_sync(client, &view, err));
	TRY(check_plan(plan, view, err));
	TRY(lookup_none(client, plan->name, err));
	TRY(ask_rotator(client, plan, &said, err));
	TRY(check_usable(plan, &said, err));
	const struct hand_want want = {.roles = ROLE_OPERATOR,
	    .lists = {{view->chain.charter->seats, view->chain.charter->seat_count}},
	    .suspended = &view->chain.suspensions};
	TRY(hand_take(client_options(client), &want, &hand, err));
	TRY(hand_unlock(&hand, 1, 0, err));
	TRY(sign_definition(plan, view, &said, &hand, &statement, err));
	hand_done(&hand); /* the token is not held while the target is tried */
	TRY(definitions_parse(&statement, view->chain.charter->training, &definitions, err));
	TRY(definitions_verify(&statement, &definitions, view->chain.charter, &view->chain.vault,
	    err));
	TRY(seal_value(plan, view, &definitions.rows[0], &enc, &ciphertext, err));
	return send_secret(client, plan, &statement, &enc, buf_view(&ciphertext), ret_state, err);
}
