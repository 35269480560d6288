/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ceremony/protocol/statements.c: each statement of a ceremony, whole; then without each of its members, with each
 * of them wrong in kind, with one more, and with every byte changed.
 */
#include "ceremony/protocol/record_batch.h"
#include "ceremony/protocol/spare.h"

#include <stdio.h>

#include "base/text.h"
#include "tests/unit/check.h"

enum { KINDS = 10, MEMBERS_MAX = 32 };

struct sample {
	enum statement_type type;
	struct json *payload;
	enum err_code (*parse)(const struct dsse *statement, struct digest *ret_digest,
	    struct err *err);
};
struct bench {
	struct p256_key *token;
	struct point public;
	struct secret *host;
	struct ed25519_public host_public;
	struct sample samples[KINDS];
};

static enum err_code
parse_request(const struct dsse *statement, struct digest *ret_digest, struct err *err)
{
	struct request request;

	TRY(request_parse(statement, false, &request, err));
	*ret_digest = request.digest;
	return ERR_OK;
}

static enum err_code
parse_ceremony(const struct dsse *statement, struct digest *ret_digest, struct err *err)
{
	struct ceremony ceremony;

	TRY(ceremony_parse(statement, false, &ceremony, err));
	*ret_digest = ceremony.digest;
	return ERR_OK;
}

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
parse_release(const struct dsse *statement, struct digest *ret_digest, struct err *err)
{
	struct release release;

	TRY(release_parse(statement, false, &release, err));
	*ret_digest = release.digest;
	return ERR_OK;
}

static enum err_code
parse_rotation(const struct dsse *statement, struct digest *ret_digest, struct err *err)
{
	struct rotation rotation;

	TRY(rotation_parse(statement, false, &rotation, err));
	*ret_digest = rotation.digest;
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
PARSE_LIST(batch_request, BATCH_REQUEST)
PARSE_LIST(batch_ceremony, BATCH_CEREMONY)
PARSE_LIST(spare, SPARE)

static struct digest
filled(uint8_t byte)
{
	struct digest digest;

	memset(digest.bytes, byte, sizeof(digest.bytes));
	return digest;
}

static struct request
some_request(void)
{
	return (struct request){.vault = filled(1), .definition = filled(2), .header = filled(3),
		.secret = {{4}}, .name = "prod/db", .version = 7, .seat = "alice", .token = filled(5),
		.reason = "the primary does not boot", .incident = "INC-4711", .duration = 1800,
		.host = "laptop", .user = "alice", .created = 1767225600, .expires = 1767229200};
}

static struct ceremony
some_ceremony(const struct point *key)
{
	return (struct ceremony){.vault = filled(1), .request = filled(6), .definition = filled(2),
		.header = filled(3), .charter = filled(8), .roster = filled(9), .id = {{10}},
		.secret = {{4}}, .version = 7, .quorum = "2 of (audit, ciso, infra)", .key = *key,
		.created = 1767225600, .deadline = 1767229200, .size = 42, .root = filled(11)};
}

static struct approval
some_approval(const struct point *enc)
{
	return (struct approval){.vault = filled(1), .ceremony = filled(12), .seat = "ciso",
		.token = filled(13), .enc = *enc, .time = 1767225700, .size = 43, .root = filled(14)};
}

static struct objection
some_objection(void)
{
	return (struct objection){.vault = filled(1), .ceremony = filled(12), .seat = "ciso",
		.token = filled(13), .reason = "not tonight", .time = 1767225800};
}

static struct release
some_release(void)
{
	return (struct release){.vault = filled(1), .ceremony = filled(12), .header = filled(3),
		.secret = {{4}}, .version = 7, .approvals = {filled(20), filled(21)},
		.approval_count = 2, .answers = {{filled(22), filled(23)}, {filled(24), filled(25)}},
		.answer_count = 2, .debt = {{26}}, .released = 1767225900, .expires = 1767227700};
}

static struct rotation
some_rotation(void)
{
	return (struct rotation){.vault = filled(1), .header = filled(3), .debt = {{26}},
		.secret = {{4}}, .old = 7, .new = 9, .sessions = "ended", .detail = "two sessions",
		.time = 1767227800};
}

static void
make_lists(struct bench *bench)
{
	struct err err;
	struct sample *samples = bench->samples;
	struct batch_open opens[] = {
		{.secret = {{4}}, .name = "prod/db", .version = 7, .definition = filled(2), .header = filled(3)},
		{.secret = {{5}}, .name = "prod/ca", .version = 1, .definition = filled(6), .header = filled(7)}};
	struct spare_open handed[] = {{.secret = {{4}}, .version = 7, .header = filled(3), .envelope = 2}};
	const struct batch_request request = {.vault = filled(1), .token = filled(5),
		.mode = BATCH_ROTATE, .seat = "ops", .reason = "sam left", .opens = opens, .count = 2,
		.host = "desk", .user = "ops", .created = 1767225600, .expires = 1767229200};
	const struct batch_ceremony ceremony = {.vault = filled(1), .request = filled(6),
		.charter = filled(8), .roster = filled(9), .id = {{10}}, .mode = BATCH_RESEAL,
		.opens = opens, .count = 2, .key = bench->public, .created = 1767225600,
		.deadline = 1767229200, .size = 42, .root = filled(11)};
	const struct spare spare = {.vault = filled(1), .seat = "ciso", .from = filled(13),
		.to = filled(14), .enc = bench->public, .opens = handed, .count = 1, .time = 1767225700,
		.size = 43, .root = filled(15)};

	samples[7] = (struct sample){STATEMENT_REQUEST, NULL, parse_batch_request};
	assert_ok(batch_request_payload(&request, &samples[7].payload, &err));
	samples[8] = (struct sample){STATEMENT_CEREMONY, NULL, parse_batch_ceremony};
	assert_ok(batch_ceremony_payload(&ceremony, &samples[8].payload, &err));
	samples[9] = (struct sample){STATEMENT_SPARE, NULL, parse_spare};
	assert_ok(spare_payload(&spare, &samples[9].payload, &err));
}

static int
start(void **state)
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
	const struct request request = some_request();
	const struct ceremony ceremony = some_ceremony(&bench->public);
	const struct approval approval = some_approval(&bench->public);
	const struct objection objection = some_objection();
	const struct release release = some_release();
	const struct rotation rotation = some_rotation();
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
	samples[6] = (struct sample){STATEMENT_ROTATION, NULL, parse_rotation};
	assert_ok(rotation_payload(&rotation, &samples[6].payload, &err));
	make_lists(bench);
	*state = bench;
	return 0;
}

static int
stop(void **state)
{
	struct bench *bench = *state;

	p256_key_free(bench->token);
	secret_free(bench->host);
	for (int i = 0; i < KINDS; i++)
		json_free(bench->samples[i].payload);
	free(bench);
	return 0;
}

static void
state_sample(struct sample *sample, struct dsse *ret_statement)
{
	struct err err;
	BUF text = {0};
	JSON *payload = NULL;

	assert_ok(json_encode(sample->payload, &text, &err));
	assert_ok(json_parse(buf_view(&text), &payload, &err));
	assert_ok(statement_new(sample->type, false, payload, ret_statement, &err));
}

/* --- Whole -------------------------------------------------------------------------------- */

static void
what_is_written_is_read_again(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct digest digest;

	for (int i = 0; i < KINDS; i++) {
		DSSE statement = {0};
		struct digest computed;

		state_sample(&bench->samples[i], &statement);
		assert_ok(bench->samples[i].parse(&statement, &computed, &err));
		assert_ok(dsse_digest(&statement, &digest, &err));
		assert_true(digest_equal(&computed, &digest));
	}
}

/* Everything but the digest, which only a statement has. */
#define ASSERT_SAME(type, kind, value, ...)                                                        \
	do {                                                                                       \
		DSSE statement_ = {0};                                                             \
		struct kind read_, written_ = value;                                               \
                                                                                                   \
		state_sample(&bench->samples[type], &statement_);                                  \
		assert_ok(kind##_parse(&statement_, __VA_ARGS__, &read_, &err));                   \
		written_.digest = read_.digest;                                                    \
		assert_memory_equal(&read_, &written_, sizeof(read_));                             \
	} while (0)

static void
every_value_survives(void **state)
{
	struct bench *bench = *state;
	struct err err;

	ASSERT_SAME(0, request, some_request(), false);
	ASSERT_SAME(1, ceremony, some_ceremony(&bench->public), false);
	ASSERT_SAME(2, approval, some_approval(&bench->public), false);
	ASSERT_SAME(3, objection, some_objection(), STATEMENT_DENIAL, false);
	ASSERT_SAME(4, objection, some_objection(), STATEMENT_CANCEL, false);
	ASSERT_SAME(5, release, some_release(), false);
	ASSERT_SAME(6, rotation, some_rotation(), false);
}

static void
a_statement_of_another_kind_or_a_training_vault_is_refused(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct digest digest;

	for (int i = 0; i < KINDS; i++)
		for (int j = 0; j < KINDS; j++) {
			DSSE statement = {0};

			state_sample(&bench->samples[i], &statement);
			if (i != j)
				assert_error(ERR_INVALID,
				    bench->samples[j].parse(&statement, &digest, &err));
		}
	DSSE training = {0};
	JSON *payload = NULL;
	const struct request request = some_request();

	assert_ok(request_payload(&request, &payload, &err));
	assert_ok(statement_new(STATEMENT_REQUEST, true, payload, &training, &err));
	assert_error(ERR_REFUSED, parse_request(&training, &digest, &err));
}

/* --- Members ------------------------------------------------------------------------------ */

/* Where the members of the object TEXT begin and end. */
static size_t
split(const char *text, size_t size, size_t starts[MEMBERS_MAX], size_t ends[MEMBERS_MAX])
{
	size_t count = 0, start = 1;
	int depth = 0;
	bool quoted = false;

	for (size_t i = 1; i < size; i++) {
		if (text[i] == '"' && text[i - 1] != '\\')
			quoted = !quoted;
		if (quoted)
			continue;
		if (depth == 0 && (text[i] == ',' || text[i] == '}')) {
			starts[count] = start;
			ends[count++] = i;
			start = i + 1;
		}
		depth += (text[i] == '{' || text[i] == '[') - (text[i] == '}' || text[i] == ']');
	}
	return count;
}

/* The members without number WITHOUT, and MORE (may be NULL) in its place. */
static void
rebuild(const struct dsse *statement, size_t without, const char *more, struct dsse *ret_statement)
{
	const char *text = (const char *)statement->payload.data;
	size_t starts[MEMBERS_MAX], ends[MEMBERS_MAX];
	size_t count = split(text, statement->payload.size, starts, ends);
	BUF payload = {0};
	struct err err;
	const char *comma = "";

	buf_text(&payload, "{");
	for (size_t i = 0; i < count; i++) {
		if (i == without)
			continue;
		buf_format(&payload, "%s%.*s", comma, (int)(ends[i] - starts[i]), text + starts[i]);
		comma = ",";
	}
	if (more != NULL)
		buf_format(&payload, "%s%s", comma, more);
	buf_text(&payload, "}");
	assert_ok(dsse_set(ret_statement, statement->type, buf_view(&payload), &err));
}

static size_t
count_members(const struct dsse *statement)
{
	size_t starts[MEMBERS_MAX], ends[MEMBERS_MAX];

	return split((const char *)statement->payload.data, statement->payload.size, starts, ends);
}

static void
every_member_must_be_there(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct digest digest;

	for (int i = 0; i < KINDS; i++) {
		DSSE statement = {0};

		state_sample(&bench->samples[i], &statement);
		for (size_t j = 0; j < count_members(&statement); j++) {
			DSSE less = {0};

			rebuild(&statement, j, NULL, &less);
			assert_error(ERR_INVALID, bench->samples[i].parse(&less, &digest, &err));
			assert_says("is missing");
		}
	}
}

static void
no_member_may_be_added(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct digest digest;

	for (int i = 0; i < KINDS; i++) {
		DSSE statement = {0}, more = {0};

		state_sample(&bench->samples[i], &statement);
		rebuild(&statement, SIZE_MAX, "\"more\":1", &more);
		assert_error(ERR_INVALID, bench->samples[i].parse(&more, &digest, &err));
		assert_says("more");
	}
}

static void
every_member_of_a_wrong_kind_is_refused(void **state)
{
	static const char *const wrong[] = {"null", "true", "-1", "{}", "[]", "[1]", "\"\\u0007\"",
		"\"zz\"", "18446744073709551616"};
	struct bench *bench = *state;
	struct err err;
	struct digest digest;

	for (int i = 0; i < KINDS; i++) {
		DSSE statement = {0};
		size_t starts[MEMBERS_MAX], ends[MEMBERS_MAX];

		state_sample(&bench->samples[i], &statement);
		const char *text = (const char *)statement.payload.data;
		size_t count = split(text, statement.payload.size, starts, ends);
		for (size_t j = 0; j < count; j++)
			for (size_t k = 0; k < ARRAY_SIZE(wrong); k++) {
				DSSE changed = {0};
				char member[200];
				const char *colon = strchr(text + starts[j], ':');

				snprintf(member, sizeof(member), "%.*s%s",
				    (int)(colon + 1 - (text + starts[j])), text + starts[j], wrong[k]);
				/* These are texts that may say anything. */
				bool free_text = strcmp(wrong[k], "\"zz\"") == 0 &&
				    (strstr(member, "\"name\"") || strstr(member, "\"seat\"") ||
					strstr(member, "\"reason\"") || strstr(member, "\"incident\"") ||
					strstr(member, "\"host\"") || strstr(member, "\"user\"") ||
					strstr(member, "\"detail\""));
				rebuild(&statement, j, member, &changed);
				enum err_code code = bench->samples[i].parse(&changed, &digest, &err);
				if (code != (free_text ? ERR_OK : ERR_INVALID))
					fail_msg("%s: %s", member, err_name(code));
			}
	}
}

/* Change one byte and it is void: by its form, or by its signature. */
static void
every_changed_byte_is_refused_by_form_or_signature(void **state)
{
	struct bench *bench = *state;
	struct err err;
	struct digest digest;
	size_t formally_right = 0;

	for (int i = 0; i < KINDS; i++) {
		DSSE statement = {0};
		bool host = i == 1 || i == 5 || i == 6 || i == 8;
		BUF sig = {0};
		char keyid[2 * DIGEST_SIZE + 1];

		state_sample(&bench->samples[i], &statement);
		if (host)
			assert_ok(statement_sign_host(&statement, bench->host, &err));
		else {
			assert_ok(dsse_digest(&statement, &digest, &err));
			assert_ok(p256_sign(bench->token, &digest, &sig, &err));
			assert_ok(token_id(&bench->public, &digest, &err));
			text_hex(VIEW_OF(digest.bytes), keyid);
			assert_ok(dsse_add(&statement, keyid, buf_view(&sig), (struct view){0}, &err));
		}
		for (size_t j = 0; j < statement.payload.size; j++) {
			statement.payload.data[j] ^= 1;
			if (bench->samples[i].parse(&statement, &digest, &err) == ERR_OK) {
				formally_right++;
				assert_error(ERR_INTEGRITY, host ?
				    statement_verify_host(&statement, &bench->host_public, &err) :
				    statement_verify_token(&statement, SIGNS_DIGEST, &bench->public, &err));
			}
			statement.payload.data[j] ^= 1;
		}
	}
	assert_true(formally_right > 100); /* signatures were really asked */
}

/* --- Rules between members ---------------------------------------------------------------- */

#define REFUSED(kind, value, change, says, ...)                                                    \
	do {                                                                                       \
		struct kind wrong = value, read;                                                   \
		JSON *payload = NULL;                                                              \
		DSSE statement = {0};                                                              \
                                                                                                   \
		change;                                                                            \
		assert_ok(kind##_payload(&wrong, &payload, &err));                                 \
		assert_ok(statement_new(STATEMENT_##__VA_ARGS__, false, payload, &statement, &err)); \
		assert_error(ERR_INVALID, kind##_parse(&statement, false, &read, &err));           \
		assert_says(says);                                                                 \
	} while (0)

static void
values_outside_their_range_are_refused(void **state)
{
	struct bench *bench = *state;
	struct err err;
	const struct point *key = &bench->public;

	REFUSED(request, some_request(), wrong.version = 0, "version", REQUEST);
	REFUSED(request, some_request(), wrong.duration = 0, "duration", REQUEST);
	REFUSED(request, some_request(), wrong.duration = INT64_MAX, "duration", REQUEST);
	REFUSED(request, some_request(), wrong.expires = wrong.created, "expires", REQUEST);
	REFUSED(request, some_request(), wrong.reason[0] = '\0', "reason", REQUEST);
	REFUSED(request, some_request(), wrong.incident[0] = '\0', "incident", REQUEST);
	REFUSED(request, some_request(), wrong.seat[0] = '/', "seat", REQUEST);
	REFUSED(request, some_request(), wrong.name[0] = 'A', "name", REQUEST);
	REFUSED(ceremony, some_ceremony(key), wrong.deadline = wrong.created, "deadline", CEREMONY);
	REFUSED(ceremony, some_ceremony(key), wrong.version = 0, "version", CEREMONY);
	REFUSED(ceremony, some_ceremony(key), wrong.key.bytes[0] = 6, "key", CEREMONY);
	REFUSED(ceremony, some_ceremony(key), wrong.key.bytes[64] ^= 1, "key", CEREMONY);
	REFUSED(ceremony, some_ceremony(key),
	    snprintf(wrong.quorum, sizeof(wrong.quorum), "2 of (ciso)"), "quorum", CEREMONY);
	REFUSED(ceremony, some_ceremony(key),
	    snprintf(wrong.quorum, sizeof(wrong.quorum), "1  of (ciso)"), "quorum", CEREMONY);
	REFUSED(approval, some_approval(key), wrong.enc.bytes[64] ^= 1, "enc", APPROVAL);
	REFUSED(release, some_release(), wrong.expires = wrong.released, "expires", RELEASE);
	REFUSED(release, some_release(), wrong.approval_count = 0, "approvals", RELEASE);
	REFUSED(release, some_release(), wrong.approvals[1] = wrong.approvals[0], "stands twice",
	    RELEASE);
	REFUSED(release, some_release(), wrong.answer_count = 0, "answers", RELEASE);
	REFUSED(release, some_release(), wrong.answers[1].token = wrong.answers[0].token,
	    "stands twice", RELEASE);
	REFUSED(rotation, some_rotation(), wrong.new = wrong.old, "new", ROTATION);
	REFUSED(rotation, some_rotation(), snprintf(wrong.sessions, 16, "gone"), "sessions", ROTATION);
}

/* What people read is plain: nothing can be hidden in a reason. */
static void
control_and_bidi_characters_in_a_reason_are_refused(void **state)
{
	static const char *const bad[] = {"a\x1b[2Jb", "a\nb", "a\xe2\x80\xae" "b", "a\xff" "b"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct request request = some_request();
		JSON *payload = NULL;
		DSSE statement = {0};

		snprintf(request.reason, sizeof(request.reason), "%s", bad[i]);
		/* Our own writer refuses it already. */
		if (request_payload(&request, &payload, &err) == ERR_OK)
			assert_int_not_equal(
			    statement_new(STATEMENT_REQUEST, false, payload, &statement, &err), ERR_OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(every_value_survives),
		cmocka_unit_test(a_statement_of_another_kind_or_a_training_vault_is_refused),
		cmocka_unit_test(every_member_must_be_there),
		cmocka_unit_test(no_member_may_be_added),
		cmocka_unit_test(every_member_of_a_wrong_kind_is_refused),
		cmocka_unit_test(every_changed_byte_is_refused_by_form_or_signature),
		cmocka_unit_test(values_outside_their_range_are_refused),
		cmocka_unit_test(control_and_bidi_characters_in_a_reason_are_refused),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
