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
#include "cli/login.h"

enum { FD_SECONDS = 60, LOOK_MILLISECONDS = 5000 };

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
 * that is wanted, if one is; AGENT is started where it is for one. */
static enum err_code
check_place(const struct cli_call *call, struct agent *agent, enum credential_field *field,
    struct open_plan *plan, struct err *err)
{
	const char *name = option_text(call->parsed, "field");
	int64_t lifetime;

	if (option_given(call->parsed, "show"))
		return call->io->check_show(call->io->context, err);
	if (option_given(call->parsed, "agent")) {
		TRY(option_duration(call->parsed, "agent-lifetime", 0, &lifetime, err));
		*field = FIELD_PRIVATE_KEY;
		plan->field = field;
		return agent_start(agent, err);
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

/* The command that logs in, or where the key is for one that cannot be told. */
static enum err_code
tell_login(const struct cli_call *call, const struct opened_item *item, const struct agent *agent,
    struct view key, struct err *err)
{
	struct login login;
	BUF command = {0};

	if (!login_read(&item->definition, &login)) {
		ui_say(call->io->ui,
		    "  Its definition does not say how to log in (host, user and host_key). ssh "
		    "finds the key with: ssh -o IdentityAgent=%s",
		    agent->socket);
		return ERR_OK;
	}
	TRY(login_write(&login, agent, key, err));
	buf_format(&command, "  ssh -F %s/config %s", agent->folder, login.alias);
	TRY(buf_check(&command, err));
	call->io->print(call->io->context, buf_string(&command)); /* never broken: it is copied */
	return ERR_OK;
}

static enum err_code
deliver_agent(const struct cli_call *call, const struct agent *agent, const struct opened *opened,
    const struct opened_item *item, struct view key, struct err *err)
{
	int64_t left = opened->expires - call->drivers->now(), lifetime;
	char text[TEXT_DURATION_SIZE];

	TRY(option_duration(call->parsed, "agent-lifetime", left, &lifetime, err));
	if (lifetime > left)
		lifetime = left;
	TRY(agent_add(agent, key, lifetime, err));
	text_duration(lifetime, text);
	ui_say(call->io->ui,
	    "%s: the key is in an ssh-agent of this lease alone, for %s. Log in with:", item->name,
	    text);
	return tell_login(call, item, agent, key, err);
}

static enum err_code
deliver(const struct cli_call *call, const struct agent *agent, const struct opened *opened,
    const struct opened_item *item, struct err *err)
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
	    deliver_agent(call, agent, opened, item, value, err) :
	    deliver_fd(call, item, opened->count > 1, value, err);
}

/* What cannot be handed over is said before anything is. */
static enum err_code
deliver_all(const struct cli_call *call, const struct agent *agent, const struct opened *opened,
    struct err *err)
{
	struct view ignored;

	for (size_t i = 0; !option_given(call->parsed, "show") && i < opened->count; i++)
		TRY(value_of(call, &opened->items[i], &ignored, err));
	for (size_t i = 0; i < opened->count; i++)
		TRY(deliver(call, agent, opened, &opened->items[i], err));
	return ERR_OK;
}

/* Over the present session, or, when that is none any more (a Ctrl-C ends ssh too) or breaks, a new one. */
static enum err_code
tell_end(struct cli_call *call, const struct opened *opened, bool *ret_retired, struct err *err)
{
	enum err_code code = ERR_IO;

	if (call->client != NULL)
		code = lease_end(call->client, opened, ret_retired, err);
	if (code != ERR_PROTOCOL && code != ERR_IO)
		return code;
	client_freep(&call->client);
	TRY(call_connect_for(call, NULL, NULL, err));
	return lease_end(call->client, opened, ret_retired, err);
}

static enum err_code
end_lease(struct cli_call *call, const struct opened *opened, struct err *err)
{
	bool retired = false;
	enum err_code code = tell_end(call, opened, &retired, err);

	if (code == ERR_PROTOCOL || code == ERR_IO)
		return err_add(err,
		    "%s: the end of the lease could not be told (it ends at its time by the host's "
		    "clock; before that: halligan done %.8s)",
		    opened->title, opened->id);
	if (code != ERR_OK)
		return code;
	if (!retired)
		return err_set(err, ERR_TARGET_UNKNOWN,
		    "%s is not replaced yet; the old credential may still work", opened->title);
	return ERR_OK;
}

/* Nothing is called gone that is not known to be. */
static void
end_agent(const struct cli_call *call, struct agent *agent, const struct opened *opened)
{
	const char *what = opened->count == 1 ? "the key is" : "the keys are";
	struct err err;

	if (agent->folder[0] == '\0')
		return;
	if (agent_end(agent, &err) == ERR_OK)
		ui_say(call->io->ui, "%s: %s gone, with the ssh-agent of this lease.",
		    opened->title, what);
	else
		ui_say(call->io->ui,
		    "%s: whether the ssh-agent of this lease has ended is not known (%s). The target "
		    "refuses what it held once that is replaced.",
		    opened->title, err.text);
}

static enum err_code
run_lease(struct cli_call *call, struct agent *agent, const struct opened *opened, struct err *err)
{
	bool end = false;

	TRY(lease_wait(call, opened, &end, err));
	end_agent(call, agent, opened);
	return end ? end_lease(call, opened, err) : ERR_OK;
}

/* Nobody waits here: what there is of an agent ends by itself. */
static enum err_code
leave(const struct cli_call *call, struct agent *agent, const struct opened *opened,
    struct err *err)
{
	int64_t seconds = opened->expires - call->drivers->now();
	char left[TEXT_DURATION_SIZE];

	if (agent->folder[0] != '\0')
		TRY(agent_leave(agent, seconds, err));
	text_duration(seconds, left);
	ui_say(call->io->ui, "%s is yours for %s. End it with halligan done %.8s.", opened->title,
	    left, opened->id);
	return ERR_OK;
}

enum err_code
cmd_open(struct cli_call *call, struct err *err)
{
	struct open_plan plan = {.id = call_argument(call, 0),
	    .pause = option_given(call->parsed, "no-wait") ? 0 : LOOK_MILLISECONDS};
	enum credential_field field;
	OPENED opened = {0};
	AGENT agent = {0};

	TRY(check_ways(call, err));
	TRY(check_place(call, &agent, &field, &plan, err));
	if (option_given(call->parsed, "fd"))
		call->io->divert(call->io->context);
	TRY(dossier_check_id(call_argument(call, 0), err));
	TRY(call_connect_for(call, open_foresee, &plan, err));
	TRY(open_run(call->client, &plan, &opened, err));
	ui_say(call->io->ui, "The release statement is kept in %s.", opened.kept);
	TRY(deliver_all(call, &agent, &opened, err));
	return option_given(call->parsed, "no-wait") ? leave(call, &agent, &opened, err) :
	                                               run_lease(call, &agent, &opened, err);
}
