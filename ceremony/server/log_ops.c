/* SPDX-License-Identifier: Apache-2.0 */
/* Listing the log, and verifying everything that can be verified with the vault at hand. */
#include "ceremony/server/log_ops.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "ceremony/server/log_audit.h"
#include "ceremony/server/secrets/classes.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/log.h"
#include "vault/store/log.h"
#include "vault/store/verify.h"

enum { LEAVES_MAX = 1000, LIST_BYTES = 2 * 1024 * 1024 };

DESTRUCTOR(end_reading, struct store, store_rollback)

enum err_code
serve_log_list(struct session *session, struct call *call, struct err *err)
{
	uint64_t from = (uint64_t)json_in_int(&call->in, "from", 0, INT64_MAX), size;
	uint64_t max = (uint64_t)json_in_int(&call->in, "max", 1, LEAVES_MAX);
	JSON *leaves = json_new_array();
	CLEANUP(end_reading) struct store *reading = NULL;
	size_t bytes = 0;

	TRY(json_in_end(&call->in));
	TRY(store_begin_read(session->store, err));
	reading = session->store;
	TRY(store_log_size(reading, &size, err));
	/* Fewer than MAX when they are large: the client asks on from where they end. */
	for (uint64_t i = from; i < size && i - from < max && bytes < LIST_BYTES; i++) {
		BUF data = {0};

		TRY(store_log_leaf(reading, i, &data, err));
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
tell_rows(void *context, uint64_t done, uint64_t rows)
{
	session_count(context, done, rows, "rows proven");
}

struct leaves {
	struct session *session;
	struct audit audit;
	uint64_t size; /* of the log, and its root, in the last transaction */
	struct digest root;
};

static enum err_code
take_leaf(void *context, uint64_t index, struct view data, struct err *err)
{
	struct leaves *leaves = context;

	return audit_leaf(leaves->session, &leaves->audit, index, data, err);
}

static enum err_code
take_end(void *context, struct err *err)
{
	struct leaves *leaves = context;

	TRY(audit_state(leaves->session, &leaves->audit, err));
	return journal_head(leaves->session, &leaves->size, &leaves->root, err);
}

static void
tell_leaves(void *context, uint64_t done, uint64_t size)
{
	const struct leaves *leaves = context;

	session_count(leaves->session, done, size, "leaves read");
}

static enum err_code
verify_leaves(struct session *session, struct json *checks, struct leaves *leaves, struct err *err)
{
	const struct store_log_visitor visitor = {take_leaf, take_end, tell_leaves, leaves};

	leaves->session = session;
	TRY(store_log_recompute(session->store, &visitor, err));
	say(checks, "every hash of the log's %" PRIu64 " %s is right", leaves->size,
	    text_plural(leaves->size, "leaf", "leaves"));
	say(checks, "every statement that a leaf names is there");
	say(checks, "the last leaf names the state that the database has");
	return ERR_OK;
}

static enum err_code
verify_rows(struct session *session, struct json *checks, struct err *err)
{
	struct store_totals totals;
	uint64_t statements, versions;
	enum err_code code;

	TRY(store_verify_state(session->store, tell_rows, session, &totals, err));
	say(checks, "%" PRIu64 " %s in the database are as the vault left them", totals.rows,
	    text_plural(totals.rows, "row", "rows"));
	TRY(chain_load(session, err));
	say(checks, "%u %s and %u %s are signed, from the vault id on",
	    session->chain.charter->version,
	    text_plural(session->chain.charter->version, "charter", "charters"),
	    session->chain.roster->version,
	    text_plural(session->chain.roster->version, "roster", "rosters"));
	TRY(audit_statements(session, &statements, err));
	say(checks, "%" PRIu64 " %s what was signed", statements,
	    text_plural(statements, "statement is", "statements are"));
	session->audits = false; /* of each statement the curve was asked just now */
	code = classes_audit(session, &versions, err);
	session->audits = true;
	TRY(code);
	say(checks, "%" PRIu64 " %s", versions,
	    text_plural(versions, "version is listed as it is sealed",
	        "versions are listed as they are sealed"));
	return ERR_OK;
}

/* Nothing holds the database for longer than it takes to look at some rows of it, so that others go on. */
static enum err_code
audit(struct session *session, struct json *checks, struct leaves *leaves, struct err *err)
{
	TRY(journal_head(session, &leaves->size, &leaves->root, err));
	say(checks, "the database is the newest by the vault's anchor");
	TRY(store_check(session->store, err));
	say(checks, "the database is whole");
	TRY(verify_rows(session, checks, err));
	return verify_leaves(session, checks, leaves, err);
}

enum err_code
serve_log_verify(struct session *session, struct call *call, struct err *err)
{
	JSON *checks = json_new_array();
	struct leaves leaves = {0};

	TRY(json_in_end(&call->in));
	session->audits = true;
	enum err_code code = audit(session, checks, &leaves, err);
	session->audits = false;
	TRY(code);
	json_put_int(call->reply, "size", (int64_t)leaves.size);
	json_put_hex(call->reply, "root", VIEW_OF(leaves.root.bytes));
	json_put(call->reply, "checks", TAKE(checks));
	return ERR_OK;
}
