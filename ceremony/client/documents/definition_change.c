/* SPDX-License-Identifier: Apache-2.0 */
/* A change is the definition in force with what the plan says, and the rotator as it is on the host today. */
#include "ceremony/client/documents/definition_change.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/client/documents/definition.h"
#include "ceremony/client/secrets/rotator.h"
#include "ceremony/client/secrets/secret.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/typed.h"
#include "ceremony/protocol/message.h"
#include "vault/documents/definition_verify.h"

static bool
goes(const struct change_plan *plan, const char *key)
{
	for (size_t i = 0; i < plan->without_count; i++)
		if (strcmp(plan->without[i], key) == 0)
			return true;
	return false;
}

static enum err_code
check_without(const struct change_plan *plan, const struct json *target, struct err *err)
{
	unsigned ignored;

	for (size_t i = 0; i < plan->without_count; i++)
		if (json_member(target, plan->without[i], &ignored) == NULL)
			return err_set(err, ERR_USAGE, "the target has no member %s to remove",
			    QUOTED(plan->without[i]));
	return ERR_OK;
}

/* Members of both stand where they stood. */
static enum err_code
change_target(const struct change_plan *plan, struct definition *definition, struct err *err)
{
	JSON *target = json_new_object();
	unsigned ignored;

	TRY(check_without(plan, definition->target, err));
	for (size_t i = 0; i < json_object_count(definition->target); i++) {
		const char *key = json_object_key(definition->target, i);
		const struct json *new =
		    plan->target != NULL ? json_member(plan->target, key, &ignored) : NULL;

		if (!goes(plan, key))
			json_put_copy(target, key,
			    new != NULL ? new : json_member(definition->target, key, &ignored));
	}
	for (size_t i = 0; plan->target != NULL && i < json_object_count(plan->target); i++) {
		const char *key = json_object_key(plan->target, i);

		if (json_member(definition->target, key, &ignored) == NULL)
			json_put_copy(target, key, json_member(plan->target, key, &ignored));
	}
	return definition_set_target(definition, target, err);
}

static enum err_code
change_text(const char *new, const char *what, char *text, size_t size, struct err *err)
{
	if (new == NULL)
		return ERR_OK;
	TRY(typed_check(what, new, (int)size - 1, err));
	(void)snprintf(text, size, "%s", new);
	return ERR_OK;
}

static enum err_code
change_members(struct client *client, const struct change_plan *plan, const struct vault_view *view,
    struct definition *definition, struct err *err)
{
	struct rotator_said said;

	TRY(change_text(plan->policy, "the policy", definition->policy, sizeof(definition->policy),
	    err));
	if (charter_policy(view->chain.charter, definition->policy) == NULL)
		return err_set(err, ERR_USAGE, "the charter has no policy %s",
		    QUOTED(definition->policy));
	TRY(change_text(plan->rotator, "the rotator", definition->rotator,
	    sizeof(definition->rotator), err));
	TRY(change_text(plan->effect, "the effect (what the credential can do)", definition->effect,
	    sizeof(definition->effect), err));
	TRY(change_target(plan, definition, err));
	TRY(rotator_ask(client, definition->rotator, definition->target, &said, err));
	definition->rotator_hash = said.hash;
	definition->announced = said.announced;
	return ERR_OK;
}

/* Which quorums sign beside that of its policy. */
static enum err_code
ask_quorums(struct client *client, const char *name, struct definition_change *change,
    struct err *err)
{
	struct json *request = op_new("secret-quorums");
	REPLY reply = {0};
	const struct json *array;

	json_put_text(request, "name", name);
	TRY(client_ask(client, request, "secret-quorums", &reply, err));
	array = json_in_array(&reply.in, "quorums", 0, DEFINITION_QUORUMS);
	TRY(json_in_end(&reply.in));
	for (size_t i = 0; i < json_array_count(array); i++) {
		const char *text = json_array_text(array, i);
		struct quorum quorum;
		BUF canonical = {0};

		if (text == NULL)
			return err_set(err, ERR_PROTOCOL, "quorums[%zu] is no text", i);
		TRY(quorum_canonical(text, &quorum, &canonical, err));
		TRY(definition_add_quorum(change, buf_string(&canonical), err));
	}
	return ERR_OK;
}

static enum err_code
draw_up(struct client *client, const struct change_plan *plan, const struct vault_view *view,
    const struct definition *earlier, struct definition *later, struct err *err)
{
	TRY(definition_copy(earlier, later, err));
	definition_drop_change(later);
	later->revision = earlier->revision + 1;
	later->change.previous = earlier->digest;
	later->change.retires = plan->retires;
	memcpy(later->change.policy, earlier->policy, sizeof(later->change.policy));
	TRY(ask_quorums(client, plan->name, &later->change, err));
	return plan->retires ? ERR_OK : change_members(client, plan, view, later, err);
}

enum err_code
definition_change(struct client *client, const struct change_plan *plan, struct err *err)
{
	const struct vault_view *view;
	LOOKUP lookup = {0};
	DEFINITION later = {0};
	struct definitions definitions = {.rows = &later, .count = 1};

	lookup_foresee(client, plan->name);
	TRY(client_sync(client, &view, err));
	TRY(lookup_secret(client, view, plan->name, &lookup, err));
	TRY(draw_up(client, plan, view, &lookup.definition, &later, err));
	TRY(definition_follows(&later, &lookup.definition, err));
	return definition_propose(client, view, &definitions, &lookup, err);
}
