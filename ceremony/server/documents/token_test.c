/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of tokens, and the newest evidence that each works (ceremony/protocol/test.h). */
#include "ceremony/server/documents/token_test.h"

#include "base/hpke.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/test.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "vault/documents/digests.h"
#include "vault/store/token.h"
#include "vault/store/voice.h"

enum { TOKENS_MAX = 64 };

static enum err_code
put_probe(struct session *session, const struct seat_token *token, int key, int64_t begun,
    struct json *probes, struct err *err)
{
	SECRET *probe = NULL;
	HPKE *hpke = NULL;
	BUF ciphertext = {0};
	struct digest info;
	struct point enc;
	struct json *object;

	TRY(readiness_probe(session->keys.statement, &session->chain.vault, &token->id, key, begun,
	    &probe, err));
	TRY(readiness_info(&session->chain.vault, &token->id, key, begun, &info, err));
	TRY(hpke_sender(hpke_suite_default, &token->keys[key], VIEW_OF(info.bytes), &hpke, &enc,
	    err));
	TRY(hpke_seal(hpke, (struct view){0}, secret_view(probe), &ciphertext, err));
	object = json_new_object();
	json_put_text(object, "key", key_names[key]);
	json_put_hex(object, "enc", VIEW_OF(enc.bytes));
	json_put_base64(object, "ciphertext", buf_view(&ciphertext));
	json_add(probes, object);
	return ERR_OK;
}

enum err_code
serve_test_begin(struct session *session, struct call *call, struct err *err)
{
	JSON *probes = json_new_array();
	const char *seat = json_in_text(&call->in, "seat", 1, SEAT_NAME_MAX);
	struct digest id;
	int64_t begun = session_now(session);

	json_in_hex(&call->in, "token", id.bytes, DIGEST_SIZE);
	TRY(json_in_end(&call->in));
	TRY(chain_refresh(session, err));
	const struct seat_token *token = chain_token(&session->chain, seat, &id);
	if (token == NULL)
		return chain_refuse_token(&session->chain, seat, &id, err);
	for (int key = KEY_SHARE; key < KEY_COUNT; key++)
		if (token->has[key])
			TRY(put_probe(session, token, key, begun, probes, err));
	json_put_time(call->reply, "begun", begun);
	json_put(call->reply, "probes", TAKE(probes));
	return ERR_OK;
}

/* What the person opened is what this host sealed then. */
static enum err_code
check_opened(struct session *session, const struct readiness *readiness,
    const struct seat_token *token, int64_t begun, struct err *err)
{
	for (int key = KEY_SHARE; key < KEY_COUNT; key++) {
		SECRET *probe = NULL;
		struct digest expected;

		if (readiness->has[key] != token->has[key])
			return err_set(err, ERR_REFUSED, "test: opened: the token %s a %s key",
			    token->has[key] ? "has" : "does not have", key_names[key]);
		if (!token->has[key])
			continue;
		TRY(readiness_probe(session->keys.statement, &session->chain.vault, &token->id, key,
		    begun, &probe, err));
		TRY(sha256_one(secret_view(probe), &expected, err));
		if (!digest_equal(&expected, &readiness->opened[key]))
			return err_set(err, ERR_REFUSED,
			    "test: opened: the %s key did not open the probe that was sealed to it",
			    key_names[key]);
	}
	return ERR_OK;
}

static enum err_code
check(struct session *session, const struct dsse *statement, const struct readiness *readiness,
    int64_t begun, struct err *err)
{
	int64_t now = session_now(session);
	const struct seat_token *token =
	    chain_token(&session->chain, readiness->seat, &readiness->token);

	if (!digest_equal(&readiness->vault, &session->chain.vault))
		return err_set(err, ERR_REFUSED, "test: vault: it is for another vault");
	if (token == NULL)
		return chain_refuse_token(&session->chain, readiness->seat, &readiness->token, err);
	if (begun > now || now - begun >= READINESS_SECONDS)
		return err_set(err, ERR_EXPIRED,
		    "test: its probes were good for ten minutes; run it again");
	if (statement->count != 1)
		return err_set(err, ERR_INVALID, "test: it must carry one signature");
	if (seat_token_verify(statement, token, err) != ERR_OK)
		return err_add(err, "test: seat \"%s\"", readiness->seat);
	TRY(check_opened(session, readiness, token, begun, err));
	return journal_check_seen(session, readiness->seat, readiness->size, &readiness->root, err);
}

enum err_code
serve_test(struct session *session, struct call *call, struct err *err)
{
	DSSE statement = {0};
	CHANGE change = {0};
	LEAF leaf = leaf_new("test");
	struct readiness readiness;
	struct digest digest;
	int64_t begun = json_in_time(&call->in, "begun");

	in_statement(&call->in, "test", &statement);
	TRY(json_in_end(&call->in));
	TRY(readiness_parse(&statement, session->chain.charter->training, &readiness, err));
	TRY(change_begin(session, &change, err));
	TRY(check(session, &statement, &readiness, begun, err));
	TRY(session_keep(session, &statement, STATEMENT_TEST, false, &digest, err));
	TRY(store_add_test(session->store, &readiness.token, &digest, err));
	leaf_text(&leaf, "seat", readiness.seat);
	leaf_bytes(&leaf, "token", VIEW_OF(readiness.token.bytes));
	leaf_statement(&leaf, &digest);
	TRY(journal_add(session, &leaf, err));
	return change_commit(session, &change, err);
}

typedef enum err_code (*find_newest)(struct store *store, const struct digest *token,
    struct digest *ret_statement, struct err *err);

static enum err_code
put_newest(struct session *session, struct json *object, const char *name, find_newest find,
    const struct digest *token, struct err *err)
{
	struct digest digest;
	enum err_code code = find(session->store, token, &digest, err);

	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (code != ERR_OK)
		return code;
	return session_put_statement(session, object, name, &digest, err);
}

enum err_code
serve_evidence(struct session *session, struct call *call, struct err *err)
{
	const struct json *tokens = json_in_array(&call->in, "tokens", 0, TOKENS_MAX);
	JSON *array = json_new_array();

	TRY(json_in_end(&call->in));
	for (size_t i = 0; i < json_array_count(tokens); i++) {
		JSON *object = json_new_object();
		struct digest token;

		if (!read_digest(tokens, i, &token))
			return err_set(err, ERR_INVALID, "tokens[%zu]: must be 64 hex digits", i);
		json_put_hex(object, "token", VIEW_OF(token.bytes));
		TRY(put_newest(session, object, "test", store_newest_test, &token, err));
		TRY(put_newest(session, object, "approval", store_newest_approval, &token, err));
		json_add(array, TAKE(object));
	}
	json_put(call->reply, "evidence", TAKE(array));
	return ERR_OK;
}
