/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A migration is one transaction: the steps, the new number, and a check of everything.  If it
 * fails, the old format stands as it was; its backup stays, it does no harm.
 */
#include "vault/store/migrate.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "vault/store/schema.h"
#include "vault/store/sql_query.h"

static const struct store_step released_steps[] = {
    {1, store_schema_2}, /* tests */
    {2, store_schema_3}, /* spares, batches */
};
const struct store_steps store_steps = {released_steps, ARRAY_SIZE(released_steps), STORE_FORMAT};

enum err_code
store_make(struct sql *sql, struct err *err)
{
	TRY(sql_begin(sql, true, err));
	for (const char *const *script = store_schema; *script != NULL; script++)
		TRY(sql_script(sql, *script, err));
	for (size_t i = 0; i < store_steps.count; i++)
		TRY(sql_script(sql, store_steps.steps[i].script, err));
	TRY(sql_set_marks(sql, STORE_APPLICATION, STORE_FORMAT, err));
	return sql_commit(sql, err);
}

enum err_code
store_check_format(struct sql *sql, const struct store_steps *steps, bool *ret_older,
    struct err *err)
{
	uint32_t application, format;
	TRY(sql_get_marks(sql, &application, &format, err));
	if (application != STORE_APPLICATION || format == 0)
		return err_set(err, ERR_INTEGRITY, "the database is not a Halligan vault");
	if (format > steps->target)
		return err_set(err, ERR_VERSION,
		    "the vault has format %u and this Halligan knows formats up "
		    "to %u; use a newer Halligan",
		    format, steps->target);
	*ret_older = format < steps->target;
	return ERR_OK;
}

static const struct store_step *
find_step(const struct store_steps *steps, uint32_t from)
{
	for (size_t i = 0; i < steps->count; i++) {
		if (steps->steps[i].from == from)
			return &steps->steps[i];
	}
	return NULL;
}

static enum err_code
run_steps(struct sql *sql, const struct store_steps *steps, uint32_t format, struct err *err)
{
	TRY(sql_begin(sql, true, err));
	for (; format < steps->target; format++) {
		const struct store_step *step = find_step(steps, format);
		if (step == NULL)
			return err_set(err, ERR_VERSION,
			    "no way leads from format %u of a vault to format %u", format,
			    format + 1);
		TRY(sql_script(sql, step->script, err));
	}
	TRY(sql_set_marks(sql, STORE_APPLICATION, steps->target, err));
	TRY(sql_check(sql, err));
	return sql_commit(sql, err);
}

/* A backup of the same format that an interrupted attempt left is replaced. */
static enum err_code
make_backup(struct sql *sql, const char *folder, char backup[4096], struct err *err)
{
	char name[64], unfinished[4096];
	uint32_t application, format;
	TRY(sql_get_marks(sql, &application, &format, err));
	snprintf(name, sizeof(name), STORE_FILE ".format-%u.backup", format);
	TRY(file_path(folder, name, backup, err));
	TRY(file_path(folder, STORE_FILE ".backup.new", unfinished, err));
	if (unlink(unfinished) != 0 && errno != ENOENT)
		return err_errno(err, ERR_IO, errno, "cannot remove %s", unfinished);
	TRY(sql_backup(sql, unfinished, err));
	if (rename(unfinished, backup) != 0)
		return err_errno(err, ERR_IO, errno, "cannot rename %s", unfinished);
	return file_sync_folder(folder, err);
}

enum err_code
store_migrate(struct sql *sql, const char *folder, const struct store_steps *steps, struct err *err)
{
	uint32_t application, format;
	char backup[4096];
	TRY(sql_get_marks(sql, &application, &format, err));
	enum err_code code = make_backup(sql, folder, backup, err);
	if (code == ERR_OK)
		code = run_steps(sql, steps, format, err);
	if (code == ERR_OK)
		return ERR_OK;
	sql_rollback(sql);
	return err_add(err, "bringing the vault from format %u to %u", format, steps->target);
}
