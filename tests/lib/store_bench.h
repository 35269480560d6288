/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store in a folder of its own, for unit tests, with a row in every table; and the hand of
 * somebody who writes the database behind our back.
 */
#ifndef TESTS_LIB_STORE_BENCH_H
#define TESTS_LIB_STORE_BENCH_H

#include <dirent.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/lib/expect.h"
#include "vault/seal/envelope.h"
#include "vault/store/ceremony.h"
#include "vault/store/copy.h"
#include "vault/store/debt.h"
#include "vault/store/draft.h"
#include "vault/store/log.h"
#include "vault/store/log_hash.h"
#include "vault/store/opened.h"
#include "vault/store/sealed.h"
#include "vault/store/secret.h"
#include "vault/store/spare.h"
#include "vault/store/statement.h"
#include "vault/store/token.h"
#include "vault/store/voice.h"

struct bench {
	char folder[64], file[80];
	struct secret *key; /* the anchor's */
	struct store *store;
};

static const struct digest bench_no_id;
static const struct secret_id bench_secret = {{1}};
static const struct id bench_ceremony = {{2}}, bench_debt = {{3}};
static const char bench_shares[] = "shares that were sealed again, to be found in a file";

__attribute__((unused)) static enum err_code
bench_key(struct secret **ret_key, struct err *err)
{
	return secret_from(view_of_text("a key of 32 bytes for the tests."), ret_key, err);
}

/* Like fork, but that a child does not see its parent's secrets (base/locked.c): it has a key of its own.  It
 * opens a store of its own too, ends with _exit, and dies when it crashes, rather than run on as a test. */
__attribute__((unused)) static pid_t
bench_fork(struct bench *bench)
{
	struct err err;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child > 0)
		return child;
	signal(SIGSEGV, SIG_DFL);
	signal(SIGABRT, SIG_DFL);
	static struct store *volatile left; /* the parent's: not ours to free, and not lost */
	left = bench->store;
	(void)left;
	bench->store = NULL;
	if (bench_key(&bench->key, &err) != ERR_OK)
		_exit(2);
	return child;
}

__attribute__((unused)) static int
bench_setup(void **state)
{
	struct err err;
	struct bench *bench = calloc(1, sizeof(*bench));
	assert_non_null(bench);
	snprintf(bench->folder, sizeof(bench->folder), "/tmp/halligan-store-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->file, sizeof(bench->file), "%s/vault.db", bench->folder);
	assert_ok(bench_key(&bench->key, &err));
	assert_ok(store_create(bench->folder, "test", bench->key, &bench->store, &err));
	*state = bench;
	return 0;
}

__attribute__((unused)) static int
bench_teardown(void **state)
{
	struct bench *bench = *state;
	char path[400];
	store_free(bench->store);
	DIR *folder = opendir(bench->folder);
	for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
		snprintf(path, sizeof(path), "%s/%s", bench->folder, entry->d_name);
		unlink(path);
	}
	if (folder != NULL)
		closedir(folder);
	rmdir(bench->folder);
	secret_free(bench->key);
	free(bench);
	return 0;
}

__attribute__((unused)) static enum err_code
bench_open(const struct bench *bench, struct store **ret_store, struct err *err)
{
	return store_open(bench->folder, "test", &bench_no_id, bench->key, ret_store, err);
}

__attribute__((unused)) static void
bench_reopen(struct bench *bench)
{
	struct err err;
	store_freep(&bench->store);
	assert_ok(bench_open(bench, &bench->store, &err));
}

/* NUMBER in every byte. */
__attribute__((unused)) static struct digest
digest_of(unsigned number)
{
	struct digest digest;
	memset(digest.bytes, (int)number, DIGEST_SIZE);
	return digest;
}

/* The statement digest_of(NUMBER). */
__attribute__((unused)) static struct digest
bench_statement(struct store *store, unsigned number)
{
	struct err err;
	struct digest digest = digest_of(number);
	assert_ok(
	    store_put_statement(store, &digest, "test", view_of_text("statement"), true, &err));
	return digest;
}

/* The same as a definition, of which it is the hash too. */
__attribute__((unused)) static struct digest
bench_definition(struct store *store, unsigned number)
{
	struct err err;
	struct digest digest = bench_statement(store, number);
	assert_ok(store_add_definition(store, &digest, &digest, &err));
	return digest;
}

__attribute__((unused)) static void
bench_begin(struct bench *bench)
{
	struct err err;
	assert_ok(store_begin(bench->store, &err));
}

/* With the leaf that a change needs. */
__attribute__((unused)) static void
bench_commit(struct bench *bench)
{
	struct err err;
	uint64_t index;
	assert_ok(store_append_leaf(bench->store, view_of_text("leaf"), &index, &err));
	assert_ok(store_commit(bench->store, &err));
}

/* A box of SIZE bytes, or of TEXT. */
__attribute__((unused)) static struct sealed_box
box_of(const char *text)
{
	struct sealed_box box = {0};
	memset(box.enc, 4, sizeof(box.enc));
	buf_text(&box.ciphertext, text);
	return box;
}
#define BOX CLEANUP(sealed_box_done) struct sealed_box

__attribute__((unused)) static struct version_row
version_of(uint32_t number)
{
	struct version_row row = {.secret = bench_secret,
	    .number = number,
	    .state = VERSION_PENDING,
	    .header_hash = digest_of(number),
	    .created = 1000};
	buf_format(&row.header, "header %u", number);
	buf_format(&row.ciphertext, "ciphertext %u", number);
	return row;
}

/* Version NUMBER of the secret, with two envelopes, of tokens 0x41 and 0x42. */
__attribute__((unused)) static void
bench_version(struct store *store, uint32_t number)
{
	struct err err;
	VERSION_ROW row = version_of(number);
	HEADER *header = NULL;
	BOX first = box_of("first"), second = box_of("second");
	const struct sealed_box boxes[] = {first, second};
	assert_ok(header_new(&header, &err));
	header->envelope_count = 2;
	header->envelopes[0].token = digest_of(0x41);
	header->envelopes[1].token = digest_of(0x42);
	assert_ok(store_add_version(store, &row, header, boxes, 2, &err));
}

__attribute__((unused)) static struct ceremony_row
ceremony_of(struct store *store, unsigned number)
{
	struct ceremony_row row = {.id = {{(uint8_t)number}},
	    .mode = MODE_RELEASE,
	    .digest = bench_statement(store, 0x80 + number),
	    .request = bench_statement(store, 0xa0 + number),
	    .charter = bench_statement(store, 0x11),
	    .state = CEREMONY_COLLECTING,
	    .requester = "oncall",
	    .created = 100,
	    .deadline = 200};
	return row;
}

static const struct item_row bench_item = {.secret = {{1}}, .version = 1};

__attribute__((unused)) static struct voice_row
voice_of(struct store *store, const char *seat, unsigned number, bool denies)
{
	struct voice_row row = {.token = digest_of(0x41),
	    .statement = bench_statement(store, number),
	    .denies = denies};
	snprintf(row.seat, sizeof(row.seat), "%s", seat);
	return row;
}

/* The share of SEAT for the only item, handed over with the statement digest_of(NUMBER). */
__attribute__((unused)) static struct share_row
share_of(const char *seat, unsigned number)
{
	struct share_row row = {.statement = digest_of(number), .envelope = 1};
	snprintf(row.seat, sizeof(row.seat), "%s", seat);
	buf_text(&row.ciphertext, bench_shares);
	return row;
}
#define SHARE CLEANUP(share_row_done) struct share_row

__attribute__((unused)) static struct debt_row
debt_of(unsigned number)
{
	struct debt_row row = {.id = {{(uint8_t)number}},
	    .secret = bench_secret,
	    .old = 1,
	    .state = DEBT_OWED,
	    .created = 300,
	    .due = 400};
	return row;
}

__attribute__((unused)) static void
bench_fill_ceremony(struct store *store)
{
	struct err err;
	struct ceremony_row ceremony = ceremony_of(store, bench_ceremony.bytes[0]);
	const struct voice_row voices[] = {voice_of(store, "ciso", 0x21, false),
	    voice_of(store, "infra", 0x22, false), voice_of(store, "legal", 0x23, true)};
	SHARE share = share_of("infra", 0x22);
	struct debt_row debt = debt_of(bench_debt.bytes[0]);
	struct item_row item = bench_item;
	BOX answer = box_of("answer");
	struct digest token = digest_of(0x51);
	debt.has_ceremony = true;
	debt.ceremony = bench_ceremony;
	assert_ok(store_add_ceremony(store, &ceremony, &item, 1, &err));
	for (size_t i = 0; i < ARRAY_SIZE(voices); i++)
		assert_ok(store_add_voice(store, &bench_ceremony, &voices[i], &err));
	assert_ok(store_add_share(store, &bench_ceremony, &share, &err));
	assert_ok(store_add_debt(store, &debt, &err));
	item.has_debt = true;
	item.debt = bench_debt;
	item.state = ITEM_OPENING;
	assert_ok(store_update_item(store, &bench_ceremony, 0, &item, &err));
	assert_ok(store_add_opened(store, &bench_secret, 1, &bench_ceremony, NULL, &err));
	assert_ok(store_add_answer(store, &bench_ceremony, 0, &token, &answer, &err));
}

/* What was handed on to the spare NUMBER for version 1, by the statement digest_of(STATEMENT). */
__attribute__((unused)) static struct spare_row
spare_of(struct store *store, unsigned number, unsigned statement)
{
	struct spare_row row = {.secret = bench_secret,
	    .version = 1,
	    .token = digest_of(number),
	    .statement = bench_statement(store, statement),
	    .box = digest_of(statement + 0x40)};
	return row;
}

/* ROW's statement is accepted, and its box stored. */
__attribute__((unused)) static enum err_code
bench_spare(struct store *store, const struct spare_row *row, const char *text, struct err *err)
{
	TRY(store_accept_spare(store, &row->secret, row->version, &row->token, &row->statement,
	    err));
	return store_put_spare(store, row, view_of_text(text), err);
}

/* A test of token 0x41, and its spare 0x61. */
__attribute__((unused)) static void
bench_fill_tokens(struct store *store)
{
	struct err err;
	struct digest tested = bench_statement(store, 0x31), token = digest_of(0x41);
	struct spare_row spare = spare_of(store, 0x61, 0x32);
	assert_ok(store_add_test(store, &token, &tested, &err));
	assert_ok(bench_spare(store, &spare, "spare", &err));
}

/* One row in every table, and two versions. */
__attribute__((unused)) static void
bench_fill(struct bench *bench)
{
	struct err err;
	struct store *store = bench->store;
	bench_begin(bench);
	struct digest charter = bench_statement(store, 0x11);
	struct secret_row secret = {.id = bench_secret,
	    .name = "prod/db",
	    .definition = bench_definition(store, 0x13),
	    .current = 1,
	    .newest = 2};
	const struct draft_row draft = {.digest = charter, .seat = "ciso"};
	assert_ok(store_add_document(store, &charter, &err));
	assert_ok(store_add_draft(store, &draft, &err));
	assert_ok(store_set_text(store, "draft", "a draft", &err));
	assert_ok(store_add_secret(store, &secret, &err));
	bench_version(store, 1);
	bench_version(store, 2);
	bench_fill_ceremony(store);
	bench_fill_tokens(store);
	bench_commit(bench);
}

/* Whether the database, or what is in its journal, holds TEXT anywhere. */
__attribute__((unused)) static bool
bench_file_holds(const struct bench *bench, const char *text)
{
	struct err err;
	char journal[100];
	BUF bytes = {0};
	snprintf(journal, sizeof(journal), "%s-journal", bench->file);
	assert_ok(file_read(bench->file, 1 << 24, &bytes, &err));
	if (file_exists(journal))
		assert_ok(file_read(journal, 1 << 24, &bytes, &err));
	return memmem(bytes.data, bytes.size, text, strlen(text)) != NULL;
}

/* The database is BYTES again, in the same file, so that the store stays open; it reads, since SQLite knows by a
 * counter in the file whether its cache still holds, and would take the next change of these bytes for the
 * one before. */
__attribute__((unused)) static void
bench_put_back(const struct bench *bench, const struct buf *bytes)
{
	struct err err;
	uint64_t size;
	FILE *file = fopen(bench->file, "r+");
	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), (off_t)bytes->size), 0);
	assert_int_equal(fwrite(bytes->data, 1, bytes->size, file), bytes->size);
	assert_int_equal(fclose(file), 0);
	assert_ok(store_log_size(bench->store, &size, &err));
}

/* Run SQL on the file as somebody who is bound by nothing: no constraint, no trigger of ours. */
__attribute__((unused)) static void
tamper(const struct bench *bench, const char *sql)
{
	sqlite3 *database = NULL;
	char *message = NULL;
	assert_int_equal(sqlite3_open(bench->file, &database), SQLITE_OK);
	sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	int result = sqlite3_exec(database,
	    "PRAGMA foreign_keys = OFF;"
	    "PRAGMA ignore_check_constraints = ON;",
	    NULL, NULL, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_exec(database, sql, NULL, NULL, &message);
	if (result != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	sqlite3_close(database);
}

/* The same while every column takes values of every type, NULL too (but in the keys of tables without rowid); then
 * the form of the database is as it was.  What SQLite says of it. */
__attribute__((unused)) static int
tamper_loosely(const struct bench *bench, const char *sql)
{
	sqlite3 *database = NULL;
	assert_int_equal(sqlite3_open(bench->file, &database), SQLITE_OK);
	sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	assert_int_equal(
	    sqlite3_exec(database,
	        "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;"
	        "PRAGMA synchronous = OFF; PRAGMA writable_schema = ON;"
	        "CREATE TEMP TABLE kept AS SELECT name, sql FROM main.sqlite_schema;"
	        "UPDATE main.sqlite_schema SET sql ="
	        " replace(replace(replace(sql, 'STRICT, ', ''), 'STRICT', ''), 'NOT NULL', '')"
	        " WHERE type = 'table'; PRAGMA writable_schema = RESET",
	        NULL, NULL, NULL),
	    SQLITE_OK);
	int result = sqlite3_exec(database, sql, NULL, NULL, NULL);
	assert_int_equal(
	    sqlite3_exec(database,
	        "PRAGMA writable_schema = ON; UPDATE main.sqlite_schema AS now SET sql ="
	        " (SELECT kept.sql FROM kept WHERE kept.name = now.name) WHERE type = 'table';"
	        "PRAGMA writable_schema = RESET",
	        NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(database);
	return result;
}

/* Run SQL while TABLE has no index of its own, and its text has INSTEAD where it had PART; then it is as it was,
 * but that the indices know nothing of it. */
__attribute__((unused)) static void
tamper_without_index(const struct bench *bench, const char *table, const char *part,
    const char *instead, const char *sql)
{
	BUF text = {0};
	buf_format(&text,
	    "PRAGMA writable_schema = ON;"
	    "CREATE TEMP TABLE kept AS SELECT * FROM main.sqlite_schema WHERE tbl_name = '%s';"
	    "DELETE FROM main.sqlite_schema WHERE tbl_name = '%s' AND type = 'index';"
	    "UPDATE main.sqlite_schema SET sql = replace(sql, '%s', '%s') WHERE name = '%s';"
	    "PRAGMA writable_schema = RESET; %s;"
	    "PRAGMA writable_schema = ON; DELETE FROM main.sqlite_schema WHERE tbl_name = '%s';"
	    "INSERT INTO main.sqlite_schema SELECT * FROM kept; PRAGMA writable_schema = RESET",
	    table, table, part, instead, table, sql, table);
	tamper(bench, buf_string(&text));
}

/* A second debt, OTHER, that is paid; the database's index of ids leads from each of the two to the other. */
__attribute__((unused)) static void
bench_exchange_debts(struct bench *bench, struct id other)
{
	struct err err;
	struct debt_row debt = debt_of(0);
	debt.id = other;
	debt.state = DEBT_RETIRED;
	bench_begin(bench);
	assert_ok(store_add_debt(bench->store, &debt, &err));
	bench_commit(bench);
	tamper(bench,
	    "CREATE TEMP TABLE ids AS SELECT arrival, id FROM debts; UPDATE debts SET id = zeroblob(15)"
	    " WHERE state = 'retired'; UPDATE debts SET id = (SELECT id FROM ids WHERE ids.arrival <>"
	    " debts.arrival) WHERE state <> 'retired'; UPDATE debts SET id = (SELECT id FROM ids WHERE"
	    " ids.arrival <> debts.arrival) WHERE state = 'retired'");
	tamper_without_index(bench, "debts", "UNIQUE", "",
	    "CREATE TEMP TABLE ids AS SELECT arrival, id FROM debts; UPDATE debts SET id = (SELECT id FROM"
	    " ids WHERE ids.arrival <> debts.arrival)");
}

#endif
