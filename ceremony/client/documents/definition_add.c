/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/documents/definition_add.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "ceremony/client/documents/definition.h"
#include "ceremony/client/secrets/faults.h"
#include "ceremony/client/secrets/rotator.h"
#include "ceremony/client/secrets/secret.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/announced.h"
#include "ceremony/client/typed.h"
#include "vault/documents/definition_account.h"

static enum err_code
check_policy(const char *name, const struct charter *charter, struct err *err)
{
	const char *names[CHARTER_POLICIES + 1] = {NULL};
	const char *near;

	if (charter_policy(charter, name) != NULL)
		return ERR_OK;
	for (size_t i = 0; i < charter->policy_count; i++)
		names[i] = charter->policies[i].name;
	near = text_nearest(name, names);
	return err_set(err, ERR_USAGE, "the charter has no policy %s%s%s%s", QUOTED(name),
	    near != NULL ? "; did you mean " : "", near != NULL ? near : "",
	    near != NULL ? "?" : "");
}

static enum err_code
check_row(const struct define_row *row, const struct vault_view *view, struct err *err)
{
	if (!text_is_name(row->name))
		return err_set(err, ERR_USAGE,
		    "%s is no secret's name: 1 to 63 of a-z 0-9 - _ . and / between parts",
		    QUOTED(row->name));
	TRY(check_policy(row->policy, view->chain.charter, err));
	TRY(typed_check("the effect (what the credential can do)", row->effect, EFFECT_MAX, err));
	if (row->rotator[0] == '\0' || strlen(row->rotator) > ROTATOR_TEXT_MAX)
		return err_set(err, ERR_USAGE, "%s is no rotator's name", QUOTED(row->rotator));
	return ERR_OK;
}

/* DEFINITION's target is lent. */
static enum err_code
draw_row(struct client *client, const struct define_row *row, const struct vault_view *view,
    bool alone, struct definition *definition, struct err *err)
{
	struct rotator_said said;
	char text[ANNOUNCED_TEXT_SIZE];

	TRY(check_row(row, view, err));
	TRY(lookup_none(client, row->name, err));
	TRY(rotator_ask(client, row->rotator, row->target, &said, err));
	announced_text(&said.announced, text);
	if (alone)
		ui_say(client_options(client)->ui,
		    "Rotator %s: %s, as the vault's host says; %s; %s.", row->rotator,
		    QUOTED(said.path),
		    said.own ? "a program of its own, pinned by its hash" :
		               "it comes with Halligan",
		    text);
	TRY(random_bytes(definition->secret.bytes, SECRET_ID_SIZE, err));
	definition->revision = 1;
	rotator_define(&said, definition);
	TRY(definition_set_target(definition, row->target, err));
	snprintf(definition->name, sizeof(definition->name), "%s", row->name);
	snprintf(definition->policy, sizeof(definition->policy), "%s", row->policy);
	snprintf(definition->rotator, sizeof(definition->rotator), "%s", row->rotator);
	snprintf(definition->effect, sizeof(definition->effect), "%s", row->effect);
	return ERR_OK;
}

enum { AHEAD = 16 };

/* What the next rows will ask for. */
static void
foresee(struct client *client, const struct define_row *rows, size_t from, size_t count)
{
	for (size_t i = from; i < count && i < from + AHEAD; i++) {
		lookup_foresee(client, rows[i].name);
		rotator_foresee(client, rows[i].rotator, rows[i].target);
	}
}

static void
name_row(const struct define_row *row, char ret_text[SEAT_NAME_MAX + 40])
{
	if (row->line > 0)
		(void)snprintf(ret_text, SEAT_NAME_MAX + 40, "line %zu (%s)", row->line, row->name);
	else
		(void)snprintf(ret_text, SEAT_NAME_MAX + 40, "%s", row->name);
}

/* What is about a row alone: the others are judged, too. */
static bool
is_of_row(enum err_code code)
{
	return code == ERR_USAGE || code == ERR_INVALID || code == ERR_REFUSED ||
	    code == ERR_NOT_FOUND || code == ERR_EXISTS || code == ERR_VERSION;
}

static enum err_code
draw_all(struct client *client, const struct define_row *rows, const struct vault_view *view,
    struct definitions *definitions, struct err *err)
{
	size_t count = definitions->count;
	struct faults faults = {0};
	char name[SEAT_NAME_MAX + 40];

	for (size_t i = 0; i < count; i++) {
		if (count > 1)
			ui_progress(client_options(client)->ui, "%zu of %zu definitions judged", i,
			    count);
		if (i % AHEAD == 0)
			foresee(client, rows, i, count);
		if (draw_row(client, &rows[i], view, count == 1, &definitions->rows[i], err) ==
		    ERR_OK)
			continue;
		if (count == 1 && rows[i].line == 0)
			return err->code;
		name_row(&rows[i], name);
		if (!is_of_row(err->code))
			return err_add(err, "%s", name);
		(void)err_add(err, "%s", name);
		faults_add(&faults, err);
	}
	return faults_end(&faults, err);
}

/* The first before I that is of the same account, where one of the two holds one value; or I. */
static size_t
find_same(const struct definitions *definitions, const struct digest *accounts, size_t i)
{
	const struct definition *rows = definitions->rows;

	for (size_t j = 0; j < i; j++)
		if (digest_equal(&accounts[j], &accounts[i]) &&
		    (rows[i].announced.style == STYLE_REPLACE ||
		        rows[j].announced.style == STYLE_REPLACE))
			return j;
	return i;
}

/* The vault judges it as well, also beside what it has; here all that are twice in a file are named. */
static enum err_code
check_accounts(const struct define_row *rows, const struct definitions *definitions,
    struct digest *accounts, struct err *err)
{
	struct faults faults = {0};
	char first[SEAT_NAME_MAX + 40], second[SEAT_NAME_MAX + 40];
	struct err one;

	for (size_t i = 0; i < definitions->count; i++) {
		TRY(definition_account(&definitions->rows[i], &accounts[i], err));
		size_t same = find_same(definitions, accounts, i);

		if (same == i)
			continue;
		name_row(&rows[same], first);
		name_row(&rows[i], second);
		(void)err_set(&one, ERR_EXISTS,
		    "%s: one account with %s, which holds one value: each rotation of one would break the other; give "
		    "one of them",
		    second, first);
		faults_add(&faults, &one);
	}
	return faults_end(&faults, err);
}

DESTRUCTOR(free_accounts, struct digest, free)

enum err_code
definition_add(struct client *client, const struct define_row *rows, size_t count, struct err *err)
{
	const struct vault_view *view;
	DEFINITIONS_OF definitions = {0};

	if (count == 0 || count > DEFINITIONS)
		return err_set(err, ERR_USAGE, "%zu definitions; one statement has 1 to %d", count,
		    (int)DEFINITIONS);
	TRY(client_sync(client, &view, err));
	definitions.rows = calloc(count, sizeof(*definitions.rows));
	if (definitions.rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for %zu definitions", count);
	definitions.count = count;
	TRY(draw_all(client, rows, view, &definitions, err));
	CLEANUP(free_accounts) struct digest *accounts = calloc(count, sizeof(*accounts));
	if (accounts == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for %zu accounts", count);
	TRY(check_accounts(rows, &definitions, accounts, err));
	return definition_propose(client, view, &definitions, NULL, err);
}
