/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/server_bench.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>

void
bench_shell(struct bench *bench, const char *format, ...)
{
	char command[1024], script[900];
	va_list arguments;

	bench_end(bench);
	va_start(arguments, format);
	assert_in_range(vsnprintf(script, sizeof(script), format, arguments), 1,
	    sizeof(script) - 1);
	va_end(arguments);
	snprintf(command, sizeof(command), "cd '%s' && %s", bench->folder, script);
	if (system(command) != 0)
		fail_msg("%s", command);
}

void
bench_keep(struct bench *bench, const char *place)
{
	bench->kept_at = bench->shared->now;
	bench_shell(bench, "rm -rf %s && mkdir -m 700 %s && cp -a vault target copy %s", place,
	    place, place);
}

void
bench_restore(struct bench *bench, const char *place)
{
	bench->shared->now = bench->kept_at;
	bench_shell(bench, "rm -rf vault target copy && cp -a %s/* .", place);
}

static sqlite3 *
open_database(struct bench *bench)
{
	sqlite3 *database = NULL;
	char path[300];

	bench_end(bench);
	snprintf(path, sizeof(path), "%s/vault.db", bench->vault);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	return database;
}

void
bench_tamper(struct bench *bench, const char *change)
{
	sqlite3 *database = open_database(bench);
	char *message = NULL;

	/* Who writes the file is bound by no trigger; one that is missing would be seen. */
	assert_int_equal(sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL),
	    SQLITE_OK);
	if (sqlite3_exec(database, change, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", change, message);
	assert_true(sqlite3_total_changes(database) > 0);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

int64_t
bench_count(struct bench *bench, const char *query)
{
	sqlite3 *database = open_database(bench);
	sqlite3_stmt *statement = NULL;

	assert_int_equal(sqlite3_prepare_v2(database, query, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return value;
}

/* The last line of `status` of KIND (NULL: any) about SUBJECT; NULL: there is none.  It lives as long as REPLY. */
static const struct json *
find_line(struct bench *bench, const char *kind, const char *subject, struct json **reply)
{
	const struct json *found = NULL;
	struct err err;

	assert_ok(bench_call(bench, op_new("status"), (struct view){0}, reply, NULL, &err));
	struct json_in in = json_in(*reply, "reply", &err);
	const struct json *items = json_in_array(&in, "items", 0, 1000);
	for (size_t i = 0; i < json_array_count(items); i++) {
		const struct json *line = json_array_object(items, i);

		if (strcmp(json_object_text(line, "subject"), subject) == 0 &&
		    (kind == NULL || strcmp(json_object_text(line, "kind"), kind) == 0))
			found = line;
	}
	return found;
}

bool
bench_status(struct bench *bench, const char *kind, const char *subject)
{
	JSON *reply = NULL;

	return find_line(bench, kind, subject, &reply) != NULL;
}

void
bench_status_of(struct bench *bench, const char *subject, const char *member, char ret_text[600])
{
	JSON *reply = NULL;
	const struct json *line = find_line(bench, NULL, subject, &reply);

	(void)snprintf(ret_text, 600, "%s", line != NULL ? json_object_text(line, member) : "");
}

void
bench_expect_line(struct bench *bench, const char *subject, const char *part)
{
	char text[600];

	bench_status_of(bench, subject, "text", text);
	if (part[0] == '\0' ? text[0] != '\0' : strstr(text, part) == NULL)
		fail_msg("about %s: \"%s\" does not say \"%s\"", subject, text, part);
}
