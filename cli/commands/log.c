/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `log verify` believes the host as little as it can: the host checks what only it can read, and
 * this side fetches every leaf and computes the root again (ceremony/client/log.c).
 */
#include "cli/commands/log.h"

#include <string.h>

#include "base/text.h"
#include "ceremony/client/log.h"
#include "ceremony/client/sync.h"
#include "ceremony/protocol/message.h"

enum { PAGE_MAX = 1000, CHECKS_MAX = 1000, CHECK_TEXT_MAX = 2000, LIST_DEFAULT = 100 };

/* What the host found; it may have grown since the checkpoint, never shrunk. */
static enum err_code
ask_host(struct client *client, const struct checkpoint *checkpoint, struct json **ret_reply,
    const struct json **ret_checks, struct err *err)
{
	JSON *reply = NULL;
	BUF blob = {0};
	struct json_in in;
	struct digest root = {0};
	uint64_t size;
	const struct json *checks;

	TRY(client_call(client, op_new("log-verify"), (struct view){0}, &reply, &blob, err));
	in = reply_in(reply, "log-verify", err);
	size = (uint64_t)json_in_int(&in, "size", 0, INT64_MAX);
	json_in_hex(&in, "root", root.bytes, DIGEST_SIZE);
	checks = json_in_array(&in, "checks", 0, CHECKS_MAX);
	TRY(json_in_end(&in));
	if (size < checkpoint->size ||
	    (size == checkpoint->size && !digest_equal(&root, &checkpoint->root)))
		return err_set(err, ERR_INTEGRITY,
		    "the host verified another log than the one of its signed checkpoint");
	*ret_checks = checks;
	*ret_reply = TAKE(reply);
	return ERR_OK;
}

static enum err_code
report(const struct cli_call *call, const struct checkpoint *checkpoint, const struct json *checks,
    struct err *err)
{
	const struct ui *ui = call->io->ui;
	JSON *object = json_new_object();
	char hex[2 * DIGEST_SIZE + 1];

	text_hex(VIEW_OF(checkpoint->root.bytes), hex);
	for (size_t i = 0; i < json_array_count(checks); i++) {
		const char *check = json_array_text(checks, i);

		if (check == NULL)
			return err_set(err, ERR_PROTOCOL,
			    "the server sent a check that is no text");
		ui_say(ui, "host: %s", check);
	}
	ui_say(ui,
	    "here: charters, rosters and checkpoint are signed and continue what this computer "
	    "has seen");
	ui_say(ui, "here: the root computed from all %llu entries is that of the checkpoint",
	    (unsigned long long)checkpoint->size);
	ui_say(ui, "The log verifies: %llu entries, root %s", (unsigned long long)checkpoint->size,
	    hex);
	json_put_int(object, "size", (int64_t)checkpoint->size);
	json_put_text(object, "root", hex);
	json_put_copy(object, "checks", checks);
	return call_json(call) ? call_print_json(call, object, err) : ERR_OK;
}

enum err_code
cmd_log_verify(const struct cli_call *call, struct err *err)
{
	CLIENT *client = NULL;
	const struct vault_view *view;
	JSON *reply = NULL;
	const struct json *checks = NULL;

	TRY(call_connect(call, &client, err));
	TRY(client_sync(client, &view, err));
	TRY(ask_host(client, &view->checkpoint, &reply, &checks, err));
	TRY(leaves_walk(client, &view->checkpoint, NULL, NULL, err));
	return report(call, &view->checkpoint, checks, err);
}

enum err_code
cmd_log_list(const struct cli_call *call, struct err *err)
{
	CLIENT *client = NULL;
	const struct vault_view *view;
	JSON *reply = NULL;
	JSON *object = json_new_object();
	const struct json *leaves;
	int64_t from, max;

	TRY(option_number(call->parsed, "from", 0, INT64_MAX / 2, 0, &from, err));
	TRY(option_number(call->parsed, "max", 1, PAGE_MAX, LIST_DEFAULT, &max, err));
	TRY(call_connect(call, &client, err));
	TRY(client_sync(client, &view, err));
	TRY(leaves_fetch(client, (uint64_t)from, (unsigned)max, &reply, &leaves, err));
	for (size_t i = 0; i < json_array_count(leaves) && !call_json(call); i++) {
		const char *leaf = json_array_text(leaves, i);

		ui_say(call->io->ui, "%lld %s", (long long)from + (long long)i,
		    leaf != NULL ? leaf : "");
	}
	json_put_int(object, "from", from);
	json_put_copy(object, "leaves", leaves);
	return call_json(call) ? call_print_json(call, object, err) : ERR_OK;
}
