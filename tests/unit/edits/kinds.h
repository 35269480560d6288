/* SPDX-License-Identifier: Apache-2.0 */
/* Ten thousand edits, each drawn from its number. */
#ifndef TESTS_UNIT_EDITS_KINDS_H
#define TESTS_UNIT_EDITS_KINDS_H

#include "tests/unit/edits/sql.h"

enum edit_kind {
	EDIT_CHANGED,
	EDIT_REMOVED,
	EDIT_ADDED,
	EDIT_SWAPPED,
	EDIT_ROW_BACK,
	EDIT_TABLES_BACK,
	EDIT_LEAF,
	EDIT_EMPTIED,
	EDIT_NODE,
	EDIT_TYPE,
	EDIT_INDEX,
	EDIT_TWIN,
	EDIT_FORM,
	EDIT_SEVERAL,
	EDIT_KINDS
};
extern const char *const edit_names[EDIT_KINDS];

struct edit {
	enum edit_kind kind;
	struct buf sql; /* of it */
	bool shows;     /* rows or form are others: whoever looks at all of them must find it */
};
void edit_done(struct edit *edit);
#define EDIT CLEANUP(edit_done) struct edit
/* RANDOM is drawn from.  The vault of PAST is edited, whatever state it is in; its database may be open. */
void edit_vault(const struct past *past, uint64_t *random, struct edit *ret_edit);

/* What could stand in COLUMN of a row. */
void put_value(struct editor *editor, const struct edit_table *table, const char *column,
    struct buf *ret_value);
/* form.c */
void put_typed(struct editor *editor);
void put_index(struct editor *editor);
void put_twin(struct editor *editor);
void put_form(struct editor *editor);

#endif
