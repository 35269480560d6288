/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ceremony/protocol/ceremony.c: what is behind each item of a ceremony, and the verdict on it, with real
 * keys.
 */
#include "ceremony/protocol/ceremony.h"

#include "tests/lib/called.h"

static void
what_is_behind_an_item_is_what_was_asked_for(void **state)
{
	CALLED called = {0};
	TRANSCRIPT *transcript = NULL;
	EXHIBIT *exhibit = NULL;
	struct err err;

	(void)state;
	call(&called);
	fine(called_begin(&called, &transcript, &err), &err);
	const struct view header = buf_view(&called.versions[0].header);
	expect_error(exhibit_new(transcript, 0, &called.definitions[1], header, &called.chain,
	                 &exhibit, &err),
	    ERR_INTEGRITY, &err, "the secret prod/db0: the definition names another digest");
	expect_error(exhibit_new(transcript, 0, &called.definitions[0],
	                 buf_view(&called.versions[1].header), &called.chain, &exhibit, &err),
	    ERR_INTEGRITY, &err, "the secret prod/db0: the header names another hash");
	for (size_t i = 0; i < header.size; i++) {
		called.versions[0].header.data[i] ^= 1;
		assert_int_equal(called_show(&called, transcript, 0, &exhibit, &err),
		    ERR_INTEGRITY);
		called.versions[0].header.data[i] ^= 1;
	}
	called.definitions[0].signatures[0].sig[9] ^= 1;
	expect_error(called_show(&called, transcript, 0, &exhibit, &err), ERR_INTEGRITY, &err,
	    "prod/db0");
	called.definitions[0].count = 0;
	expect_error(called_show(&called, transcript, 0, &exhibit, &err), ERR_INTEGRITY, &err,
	    "prod/db0");
	assert_null(exhibit);
}

/* The hashes are right, and what they are of does not fit. */
static void
an_item_whose_parts_do_not_fit_each_other_is_named(void **state)
{
	static const char *const says[] = {"definition names another name",
	    "definition names another secret", "header names another version",
	    "header names another secret", "header names another quorum"};
	struct err err;

	(void)state;
	for (size_t fault = 0; fault < ARRAY_SIZE(says); fault++) {
		CALLED called = {0};
		TRANSCRIPT *transcript = NULL;
		EXHIBIT *exhibit = NULL;
		struct item rows[CALLED_ITEMS];

		call(&called);
		struct item *item = &called.items[0];
		if (fault == 0)
			snprintf(item->name, sizeof(item->name), "prod/xx");
		else if (fault == 1)
			item->secret.bytes[0] ^= 1;
		else if (fault == 2)
			item->version++;
		else if (fault == 3)
			item->header = called.items[1].header;
		memcpy(rows, called.items, sizeof(rows));
		if (fault == 4)
			snprintf(rows[0].quorum, sizeof(rows[0].quorum), "1 of (ciso)");
		called.ceremony.items.rows = rows;
		fine(called_begin(&called, &transcript, &err), &err);
		expect_error(exhibit_new(transcript, 0, &called.definitions[0],
		                 buf_view(&called.versions[fault == 3 ? 1 : 0].header),
		                 &called.chain, &exhibit, &err),
		    ERR_INTEGRITY, &err, says[fault]);
	}
}

static void
two_officers_who_approved_and_gave_meet_the_quorum(void **state)
{
	CALLED called = {0};
	TRANSCRIPT *transcript = NULL;
	EXHIBIT *exhibit = NULL;
	struct err err;
	BUF text = {0};
	int missing;

	(void)state;
	call(&called);
	fine(called_begin(&called, &transcript, &err), &err);
	fine(called_show(&called, transcript, 0, &exhibit, &err), &err);
	called_verdict(&called, transcript, exhibit, VERDICT_OPEN, 2, "2 more of ");
	fine(called_speak(&called, transcript, CISO, false, &err), &err);
	fine(called_speak(&called, transcript, INFRA, false, &err), &err);
	called_verdict(&called, transcript, exhibit, VERDICT_OPEN, 2, "2 more of ");
	exhibit_give(exhibit, "ciso");
	called_verdict(&called, transcript, exhibit, VERDICT_OPEN, 1, "1 more of ");
	exhibit_give(exhibit, "ciso");  /* one person is one */
	exhibit_give(exhibit, "audit"); /* gave, and said nothing */
	called_verdict(&called, transcript, exhibit, VERDICT_OPEN, 1, "1 more of ");
	exhibit_give(exhibit, "infra");
	called_verdict(&called, transcript, exhibit, VERDICT_MET, 0, "");
	assert_int_equal(exhibit_verdict(transcript, exhibit, &called.chain, CALLED_DEADLINE,
	                     &missing, &text),
	    VERDICT_EXPIRED);
	fine(called_speak(&called, transcript, INFRA, true, &err), &err);
	called_verdict(&called, transcript, exhibit, VERDICT_OPEN, 1, "1 more of audit");
	fine(called_speak(&called, transcript, AUDIT, true, &err), &err);
	called_verdict(&called, transcript, exhibit, VERDICT_UNREACHABLE, 0, "");
}

static void
the_approval_of_a_suspended_token_does_not_count_and_says_so(void **state)
{
	CALLED called = {0};
	struct err err;

	(void)state;
	call(&called);
	called_suspend(&called, "ciso", &called.founded.charter->seats[CISO].tokens[0].id);
	for (int denies = 0; denies < 2; denies++) {
		TRANSCRIPT *transcript = NULL;
		EXHIBIT *exhibit = NULL;

		fine(called_begin(&called, &transcript, &err), &err);
		assert_true(transcript->in_force);
		fine(called_show(&called, transcript, 0, &exhibit, &err), &err);
		fine(called_speak(&called, transcript, CISO, denies != 0, &err), &err);
		assert_int_equal(transcript->voices[0].counts, denies != 0);
		assert_null(transcript_approval(transcript, "ciso"));
		assert_int_equal(transcript_denied(transcript, "ciso"), denies != 0);
		fine(called_speak(&called, transcript, INFRA, false, &err), &err);
		exhibit_give(exhibit, "ciso");
		exhibit_give(exhibit, "infra");
		called_verdict(&called, transcript, exhibit, VERDICT_OPEN, 1,
		    denies != 0 ? "1 more of audit" :
		                  "the approval of ciso does not count: its token was suspended by "
		                  "infra");
	}
}

static void
an_operator_who_asks_is_no_officer_of_the_own_request(void **state)
{
	CALLED called = {0};
	TRANSCRIPT *transcript = NULL;
	EXHIBIT *exhibit = NULL;
	DSSE request = {0}, ceremony = {0};
	struct err err;

	(void)state;
	call(&called);
	called.request.mode = called.ceremony.mode = MODE_ROTATE;
	called.request.duration = 0;
	called.request.recipients.count = called.ceremony.recipients.count = 0;
	snprintf(called.request.seat, sizeof(called.request.seat), "infra");
	called.request.token = called.founded.charter->seats[INFRA].tokens[0].id;
	called_request(&called, called.founded.keys[INFRA][KEY_SIGN], &request);
	called_ceremony(&called, &request, &ceremony);
	fine(transcript_new(&request, &ceremony, &called.chain, &transcript, &err), &err);
	assert_true(transcript->in_force);
	fine(called_show(&called, transcript, 1, &exhibit, &err), &err);
	fine(called_speak(&called, transcript, INFRA, false, &err), &err);
	fine(called_speak(&called, transcript, CISO, false, &err), &err);
	exhibit_give(exhibit, "infra");
	exhibit_give(exhibit, "ciso");
	called_verdict(&called, transcript, exhibit, VERDICT_OPEN, 1, "1 more of audit");
}

static void
an_envelope_is_found_in_the_header_or_beside_it(void **state)
{
	CALLED called = {0};
	TRANSCRIPT *transcript = NULL;
	EXHIBIT *exhibit = NULL;
	struct err err;
	uint32_t index = 77, own;
	bool spare = true;
	const struct digest later = {{0x99}};

	(void)state;
	call(&called);
	fine(called_begin(&called, &transcript, &err), &err);
	fine(called_show(&called, transcript, 0, &exhibit, &err), &err);
	const struct digest *token = &called.founded.charter->seats[INFRA].tokens[0].id;
	fine(exhibit_envelope(exhibit, "infra", token, &own, &spare, &err), &err);
	assert_false(spare);
	assert_string_equal(exhibit->header->envelopes[own].seat, "infra");
	expect_error(exhibit_envelope(exhibit, "ciso", token, &index, &spare, &err), ERR_NOT_FOUND,
	    &err, "was not sealed to this token of ciso");
	expect_error(exhibit_envelope(exhibit, "infra", &later, &index, &spare, &err),
	    ERR_NOT_FOUND, &err, "halligan spare");
	assert_int_equal(index, 77);
	exhibit->spares.rows[exhibit->spares.count++] = (struct reach_spare){later, own};
	fine(exhibit_envelope(exhibit, "infra", &later, &index, &spare, &err), &err);
	assert_true(spare);
	assert_int_equal(index, own);
	expect_error(exhibit_envelope(exhibit, "ciso", &later, &index, &spare, &err), ERR_NOT_FOUND,
	    &err, "ciso");
}

static void
the_worst_item_is_the_verdict_on_the_whole(void **state)
{
	static const enum verdict order[] = {VERDICT_MET, VERDICT_OPEN, VERDICT_UNREACHABLE,
	    VERDICT_EXPIRED, VERDICT_VOID};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		for (size_t j = 0; j < ARRAY_SIZE(order); j++) {
			enum verdict worst = VERDICT_MET;
			BUF first = {0}, second = {0}, text = {0};

			buf_text(&first, "first");
			buf_text(&second, "second");
			verdict_worst(order[i], &first, &worst, &text);
			verdict_worst(order[j], &second, &worst, &text);
			assert_int_equal(worst, order[i > j ? i : j]);
			assert_string_equal(text.size > 0 ? buf_string(&text) : "",
			    i == 0 && j == 0 ? "" :
			        j > i        ? "second" :
			                       "first");
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_behind_an_item_is_what_was_asked_for),
	    cmocka_unit_test(an_item_whose_parts_do_not_fit_each_other_is_named),
	    cmocka_unit_test(two_officers_who_approved_and_gave_meet_the_quorum),
	    cmocka_unit_test(the_approval_of_a_suspended_token_does_not_count_and_says_so),
	    cmocka_unit_test(an_operator_who_asks_is_no_officer_of_the_own_request),
	    cmocka_unit_test(an_envelope_is_found_in_the_header_or_beside_it),
	    cmocka_unit_test(the_worst_item_is_the_verdict_on_the_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
