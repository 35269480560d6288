/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/format.h"

#include "vault/store/schema.h"
#include "vault/store/schema_check.h"
#include "vault/store/sql_query.h"

#define MEANING "somebody else changed its form"

enum err_code
store_make(struct sql *sql, struct err *err)
{
	TRY(sql_begin(sql, true, err));
	for (const char *const *script = store_schema; *script != NULL; script++)
		TRY(sql_script(sql, *script, err));
	TRY(sql_set_marks(sql, STORE_APPLICATION, STORE_FORMAT, err));
	return sql_commit(sql, err);
}

enum err_code
store_check_application(uint32_t application, struct err *err)
{
	if (application == STORE_APPLICATION_0_1)
		return err_set(err, ERR_VERSION,
		    "this vault was made by Halligan 0.1, whose formats this Halligan does not read; "
		    "use 0.1 for it, or found a new vault");
	if (application != STORE_APPLICATION)
		return err_set(err, ERR_INTEGRITY,
		    "it is not a Halligan vault (or its first page is damaged)");
	return ERR_OK;
}

static enum err_code
check_number(uint32_t format, struct err *err)
{
	if (format == 0)
		return err_set(err, ERR_INTEGRITY, "the database is not a Halligan vault");
	if (format > STORE_FORMAT)
		return err_set(err, ERR_VERSION,
		    "the vault has format %u and this Halligan knows formats up to %d; use a newer "
		    "Halligan",
		    format, STORE_FORMAT);
	return ERR_OK;
}

static enum err_code
check_marks(const struct sql_marks *marks, struct err *err)
{
	TRY(store_check_application(marks->application, err));
	return check_number(marks->format, err);
}

enum err_code
store_doubt_version(struct err *err)
{
	struct err said = *err;

	if (said.code != ERR_VERSION)
		return said.code;
	return err_set(err, ERR_INTEGRITY,
	    "%s.  Or somebody changed that mark, since this Halligan has been here", said.text);
}

/* What SQLite would do with each commit, and none of ours does. */
static enum err_code
check_vacuum(struct sql *sql, struct err *err)
{
	SQL_QUERY query = sql_query(sql, "header", "PRAGMA auto_vacuum", err);
	int64_t mode;

	TRY(sql_one_int(&query, "auto_vacuum", 0, INT32_MAX, &mode));
	if (mode != 0)
		return err_set(err, ERR_INTEGRITY,
		    "the database is set to move its pages by itself (auto_vacuum), as no vault is: " MEANING);
	return ERR_OK;
}

static enum err_code
read_form(struct sql *sql, uint32_t schema, struct store_form *form, struct err *err)
{
	struct digest roots;

	form->known = false;
	TRY(sql_read_form(sql, err));
	TRY(schema_check(sql, &roots, err));
	if (form->rooted && !digest_equal(&form->roots, &roots))
		return store_alarm_roots(err);
	*form = (struct store_form){true, true, schema, roots};
	return ERR_OK;
}

enum err_code
store_check_format(struct sql *sql, struct store_form *form, struct err *err)
{
	struct sql_marks marks;
	TRY(sql_check_place(sql, err));
	TRY(sql_get_marks(sql, &marks, err));
	if (check_marks(&marks, err) != ERR_OK)
		return form->rooted ? store_doubt_version(err) : err->code;
	if (!form->known || form->schema != marks.schema)
		TRY(read_form(sql, marks.schema, form, err));
	return check_vacuum(sql, err);
}

enum err_code
store_alarm_roots(struct err *err)
{
	return err_set(err, ERR_INTEGRITY,
	    "a table or an index of the database begins at another page than that of its own: " MEANING);
}
