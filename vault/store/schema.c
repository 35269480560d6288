/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where SQL can hold an invariant, it does:
 *
 *	log_*, documents, definitions,
 *	voices, opened, answers, tests	are only ever added to (triggers)
 *	versions			what was sealed is never exchanged (trigger)
 *	opened				one for a version, ever, but for recoveries (UNIQUE)
 *	ceremonies.request		a request is accepted once (UNIQUE)
 *	debts				one for a secret is before COMMITTED (partial UNIQUE index)
 *	statements			every digest in another table is that of a stored statement
 *	sizes, states			CHECKs; states are words, so that their order may change
 *
 * References between rows that one transaction writes are checked when it commits (DEFERRED), so
 * that the order of the calls is free.  Version numbers are NULL where the header says 0.
 *
 * log_hash.position counts hashes in the order in which tlog_append stores them (log.c), so
 * that the log is written at the end of two B-trees and verified by reading both once.
 */
#include "vault/store/schema.h"

#include <stddef.h>

/* A table a paragraph, a column a line: the formatter takes it for one long string. */
/* clang-format off */
#define REFERS_TO_STATEMENT "REFERENCES statements(digest) DEFERRABLE INITIALLY DEFERRED"
#define DIGEST(column) column " BLOB NOT NULL CHECK (length(" column ") = 32)"
#define ID(column) column " BLOB NOT NULL CHECK (length(" column ") = 16)"
#define NUMBER(column) column " INTEGER NOT NULL CHECK (" column " BETWEEN 0 AND 4294967295)"
#define TIME(column) column " INTEGER NOT NULL CHECK (" column " >= 0)"
#define BOX(max) "enc BLOB NOT NULL CHECK (length(enc) = 65), "                                    \
	"ciphertext BLOB NOT NULL CHECK (length(ciphertext) BETWEEN 1 AND " max ")"
#define NO_CHANGE(table, event, name)                                                              \
	"CREATE TRIGGER " table "_" name " BEFORE " event " ON " table                             \
	" BEGIN SELECT RAISE(ABORT, '" table " is only ever added to'); END;"
#define APPEND_ONLY(table) NO_CHANGE(table, "UPDATE", "unchanged") NO_CHANGE(table, "DELETE", "kept")

const char *const store_schema[] = {
    "CREATE TABLE log_leaf ("
    "  position INTEGER PRIMARY KEY CHECK (position >= 0),"
    "  data BLOB NOT NULL CHECK (length(data) <= 65535)"
    ") STRICT;" APPEND_ONLY("log_leaf")
    "CREATE TABLE log_hash ("
    "  position INTEGER PRIMARY KEY CHECK (position >= 0)," DIGEST("hash")
    ") STRICT;" APPEND_ONLY("log_hash"),

    "CREATE TABLE nodes ("
    "  id INTEGER PRIMARY KEY,"
    "  body BLOB NOT NULL,"
    "  kids BLOB NOT NULL"
    ") STRICT;",

    "CREATE TABLE texts ("
    "  name TEXT NOT NULL PRIMARY KEY,"
    "  text BLOB NOT NULL"
    ") STRICT;"
    "CREATE TABLE statements ("
    DIGEST("digest") " PRIMARY KEY,"
    "  type TEXT NOT NULL,"
    "  text BLOB NOT NULL"
    ") STRICT;"
    "CREATE TABLE documents ("
    "  position INTEGER PRIMARY KEY CHECK (position BETWEEN 1 AND 4294967295),"
    DIGEST("digest") " UNIQUE " REFERS_TO_STATEMENT ","
    "  bytes INTEGER NOT NULL CHECK (bytes >= 0)"
    ") STRICT;" APPEND_ONLY("documents")
    "CREATE TABLE drafts ("
    "  arrival INTEGER PRIMARY KEY,"
    DIGEST("digest") " UNIQUE " REFERS_TO_STATEMENT ","
    "  seat TEXT NOT NULL CHECK (length(seat) BETWEEN 1 AND 63)"
    ") STRICT;" NO_CHANGE("drafts", "UPDATE", "unchanged"),

    "CREATE TABLE definitions ("
    DIGEST("hash") " PRIMARY KEY,"
    DIGEST("statement") REFERS_TO_STATEMENT
    ") STRICT;" APPEND_ONLY("definitions")
    "CREATE TABLE secrets ("
    ID("id") " PRIMARY KEY,"
    "  name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 63),"
    DIGEST("definition") "REFERENCES definitions(hash) DEFERRABLE INITIALLY DEFERRED,"
    "  current INTEGER CHECK (current BETWEEN 1 AND newest),"
    NUMBER("newest") ","
    "  retired INTEGER NOT NULL CHECK (retired IN (0, 1) AND (retired = 0 OR current IS NULL)),"
    DIGEST("account") ","
    "  FOREIGN KEY (id, current) REFERENCES versions(secret, number) DEFERRABLE INITIALLY DEFERRED"
    ") STRICT;"
    "CREATE TABLE versions ("
    ID("secret") " REFERENCES secrets(id) DEFERRABLE INITIALLY DEFERRED,"
    "  number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 4294967295),"
    "  state TEXT NOT NULL CHECK"
    "    (state IN ('pending', 'current', 'previous', 'rejected', 'retired')),"
    DIGEST("header_hash") ","
    "  header BLOB NOT NULL CHECK (length(header) BETWEEN 1 AND 65536),"
    "  ciphertext BLOB NOT NULL CHECK (length(ciphertext) BETWEEN 1 AND 131088),"
    "  part_exposed INTEGER NOT NULL CHECK (part_exposed IN (0, 1)),"
    TIME("created") "," DIGEST("shape") "," DIGEST("class") ","
    "  seen INTEGER NOT NULL CHECK (seen IN (0, 1)),"
    "  fields INTEGER NOT NULL CHECK (fields BETWEEN 0 AND 511),"
    "  public BLOB CHECK (length(public) = 32),"
    "  PRIMARY KEY (secret, number)"
    ") STRICT;"
    NO_CHANGE("versions",
        "UPDATE OF secret, number, header_hash, header, ciphertext, created, seen, fields, public", "unchanged")
    "CREATE TABLE envelopes ("
    ID("secret") ","
    "  version INTEGER NOT NULL,"
    "  position INTEGER NOT NULL CHECK (position BETWEEN 0 AND 127),"
    DIGEST("token") "," BOX("528") ","
    "  PRIMARY KEY (secret, version, position),"
    "  FOREIGN KEY (secret, version) REFERENCES versions(secret, number)"
    "    DEFERRABLE INITIALLY DEFERRED"
    ") STRICT, WITHOUT ROWID;" NO_CHANGE("envelopes", "UPDATE", "unchanged"),

    "CREATE TABLE ceremonies ("
    "  arrival INTEGER PRIMARY KEY,"
    ID("id") " UNIQUE,"
    DIGEST("digest") " UNIQUE " REFERS_TO_STATEMENT ","
    DIGEST("request") " UNIQUE " REFERS_TO_STATEMENT ","
    "  mode TEXT NOT NULL CHECK (mode IN ('release', 'reseal', 'rotate', 'recover', 'drill')),"
    "  state TEXT NOT NULL CHECK (state IN ('collecting', 'releasing', 'released', 'rotating',"
    "    'degraded', 'closed', 'refused')),"
    "  requester TEXT NOT NULL CHECK (length(requester) BETWEEN 1 AND 63),"
    "  reason TEXT NOT NULL CHECK (length(CAST(reason AS BLOB)) <= 500),"
    DIGEST("charter") REFERS_TO_STATEMENT ","
    TIME("created") "," TIME("deadline") "," TIME("released") "," TIME("expires") ","
    "  boot BLOB CHECK (length(boot) = 16)," TIME("over") ","
    "  release BLOB CHECK (length(release) = 32) " REFERS_TO_STATEMENT
    ") STRICT;"
    "CREATE TABLE items ("
    ID("ceremony") " REFERENCES ceremonies(id) DEFERRABLE INITIALLY DEFERRED,"
    "  position INTEGER NOT NULL CHECK (position BETWEEN 0 AND 499),"
    ID("secret") ","
    "  version INTEGER NOT NULL,"
    "  state TEXT NOT NULL CHECK"
    "    (state IN ('waiting', 'opening', 'done', 'skipped', 'damaged')),"
    "  debt BLOB CHECK (length(debt) = 16) REFERENCES debts(id) DEFERRABLE INITIALLY DEFERRED,"
    "  note TEXT NOT NULL CHECK (length(CAST(note AS BLOB)) <= 500),"
    "  PRIMARY KEY (ceremony, position),"
    "  UNIQUE (ceremony, secret),"
    "  FOREIGN KEY (secret, version) REFERENCES versions(secret, number)"
    "    DEFERRABLE INITIALLY DEFERRED"
    ") STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX items_debt ON items(debt) WHERE debt IS NOT NULL;"
    "CREATE TABLE voices ("
    "  arrival INTEGER PRIMARY KEY,"
    ID("ceremony") " REFERENCES ceremonies(id) DEFERRABLE INITIALLY DEFERRED,"
    "  seat TEXT NOT NULL CHECK (length(seat) BETWEEN 1 AND 63),"
    DIGEST("token") ","
    DIGEST("statement") " UNIQUE " REFERS_TO_STATEMENT ","
    "  denies INTEGER NOT NULL CHECK (denies IN (0, 1))"
    ") STRICT;" APPEND_ONLY("voices")
    "CREATE TABLE shares ("
    ID("ceremony") ","
    "  position INTEGER NOT NULL,"
    "  seat TEXT NOT NULL CHECK (length(seat) BETWEEN 1 AND 63),"
    DIGEST("statement") REFERS_TO_STATEMENT ","
    "  envelope INTEGER NOT NULL CHECK (envelope BETWEEN 0 AND 127),"
    "  ciphertext BLOB CHECK (length(ciphertext) BETWEEN 1 AND 528),"
    "  PRIMARY KEY (ceremony, position, seat),"
    "  FOREIGN KEY (ceremony, position) REFERENCES items(ceremony, position)"
    "    DEFERRABLE INITIALLY DEFERRED"
    ") STRICT, WITHOUT ROWID;",

    /* A version is opened once, whatever for; only a recovery, which names an open debt, opens it
     * again. */
    "CREATE TABLE opened ("
    ID("secret") ","
    "  version INTEGER NOT NULL,"
    ID("ceremony") " REFERENCES ceremonies(id) DEFERRABLE INITIALLY DEFERRED,"
    "  recovers BLOB CHECK (length(recovers) = 16)"
    "    REFERENCES debts(id) DEFERRABLE INITIALLY DEFERRED,"
    "  PRIMARY KEY (secret, version, ceremony),"
    "  FOREIGN KEY (secret, version) REFERENCES versions(secret, number)"
    "    DEFERRABLE INITIALLY DEFERRED"
    ") STRICT, WITHOUT ROWID;" APPEND_ONLY("opened")
    "CREATE UNIQUE INDEX opened_once ON opened(secret, version) WHERE recovers IS NULL;"
    "CREATE TABLE answers ("
    ID("ceremony") ","
    "  position INTEGER NOT NULL,"
    DIGEST("token") "," BOX("131120") ","
    "  PRIMARY KEY (ceremony, position, token),"
    "  FOREIGN KEY (ceremony, position) REFERENCES items(ceremony, position)"
    "    DEFERRABLE INITIALLY DEFERRED"
    ") STRICT;" APPEND_ONLY("answers")
    "CREATE TABLE debts ("
    "  arrival INTEGER PRIMARY KEY,"
    ID("id") " UNIQUE,"
    ID("secret") " REFERENCES secrets(id) DEFERRABLE INITIALLY DEFERRED,"
    "  old INTEGER,"
    "  pending INTEGER,"
    "  state TEXT NOT NULL CHECK (state IN ('owed', 'issuing', 'prepared', 'applying', 'expelled',"
    "    'verified', 'degraded', 'committed', 'withdrawing', 'watched', 'retired')),"
    "  ceremony BLOB CHECK (length(ceremony) = 16)"
    "    REFERENCES ceremonies(id) DEFERRABLE INITIALLY DEFERRED,"
    TIME("created") "," TIME("due") "," NUMBER("rejected") "," NUMBER("tries") ","
    "  sessions TEXT NOT NULL CHECK (sessions IN ('ended', 'none', 'cannot-tell')),"
    "  note TEXT NOT NULL CHECK (length(CAST(note AS BLOB)) <= 500),"
    "  statement BLOB " REFERS_TO_STATEMENT ","
    "  untried INTEGER NOT NULL CHECK (untried IN (0, 1)),"
    "  FOREIGN KEY (secret, old) REFERENCES versions(secret, number)"
    "    DEFERRABLE INITIALLY DEFERRED,"
    "  FOREIGN KEY (secret, pending) REFERENCES versions(secret, number)"
    "    DEFERRABLE INITIALLY DEFERRED"
    ") STRICT;" NO_CHANGE("debts", "DELETE", "kept")
    "CREATE UNIQUE INDEX debts_open ON debts(secret) WHERE state NOT IN"
    "  ('committed', 'withdrawing', 'watched', 'retired');",

    "CREATE TABLE tests ("
    "  position INTEGER PRIMARY KEY,"
    DIGEST("token") ","
    DIGEST("statement") " UNIQUE " REFERS_TO_STATEMENT
    ") STRICT;" APPEND_ONLY("tests"),

    "CREATE TABLE spares ("
    ID("secret") ","
    "  version INTEGER NOT NULL,"
    DIGEST("token") ","
    DIGEST("accepted") REFERS_TO_STATEMENT ","
    "  envelope INTEGER,"
    "  statement BLOB " REFERS_TO_STATEMENT ","
    "  box BLOB, signature BLOB, ciphertext BLOB CHECK (length(ciphertext) BETWEEN 1 AND 528),"
    "  test BLOB " REFERS_TO_STATEMENT ","
    "  PRIMARY KEY (secret, version, token),"
    "  FOREIGN KEY (secret, version) REFERENCES versions(secret, number)"
    "    DEFERRABLE INITIALLY DEFERRED,"
    "  CHECK ((statement IS NULL) + (envelope IS NULL) + (box IS NULL) + (signature IS NULL)"
    "    + (ciphertext IS NULL) IN (0, 5) AND (statement IS NULL) <= (test IS NULL))"
    ") STRICT, WITHOUT ROWID;",

    /* What the copy sink should hold, and which sink has it (zeros: none). */
    "CREATE TABLE copies ("
    DIGEST("key") " PRIMARY KEY,"
    "  kind TEXT NOT NULL CHECK (kind IN ('version', 'release', 'document', 'definition')),"
    ID("sink")
    ") STRICT, WITHOUT ROWID;" NO_CHANGE("copies", "UPDATE OF key, kind", "unchanged"),
    NULL,
};

const char *const store_schema_automatic[] = {
    "sqlite_autoindex_texts_1", "sqlite_autoindex_statements_1", "sqlite_autoindex_documents_1",
    "sqlite_autoindex_drafts_1", "sqlite_autoindex_definitions_1", "sqlite_autoindex_secrets_1",
    "sqlite_autoindex_secrets_2", "sqlite_autoindex_versions_1", "sqlite_autoindex_ceremonies_1",
    "sqlite_autoindex_ceremonies_2", "sqlite_autoindex_ceremonies_3", "sqlite_autoindex_items_2",
    "sqlite_autoindex_voices_1", "sqlite_autoindex_answers_1", "sqlite_autoindex_debts_1",
    "sqlite_autoindex_tests_1",
    NULL,
};

/* clang-format on */
