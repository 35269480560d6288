/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets, their sealed versions, and the envelopes of each version. */
#include "vault/store/secret.h"

#include <string.h>

#include "base/text.h"
#include "vault/documents/class.h"
#include "vault/seal/envelope.h"
#include "vault/seal/payload.h"
#include "vault/store/copy.h"
#include "vault/store/inside.h"
#include "vault/store/rows.h"
#include "vault/store/state.h"
#include "vault/store/state_index.h"

enum { STEP = 32 };

void
version_row_done(struct version_row *row)
{
	buf_done(&row->header);
	buf_done(&row->ciphertext);
}

static enum err_code
check_name(const char *name, struct err *err)
{
	if (!text_is_name(name))
		return err_set(err, ERR_INVALID,
		    "\"%.63s\" cannot be the name of a secret: 1..63 of a-z "
		    "0-9 - _ . / beginning with a letter or digit",
		    name);
	return ERR_OK;
}

/* By another secret than ID, which may be NULL. */
static enum err_code
check_untaken(struct store *store, const char *name, const struct secret_id *id, struct err *err)
{
	struct secret_row present;
	enum err_code code = store_find_secret(store, name, &present, err);
	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (code != ERR_OK || (id != NULL && memcmp(&present.id, id, sizeof(*id)) == 0))
		return code;
	return err_set(err, ERR_EXISTS, "there is a secret \"%s\" already", name);
}

enum err_code
store_add_secret(struct store *store, const struct secret_row *row, struct err *err)
{
	TRY(check_name(row->name, err));
	TRY(check_untaken(store, row->name, NULL, err));
	SQL_QUERY query = sql_query(store->sql, "secrets",
	    "INSERT INTO secrets VALUES (?, ?, ?, ?, ?, ?, ?)", err);
	store_put_secret_id(&query, &row->id);
	sql_put_text(&query, row->name);
	store_put_digest(&query, &row->definition);
	store_put_version(&query, row->current);
	sql_put_int(&query, row->newest);
	sql_put_int(&query, row->retired);
	store_put_digest(&query, &row->account);
	return state_insert(store, TABLE_SECRETS, &query);
}

enum err_code
store_update_secret(struct store *store, const struct secret_row *row, struct err *err)
{
	TRY(check_name(row->name, err));
	TRY(check_untaken(store, row->name, &row->id, err));
	SQL_QUERY query = sql_query(store->sql, "secrets",
	    "UPDATE secrets SET name = ?, definition = ?, current = ?, newest = ?, retired = ?,"
	    " account = ? WHERE id = ?",
	    err);
	sql_put_text(&query, row->name);
	store_put_digest(&query, &row->definition);
	store_put_version(&query, row->current);
	sql_put_int(&query, row->newest);
	sql_put_int(&query, row->retired);
	store_put_digest(&query, &row->account);
	store_put_secret_id(&query, &row->id);
	return state_change(store, TABLE_SECRETS, &query, 6, "secret");
}

/* RET_ROW is written only when all of it is right. */
static void
read_secret(struct sql_query *query, struct secret_row *ret_row)
{
	struct secret_row row = {0};
	store_get_secret_id(query, "id", &row.id);
	store_get_name(query, "name", row.name);
	store_get_digest(query, "definition", &row.definition);
	row.current = store_get_version_number(query, "current");
	row.newest = store_get_u32(query, "newest");
	row.retired = store_get_flag(query, "retired");
	store_get_digest(query, "account", &row.account);
	if (row.current > row.newest)
		sql_fail(query, "current", "is out of range");
	if (query->code == ERR_OK)
		*ret_row = row;
}

enum err_code
store_get_secret(struct store *store, const struct secret_id *id, struct secret_row *ret_row,
    struct err *err)
{
	SQL_QUERY query =
	    sql_query(store->sql, "secrets", "SELECT * FROM secrets WHERE id = ?", err);
	store_put_secret_id(&query, id);
	TRY(state_one(store, TABLE_SECRETS, &query, "secret"));
	read_secret(&query, ret_row);
	return sql_end(&query);
}

static struct tree_range
names_like(const char *name)
{
	uint8_t middle[DIGEST_SIZE] = {0};
	memcpy(middle, name, strnlen(name, DIGEST_SIZE));
	return cell_index_from(CELL_NAMES, VIEW_OF(middle));
}

static enum err_code
get_named(struct store *store, const struct tree_cell *cell, struct secret_row *ret_row,
    struct err *err)
{
	struct secret_id id;
	memcpy(id.bytes, cell->value.bytes, SECRET_ID_SIZE);
	return store_get_secret(store, &id, ret_row, err);
}

/* The first name of RANGE after AFTER (NULL: from its start on), which becomes its place. */
static enum err_code
next_name(struct store *store, const struct tree_range *range, struct tree_key *place,
    bool *is_first, struct secret_row *ret_row, struct err *err)
{
	struct tree_cell cell;
	size_t count;
	TRY(state_range(store, range, *is_first ? NULL : place, &cell, 1, &count, err));
	if (count == 0)
		return ERR_NOT_FOUND;
	*place = cell.key;
	*is_first = false;
	return get_named(store, &cell, ret_row, err);
}

enum err_code
store_find_secret(struct store *store, const char *name, struct secret_row *ret_row,
    struct err *err)
{
	SQL_SCOPE scope = {0};
	struct tree_range range = names_like(name);
	struct tree_key place;
	struct secret_row row;
	bool is_first = true;
	enum err_code code;
	TRY(sql_enter(store->sql, &scope, err));
	while ((code = next_name(store, &range, &place, &is_first, &row, err)) == ERR_OK) {
		if (strcmp(row.name, name) == 0) {
			*ret_row = row;
			return ERR_OK;
		}
	}
	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND, "there is no secret \"%.63s\"", name);
	return code;
}

/* Where the names after AFTER begin, in the order of store_list_secrets. */
static enum err_code
find_place(struct store *store, const char *after, struct tree_key *ret_place, struct err *err)
{
	struct secret_row row;
	enum err_code code = store_find_secret(store, after, &row, err);
	if (code == ERR_OK)
		return cell_place_of_name(VIEW_OF(row.id.bytes), row.name, ret_place, err);
	if (code == ERR_NOT_FOUND) {
		*ret_place = names_like(after).to;
		return ERR_OK;
	}
	return code;
}

enum err_code
store_list_secrets(struct store *store, const char *after, struct secret_row *rows, size_t max,
    size_t *ret_count, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct tree_range range = cell_index_from(CELL_NAMES, view_of(NULL, 0));
	struct tree_cell cells[STEP];
	struct tree_key place;
	bool is_first = after[0] == '\0';
	size_t count = 0, read = STEP;
	TRY(sql_enter(store->sql, &scope, err));
	if (!is_first)
		TRY(find_place(store, after, &place, err));
	while (count < max && read == STEP) {
		size_t step = max - count < STEP ? max - count : STEP;
		TRY(state_range(store, &range, is_first ? NULL : &place, cells, step, &read, err));
		for (size_t i = 0; i < read; i++)
			TRY(get_named(store, &cells[i], &rows[count++], err));
		if (read > 0)
			place = cells[read - 1].key;
		is_first = false;
	}
	*ret_count = count;
	return ERR_OK;
}

enum err_code
store_list_defined(struct store *store, struct secret_row *rows, size_t max, size_t *ret_count,
    uint64_t *ret_all, struct err *err)
{
	SQL_SCOPE scope = {0};
	struct tree_range range = cell_index_from(CELL_DEFINED, view_of(NULL, 0));
	struct tree_key place;
	bool is_first = true;
	size_t count = 0;
	enum err_code code = ERR_OK;
	TRY(sql_enter(store->sql, &scope, err));
	TRY(state_count(store, CELL_DEFINED, ret_all, err));
	while (count < max && code == ERR_OK) {
		code = next_name(store, &range, &place, &is_first, &rows[count], err);
		count += code == ERR_OK;
	}
	*ret_count = count;
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

enum err_code
store_count_secrets(struct store *store, uint64_t *ret_count, struct err *err)
{
	return state_count(store, CELL_SECRET, ret_count, err);
}

enum err_code
store_next_of_account(struct store *store, struct account_walk *walk, struct secret_row *ret_row,
    struct err *err)
{
	SQL_SCOPE scope = {0};
	struct tree_range range = cell_index_from(CELL_ACCOUNTS, VIEW_OF(walk->account.bytes));
	bool is_first = !walk->began;
	enum err_code code;
	TRY(sql_enter(store->sql, &scope, err));
	code = next_name(store, &range, &walk->place, &is_first, ret_row, err);
	walk->began = !is_first;
	return code == ERR_NOT_FOUND ?
	    err_set(err, ERR_NOT_FOUND, "there are no more secrets of this account") :
	    code;
}

static enum err_code
add_version_row(struct store *store, const struct version_row *row, struct err *err)
{
	struct digest without;
	TRY(class_of(&row->shape, NULL, 0, &without, err));
	SQL_QUERY query = sql_query(store->sql, "versions",
	    "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", err);
	store_put_number(&query, &row->secret, row->number);
	sql_put_text(&query, version_state_names[row->state]);
	store_put_digest(&query, &row->header_hash);
	sql_put_bytes(&query, buf_view(&row->header));
	sql_put_bytes(&query, buf_view(&row->ciphertext));
	sql_put_int(&query, row->part_exposed);
	sql_put_int(&query, row->created);
	store_put_digest(&query, &row->shape);
	store_put_digest(&query, &without);
	sql_put_int(&query, row->seen);
	sql_put_int(&query, row->fields);
	store_put_digest_or_null(&query, &row->public);
	return state_insert(store, TABLE_VERSIONS, &query);
}

static enum err_code
add_envelope(struct store *store, const struct version_row *row, size_t index,
    const struct digest *token, const struct sealed_box *box, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "envelopes",
	    "INSERT INTO envelopes VALUES (?, ?, ?, ?, ?, ?)", err);
	store_put_number(&query, &row->secret, row->number);
	sql_put_int(&query, (int64_t)index);
	store_put_digest(&query, token);
	store_put_box(&query, box);
	return state_insert(store, TABLE_ENVELOPES, &query);
}

enum err_code
store_add_version(struct store *store, const struct version_row *row, const struct header *header,
    const struct sealed_box *envelopes, size_t envelope_count, struct err *err)
{
	if (envelope_count != header->envelope_count || envelope_count > HEADER_ENVELOPES)
		return err_set(err, ERR_INTERNAL,
		    "a version has %zu envelopes and its header names %u", envelope_count,
		    header->envelope_count);
	TRY(add_version_row(store, row, err));
	for (size_t i = 0; i < envelope_count; i++)
		TRY(add_envelope(store, row, i, &header->envelopes[i].token, &envelopes[i], err));
	const struct copy_row copy = copy_of_version(&row->secret, row->number);

	return store_add_copy(store, &copy, err);
}

static void
read_version(struct sql_query *query, struct version_row *row)
{
	sql_skip(query);
	sql_skip(query);
	row->state = (enum version_state)store_get_state(query, "state", version_state_names);
	store_get_digest(query, "header_hash", &row->header_hash);
	sql_get_bytes(query, "header", 1, HEADER_MAX, &row->header);
	sql_get_bytes(query, "ciphertext", 1, CIPHERTEXT_MAX, &row->ciphertext);
	row->part_exposed = store_get_flag(query, "part_exposed");
	row->created = store_get_time(query, "created");
	store_get_digest(query, "shape", &row->shape);
	store_get_digest(query, "class", &row->class);
	row->seen = store_get_flag(query, "seen");
	row->fields = store_get_u32(query, "fields");
	(void)store_get_digest_or_null(query, "public", &row->public);
}

enum err_code
store_get_version(struct store *store, const struct secret_id *secret, uint32_t number,
    struct version_row *ret_row, struct err *err)
{
	VERSION_ROW row = {.secret = *secret, .number = number};
	SQL_QUERY query = sql_query(store->sql, "versions",
	    "SELECT * FROM versions WHERE secret = ? AND number = ?", err);
	store_put_number(&query, secret, number);
	TRY(state_one(store, TABLE_VERSIONS, &query, "version"));
	read_version(&query, &row);
	TRY(sql_end(&query));
	*ret_row = row;
	row.header = row.ciphertext = (struct buf){0};
	return ERR_OK;
}

enum err_code
store_set_version_state(struct store *store, const struct secret_id *secret, uint32_t number,
    enum version_state state, struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "versions",
	    "UPDATE versions SET state = ? WHERE secret = ? AND number = ?", err);
	sql_put_text(&query, version_state_names[state]);
	store_put_number(&query, secret, number);
	TRY(state_change(store, TABLE_VERSIONS, &query, 1, "version"));
	const struct copy_row copy = copy_of_version(secret, number);

	return state == VERSION_RETIRED ? store_drop_copy(store, &copy, err) : ERR_OK;
}

enum err_code
store_set_part_exposed(struct store *store, const struct secret_id *secret, uint32_t number,
    struct err *err)
{
	SQL_QUERY query = sql_query(store->sql, "versions",
	    "UPDATE versions SET part_exposed = 1 WHERE secret = ? AND number = ?", err);
	store_put_number(&query, secret, number);
	return state_change(store, TABLE_VERSIONS, &query, 0, "version");
}

enum err_code
store_get_envelope(struct store *store, const struct secret_id *secret, uint32_t number,
    uint32_t index, struct digest *ret_token, struct sealed_box *ret_box, struct err *err)
{
	struct digest token;
	SQL_QUERY query = sql_query(store->sql, "envelopes",
	    "SELECT * FROM envelopes WHERE secret = ? AND version = ? AND position = ?", err);
	store_put_number(&query, secret, number);
	sql_put_int(&query, index);
	TRY(state_one(store, TABLE_ENVELOPES, &query, "envelope"));
	for (int i = 0; i < 3; i++)
		sql_skip(&query);
	store_get_digest(&query, "token", &token);
	store_get_box(&query, ENVELOPE_CT_MAX, ret_box);
	TRY(sql_end(&query));
	*ret_token = token;
	return ERR_OK;
}
