/* SPDX-License-Identifier: Apache-2.0 */
/* What a client needs before it can trust anything: hello, the chains, enrolments, rotators' hashes. */
#include "ceremony/server/documents/publish.h"

#include <stdio.h>
#include <string.h>

#include "base/process.h"
#include "base/text.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/wire.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/log.h"
#include "rotators/contract/description.h"
#include "rotators/contract/rotator.h"
#include "vault/documents/digests.h"
#include "vault/store/log.h"
#include "vault/store/statement.h"

enum { ENROLMENTS_MAX = 64 };

enum err_code
serve_hello(struct session *session, struct call *call, struct err *err)
{
	int64_t protocol = json_in_int(&call->in, "protocol", 1, UINT32_MAX);

	TRY(json_in_end(&call->in));
	if (protocol != WIRE_PROTOCOL)
		return err_set(err, ERR_VERSION,
		    "the client speaks protocol %lld, this server %d (version " HALLIGAN_VERSION
		    ")",
		    (long long)protocol, (int)WIRE_PROTOCOL);
	json_put_int(call->reply, "protocol", WIRE_PROTOCOL);
	json_put_text(call->reply, "version", HALLIGAN_VERSION);
	json_put_text(call->reply, "state", session_state_names[session->state]);
	json_put_text(call->reply, "secrets", secret_kind());
	json_put_time(call->reply, "time", session_now(session));
	if (session->state != SESSION_ABSENT) {
		json_put_text(call->reply, "name", session->founding.name);
		json_put_bool(call->reply, "training", session->founding.training);
	}
	if (session->state == SESSION_LIVE)
		json_put_hex(call->reply, "vault", VIEW_OF(session->chain.vault.bytes));
	return ERR_OK;
}

/* What the client has of the chain: KNOWN documents with that DIGEST. */
struct known_chain {
	uint64_t size; /* of the log */
	size_t documents;
	struct digest digest;
};

/* From which document on it lacks them: one that has seen others gets them all, and sees that by itself. */
static enum err_code
first_lacking(const struct chain *chain, const struct known_chain *known, size_t *ret_from,
    struct err *err)
{
	struct digest digest;

	*ret_from = 0;
	if (known->documents > chain->document_count)
		return ERR_OK;
	TRY(chain_digest(chain, known->documents, &digest, err));
	if (digest_equal(&digest, &known->digest))
		*ret_from = known->documents;
	return ERR_OK;
}

static enum err_code
put_documents(struct session *session, const struct known_chain *known, struct json *reply,
    struct err *err)
{
	JSON *array = json_new_array();
	size_t from;

	TRY(first_lacking(&session->chain, known, &from, err));
	json_put_int(reply, "from", (int64_t)from);
	for (size_t i = from; i < session->chain.document_count; i++) {
		DSSE statement = {0};

		TRY(session_statement(session, &session->chain.documents[i].digest, "document",
		    &statement, err));
		add_statement(array, &statement);
	}
	json_put(reply, "documents", TAKE(array));
	return ERR_OK;
}

/* The newest checkpoint, and that it continues the first KNOWN leaves.  Whoever knows more than there are sees
 * by itself that it was shown an older log, and what to do on its side. */
static enum err_code
put_checkpoint(struct session *session, struct json *reply, uint64_t known, struct err *err)
{
	BUF note = {0};
	struct digest root, proof[TLOG_PROOF_MAX];
	size_t count;
	uint64_t size;
	struct json *array;

	TRY(store_log_size(session->store, &size, err));
	TRY(store_log_continues(session->store, known > size ? 0 : known, &root, proof, &count,
	    err));
	TRY(journal_checkpoint(session, &note, err));
	json_put_base64(reply, "checkpoint", buf_view(&note));
	array = json_new_array();
	for (size_t i = 0; i < count; i++)
		json_add_hex(array, VIEW_OF(proof[i].bytes));
	json_put(reply, "consistency", array);
	return ERR_OK;
}

static enum err_code
put_chain(struct session *session, struct json *reply, const struct known_chain *known,
    struct err *err)
{
	json_put_hex(reply, "vault", VIEW_OF(session->chain.vault.bytes));
	TRY(put_documents(session, known, reply, err));
	return put_checkpoint(session, reply, known->size, err);
}

enum err_code
serve_chain(struct session *session, struct call *call, struct err *err)
{
	struct known_chain known = {.size = (uint64_t)json_in_int(&call->in, "size", 0, INT64_MAX),
	    .documents =
	        (size_t)json_in_int_optional(&call->in, "documents", 0, CHAIN_DOCUMENTS_MAX, 0)};

	(void)json_in_hex_optional(&call->in, "digest", known.digest.bytes, DIGEST_SIZE);
	TRY(json_in_end(&call->in));
	return put_chain(session, call->reply, &known, err);
}

static bool
is_among(const struct dsse *statement, const enum statement_type *types, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (statement_is(statement, types[i]))
			return true;
	return false;
}

/* Statements of TYPES by digest, as array NAME. */
static enum err_code
put_by_digest(struct session *session, struct call *call, const char *name,
    const enum statement_type *types, size_t count, struct err *err)
{
	const struct json *digests = json_in_array(&call->in, "digests", 0, ENROLMENTS_MAX);
	JSON *array = json_new_array();

	TRY(json_in_end(&call->in));
	for (size_t i = 0; i < json_array_count(digests); i++) {
		DSSE statement = {0};
		struct digest digest;

		if (!read_digest(digests, i, &digest))
			return err_set(err, ERR_INVALID, "digests[%zu]: must be 64 hex digits", i);
		TRY(session_find(session, &digest, "statement", &statement, err));
		if (!is_among(&statement, types, count))
			return err_set(err, ERR_NOT_FOUND, "digests[%zu] is no %s", i,
			    statement_names[types[0]]);
		add_statement(array, &statement);
	}
	json_put(call->reply, name, TAKE(array));
	return ERR_OK;
}

enum err_code
serve_enrolments(struct session *session, struct call *call, struct err *err)
{
	static const enum statement_type types[] = {STATEMENT_ENROLMENT};

	return put_by_digest(session, call, "enrolments", types, ARRAY_SIZE(types), err);
}

/* What tells the story of a vault; what ceremonies are about is shown by ceremony-get. */
enum err_code
serve_statements(struct session *session, struct call *call, struct err *err)
{
	static const enum statement_type types[] = {STATEMENT_CHARTER, STATEMENT_ROSTER,
	    STATEMENT_SUSPEND, STATEMENT_TEST};

	return put_by_digest(session, call, "statements", types, ARRAY_SIZE(types), err);
}

/* What it announces of TARGET, and the fields that it needs, without running anything. */
static enum err_code
put_description(const struct session *session, const char *path, const char *name,
    const struct json *target, struct json *reply, struct err *err)
{
	struct description description;
	struct json *announced = json_new_object();
	bool of_target;

	json_put(reply, "announced", announced);
	TRY(description_read(path, name, target, &description, &of_target, err));
	if (description.runs)
		TRY(program_check(session->options->rotators, target, err));
	announcement_put(announced, &description.announced);
	description_put_fields(reply, description.fields);
	return ERR_OK;
}

enum err_code
serve_rotator(struct session *session, struct call *call, struct err *err)
{
	const char *name = json_in_text(&call->in, "name", 1, ROTATOR_NAME_MAX);
	const struct json *target = json_in_object(&call->in, "target");
	struct rotator_found found;

	if (call->in.code == ERR_OK && (!text_is_name(name) || strchr(name, '/') != NULL))
		json_in_fail(&call->in, "name", "not the name of a rotator");
	TRY(json_in_end(&call->in));
	TRY(rotator_find(session->options->rotators, name, &found, err));
	json_put_int(call->reply, "contract", ROTATOR_CONTRACT);
	if (found.own)
		json_put_hex(call->reply, "hash", VIEW_OF(found.hash.bytes));
	json_put_text(call->reply, "path", found.path);
	return put_description(session, found.path, name, target, call->reply, err);
}
