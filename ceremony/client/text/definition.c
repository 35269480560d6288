/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/text/definition.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/client/text/announced.h"
#include "ceremony/client/text/whole.h"
#include "vault/documents/definition_changes.h"
#include "vault/documents/definition_verify.h"

enum { PAGE = 10 };

static void
say_row(const struct definition_screen *screen, const char *label, const char *text)
{
	ui_say(screen->ui, "  %-12s %s", label, text);
}

static void
whole(void *context, const char *label, const char *text)
{
	say_row(context, label, text);
}

static enum err_code
show_member(void *context, const char *what, const char *before, const char *after, struct err *err)
{
	const struct definition_screen *screen = context;

	(void)before, (void)err;
	if (after == NULL) /* that it was empty before: no member */
		return ERR_OK;
	say_row(screen, "", what);
	show_whole("", after, whole, context);
	return ERR_OK;
}

static void
show_policy(const struct definition_screen *screen, const char *label, const char *name)
{
	const struct policy *policy = charter_policy(screen->charter, name);
	BUF text = {0};

	if (policy == NULL)
		buf_format(&text, "%s, which the charter has no more", name);
	else
		buf_format(&text, "%s: %s", name, policy->quorum_text);
	say_row(screen, label, buf_string(&text));
}

static enum err_code
show_one(const struct definition_screen *screen, const struct definition *definition,
    struct err *err)
{
	char announced[ANNOUNCED_TEXT_SIZE];
	struct definition_screen own = *screen;
	BUF account = {0}, rotator = {0};

	announced_rotator(definition, &rotator);
	announced_text(&definition->announced, announced);
	ui_say(screen->ui, "%s", definition->name);
	say_row(screen, "can do", QUOTED(definition->effect));
	show_policy(screen, "policy", definition->policy);
	say_row(screen, "rotator", buf_string(&rotator));
	TRY(definition_target(definition, show_member, &own, err));
	say_row(screen, "rotation", announced);
	announced_account(&definition->announced, &account);
	if (account.size > 0)
		say_row(screen, "account", buf_string(&account));
	return ERR_OK;
}

/* Of COUNT, before the one AT. */
static enum err_code
turn_page(const struct definition_screen *screen, size_t at, size_t count, struct err *err)
{
	char line[16], question[100];

	if (!screen->pages || at == 0 || at % PAGE != 0)
		return ERR_OK;
	(void)snprintf(question, sizeof(question), "%zu of %zu are shown; Enter shows more", at,
	    count);
	return screen->ui->ask_line(screen->ui->context, question, line, sizeof(line), err);
}

enum err_code
show_definitions(const struct definition_screen *screen, const struct definitions *definitions,
    struct err *err)
{
	for (size_t i = 0; i < definitions->count; i++) {
		TRY(turn_page(screen, i, definitions->count, err));
		TRY(show_one(screen, &definitions->rows[i], err));
	}
	return ERR_OK;
}

static enum err_code
show_difference(void *context, const char *what, const char *before, const char *after,
    struct err *err)
{
	const struct definition_screen *screen = context;

	(void)err;
	ui_say(screen->ui, "  %s", what);
	show_whole("  before", before != NULL ? before : "-", whole, context);
	show_whole("  after", after != NULL ? after : "-", whole, context);
	return ERR_OK;
}

/* Of a value that is out, or dies, nobody asks the target that it was for any more. */
static void
show_owed(const struct definition_screen *screen, const struct definition_before *before,
    const struct definition *later)
{
	if (!before->owes || !definition_moves(before->earlier, later))
		return;
	ui_say(screen->ui,
	    "  ! A value of it is out, or its death is watched, and was made for the target as it is above. From now on the new one "
	    "is asked whether that value is refused, and what it says is called dead on your word: where they are not the same "
	    "account, take the value away at the old one by hand.");
}

static enum err_code
show_change(const struct definition_screen *screen, const struct definition_before *before,
    const struct definition *later, struct err *err)
{
	const struct definition *earlier = before->earlier;
	const struct definition_change *change = &later->change;
	struct definition_screen to = *screen;

	say_row(screen, "AS IT IS", "");
	TRY(show_one(screen, earlier, err));
	ui_say(screen->ui, "%s, revision %u%s", later->name, later->revision,
	    change->retires ? ": RETIRED for good; nothing of it is opened or changed any more" :
	                      " changes:");
	TRY(definition_compare(earlier, later, show_difference, &to, err));
	if (strcmp(earlier->policy, later->policy) != 0) {
		show_policy(screen, "policy was", earlier->policy);
		show_policy(screen, "and becomes", later->policy);
	}
	show_owed(screen, before, later);
	show_policy(screen, "signed by", change->policy);
	for (size_t i = 0; i < change->quorum_count; i++)
		ui_say(screen->ui, "  %-12s %s (its versions are sealed to it)", "and",
		    change->quorums[i]);
	return ERR_OK;
}

enum err_code
show_definition_changes(const struct definition_screen *screen,
    const struct definition_before *before, const struct definitions *definitions, struct err *err)
{
	size_t count = definitions->count;

	for (size_t i = 0; i < count; i++) {
		TRY(turn_page(screen, i, count, err));
		if (count > 1)
			ui_say(screen->ui, "--- %zu of %zu: %s ---", i + 1, count,
			    definitions->rows[i].name);
		TRY(show_change(screen, &before[i], &definitions->rows[i], err));
	}
	return ERR_OK;
}
