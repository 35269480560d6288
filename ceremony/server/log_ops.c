/* SPDX-License-Identifier: Apache-2.0 */
/* Listing the log, and verifying everything that can be verified with the vault at hand. */
#include "ceremony/server/log_ops.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "ceremony/server/log_audit.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/log.h"
#include "vault/store/log.h"
#include "vault/store/verify.h"

enum { LEAVES_MAX = 1000, LIST_BYTES = 2 * 1024 * 1024, PROGRESS_LEAVES = 10000 };

enum err_code
serve_log_list(struct session *session, struct call *call, struct err *err)
{
	uint64_t from = (uint64_t)json_in_int(&call->in, "from", 0, INT64_MAX), size;
	uint64_t max = (uint64_t)json_in_int(&call->in, "max", 1, LEAVES_MAX);
	JSON *leaves = json_new_array();
	size_t bytes = 0;

	TRY(json_in_end(&call->in));
	TRY(store_log_size(session->store, &size, err));
	/* Fewer than MAX when they are large: the client asks on from where they end. */
	for (uint64_t i = from; i < size && i - from < max && bytes < LIST_BYTES; i++) {
		BUF data = {0};

		TRY(store_log_leaf(session->store, i, &data, err));
		bytes += data.size;
		json_add_text(leaves, buf_string(&data));
		TRY(buf_check(&data, err));
	}
	json_put_int(call->reply, "size", (int64_t)size);
	json_put(call->reply, "leaves", TAKE(leaves));
	return ERR_OK;
}

static void say(struct json *checks, const char *format, ...) FORMAT_LIKE(2, 3);

static void
say(struct json *checks, const char *format, ...)
{
	char text[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	json_add_text(checks, text);
}

static void
tell(void *context, uint64_t done, uint64_t size)
{
	session_progress(context, "%" PRIu64 " of %" PRIu64 " leaves hashed", done, size);
}

static void
tell_cells(void *context, uint64_t done, uint64_t size)
{
	session_progress(context, "%" PRIu64 " of %" PRIu64 " cells proven", done, size);
}

static enum err_code
verify_leaves(struct session *session, struct audit *audit, uint64_t size, struct err *err)
{
	for (uint64_t i = 0; i < size; i++) {
		BUF data = {0};

		TRY(store_log_leaf(session->store, i, &data, err));
		TRY(audit_leaf(session, audit, i, buf_view(&data), err));
		if ((i + 1) % PROGRESS_LEAVES == 0)
			session_progress(session, "%" PRIu64 " of %" PRIu64 " leaves read", i + 1,
			    size);
	}
	return audit_state(session, audit, err);
}

static enum err_code
verify(struct session *session, struct json *checks, uint64_t size, struct err *err)
{
	struct audit audit = {0};
	struct store_totals totals;

	TRY(store_check(session->store, err));
	say(checks, "the database is whole");
	TRY(store_log_recompute(session->store, tell, session, err));
	say(checks, "every hash of the log's %" PRIu64 " %s is right", size,
	    text_plural(size, "leaf", "leaves"));
	TRY(store_verify_state(session->store, tell_cells, session, &totals, err));
	say(checks, "%" PRIu64 " %s in the database are as the vault left them", totals.rows,
	    text_plural(totals.rows, "row", "rows"));
	TRY(chain_load(session, err));
	say(checks, "%u %s and %u %s are signed, from the vault id on",
	    session->chain.charter->version,
	    text_plural(session->chain.charter->version, "charter", "charters"),
	    session->chain.roster->version,
	    text_plural(session->chain.roster->version, "roster", "rosters"));
	TRY(verify_leaves(session, &audit, size, err));
	say(checks, "every statement that a leaf names is there, and unchanged");
	say(checks, "the last leaf names the state that the database has");
	return ERR_OK;
}

DESTRUCTOR(end_reading, struct store, store_rollback)

enum err_code
serve_log_verify(struct session *session, struct call *call, struct err *err)
{
	JSON *checks = json_new_array();
	uint64_t size;
	struct digest root;

	TRY(json_in_end(&call->in));
	TRY(store_begin_read(session->store, err));
	CLEANUP(end_reading) struct store *reading = session->store;
	(void)reading;
	TRY(journal_head(session, &size, &root, err));
	say(checks, "the database is the newest by the vault's anchor");
	TRY(verify(session, checks, size, err));
	json_put_int(call->reply, "size", (int64_t)size);
	json_put_hex(call->reply, "root", VIEW_OF(root.bytes));
	json_put(call->reply, "checks", TAKE(checks));
	return ERR_OK;
}
