/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/status.h"

#include <string.h>

#include "ceremony/client/status.h"

static enum err_code
show(const struct ui *ui, const struct client *client, const struct status *status, bool *ret_alarm,
    struct err *err)
{
	const struct client_hello *hello = client_hello(client);
	size_t count = json_array_count(status->items);

	*ret_alarm = false;
	for (size_t i = 0; i < count; i++) {
		struct status_item item;

		TRY(status_item(status, i, &item, err));
		ui_say(ui, "%-9s %s: %s%s%s%s%s", item.kind, item.subject, item.text,
		    item.waits[0] != '\0' ? "; waits for " : "", item.waits,
		    item.next[0] != '\0' ? "; next: " : "", item.next);
		if (strcmp(item.kind, "alarm") == 0)
			*ret_alarm = true;
	}
	if (count == 0)
		ui_say(ui, "nothing waits");
	ui_say(ui, "%s%s: %lld %s, %lld log entries, copies: %s", hello->name,
	    hello->training ? " (TRAINING)" : "", (long long)status->secrets,
	    status->secrets == 1 ? "secret" : "secrets", (long long)status->log, status->copy);
	return ERR_OK;
}

static enum err_code
print_status(const struct cli_call *call, const struct client *client, const struct status *status,
    struct err *err)
{
	JSON *object = json_new_object();

	json_put_text(object, "name", client_hello(client)->name);
	json_put_bool(object, "training", client_hello(client)->training);
	json_put_int(object, "secrets", status->secrets);
	json_put_int(object, "log", status->log);
	json_put_text(object, "copy", status->copy);
	json_put_copy(object, "items", status->items);
	return call_print_json(call, object, err);
}

enum err_code
cmd_status(const struct cli_call *call, struct err *err)
{
	CLIENT *client = NULL;
	STATUS status = {0};
	bool alarm = false;

	TRY(call_connect(call, &client, err));
	TRY(status_fetch(client, &status, err));
	TRY(show(call->io->ui, client, &status, &alarm, err));
	if (call_json(call))
		TRY(print_status(call, client, &status, err));
	if (alarm)
		return err_set(err, ERR_INTEGRITY, "status shows an alarm");
	return ERR_OK;
}
