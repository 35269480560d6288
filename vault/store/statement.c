/* SPDX-License-Identifier: Apache-2.0 */
/* Small texts, statements, the chain of documents, and where definitions stand. */
#include "vault/store/statement.h"

#include "base/dsse.h"
#include "vault/store/inside.h"
#include "vault/store/rows.h"

enum { TEXT_MAX = 4 * 1024 * 1024 };

enum err_code
store_set_text(struct store *store, const char *name, const char *text, struct err *err)
{
	if (text == NULL) {
		SQL_QUERY query =
		    sql_query(store->sql, "texts", "DELETE FROM texts WHERE name = ?", err);
		sql_put_text(&query, name);
		return sql_run(&query, NULL);
	}
	struct view bytes = view_of_text(text);
	if (bytes.size > TEXT_MAX)
		return err_set(err, ERR_INVALID, "the text \"%s\" is larger than 4 MiB", name);
	SQL_QUERY query = sql_query(store->sql, "texts",
	    "INSERT INTO texts (name, text) VALUES (?, ?)"
	    " ON CONFLICT (name) DO UPDATE SET text = excluded.text",
	    err);
	sql_put_text(&query, name);
	sql_put_bytes(&query, bytes);
	return sql_run(&query, NULL);
}

enum err_code
store_get_text(struct store *store, const char *name, struct buf *ret_text, struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "texts", "SELECT text FROM texts WHERE name = ?", err);
	sql_put_text(&query, name);
	TRY(sql_one(&query, "text"));
	sql_get_bytes(&query, "text", 0, TEXT_MAX, ret_text);
	return sql_end(&query);
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
	if (sql_run(&query, NULL) == ERR_EXISTS)
		return err_set(err, ERR_EXISTS,
		    "this statement of type %s was accepted before; make a new one", type);
	return sql_end(&query);
}

enum err_code
store_get_statement(struct store *store, const struct digest *digest, struct buf *ret_text,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "statements",
	    "SELECT text FROM statements WHERE digest = ?", err);
	store_put_digest(&query, digest);
	TRY(sql_one(&query, "statement"));
	sql_get_bytes(&query, "text", 0, DSSE_TEXT_MAX, ret_text);
	return sql_end(&query);
}

enum err_code
store_add_document(struct store *store, const struct digest *digest, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "documents",
	    "INSERT INTO documents (position, digest)"
	    " VALUES ((SELECT coalesce(max(position), 0) + 1 FROM documents), ?)",
	    err);
	store_put_digest(&query, digest);
	return sql_run(&query, NULL);
}

enum err_code
store_get_document(struct store *store, uint32_t position, struct digest *ret_digest,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "documents",
	    "SELECT digest FROM documents WHERE position = ?", err);
	sql_put_int(&query, position);
	return store_one_digest(&query, "document", "digest", ret_digest);
}

enum err_code
store_count_documents(struct store *store, uint32_t *ret_count, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "documents",
	    "SELECT coalesce(max(position), 0) FROM documents", err);
	int64_t count;
	TRY(sql_one_int(&query, "count", 0, UINT32_MAX, &count));
	*ret_count = (uint32_t)count;
	return ERR_OK;
}

enum err_code
store_measure_documents(struct store *store, uint64_t *ret_bytes, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "documents",
	    "SELECT coalesce(sum(length(text)), 0)"
	    " FROM documents JOIN statements ON statements.digest = documents.digest",
	    err);
	int64_t bytes;
	TRY(sql_one_int(&query, "bytes", 0, INT64_MAX, &bytes));
	*ret_bytes = (uint64_t)bytes;
	return ERR_OK;
}

enum err_code
store_add_definition(struct store *store, const struct digest *hash, const struct digest *statement,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "definitions",
	    "INSERT INTO definitions (hash, statement) VALUES (?, ?)", err);
	store_put_digest(&query, hash);
	store_put_digest(&query, statement);
	return sql_run(&query, NULL);
}

enum err_code
store_get_definition(struct store *store, const struct digest *hash, struct digest *ret_statement,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "definitions",
	    "SELECT statement FROM definitions WHERE hash = ?", err);
	store_put_digest(&query, hash);
	return store_one_digest(&query, "definition", "statement", ret_statement);
}
