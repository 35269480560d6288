/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each value goes from secret memory into an HPKE box for the host's escrow key, which the charter names; the box is
 * signed by a key that the operator's statement names, so that one touch gives many values.
 */
#include "ceremony/client/secrets/adopt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "ceremony/client/secrets/order.h"
#include "ceremony/client/secrets/rotator.h"
#include "ceremony/client/secrets/secret.h"
#include "ceremony/client/sync.h"
#include "ceremony/protocol/adopt.h"
#include "ceremony/protocol/message.h"

struct adopting {
	struct client *client;
	const struct adopt_plan *plan;
	const struct vault_view *view;
	struct { /* by the statement's order */
		struct definition definition;
		struct rotator_said said;
		struct secret *credential; /* NULL: not asked for yet */
	} * rows;
	struct adopt adopt; /* what is signed: as many items */
	struct dsse statement;
	struct secret *box_seed;
};

static void
adopting_done(struct adopting *adopting)
{
	for (size_t i = 0; i < adopting->adopt.order.count; i++) {
		definition_done(&adopting->rows[i].definition);
		secret_free(adopting->rows[i].credential);
	}
	free(adopting->rows);
	adopt_done(&adopting->adopt);
	dsse_done(&adopting->statement);
	secret_free(adopting->box_seed);
}

/* --- Which ---------------------------------------------------------------------------------- */

static enum err_code
take_value(struct adopting *adopting, size_t position, struct err *err)
{
	const struct definition *definition = &adopting->rows[position].definition;
	SECRET *credential = NULL;

	TRY(adopting->plan->value(adopting->plan->context, definition,
	    adopting->rows[position].said.fields, &credential, err));
	if (credential == NULL)
		return ERR_OK;
	TRY(credential_check(secret_view(credential), err));
	TRY(rotator_check_fields(&adopting->rows[position].said, definition->rotator, credential,
	    adopting->plan->name != NULL, err));
	adopting->rows[position].credential = TAKE(credential);
	return ERR_OK;
}

/* The secret NAME, which must be without a value. */
static enum err_code
add_secret(struct adopting *adopting, const char *name, struct err *err)
{
	LOOKUP lookup = {0};
	size_t position = adopting->adopt.order.count;

	TRY(lookup_secret(adopting->client, adopting->view, name, &lookup, err));
	if (lookup.definition.change.retires)
		return err_set(err, ERR_REFUSED, "%s is retired", name);
	if (lookup.newest != 0)
		return err_set(err, ERR_EXISTS, "%s has a value already: 'halligan secret show %s'",
		    name, name);
	TRY(definition_copy(&lookup.definition, &adopting->rows[position].definition, err));
	adopting->adopt.order.items[adopting->adopt.order.count++] =
	    (struct order_item){lookup.definition.secret, lookup.definition.digest, 0};
	TRY(rotator_ask(adopting->client, lookup.definition.rotator, lookup.definition.target,
	    &adopting->rows[position].said, err));
	return adopting->plan->ahead ? take_value(adopting, position, err) : ERR_OK;
}

/* Of the list, those that wait; with the values ahead, those that one is there for. */
static enum err_code
visit_listed(void *context, const struct secret_listed *row, struct err *err)
{
	struct adopting *adopting = context;
	size_t count = adopting->adopt.order.count;

	if (adopting->plan->met != NULL)
		adopting->plan->met(adopting->plan->context, row->name);
	if (strcmp(row->state, "defined") != 0 || count == ORDER_SECRETS)
		return ERR_OK;
	lookup_know(adopting->client);
	if (add_secret(adopting, row->name, err) != ERR_OK)
		return err_add(err, "%s", row->name);
	ui_progress(client_options(adopting->client)->ui, "%zu looked at", count + 1);
	if (!adopting->plan->ahead)
		return ERR_OK;
	if (adopting->rows[count].credential == NULL) {
		definition_done(&adopting->rows[count].definition);
		adopting->adopt.order.count = count;
	}
	secret_freep(
	    &adopting->rows[count].credential); /* it is right; hundreds are not held at a time */
	return ERR_OK;
}

static enum err_code
gather(struct adopting *adopting, struct err *err)
{
	size_t max = adopting->plan->name != NULL ? 1 : ORDER_SECRETS;

	adopting->rows = calloc(max, sizeof(*adopting->rows));
	adopting->adopt.order.items = calloc(max, sizeof(*adopting->adopt.order.items));
	if (adopting->rows == NULL || adopting->adopt.order.items == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for %zu secrets", max);
	if (adopting->plan->name != NULL)
		return add_secret(adopting, adopting->plan->name, err);
	TRY(secrets_walk(adopting->client, visit_listed, adopting, err));
	return adopting->plan->check != NULL ? adopting->plan->check(adopting->plan->context, err) :
	                                       ERR_OK;
}

/* --- By whom -------------------------------------------------------------------------------- */

static enum err_code
sign(struct adopting *adopting, struct err *err)
{
	struct adopt *adopt = &adopting->adopt;

	if (adopt->order.count > 1)
		ui_say(client_options(adopting->client)->ui,
		    "One touch signs for the values of %zu secrets, from %s to %s.",
		    adopt->order.count, adopting->rows[0].definition.name,
		    adopting->rows[adopt->order.count - 1].definition.name);
	TRY(secret_new(ED25519_SIZE, &adopting->box_seed, err));
	TRY(secret_random(adopting->box_seed, ED25519_SIZE, err));
	TRY(ed25519_public(adopting->box_seed, &adopt->box_key, err));
	adopt->rotate = adopting->plan->rotate;
	return order_sign(adopting->client, adopting->view, STATEMENT_ADOPT, adopt_members, adopt,
	    "sign the adoption", &adopt->order, &adopting->statement, err);
}

/* --- One by one ------------------------------------------------------------------------------ */

static enum err_code
seal(const struct adopting *adopting, size_t position, struct point *ret_enc,
    struct buf *ret_ciphertext, uint8_t ret_signature[ED25519_SIGNATURE_SIZE], struct err *err)
{
	const struct adopt *adopt = &adopting->adopt;
	const struct order_item *item = &adopt->order.items[position];
	struct digest info, box;
	HPKE *hpke = NULL;

	TRY(adopt_info(&adopt->order.vault, item, &info, err));
	TRY(hpke_sender(hpke_suite_default, &adopting->view->chain.charter->host_escrow,
	    VIEW_OF(info.bytes), &hpke, ret_enc, err));
	TRY(hpke_seal(hpke, VIEW_OF(adopt->order.digest.bytes),
	    secret_view(adopting->rows[position].credential), ret_ciphertext, err));
	TRY(adopt_box_digest(adopt, item, ret_enc, buf_view(ret_ciphertext), &box, err));
	return ed25519_sign(adopting->box_seed, VIEW_OF(box.bytes), ret_signature, err);
}

static enum err_code
read_outcome(const struct adopting *adopting, size_t position, struct reply *reply, bool *ret_owed)
{
	uint32_t version = (uint32_t)json_in_int(&reply->in, "version", 1, UINT32_MAX);
	const char *state = json_in_text(&reply->in, "state", 1, 31);
	const char *note = json_in_text(&reply->in, "note", 0, NOTE_TEXT_MAX);

	TRY(json_in_end(&reply->in));
	*ret_owed = strcmp(state, "owed") == 0;
	ui_say(client_options(adopting->client)->ui,
	    "%s: version %u is sealed to the officers (%s).%s%s",
	    adopting->rows[position].definition.name, version,
	    TOLD(client_is_far(adopting->client), state), note[0] != '\0' ? " " : "",
	    note[0] != '\0' ? QUOTED(note) : "");
	return ERR_OK;
}

/* RET_ENDS: who was asked for the value wants no more. */
static enum err_code
adopt_one(struct adopting *adopting, size_t position, bool *ret_left, bool *ret_ends,
    struct err *err)
{
	struct json *request = NULL;
	struct point enc;
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	BUF ciphertext = {0};
	REPLY reply = {0};

	*ret_left = *ret_ends = true;
	if (adopting->rows[position].credential == NULL)
		TRY(take_value(adopting, position, err));
	*ret_ends = false;
	if (adopting->rows[position].credential == NULL)
		return ERR_OK;
	TRY(seal(adopting, position, &enc, &ciphertext, signature, err));
	secret_freep(&adopting->rows[position].credential);
	request = op_new("adopt");
	put_statement(request, "adopt", &adopting->statement);
	json_put_hex(request, "secret",
	    VIEW_OF(adopting->adopt.order.items[position].secret.bytes));
	json_put_hex(request, "enc", VIEW_OF(enc.bytes));
	json_put_hex(request, "signature", VIEW_OF(signature));
	TRY(client_send(adopting->client, request, buf_view(&ciphertext), "adopt", &reply, err));
	return read_outcome(adopting, position, &reply, ret_left);
}

/* What is about this secret or its value alone: the next may go well. */
static bool
is_of_one(enum err_code code)
{
	return code == ERR_TARGET || code == ERR_TARGET_UNKNOWN || code == ERR_REFUSED ||
	    code == ERR_USAGE || code == ERR_INVALID || code == ERR_EXISTS;
}

static enum err_code
adopt_each(struct adopting *adopting, size_t *ret_left, struct err *err)
{
	const struct ui *ui = client_options(adopting->client)->ui;
	size_t count = adopting->adopt.order.count;

	for (size_t i = 0; i < count; i++) {
		const char *name = adopting->rows[i].definition.name;
		struct err one;
		bool left, ends;
		enum err_code code = adopt_one(adopting, i, &left, &ends, &one);

		if (code != ERR_OK && (count == 1 || ends || !is_of_one(code))) {
			*err = one;
			return count == 1 ? code : err_add(err, "%s", name);
		}
		if (code != ERR_OK)
			ui_say(ui, "%s: NOT ADOPTED: %s", name, QUOTED(one.text));
		*ret_left += code != ERR_OK || left;
		if (count > 1)
			ui_progress(ui, "%zu of %zu", i + 1, count);
	}
	return ERR_OK;
}

enum err_code
adopt_run(struct client *client, const struct adopt_plan *plan, size_t *ret_left, struct err *err)
{
	CLEANUP(adopting_done) struct adopting adopting = {.client = client, .plan = plan};

	*ret_left = 0;
	if (plan->name != NULL)
		lookup_foresee(client, plan->name);
	TRY(client_sync(client, &adopting.view, err));
	TRY(gather(&adopting, err));
	if (adopting.adopt.order.count == 0)
		return err_set(err, ERR_NOT_FOUND, "%s",
		    plan->ahead ? "no secret that has none yet is among these values" :
		                  "every secret that is defined has a value");
	TRY(sign(&adopting, err)); /* the token is not held while the targets are tried */
	return adopt_each(&adopting, ret_left, err);
}
