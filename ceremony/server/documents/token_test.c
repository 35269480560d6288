/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of tokens, and the newest evidence that each works (ceremony/protocol/test.h).
 *
 *	test-begin	probes, and which envelopes were handed on to the token that it never opened
 *	test-box	one of those, for whoever opened the share key's probe
 *	test		the signed statement about what was opened
 *
 * That the seat handed them on to this very token is signed and in the log (type spare).
 */
#include "ceremony/server/documents/token_test.h"

#include <stdlib.h>

#include "base/hpke.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/test.h"
#include "ceremony/server/opening/spare_envelopes.h"
#include "ceremony/server/vault/alarm.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/log.h"
#include "vault/documents/digests.h"
#include "vault/seal/reply.h"
#include "vault/store/secret.h"
#include "vault/store/spare.h"
#include "vault/store/token.h"
#include "vault/store/voice.h"

enum { TOKENS_MAX = 64 };

static enum err_code
put_spare(struct session *session, const struct spare_row *row, struct json *spares,
    struct err *err)
{
	struct secret_row secret;
	struct json *object;

	TRY(store_get_secret(session->store, &row->secret, &secret, err));
	object = json_new_object();
	json_put_hex(object, "statement", VIEW_OF(row->statement.bytes));
	json_put_hex(object, "secret", VIEW_OF(row->secret.bytes));
	json_put_text(object, "name", secret.name);
	json_put_int(object, "version", row->version);
	json_put_int(object, "envelope", row->envelope);
	json_add(spares, object);
	return ERR_OK;
}

DESTRUCTOR(free_rows, struct spare_row, free)

/* What was handed on to TOKEN that it never opened. */
static enum err_code
put_spares(struct session *session, const struct seat_token *token, struct json *reply,
    struct err *err)
{
	JSON *spares = json_new_array();
	size_t count;
	CLEANUP(free_rows)
	struct spare_row *rows = calloc(READINESS_SPARES, sizeof(*rows));

	if (rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a list");
	TRY(store_list_untested_spares(session->store, &token->id, rows, READINESS_SPARES, &count,
	    err));
	for (size_t i = 0; i < count; i++)
		TRY(put_spare(session, &rows[i], spares, err));
	json_put(reply, "spares", TAKE(spares));
	return ERR_OK;
}

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
	const struct seat_token *token = chain_token(&session->chain, seat, &id);
	if (token == NULL)
		return chain_refuse_token(&session->chain, seat, &id, err);
	for (int key = KEY_SHARE; key < KEY_COUNT; key++)
		if (token->has[key])
			TRY(put_probe(session, token, key, begun, probes, err));
	json_put_time(call->reply, "begun", begun);
	json_put(call->reply, "probes", TAKE(probes));
	return put_spares(session, token, call->reply, err);
}

static enum err_code
check_fresh(const struct session *session, int64_t begun, struct err *err)
{
	int64_t now = session_now(session);

	if (begun > now || now - begun >= READINESS_SECONDS)
		return err_set(err, ERR_EXPIRED,
		    "test: its probes were good for ten minutes; run it again");
	return ERR_OK;
}

/* OPENED is what comes out of the probe for KEY that was sealed at BEGUN; RET_PROBE may be NULL. */
static enum err_code
check_probe(struct session *session, const struct seat_token *token, int key, int64_t begun,
    const struct digest *opened, struct secret **ret_probe, struct err *err)
{
	SECRET *probe = NULL;
	struct digest expected;

	TRY(readiness_probe(session->keys.statement, &session->chain.vault, &token->id, key, begun,
	    &probe, err));
	TRY(sha256_one(secret_view(probe), &expected, err));
	if (!digest_equal(&expected, opened))
		return err_set(err, ERR_REFUSED,
		    "test: opened: the %s key did not open the probe that was sealed to it",
		    key_names[key]);
	if (ret_probe != NULL)
		*ret_probe = TAKE(probe);
	return ERR_OK;
}

/* The envelope of TOKEN beside VERSION (enc, ciphertext); RET_STATEMENT handed it on. */
static enum err_code
read_spare(struct session *session, const char *seat, const struct digest *token,
    const struct version_row *version, struct buf *ret_envelope, struct digest *ret_statement,
    struct err *err)
{
	struct spare_set set = {0};
	const struct spare_row *row = NULL;
	HEADER *header = NULL;
	uint32_t index;

	TRY(header_new(&header, err));
	TRY(header_decode(buf_view(&version->header), header, err));
	TRY(spares_load(session, header, &set, err));
	TRY(spares_envelope(header, &set, seat, token, &index, &row, err));
	if (row == NULL)
		return err_set(err, ERR_REFUSED, "the version was sealed to this token itself");
	TRY(spares_read_box(session, header, index, row, ret_envelope, err));
	*ret_statement = row->statement;
	return ERR_OK;
}

static enum err_code
send_spare(struct session *session, const struct test_box *asked, struct p256_key *key,
    struct buf *out, struct err *err)
{
	VERSION_ROW version = {0};
	BUF envelope = {0};
	struct point reply;
	struct reply_ids ids = {.vault = session->chain.vault,
	    .seat = asked->seat,
	    .token = asked->token};

	TRY(store_get_version(session->store, &asked->secret, asked->version, &version, err));
	TRY(read_spare(session, asked->seat, &asked->token, &version, &envelope, &ids.statement,
	    err));
	ids.header = version.header_hash;
	p256_key_public(key, &reply);
	buf_lp32(out, buf_view(&version.header));
	return reply_seal(&ids, &reply, buf_view(&envelope), out, err);
}

enum err_code
serve_test_box(struct session *session, struct call *call, struct err *err)
{
	struct test_box asked;
	SECRET *probe = NULL;
	P256_KEY *key = NULL;

	members_in(&call->in, test_box_members, &asked);
	TRY(json_in_end(&call->in));
	const struct seat_token *token = chain_token(&session->chain, asked.seat, &asked.token);
	if (token == NULL)
		return chain_refuse_token(&session->chain, asked.seat, &asked.token, err);
	TRY(check_fresh(session, asked.begun, err));
	TRY(check_probe(session, token, KEY_SHARE, asked.begun, &asked.opened, &probe, err));
	TRY(readiness_reply(probe, &key, err));
	return send_spare(session, &asked, key, &call->out, err);
}

/* What the person opened is what this host sealed then. */
static enum err_code
check_opened(struct session *session, const struct readiness *readiness,
    const struct seat_token *token, int64_t begun, struct err *err)
{
	for (int key = KEY_SHARE; key < KEY_COUNT; key++) {
		if (readiness->has[key] != token->has[key])
			return err_set(err, ERR_REFUSED, "test: opened: the token %s a %s key",
			    token->has[key] ? "has" : "does not have", key_names[key]);
		if (!token->has[key])
			continue;
		TRY(check_probe(session, token, key, begun, &readiness->opened[key], NULL, err));
	}
	return ERR_OK;
}

struct testing {
	struct dsse statement;
	struct readiness readiness; /* what it says */
	int64_t begun;
};

static void
testing_done(struct testing *testing)
{
	dsse_done(&testing->statement);
	readiness_done(&testing->readiness);
}

static enum err_code
judge_test(struct session *session, void *context, struct err *err)
{
	const struct testing *testing = context;
	const struct readiness *readiness = &testing->readiness;
	const struct seat_token *token =
	    chain_token(&session->chain, readiness->seat, &readiness->token);

	if (!digest_equal(&readiness->vault, &session->chain.vault))
		return err_set(err, ERR_REFUSED, "test: vault: it is for another vault");
	TRY(check_fresh(session, testing->begun, err));
	if (alarm_of_signature(session, &testing->statement, readiness->seat, &readiness->token,
	        err) != ERR_OK)
		return err_add(err, "test");
	TRY(check_opened(session, readiness, token, testing->begun, err));
	TRY(session_check_new(session, &testing->statement, STATEMENT_TEST, err));
	return journal_check_seen(session, readiness->seat, readiness->size, &readiness->root, err);
}

enum err_code
serve_test(struct session *session, struct call *call, struct err *err)
{
	CLEANUP(testing_done)
	struct testing testing = {.begun = json_in_time(&call->in, "begun")};
	CHANGE change = {0};
	LEAF leaf = leaf_new("test");
	const struct readiness *readiness = &testing.readiness;
	struct digest digest;

	in_statement(&call->in, "test", &testing.statement);
	TRY(json_in_end(&call->in));
	TRY(readiness_parse(&testing.statement, session->chain.charter->training,
	    &testing.readiness, err));
	TRY(change_begin_judged(session, &change, judge_test, &testing, err));
	TRY(session_keep(session, &testing.statement, STATEMENT_TEST, false, &digest, err));
	TRY(store_add_test(session->store, &readiness->token, &digest, err));
	for (size_t i = 0; i < readiness->spare_count; i++)
		TRY(store_test_spare(session->store, &readiness->token, &readiness->spares[i].box,
		    &digest, err));
	leaf_text(&leaf, "seat", readiness->seat);
	leaf_bytes(&leaf, "token", VIEW_OF(readiness->token.bytes));
	if (readiness->spare_count > 0)
		leaf_int(&leaf, "spares", (int64_t)readiness->spare_count);
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
