/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/store/format.h"

#include "vault/store/schema.h"
#include "vault/store/schema_check.h"
#include "vault/store/sql_query.h"

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

enum err_code
store_check_format(struct sql *sql, struct store_form *form, struct err *err)
{
	struct sql_marks marks;
	TRY(sql_get_marks(sql, &marks, err));
	TRY(store_check_application(marks.application, err));
	TRY(check_number(marks.format, err));
	if (form->known && form->schema == marks.schema)
		return ERR_OK;
	form->known = false;
	TRY(schema_check(sql, err));
	*form = (struct store_form){.known = true, .schema = marks.schema};
	return ERR_OK;
}
