/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/status.h"

#include <string.h>

#include "ceremony/client/sync.h"
#include "ceremony/client/trust.h"
#include "ceremony/protocol/message.h"

enum { ITEMS_MAX = 100000, ITEM_TEXT_MAX = 4096 };

static enum err_code
show_item(const struct ui *ui, const struct json *object, bool *alarm, struct err *err)
{
	struct json_in in = json_in(object, "status", err);
	const char *kind = json_in_text(&in, "kind", 1, 40);
	const char *subject = json_in_text(&in, "subject", 0, 200);
	const char *text = json_in_text(&in, "text", 0, ITEM_TEXT_MAX);
	const char *waits = json_in_text(&in, "waits", 0, ITEM_TEXT_MAX);
	const char *next = json_in_text(&in, "next", 0, ITEM_TEXT_MAX);

	TRY(json_in_end(&in));
	ui_say(ui, "%-9s %s: %s%s%s%s%s", kind, subject, text,
	    waits[0] != '\0' ? "; waits for " : "", waits, next[0] != '\0' ? "; next: " : "", next);
	if (strcmp(kind, "alarm") == 0)
		*alarm = true;
	return ERR_OK;
}

static enum err_code
show_items(const struct cli_call *call, const struct client *client, const struct json *reply,
    bool *ret_alarm, struct err *err)
{
	const struct ui *ui = call->io->ui;
	struct json_in in = reply_in(reply, "status", err);
	int64_t secrets = json_in_int(&in, "secrets", 0, INT64_MAX);
	int64_t log = json_in_int(&in, "log", 0, INT64_MAX);
	const char *copy = json_in_text(&in, "copy", 1, ITEM_TEXT_MAX);
	const struct json *items = json_in_array(&in, "items", 0, ITEMS_MAX);

	TRY(json_in_end(&in));
	*ret_alarm = false;
	for (size_t i = 0; i < json_array_count(items); i++)
		TRY(show_item(ui, json_array_object(items, i), ret_alarm, err));
	if (json_array_count(items) == 0)
		ui_say(ui, "nothing waits");
	ui_say(ui, "%s%s: %lld %s, %lld log entries, copies: %s", client_hello(client)->name,
	    client_hello(client)->training ? " (TRAINING)" : "", (long long)secrets,
	    secrets == 1 ? "secret" : "secrets", (long long)log, copy);
	return ERR_OK;
}

static enum err_code
print_status(const struct cli_call *call, const struct client *client, const struct json *reply,
    struct err *err)
{
	static const char *const counts[] = {"secrets", "log"};
	struct json_in in = json_in(reply, "status", err);
	JSON *object = json_new_object();

	json_put_text(object, "name", client_hello(client)->name);
	json_put_bool(object, "training", client_hello(client)->training);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		json_put_int(object, counts[i], json_in_int(&in, counts[i], 0, INT64_MAX));
	json_put_text(object, "copy", json_in_text(&in, "copy", 1, ITEM_TEXT_MAX));
	json_put_copy(object, "items", json_in_array(&in, "items", 0, ITEMS_MAX));
	return call_print_json(call, object, err);
}

enum err_code
cmd_status(const struct cli_call *call, struct err *err)
{
	CLIENT *client = NULL;
	const struct vault_view *view;
	JSON *reply = NULL;
	BUF blob = {0};
	struct trust_place place;
	bool alarm = false;

	TRY(call_connect(call, &client, err));
	if (client_hello(client)->state == VAULT_FOUNDING) {
		TRY(trust_place_of(client_location(client), &place, err));
		TRY(trust_check_new(&place, err));
	} else {
		TRY(client_sync(client, &view, err));
	}
	TRY(client_call(client, op_new("status"), (struct view){0}, &reply, &blob, err));
	TRY(show_items(call, client, reply, &alarm, err));
	if (call_json(call))
		TRY(print_status(call, client, reply, err));
	if (alarm)
		return err_set(err, ERR_INTEGRITY, "status shows an alarm");
	return ERR_OK;
}
