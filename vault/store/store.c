/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening, and the transaction around everything that is written.
 *
 *	closed --store_begin--> lock file held, BEGIN IMMEDIATE --commit, rollback, free--> closed
 *
 * A database is made under another name and renamed when it is whole and has its anchor, so that vault.db
 * is always a vault.  Before SQLite sees a file, its first bytes are read by hand: opening a stranger's
 * database could replay its journal or convert it.
 */
#include "vault/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "vault/log/tlog.h"
#include "vault/log/tree.h"
#include "vault/log/tree_read.h"
#include "vault/store/anchored.h"
#include "vault/store/format.h"
#include "vault/store/inside.h"
#include "vault/store/roots.h"
#include "vault/store/sql_query.h"
#include "vault/store/state.h"

enum { FILE_HEADER_SIZE = 100, VERSIONS_OFFSET = 18, APPLICATION_OFFSET = 68 };

#define NEW_FILE STORE_FILE ".new"
#define STORE    CLEANUP(store_freep) struct store

/* The folder without symbolic links: SQLite refuses them anywhere in a path when it refuses them
 * for the file. */
static enum err_code
real_folder(const char *folder, char ret_folder[4096], struct err *err)
{
	if (realpath(folder, ret_folder) != NULL)
		return ERR_OK;
	if (errno == ENOENT || errno == ENOTDIR)
		return err_set(err, ERR_NOT_FOUND, "there is no folder %s", folder);
	return err_errno(err, ERR_IO, errno, "cannot open the folder %s", folder);
}

static enum err_code
store_new(const char *folder, const char *command, struct store **ret_store, struct err *err)
{
	STORE *store = calloc(1, sizeof(*store));
	if (store == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a store");
	snprintf(store->command, sizeof(store->command), "%s", command);
	TRY(file_path(folder, "lock", store->lock_path, err));
	TRY(tree_known_new(&store->known, err));
	TRY(file_path(folder, STORE_FILE "-journal", store->journal_path, err));
	*ret_store = TAKE(store);
	return ERR_OK;
}

void
store_free(struct store *store)
{
	if (store == NULL)
		return;
	state_forget(store);
	sql_free(store->sql);
	anchor_free(store->anchor);
	tree_known_free(store->known);
	file_unlock(store->lock);
	free(store);
}

static enum err_code
remove_file(const char *folder, const char *name, struct err *err)
{
	char path[4096];
	TRY(file_path(folder, name, path, err));
	if (unlink(path) != 0 && errno != ENOENT)
		return err_errno(err, ERR_IO, errno, "cannot remove %s", path);
	return ERR_OK;
}

/* A journal without its database would be replayed into the new one. */
static enum err_code
check_vacant(const char *folder, struct err *err)
{
	static const char *const names[] = {STORE_FILE, STORE_FILE "-journal", STORE_FILE "-wal"};
	char path[4096];
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		TRY(file_path(folder, names[i], path, err));
		if (file_exists(path))
			return err_set(err, ERR_EXISTS, "there is a vault already: %s", path);
	}
	return ERR_OK;
}

static enum err_code
make_file(const char *path, struct err *err)
{
	SQL *sql = NULL;
	TRY(file_write_new(path, view_of(NULL, 0), 0600, err));
	TRY(sql_open(path, true, &sql, err));
	return store_make(sql, err);
}

/* Its journal, which stays when it is done, is of no use under the name that it gets. */
static enum err_code
give_name(const char *folder, const char *unfinished, const char *path, struct err *err)
{
	TRY(remove_file(folder, NEW_FILE "-journal", err));
	if (rename(unfinished, path) != 0)
		return err_errno(err, ERR_IO, errno, "cannot rename %s", unfinished);
	return ERR_OK;
}

/* That of a vault in which nothing happened yet; it is settled. */
static enum err_code
make_anchor(const char *folder, const struct secret *key, struct err *err)
{
	static const struct digest founding;
	struct anchor_state state = {.state_root = tree_empty()};
	TRY(tlog_root(0, NULL, NULL, &state.log_root, err));
	/* Of an init that was killed before the database had its name. */
	TRY(remove_file(folder, ANCHOR_FILE, err));
	return anchor_create(folder, &founding, key, &state, err);
}

static enum err_code
make_database(const char *folder, const struct secret *key, struct err *err)
{
	char path[4096], unfinished[4096];
	TRY(check_vacant(folder, err));
	TRY(make_anchor(folder, key, err));
	TRY(remove_file(folder, NEW_FILE, err));
	TRY(remove_file(folder, NEW_FILE "-journal", err));
	TRY(file_path(folder, STORE_FILE, path, err));
	TRY(file_path(folder, NEW_FILE, unfinished, err));
	enum err_code code = make_file(unfinished, err);
	if (code == ERR_OK)
		code = give_name(folder, unfinished, path, err);
	if (code != ERR_OK) {
		unlink(unfinished);
		return code;
	}
	return file_sync_folder(folder, err);
}

enum err_code
store_create(const char *folder, const char *command, const struct secret *key,
    struct store **ret_store, struct err *err)
{
	static const struct digest founding;
	char real[4096];
	STORE *store = NULL;
	TRY(real_folder(folder, real, err));
	TRY(store_new(real, command, &store, err));
	TRY(store_lock(store, &store->lock, err));
	if (make_database(real, key, err) != ERR_OK)
		return err_add(err, "making a vault in %s", folder);
	return store_open(folder, command, &founding, key, ret_store, err);
}

/* The header says by which kind of journal the file is written and read. */
static enum err_code
check_versions(const char *path, const uint8_t header[FILE_HEADER_SIZE], struct err *err)
{
	if (header[VERSIONS_OFFSET] == 1 && header[VERSIONS_OFFSET + 1] == 1)
		return ERR_OK;
	return err_set(err, ERR_INTEGRITY,
	    "%s is set to a write-ahead log, which no Halligan does: somebody else wrote it", path);
}

/* That PATH is a SQLite database with our mark. */
static enum err_code
check_file(const char *path, struct err *err)
{
	static const char magic[16] = "SQLite format 3";
	uint8_t header[FILE_HEADER_SIZE];
	struct stat status;
	FD fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "there is no vault: %s does not exist", path);
	if (fd < 0 || fstat(fd, &status) != 0)
		return err_errno(err, ERR_IO, errno, "cannot open %s", path);
	ssize_t size = S_ISREG(status.st_mode) ? pread(fd, header, sizeof(header), 0) : 0;
	if (size < 0)
		return err_errno(err, ERR_IO, errno, "cannot read %s", path);
	struct reader mark = reader_of(view_of(header + APPLICATION_OFFSET, 4));
	if (size != FILE_HEADER_SIZE || memcmp(header, magic, sizeof(magic)) != 0) {
		err_set(err, ERR_INTEGRITY,
		    "%s is not a Halligan vault (or its first page is damaged): it has %lld bytes",
		    path, (long long)status.st_size);
		return err_cure(err, DATABASE_BACK);
	}
	if (store_check_application(reader_u32(&mark), err) != ERR_OK)
		return err_add(err, "%s", path);
	return check_versions(path, header, err);
}

/* An anchor is such a trace. */
static enum err_code
judge_version(const char *folder, struct err *err)
{
	char path[4096];
	struct err ignored;
	if (file_path(folder, ANCHOR_FILE, path, &ignored) == ERR_OK && file_exists(path))
		return store_doubt_version(err);
	return err->code;
}

static enum err_code
check_form(struct store *store, struct err *err)
{
	SQL_SCOPE scope = {0};
	TRY(sql_enter(store->sql, &scope, err));
	return store_check_format(store->sql, &store->form, err);
}

enum err_code
store_open(const char *folder, const char *command, const struct digest *vault,
    const struct secret *key, struct store **ret_store, struct err *err)
{
	char real[4096], path[4096];
	STORE *store = NULL;
	TRY(real_folder(folder, real, err));
	TRY(file_path(real, STORE_FILE, path, err));
	if (check_file(path, err) != ERR_OK)
		return judge_version(real, err);
	TRY(store_new(real, command, &store, err));
	if (sql_open(path, false, &store->sql, err) != ERR_OK || check_form(store, err) != ERR_OK) {
		(void)!judge_version(real, err);
		return err_add(err, "opening %s", path);
	}
	sql_rollback(store->sql);
	TRY(anchor_open(real, vault, key, &store->anchor, err));
	if (store_check_roots(store, err) != ERR_OK)
		return err_add(err, "opening %s", path);
	state_watch(store);
	*ret_store = TAKE(store);
	return ERR_OK;
}

void
store_name_vault(struct store *store, const struct digest *vault)
{
	anchor_name(store->anchor, vault);
}

static enum err_code
begin(struct store *store, struct err *err)
{
	TRY(sql_begin(store->sql, true, err));
	store->changes_before = sql_changes(store->sql);
	TRY(store_check_frontier(store, err));
	return store_make_last(store, err);
}

enum err_code
store_begin(struct store *store, struct err *err)
{
	/* Before anything is undone: the one that is open stays. */
	if (store->lock != NULL || sql_transaction(store->sql) != 0)
		return err_set(err, ERR_INTERNAL, "a transaction is begun within another");
	TRY(store_lock(store, &store->lock, err));
	enum err_code code = begin(store, err);
	if (code != ERR_OK)
		store_rollback(store);
	return code;
}

enum err_code
store_begin_read(struct store *store, struct err *err)
{
	TRY(sql_begin(store->sql, false, err));
	enum err_code code = store_anchored(store, err);
	if (code != ERR_OK)
		sql_rollback(store->sql);
	return code;
}

static enum err_code
commit(struct store *store, struct err *err)
{
	if (!sql_is_writing(store->sql) || sql_changes(store->sql) == store->changes_before)
		return sql_commit(store->sql, err);
	if (store->leaves == 0 || store->logged != state_changes(store))
		return err_set(err, ERR_INTERNAL,
		    "a change of the vault was to be committed without a leaf in its log");
	TRY(state_apply(store, &store->now.state_root, err));
	return store_commit_anchored(store, err);
}

enum err_code
store_commit(struct store *store, struct err *err)
{
	enum err_code code = commit(store, err);
	store_rollback(store);
	return code;
}

void
store_rollback(struct store *store)
{
	sql_rollback(store->sql);
	state_forget(store);
	file_unlockp(&store->lock);
}

enum err_code
store_state_root(struct store *store, struct digest *ret_root, struct err *err)
{
	return state_apply(store, ret_root, err);
}

enum err_code
store_try(struct store *store, struct err *err)
{
	struct digest ignored;
	TRY(state_apply(store, &ignored, err));
	return sql_check_references(store->sql, err);
}

/* Under the writer's lock nobody is between two slots: one who was has died.  That the database has what was
 * read, store_anchored has looked at. */
static enum err_code
settle(struct store *store, struct err *err)
{
	SQL_SCOPE scope = {0};

	TRY(sql_enter(store->sql, &scope, err));
	TRY(store_anchored(store, err));
	if (anchor_slot_is_settled(&store->slot) ||
	    !anchor_state_equal(&store->base, &store->slot.to))
		return ERR_OK;
	TRY(store_make_last(store, err));
	return anchor_write(store->anchor, store->slot.seq, &store->base, &store->base, err);
}

enum err_code
store_settle(struct store *store, struct err *err)
{
	struct anchor_slot slot;

	if (store->unsettled == 0)
		return ERR_OK;
	if (sql_transaction(store->sql) != 0)
		return err_set(err, ERR_INTERNAL, "a state is settled within a transaction");
	TRY(anchor_read(store->anchor, &slot, err));
	if (!anchor_state_equal(&slot.from, &store->seen)) {
		FILE_LOCK *lock = NULL;

		TRY(store_lock(store, &lock, err));
		TRY(settle(store, err));
	}
	store->unsettled = 0;
	return ERR_OK;
}

enum err_code
store_check(struct store *store, struct err *err)
{
	return sql_check(store->sql, err);
}
