/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/protocol/samples.h"

#include <stdlib.h>

#include "base/crypto_key.h"
#include "ceremony/protocol/spare.h"
#include "ceremony/protocol/statements_host.h"
#include "tests/unit/check.h"

static enum err_code
parse_approval(const struct dsse *statement, struct digest *ret_digest, struct err *err)
{
	struct approval approval;

	TRY(approval_parse(statement, false, &approval, err));
	*ret_digest = approval.digest;
	return ERR_OK;
}

static enum err_code
parse_denial(const struct dsse *statement, struct digest *ret_digest, struct err *err)
{
	struct objection objection;

	TRY(objection_parse(statement, STATEMENT_DENIAL, false, &objection, err));
	*ret_digest = objection.digest;
	return ERR_OK;
}

static enum err_code
parse_cancel(const struct dsse *statement, struct digest *ret_digest, struct err *err)
{
	struct objection objection;

	TRY(objection_parse(statement, STATEMENT_CANCEL, false, &objection, err));
	*ret_digest = objection.digest;
	return ERR_OK;
}

static enum err_code
parse_done(const struct dsse *statement, struct digest *ret_digest, struct err *err)
{
	struct done done;

	TRY(done_parse(statement, false, &done, err));
	*ret_digest = done.digest;
	return ERR_OK;
}

/* Those that own a list. */
#define PARSE_LIST(kind, TYPE)                                                                     \
	static enum err_code parse_##kind(const struct dsse *statement, struct digest *ret_digest, \
	    struct err *err)                                                                       \
	{                                                                                          \
		TYPE value = {0};                                                                  \
		TRY(kind##_parse(statement, false, &value, err));                                  \
		*ret_digest = value.digest;                                                        \
		return ERR_OK;                                                                     \
	}
PARSE_LIST(request, REQUEST)
PARSE_LIST(ceremony, CEREMONY)
PARSE_LIST(release, RELEASE)
PARSE_LIST(spare, SPARE)

struct digest
filled(uint8_t byte)
{
	struct digest digest;

	memset(digest.bytes, byte, sizeof(digest.bytes));
	return digest;
}

/* Fresh at each call, so that a test may spoil it. */
static struct items
some_items(void)
{
	static struct item rows[1];

	rows[0] = (struct item){.secret = {{4}},
	    .version = 7,
	    .definition = filled(2),
	    .header = filled(3),
	    .name = "prod/db",
	    .quorum = "2 of (audit, ciso, infra)"};
	return (struct items){rows, 1};
}

static struct recipients
some_recipients(const struct point *key)
{
	return (struct recipients){.rows = {{filled(5), *key}}, .count = 1};
}

struct request
some_request(const struct point *key)
{
	return (struct request){.vault = filled(1),
	    .mode = MODE_RELEASE,
	    .items = some_items(),
	    .recipients = some_recipients(key),
	    .seat = "alice",
	    .token = filled(5),
	    .reason = "the primary does not boot",
	    .incident = "INC-4711",
	    .duration = 1800,
	    .host = "laptop",
	    .user = "alice",
	    .created = 1767225600,
	    .expires = 1767229200};
}

struct ceremony
some_ceremony(const struct point *key)
{
	return (struct ceremony){.vault = filled(1),
	    .request = filled(6),
	    .mode = MODE_RELEASE,
	    .items = some_items(),
	    .recipients = some_recipients(key),
	    .charter = filled(8),
	    .roster = filled(9),
	    .id = {{10}},
	    .key = *key,
	    .created = 1767225600,
	    .deadline = 1767229200,
	    .size = 42,
	    .root = filled(11)};
}

struct approval
some_approval(const struct point *enc)
{
	return (struct approval){.vault = filled(1),
	    .ceremony = filled(12),
	    .seat = "ciso",
	    .token = filled(13),
	    .enc = *enc,
	    .reply = *enc,
	    .time = 1767225700,
	    .size = 43,
	    .root = filled(14)};
}

struct objection
some_objection(void)
{
	return (struct objection){.vault = filled(1),
	    .ceremony = filled(12),
	    .seat = "ciso",
	    .token = filled(13),
	    .reason = "not tonight",
	    .time = 1767225800};
}

struct release
some_release(void)
{
	static struct release_item items[2];

	items[0] = (struct release_item){{{4}}, 7, filled(3), {{26}}};
	items[1] = (struct release_item){{{5}}, 1, filled(7), {{27}}};
	return (struct release){.vault = filled(1),
	    .ceremony = filled(12),
	    .items = items,
	    .item_count = 2,
	    .recipients = {filled(22), filled(24)},
	    .recipient_count = 2,
	    .approvals = {filled(20), filled(21)},
	    .approval_count = 2,
	    .key = {{28}},
	    .released = 1767225900,
	    .expires = 1767227700};
}

struct done
some_done(void)
{
	return (struct done){.vault = filled(1),
	    .release = filled(29),
	    .seat = "alice",
	    .token = filled(5),
	    .time = 1767226000};
}

static void
make_lists(struct bench *bench)
{
	struct err err;
	struct sample *samples = bench->samples;
	struct item opens[] = {{.secret = {{4}},
	                           .name = "prod/db",
	                           .version = 7,
	                           .definition = filled(2),
	                           .header = filled(3),
	                           .quorum = "2 of (audit, ciso, infra)"},
	    {.secret = {{5}},
	        .name = "prod/ca",
	        .version = 1,
	        .definition = filled(6),
	        .header = filled(7),
	        .quorum = "1 of (ciso)"}};
	struct spare_open handed[] = {
	    {.secret = {{4}}, .version = 7, .header = filled(3), .envelope = 2}};
	const struct request request = {.vault = filled(1),
	    .token = filled(5),
	    .mode = MODE_ROTATE,
	    .seat = "ops",
	    .reason = "sam left",
	    .items = {opens, 2},
	    .host = "desk",
	    .user = "ops",
	    .created = 1767225600,
	    .expires = 1767229200};
	const struct ceremony ceremony = {.vault = filled(1),
	    .request = filled(6),
	    .charter = filled(8),
	    .roster = filled(9),
	    .id = {{10}},
	    .mode = MODE_RESEAL,
	    .items = {opens, 2},
	    .key = bench->public,
	    .created = 1767225600,
	    .deadline = 1767229200,
	    .size = 42,
	    .root = filled(11)};
	const struct spare spare = {.vault = filled(1),
	    .seat = "ciso",
	    .from = filled(13),
	    .to = filled(14),
	    .enc = bench->public,
	    .reply = bench->public,
	    .opens = handed,
	    .count = 1,
	    .time = 1767225700,
	    .size = 43,
	    .root = filled(15)};

	samples[6] = (struct sample){STATEMENT_REQUEST, NULL, parse_request};
	assert_ok(request_payload(&request, &samples[6].payload, &err));
	samples[7] = (struct sample){STATEMENT_CEREMONY, NULL, parse_ceremony};
	assert_ok(ceremony_payload(&ceremony, &samples[7].payload, &err));
	samples[8] = (struct sample){STATEMENT_SPARE, NULL, parse_spare};
	assert_ok(spare_payload(&spare, &samples[8].payload, &err));
	const struct done done = some_done();
	samples[9] = (struct sample){STATEMENT_DONE, NULL, parse_done};
	assert_ok(done_payload(&done, &samples[9].payload, &err));
}

int
samples_start(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct err err;

	assert_non_null(bench);
	assert_ok(crypto_start(&err));
	assert_ok(p256_key_new(&bench->token, &err));
	p256_key_public(bench->token, &bench->public);
	assert_ok(secret_new(32, &bench->host, &err));
	assert_ok(secret_random(bench->host, 32, &err));
	assert_ok(ed25519_public(bench->host, &bench->host_public, &err));
	const struct request request = some_request(&bench->public);
	const struct ceremony ceremony = some_ceremony(&bench->public);
	const struct approval approval = some_approval(&bench->public);
	const struct objection objection = some_objection();
	const struct release release = some_release();
	struct sample *samples = bench->samples;
	samples[0] = (struct sample){STATEMENT_REQUEST, NULL, parse_request};
	assert_ok(request_payload(&request, &samples[0].payload, &err));
	samples[1] = (struct sample){STATEMENT_CEREMONY, NULL, parse_ceremony};
	assert_ok(ceremony_payload(&ceremony, &samples[1].payload, &err));
	samples[2] = (struct sample){STATEMENT_APPROVAL, NULL, parse_approval};
	assert_ok(approval_payload(&approval, &samples[2].payload, &err));
	samples[3] = (struct sample){STATEMENT_DENIAL, NULL, parse_denial};
	assert_ok(objection_payload(&objection, &samples[3].payload, &err));
	samples[4] = (struct sample){STATEMENT_CANCEL, NULL, parse_cancel};
	assert_ok(objection_payload(&objection, &samples[4].payload, &err));
	samples[5] = (struct sample){STATEMENT_RELEASE, NULL, parse_release};
	assert_ok(release_payload(&release, &samples[5].payload, &err));
	make_lists(bench);
	*state = bench;
	return 0;
}

int
samples_stop(void **state)
{
	struct bench *bench = *state;

	p256_key_free(bench->token);
	secret_free(bench->host);
	for (int i = 0; i < KINDS; i++)
		json_free(bench->samples[i].payload);
	free(bench);
	return 0;
}

void
state_sample(struct sample *sample, struct dsse *ret_statement)
{
	struct err err;
	BUF text = {0};
	JSON *payload = NULL;

	assert_ok(json_encode(sample->payload, &text, &err));
	assert_ok(json_parse(buf_view(&text), &payload, &err));
	assert_ok(statement_new(sample->type, false, payload, ret_statement, &err));
}
