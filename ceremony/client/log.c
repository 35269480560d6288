/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/log.h"

#include "base/text.h"
#include "ceremony/client/sync.h"
#include "ceremony/protocol/message.h"
#include "vault/log/tlog.h"

enum { PAGE = 500, PAGES_AHEAD = 8, CHECKS_MAX = 1000 };

static struct json *
list_request(uint64_t from, unsigned max)
{
	struct json *request = op_new("log-list");

	json_put_int(request, "from", (int64_t)from);
	json_put_int(request, "max", max);
	return request;
}

enum err_code
leaves_fetch(struct client *client, uint64_t from, unsigned max, struct reply *ret_reply,
    const struct json **ret_leaves, struct err *err)
{
	TRY(client_ask(client, list_request(from, max), "log-list", ret_reply, err));
	(void)json_in_int(&ret_reply->in, "size", 0, INT64_MAX);
	*ret_leaves = json_in_array(&ret_reply->in, "leaves", 0, max);
	return json_in_end(&ret_reply->in);
}

/* How many leaves of SIZE there are on the page that begins at FROM. */
static unsigned
page_of(uint64_t from, uint64_t size)
{
	return size - from < PAGE ? (unsigned)(size - from) : PAGE;
}

/* Pages from FROM on, as many as are asked for at once.  To where.  One that comes short, since its leaves are large,
 * is gone on from where it ended. */
static uint64_t
send_for(struct client *client, uint64_t from, uint64_t size)
{
	for (int i = 0; i < PAGES_AHEAD && from < size; i++) {
		client_foresee(client, list_request(from, page_of(from, size)));
		from += page_of(from, size);
	}
	return from;
}

enum err_code
leaves_walk(struct client *client, const struct checkpoint *checkpoint, leaf_visit visit,
    void *context, struct err *err)
{
	const struct ui *ui = client_options(client)->ui;
	struct tlog_frontier frontier = {0};
	struct digest root = {0};
	uint64_t sent = 0;

	while (frontier.size < checkpoint->size) {
		REPLY reply = {0};
		const struct json *leaves;

		if (frontier.size >= sent)
			sent = send_for(client, frontier.size, checkpoint->size);
		TRY(leaves_fetch(client, frontier.size, page_of(frontier.size, checkpoint->size),
		    &reply, &leaves, err));
		if (json_array_count(leaves) == 0)
			return err_set(err, ERR_INTEGRITY,
			    "the checkpoint promises %llu %s, but the server has only %llu",
			    (unsigned long long)checkpoint->size,
			    text_plural(checkpoint->size, "entry", "entries"),
			    (unsigned long long)frontier.size);
		for (size_t i = 0; i < json_array_count(leaves); i++) {
			const char *leaf = json_array_text(leaves, i);

			if (leaf == NULL)
				return err_set(err, ERR_PROTOCOL,
				    "the server sent a leaf that is no text");
			TRY(tlog_add(&frontier, view_of_text(leaf), err));
			if (visit != NULL && visit(context, leaf, err) != ERR_OK)
				return err_add(err, "log entry %llu",
				    (unsigned long long)frontier.size - 1);
		}
		if (frontier.size % 10000 < PAGE)
			ui_progress(ui, "%llu of %llu entries", (unsigned long long)frontier.size,
			    (unsigned long long)checkpoint->size);
	}
	TRY(tlog_frontier_root(&frontier, &root, err));
	if (!digest_equal(&root, &checkpoint->root))
		return err_set(err, ERR_INTEGRITY,
		    "the entries that the server shows are not those of its signed checkpoint");
	return ERR_OK;
}

/* What the host found; it may have grown since the checkpoint, never shrunk. */
static enum err_code
ask_host(struct client *client, const struct checkpoint *checkpoint, struct reply *ret_reply,
    const struct json **ret_checks, struct err *err)
{
	struct digest root = {0};
	uint64_t size;

	TRY(client_ask(client, op_new("log-verify"), "log-verify", ret_reply, err));
	size = (uint64_t)json_in_int(&ret_reply->in, "size", 0, INT64_MAX);
	json_in_hex(&ret_reply->in, "root", root.bytes, DIGEST_SIZE);
	*ret_checks = json_in_array(&ret_reply->in, "checks", 0, CHECKS_MAX);
	TRY(json_in_end(&ret_reply->in));
	for (size_t i = 0; i < json_array_count(*ret_checks); i++)
		if (json_array_text(*ret_checks, i) == NULL)
			return err_set(err, ERR_PROTOCOL,
			    "the server sent a check that is no text");
	if (size < checkpoint->size ||
	    (size == checkpoint->size && !digest_equal(&root, &checkpoint->root)))
		return err_set(err, ERR_INTEGRITY,
		    "the host verified another log than the one of its signed checkpoint");
	return ERR_OK;
}

enum err_code
log_verify(struct client *client, const struct checkpoint **ret_checkpoint, struct reply *ret_reply,
    const struct json **ret_checks, struct err *err)
{
	const struct vault_view *view;

	TRY(client_sync(client, &view, err));
	TRY(ask_host(client, &view->checkpoint, ret_reply, ret_checks, err));
	TRY(leaves_walk(client, &view->checkpoint, NULL, NULL, err));
	*ret_checkpoint = &view->checkpoint;
	return ERR_OK;
}
