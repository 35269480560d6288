/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page ends where the next secret would make it too long for a message, or after PAGE of them.  A statement may
 * define hundreds of secrets: a page has each once.
 */
#include "ceremony/server/secrets/headers.h"

#include <string.h>

#include "ceremony/protocol/items.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/wire.h"
#include "ceremony/server/opening/spare_envelopes.h"
#include "ceremony/server/secrets/walk.h"
#include "ceremony/server/vault/chain.h"

enum {
	PAGE = 500, /* as many as a client takes (docs/PROTOCOL.md) */
	STATEMENTS_BYTES = 4 * 1024 * 1024,
	SENT_MAX = 2 * PAGE + EARLIER_MAX,
	LENGTH_SIZE = 4
};

struct page {
	struct session *session;
	struct json *secrets, *statements; /* in the reply */
	struct buf *out;
	struct digest sent[SENT_MAX]; /* the statements */
	size_t sent_count, sent_bytes;
};

static bool
was_sent(const struct page *page, const struct digest *statement)
{
	for (size_t i = page->sent_count; i > 0; i--)
		if (digest_equal(&page->sent[i - 1], statement))
			return true;
	return false;
}

static enum err_code
put_once(void *context, const struct digest *which, struct err *err)
{
	struct page *page = context;
	DSSE statement = {0};
	BUF text = {0};

	if (was_sent(page, which))
		return ERR_OK;
	if (page->sent_count == SENT_MAX)
		return err_set(err, ERR_INTERNAL, "a page has more than %d statements", SENT_MAX);
	TRY(session_statement(page->session, which, "secret", &statement, err));
	TRY(dsse_encode(&statement, &text, err));
	json_add_text(page->statements, buf_string(&text));
	page->sent[page->sent_count++] = *which;
	page->sent_bytes += text.size;
	return ERR_OK;
}

static enum err_code
put_definition(struct page *page, const struct digest *definition, struct err *err)
{
	struct digest digest;

	TRY(chain_secret_which(page->session, definition, &digest, err));
	return put_once(page, &digest, err);
}

static enum err_code
put_row(struct page *page, const struct secret_row *row, const struct version_row *version,
    struct err *err)
{
	struct json *object = json_new_object();
	struct reach_spares spares;
	HEADER *header = NULL;

	json_add(page->secrets, object);
	json_put_text(object, "name", row->name);
	json_put_int(object, "current", row->current);
	json_put_hex(object, "definition", VIEW_OF(row->definition.bytes));
	TRY(header_new(&header, err));
	TRY(header_decode(buf_view(&version->header), header, err));
	TRY(chain_each_earlier(page->session, &row->definition, &header->definition, put_once, page,
	    err));
	TRY(spares_load_reach(page->session, header, &spares, err));
	spares_put(object, &spares);
	buf_lp32(page->out, buf_view(&version->header));
	return buf_check(page->out, err);
}

/* RET_FULL: it did not fit any more. */
static enum err_code
put_secret(struct page *page, const struct secret_row *row, bool *ret_full, struct err *err)
{
	VERSION_ROW version = {0};

	if (row->current == 0)
		return ERR_OK;
	TRY(store_get_version(page->session->store, &row->id, row->current, &version, err));
	*ret_full = page->sent_bytes > STATEMENTS_BYTES || page->sent_count >= 2 * PAGE ||
	    page->out->size + LENGTH_SIZE + version.header.size > WIRE_BLOB_MAX;
	if (*ret_full)
		return ERR_OK;
	TRY(put_definition(page, &row->definition, err));
	return put_row(page, row, &version, err);
}

enum err_code
serve_secret_headers(struct session *session, struct call *call, struct err *err)
{
	const char *after = json_in_text(&call->in, "after", 0, SEAT_NAME_MAX);
	struct secret_walk walk = {.store = session->store};
	struct page page = {.session = session,
	    .secrets = json_new_array(),
	    .statements = json_new_array(),
	    .out = &call->out};
	const struct secret_row *secret;
	char next[SEAT_NAME_MAX + 1] = "";
	bool full = false;

	json_put(call->reply, "secrets", page.secrets);
	json_put(call->reply, "statements", page.statements);
	TRY(json_in_end(&call->in));
	memcpy(walk.after, after, strlen(after) + 1);
	TRY(secret_walk_next(&walk, &secret, err));
	for (size_t i = 0; secret != NULL && i < PAGE && !full; i++) {
		TRY(put_secret(&page, secret, &full, err));
		if (full)
			break;
		memcpy(next, secret->name, sizeof(next));
		TRY(secret_walk_next(&walk, &secret, err));
	}
	json_put_text(call->reply, "next", secret != NULL ? next : "");
	return ERR_OK;
}
