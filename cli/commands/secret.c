/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/secret.h"

#include <stdio.h>
#include <string.h>

#include "base/ssh_public.h"
#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/client/secrets/secret.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/announced.h"
#include "ceremony/client/text/grade.h"

struct listing {
	const struct cli_call *call;
	struct json *all;
};

static enum err_code
list_row(void *context, const struct secret_listed *row, struct err *err)
{
	const struct listing *listing = context;
	const bool far = client_is_far(listing->call->client);

	(void)err;
	if (!call_json(listing->call))
		ui_say(listing->call->io->ui, "%-24s version %-4u %-14s %-10s %s",
		    TOLD(far, row->name), row->current, TOLD(far, row->policy),
		    TOLD(far, row->rotator), TOLD(far, row->state));
	members_add(listing->all, secret_listed_members, row);
	return ERR_OK;
}

enum err_code
cmd_secret_list(struct cli_call *call, struct err *err)
{
	const struct vault_view *view;
	JSON *object = json_new_object();
	JSON *all = json_new_array();
	struct listing listing = {call, all};

	TRY(call_connect(call, err));
	TRY(client_sync(call->client, &view, err));
	TRY(secrets_walk(call->client, list_row, &listing, err));
	if (json_array_count(all) == 0 && !call_json(call))
		ui_say(call->io->ui, "No secrets yet; define one with halligan secret add.");
	json_put(object, "secrets", TAKE(all));
	return call_json(call) ? call_print_json(call, object, err) : ERR_OK;
}

/* Which shares each seat's envelopes hold, clause by clause. */
static void
show_clauses(const struct ui *ui, const struct lookup *lookup)
{
	const struct quorum *quorum = lookup->quorum;

	for (unsigned c = 0; c < quorum->clause_count; c++) {
		for (unsigned g = 0; g < quorum->clauses[c].group_count; g++) {
			const struct quorum_group *group = &quorum->clauses[c].groups[g];
			BUF names = {0};

			for (unsigned s = 0; s < group->n; s++)
				buf_format(&names, "%s%s", s > 0 ? ", " : "",
				    quorum->seats[group->seats[s]]);
			ui_say(ui, "  %-12s %u of %u: %s",
			    g > 0     ? "and" :
			        c > 0 ? "or" :
			                "opens with",
			    group->m, group->n, buf_string(&names));
		}
	}
}

static void
show_version(const struct ui *ui, const struct lookup *lookup)
{
	if (lookup->header == NULL) {
		ui_say(ui, "  %-12s %s", "version",
		    lookup->definition.change.retires ?
		        "RETIRED: nothing of it is opened or changed any more, and its name is not used again" :
		        "none is in force yet");
		return;
	}
	ui_say(ui, "  %-12s %u%s%s", "version", lookup->current,
	    lookup->released ? ", released" : ", sealed",
	    lookup->part_exposed ? ", PART-EXPOSED: shares were opened in a refused ceremony" : "");
	show_clauses(ui, lookup);
	ui_say(ui, "  %-12s %u, one for each token", "envelopes", lookup->header->envelope_count);
	if (lookup->policy != NULL &&
	    strcmp(lookup->policy->quorum_text, lookup->header->quorum) != 0)
		ui_say(ui, "  %-12s %s (today's charter; both must be met)", "and",
		    lookup->policy->quorum_text);
}

static void
show_deaths(const struct ui *ui, const struct lookup *lookup)
{
	struct death_told death;

	for (size_t i = 0; lookup_death(lookup, i, &death); i++)
		ui_say(ui, "  %-12s %s%s%s", "death watch", QUOTED(death.words),
		    death.note[0] != '\0' ? ": " : "",
		    death.note[0] != '\0' ? QUOTED(death.note) : "");
}

static void
show_rotation(const struct ui *ui, const struct lookup *lookup)
{
	const struct rotation *rotation = &lookup->rotation;
	char time[TEXT_TIME_SIZE];

	if (!lookup->has_rotation)
		return;
	text_time(rotation->time, time);
	ui_say(ui, "  %-12s version %u took the place of version %u, %s: %s; %s", "last time",
	    rotation->new, rotation->old, time, grade_text(rotation->grade),
	    grade_sessions_text(rotation->sessions));
	if (rotation->proof[0] != '\0')
		ui_say(ui, "  %-12s %s", "proof", QUOTED(rotation->proof));
}

static void
show_debt(const struct ui *ui, bool far, const struct lookup *lookup)
{
	const char *note = lookup->debt_note;
	char time[TEXT_TIME_SIZE];

	if (!lookup->has_debt)
		return;
	text_time(lookup->debt_due, time);
	if (lookup->debt_tries == 0)
		ui_say(ui, "  %-12s %s: its value is to be replaced, from %s on%s%s", "debt",
		    TOLD(far, lookup->debt_state), time, note[0] != '\0' ? ": " : "",
		    note[0] != '\0' ? QUOTED(note) : "");
	else
		ui_say(ui, "  %-12s %s, tried in vain %u times, again from %s on: %s", "debt",
		    TOLD(far, lookup->debt_state), lookup->debt_tries, time, QUOTED(note));
}

/* To be copied whole: a key has no words of others, and is in no quotation marks, which would break it; a usual one fills a line of
 * 80 columns, and of a longer one --json has it in one. */
static enum err_code
show_public(const struct ui *ui, const char *text, struct err *err)
{
	struct ssh_public key;
	BUF line = {0};

	if (text[0] == '\0')
		return ERR_OK;
	if (ssh_public_parse(view_of_text(text), &key, err) != ERR_OK) {
		err->code = ERR_PROTOCOL;
		return err_add(err, "the server's answer: values");
	}
	ssh_public_write(&key, &line);
	TRY(buf_check(&line, err));
	ui_say(ui, "%s", buf_string(&line));
	return ERR_OK;
}

/* What the target may take; and the way out where it takes none. */
static enum err_code
show_values(const struct ui *ui, bool far, const struct lookup *lookup, struct err *err)
{
	const char *name = lookup->definition.name;
	struct value_told value;
	size_t count = 0;

	for (; lookup_value(lookup, count, &value); count++) {
		ui_say(ui, "  %-12s version %u, %s", "value", value.version,
		    TOLD(far, value.words));
		TRY(show_public(ui, value.public, err));
	}
	if (count == 0 || strcmp(lookup->debt_state, debt_state_names[DEBT_DEGRADED]) != 0)
		return ERR_OK;
	ui_say(ui,
	    "  %-12s make the target take one of these, the first if you can choose, then: halligan rotate %s",
	    "way out", name);
	ui_say(ui, "  %-12s if it is another target by now: halligan secret change %s", "", name);
	return ERR_OK;
}

static enum err_code
show_text(const struct cli_call *call, const struct lookup *lookup, struct err *err)
{
	const struct ui *ui = call->io->ui;
	const struct definition *definition = &lookup->definition;
	char announced[ANNOUNCED_TEXT_SIZE];
	BUF target = {0}, account = {0}, rotator = {0};

	TRY(json_encode(definition->target, &target, err));
	announced_rotator(definition, &rotator);
	ui_say(ui, "%s", definition->name);
	ui_say(ui, "  %-12s %s", "can do", QUOTED(definition->effect));
	ui_say(ui, "  %-12s %s", "policy", definition->policy);
	ui_say(ui, "  %-12s %s", "rotator", buf_string(&rotator));
	ui_say(ui, "  %-12s %s", "target", QUOTED(buf_string(&target)));
	announced_text(&definition->announced, announced);
	ui_say(ui, "  %-12s %s", "rotation", announced);
	announced_account(&definition->announced, &account);
	if (account.size > 0)
		ui_say(ui, "  %-12s %s", "account", buf_string(&account));
	show_version(ui, lookup);
	show_debt(ui, client_is_far(call->client), lookup);
	TRY(show_values(ui, client_is_far(call->client), lookup, err));
	show_deaths(ui, lookup);
	show_rotation(ui, lookup);
	return ERR_OK;
}

static const struct member definition_members[] = {
    {"name", MEMBER_TEXT, FIELD(struct definition, name)},
    {"secret", MEMBER_HEX, FIELD(struct definition, secret)},
    {"definition", MEMBER_HEX, FIELD(struct definition, digest)},
    {"effect", MEMBER_TEXT, FIELD(struct definition, effect)},
    {"policy", MEMBER_TEXT, FIELD(struct definition, policy)},
    {"rotator", MEMBER_TEXT, FIELD(struct definition, rotator)},
    {NULL},
};
static const struct member state_members[] = {
    {"current", MEMBER_NUMBER, FIELD(struct lookup, current)},
    {"newest", MEMBER_NUMBER, FIELD(struct lookup, newest)},
    {"released", MEMBER_BOOL, FIELD(struct lookup, released)},
    {"part_exposed", MEMBER_BOOL, FIELD(struct lookup, part_exposed)},
    {NULL},
};

static enum err_code
show_json(const struct cli_call *call, const struct lookup *lookup, struct err *err)
{
	const struct definition *definition = &lookup->definition;
	JSON *object = json_new_object();
	struct json *debt, *announced, *deaths, *rotation, *values;
	struct death_told death;
	struct value_told value;

	members_put(object, definition_members, definition);
	json_put_copy(object, "target", definition->target);
	announced = json_new_object();
	announcement_put(announced, &definition->announced);
	json_put(object, "announced", announced);
	members_put(object, state_members, lookup);
	if (lookup->header != NULL) {
		json_put_text(object, "quorum", lookup->header->quorum);
		json_put_int(object, "envelopes", lookup->header->envelope_count);
	}
	deaths = json_new_array();
	for (size_t i = 0; lookup_death(lookup, i, &death); i++)
		members_add(deaths, death_told_members, &death);
	json_put(object, "deaths", deaths);
	values = json_new_array();
	for (size_t i = 0; lookup_value(lookup, i, &value); i++)
		members_add(values, value_told_members, &value);
	json_put(object, "values", values);
	if (lookup->has_debt) {
		debt = json_new_object();
		members_put(debt, lookup_debt_members, lookup);
		json_put(object, "debt", debt);
	}
	if (lookup->has_rotation) {
		rotation = json_new_object();
		members_put(rotation, lookup_rotation_members, &lookup->rotation);
		json_put(object, "rotation", rotation);
	}
	return call_print_json(call, object, err);
}

enum err_code
cmd_secret_show(struct cli_call *call, struct err *err)
{
	const struct vault_view *view;
	LOOKUP lookup = {0};

	TRY(call_connect(call, err));
	TRY(client_sync(call->client, &view, err));
	TRY(lookup_with_rotation(call->client, view, call_argument(call, 0), &lookup, err));
	return call_json(call) ? show_json(call, &lookup, err) : show_text(call, &lookup, err);
}
