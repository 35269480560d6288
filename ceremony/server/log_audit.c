/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/log_audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_in.h"
#include "base/text.h"
#include "ceremony/server/secrets/walk.h"
#include "vault/documents/digests.h"
#include "vault/store/debt.h"
#include "vault/store/opened.h"
#include "vault/store/secret.h"
#include "vault/store/token.h"

enum { EVENT_MAX = 40, STATEMENTS_MAX = 2000 };

void
audit_done(struct audit *audit)
{
	free(TAKE(audit->debts));
}

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
add_debt(struct audit *audit, const struct audit_debt *debt, struct err *err)
{
	if (audit->debt_count == audit->debt_capacity) {
		size_t capacity = audit->debt_capacity != 0 ? 2 * audit->debt_capacity : 64;
		struct audit_debt *debts = reallocarray(audit->debts, capacity, sizeof(*debts));

		if (debts == NULL)
			return err_set(err, ERR_MEMORY, "out of memory for the log's debts");
		audit->debts = debts;
		audit->debt_capacity = capacity;
	}
	audit->debts[audit->debt_count++] = *debt;
	return ERR_OK;
}

static enum err_code
read_debt(struct json_in *in, struct audit *audit, uint64_t index, struct err *err)
{
	struct audit_debt debt = {.index = index};

	json_in_hex(in, "debt", debt.id.bytes, ID_SIZE);
	debt.state = json_in_choice(in, "state", debt_state_names);
	json_in_hex(in, "secret", debt.secret.bytes, SECRET_ID_SIZE);
	debt.old = (uint32_t)json_in_int(in, "old", 0, UINT32_MAX);
	debt.pending = (uint32_t)json_in_int(in, "pending", 0, UINT32_MAX);
	if (in->code != ERR_OK)
		return in->code;
	return add_debt(audit, &debt, err);
}

/* A leaf "opened" or "resealed": the version was opened, by this ceremony. */
static enum err_code
check_opened(struct session *session, struct json_in *in, struct audit *audit, struct err *err)
{
	struct secret_id secret;
	struct id ceremony, opener;
	uint32_t version = (uint32_t)json_in_int(in, "version", 1, UINT32_MAX);

	json_in_hex(in, "secret", secret.bytes, SECRET_ID_SIZE);
	json_in_hex(in, "ceremony", ceremony.bytes, ID_SIZE);
	if (in->code != ERR_OK)
		return in->code;
	if (store_get_opened(session->store, &secret, version, &opener, err) != ERR_OK)
		return err_set(err, ERR_INTEGRITY,
		    "the database has no row of the opening of version %u that the log has",
		    version);
	if (memcmp(&opener, &ceremony, sizeof(ceremony)) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "the row of the opening of version %u is not the one in the log", version);
	audit->opened_count++;
	return ERR_OK;
}

/* Is the charter, roster or suspension of a leaf the next of the chain? */
static enum err_code
check_document(const struct session *session, const struct json *statements, struct audit *audit,
    struct err *err)
{
	const struct chain *chain = &session->chain;
	const char *hex = json_array_text(statements, 0);
	struct digest digest;

	if (hex == NULL || !text_from_hex(hex, digest.bytes, DIGEST_SIZE) ||
	    audit->document_count >= chain->document_count ||
	    !digest_equal(&chain->documents[audit->document_count].digest, &digest))
		return err_set(err, ERR_INTEGRITY,
		    "the database has another charter, roster or suspension there");
	audit->document_count++;
	return ERR_OK;
}

static enum err_code
read_leaf(struct session *session, struct audit *audit, uint64_t index, const struct json *leaf,
    struct err *err)
{
	struct json_in in = json_in(leaf, "leaf", err);
	const char *event = json_in_text(&in, "event", 1, EVENT_MAX);
	const struct json *statements = json_in_array(&in, "statements", 0, STATEMENTS_MAX);
	int64_t time = json_in_time(&in, "time");

	if (in.code != ERR_OK)
		return in.code;
	if (time < audit->time)
		return err_set(err, ERR_INTEGRITY, "its time is before that of the leaf before");
	audit->time = time;
	TRY(check_statements(session, statements, err));
	if (strcmp(event, "opened") == 0 || strcmp(event, "resealed") == 0)
		TRY(check_opened(session, &in, audit, err));
	if (strcmp(event, "charter") == 0 || strcmp(event, "roster") == 0 ||
	    strcmp(event, "suspend") == 0)
		TRY(check_document(session, statements, audit, err));
	audit->test_count += strcmp(event, "test") == 0;
	if (json_in_has(&in, "debt"))
		return read_debt(&in, audit, index, err);
	return ERR_OK;
}

enum err_code
audit_leaf(struct session *session, struct audit *audit, uint64_t index, struct view data,
    struct err *err)
{
	JSON *leaf = NULL;
	enum err_code code = json_parse(data, &leaf, err);

	if (code == ERR_OK)
		code = read_leaf(session, audit, index, leaf, err);
	if (code == ERR_OK)
		return ERR_OK;
	(void)err_add(err, "leaf %llu", (unsigned long long)index);
	return code == ERR_INVALID ? (err->code = ERR_INTEGRITY) : code;
}

static int
by_id_and_index(const void *a, const void *b)
{
	const struct audit_debt *left = a, *right = b;
	int order = memcmp(&left->id, &right->id, sizeof(left->id));

	return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

static enum err_code
compare_debt(struct session *session, const struct audit_debt *last, struct err *err)
{
	struct debt_row row;
	char hex[2 * ID_SIZE + 1];

	text_hex(VIEW_OF(last->id.bytes), hex);
	if (store_get_debt(session->store, &last->id, &row, err) != ERR_OK)
		return err_set(err, ERR_INTEGRITY,
		    "the database has no row of the rotation debt %s that the log has", hex);
	if ((int)row.state != last->state || row.old != last->old || row.pending != last->pending ||
	    memcmp(&row.secret, &last->secret, sizeof(row.secret)) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "the row of rotation debt %s is not what leaf %llu says (%s, old %u, pending %u)",
		    hex, (unsigned long long)last->index, debt_state_names[last->state], last->old,
		    last->pending);
	return ERR_OK;
}

/* From one leaf about a debt to the next: it stays the debt it was, and once paid it rests. */
static enum err_code
check_course(const struct audit_debt *debt, const struct audit_debt *next, struct err *err)
{
	if (debt->state == DEBT_RETIRED)
		return err_set(err, ERR_INTEGRITY,
		    "leaf %llu is about a rotation debt that leaf %llu says was paid",
		    (unsigned long long)next->index, (unsigned long long)debt->index);
	if (debt->old != next->old ||
	    memcmp(&debt->secret, &next->secret, sizeof(debt->secret)) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "leaves %llu and %llu say that one rotation debt is about different versions",
		    (unsigned long long)debt->index, (unsigned long long)next->index);
	return ERR_OK;
}

enum err_code
audit_debts(struct session *session, struct audit *audit, struct err *err)
{
	if (audit->debt_count == 0)
		return ERR_OK;
	qsort(audit->debts, audit->debt_count, sizeof(audit->debts[0]), by_id_and_index);
	for (size_t i = 0; i < audit->debt_count; i++) {
		const struct audit_debt *debt = &audit->debts[i];

		if (i + 1 < audit->debt_count &&
		    memcmp(&debt->id, &debt[1].id, sizeof(debt->id)) == 0) {
			TRY(check_course(debt, &debt[1], err));
			continue;
		}
		TRY(compare_debt(session, debt, err));
	}
	return ERR_OK;
}

enum err_code
audit_tokens(struct session *session, const struct audit *audit, struct err *err)
{
	size_t documents = session->chain.document_count;
	uint64_t tests;

	TRY(store_count_tests(session->store, &tests, err));
	if (documents != audit->document_count || tests != audit->test_count)
		return err_set(err, ERR_INTEGRITY,
		    "the database has %zu charters, rosters and suspensions and %llu tests of tokens, "
		    "the log %zu and %zu",
		    documents, (unsigned long long)tests, audit->document_count, audit->test_count);
	return ERR_OK;
}

static enum err_code
check_version(struct session *session, const struct secret_row *secret, uint32_t number,
    struct err *err)
{
	VERSION_ROW row = {0};
	HEADER *header = NULL;
	struct digest hash;

	TRY(store_get_version(session->store, &secret->id, number, &row, err));
	TRY(header_hash(buf_view(&row.header), &hash, err));
	if (!digest_equal(&hash, &row.header_hash))
		return err_set(err, ERR_INTEGRITY, "its header is not the one that was sealed");
	TRY(header_new(&header, err));
	TRY(header_decode(buf_view(&row.header), header, err));
	if (!digest_equal(&header->vault, &session->chain.vault) || header->version != number ||
	    memcmp(&header->secret, &secret->id, sizeof(secret->id)) != 0)
		return err_set(err, ERR_INTEGRITY, "its header is of another version");
	return ERR_OK;
}

static enum err_code
check_secret(struct session *session, const struct secret_row *secret, uint64_t *versions,
    size_t *opened, struct err *err)
{
	for (uint32_t number = 1; number <= secret->newest; number++) {
		struct id opener;

		if (check_version(session, secret, number, err) != ERR_OK)
			return err_add(err, "%s version %u", secret->name, number);
		enum err_code code =
		    store_get_opened(session->store, &secret->id, number, &opener, err);
		if (code != ERR_OK && code != ERR_NOT_FOUND)
			return code;
		*opened += code == ERR_OK;
		(*versions)++;
	}
	return ERR_OK;
}

enum err_code
audit_secrets(struct session *session, const struct audit *audit, uint64_t *ret_versions,
    struct err *err)
{
	struct secret_walk walk = {.store = session->store};
	const struct secret_row *secret;
	uint64_t versions = 0;
	size_t opened = 0;

	for (;;) {
		TRY(secret_walk_next(&walk, &secret, err));
		if (secret == NULL)
			break;
		TRY(check_secret(session, secret, &versions, &opened, err));
	}
	if (opened != audit->opened_count)
		return err_set(err, ERR_INTEGRITY, "the database has %zu %s, the log %zu", opened,
		    text_plural(opened, "opening", "openings"), audit->opened_count);
	*ret_versions = versions;
	return ERR_OK;
}
