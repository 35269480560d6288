/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/log_audit.h"

#include "base/json_in.h"
#include "vault/documents/digests.h"

enum { EVENT_MAX = 40, STATEMENTS_MAX = 2000 };

static enum err_code
check_statements(struct session *session, const struct json *array, struct err *err)
{
	for (size_t i = 0; i < json_array_count(array); i++) {
		DSSE statement = {0};
		struct digest digest;

		if (!read_digest(array, i, &digest))
			return err_set(err, ERR_INTEGRITY, "statements[%zu] is no digest", i);
		if (session_statement(session, &digest, "statement", &statement, err) != ERR_OK)
			return err_add(err, "statements[%zu]", i);
	}
	return ERR_OK;
}

static enum err_code
read_leaf(struct session *session, struct audit *audit, const struct json *leaf, struct err *err)
{
	struct json_in in = json_in(leaf, "leaf", err);
	const struct json *statements = json_in_array(&in, "statements", 0, STATEMENTS_MAX);
	int64_t time = json_in_time(&in, "time");

	(void)json_in_text(&in, "event", 1, EVENT_MAX);
	audit->has_tree = json_in_has(&in, "tree");
	if (audit->has_tree)
		json_in_hex(&in, "tree", audit->tree.bytes, DIGEST_SIZE);
	if (in.code != ERR_OK)
		return in.code;
	if (time < audit->time)
		return err_set(err, ERR_INTEGRITY, "its time is before that of the leaf before");
	audit->time = time;
	return check_statements(session, statements, err);
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
