/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page of the schema may be reached in any number of ways, so that six pages make more rows than anybody can
 * read.  Ours has some 80 rows, of up to 2 KB.
 */
#include "vault/store/sql_guard.h"

#include <sqlite3.h>
#include <stddef.h>

enum {
	STEPS_AT_ONCE = 100, /* of SQLite's virtual machine, some ten for a row */
	STEPS_MAX = 300,     /* times that */
	ROW_MAX = 65536      /* bytes */
};

static int
authorize(void *context, int action, const char *table, const char *column, const char *schema,
    const char *trigger)
{
	(void)context, (void)table, (void)column, (void)schema;
	if (trigger != NULL &&
	    (action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE))
		return SQLITE_DENY;
	return SQLITE_OK;
}

void
sql_guard_triggers(struct sqlite3 *database)
{
	sqlite3_set_authorizer(database, authorize, NULL);
}

static int
on_steps(void *context)
{
	struct sql_guard *guard = context;

	return ++guard->steps > STEPS_MAX;
}

void
sql_guard_up(struct sql_guard *guard, struct sqlite3 *database)
{
	*guard = (struct sql_guard){.up = true};
	sqlite3_progress_handler(database, STEPS_AT_ONCE, on_steps, guard);
	sqlite3_limit(database, SQLITE_LIMIT_LENGTH, ROW_MAX);
}

void
sql_guard_down(struct sql_guard *guard, struct sqlite3 *database, int bytes)
{
	guard->up = false;
	sqlite3_progress_handler(database, 0, NULL, NULL);
	sqlite3_limit(database, SQLITE_LIMIT_LENGTH, bytes);
}
