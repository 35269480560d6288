/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Definitions of secrets as a spreadsheet has them (base/csv.h): each row as the line of JSON that says the same, so that both
 * formats are judged alike.
 *
 *	name,policy,rotator,effect,target.host,target.user
 *	prod/db,production,ssh-key,"root on db1, and backups",db1,root
 *
 * The first row names the columns: name, policy, rotator and effect, each once, and any number of target.KEY, in any order.
 * What stands in a column target.KEY is the target's member KEY, as text; in one called
 * target.KEY:json it is a value as JSON writes it: a list, a number, an object.  An empty cell: the target has no such member.
 */
#ifndef CEREMONY_CLIENT_SECRETS_IMPORT_CSV_H
#define CEREMONY_CLIENT_SECRETS_IMPORT_CSV_H

#include "base/csv.h"
#include "ceremony/client/secrets/faults.h"

struct import_csv {
	struct csv csv;
	struct csv_row columns, row;
};
void import_csv_done(struct import_csv *csv); /* accepts {0} */
#define IMPORT_CSV CLEANUP(import_csv_done) struct import_csv

/* Reads the columns' names from TEXT, which outlives RET_CSV, {0} before; its lines are plain text (text_is_plain) but for
 * tabs.  Nothing in it: no columns, and no rows.  ERR_INVALID with all that is wrong with them, each with its line;
 * ERR_MEMORY. */
enum err_code import_csv_begin(struct view text, struct import_csv *ret_csv,
    struct err *err) MUST_CHECK;
/* The next row, which begins on line RET_LINE, as RET_JSON, cleared before; it stays empty where there is no more row.
 * ERR_INVALID: "line 7: ..."; RET_GOES_ON: the rows that follow can be read all the same.  ERR_MEMORY. */
enum err_code import_csv_next(struct import_csv *csv, size_t *ret_line, struct buf *ret_json,
    bool *ret_goes_on, struct err *err) MUST_CHECK;
/* How many rows follow the one that was read last, a malformed one being the last that counts. */
enum err_code import_csv_count(const struct import_csv *csv, size_t *ret_count,
    struct err *err) MUST_CHECK;

#endif
