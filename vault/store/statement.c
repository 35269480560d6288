/* SPDX-License-Identifier: Apache-2.0 */
/* Small texts, statements, and the two chains of statements: charters and rosters. */
#include "vault/store/statement.h"

#include "vault/store/inside.h"
#include "vault/store/rows.h"

enum { TEXT_MAX = 4 * 1024 * 1024, STATEMENT_MAX = 4 * 1024 * 1024 };

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
	if (text.size > STATEMENT_MAX)
		return err_set(err, ERR_INVALID, "a statement is larger than 4 MiB");
	SQL_QUERY query = sql_query(store->sql, "statements",
	    "INSERT INTO statements (digest, type, text) VALUES (?, ?, ?)"
	    " ON CONFLICT (digest) DO UPDATE SET text = excluded.text WHERE ?",
	    err);
	store_put_digest(&query, digest);
	sql_put_text(&query, type);
	sql_put_bytes(&query, text);
	sql_put_int(&query, replace);
	return sql_run(&query, NULL);
}

enum err_code
store_get_statement(struct store *store, const struct digest *digest, struct buf *ret_text,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "statements",
	    "SELECT text FROM statements WHERE digest = ?", err);
	store_put_digest(&query, digest);
	TRY(sql_one(&query, "statement"));
	sql_get_bytes(&query, "text", 0, STATEMENT_MAX, ret_text);
	return sql_end(&query);
}

/* One of the chains: its table and what is asked of it. */
struct chain {
	const char *table, *what;
	const char *insert, *select, *newest;
};

static const struct chain charters = {
    "charters",
    "charter",
    "INSERT INTO charters (version, digest) VALUES (?, ?)",
    "SELECT digest FROM charters WHERE version = ?",
    "SELECT coalesce(max(version), 0) FROM charters",
};
static const struct chain rosters = {
    "rosters",
    "roster",
    "INSERT INTO rosters (version, digest) VALUES (?, ?)",
    "SELECT digest FROM rosters WHERE version = ?",
    "SELECT coalesce(max(version), 0) FROM rosters",
};

static enum err_code
chain_version(struct store *store, const struct chain *chain, uint32_t *ret_newest, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, chain->table, chain->newest, err);
	TRY(sql_one(&query, chain->what));
	uint32_t newest = store_get_u32(&query, "version");
	TRY(sql_end(&query));
	*ret_newest = newest;
	return ERR_OK;
}

static enum err_code
chain_put(struct store *store, const struct chain *chain, uint32_t version,
    const struct digest *digest, struct err *err)
{
	uint32_t newest;
	TRY(chain_version(store, chain, &newest, err));
	if (version > newest && version - newest > 1)
		return err_set(err, ERR_INVALID, "%s %u cannot follow %s %u", chain->what, version,
		    chain->what, newest);
	SQL_QUERY query = sql_query(store->sql, chain->table, chain->insert, err);
	sql_put_int(&query, version);
	store_put_digest(&query, digest);
	return sql_run(&query, NULL);
}

static enum err_code
chain_get(struct store *store, const struct chain *chain, uint32_t version,
    struct digest *ret_digest, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, chain->table, chain->select, err);
	sql_put_int(&query, version);
	TRY(sql_one(&query, chain->what));
	store_get_digest(&query, "digest", ret_digest);
	return sql_end(&query);
}

enum err_code
store_put_charter(struct store *store, uint32_t version, const struct digest *digest,
    struct err *err)
{
	return chain_put(store, &charters, version, digest, err);
}

enum err_code
store_get_charter(struct store *store, uint32_t version, struct digest *ret_digest, struct err *err)
{
	return chain_get(store, &charters, version, ret_digest, err);
}

enum err_code
store_charter_version(struct store *store, uint32_t *ret_newest, struct err *err)
{
	return chain_version(store, &charters, ret_newest, err);
}

enum err_code
store_put_roster(struct store *store, uint32_t version, const struct digest *digest,
    struct err *err)
{
	return chain_put(store, &rosters, version, digest, err);
}

enum err_code
store_get_roster(struct store *store, uint32_t version, struct digest *ret_digest, struct err *err)
{
	return chain_get(store, &rosters, version, ret_digest, err);
}

enum err_code
store_roster_version(struct store *store, uint32_t *ret_newest, struct err *err)
{
	return chain_version(store, &rosters, ret_newest, err);
}
