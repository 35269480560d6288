/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/log_audit.h"

#include <inttypes.h>
#include <string.h>

#include "base/json_in.h"
#include "vault/documents/definition_account.h"
#include "vault/documents/digests.h"
#include "vault/store/secret.h"
#include "vault/store/statement.h"

enum { EVENT_MAX = 40, STATEMENTS_MAX = 2000, STATEMENTS_AT_ONCE = 1000 };

static enum err_code
check_statements(struct session *session, const struct json *array, struct err *err)
{
	for (size_t i = 0; i < json_array_count(array); i++) {
		struct digest digest;
		bool has;

		if (!read_digest(array, i, &digest))
			return err_set(err, ERR_INTEGRITY, "statements[%zu] is no digest", i);
		TRY(store_has_statement(session->store, &digest, &has, err));
		if (!has)
			return err_set(err, ERR_INTEGRITY,
			    "statements[%zu]: the vault has no such statement", i);
	}
	return ERR_OK;
}

/* From BEFORE to TIME by an officer's word alone, which named both. */
static enum err_code
check_set_back(struct session *session, const char *event, const struct json *statements,
    int64_t time, int64_t before, struct err *err)
{
	DSSE statement = {0};
	struct clock_word word;
	struct digest digest;

	if (strcmp(event, "clock") != 0 || !read_digest(statements, 0, &digest))
		return err_set(err, ERR_INTEGRITY, "its time is before that of the leaf before");
	TRY(session_statement(session, &digest, "clock", &statement, err));
	if (clock_parse(&statement, session->chain.charter->training, &word, err) != ERR_OK ||
	    word.newest != before || word.host > time + CLOCK_BACK_MAX ||
	    word.host < time - CLOCK_BACK_MAX)
		return err_set(err, ERR_INTEGRITY,
		    "its time is before that of the leaf before, and its statement says another one");
	return ERR_OK;
}

static enum err_code
read_leaf(struct session *session, struct audit *audit, const struct json *leaf, struct err *err)
{
	struct json_in in = json_in(leaf, "leaf", err);
	const struct json *statements = json_in_array(&in, "statements", 0, STATEMENTS_MAX);
	int64_t time = json_in_time(&in, "time");

	const char *event = json_in_text(&in, "event", 1, EVENT_MAX);
	audit->has_tree = json_in_has(&in, "tree");
	if (audit->has_tree)
		json_in_hex(&in, "tree", audit->tree.bytes, DIGEST_SIZE);
	if (in.code != ERR_OK)
		return in.code;
	TRY(check_statements(session, statements, err));
	if (time < audit->time)
		TRY(check_set_back(session, event, statements, time, audit->time, err));
	audit->time = time;
	return ERR_OK;
}

enum err_code
audit_leaf(struct session *session, struct audit *audit, uint64_t index, struct view data,
    struct err *err)
{
	JSON *leaf = NULL;
	enum err_code code = json_parse(data, &leaf, err);

	if (code == ERR_OK)
		code = read_leaf(session, audit, leaf, err);
	if (code == ERR_OK)
		return ERR_OK;
	(void)err_add(err, "leaf %llu", (unsigned long long)index);
	return code == ERR_INVALID ? (err->code = ERR_INTEGRITY) : code;
}

enum err_code
audit_state(struct session *session, const struct audit *audit, struct err *err)
{
	struct digest root;

	TRY(store_state_root(session->store, &root, err));
	if (!audit->has_tree || !digest_equal(&audit->tree, &root))
		return err_set(err, ERR_INTEGRITY,
		    "the last leaf of the log does not name the state that the database has");
	return ERR_OK;
}

/* A draft that waits, or waited, lacks signatures. */
static enum err_code
is_in_force(struct session *session, const struct definitions *definitions, bool *ret_is,
    struct err *err)
{
	struct digest statement;
	enum err_code code =
	    store_get_definition(session->store, &definitions->rows[0].digest, &statement, err);

	*ret_is = code == ERR_OK && digest_equal(&statement, &definitions->digest);
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

/* By it another name for the same credential is found. */
static enum err_code
check_account(struct session *session, const struct definition *definition, struct err *err)
{
	struct secret_row row;
	struct digest account;

	TRY(store_get_secret(session->store, &definition->secret, &row, err));
	TRY(definition_account(definition, &account, err));
	if (!digest_equal(&row.definition, &definition->digest) ||
	    digest_equal(&row.account, &account))
		return ERR_OK;
	return err_set(err, ERR_INTEGRITY, "the account of %s is not its definition's",
	    definition->name);
}

static enum err_code
check_accounts(struct session *session, const struct definitions *definitions, struct err *err)
{
	for (size_t i = 0; i < definitions->count; i++)
		TRY(check_account(session, &definitions->rows[i], err));
	return ERR_OK;
}

/* Of a secret statement that is its signatures, which no command asks of the curve again. */
static enum err_code
check_signed(struct session *session, const struct dsse *statement, struct err *err)
{
	DEFINITIONS_OF definitions = {0};
	bool in_force = false;

	if (!statement_is(statement, STATEMENT_SECRET))
		return ERR_OK;
	if (definitions_parse(statement, session->chain.charter->training, &definitions, err) !=
	        ERR_OK ||
	    is_in_force(session, &definitions, &in_force, err) != ERR_OK ||
	    (in_force &&
	        chain_verify_definitions(&session->chain, statement, &definitions, err) !=
	            ERR_OK)) {
		err->code = err->code == ERR_MEMORY ? ERR_MEMORY : ERR_INTEGRITY;
		return err_add(err, "a secret statement in the database");
	}
	return in_force ? check_accounts(session, &definitions, err) : ERR_OK;
}

/* Those after LAST, which is moved on; NULL: from the first on.  Within one transaction.  ERR_NOT_FOUND: there
 * are no more. */
static enum err_code
check_some(struct session *session, struct digest *last, uint64_t *done, struct err *err)
{
	READING reading = NULL;

	TRY(reading_begin(session, &reading, err));
	for (size_t i = 0; i < STATEMENTS_AT_ONCE; i++) {
		DSSE statement = {0};

		TRY(store_next_statement(session->store, *done > 0 ? last : NULL, last, err));
		TRY(session_statement(session, last, "statement", &statement, err));
		TRY(check_signed(session, &statement, err));
		(*done)++;
	}
	return ERR_OK;
}

enum err_code
audit_statements(struct session *session, uint64_t *ret_count, struct err *err)
{
	struct digest last;
	uint64_t done = 0, count;
	enum err_code code = ERR_OK;

	TRY(store_count_statements(session->store, &count, err));
	while (code == ERR_OK) {
		code = check_some(session, &last, &done, err);
		session_count(session, done, done < count ? count : done, "statements read");
	}
	*ret_count = done;
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}
