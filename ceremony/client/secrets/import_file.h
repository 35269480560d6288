/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of `secret import`: 1 to 500 definitions of secrets, of which one statement is made.  It holds no value of a secret.
 * UTF-8, with or without a byte-order mark, lines that end with LF or CRLF, at most 16 MiB.  Blank lines are passed over.  Its
 * first letter tells its format:
 *
 * '{': lines of JSON, an object each, with these five members and no other (`jq -c '.[]'` makes them of an array):
 *
 *	{"name":"prod/db","policy":"production","rotator":"ssh-key","effect":"root on db1","target":{"host":"db1","port":22}}
 *
 * else: comma-separated values (ceremony/client/secrets/import_csv.h), where the target is in columns target.KEY, as texts.
 *
 *	name	1 to 63 bytes of a-z 0-9 - _ . and / between parts, each part beginning with a letter or digit; no name twice
 *	policy	likewise; whether the charter has it is not judged here
 *	rotator	likewise, without '/', at most 40 bytes; whether the host has it is not judged here
 *	effect	1 to 300 bytes of plain text, what the credential can do, which officers will read
 *	target	an object of at most 16384 bytes as one line; its members are the rotator's to judge
 *
 * All or nothing: a file with one bad line gives no row.
 */
#ifndef CEREMONY_CLIENT_SECRETS_IMPORT_FILE_H
#define CEREMONY_CLIENT_SECRETS_IMPORT_FILE_H

#include "base/json.h"
#include "vault/documents/definition.h"

enum { IMPORT_FILE_MAX = 16 * 1024 * 1024 };

struct import_row {
	char name[SEAT_NAME_MAX + 1];
	char policy[SEAT_NAME_MAX + 1];
	char rotator[ROTATOR_TEXT_MAX + 1];
	char effect[EFFECT_MAX + 1];
	struct json *target; /* owned */
	size_t line;         /* of the file, where it begins */
};
struct import_rows {
	struct import_row *rows; /* owned, in the file's order */
	size_t count;            /* 1 to DEFINITIONS */
};
void import_rows_done(struct import_rows *rows); /* accepts {0} */
#define IMPORT_ROWS CLEANUP(import_rows_done) struct import_rows

/* BYTES is the whole file.  ERR_INVALID: what is wrong, up to nine reasons at once as parts (base/err.h), each with its line
 * ("line 17: effect: must be text of 1 to 300 bytes"); how many there are beyond that.  What hinders the reading of all that
 * follows (characters, columns, more than 500 rows) is told alone.  The caller adds the file's name.  ERR_MEMORY. */
enum err_code import_file_read(struct view bytes, struct import_rows *ret_rows,
    struct err *err) MUST_CHECK;

#endif
