/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/open.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/process.h"
#include "base/text.h"
#include "base/text_time.h"
#include "cli/agent.h"
#include "cli/lease.h"

enum { FD_SECONDS = 60 };

/* Exactly one way out, asked before anything is opened. */
static enum err_code
check_ways(const struct cli_call *call, struct err *err)
{
	const struct parsed *parsed = call->parsed;
	int ways = option_given(parsed, "agent") + option_given(parsed, "show") +
	    option_given(parsed, "fd");

	if (ways != 1)
		return err_set(err, ERR_USAGE,
		    "where shall it go? Give one of --agent, --show, --fd N");
	if (option_given(parsed, "field") && !option_given(parsed, "fd"))
		return err_set(err, ERR_USAGE, "--field goes with --fd only");
	if (option_given(parsed, "agent-lifetime") && !option_given(parsed, "agent"))
		return err_set(err, ERR_USAGE, "--agent-lifetime goes with --agent only");
	return ERR_OK;
}

static enum err_code
check_fd(const struct cli_call *call, struct err *err)
{
	int64_t fd;

	TRY(option_number(call->parsed, "fd", 0, 255, -1, &fd, err));
	int flags = fcntl((int)fd, F_GETFL);
	if (flags < 0)
		return err_set(err, ERR_USAGE,
		    "descriptor %d is not open; the shell opens it with, for example, %d>&1 or %d>FILE",
		    (int)fd, (int)fd, (int)fd);
	if ((flags & O_ACCMODE) == O_RDONLY)
		return err_set(err, ERR_USAGE, "descriptor %d is open for reading only", (int)fd);
	return ERR_OK;
}

/* Before the vault is asked, and long before a PIN or a touch: could it go there?  PLAN gets the FIELD
 * that is wanted, if one is. */
static enum err_code
check_place(const struct cli_call *call, enum credential_field *field, struct open_plan *plan,
    struct err *err)
{
	const char *name = option_text(call->parsed, "field");
	int64_t lifetime;

	if (option_given(call->parsed, "show"))
		return call->io->check_show(call->io->context, err);
	if (option_given(call->parsed, "agent")) {
		TRY(option_duration(call->parsed, "agent-lifetime", 0, &lifetime, err));
		*field = FIELD_PRIVATE_KEY;
		plan->field = field;
		return agent_check(err);
	}
	if (name != NULL) {
		TRY(credential_field_named(name, field, err));
		plan->field = field;
	}
	return check_fd(call, err);
}

/* The field for --fd: the one named, else the only one that is secret by nature. */
static enum err_code
choose_field(const struct cli_call *call, const struct opened_item *item,
    enum credential_field *ret_field, struct err *err)
{
	const char *wanted = option_text(call->parsed, "field");
	size_t count = 0;

	if (wanted != NULL)
		return credential_field_named(wanted, ret_field, err);
	for (int i = 0; i < CREDENTIAL_FIELDS; i++) {
		if (credential_field_is_secret((enum credential_field)i) &&
		    credential_has(secret_view(item->credential), (enum credential_field)i)) {
			*ret_field = (enum credential_field)i;
			count++;
		}
	}
	if (count != 1)
		return err_set(err, ERR_USAGE,
		    "%s has several secret fields or none; name one with --field", item->name);
	return ERR_OK;
}

/* What goes to the agent or descriptor of one item. */
static enum err_code
value_of(const struct cli_call *call, const struct opened_item *item, struct view *ret_value,
    struct err *err)
{
	enum credential_field field = FIELD_PRIVATE_KEY;

	if (option_given(call->parsed, "fd"))
		TRY(choose_field(call, item, &field, err));
	if (credential_get(secret_view(item->credential), field, ret_value, err) != ERR_OK)
		return err_add(err, "%s", item->name);
	return ERR_OK;
}

/* One value as it is; of several each after a line "NAME SIZE", and a newline after it. */
static enum err_code
deliver_fd(const struct cli_call *call, const struct opened_item *item, bool framed,
    struct view value, struct err *err)
{
	int64_t fd, deadline = process_milliseconds() + FD_SECONDS * 1000;
	char line[SEAT_NAME_MAX + 32];

	TRY(option_number(call->parsed, "fd", 0, 255, -1, &fd, err));
	snprintf(line, sizeof(line), "%s %zu\n", item->name, value.size);
	if ((framed && fd_write((int)fd, view_of_text(line), deadline, err) != ERR_OK) ||
	    fd_write((int)fd, value, deadline, err) != ERR_OK ||
	    (framed && fd_write((int)fd, view_of_text("\n"), deadline, err) != ERR_OK))
		return err_add(err, "writing %s to descriptor %d", item->name, (int)fd);
	return ERR_OK;
}

static enum err_code
deliver_agent(const struct cli_call *call, const struct opened *opened,
    const struct opened_item *item, struct view key, struct err *err)
{
	int64_t left = opened->expires - call->drivers->now(), lifetime;
	char text[TEXT_DURATION_SIZE];

	TRY(option_duration(call->parsed, "agent-lifetime", left, &lifetime, err));
	if (lifetime > left)
		lifetime = left;
	TRY(agent_add(key, lifetime, err));
	text_duration(lifetime, text);
	ui_say(call->io->ui, "%s: the key is in your ssh-agent, which forgets it after %s.",
	    item->name, text);
	return ERR_OK;
}

static enum err_code
deliver(const struct cli_call *call, const struct opened *opened, const struct opened_item *item,
    struct err *err)
{
	struct view value;
	char title[200];

	if (option_given(call->parsed, "show")) {
		snprintf(title, sizeof(title),
		    "%s, released to you alone; everything you do is in the log", item->name);
		return call->io->show(call->io->context, title, secret_view(item->credential),
		    opened->expires - call->drivers->now(), err);
	}
	TRY(value_of(call, item, &value, err));
	return option_given(call->parsed, "agent") ?
	    deliver_agent(call, opened, item, value, err) :
	    deliver_fd(call, item, opened->count > 1, value, err);
}

/* What cannot be handed over is said before anything is. */
static enum err_code
deliver_all(const struct cli_call *call, const struct opened *opened, struct err *err)
{
	struct view ignored;

	for (size_t i = 0; !option_given(call->parsed, "show") && i < opened->count; i++)
		TRY(value_of(call, &opened->items[i], &ignored, err));
	for (size_t i = 0; i < opened->count; i++)
		TRY(deliver(call, opened, &opened->items[i], err));
	return ERR_OK;
}

/* End the lease over the present session, or, when that broke (a Ctrl-C ends ssh too), a new one. */
static enum err_code
end_lease(struct cli_call *call, const struct opened *opened, struct err *err)
{
	bool retired = false;
	enum err_code code = lease_end(call->client, opened, &retired, err);

	if (code == ERR_PROTOCOL || code == ERR_IO) {
		client_freep(&call->client);
		TRY(call_connect_for(call, NULL, NULL, err));
		code = lease_end(call->client, opened, &retired, err);
	}
	if (code != ERR_OK)
		return code;
	if (!retired)
		return err_set(err, ERR_TARGET_UNKNOWN,
		    "%s is not replaced yet; the old credential may still work", opened->title);
	return ERR_OK;
}

/* Whether or not the agent still has them: they will be refused by the target. */
static void
leave_agent(const struct cli_call *call, const struct opened *opened)
{
	for (size_t i = 0; i < opened->count; i++) {
		const struct opened_item *item = &opened->items[i];
		struct err ignored;
		struct view key;

		if (credential_get(secret_view(item->credential), FIELD_PRIVATE_KEY, &key,
		        &ignored) != ERR_OK)
			continue;
		if (agent_remove(key, &ignored) == ERR_OK)
			ui_say(call->io->ui, "%s: the key is out of your ssh-agent.", item->name);
		else if (opened->expires > call->drivers->now())
			ui_say(call->io->ui,
			    "%s: the key could not be taken out of your ssh-agent (%s); the "
			    "target refuses it once it is replaced.",
			    item->name, ignored.text);
	}
}

static enum err_code
run_lease(struct cli_call *call, const struct opened *opened, struct err *err)
{
	bool end = false;

	TRY(lease_wait(call, call->client, opened, &end, err));
	if (option_given(call->parsed, "agent"))
		leave_agent(call, opened);
	return end ? end_lease(call, opened, err) : ERR_OK;
}

enum err_code
cmd_open(struct cli_call *call, struct err *err)
{
	struct open_plan plan = {.id = call_argument(call, 0)};
	enum credential_field field;
	OPENED opened = {0};
	char left[TEXT_DURATION_SIZE];

	TRY(check_ways(call, err));
	TRY(check_place(call, &field, &plan, err));
	if (option_given(call->parsed, "fd"))
		call->io->divert(call->io->context);
	TRY(dossier_check_id(call_argument(call, 0), err));
	TRY(call_connect_for(call, open_foresee, &plan, err));
	TRY(open_run(call->client, &plan, &opened, err));
	ui_say(call->io->ui, "The release statement is kept in %s.", opened.kept);
	TRY(deliver_all(call, &opened, err));
	text_duration(opened.expires - call->drivers->now(), left);
	if (!option_given(call->parsed, "no-wait"))
		return run_lease(call, &opened, err);
	ui_say(call->io->ui, "%s is yours for %s. End it with halligan done %.8s.", opened.title,
	    left, opened.id);
	return ERR_OK;
}
