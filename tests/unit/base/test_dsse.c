/* SPDX-License-Identifier: Apache-2.0 */
/* DSSE envelopes, with the example of the specification (secure-systems-lab/dsse, protocol.md). */
#include "base/dsse.h"
#include "tests/unit/check.h"
#include "tests/unit/vectors.h"

static const char example[] =
    "{\"payloadType\":\"http://example.com/HelloWorld\",\"payload\":\"aGVsbG8gd29ybGQ=\","
    "\"signatures\":[{\"keyid\":\"a\",\"sig\":\"AQID\"},{\"keyid\":\"b\",\"sig\":\"BA==\"}]}";

static enum err_code
parse(struct view text, struct dsse *ret_dsse, struct err *err)
{
	uint8_t *exact = exact_copy(text);
	enum err_code code = dsse_parse(view_of(exact, text.size), ret_dsse, err);

	free(exact);
	return code;
}

static void
the_pae_of_the_specification_comes_out(void **state)
{
	DSSE dsse = {0};
	DSSE empty = {0};
	struct digest digest, expected;
	BUF pae = {0}, empty_pae = {0};
	struct err err;

	(void)state;
	assert_ok(
	    dsse_set(&dsse, "http://example.com/HelloWorld", view_of_text("hello world"), &err));
	assert_ok(dsse_pae(&dsse, &pae, &err));
	assert_string_equal(buf_string(&pae),
	    "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
	assert_ok(dsse_digest(&dsse, &digest, &err));
	assert_ok(sha256_one(buf_view(&pae), &expected, &err));
	assert_true(digest_equal(&digest, &expected));
	assert_ok(dsse_set(&empty, "t", (struct view){0}, &err));
	assert_ok(dsse_pae(&empty, &empty_pae, &err));
	assert_string_equal(buf_string(&empty_pae), "DSSEv1 1 t 0 ");
}

static void
an_envelope_reads_back_byte_for_byte(void **state)
{
	static const uint8_t payload[] = {0, 1, '{', 0xff, '\n'};
	DSSE dsse = {0};
	DSSE again = {0};
	BUF text = {0}, second = {0};
	struct err err;

	(void)state;
	assert_ok(dsse_set(&dsse, "application/vnd.halligan.test+json", VIEW_OF(payload), &err));
	assert_ok(dsse_add(&dsse, "one", VIEW_OF(payload), (struct view){0}, &err));
	assert_ok(dsse_add(&dsse, "two", view_of("\x80", 1), (struct view){0}, &err));
	assert_ok(dsse_encode(&dsse, &text, &err));
	assert_ok(parse(buf_view(&text), &again, &err));
	assert_string_equal(again.type, dsse.type);
	assert_view(buf_view(&again.payload), VIEW_OF(payload));
	assert_int_equal(again.count, 2);
	assert_view(view_of(dsse_find(&again, "one")->sig, dsse_find(&again, "one")->size),
	    VIEW_OF(payload));
	assert_int_equal(dsse_find(&again, "two")->size, 1);
	assert_null(dsse_find(&again, "three"));
	assert_null(dsse_find(&again, "on"));
	assert_ok(dsse_encode(&again, &second, &err));
	assert_view(buf_view(&second), buf_view(&text));
}

static void
authenticator_data_stand_beside_the_signature_they_belong_to(void **state)
{
	static const uint8_t data[ASSERTION_DATA_MAX + 1] = {1, 2, 3};
	static const char *const bad[] = {
	    "{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[{\"keyid\":\"a\",\"sig\":\"AQID\","
	    "\"authData\":\"\"}]}",
	    "{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[{\"keyid\":\"a\",\"sig\":\"AQID\","
	    "\"authData\":1}]}",
	    "{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[{\"keyid\":\"a\",\"sig\":\"AQID\","
	    "\"authData\":\"AQ\"}]}",
	    "{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[{\"keyid\":\"a\",\"sig\":\"AQID\","
	    "\"authdata\":\"AQID\"}]}",
	};
	DSSE dsse = {0};
	DSSE again = {0};
	BUF text = {0}, large = {0};
	struct err err;

	(void)state;
	assert_ok(dsse_set(&dsse, "t", view_of_text("{}"), &err));
	assert_ok(dsse_add(&dsse, "a", view_of(data, 3), view_of(data, 37), &err));
	assert_ok(dsse_add(&dsse, "b", view_of(data, 3), (struct view){0}, &err));
	assert_ok(dsse_add(&dsse, "c", view_of(data, 3), view_of(data, ASSERTION_DATA_MAX), &err));
	assert_error(ERR_INVALID, dsse_add(&dsse, "d", view_of(data, 3), VIEW_OF(data), &err));
	assert_says("authData");
	assert_ok(dsse_encode(&dsse, &text, &err));
	assert_ok(parse(buf_view(&text), &again, &err));
	assert_int_equal(again.count, 3);
	assert_int_equal(dsse_find(&again, "a")->authdata_size, 37);
	assert_memory_equal(dsse_find(&again, "a")->authdata, data, 37);
	assert_int_equal(dsse_find(&again, "b")->authdata_size, 0);
	assert_int_equal(dsse_find(&again, "c")->authdata_size, ASSERTION_DATA_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_error(ERR_INVALID, parse(view_of_text(bad[i]), &again, &err));
	buf_text(&large,
	    "{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[{\"keyid\":\"a\","
	    "\"sig\":\"AQID\",\"authData\":\"");
	for (int i = 0; i <= ASSERTION_DATA_MAX / 3; i++)
		buf_text(&large, "AQID");
	buf_text(&large, "\"}]}");
	assert_error(ERR_INVALID, parse(buf_view(&large), &again, &err));
}

static void
parsing_replaces_what_was_there_only_on_success(void **state)
{
	DSSE dsse = {0};
	BUF text = {0};
	struct err err;

	(void)state;
	assert_ok(parse(view_of_text(example), &dsse, &err));
	assert_error(ERR_INVALID, parse(view_of_text("{}"), &dsse, &err));
	assert_ok(dsse_encode(&dsse, &text, &err));
	assert_string_equal(buf_string(&text), example);
	assert_ok(parse(view_of_text("{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[]}"),
	    &dsse, &err));
	assert_int_equal(dsse.count, 0);
	assert_string_equal(dsse.type, "t");
}

static void
bad_envelopes_are_refused_by_name(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
	    {"", "envelope"},
	    {"[]", "envelope"},
	    {"{\"payload\":\"\",\"signatures\":[]}", "envelope: \"payloadType\" is missing"},
	    {"{\"payloadType\":\"t\",\"signatures\":[]}", "envelope: \"payload\" is missing"},
	    {"{\"payloadType\":\"t\",\"payload\":\"\"}", "envelope: \"signatures\" is missing"},
	    {"{\"payloadType\":\"\",\"payload\":\"\",\"signatures\":[]}", "payloadType"},
	    {"{\"payloadType\":\"t\",\"payload\":\"Zg\",\"signatures\":[]}",
	        "payload: must be padded"},
	    {"{\"payloadType\":\"t\",\"payload\":\"Zh==\",\"signatures\":[]}", "payload"},
	    {"{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":{}}", "signatures"},
	    {"{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[],\"x\":1}",
	        "\"x\" is not known"},
	    {"{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[]} x", "envelope"},
	    {"{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[1]}",
	        "signature: must be an object"},
	    {"{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[{\"sig\":\"AQID\"}]}",
	        "signature: \"keyid\" is missing"},
	    {"{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[{\"keyid\":\"\",\"sig\":"
	     "\"AQID\"}]}",
	        "keyid"},
	    {"{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[{\"keyid\":\"a\",\"sig\":"
	     "\"\"}]}",
	        "sig"},
	    {"{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[{\"keyid\":\"a\",\"sig\":"
	     "\"AQID\","
	     "\"cert\":\"x\"}]}",
	        "\"cert\" is not known"},
	    {"{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[{\"keyid\":\"a\",\"sig\":"
	     "\"AQID\"},"
	     "{\"keyid\":\"a\",\"sig\":\"AQIE\"}]}",
	        "two signatures of a"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		DSSE dsse = {0};
		struct err err;

		assert_error(ERR_INVALID, parse(view_of_text(cases[i].text), &dsse, &err));
		assert_says(cases[i].says);
		assert_null(dsse.payload.data);
	}
}

static void
a_prefix_of_an_envelope_is_refused(void **state)
{
	(void)state;
	for (size_t size = 0; size < sizeof(example) - 1; size++) {
		DSSE dsse = {0};
		struct err err;

		assert_error(ERR_INVALID, parse(view_of(example, size), &dsse, &err));
	}
}

/* A changed byte is refused, or it changes what a verifier looks at. */
static void
no_changed_byte_goes_unseen(void **state)
{
	DSSE original = {0};
	struct digest digest;
	struct err err;

	(void)state;
	assert_ok(parse(view_of_text(example), &original, &err));
	assert_ok(dsse_digest(&original, &digest, &err));
	for (size_t i = 0; i < sizeof(example) - 1; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			char changed[sizeof(example)];
			const struct dsse_signature *a, *b;
			struct digest other;
			DSSE dsse = {0};

			memcpy(changed, example, sizeof(example));
			changed[i] = (char)(changed[i] ^ 1 << bit);
			if (parse(view_of(changed, sizeof(example) - 1), &dsse, &err) != ERR_OK)
				continue;
			assert_ok(dsse_digest(&dsse, &other, &err));
			a = dsse_find(&dsse, "a");
			b = dsse_find(&dsse, "b");
			assert_false(digest_equal(&digest, &other) && a != NULL && b != NULL &&
			    a->size == 3 && memcmp(a->sig, "\1\2\3", 3) == 0 && b->size == 1 &&
			    b->sig[0] == 4);
		}
	}
}

static void
sizes_have_limits(void **state)
{
	static char name[300];
	static uint8_t payload[DSSE_PAYLOAD_MAX + 1];
	DSSE dsse = {0};
	struct err err;

	(void)state;
	memset(name, 'k', sizeof(name) - 1);
	assert_error(ERR_INVALID, dsse_set(&dsse, "", (struct view){0}, &err));
	assert_error(ERR_INVALID,
	    dsse_set(&dsse, name + sizeof(name) - 1 - 101, (struct view){0}, &err));
	assert_ok(dsse_set(&dsse, name + sizeof(name) - 1 - 100, (struct view){0}, &err));
	assert_error(ERR_INVALID, dsse_set(&dsse, "t", VIEW_OF(payload), &err));
	assert_error(ERR_INVALID, dsse_set(&dsse, "a\nb", (struct view){0}, &err));
	assert_ok(dsse_set(&dsse, "t", view_of(payload, DSSE_PAYLOAD_MAX), &err));
	assert_error(ERR_INVALID, dsse_add(&dsse, "", view_of("x", 1), (struct view){0}, &err));
	assert_error(ERR_INVALID, dsse_add(&dsse, "a\tb", view_of("x", 1), (struct view){0}, &err));
	assert_error(ERR_INVALID,
	    dsse_add(&dsse, name + sizeof(name) - 1 - 65, view_of("x", 1), (struct view){0}, &err));
	assert_ok(
	    dsse_add(&dsse, name + sizeof(name) - 1 - 64, view_of("x", 1), (struct view){0}, &err));
	assert_error(ERR_INVALID, dsse_add(&dsse, "a", (struct view){0}, (struct view){0}, &err));
	assert_error(ERR_INVALID,
	    dsse_add(&dsse, "a", view_of(payload, 257), (struct view){0}, &err));
	assert_ok(dsse_add(&dsse, "a", view_of(payload, 256), (struct view){0}, &err));
	assert_error(ERR_INVALID,
	    dsse_add(&dsse, "a", view_of(payload, 1), (struct view){0}, &err));
	for (int i = 2; i < DSSE_SIGNATURES_MAX; i++) {
		char keyid[3] = {(char)('a' + i / 16), (char)('a' + i % 16), '\0'};

		assert_ok(dsse_add(&dsse, keyid, view_of("x", 1), (struct view){0}, &err));
	}
	assert_error(ERR_INVALID, dsse_add(&dsse, "last", view_of("x", 1), (struct view){0}, &err));
	assert_says("more than 64");
}

static void
the_largest_envelope_reads_back(void **state)
{
	static uint8_t payload[DSSE_PAYLOAD_MAX];
	DSSE dsse = {0};
	DSSE again = {0};
	BUF text = {0};
	struct err err;

	(void)state;
	memset(payload, 0xfe, sizeof(payload));
	assert_ok(dsse_set(&dsse, "t", VIEW_OF(payload), &err));
	for (int i = 0; i < DSSE_SIGNATURES_MAX; i++) {
		char keyid[3] = {(char)('a' + i / 16), (char)('a' + i % 16), '\0'};

		assert_ok(dsse_add(&dsse, keyid, view_of(payload, 256), (struct view){0}, &err));
	}
	assert_ok(dsse_encode(&dsse, &text, &err));
	assert_ok(dsse_parse(buf_view(&text), &again, &err));
	assert_int_equal(again.count, DSSE_SIGNATURES_MAX);
	assert_view(buf_view(&again.payload), VIEW_OF(payload));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_pae_of_the_specification_comes_out),
	    cmocka_unit_test(an_envelope_reads_back_byte_for_byte),
	    cmocka_unit_test(authenticator_data_stand_beside_the_signature_they_belong_to),
	    cmocka_unit_test(parsing_replaces_what_was_there_only_on_success),
	    cmocka_unit_test(bad_envelopes_are_refused_by_name),
	    cmocka_unit_test(a_prefix_of_an_envelope_is_refused),
	    cmocka_unit_test(no_changed_byte_goes_unseen),
	    cmocka_unit_test(sizes_have_limits),
	    cmocka_unit_test(the_largest_envelope_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
