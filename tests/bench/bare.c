/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bare.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { BODY = 3000, SLOTS = 8192, SLOT = 512 };

struct bare {
	sqlite3 *database;
	sqlite3_stmt *change, *add;
	int fd; /* what is written and synced as the anchor is */
	unsigned rows;
	int slot;
	int lacking; /* pages that it has written less than it should have, so far */
	uint64_t random;
};

/* As vault/store/sql.c has them, but for what the number of pages and syncs does not depend on. */
static const char pragmas[] =
    "PRAGMA journal_mode = PERSIST; PRAGMA synchronous = EXTRA; PRAGMA secure_delete = ON;"
    "PRAGMA temp_store = MEMORY; PRAGMA cache_spill = OFF; PRAGMA cache_size = -16384;"
    "CREATE TABLE pages (id INTEGER PRIMARY KEY, body BLOB NOT NULL)";

void
bare_free(struct bare *bare)
{
	if (bare == NULL)
		return;
	sqlite3_finalize(bare->change);
	sqlite3_finalize(bare->add);
	sqlite3_close(bare->database);
	if (bare->fd >= 0)
		close(bare->fd);
	free(bare);
}

static enum err_code
run(struct bare *bare, const char *text, struct err *err)
{
	if (sqlite3_exec(bare->database, text, NULL, NULL, NULL) != SQLITE_OK)
		return err_set(err, ERR_IO, "bare SQLite: %s", sqlite3_errmsg(bare->database));
	return ERR_OK;
}

static enum err_code
step(struct bare *bare, sqlite3_stmt *statement, unsigned id, struct err *err)
{
	static uint8_t body[BODY];

	body[bare->random % BODY]++;
	sqlite3_bind_blob(statement, 1, body, BODY, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, id);
	int result = sqlite3_step(statement);
	sqlite3_reset(statement);
	if (result != SQLITE_DONE)
		return err_set(err, ERR_IO, "bare SQLite: %s", sqlite3_errmsg(bare->database));
	return ERR_OK;
}

static enum err_code
fill(struct bare *bare, unsigned rows, struct err *err)
{
	TRY(run(bare, "BEGIN", err));
	while (bare->rows < rows)
		TRY(step(bare, bare->add, ++bare->rows, err));
	return run(bare, "COMMIT", err);
}

static enum err_code
prepare(struct bare *bare, const char *folder, struct err *err)
{
	char path[4096], journal[4200];

	TRY(file_path(folder, "bare.slots", path, err));
	bare->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (bare->fd < 0 || ftruncate(bare->fd, SLOTS) != 0)
		return err_set(err, ERR_IO, "cannot make %s", path);
	TRY(file_path(folder, "bare.db", path, err));
	snprintf(journal, sizeof(journal), "%s-journal", path);
	unlink(path);
	unlink(journal);
	if (sqlite3_open(path, &bare->database) != SQLITE_OK)
		return err_set(err, ERR_IO, "cannot open %s", path);
	TRY(run(bare, pragmas, err));
	if (sqlite3_prepare_v2(bare->database, "UPDATE pages SET body = ? WHERE id = ?", -1,
	        &bare->change, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(bare->database, "INSERT INTO pages (body, id) VALUES (?, ?)", -1,
	        &bare->add, NULL) != SQLITE_OK)
		return err_set(err, ERR_IO, "bare SQLite: %s", sqlite3_errmsg(bare->database));
	return ERR_OK;
}

enum err_code
bare_new(const char *folder, unsigned rows, struct bare **ret_bare, struct err *err)
{
	BARE *bare = calloc(1, sizeof(*bare));

	if (bare == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for the bound");
	bare->fd = -1;
	bare->random = 88172645463325252;
	TRY(prepare(bare, folder, err));
	TRY(fill(bare, rows, err));
	*ret_bare = TAKE(bare);
	return ERR_OK;
}

static enum err_code
write_slot(struct bare *bare, struct err *err)
{
	static const uint8_t slot[SLOT] = {1};

	bare->slot = 1 - bare->slot;
	if (pwrite(bare->fd, slot, SLOT, bare->slot * (SLOTS / 2)) != SLOT ||
	    fdatasync(bare->fd) != 0)
		return err_set(err, ERR_IO, "cannot write the bound's slots");
	return ERR_OK;
}

/* xorshift64 */
static unsigned
draw(struct bare *bare)
{
	bare->random ^= bare->random << 13;
	bare->random ^= bare->random >> 7;
	bare->random ^= bare->random << 17;
	return (unsigned)(bare->random >> 11) % bare->rows + 1;
}

static enum err_code
change_rows(struct bare *bare, const struct counted *like, struct err *err)
{
	/* Beside the rows' pages: the first one, and with new ones the one that lists them. */
	int changes = (int)(like->pages - like->added) - 1 - (like->added > 0) + bare->lacking;

	for (unsigned i = 0; i < like->added; i++)
		TRY(step(bare, bare->add, ++bare->rows, err));
	for (int i = 0; i < changes; i++)
		TRY(step(bare, bare->change, draw(bare), err));
	return ERR_OK;
}

enum err_code
bare_commit(struct bare *bare, const struct counted *like, struct err *err)
{
	TRY(run(bare, "BEGIN IMMEDIATE", err));
	TRY(change_rows(bare, like, err));
	if (like->anchored > 0)
		TRY(write_slot(bare, err));
	TRY(run(bare, "COMMIT", err));
	return like->anchored > 1 ? write_slot(bare, err) : ERR_OK;
}

void
bare_settle(struct bare *bare, const struct counted *like, const struct counted *done)
{
	bare->lacking += (int)like->pages - (int)done->pages;
}
