/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/log.h"

#include <string.h>

#include "base/text.h"
#include "ceremony/client/log.h"
#include "ceremony/client/sync.h"

enum { PAGE_MAX = 1000, LIST_DEFAULT = 100 };

static enum err_code
report(const struct cli_call *call, const struct checkpoint *checkpoint, const struct json *checks,
    struct err *err)
{
	const struct ui *ui = call->io->ui;
	JSON *object = json_new_object();
	char hex[2 * DIGEST_SIZE + 1];

	text_hex(VIEW_OF(checkpoint->root.bytes), hex);
	for (size_t i = 0; i < json_array_count(checks); i++)
		ui_say(ui, "host: %s",
		    TOLD(client_is_far(call->client), json_array_text(checks, i)));
	ui_say(ui,
	    "here: charters, rosters and checkpoint are signed and continue what this computer "
	    "has seen");
	ui_say(ui, "here: the root computed from %llu %s is that of the checkpoint",
	    (unsigned long long)checkpoint->size,
	    text_plural(checkpoint->size, "entry", "entries"));
	ui_say(ui, "The log verifies: %llu %s, root %s", (unsigned long long)checkpoint->size,
	    text_plural(checkpoint->size, "entry", "entries"), hex);
	json_put_int(object, "size", (int64_t)checkpoint->size);
	json_put_text(object, "root", hex);
	json_put_copy(object, "checks", checks);
	return call_json(call) ? call_print_json(call, object, err) : ERR_OK;
}

enum err_code
cmd_log_verify(struct cli_call *call, struct err *err)
{
	const struct checkpoint *checkpoint;
	REPLY reply = {0};
	const struct json *checks = NULL;

	TRY(call_connect_for(call, NULL, NULL, err));
	TRY(log_verify(call->client, &checkpoint, &reply, &checks, err));
	return report(call, checkpoint, checks, err);
}

/* An entry a line, however long. */
static enum err_code
print_leaves(const struct cli_call *call, uint64_t from, const struct json *leaves, struct err *err)
{
	for (size_t i = 0; i < json_array_count(leaves); i++) {
		const char *leaf = json_array_text(leaves, i);
		BUF line = {0};

		buf_format(&line, "%llu %s", (unsigned long long)(from + i),
		    leaf != NULL ? leaf : "");
		call->io->print(call->io->context, buf_string(&line));
		TRY(buf_check(&line, err));
	}
	return ERR_OK;
}

static void
say_rest(const struct cli_call *call, uint64_t next, uint64_t size)
{
	if (next < size)
		ui_say(call->io->ui, "Of %llu entries; the next: halligan log list --from %llu",
		    (unsigned long long)size, (unsigned long long)next);
	else
		ui_say(call->io->ui, "The log ends there: it has %llu %s.",
		    (unsigned long long)size, text_plural(size, "entry", "entries"));
}

enum err_code
cmd_log_list(struct cli_call *call, struct err *err)
{
	const struct vault_view *view;
	REPLY reply = {0};
	JSON *object = json_new_object();
	const struct json *leaves;
	int64_t from, max;

	TRY(option_number(call->parsed, "from", 0, INT64_MAX / 2, 0, &from, err));
	TRY(option_number(call->parsed, "max", 1, PAGE_MAX, LIST_DEFAULT, &max, err));
	call->io->divert(call->io->context); /* what is listed is for programs, too */
	TRY(call_connect(call, err));
	TRY(client_sync(call->client, &view, err));
	TRY(leaves_fetch(call->client, (uint64_t)from, (unsigned)max, &reply, &leaves, err));
	if (!call_json(call))
		TRY(print_leaves(call, (uint64_t)from, leaves, err));
	say_rest(call, (uint64_t)from + json_array_count(leaves), view->checkpoint.size);
	json_put_int(object, "from", from);
	json_put_int(object, "size", (int64_t)view->checkpoint.size);
	json_put_copy(object, "leaves", leaves);
	return call_json(call) ? call_print_json(call, object, err) : ERR_OK;
}
