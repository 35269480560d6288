/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change is the definition in force with what the plan says, and the rotator as it is on the host today.
 *
 * Of several secrets all change by one statement, or none does: whoever says so has named one that they did not mean where one
 * would stay as it is, and what is signed is what was asked for.  What is wrong with each is gathered.  They are drawn up
 * in lots, each in two steps, so that a far host is waited for twice a lot: what it has in force and who must sign; what its
 * rotators announce of the new targets.
 */
#include "ceremony/client/documents/definition_change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/client/documents/definition.h"
#include "ceremony/client/secrets/faults.h"
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

/* What is the same for all of them. */
static enum err_code
check_plan(const struct change_plan *plan, const struct vault_view *view, struct err *err)
{
	char ignored[EFFECT_MAX + 1];

	if (plan->policy != NULL && charter_policy(view->chain.charter, plan->policy) == NULL)
		return err_set(err, ERR_USAGE, "the charter has no policy %s",
		    QUOTED(plan->policy));
	TRY(change_text(plan->rotator, "the rotator", ignored, ROTATOR_TEXT_MAX + 1, err));
	return change_text(plan->effect, "the effect (what the credential can do)", ignored,
	    sizeof(ignored), err);
}

static enum err_code
change_members(const struct change_plan *plan, const struct vault_view *view,
    struct definition *definition, struct err *err)
{
	TRY(change_text(plan->policy, "the policy", definition->policy, sizeof(definition->policy),
	    err));
	if (charter_policy(view->chain.charter, definition->policy) == NULL)
		return err_set(err, ERR_USAGE, "the charter has no policy %s",
		    QUOTED(definition->policy));
	TRY(change_text(plan->rotator, "the rotator", definition->rotator,
	    sizeof(definition->rotator), err));
	TRY(change_text(plan->effect, "the effect (what the credential can do)", definition->effect,
	    sizeof(definition->effect), err));
	return change_target(plan, definition, err);
}

static struct json *
quorums_request(const char *name)
{
	struct json *request = op_new("secret-quorums");

	json_put_text(request, "name", name);
	return request;
}

/* Which quorums sign beside that of its policy. */
static enum err_code
ask_quorums(struct client *client, const char *name, struct definition_change *change,
    struct err *err)
{
	REPLY reply = {0};
	const struct json *array;

	TRY(client_ask(client, quorums_request(name), "secret-quorums", &reply, err));
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

/* --- One of them ------------------------------------------------------------------------- */

struct drawing {
	struct client *client;
	const struct change_plan *plan;
	const struct vault_view *view;
	struct lookups earlier;
	struct definitions later; /* revision 0: something is wrong with it */
	struct faults faults;
};

static void
drawing_done(struct drawing *drawing)
{
	lookups_done(&drawing->earlier);
	definitions_done(&drawing->later);
}

typedef enum err_code (*draw_step)(struct drawing *drawing, size_t at, struct err *err);

/* What came of one of them, named where there are others. */
static enum err_code
of_one(const struct drawing *drawing, size_t at, enum err_code code, struct err *err)
{
	return code != ERR_OK && drawing->plan->count > 1 ?
	    err_add(err, "%s", drawing->plan->names[at]) :
	    code;
}

/* What follows EARLIER by the plan, but for the rotator as it is today. */
static enum err_code
follow_up(struct drawing *drawing, const char *name, const struct definition *earlier,
    struct definition *later, struct err *err)
{
	const struct change_plan *plan = drawing->plan;

	TRY(definition_copy(earlier, later, err));
	definition_drop_change(later);
	later->revision = earlier->revision + 1;
	later->change.previous = earlier->digest;
	later->change.retires = plan->retires;
	memcpy(later->change.policy, earlier->policy, sizeof(later->change.policy));
	TRY(ask_quorums(drawing->client, name, &later->change, err));
	return plan->retires ? ERR_OK : change_members(plan, drawing->view, later, err);
}

static enum err_code
draw_up(struct drawing *drawing, size_t at, struct err *err)
{
	const char *name = drawing->plan->names[at];
	struct lookup *earlier = &drawing->earlier.rows[at];
	enum err_code code = lookup_secret(drawing->client, drawing->view, name, earlier, err);

	if (code == ERR_OK)
		code =
		    follow_up(drawing, name, &earlier->definition, &drawing->later.rows[at], err);
	return of_one(drawing, at, code, err);
}

static enum err_code
finish(struct drawing *drawing, size_t at, struct err *err)
{
	struct definition *later = &drawing->later.rows[at];
	struct rotator_said said;

	if (!drawing->plan->retires) {
		TRY(of_one(drawing, at,
		    rotator_ask(drawing->client, later->rotator, later->target, &said, err), err));
		rotator_define(&said, later);
	}
	return definition_follows(later, &drawing->earlier.rows[at].definition, err);
}

/* --- All of them ------------------------------------------------------------------------- */

enum { LOT = 24 }; /* two requests for each are under way (PIPELINE_MAX) */

static size_t
lot_end(const struct change_plan *plan, size_t from)
{
	return from + LOT < plan->count ? from + LOT : plan->count;
}

static void
foresee_earlier(struct client *client, const struct change_plan *plan, size_t from)
{
	lookup_know(client);
	for (size_t i = from; i < lot_end(plan, from); i++) {
		if (!text_is_plain(view_of_text(plan->names[i])))
			continue;
		lookup_foresee(client, plan->names[i]);
		client_foresee(client, quorums_request(plan->names[i]));
	}
}

static void
foresee_rotators(struct drawing *drawing, size_t from)
{
	const struct definition *rows = drawing->later.rows;

	for (size_t i = from; !drawing->plan->retires && i < lot_end(drawing->plan, from); i++)
		if (rows[i].revision > 0)
			rotator_foresee(drawing->client, rows[i].rotator, rows[i].target);
}

/* A fault of what the person asked for, which does not keep the others from being looked at. */
static bool
is_of_one(enum err_code code)
{
	return code == ERR_USAGE || code == ERR_INVALID || code == ERR_REFUSED ||
	    code == ERR_NOT_FOUND || code == ERR_EXISTS;
}

/* STEP for each of a lot with which nothing is wrong so far. */
static enum err_code
take_step(struct drawing *drawing, draw_step step, size_t from, struct err *err)
{
	const struct change_plan *plan = drawing->plan;

	for (size_t i = from; i < lot_end(plan, from); i++) {
		struct definition *later = &drawing->later.rows[i];
		enum err_code code =
		    step == draw_up || later->revision > 0 ? step(drawing, i, err) : ERR_OK;

		if (code == ERR_OK)
			continue;
		if (plan->count == 1 || !is_of_one(code))
			return code;
		faults_add(&drawing->faults, err);
		later->revision = 0;
	}
	return ERR_OK;
}

static enum err_code
draw_all(struct drawing *drawing, struct err *err)
{
	const struct change_plan *plan = drawing->plan;

	for (size_t from = 0; from < plan->count; from = lot_end(plan, from)) {
		if (plan->count > LOT)
			ui_progress(client_options(drawing->client)->ui,
			    "%zu of %zu secrets looked at", from, plan->count);
		if (from > 0) /* the first lot went with the greeting */
			foresee_earlier(drawing->client, plan, from);
		TRY(take_step(drawing, draw_up, from, err));
		foresee_rotators(drawing, from);
		TRY(take_step(drawing, finish, from, err));
	}
	if (faults_end(&drawing->faults, err) == ERR_OK)
		return ERR_OK;
	return err_part(err, "None of the %zu secrets is changed by that", plan->count);
}

static enum err_code
check_names(const struct change_plan *plan, struct err *err)
{
	if (plan->count == 0 || plan->count > DEFINITIONS)
		return err_set(err, ERR_USAGE, "%zu secrets; one statement changes 1 to %d",
		    plan->count, (int)DEFINITIONS);
	return typed_check_once(plan->names, plan->count, err);
}

enum err_code
definition_change(struct client *client, const struct change_plan *plan, struct err *err)
{
	CLEANUP(drawing_done)
	struct drawing drawing = {.client = client, .plan = plan};

	TRY(check_names(plan, err));
	foresee_earlier(client, plan, 0);
	TRY(client_sync(client, &drawing.view, err));
	TRY(check_plan(plan, drawing.view, err));
	TRY(lookups_new(plan->count, &drawing.earlier, err));
	drawing.later.rows = calloc(plan->count, sizeof(*drawing.later.rows));
	if (drawing.later.rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for %zu definitions", plan->count);
	drawing.later.count = plan->count;
	TRY(draw_all(&drawing, err));
	return definition_propose(client, drawing.view, &drawing.later, &drawing.earlier, err);
}
