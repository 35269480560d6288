/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/roots.h"

#include <string.h>

#include "base/text.h"
#include "vault/store/anchored.h"
#include "vault/store/inside.h"
#include "vault/store/sql_query.h"
#include "vault/store/state.h"

enum { HEX_SIZE = 2 * DIGEST_SIZE };
static const char name[] = "roots";

enum err_code
store_keep_roots(struct store *store, struct err *err)
{
	char hex[HEX_SIZE + 1];
	SQL_QUERY query =
	    sql_query(store->sql, "texts", "INSERT INTO texts (name, text) VALUES (?, ?)", err);

	text_hex(VIEW_OF(store->form.roots.bytes), hex);
	sql_put_text(&query, name);
	sql_put_bytes(&query, view_of_text(hex));
	return state_insert(store, TABLE_TEXTS, &query);
}

enum err_code
store_check_roots(struct store *store, struct err *err)
{
	char present[HEX_SIZE], hex[HEX_SIZE + 1];
	SQL_SCOPE scope = {0};

	TRY(sql_enter(store->sql, &scope, err));
	TRY(store_anchored(store, err));
	if (store->base.size == 0)
		return ERR_OK;
	SQL_QUERY query = sql_query(store->sql, "texts", "SELECT * FROM texts WHERE name = ?", err);
	sql_put_text(&query, name);
	TRY(state_one(store, TABLE_TEXTS, &query, "text"));
	sql_skip(&query);
	sql_get_exactly(&query, "text", present, sizeof(present));
	TRY(sql_end(&query));
	text_hex(VIEW_OF(store->form.roots.bytes), hex);
	return memcmp(present, hex, sizeof(present)) == 0 ? ERR_OK : store_alarm_roots(err);
}
