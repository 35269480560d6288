/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that come in pages: where a page begins is said by the client, and may be anything. */
#include "ceremony/protocol/message.h"
#include "tests/unit/server/server_bench.h"

/* A request as a client of another mind would write it. */
static enum err_code
ask(struct bench *bench, const char *text, struct json **ret_reply, struct err *err)
{
	JSON *request = NULL;

	if (json_parse(view_of_text(text), &request, err) != ERR_OK)
		fail_msg("%s: %s", text, err->text);
	json_freep(ret_reply);
	return bench_call(bench, TAKE(request), (struct view){0}, ret_reply, NULL, err);
}

static void
the_beginning_of_another_list_is_refused_or_a_place_in_this_one(void **state)
{
	static const struct {
		const char *request;
		enum err_code code;
		const char *text; /* of the error; of an array that is then empty */
	} rows[] = {
	    {"{\"op\":\"secret-list\",\"after\":7,\"max\":5}", ERR_INVALID, "after"},
	    {"{\"op\":\"secret-list\",\"after\":\"\",\"max\":2147483648}", ERR_INVALID, "max"},
	    {"{\"op\":\"secret-list\",\"after\":\"\",\"max\":0}", ERR_INVALID, "max"},
	    {"{\"op\":\"secret-list\",\"after\":\"\",\"max\":501}", ERR_INVALID, "max"},
	    {"{\"op\":\"secret-list\",\"after\":\"zzzz/nothing\",\"max\":5}", ERR_OK, "secrets"},
	    {"{\"op\":\"secret-headers\",\"after\":2147483648}", ERR_INVALID, "after"},
	    {"{\"op\":\"secret-headers\",\"after\":\"zzzz/nothing\"}", ERR_OK, "secrets"},
	    {"{\"op\":\"reseal-list\",\"after\":2147483648,\"all\":true}", ERR_INVALID, "after"},
	    {"{\"op\":\"reseal-list\",\"after\":\"zzzz/nothing\",\"all\":true}", ERR_OK, "secrets"},
	    {"{\"op\":\"log-list\",\"from\":\"prod/db\",\"max\":5}", ERR_INVALID, "from"},
	    {"{\"op\":\"log-list\",\"from\":-1,\"max\":5}", ERR_INVALID, "from"},
	    {"{\"op\":\"log-list\",\"from\":2147483648,\"max\":5}", ERR_OK, "leaves"},
	    {"{\"op\":\"log-list\",\"from\":9223372036854775807,\"max\":5}", ERR_OK, "leaves"},
	    {"{\"op\":\"log-list\",\"from\":0,\"max\":2147483648}", ERR_INVALID, "max"},
	};
	struct bench *bench = bench_new(false);
	JSON *reply = NULL;
	struct err err;

	(void)state;
	bench_add_secret(bench);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum err_code code = ask(bench, rows[i].request, &reply, &err);

		if (code != rows[i].code)
			fail_msg("%s: %s (%s)", rows[i].request, err_name(code),
			    code != ERR_OK ? err.text : "");
		if (code != ERR_OK) {
			assert_says(rows[i].text);
			continue;
		}
		struct json_in in = json_in(reply, "reply", &err);
		assert_non_null(json_in_array(&in, rows[i].text, 0, 0));
	}
	bench_verify(bench); /* in the same session */
	bench_free(bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_beginning_of_another_list_is_refused_or_a_place_in_this_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
