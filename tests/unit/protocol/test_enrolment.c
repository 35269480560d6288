/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ceremony/protocol/enrolment.c: what a founder relies on when a stranger's file says "these are my keys", each
 * wrong in one way.
 */
#include "ceremony/protocol/enrolment.h"

#include <stdio.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "ceremony/protocol/enrolment_verify.h"
#include "tests/lib/p256_sign.h"
#include "tests/unit/certificates.h"
#include "tests/unit/check.h"

enum { SERIAL = 1000001 };
static const uint8_t serial_bytes[] = {0x02, 0x03, 0x0f, 0x42, 0x41};
static const uint8_t new_firmware[] = {5, 7, 4};
static const uint8_t policies[] = {PIN_ONCE, TOUCH_ALWAYS};

struct bench {
	struct authority root, device, strange_root, strange_device;
	EVP_PKEY *pairs[KEY_COUNT];
	struct p256_key *keys[KEY_COUNT], *stranger;
	struct attest_policy policy;
	struct digest init;
};

static int
start(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct err err;

	assert_non_null(bench);
	assert_ok(crypto_start(&err));
	authority_make(&(struct recipe){.subject = "Root", .authority = true}, NULL, &bench->root);
	authority_make(&(struct recipe){.subject = "Device", .authority = true}, &bench->root,
	    &bench->device);
	authority_make(&(struct recipe){.subject = "Root", .authority = true}, NULL,
	    &bench->strange_root);
	authority_make(&(struct recipe){.subject = "Device", .authority = true},
	    &bench->strange_root, &bench->strange_device);
	for (int i = 0; i < KEY_COUNT; i++) {
		bench->pairs[i] = EVP_EC_gen("P-256");
		bench->keys[i] = certificate_key(bench->pairs[i]);
	}
	assert_ok(p256_key_new(&bench->stranger, &err));
	bench->policy = (struct attest_policy){.roots = {bench->root.fingerprint},
	    .root_count = 1,
	    .min_firmware = {5, 7, 0}};
	memset(bench->init.bytes, 7, DIGEST_SIZE);
	*state = bench;
	return 0;
}

static int
stop(void **state)
{
	struct bench *bench = *state;

	authority_done(&bench->root);
	authority_done(&bench->device);
	authority_done(&bench->strange_root);
	authority_done(&bench->strange_device);
	for (int i = 0; i < KEY_COUNT; i++) {
		EVP_PKEY_free(bench->pairs[i]);
		p256_key_free(bench->keys[i]);
	}
	p256_key_free(bench->stranger);
	free(bench);
	return 0;
}

static void
attest(struct bench *bench, int key, const uint8_t *serial, const uint8_t *firmware,
    const struct authority *device, struct buf *ret_certificate)
{
	const struct recipe recipe = {.subject = "YubiKey PIV Attestation 82",
	    .firmware = view_of(firmware, 3),
	    .serial = view_of(serial, sizeof(serial_bytes)),
	    .policies = VIEW_OF(policies)};

	ret_certificate->size = 0;
	certificate_make(&recipe, bench->pairs[key], device, ret_certificate);
}

/* An officer who is a responder, too: all three keys. */
static void
right(struct bench *bench, struct enrolment *ret_enrolment)
{
	struct err err;
	struct seat *seat = &ret_enrolment->seat;
	struct seat_token *token = &seat->tokens[0];

	*ret_enrolment = (struct enrolment){.init = bench->init,
	    .created = 1767225600,
	    .expires = 1767225600 + ENROLMENT_LIFE,
	    .unsealed = {false, true, true},
	    .attested = true,
	    .certificate_count = 1};
	ret_enrolment->certificate_views[0] = buf_view(&bench->root.der);
	buf_bytes(&ret_enrolment->device, buf_view(&bench->device.der));
	snprintf(seat->name, sizeof(seat->name), "carol");
	snprintf(seat->person, sizeof(seat->person), "Carol Oncall");
	seat->roles = ROLE_OFFICER | ROLE_RESPONDER;
	seat->token_count = 1;
	token->serial = SERIAL;
	snprintf(token->label, sizeof(token->label), "carol-1");
	snprintf(token->driver, sizeof(token->driver), "piv");
	memcpy(token->firmware, new_firmware, 3);
	for (int i = 0; i < KEY_COUNT; i++) {
		token->has[i] = true;
		p256_key_public(bench->keys[i], &token->keys[i]);
		attest(bench, i, serial_bytes, new_firmware, &bench->device,
		    &ret_enrolment->attestation[i]);
	}
	assert_ok(token_id(&token->keys[KEY_SIGN], &token->id, &err));
}

static void
sign(const struct p256_key *key, const struct digest *token, struct dsse *statement)
{
	struct err err;
	struct digest digest;
	char keyid[2 * DIGEST_SIZE + 1];
	BUF sig = {0};

	text_hex(VIEW_OF(token->bytes), keyid);
	assert_ok(dsse_digest(statement, &digest, &err));
	assert_ok(p256_sign(key, &digest, &sig, &err));
	assert_ok(dsse_add(statement, keyid, buf_view(&sig), (struct view){0}, &err));
}

/* ENROLMENT as a file that its token signed; what reading and verifying it says. */
static enum err_code
judge(struct bench *bench, const struct enrolment *enrolment, struct err *err)
{
	struct err inner;
	DSSE statement = {0};
	JSON *payload = NULL;
	ENROLMENT read = {0};

	assert_int_equal(enrolment_payload(enrolment, &payload, &inner), ERR_OK);
	assert_int_equal(statement_new(STATEMENT_ENROLMENT, false, payload, &statement, &inner),
	    ERR_OK);
	sign(bench->keys[KEY_SIGN], &enrolment->seat.tokens[0].id, &statement);
	TRY(enrolment_parse(&statement, false, &read, err));
	return enrolment_verify(&statement, &read, &bench->init, &bench->policy, err);
}

static void
a_right_enrolment_is_read_and_verifies(void **state)
{
	struct bench *bench = *state;
	struct err err;
	ENROLMENT enrolment = {0}, read = {0};
	DSSE statement = {0};
	JSON *payload = NULL;
	struct digest digest;

	right(bench, &enrolment);
	assert_ok(judge(bench, &enrolment, &err));
	assert_ok(enrolment_payload(&enrolment, &payload, &err));
	assert_ok(statement_new(STATEMENT_ENROLMENT, false, payload, &statement, &err));
	assert_ok(enrolment_parse(&statement, false, &read, &err));
	assert_ok(dsse_digest(&statement, &digest, &err));
	assert_true(digest_equal(&read.digest, &digest));
	assert_true(digest_equal(&read.init, &bench->init));
	assert_string_equal(read.seat.name, "carol");
	assert_string_equal(read.seat.person, "Carol Oncall");
	assert_int_equal(read.seat.roles, ROLE_OFFICER | ROLE_RESPONDER);
	assert_int_equal(read.seat.tokens[0].serial, SERIAL);
	assert_true(digest_equal(&read.seat.tokens[0].id, &enrolment.seat.tokens[0].id));
	for (int i = 0; i < KEY_COUNT; i++) {
		assert_true(
		    point_equal(&read.seat.tokens[0].keys[i], &enrolment.seat.tokens[0].keys[i]));
		assert_view(buf_view(&read.attestation[i]), buf_view(&enrolment.attestation[i]));
	}
	assert_view(read.certificate_views[0], buf_view(&bench->root.der));
	assert_int_equal(read.created, enrolment.created);
	assert_true(
	    !read.unsealed[KEY_SIGN] && read.unsealed[KEY_SHARE] && read.unsealed[KEY_RELEASE]);
}

#define WRONG(code, says, change)                                                                  \
	do {                                                                                       \
		ENROLMENT enrolment = {0};                                                         \
                                                                                                   \
		right(bench, &enrolment);                                                          \
		change;                                                                            \
		assert_error(code, judge(bench, &enrolment, &err));                                \
		assert_says(says);                                                                 \
	} while (0)

static void
the_cause_is_named_with_seat_and_serial(void **state)
{
	struct bench *bench = *state;
	struct err err;

	WRONG(ERR_REFUSED,
	    "enrolment of seat \"carol\", token 1000001: it was made for another vault",
	    enrolment.init.bytes[0] ^= 1);
}

static void
keys_that_the_roles_need_must_be_there_and_tried(void **state)
{
	struct bench *bench = *state;
	struct err err;

	WRONG(ERR_INVALID, "its roles need a share key",
	    (enrolment.seat.tokens[0].has[KEY_SHARE] = false,
	        enrolment.unsealed[KEY_SHARE] = false));
	WRONG(ERR_INVALID, "its roles need a release key",
	    (enrolment.seat.tokens[0].has[KEY_RELEASE] = false,
	        enrolment.unsealed[KEY_RELEASE] = false));
	WRONG(ERR_REFUSED, "its share key was never tried", enrolment.unsealed[KEY_SHARE] = false);
	WRONG(ERR_REFUSED, "its release key was never tried",
	    enrolment.unsealed[KEY_RELEASE] = false);
	WRONG(ERR_INVALID, "the token has no share key",
	    enrolment.seat.tokens[0].has[KEY_SHARE] = false);
}

static void
every_key_must_be_attested_as_this_one_on_this_token(void **state)
{
	static const uint8_t other_serial[] = {0x02, 0x03, 0x0f, 0x42, 0x42};
	static const uint8_t other_firmware[] = {5, 7, 5}, old_firmware[] = {5, 4, 3};
	struct bench *bench = *state;
	struct err err;

	for (int i = 0; i < KEY_COUNT; i++) {
		struct buf *slot;

#define ATTESTED(code, says, ...)                                                                  \
	WRONG(code, says, (slot = &enrolment.attestation[i], attest(bench, __VA_ARGS__, slot)))
		ATTESTED(ERR_INTEGRITY, "of another key", (i + 1) % KEY_COUNT, serial_bytes,
		    new_firmware, &bench->device);
		ATTESTED(ERR_INTEGRITY, "of a token with serial 1000002", i, other_serial,
		    new_firmware, &bench->device);
		ATTESTED(ERR_INTEGRITY, "of another firmware", i, serial_bytes, other_firmware,
		    &bench->device);
		ATTESTED(ERR_REFUSED, "firmware", i, serial_bytes, old_firmware, &bench->device);
		ATTESTED(ERR_REFUSED, key_names[i], i, serial_bytes, new_firmware,
		    &bench->strange_device);
#undef ATTESTED
		WRONG(ERR_INVALID, key_names[i], enrolment.attestation[i].size = 20);
	}
}

static void
a_chain_to_another_root_is_refused(void **state)
{
	struct bench *bench = *state;
	struct err err;

	WRONG(ERR_REFUSED, "carol", enrolment.certificate_count = 0);
	WRONG(ERR_REFUSED, "carol",
	    enrolment.certificate_views[0] = buf_view(&bench->strange_root.der));
}

static void
a_waiver_forgives_just_what_it_names(void **state)
{
	static const uint8_t old_firmware[] = {5, 4, 3};
	struct bench *bench = *state;
	struct err err;
	ENROLMENT old = {0}, bare = {0};

	right(bench, &old);
	memcpy(old.seat.tokens[0].firmware, old_firmware, 3);
	for (int i = 0; i < KEY_COUNT; i++)
		attest(bench, i, serial_bytes, old_firmware, &bench->device, &old.attestation[i]);
	right(bench, &bare);
	bare.attested = false;
	bare.certificate_count = 0;
	assert_error(ERR_REFUSED, judge(bench, &old, &err));
	assert_error(ERR_REFUSED, judge(bench, &bare, &err));
	assert_says("it carries no attestation");
	bench->policy.waives = ATTEST_WAIVE_FIRMWARE;
	assert_ok(judge(bench, &old, &err));
	assert_error(ERR_REFUSED, judge(bench, &bare, &err));
	bench->policy.waives = ATTEST_WAIVE_FORM_FACTOR | ATTEST_WAIVE_TOUCH;
	assert_error(ERR_REFUSED, judge(bench, &old, &err));
	assert_error(ERR_REFUSED, judge(bench, &bare, &err));
	bench->policy.waives = ATTEST_WAIVE_ATTESTATION;
	assert_ok(judge(bench, &bare, &err));
	bench->policy.waives = 0;
}

static void
only_its_own_token_signs_it_and_alone(void **state)
{
	struct bench *bench = *state;
	struct err err;
	ENROLMENT enrolment = {0}, read = {0};
	DSSE statement = {0};
	JSON *payload = NULL;
	struct digest other = {{1}};
	const struct digest *own = &enrolment.seat.tokens[0].id;

	right(bench, &enrolment);
	assert_ok(enrolment_payload(&enrolment, &payload, &err));
	assert_ok(statement_new(STATEMENT_ENROLMENT, false, payload, &statement, &err));
	assert_ok(enrolment_parse(&statement, false, &read, &err));
	assert_error(ERR_REFUSED,
	    enrolment_verify(&statement, &read, &bench->init, &bench->policy, &err));
	sign(bench->stranger, own, &statement);
	assert_error(ERR_INTEGRITY,
	    enrolment_verify(&statement, &read, &bench->init, &bench->policy, &err));
	statement.count = 0;
	sign(bench->keys[KEY_SIGN], &other, &statement);
	assert_error(ERR_REFUSED,
	    enrolment_verify(&statement, &read, &bench->init, &bench->policy, &err));
	statement.count = 0;
	sign(bench->keys[KEY_SIGN], own, &statement);
	sign(bench->stranger, &other, &statement);
	assert_error(ERR_REFUSED,
	    enrolment_verify(&statement, &read, &bench->init, &bench->policy, &err));
	assert_says("alone");
	statement.count = 1;
	assert_ok(enrolment_verify(&statement, &read, &bench->init, &bench->policy, &err));
	/* Another file's signature does not serve. */
	struct digest digest = read.digest;
	read.digest.bytes[0] ^= 1;
	assert_error(ERR_INTEGRITY,
	    enrolment_verify(&statement, &read, &bench->init, &bench->policy, &err));
	read.digest = digest;
}

static void
every_changed_byte_is_refused(void **state)
{
	struct bench *bench = *state;
	struct err err;
	ENROLMENT enrolment = {0};
	DSSE statement = {0};
	JSON *payload = NULL;
	size_t formally_right = 0;

	right(bench, &enrolment);
	assert_ok(enrolment_payload(&enrolment, &payload, &err));
	assert_ok(statement_new(STATEMENT_ENROLMENT, false, payload, &statement, &err));
	sign(bench->keys[KEY_SIGN], &enrolment.seat.tokens[0].id, &statement);
	for (size_t i = 0; i < statement.payload.size; i++) {
		ENROLMENT read = {0};

		statement.payload.data[i] ^= 1;
		if (enrolment_parse(&statement, false, &read, &err) == ERR_OK) {
			formally_right++;
			assert_int_not_equal(enrolment_verify(&statement, &read, &bench->init,
			                         &bench->policy, &err),
			    ERR_OK);
		}
		statement.payload.data[i] ^= 1;
	}
	assert_true(formally_right > 100);
}

static void
an_enrolment_may_be_accepted_until_it_expires(void **state)
{
	struct bench *bench = *state;
	struct err err;
	ENROLMENT enrolment = {0};

	right(bench, &enrolment);
	assert_ok(enrolment_check_time(&enrolment, enrolment.created, &err));
	assert_ok(enrolment_check_time(&enrolment, enrolment.expires - 1, &err));
	assert_error(ERR_EXPIRED, enrolment_check_time(&enrolment, enrolment.expires, &err));
	assert_says(
	    "enrolment of seat \"carol\", token 1000001: expires: it could be accepted until "
	    "2026-01-31T00:00:00Z");
	assert_error(ERR_REFUSED,
	    enrolment_check_time(&enrolment, enrolment.created - 2 * 86400, &err));
	assert_says("from the future, 2026-01-01T00:00:00Z");
	/* A week is enough for some. */
	enrolment.expires = enrolment.created + 7 * 86400;
	assert_ok(judge(bench, &enrolment, &err));
}

static void
a_file_with_other_members_is_refused(void **state)
{
	static const struct {
		const char *from, *to, *says;
	} rows[] = {
	    {"{\"format\":1,", "{\"format\":2,", "format"},
	    {"{\"format\":1,", "{\"format\":1,\"more\":1,", "more"},
	    {"\"seat\":\"carol\",", "", "seat"},
	    {"\"seat\":\"carol\"", "\"seat\":\"Carol\"", "name"},
	    {"\"roles\":[\"officer\"", "\"roles\":[\"boss\"", "roles"},
	    {"\"roles\":[\"officer\"", "\"roles\":[\"responder\"", "stands twice"},
	    {"\"driver\":\"piv\"", "\"driver\":\"usb\"", "driver"},
	    {"\"serial\":1000001", "\"serial\":0", "serial"},
	    {"\"firmware\":\"5.7.4\"", "\"firmware\":\"5.07.4\"", "firmware"},
	    {"\"unsealed\":[\"share\"", "\"unsealed\":[\"sign\"", "unsealed"},
	    {"\"unsealed\":[\"share\"", "\"unsealed\":[\"release\"", "unsealed"},
	    {"\"certificates\":[\"", "\"certificates\":[\"?", "certificates"},
	    {"\"device\":\"", "\"device\":\"?", "device"},
	    {"\"attestation\":{\"sign\"", "\"attestation\":{\"mine\"", "sign"},
	    {"\"keys\":{\"sign\":\"04", "\"keys\":{\"sign\":\"06", "sign key"},
	    {"Carol Oncall", "Carol\\u202eOncall", "person"},
	    {"\"created\":\"2026-01-01T00:00:00Z\"", "\"created\":\"today\"", "created"},
	    {"\"expires\":\"2026-01-31T00:00:00Z\",", "", "expires"},
	    {"\"expires\":\"2026-01-31T00:00:00Z\"", "\"expires\":\"2026-01-31T00:00:01Z\"",
	        "expires"},
	    {"\"expires\":\"2026-01-31T00:00:00Z\"", "\"expires\":\"2026-01-01T00:00:00Z\"",
	        "expires"},
	    {"\"nonce\":\"", "\"nonce\":\"00", "nonce"},
	};
	struct bench *bench = *state;
	struct err err;
	ENROLMENT enrolment = {0};
	DSSE statement = {0};
	JSON *payload = NULL;

	right(bench, &enrolment);
	assert_ok(enrolment_payload(&enrolment, &payload, &err));
	assert_ok(statement_new(STATEMENT_ENROLMENT, false, payload, &statement, &err));
	BUF text = {0};
	buf_bytes(&text, buf_view(&statement.payload));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = strstr(buf_string(&text), rows[i].from);
		DSSE changed = {0};
		BUF edited = {0};
		ENROLMENT read = {0};

		if (at == NULL)
			fail_msg("there is no %s in %s", rows[i].from, buf_string(&text));
		buf_bytes(&edited, view_of(text.data, (size_t)((const uint8_t *)at - text.data)));
		buf_text(&edited, rows[i].to);
		buf_text(&edited, at + strlen(rows[i].from));
		assert_ok(dsse_set(&changed, statement.type, buf_view(&edited), &err));
		if (enrolment_parse(&changed, false, &read, &err) != ERR_INVALID)
			fail_msg("%s -> %s was taken", rows[i].from, rows[i].to);
		if (strstr(rows[i].says, "person") == NULL) /* that one fails while it is parsed */
			assert_says(rows[i].says);
	}
	assert_error(ERR_REFUSED, enrolment_parse(&statement, true, &enrolment, &err));
}

static void
a_seat_must_say_what_its_enrolment_says(void **state)
{
	struct bench *bench = *state;
	struct err err;
	ENROLMENT enrolment = {0};
	struct seat seat, right_seat;

	right(bench, &enrolment);
	enrolment.seat.tokens[0].enrolment = enrolment.digest;
	right_seat = enrolment.seat;
	assert_ok(enrolment_matches(&enrolment, &right_seat, &right_seat.tokens[0], &err));
#define DIFFERS(what, change)                                                                      \
	do {                                                                                       \
		seat = right_seat;                                                                 \
		change;                                                                            \
		assert_error(ERR_INTEGRITY,                                                        \
		    enrolment_matches(&enrolment, &seat, &seat.tokens[0], &err));                  \
		assert_says("otherwise about: " what);                                             \
	} while (0)
	DIFFERS("enrolment", seat.tokens[0].enrolment.bytes[0] ^= 1);
	DIFFERS("seat", seat.name[0] = 'x');
	DIFFERS("person", seat.person[0] = 'x');
	DIFFERS("roles", seat.roles |= ROLE_OPERATOR);
	DIFFERS("label", seat.tokens[0].label[0] = 'x');
	DIFFERS("driver", seat.tokens[0].driver[0] = 'x');
	DIFFERS("serial", seat.tokens[0].serial++);
	DIFFERS("firmware", seat.tokens[0].firmware[2]++);
	DIFFERS("sign", seat.tokens[0].keys[KEY_SIGN].bytes[9] ^= 1);
	DIFFERS("share", seat.tokens[0].keys[KEY_SHARE].bytes[9] ^= 1);
	DIFFERS("release", seat.tokens[0].has[KEY_RELEASE] = false);
#undef DIFFERS
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_right_enrolment_is_read_and_verifies),
	    cmocka_unit_test(the_cause_is_named_with_seat_and_serial),
	    cmocka_unit_test(keys_that_the_roles_need_must_be_there_and_tried),
	    cmocka_unit_test(every_key_must_be_attested_as_this_one_on_this_token),
	    cmocka_unit_test(a_chain_to_another_root_is_refused),
	    cmocka_unit_test(a_waiver_forgives_just_what_it_names),
	    cmocka_unit_test(only_its_own_token_signs_it_and_alone),
	    cmocka_unit_test(every_changed_byte_is_refused),
	    cmocka_unit_test(an_enrolment_may_be_accepted_until_it_expires),
	    cmocka_unit_test(a_file_with_other_members_is_refused),
	    cmocka_unit_test(a_seat_must_say_what_its_enrolment_says),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
