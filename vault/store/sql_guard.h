/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SQLite does by itself with a form that somebody else may have written: it reads and compiles the
 * schema before anybody can look at it, and runs the triggers that stand there.  For sql.c alone.
 */
#ifndef VAULT_STORE_SQL_GUARD_H
#define VAULT_STORE_SQL_GUARD_H

#include <stdbool.h>

struct sqlite3;
struct sql_guard {
	unsigned steps; /* since it is up */
	bool up;
};

/* No trigger changes anything from now on: ours only refuse.  A statement that one would follow is refused
 * with SQLITE_AUTH. */
void sql_guard_triggers(struct sqlite3 *database);
/* While it is up, whatever runs ends after some times the work that our own schema is, with SQLITE_INTERRUPT or
 * SQLITE_TOOBIG.  GUARD must live until it is down; BYTES: the longest value when it is down. */
void sql_guard_up(struct sql_guard *guard, struct sqlite3 *database);
void sql_guard_down(struct sql_guard *guard, struct sqlite3 *database, int bytes);

#endif
