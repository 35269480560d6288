/* SPDX-License-Identifier: Apache-2.0 */
/* For unit tests: each call that reads rows of a store, and which rows it rests on. */
#ifndef TESTS_LIB_STORE_READINGS_H
#define TESTS_LIB_STORE_READINGS_H

#include "tests/lib/store_bench.h"
#include "vault/store/verify.h"

typedef enum err_code (*reading)(struct store *store, struct err *err);

__attribute__((unused)) static enum err_code
read_text(struct store *store, struct err *err)
{
	BUF text = {0};
	return store_get_text(store, "draft", &text, err);
}

__attribute__((unused)) static enum err_code
read_statement(struct store *store, struct err *err)
{
	BUF text = {0};
	struct digest digest = digest_of(0x11);
	return store_get_statement(store, &digest, &text, err);
}

__attribute__((unused)) static enum err_code
read_document(struct store *store, struct err *err)
{
	struct digest digest;
	return store_get_document(store, 1, &digest, err);
}

__attribute__((unused)) static enum err_code
read_copied(struct store *store, struct err *err)
{
	const struct copy_row row = copy_of_document(1);
	struct id sink;
	return store_get_copied(store, &row, &sink, err);
}

__attribute__((unused)) static enum err_code
measure_documents(struct store *store, struct err *err)
{
	uint64_t bytes;
	return store_measure_documents(store, &bytes, err);
}

__attribute__((unused)) static enum err_code
read_draft(struct store *store, struct err *err)
{
	struct digest digest = digest_of(0x11);
	struct draft_row row;
	return store_get_draft(store, &digest, &row, err);
}

__attribute__((unused)) static enum err_code
next_draft(struct store *store, struct err *err)
{
	int64_t arrival = 0;
	struct draft_row row;
	return store_next_draft(store, &arrival, &row, err);
}

__attribute__((unused)) static enum err_code
read_definition(struct store *store, struct err *err)
{
	struct digest hash = digest_of(0x13), statement;
	return store_get_definition(store, &hash, &statement, err);
}

__attribute__((unused)) static enum err_code
read_secret(struct store *store, struct err *err)
{
	struct secret_row row;
	return store_get_secret(store, &bench_secret, &row, err);
}

__attribute__((unused)) static enum err_code
find_secret(struct store *store, struct err *err)
{
	struct secret_row row;
	return store_find_secret(store, "prod/db", &row, err);
}

__attribute__((unused)) static enum err_code
list_secrets(struct store *store, struct err *err)
{
	struct secret_row rows[2];
	size_t count;
	return store_list_secrets(store, "", rows, 2, &count, err);
}

__attribute__((unused)) static enum err_code
count_secrets(struct store *store, struct err *err)
{
	uint64_t count;
	return store_count_secrets(store, &count, err);
}

__attribute__((unused)) static enum err_code
read_version(struct store *store, struct err *err)
{
	VERSION_ROW row = {0};
	return store_get_version(store, &bench_secret, 1, &row, err);
}

__attribute__((unused)) static enum err_code
read_envelope(struct store *store, struct err *err)
{
	BOX box = {.enc = {0}};
	struct digest token;
	return store_get_envelope(store, &bench_secret, 1, 0, &token, &box, err);
}

__attribute__((unused)) static enum err_code
read_ceremony(struct store *store, struct err *err)
{
	struct ceremony_row row;
	return store_get_ceremony(store, &bench_ceremony, &row, err);
}

__attribute__((unused)) static enum err_code
list_ceremonies(struct store *store, struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count;
	return store_list_ceremonies(store, ~0U, &rows, &count, err);
}

__attribute__((unused)) static enum err_code
list_items(struct store *store, struct err *err)
{
	struct item_row rows[4];
	size_t count;
	return store_list_items(store, &bench_ceremony, rows, 4, &count, err);
}

__attribute__((unused)) static enum err_code
read_opening_item(struct store *store, struct err *err)
{
	bool is_opening;
	return store_debt_is_opening(store, &bench_debt, &is_opening, err);
}

__attribute__((unused)) static enum err_code
list_voices(struct store *store, struct err *err)
{
	struct voice_row rows[4];
	size_t count;
	return store_list_voices(store, &bench_ceremony, rows, 4, &count, err);
}

__attribute__((unused)) static enum err_code
list_shares(struct store *store, struct err *err)
{
	struct share_row rows[QUORUM_SEATS];
	size_t count = 0;
	enum err_code code = store_list_shares(store, &bench_ceremony, 0, rows, &count, err);
	while (code == ERR_OK && count > 0)
		share_row_done(&rows[--count]);
	return code;
}

__attribute__((unused)) static enum err_code
read_opened(struct store *store, struct err *err)
{
	struct id ceremony;
	return store_get_opened(store, &bench_secret, 1, &ceremony, err);
}

__attribute__((unused)) static enum err_code
read_answer(struct store *store, struct err *err)
{
	BOX box = {.enc = {0}};
	struct digest token = digest_of(0x51);
	return store_get_answer(store, &bench_ceremony, 0, &token, &box, err);
}

__attribute__((unused)) static enum err_code
read_debt(struct store *store, struct err *err)
{
	struct debt_row row;
	return store_get_debt(store, &bench_debt, &row, err);
}

__attribute__((unused)) static enum err_code
read_open_debt(struct store *store, struct err *err)
{
	struct debt_row row;
	return store_open_debt(store, &bench_secret, &row, err);
}

__attribute__((unused)) static enum err_code
read_last_debt(struct store *store, struct err *err)
{
	struct debt_row row;
	return store_last_debt(store, &bench_secret, &row, err);
}

__attribute__((unused)) static enum err_code
list_debts(struct store *store, struct err *err)
{
	DEBT_ROWS *rows = NULL;
	size_t count;
	return store_list_debts(store, ~0U, &rows, &count, err);
}

__attribute__((unused)) static enum err_code
read_spare(struct store *store, struct err *err)
{
	BUF ciphertext = {0};
	struct digest token = digest_of(0x61);
	return store_get_spare(store, &bench_secret, 1, &token, &ciphertext, err);
}

__attribute__((unused)) static enum err_code
list_spares(struct store *store, struct err *err)
{
	struct spare_row rows[2];
	size_t count;
	return store_list_spares(store, &bench_secret, 1, rows, 2, &count, err);
}

__attribute__((unused)) static enum err_code
list_untested(struct store *store, struct err *err)
{
	struct digest token = digest_of(0x61);
	struct spare_row rows[2];
	size_t count;
	return store_list_untested_spares(store, &token, rows, 2, &count, err);
}

__attribute__((unused)) static enum err_code
read_leaf(struct store *store, struct err *err)
{
	BUF data = {0};
	return store_log_leaf(store, 0, &data, err);
}

__attribute__((unused)) static enum err_code
read_head(struct store *store, struct err *err)
{
	struct digest root;
	uint64_t size;
	return store_log_head(store, &size, &root, err);
}

__attribute__((unused)) static enum err_code
recompute(struct store *store, struct err *err)
{
	return store_log_recompute(store, NULL, err);
}

__attribute__((unused)) static enum err_code
begin(struct store *store, struct err *err)
{
	enum err_code code = store_begin(store, err);
	store_rollback(store);
	return code;
}

__attribute__((unused)) static enum err_code
verify(struct store *store, struct err *err)
{
	struct store_totals totals;
	return store_verify_state(store, NULL, NULL, &totals, err);
}

/* Who rests on one row of each table, which WHERE names. */
__attribute__((unused)) static const struct resting {
	const char *table, *where;
	reading readings[4];
} restings[] = {
    {"texts", "name = 'draft'", {read_text, verify}},
    {"statements", "hex(digest) LIKE '1111%'", {read_statement, verify}},
    {"documents", "1", {read_document, measure_documents, verify}},
    {"drafts", "1", {read_draft, next_draft, verify}},
    {"definitions", "1", {read_definition, verify}},
    {"secrets", "1", {read_secret, find_secret, list_secrets, verify}},
    {"versions", "number = 1", {read_version, verify}},
    {"envelopes", "version = 1 AND position = 0", {read_envelope, verify}},
    {"ceremonies", "1", {read_ceremony, list_ceremonies, verify}},
    {"items", "1", {list_items, read_opening_item, verify}},
    {"voices", "seat = 'infra'", {list_voices, verify}},
    {"shares", "1", {list_shares, verify}},
    {"opened", "1", {read_opened, verify}},
    {"answers", "1", {read_answer, verify}},
    {"debts", "1", {read_debt, read_open_debt, read_last_debt, list_debts}},
    {"tests", "1", {verify}}, /* else it is the tree alone that is asked */
    {"spares", "1", {read_spare, list_spares, list_untested, verify}},
    {"copies", "kind = 'document'", {read_copied, verify}},
    {"nodes", "id = 1", {read_text, list_secrets, count_secrets, verify}},
    {"log_leaf", "1", {read_leaf, recompute}},
    {"log_hash", "1", {read_head, begin, recompute}},
};

/* Each call that rests on the row is an alarm, which names the table: WHAT was done to it. */
__attribute__((unused)) static void
expect_alarms(struct bench *bench, const struct resting *resting, const char *what)
{
	bool is_cell =
	    strcmp(resting->table, "nodes") != 0 && strncmp(resting->table, "log_", 4) != 0;
	char row[80];
	snprintf(row, sizeof(row), "a row of %s in the database", resting->table);
	for (size_t i = 0; i < ARRAY_SIZE(resting->readings) && resting->readings[i] != NULL; i++) {
		struct err err = {0};
		enum err_code code = resting->readings[i](bench->store, &err);
		if (code != ERR_INTEGRITY || (is_cell && strstr(err.text, row) == NULL))
			fail_msg("%s: %s, read in way %zu: %s: %s", resting->table, what, i,
			    err_name(code), err.text);
	}
}

__attribute__((unused)) static void
expect_no_alarm(struct bench *bench, const struct resting *resting)
{
	struct err err;
	for (size_t i = 0; i < ARRAY_SIZE(resting->readings) && resting->readings[i] != NULL; i++)
		assert_ok(resting->readings[i](bench->store, &err));
}

typedef enum err_code (*writing)(struct store *store, struct err *err);

/* WRITE fails with an alarm of TABLE, in the transaction that is open. */
__attribute__((unused)) static void
expect_refusal(struct bench *bench, writing write, const char *table, const char *met,
    const char *what)
{
	struct err err = {0};
	char part[120];
	snprintf(part, sizeof(part), "a row of %s in the database %s", table, met);
	enum err_code code = write(bench->store, &err);
	if (code != ERR_INTEGRITY || strstr(err.text, part) == NULL)
		fail_msg("%s: %s: %s, not \"%s\"", what, err_name(code), err.text, part);
}

#endif
