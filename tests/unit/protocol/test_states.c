/* SPDX-License-Identifier: Apache-2.0 */
/* ceremony/protocol/states.c: the whole matrix of states and events. */
#include "ceremony/protocol/states.h"

#include "tests/unit/check.h"

enum { NO = -1 };
enum {
	COL = CEREMONY_COLLECTING,
	RLG = CEREMONY_RELEASING,
	RLD = CEREMONY_RELEASED,
	ROT = CEREMONY_ROTATING,
	DEG = CEREMONY_DEGRADED,
	CLO = CEREMONY_CLOSED,
	REF = CEREMONY_REFUSED
};

/* Typed again from docs/DESIGN.md, event by event. */
static const int expected[CEREMONY_EVENTS][CEREMONY_STATES] = {
    /*		     collecting releasing released rotating degraded closed refused */
    [EVENT_APPROVE] = {COL, NO, NO, NO, NO, NO, NO},
    [EVENT_DENY] = {COL, NO, NO, NO, NO, NO, NO},
    [EVENT_REFUSE] = {REF, NO, NO, NO, NO, NO, NO},
    [EVENT_CANCEL] = {REF, NO, NO, NO, NO, NO, NO},
    [EVENT_EXPIRE] = {REF, NO, NO, NO, NO, NO, NO},
    [EVENT_VOID] = {REF, NO, NO, NO, NO, NO, NO},
    [EVENT_RELEASE] = {RLG, NO, NO, NO, NO, NO, NO},
    [EVENT_DELIVER] = {NO, RLD, NO, NO, NO, NO, NO},
    [EVENT_DAMAGE] = {NO, CLO, NO, NO, NO, NO, NO},
    [EVENT_END] = {NO, NO, ROT, NO, NO, NO, NO},
    [EVENT_ROTATED] = {NO, NO, NO, CLO, CLO, NO, NO},
    [EVENT_SETTLED] = {NO, CLO, NO, NO, NO, NO, NO},
    [EVENT_DEGRADE] = {NO, NO, NO, DEG, NO, NO, NO},
};

static void
every_state_takes_its_events_and_refuses_all_others(void **state)
{
	struct err err;

	(void)state;
	for (int from = 0; from < CEREMONY_STATES; from++)
		for (int event = 0; event < CEREMONY_EVENTS; event++) {
			enum ceremony_state next = CEREMONY_STATES;
			enum err_code code = table_next((enum ceremony_state)from,
			    (enum ceremony_event)event, &next, &err);

			if (expected[event][from] == NO) {
				assert_int_equal(code, ERR_REFUSED);
				assert_int_equal(next, CEREMONY_STATES); /* untouched */
				assert_says("; ");
			} else {
				assert_int_equal(code, ERR_OK);
				assert_int_equal(next, expected[event][from]);
			}
		}
}

/* A release cannot be taken back, repeated or skipped. */
static void
nothing_leads_from_a_release_back_to_collecting(void **state)
{
	(void)state;
	for (int event = 0; event < CEREMONY_EVENTS; event++)
		for (int from = 0; from < CEREMONY_STATES; from++)
			if (from != COL)
				assert_int_not_equal(expected[event][from], COL);
}

static void
a_refusal_says_the_state_in_words(void **state)
{
	struct err err;
	enum ceremony_state next;

	(void)state;
	assert_error(ERR_REFUSED, table_next(CEREMONY_REFUSED, EVENT_APPROVE, &next, &err));
	assert_string_equal(err.text,
	    "the ceremony was refused; make a new request; it cannot be approved");
}

static void
numbers_outside_the_table_are_our_bug(void **state)
{
	struct err err;
	enum ceremony_state next;

	(void)state;
	assert_error(ERR_INTERNAL, table_next(CEREMONY_STATES, EVENT_DENY, &next, &err));
	assert_error(ERR_INTERNAL, table_next(CEREMONY_CLOSED, CEREMONY_EVENTS, &next, &err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_state_takes_its_events_and_refuses_all_others),
	    cmocka_unit_test(nothing_leads_from_a_release_back_to_collecting),
	    cmocka_unit_test(a_refusal_says_the_state_in_words),
	    cmocka_unit_test(numbers_outside_the_table_are_our_bug),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
