/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ceremony/protocol/statements.c: each statement of a ceremony, whole; then without each of its members, with each
 * of them wrong in kind, with one more, and with every byte changed.
 */
#include "ceremony/protocol/spare.h"
#include "ceremony/protocol/statements_host.h"

#include <stdio.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "tests/lib/p256_sign.h"
#include "tests/unit/check.h"
#include "tests/unit/protocol/samples.h"

enum { MEMBERS_MAX = 32 };

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

/* The same for what owns a list. */
#define ASSERT_SAME_LIST(type, kind, KIND, value, ceremony)                                        \
	do {                                                                                       \
		DSSE statement_ = {0};                                                             \
		KIND read_ = {0};                                                                  \
		struct kind written_ = value;                                                      \
                                                                                                   \
		state_sample(&bench->samples[type], &statement_);                                  \
		assert_ok(kind##_parse(&statement_, false, &read_, &err));                         \
		assert_true(items_equal(&read_.items, &written_.items));                           \
		assert_string_equal(read_.items.rows[0].name,                                      \
		    (ceremony) ? "" : written_.items.rows[0].name);                                \
		assert_string_equal(read_.items.rows[0].quorum,                                    \
		    (ceremony) ? written_.items.rows[0].quorum : "");                              \
		written_.digest = read_.digest;                                                    \
		written_.items = read_.items;                                                      \
		assert_memory_equal(&read_, &written_, sizeof(read_));                             \
	} while (0)

static void
every_value_survives(void **state)
{
	struct bench *bench = *state;
	struct err err;

	ASSERT_SAME_LIST(0, request, REQUEST, some_request(&bench->public), false);
	ASSERT_SAME_LIST(1, ceremony, CEREMONY, some_ceremony(&bench->public), true);
	ASSERT_SAME(2, approval, some_approval(&bench->public), false);
	ASSERT_SAME(3, objection, some_objection(), STATEMENT_DENIAL, false);
	ASSERT_SAME(4, objection, some_objection(), STATEMENT_CANCEL, false);
	ASSERT_SAME(9, done, some_done(), false);
	DSSE statement = {0};
	RELEASE read = {0};
	struct release written = some_release();
	state_sample(&bench->samples[5], &statement);
	assert_ok(release_parse(&statement, false, &read, &err));
	assert_int_equal(read.item_count, 2);
	assert_memory_equal(read.items, written.items, 2 * sizeof(*read.items));
	written.digest = read.digest;
	written.items = read.items;
	assert_memory_equal(&read, &written, sizeof(read));
}

/* Ours alone writes it, for those who read the log. */
static void
a_rotation_says_what_was_proven(void **state)
{
	const struct rotation rotation = {.vault = {{1}},
	    .header = {{3}},
	    .debt = {{26}},
	    .secret = {{4}},
	    .old = 7,
	    .new = 9,
	    .rotator = {{0xab}},
	    .grade = GRADE_REFUSED_AFTER_GRACE,
	    .proof = "db1 does not let root in with it",
	    .sessions = ROTATION_SESSIONS_STAY,
	    .time = 1767227800};
	JSON *payload = NULL;
	struct err err;
	BUF text = {0};

	(void)state;
	assert_ok(rotation_payload(&rotation, &payload, &err));
	assert_ok(json_encode(payload, &text, &err));
	assert_string_equal(buf_string(&text),
	    "{\"format\":1,\"vault\":"
	    "\"0100000000000000000000000000000000000000000000000000000000000000\","
	    "\"debt\":\"1a000000000000000000000000000000\","
	    "\"secret\":\"04000000000000000000000000000000\",\"header\":"
	    "\"0300000000000000000000000000000000000000000000000000000000000000\",\"old\":7,\"new\":9,"
	    "\"rotator\":\"ab00000000000000000000000000000000000000000000000000000000000000\","
	    "\"grade\":\"refused-after-grace\",\"proof\":\"db1 does not let root in with it\","
	    "\"sessions\":\"cannot-be-ended\",\"time\":\"2026-01-01T00:36:40Z\"}");
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
			if (bench->samples[i].type != bench->samples[j].type)
				assert_error(ERR_INVALID,
				    bench->samples[j].parse(&statement, &digest, &err));
		}
	DSSE training = {0};
	JSON *payload = NULL;
	const struct request request = some_request(&bench->public);

	assert_ok(request_payload(&request, &payload, &err));
	assert_ok(statement_new(STATEMENT_REQUEST, true, payload, &training, &err));
	assert_error(ERR_REFUSED, bench->samples[0].parse(&training, &digest, &err));
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

static bool
says(const struct dsse *statement, const char *text)
{
	return memmem(statement->payload.data, statement->payload.size, text, strlen(text)) != NULL;
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
				    (int)(colon + 1 - (text + starts[j])), text + starts[j],
				    wrong[k]);
				/* These are texts that may say anything. */
				bool free_text = strcmp(wrong[k], "\"zz\"") == 0 &&
				    (strstr(member, "\"name\"") || strstr(member, "\"seat\"") ||
				        strstr(member, "\"reason\"") ||
				        strstr(member, "\"incident\"") ||
				        strstr(member, "\"host\"") || strstr(member, "\"user\"") ||
				        strstr(member, "\"detail\""));
				rebuild(&statement, j, member, &changed);
				enum err_code code =
				    bench->samples[i].parse(&changed, &digest, &err);
				/* Where nobody receives, no list is the right one. */
				if (strcmp(member, "\"recipients\":[]") == 0 &&
				    (says(&statement, "\"mode\":\"reseal\"") ||
				        says(&statement, "\"mode\":\"rotate\"")))
					free_text = true;
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
		bool host = i == 1 || i == 5 || i == 7;
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
			assert_ok(
			    dsse_add(&statement, keyid, buf_view(&sig), (struct view){0}, &err));
		}
		for (size_t j = 0; j < statement.payload.size; j++) {
			statement.payload.data[j] ^= 1;
			if (bench->samples[i].parse(&statement, &digest, &err) == ERR_OK) {
				formally_right++;
				assert_error(ERR_INTEGRITY,
				    host ? statement_verify_host(&statement, &bench->host_public,
				               &err) :
				           statement_verify_token(&statement, SIGNS_DIGEST,
				               &bench->public, &err));
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
		assert_ok(                                                                         \
		    statement_new(STATEMENT_##__VA_ARGS__, false, payload, &statement, &err));     \
		assert_error(ERR_INVALID, kind##_parse(&statement, false, &read, &err));           \
		assert_says(says);                                                                 \
	} while (0)

static void
three_items(struct item rows[3])
{
	for (size_t i = 0; i < 3; i++) {
		rows[i] = some_request(&(struct point){{0}}).items.rows[0];
		rows[i].secret.bytes[1] = (uint8_t)i;
	}
}

static void
values_outside_their_range_are_refused(void **state)
{
	struct bench *bench = *state;
	struct err err;
	const struct point *key = &bench->public;

	REFUSED(request, some_request(key), wrong.items.rows[0].version = 0, "version", REQUEST);
	REFUSED(request, some_request(key), wrong.duration = 0, "duration", REQUEST);
	REFUSED(request, some_request(key), wrong.duration = INT64_MAX, "duration", REQUEST);
	REFUSED(request, some_request(key), wrong.expires = wrong.created, "expires", REQUEST);
	REFUSED(request, some_request(key), wrong.reason[0] = '\0', "reason", REQUEST);
	REFUSED(request, some_request(key), wrong.incident[0] = '\0', "incident", REQUEST);
	REFUSED(request, some_request(key), wrong.seat[0] = '/', "seat", REQUEST);
	REFUSED(request, some_request(key), wrong.items.rows[0].name[0] = 'A', "name", REQUEST);
	REFUSED(request, some_request(key), wrong.recipients.count = 0, "recipients", REQUEST);
	REFUSED(request, some_request(key), wrong.recipients.rows[0].key.bytes[64] ^= 1,
	    "recipients[0]", REQUEST);
	REFUSED(request, some_request(key),
	    (wrong.recipients.count = 2, wrong.recipients.rows[1] = wrong.recipients.rows[0]),
	    "recipients[1]: the token stands twice", REQUEST);
	REFUSED(request, some_request(key), wrong.mode = MODE_RESEAL, "recipients", REQUEST);
	REFUSED(ceremony, some_ceremony(key), wrong.deadline = wrong.created, "deadline", CEREMONY);
	REFUSED(ceremony, some_ceremony(key), wrong.items.rows[0].version = 0, "version", CEREMONY);
	REFUSED(ceremony, some_ceremony(key), wrong.key.bytes[0] = 6, "key", CEREMONY);
	REFUSED(ceremony, some_ceremony(key), wrong.key.bytes[64] ^= 1, "key", CEREMONY);
	REFUSED(ceremony, some_ceremony(key),
	    snprintf(wrong.items.rows[0].quorum, sizeof(wrong.items.rows[0].quorum), "2 of (ciso)"),
	    "quorum", CEREMONY);
	REFUSED(ceremony, some_ceremony(key),
	    snprintf(wrong.items.rows[0].quorum, sizeof(wrong.items.rows[0].quorum),
	        "1  of (ciso)"),
	    "quorum", CEREMONY);
	REFUSED(approval, some_approval(key), wrong.enc.bytes[64] ^= 1, "enc", APPROVAL);
	REFUSED(release, some_release(), wrong.expires = wrong.released, "expires", RELEASE);
	REFUSED(release, some_release(), wrong.approval_count = 0, "approvals", RELEASE);
	REFUSED(release, some_release(), wrong.item_count = 0, "items", RELEASE);
	REFUSED(release, some_release(), wrong.recipient_count = 0, "recipients", RELEASE);
	REFUSED(release, some_release(), wrong.recipients[1] = wrong.recipients[0],
	    "recipients[1]: stands twice", RELEASE);
	REFUSED(approval, some_approval(key), wrong.reply.bytes[64] ^= 1, "reply", APPROVAL);
}

/* What stands in a list is found again by whoever reads the error. */
static void
a_wrong_element_is_named_by_its_line(void **state)
{
	struct bench *bench = *state;
	struct err err;
	const struct point *key = &bench->public;
	struct item rows[3];

#define THREE(change) (three_items(rows), wrong.items = (struct items){rows, 3}, change)
	REFUSED(request, some_request(key), THREE(rows[2].secret = rows[0].secret),
	    "request: items[2]: the secret stands twice", REQUEST);
	REFUSED(request, some_request(key), THREE(rows[1].version = 0),
	    "request: items[1]: version", REQUEST);
	REFUSED(ceremony, some_ceremony(key), THREE(rows[1].secret = rows[0].secret),
	    "ceremony: items[1]: the secret stands twice", CEREMONY);
	REFUSED(ceremony, some_ceremony(key), THREE(rows[2].quorum[0] = '9'),
	    "ceremony: items[2]: quorum", CEREMONY);
#undef THREE
	REFUSED(request, some_request(key), wrong.recipients.rows[0].key.bytes[64] ^= 1,
	    "request: recipients[0]: key", REQUEST);
	REFUSED(release, some_release(), wrong.items[1].version = 0, "release: items[1]: version",
	    RELEASE);
	REFUSED(release, some_release(), wrong.items[1].secret = wrong.items[0].secret,
	    "release: items[1]: the secret or its debt stands twice", RELEASE);
	REFUSED(release, some_release(), wrong.items[1].debt = wrong.items[0].debt,
	    "release: items[1]: the secret or its debt stands twice", RELEASE);
	REFUSED(release, some_release(), wrong.approvals[1] = wrong.approvals[0],
	    "release: approvals[1]: stands twice", RELEASE);
}

/* One of 500 is named; 501 are too many. */
static void
a_ceremony_has_at_most_500_items(void **state)
{
	static struct item rows[CEREMONY_ITEMS + 1];
	struct bench *bench = *state;
	struct err err;

	for (uint16_t i = 0; i <= CEREMONY_ITEMS; i++) {
		rows[i] = some_request(&bench->public).items.rows[0];
		memcpy(rows[i].secret.bytes, &i, sizeof(i));
	}
	for (size_t more = 0; more < 2; more++) {
		struct request request = some_request(&bench->public);
		REQUEST read = {0};
		JSON *payload = NULL;
		DSSE statement = {0};

		request.items = (struct items){rows, CEREMONY_ITEMS + more};
		assert_ok(request_payload(&request, &payload, &err));
		assert_ok(statement_new(STATEMENT_REQUEST, false, payload, &statement, &err));
		if (more == 0) {
			assert_ok(request_parse(&statement, false, &read, &err));
			assert_int_equal(read.items.count, CEREMONY_ITEMS);
			continue;
		}
		assert_error(ERR_INVALID, request_parse(&statement, false, &read, &err));
		assert_says("items");
	}
}

/* By whom: a seat with its token, or the lease key, which has neither. */
static void
a_done_is_of_a_seat_with_its_token_or_of_the_lease_key(void **state)
{
	struct err err;

	(void)state;
	REFUSED(done, some_done(), wrong.seat[0] = '\0', "token", DONE);
	REFUSED(done, some_done(), wrong.token = (struct digest){{0}}, "token", DONE);
	REFUSED(done, some_done(), wrong.seat[0] = '/', "seat", DONE);
	DSSE statement = {0};
	struct done lease = some_done(), read;
	JSON *payload = NULL;
	lease.seat[0] = '\0';
	lease.token = (struct digest){{0}};
	assert_ok(done_payload(&lease, &payload, &err));
	assert_ok(statement_new(STATEMENT_DONE, false, payload, &statement, &err));
	assert_ok(done_parse(&statement, false, &read, &err));
	assert_string_equal(read.seat, "");
}

/* What people read is plain: nothing can be hidden in a reason. */
static void
control_and_bidi_characters_in_a_reason_are_refused(void **state)
{
	static const char *const bad[] = {"a\x1b[2Jb", "a\nb",
	    "a\xe2\x80\xae"
	    "b",
	    "a\xff"
	    "b"};
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct bench *bench = *state;
		struct request request = some_request(&bench->public);
		JSON *payload = NULL;
		DSSE statement = {0};

		snprintf(request.reason, sizeof(request.reason), "%s", bad[i]);
		/* Our own writer refuses it already. */
		if (request_payload(&request, &payload, &err) == ERR_OK)
			assert_int_not_equal(statement_new(STATEMENT_REQUEST, false, payload,
			                         &statement, &err),
			    ERR_OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read_again),
	    cmocka_unit_test(every_value_survives),
	    cmocka_unit_test(a_rotation_says_what_was_proven),
	    cmocka_unit_test(a_statement_of_another_kind_or_a_training_vault_is_refused),
	    cmocka_unit_test(every_member_must_be_there),
	    cmocka_unit_test(no_member_may_be_added),
	    cmocka_unit_test(every_member_of_a_wrong_kind_is_refused),
	    cmocka_unit_test(every_changed_byte_is_refused_by_form_or_signature),
	    cmocka_unit_test(values_outside_their_range_are_refused),
	    cmocka_unit_test(a_wrong_element_is_named_by_its_line),
	    cmocka_unit_test(a_ceremony_has_at_most_500_items),
	    cmocka_unit_test(a_done_is_of_a_seat_with_its_token_or_of_the_lease_key),
	    cmocka_unit_test(control_and_bidi_characters_in_a_reason_are_refused),
	};
	return cmocka_run_group_tests(tests, samples_start, samples_stop);
}
