/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/text/definition.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/client/text/announced.h"
#include "vault/documents/definition_changes.h"

enum { PAGE = 10 };

static void
say_row(const struct definition_screen *screen, const char *label, const char *text)
{
	ui_say(screen->ui, "  %-12s %s", label, text);
}

static enum err_code
show_target(const struct definition_screen *screen, const struct json *target, struct err *err)
{
	unsigned ignored;

	for (size_t i = 0; i < json_object_count(target); i++) {
		const char *key = json_object_key(target, i);
		BUF text = {0};

		TRY(definition_member_text(json_member(target, key, &ignored), &text, err));
		ui_say(screen->ui, "  %-12s %s: %s", i == 0 ? "target" : "", QUOTED(key),
		    QUOTED(buf_string(&text)));
	}
	return ERR_OK;
}

static void
show_policy(const struct definition_screen *screen, const char *name)
{
	const struct policy *policy = charter_policy(screen->charter, name);
	BUF text = {0};

	if (policy == NULL)
		buf_format(&text, "%s, which the charter has no more", name);
	else
		buf_format(&text, "%s: %s", name, policy->quorum_text);
	say_row(screen, "policy", buf_string(&text));
}

static enum err_code
show_one(const struct definition_screen *screen, const struct definition *definition,
    struct err *err)
{
	char hex[2 * DIGEST_SIZE + 1], announced[ANNOUNCED_TEXT_SIZE];

	text_hex(VIEW_OF(definition->rotator_hash.bytes), hex);
	announced_text(&definition->announced, announced);
	ui_say(screen->ui, "%s", definition->name);
	say_row(screen, "can do", QUOTED(definition->effect));
	show_policy(screen, definition->policy);
	ui_say(screen->ui, "  %-12s %s, executable %s", "rotator", definition->rotator, hex);
	TRY(show_target(screen, definition->target, err));
	say_row(screen, "rotation", announced);
	return ERR_OK;
}

enum err_code
show_definitions(const struct definition_screen *screen, const struct definitions *definitions,
    struct err *err)
{
	char line[16], question[100];

	for (size_t i = 0; i < definitions->count; i++) {
		if (screen->pages && i > 0 && i % PAGE == 0) {
			(void)snprintf(question, sizeof(question),
			    "%zu of %zu are shown; Enter shows more", i, definitions->count);
			TRY(screen->ui->ask_line(screen->ui->context, question, line, sizeof(line),
			    err));
		}
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
	ui_say(screen->ui, "  %s", QUOTED(what));
	ui_say(screen->ui, "    %-8s %s", "before", before != NULL ? QUOTED(before) : "-");
	ui_say(screen->ui, "    %-8s %s", "after", after != NULL ? QUOTED(after) : "-");
	return ERR_OK;
}

enum err_code
show_definition_change(const struct definition_screen *screen, const struct definition *earlier,
    const struct definition *later, struct err *err)
{
	const struct definition_change *change = &later->change;
	struct definition_screen to = *screen;

	ui_say(screen->ui, "%s, revision %u%s", later->name, later->revision,
	    change->retires ? ": RETIRED for good; nothing of it is opened or changed any more" :
	                      " changes:");
	TRY(definition_compare(earlier, later, show_difference, &to, err));
	say_row(screen, "signed by", "the quorum of its policy:");
	show_policy(screen, change->policy);
	for (size_t i = 0; i < change->quorum_count; i++)
		ui_say(screen->ui, "  %-12s %s (its versions are sealed to it)", "and",
		    change->quorums[i]);
	return ERR_OK;
}
