/* SPDX-License-Identifier: Apache-2.0 */
/* Small texts, statements, the chain of documents, and where definitions stand. */
#include "vault/store/statement.h"

#include "base/dsse.h"
#include "vault/store/copy.h"
#include "vault/store/inside.h"
#include "vault/store/rows.h"
#include "vault/store/state.h"
#include "vault/store/state_index.h"

/* The largest is what is kept of a chain of CHAIN_TEXT_MAX, in base64. */
enum { TEXT_MAX = 32 * 1024 * 1024 };

enum err_code
store_set_text(struct store *store, const char *name, const char *text, struct err *err)
{
	if (text == NULL) {
		SQL_QUERY query =
		    sql_query(store->sql, "texts", "DELETE FROM texts WHERE name = ?", err);
		sql_put_text(&query, name);
		return state_change(store, TABLE_TEXTS, &query, 0, NULL);
	}
	struct view bytes = view_of_text(text);
	if (bytes.size > TEXT_MAX)
		return err_set(err, ERR_INVALID, "the text \"%s\" is larger than 32 MiB", name);
	SQL_QUERY query = sql_query(store->sql, "texts",
	    "INSERT INTO texts (name, text) VALUES (?, ?)"
	    " ON CONFLICT (name) DO UPDATE SET text = excluded.text",
	    err);
	sql_put_text(&query, name);
	sql_put_bytes(&query, bytes);
	return state_change(store, TABLE_TEXTS, &query, 0, NULL);
}

enum err_code
store_get_text(struct store *store, const char *name, struct buf *ret_text, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "texts", "SELECT * FROM texts WHERE name = ?", err);
	sql_put_text(&query, name);
	TRY(state_one(store, TABLE_TEXTS, &query, "text"));
	sql_skip(&query);
	sql_get_bytes(&query, "text", 0, TEXT_MAX, ret_text);
	return sql_end(&query);
}

enum err_code
store_refuse_again(const char *type, struct err *err)
{
	return err_set(err, ERR_EXISTS,
	    "this statement of type %s was accepted before; make a new one", type);
}

enum err_code
store_put_statement(struct store *store, const struct digest *digest, const char *type,
    struct view text, bool replace, struct err *err)
{
	if (text.size > DSSE_TEXT_MAX)
		return err_set(err, ERR_INVALID, "a statement is larger than 16 MiB");
	SQL_QUERY query = sql_query(store->sql, "statements",
	    replace ? "INSERT INTO statements (digest, type, text) VALUES (?, ?, ?)"
	              " ON CONFLICT (digest) DO UPDATE SET text = excluded.text" :
	              "INSERT INTO statements (digest, type, text) VALUES (?, ?, ?)",
	    err);
	store_put_digest(&query, digest);
	sql_put_text(&query, type);
	sql_put_bytes(&query, text);
	if (replace)
		return state_change(store, TABLE_STATEMENTS, &query, 0, NULL);
	if (state_insert(store, TABLE_STATEMENTS, &query) == ERR_EXISTS)
		return store_refuse_again(type, err);
	return sql_end(&query);
}

enum err_code
store_get_statement(struct store *store, const struct digest *digest, struct buf *ret_text,
    struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "statements", "SELECT * FROM statements WHERE digest = ?", err);
	store_put_digest(&query, digest);
	TRY(state_one(store, TABLE_STATEMENTS, &query, "statement"));
	sql_skip(&query);
	sql_skip(&query);
	sql_get_bytes(&query, "text", 0, DSSE_TEXT_MAX, ret_text);
	return sql_end(&query);
}

enum err_code
store_has_statement(struct store *store, const struct digest *digest, bool *ret_has,
    struct err *err)
{
	const struct sql_value key = sql_bytes(VIEW_OF(digest->bytes));
	return state_has(store, TABLE_STATEMENTS, &key, ret_has, err);
}

enum err_code
store_next_statement(struct store *store, const struct digest *after, struct digest *ret_digest,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "statements",
	    "SELECT digest FROM statements WHERE digest > ? ORDER BY digest LIMIT 1", err);
	sql_put_bytes(&query, after != NULL ? VIEW_OF(after->bytes) : view_of(NULL, 0));
	TRY(sql_one(&query, "statement"));
	store_get_digest(&query, "digest", ret_digest);
	return sql_end(&query);
}

enum err_code
store_count_statements(struct store *store, uint64_t *ret_count, struct err *err)
{
	return state_count(store, CELL_STATEMENT, ret_count, err);
}

static enum err_code
get_document(struct store *store, uint32_t position, struct digest *ret_digest, uint64_t *ret_bytes,
    struct err *err)
{
	struct digest digest;
	SQL_QUERY query =
	    sql_query(store->sql, "documents", "SELECT * FROM documents WHERE position = ?", err);
	sql_put_int(&query, position);
	TRY(state_one(store, TABLE_DOCUMENTS, &query, "document"));
	sql_skip(&query);
	store_get_digest(&query, "digest", &digest);
	int64_t bytes = sql_get_int(&query, "bytes", 0, INT64_MAX);
	TRY(sql_end(&query));
	*ret_digest = digest;
	*ret_bytes = (uint64_t)bytes;
	return ERR_OK;
}

static enum err_code
check_absent(struct store *store, const struct digest *digest, struct err *err)
{
	struct sql_value sought = sql_bytes(VIEW_OF(digest->bytes));
	struct digest position;
	enum err_code code =
	    state_named(store, CELL_DOCUMENT_OF, &sought, "document", &position, err);
	if (code == ERR_OK)
		return err_set(err, ERR_EXISTS, "documents: there is one already");
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

enum err_code
store_add_document(struct store *store, const struct digest *digest, struct err *err)
{
	BUF text = {0};
	uint64_t bytes;
	uint32_t count;
	TRY(check_absent(store, digest, err));
	TRY(store_get_statement(store, digest, &text, err));
	TRY(store_measure_documents(store, &bytes, err));
	TRY(store_count_documents(store, &count, err));
	SQL_QUERY query =
	    sql_query(store->sql, "documents", "INSERT INTO documents VALUES (?, ?, ?)", err);
	sql_put_int(&query, (int64_t)count + 1);
	store_put_digest(&query, digest);
	sql_put_int(&query, (int64_t)(bytes + text.size));
	TRY(state_insert(store, TABLE_DOCUMENTS, &query));
	const struct copy_row copy = copy_of_document(count + 1);

	return store_add_copy(store, &copy, err);
}

enum err_code
store_get_document(struct store *store, uint32_t position, struct digest *ret_digest,
    struct err *err)
{
	uint64_t bytes;
	return get_document(store, position, ret_digest, &bytes, err);
}

enum err_code
store_count_documents(struct store *store, uint32_t *ret_count, struct err *err)
{
	uint64_t count;
	TRY(state_count(store, CELL_DOCUMENT, &count, err));
	*ret_count = (uint32_t)count;
	return ERR_OK;
}

enum err_code
store_measure_documents(struct store *store, uint64_t *ret_bytes, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct digest last;
	uint32_t count;
	*ret_bytes = 0;
	TRY(sql_enter(store->sql, &scope, err));
	TRY(store_count_documents(store, &count, err));
	return count == 0 ? ERR_OK : get_document(store, count, &last, ret_bytes, err);
}

enum err_code
store_add_definition(struct store *store, const struct digest *hash, const struct digest *statement,
    struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "definitions", "INSERT INTO definitions VALUES (?, ?)", err);
	store_put_digest(&query, hash);
	store_put_digest(&query, statement);
	TRY(state_insert(store, TABLE_DEFINITIONS, &query));
	const struct copy_row copy = copy_of_definition(statement);

	return store_add_copy(store, &copy, err);
}

enum err_code
store_get_definition(struct store *store, const struct digest *hash, struct digest *ret_statement,
    struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "definitions", "SELECT * FROM definitions WHERE hash = ?", err);
	store_put_digest(&query, hash);
	TRY(state_one(store, TABLE_DEFINITIONS, &query, "definition"));
	sql_skip(&query);
	store_get_digest(&query, "statement", ret_statement);
	return sql_end(&query);
}
