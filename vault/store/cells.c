/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	row	kind || SHA-256(parent) || SHA-256(primary key)			= SHA-256(row)
 *	index	kind || SHA-256(parent)[0..24) || number u64 || SHA-256(primary key)	= primary key
 *
 * where parent, primary key and row are their columns, each as its type, its length and its bytes; a primary
 * key that is a value is its columns' bytes, numbers as u32, zero-filled to 32.
 */
#include "vault/store/cells.h"

#include <string.h>

#include "vault/documents/state_names.h"

struct sql_value
sql_bytes(struct view bytes)
{
	return (struct sql_value){.kind = SQL_BYTES, .bytes = bytes};
}

struct sql_value
sql_text(const char *text)
{
	return (struct sql_value){.kind = SQL_TEXT, .bytes = view_of_text(text)};
}

/* ---- what stands in an index ---- */

static bool
column_is(const struct sql_row *row, size_t column, const char *text)
{
	return view_equal(row->values[column].bytes, view_of_text(text));
}

/* As much of BYTES as fits behind the first AT; what somebody else wrote may have any size, and none. */
static void
put_middle(uint8_t middle[DIGEST_SIZE], size_t at, struct view bytes)
{
	size_t size = bytes.size < DIGEST_SIZE - at ? bytes.size : DIGEST_SIZE - at;

	if (size > 0)
		memcpy(middle + at, bytes.data, size);
}

static void
put_number(uint64_t number, uint8_t ret_bytes[8])
{
	for (int i = 0; i < 8; i++)
		ret_bytes[i] = (uint8_t)(number >> (56 - 8 * i));
}

enum { SECRET_NAME = 1, SECRET_NEWEST = 4, SECRET_RETIRED, SECRET_ACCOUNT };

static void
name_middle(const struct sql_row *row, uint8_t ret_middle[DIGEST_SIZE])
{
	put_middle(ret_middle, 0, row->values[SECRET_NAME].bytes);
}

static bool
secret_has_none(const struct sql_row *row)
{
	return row->values[SECRET_NEWEST].number == 0 && row->values[SECRET_RETIRED].number == 0;
}

static void
account_middle(const struct sql_row *row, uint8_t ret_middle[DIGEST_SIZE])
{
	put_middle(ret_middle, 0, row->values[SECRET_ACCOUNT].bytes);
}

static bool
secret_is_kept(const struct sql_row *row)
{
	return row->values[SECRET_RETIRED].number == 0;
}

enum { VERSION_STATE = 2, VERSION_EXPOSED = 6, VERSION_CREATED, VERSION_CLASS = 9, VERSION_SEEN };

static bool
version_is_current(const struct sql_row *row)
{
	return column_is(row, VERSION_STATE, "current");
}

static bool
version_is_pending(const struct sql_row *row)
{
	return column_is(row, VERSION_STATE, "pending");
}

static bool
version_is_exposed(const struct sql_row *row)
{
	return version_is_current(row) && row->values[VERSION_EXPOSED].number != 0;
}

static bool
version_is_seen(const struct sql_row *row)
{
	return version_is_current(row) && row->values[VERSION_SEEN].number != 0;
}

static void
class_middle(const struct sql_row *row, uint8_t ret_middle[DIGEST_SIZE])
{
	put_middle(ret_middle, 0, row->values[VERSION_CLASS].bytes);
	put_number((uint64_t)row->values[VERSION_CREATED].number, ret_middle + CELL_PARENT_SIZE);
}

enum { ITEM_CEREMONY, ITEM_SECRET = 2, ITEM_DEBT = 5 };

static void
item_middle(const struct sql_row *row, uint8_t ret_middle[DIGEST_SIZE])
{
	struct view ceremony = row->values[ITEM_CEREMONY].bytes;

	put_middle(ret_middle, 0, ceremony);
	put_middle(ret_middle, ceremony.size < DIGEST_SIZE ? ceremony.size : DIGEST_SIZE,
	    row->values[ITEM_SECRET].bytes);
}

static bool
item_has_debt(const struct sql_row *row)
{
	return row->values[ITEM_DEBT].kind != SQL_NULL;
}

enum { VOICE_DENIES = 5 };

static bool
voice_approves(const struct sql_row *row)
{
	return row->values[VOICE_DENIES].number == 0;
}

enum { DEBT_STATE = 5 };

static bool
debt_is_watch(const struct sql_row *row)
{
	for (unsigned state = 0; state < DEBT_STATES; state++)
		if ((DEBT_WATCHES & 1u << state) != 0 &&
		    column_is(row, DEBT_STATE, debt_state_names[state]))
			return true;
	return false;
}

static bool
debt_is_open(const struct sql_row *row)
{
	return !debt_is_watch(row) && !column_is(row, DEBT_STATE, "retired");
}

enum { SPARE_STATEMENT = 5, SPARE_BOX = 6, SPARE_TEST = 9 };

static bool
spare_has_box(const struct sql_row *row)
{
	return row->values[SPARE_BOX].kind != SQL_NULL;
}

static bool
spare_is_untested(const struct sql_row *row)
{
	return spare_has_box(row) && row->values[SPARE_TEST].kind == SQL_NULL;
}

enum { COPY_KIND = 1, COPY_SINK };

static void
copy_middle(const struct sql_row *row, uint8_t ret_middle[DIGEST_SIZE])
{
	put_middle(ret_middle, 0, row->values[COPY_KIND].bytes);
	put_middle(ret_middle, CELL_COPY_KIND_SIZE, row->values[COPY_SINK].bytes);
}

/* ---- the tables ---- */

#define NONE (-1)
#define ROWS(name, keys, marks)                                                                    \
#name, "SELECT * FROM " #name " ORDER BY " keys " LIMIT ?",                                \
	    "SELECT * FROM " #name " WHERE (" keys ") > (" marks ") ORDER BY " keys " LIMIT ?",    \
	    "SELECT * FROM " #name " WHERE (" keys ") = (" marks ")"

const struct table cell_tables[TABLES] = {
    [TABLE_TEXTS] = {ROWS(texts, "name", "?"), CELL_TEXT, 2, .keys = {0}, 1},
    [TABLE_STATEMENTS] = {ROWS(statements, "digest", "?"), CELL_STATEMENT, 3, .keys = {0}, 1},
    [TABLE_DOCUMENTS] = {ROWS(documents, "position", "?"), CELL_DOCUMENT, 3, .keys = {0}, 1,
        .indexes = {{CELL_DOCUMENT_OF, 1, NONE, NULL, NULL}}},
    [TABLE_DRAFTS] = {ROWS(drafts, "digest", "?"), CELL_DRAFT, 3, .keys = {1}, 1,
        .indexes = {{CELL_DRAFTS, NONE, 0, NULL, NULL}}},
    [TABLE_DEFINITIONS] = {ROWS(definitions, "hash", "?"), CELL_DEFINITION, 2, .keys = {0}, 1},
    [TABLE_SECRETS] = {ROWS(secrets, "id", "?"), CELL_SECRET, 7, .keys = {0}, 1,
        .indexes = {{CELL_NAMES, NONE, NONE, name_middle, NULL},
            {CELL_DEFINED, NONE, NONE, name_middle, secret_has_none},
            {CELL_ACCOUNTS, NONE, NONE, account_middle, secret_is_kept}}},
    [TABLE_VERSIONS] = {ROWS(versions, "secret, number", "?, ?"), CELL_VERSION, 13, .keys = {0, 1},
        2, 1,
        .indexes = {{CELL_CURRENT, NONE, NONE, class_middle, version_is_current},
            {CELL_PENDING, NONE, NONE, class_middle, version_is_pending},
            {CELL_EXPOSED, NONE, NONE, class_middle, version_is_exposed},
            {CELL_SEEN, NONE, NONE, class_middle, version_is_seen}}},
    [TABLE_ENVELOPES] = {ROWS(envelopes, "secret, version, position", "?, ?, ?"), CELL_ENVELOPE, 6,
        .keys = {0, 1, 2}, 3, 2},
    [TABLE_CEREMONIES] = {ROWS(ceremonies, "id", "?"), CELL_CEREMONY, 16, .keys = {1}, 1,
        .indexes = {{CELL_CEREMONIES, 5, 0, NULL, NULL}, {CELL_REQUESTS, 3, NONE, NULL, NULL}}},
    [TABLE_ITEMS] = {ROWS(items, "ceremony, position", "?, ?"), CELL_ITEM, 7, .keys = {0, 1}, 2, 1,
        .indexes = {{CELL_ITEM_OF_SECRET, NONE, NONE, item_middle, NULL},
            {CELL_ITEM_OF_DEBT, ITEM_DEBT, NONE, NULL, item_has_debt}}},
    [TABLE_VOICES] = {ROWS(voices, "statement", "?"), CELL_VOICE, 6, .keys = {4}, 1,
        .indexes = {{CELL_VOICES, 1, 0, NULL, NULL}, {CELL_APPROVALS, 3, 0, NULL, voice_approves}}},
    [TABLE_SHARES] = {ROWS(shares, "ceremony, position, seat", "?, ?, ?"), CELL_SHARE, 6,
        .keys = {0, 1, 2}, 3, 2},
    [TABLE_OPENED] = {ROWS(opened, "secret, version, ceremony", "?, ?, ?"), CELL_OPENED, 4,
        .keys = {0, 1, 2}, 3, 2},
    [TABLE_ANSWERS] = {ROWS(answers, "ceremony, position, token", "?, ?, ?"), CELL_ANSWER, 5,
        .keys = {0, 1, 2}, 3, 2},
    [TABLE_DEBTS] = {ROWS(debts, "id", "?"), CELL_DEBT, 15, .keys = {1}, 1,
        .indexes = {{CELL_OPEN_DEBT, 2, NONE, NULL, debt_is_open},
            {CELL_DEBTS_OF, 2, 0, NULL, NULL}, {CELL_DEBTS, DEBT_STATE, 0, NULL, NULL},
            {CELL_WATCHES, 2, 0, NULL, debt_is_watch}}},
    [TABLE_TESTS] = {ROWS(tests, "statement", "?"), CELL_TEST, 3, .keys = {2}, 1,
        .indexes = {{CELL_TESTS, 1, 0, NULL, NULL}}},
    [TABLE_SPARES] = {ROWS(spares, "secret, version, token", "?, ?, ?"), CELL_SPARE, 10,
        .keys = {0, 1, 2}, 3, 2,
        .indexes = {{CELL_UNTESTED, 2, SPARE_STATEMENT, NULL, spare_is_untested},
            {CELL_BOXES, SPARE_BOX, NONE, NULL, spare_has_box}}},
    [TABLE_COPIES] = {ROWS(copies, "key", "?"), CELL_COPY, 3, .keys = {0}, 1,
        .indexes = {{CELL_COPIES, NONE, NONE, copy_middle, NULL}}},
    [TABLE_LOG_LEAF] = {"log_leaf",
        .why = "a leaf is shown to be in the log whose root is anchored"},
    [TABLE_LOG_HASH] = {"log_hash", .why = "hashes of the log fold to its root, or are wrong"},
    [TABLE_NODES] = {"nodes", .why = "they are the tree"},
};

const struct table *
cell_table(const char *name)
{
	for (size_t i = 0; i < TABLES; i++)
		if (strcmp(cell_tables[i].name, name) == 0)
			return &cell_tables[i];
	return NULL;
}

/* ---- keys and values ---- */

static void
put_value(struct buf *buf, const struct sql_value *value)
{
	buf_u8(buf, (uint8_t)value->kind);
	if (value->kind == SQL_INTEGER)
		buf_u64(buf, (uint64_t)value->number);
	else if (value->kind == SQL_TEXT || value->kind == SQL_BYTES)
		buf_lp32(buf, value->bytes);
}

/* Most tables have no parents. */
static enum err_code
hash_values(const struct sql_value *values, size_t count, struct digest *ret_hash, struct err *err)
{
	static const struct digest of_nothing = {
	    "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24"
	    "\x27\xae\x41\xe4\x64\x9b\x93\x4c\xa4\x95\x99\x1b\x78\x52\xb8\x55"};
	BUF bytes = {0};

	if (count == 0) {
		*ret_hash = of_nothing;
		return ERR_OK;
	}
	for (size_t i = 0; i < count; i++)
		put_value(&bytes, &values[i]);
	TRY(buf_check(&bytes, err));
	return sha256_one(buf_view(&bytes), ret_hash, err);
}

enum err_code
cell_key(const struct table *table, const struct sql_value *key, struct tree_key *ret_key,
    struct err *err)
{
	struct digest middle, last;

	TRY(hash_values(key, table->parents, &middle, err));
	TRY(hash_values(key, table->key_count, &last, err));
	*ret_key = tree_key_of(table->kind, &middle, &last);
	return ERR_OK;
}

static void
pick_key(const struct table *table, const struct sql_row *row, struct sql_value ret_key[CELL_KEYS])
{
	for (size_t i = 0; i < table->key_count; i++)
		ret_key[i] = row->values[table->keys[i]];
}

static enum err_code
check_shape(const struct table *table, const struct sql_row *row, struct err *err)
{
	if (row->count != table->columns)
		return err_set(err, ERR_INTEGRITY, "a row of %s in the database has another shape",
		    table->name);
	return ERR_OK;
}

enum err_code
cell_of_row(const struct table *table, const struct sql_row *row, struct tree_cell *ret_cell,
    struct err *err)
{
	struct sql_value key[CELL_KEYS];

	TRY(check_shape(table, row, err));
	pick_key(table, row, key);
	TRY(cell_key(table, key, &ret_cell->key, err));
	return hash_values(row->values, row->count, &ret_cell->value, err);
}

/* A number that does not fit, and bytes that do not, are no key of ours: what is wrong then shows when the row
 * is sought. */
static void
pack_key(const struct sql_value *key, size_t count, uint8_t ret_packed[CELL_VALUE_SIZE])
{
	size_t at = 0;

	memset(ret_packed, 0, CELL_VALUE_SIZE);
	for (size_t i = 0; i < count; i++) {
		const uint32_t number = (uint32_t)key[i].number;
		const uint8_t big[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
		    (uint8_t)(number >> 8), (uint8_t)number};
		struct view bytes = key[i].kind == SQL_INTEGER ? VIEW_OF(big) : key[i].bytes;

		if (at + bytes.size > CELL_VALUE_SIZE)
			return;
		if (bytes.size > 0)
			memcpy(ret_packed + at, bytes.data, bytes.size);
		at += bytes.size;
	}
}

/* Bytes are ordered by their first eight. */
static void
put_order(const struct sql_value *value, uint8_t ret_bytes[8])
{
	put_number((uint64_t)value->number, ret_bytes);
	if (value->bytes.size >= 8)
		memcpy(ret_bytes, value->bytes.data, 8);
}

static enum err_code
find_middle(const struct index *index, const struct sql_row *row, struct digest *ret_middle,
    struct err *err)
{
	*ret_middle = (struct digest){{0}};
	if (index->middle != NULL) {
		index->middle(row, ret_middle->bytes);
		return ERR_OK;
	}
	TRY(hash_values(index->parent >= 0 ? &row->values[index->parent] : NULL,
	    index->parent >= 0 ? 1 : 0, ret_middle, err));
	if (index->order >= 0)
		put_order(&row->values[index->order], ret_middle->bytes + CELL_PARENT_SIZE);
	else
		put_number(0, ret_middle->bytes + CELL_PARENT_SIZE);
	return ERR_OK;
}

enum err_code
cell_of_index(const struct table *table, const struct index *index, const struct sql_row *row,
    bool *ret_has, struct tree_cell *ret_cell, struct err *err)
{
	struct sql_value key[CELL_KEYS];
	struct digest middle, last;

	TRY(check_shape(table, row, err));
	*ret_has = index->when == NULL || index->when(row);
	if (!*ret_has)
		return ERR_OK;
	pick_key(table, row, key);
	TRY(find_middle(index, row, &middle, err));
	TRY(hash_values(key, table->key_count, &last, err));
	ret_cell->key = tree_key_of(index->kind, &middle, &last);
	pack_key(key, table->key_count, ret_cell->value.bytes);
	return ERR_OK;
}

/* ---- ranges ---- */

struct tree_range
cell_index_from(uint8_t kind, struct view start)
{
	uint8_t prefix[1 + DIGEST_SIZE] = {kind};
	size_t size = start.size < DIGEST_SIZE ? start.size : DIGEST_SIZE;

	if (size > 0)
		memcpy(prefix + 1, start.data, size);
	return tree_below(view_of(prefix, 1 + size));
}

enum err_code
cell_rows_below(const struct table *table, const struct sql_value *parent,
    struct tree_range *ret_range, struct err *err)
{
	struct digest middle;

	TRY(hash_values(parent, table->parents, &middle, err));
	*ret_range = cell_index_from(table->kind, VIEW_OF(middle.bytes));
	return ERR_OK;
}

enum err_code
cell_index_below(uint8_t kind, const struct sql_value *parent, struct tree_range *ret_range,
    struct err *err)
{
	struct digest middle;

	TRY(hash_values(parent, parent != NULL ? 1 : 0, &middle, err));
	*ret_range = cell_index_from(kind, view_of(middle.bytes, CELL_PARENT_SIZE));
	return ERR_OK;
}

struct tree_range
cell_index_between(uint8_t kind, const uint8_t parent[CELL_PARENT_SIZE], uint64_t from, uint64_t to)
{
	struct digest first = {{0}}, last;
	static const struct digest zeros;
	struct digest ones;

	memset(ones.bytes, 0xff, DIGEST_SIZE);
	memcpy(first.bytes, parent, CELL_PARENT_SIZE);
	last = first;
	put_number(from, first.bytes + CELL_PARENT_SIZE);
	put_number(to, last.bytes + CELL_PARENT_SIZE);
	return (
	    struct tree_range){tree_key_of(kind, &first, &zeros), tree_key_of(kind, &last, &ones)};
}

enum err_code
cell_index_after(uint8_t kind, const struct sql_value *parent, uint64_t number,
    struct tree_key *ret_key, struct err *err)
{
	struct digest middle, last;

	TRY(hash_values(parent, parent != NULL ? 1 : 0, &middle, err));
	put_number(number, middle.bytes + CELL_PARENT_SIZE);
	memset(last.bytes, 0xff, DIGEST_SIZE);
	*ret_key = tree_key_of(kind, &middle, &last);
	return ERR_OK;
}

enum err_code
cell_place_of_name(struct view id, const char *name, struct tree_key *ret_key, struct err *err)
{
	const struct sql_value key = sql_bytes(id);
	struct digest middle = {{0}}, last;

	memcpy(middle.bytes, name, strnlen(name, DIGEST_SIZE));
	TRY(hash_values(&key, 1, &last, err));
	*ret_key = tree_key_of(CELL_NAMES, &middle, &last);
	return ERR_OK;
}

uint64_t
cell_number(const struct tree_key *key)
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | key->bytes[1 + CELL_PARENT_SIZE + i];
	return number;
}
