/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `log verify` believes the host as little as it can: the host checks what only it can read, and
 * this side fetches every leaf and computes the root again, which must be that of the signed
 * checkpoint.  The frontier is one digest for each complete subtree, as in a binary counter.
 */
#include <string.h>

#include "base/text.h"
#include "ceremony/reply.h"
#include "cli/commands.h"
#include "vault/tlog.h"

enum { PAGE = 100, PAGE_MAX = 1000, CHECKS_MAX = 1000, CHECK_TEXT_MAX = 2000, LIST_DEFAULT = 100 };

struct frontier {
	struct digest levels[TLOG_LEVELS];
	uint64_t size;
};

/* RFC 6962: node = SHA-256(01 || left || right). */
static enum err_code
join(const struct digest *left, const struct digest *right, struct digest *ret_node,
    struct err *err)
{
	static const uint8_t prefix = 1;
	const struct view parts[] = {{&prefix, 1}, VIEW_OF(left->bytes), VIEW_OF(right->bytes)};

	return sha256(parts, ARRAY_SIZE(parts), ret_node, err);
}

static enum err_code
frontier_add(struct frontier *frontier, struct view leaf, struct err *err)
{
	struct digest node;
	unsigned level = 0;

	TRY(tlog_leaf_hash(leaf, &node, err));
	for (; (frontier->size >> level & 1) != 0; level++)
		TRY(join(&frontier->levels[level], &node, &node, err));
	frontier->levels[level] = node;
	frontier->size++;
	return ERR_OK;
}

/* From the smallest complete subtree to the largest. */
static enum err_code
frontier_root(const struct frontier *frontier, struct digest *ret_root, struct err *err)
{
	struct digest root;
	bool begun = false;

	if (frontier->size == 0)
		return sha256_one((struct view){0}, ret_root, err);
	for (unsigned level = 0; level < TLOG_LEVELS; level++) {
		if ((frontier->size >> level & 1) == 0)
			continue;
		if (begun)
			TRY(join(&frontier->levels[level], &root, &root, err));
		else
			root = frontier->levels[level];
		begun = true;
	}
	*ret_root = root;
	return ERR_OK;
}

/* Leaves from FROM on, at most MAX, through FUNCTION; RET_COUNT says how many came. */
static enum err_code
fetch_leaves(struct client *client, uint64_t from, unsigned max, struct json **ret_reply,
    const struct json **ret_leaves, struct err *err)
{
	struct json *request = op_new("log-list");
	JSON *reply = NULL;
	BUF blob = {0};
	struct json_in in;
	const struct json *leaves;

	json_put_int(request, "from", (int64_t)from);
	json_put_int(request, "max", max);
	TRY(client_call(client, request, (struct view){0}, &reply, &blob, err));
	in = reply_in(reply, "log-list", err);
	(void)json_in_int(&in, "size", 0, INT64_MAX);
	leaves = json_in_array(&in, "leaves", 0, max);
	TRY(json_in_end(&in));
	*ret_leaves = leaves;
	*ret_reply = TAKE(reply);
	return ERR_OK;
}

/* Every leaf up to the checkpoint's size, against its root. */
static enum err_code
recompute(struct client *client, const struct checkpoint *checkpoint, struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	struct frontier frontier = {0};
	struct digest root = {0};

	while (frontier.size < checkpoint->size) {
		JSON *reply = NULL;
		const struct json *leaves;
		uint64_t left = checkpoint->size - frontier.size;

		TRY(fetch_leaves(client, frontier.size, left < PAGE ? (unsigned)left : PAGE, &reply,
		    &leaves, err));
		if (json_array_count(leaves) == 0)
			return err_set(err, ERR_INTEGRITY,
			    "the checkpoint promises %llu entries, but the server has only %llu",
			    (unsigned long long)checkpoint->size, (unsigned long long)frontier.size);
		for (size_t i = 0; i < json_array_count(leaves); i++) {
			const char *leaf = json_array_text(leaves, i);

			if (leaf == NULL)
				return err_set(err, ERR_PROTOCOL, "the server sent a leaf that is no text");
			TRY(frontier_add(&frontier, view_of_text(leaf), err));
		}
		if (frontier.size % 10000 < PAGE)
			ui_progress(ui, "%llu of %llu entries", (unsigned long long)frontier.size,
			    (unsigned long long)checkpoint->size);
	}
	TRY(frontier_root(&frontier, &root, err));
	if (!digest_equal(&root, &checkpoint->root))
		return err_set(err, ERR_INTEGRITY,
		    "the entries that the server shows are not those of its signed checkpoint");
	return ERR_OK;
}

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
report(const struct cli_call *call, const struct checkpoint *checkpoint,
    const struct json *checks, struct err *err)
{
	const struct ui *ui = call->io->ui;
	JSON *object = json_new_object();
	char hex[2 * DIGEST_SIZE + 1];

	text_hex(VIEW_OF(checkpoint->root.bytes), hex);
	for (size_t i = 0; i < json_array_count(checks); i++) {
		const char *check = json_array_text(checks, i);

		if (check == NULL)
			return err_set(err, ERR_PROTOCOL, "the server sent a check that is no text");
		ui_say(ui, "host: %s", check);
	}
	ui_say(ui, "here: charters, rosters and checkpoint are signed and continue what this computer "
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
	TRY(recompute(client, &view->checkpoint, err));
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
	TRY(fetch_leaves(client, (uint64_t)from, (unsigned)max, &reply, &leaves, err));
	for (size_t i = 0; i < json_array_count(leaves) && !call_json(call); i++) {
		const char *leaf = json_array_text(leaves, i);

		ui_say(call->io->ui, "%lld %s", (long long)from + (long long)i,
		    leaf != NULL ? leaf : "");
	}
	json_put_int(object, "from", from);
	json_put_copy(object, "leaves", leaves);
	return call_json(call) ? call_print_json(call, object, err) : ERR_OK;
}
