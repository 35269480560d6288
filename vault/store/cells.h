/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rows have authority, and what the state tree knows of each (docs/FORMAT.md, "State tree"): a cell
 * for the row itself, and one for each index that it stands in.  A table that has none says why.
 *
 * A row is named by its primary key, its first columns by their number in the schema; the first PARENTS of
 * these are its parent, under which it is listed.  An index lists primary keys by what is sought.
 */
#ifndef VAULT_STORE_CELLS_H
#define VAULT_STORE_CELLS_H

#include "vault/log/tree_node.h"
#include "vault/store/sql.h"

/* The first byte of a key; part of the format. */
enum cell_kind {
	CELL_TEXT = 1,
	CELL_STATEMENT,
	CELL_DOCUMENT,
	CELL_DRAFT,
	CELL_DEFINITION,
	CELL_SECRET,
	CELL_VERSION,
	CELL_ENVELOPE,
	CELL_CEREMONY,
	CELL_ITEM,
	CELL_VOICE,
	CELL_SHARE,
	CELL_OPENED,
	CELL_ANSWER,
	CELL_DEBT,
	CELL_TEST,
	CELL_SPARE,
	CELL_COPY,

	CELL_DOCUMENT_OF = 64, /* where a statement stands */
	CELL_DRAFTS,           /* in the order of arrival */
	CELL_NAMES, /* secrets by the first 32 bytes of their names, which stand in the middle */
	/* By class, then by time: in the middle stand the first 24 bytes of the class, and u64 created. */
	CELL_CURRENT,        /* current versions */
	CELL_PENDING,        /* pending ones */
	CELL_EXPOSED,        /* current ones that are exposed */
	CELL_CEREMONIES,     /* of a state, in the order of arrival */
	CELL_REQUESTS,       /* the ceremony of a request */
	CELL_ITEM_OF_SECRET, /* ids of ceremony and secret stand in the middle */
	CELL_ITEM_OF_DEBT,
	CELL_VOICES,    /* of a ceremony, in the order of arrival */
	CELL_APPROVALS, /* by a token, in the order of arrival */
	CELL_OPEN_DEBT, /* of a secret, before COMMITTED */
	CELL_DEBTS_OF,  /* a secret, in the order of arrival */
	CELL_DEBTS,     /* of a state, in the order of arrival */
	CELL_TESTS,     /* of a token, in the order of arrival */
	CELL_UNTESTED,  /* envelopes of a spare token, in the order of their statements */
	CELL_BOXES,     /* the same by what names the box */
	CELL_WATCHES,   /* death watches of a secret, in the order of arrival */
	CELL_DEFINED,   /* secrets that have no version yet, like CELL_NAMES */
	CELL_SEEN,      /* current versions whose value somebody has seen, like CELL_CURRENT */
	CELL_ACCOUNTS, /* those that are not retired, by their accounts, which stand in the middle */
	CELL_COPIES    /* by kind and sink, which stand in the middle */
};

enum {
	CELL_INDEXES = 4,
	CELL_KEYS = 3,
	CELL_VALUE_SIZE = DIGEST_SIZE,
	CELL_PARENT_SIZE = 24,   /* of a middle that a number follows */
	CELL_COPY_KIND_SIZE = 16 /* of one that a sink follows */
};

struct index {
	uint8_t kind;
	int8_t parent, order; /* columns, or -1: of nothing, in no order */
	/* Instead of these: what stands in the middle. */
	void (*middle)(const struct sql_row *row, uint8_t ret_middle[DIGEST_SIZE]);
	bool (*when)(const struct sql_row *row); /* NULL: always */
};

struct table {
	const char *name;
	/* The first rows in the order of their primary keys, and those after one; their number is the last parameter.
	 * And the row of a primary key. */
	const char *first, *after, *of_key;
	uint8_t kind; /* 0: it has no cells */
	uint8_t columns;
	uint8_t keys[CELL_KEYS], key_count, parents;
	struct index indexes[CELL_INDEXES]; /* up to one of kind 0 */
	const char *why;                    /* it has none */
};

enum table_name {
	TABLE_TEXTS,
	TABLE_DOCUMENTS,
	TABLE_DRAFTS,
	TABLE_DEFINITIONS,
	TABLE_SECRETS,
	TABLE_VERSIONS,
	TABLE_ENVELOPES,
	TABLE_CEREMONIES,
	TABLE_ITEMS,
	TABLE_VOICES,
	TABLE_SHARES,
	TABLE_OPENED,
	TABLE_ANSWERS,
	TABLE_DEBTS,
	TABLE_TESTS,
	TABLE_SPARES,
	TABLE_COPIES,
	TABLE_LOG_LEAF,
	TABLE_LOG_HASH,
	TABLE_STATEMENTS,
	TABLE_NODES,
	TABLES
};
extern const struct table cell_tables[TABLES];
/* NULL: the schema has no such table. */
const struct table *cell_table(const char *name);

/* The cell of the row whose primary key is KEY, in the order of table->keys. */
enum err_code cell_key(const struct table *table, const struct sql_value *key,
    struct tree_key *ret_key, struct err *err) MUST_CHECK;
/* Of a whole row: its own cell. */
enum err_code cell_of_row(const struct table *table, const struct sql_row *row,
    struct tree_cell *ret_cell, struct err *err) MUST_CHECK;
/* That which INDEX of TABLE has for the row; false: none. */
enum err_code cell_of_index(const struct table *table, const struct index *index,
    const struct sql_row *row, bool *ret_has, struct tree_cell *ret_cell,
    struct err *err) MUST_CHECK;

/* All rows of TABLE below a parent: the first COUNT values of the key. */
enum err_code cell_rows_below(const struct table *table, const struct sql_value *parent,
    struct tree_range *ret_range, struct err *err) MUST_CHECK;
/* All cells of an index below PARENT (NULL: of an index without). */
enum err_code cell_index_below(uint8_t kind, const struct sql_value *parent,
    struct tree_range *ret_range, struct err *err) MUST_CHECK;
/* Those of an index whose middle begins with START. */
struct tree_range cell_index_from(uint8_t kind, struct view start);
/* Those of an ordered index whose middle begins with the 24 bytes of PARENT, and whose numbers are FROM..TO, both
 * included. */
struct tree_range cell_index_between(uint8_t kind, const uint8_t parent[CELL_PARENT_SIZE],
    uint64_t from, uint64_t to);
/* Behind all cells of an ordered index that have NUMBER. */
enum err_code cell_index_after(uint8_t kind, const struct sql_value *parent, uint64_t number,
    struct tree_key *ret_key, struct err *err) MUST_CHECK;
/* Where the secret ID stands among the names. */
enum err_code cell_place_of_name(struct view id, const char *name, struct tree_key *ret_key,
    struct err *err) MUST_CHECK;
/* The number that orders a cell of an ordered index. */
uint64_t cell_number(const struct tree_key *key);

struct sql_value sql_bytes(struct view bytes);
struct sql_value sql_text(const char *text);

#endif
