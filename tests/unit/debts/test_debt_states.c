/* SPDX-License-Identifier: Apache-2.0 */
/* The table of a rotation debt (ceremony/server/rotation/states.c), said once more: what is not here is refused. */
#include "ceremony/server/rotation/states.h"
#include "tests/unit/check.h"

enum { R = 1u << STYLE_REPLACE, O = 1u << STYLE_OVERLAP, I = 1u << STYLE_ISSUE, ALL = R | O | I };

static const struct row {
	enum debt_state from;
	enum debt_event event;
	unsigned styles, by;
	enum debt_state to;
} rows[] = {
    /* a value is made */
    {DEBT_OWED, DEBT_ISSUES, I, BY_HOST, DEBT_ISSUING},
    {DEBT_OWED, DEBT_PREPARES, R | O, BY_ROTATOR, DEBT_PREPARED},
    {DEBT_ISSUING, DEBT_PREPARES, I, BY_ROTATOR, DEBT_PREPARED},
    /* the target gets it */
    {DEBT_PREPARED, DEBT_APPLIES, R | O, BY_HOST, DEBT_APPLYING},
    {DEBT_EXPELLED, DEBT_APPLIES, R, BY_TARGET, DEBT_APPLYING},
    {DEBT_DEGRADED, DEBT_APPLIES, R | O, BY_TARGET, DEBT_APPLYING},
    {DEBT_APPLYING, DEBT_EXPELS, R, BY_ROTATOR | BY_TARGET, DEBT_EXPELLED},
    {DEBT_DEGRADED, DEBT_EXPELS, R, BY_TARGET, DEBT_EXPELLED},
    /* it does not want it */
    {DEBT_PREPARED, DEBT_REJECTS, I, BY_TARGET, DEBT_OWED},
    {DEBT_APPLYING, DEBT_REJECTS, R | O, BY_ROTATOR, DEBT_OWED},
    {DEBT_DEGRADED, DEBT_REJECTS, ALL, BY_TARGET, DEBT_OWED},
    /* it accepts it */
    {DEBT_PREPARED, DEBT_VERIFIES, I, BY_TARGET, DEBT_VERIFIED},
    {DEBT_APPLYING, DEBT_VERIFIES, O, BY_TARGET, DEBT_VERIFIED},
    {DEBT_EXPELLED, DEBT_VERIFIES, R, BY_TARGET, DEBT_VERIFIED},
    {DEBT_DEGRADED, DEBT_VERIFIES, O | I, BY_TARGET, DEBT_VERIFIED},
    /* it accepts another */
    {DEBT_OWED, DEBT_FINDS, R, BY_TARGET, DEBT_APPLYING},
    {DEBT_OWED, DEBT_FINDS, O, BY_TARGET, DEBT_VERIFIED},
    {DEBT_ISSUING, DEBT_FINDS, I, BY_TARGET, DEBT_VERIFIED},
    {DEBT_PREPARED, DEBT_FINDS, I, BY_TARGET, DEBT_VERIFIED},
    {DEBT_APPLYING, DEBT_FINDS, R, BY_TARGET, DEBT_APPLYING},
    {DEBT_APPLYING, DEBT_FINDS, O, BY_TARGET, DEBT_VERIFIED},
    {DEBT_EXPELLED, DEBT_FINDS, R, BY_TARGET, DEBT_APPLYING},
    {DEBT_DEGRADED, DEBT_FINDS, R, BY_TARGET, DEBT_APPLYING},
    {DEBT_DEGRADED, DEBT_FINDS, O | I, BY_TARGET, DEBT_VERIFIED},
    /* it accepts nothing */
    {DEBT_OWED, DEBT_DEGRADES, ALL, BY_TARGET, DEBT_DEGRADED},
    {DEBT_ISSUING, DEBT_DEGRADES, I, BY_TARGET, DEBT_DEGRADED},
    {DEBT_PREPARED, DEBT_DEGRADES, I, BY_TARGET, DEBT_DEGRADED},
    {DEBT_APPLYING, DEBT_DEGRADES, R | O, BY_ROTATOR | BY_TARGET, DEBT_DEGRADED},
    {DEBT_EXPELLED, DEBT_DEGRADES, R, BY_TARGET, DEBT_DEGRADED},
    {DEBT_DEGRADED, DEBT_DEGRADES, ALL, BY_TARGET, DEBT_DEGRADED},
    /* the old one dies */
    {DEBT_VERIFIED, DEBT_COMMITS, ALL, BY_HOST, DEBT_COMMITTED},
    {DEBT_COMMITTED, DEBT_WATCHES_DEATH, R, BY_HOST, DEBT_WATCHED},
    {DEBT_COMMITTED, DEBT_WITHDRAWS, O | I, BY_HOST, DEBT_WITHDRAWING},
    {DEBT_WATCHED, DEBT_WITHDRAWS, O | I, BY_TARGET, DEBT_WITHDRAWING},
    {DEBT_WITHDRAWING, DEBT_WATCHES_DEATH, O | I, BY_ROTATOR, DEBT_WATCHED},
    {DEBT_WITHDRAWING, DEBT_LOSES, I, BY_TARGET, DEBT_OWED},
    {DEBT_WATCHED, DEBT_RETIRES, ALL, BY_TARGET | BY_SIGNED, DEBT_RETIRED},
};

static const struct row *
row_of(enum style style, enum debt_state from, enum debt_event event)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].from == from && rows[i].event == event &&
		    (rows[i].styles & 1u << style) != 0)
			return &rows[i];
	return NULL;
}

static void
expect_step(enum style style, enum debt_state from, enum debt_event event, enum debt_by by)
{
	const struct row *row = row_of(style, from, event);
	bool may = row != NULL && (row->by & by) != 0;
	enum debt_state to = DEBT_STATES;
	struct err err;

	assert_int_equal(debt_next(style, from, event, by, &to, &err), may ? ERR_OK : ERR_INTERNAL);
	assert_int_equal(to, may ? row->to : DEBT_STATES);
}

static void
what_is_not_in_the_table_is_refused(void **state)
{
	(void)state;
	for (enum style style = 0; style < STYLES; style++)
		for (enum debt_state from = 0; from < DEBT_STATES; from++)
			for (enum debt_event event = 0; event < DEBT_EVENTS; event++)
				for (unsigned by = 0; by <= 2 * BY_SIGNED;
				     by = by == 0 ? 1 : 2 * by)
					expect_step(style, from, event, (enum debt_by)by);
}

/* Invariants 8 and 19. */
static void
that_a_value_works_or_is_dead_rests_on_no_rotators_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum debt_event event = rows[i].event;

		if (event == DEBT_VERIFIES || event == DEBT_FINDS || event == DEBT_LOSES)
			assert_int_equal(rows[i].by, BY_TARGET);
		if (event == DEBT_RETIRES)
			assert_int_equal(rows[i].by, BY_TARGET | BY_SIGNED);
		/* Nothing but these leads to where something is over. */
		if (rows[i].to == DEBT_VERIFIED)
			assert_true(event == DEBT_VERIFIES || event == DEBT_FINDS);
		if (rows[i].to == DEBT_RETIRED)
			assert_int_equal(event, DEBT_RETIRES);
		if (rows[i].to == DEBT_COMMITTED)
			assert_int_equal(rows[i].from, DEBT_VERIFIED);
	}
}

static void
nothing_is_known_of_other_styles_states_and_events(void **state)
{
	enum debt_state to;
	struct err err;

	(void)state;
	assert_error(ERR_INTERNAL,
	    debt_next(STYLES, DEBT_OWED, DEBT_PREPARES, BY_ROTATOR, &to, &err));
	assert_error(ERR_INTERNAL,
	    debt_next(STYLE_REPLACE, DEBT_STATES, DEBT_PREPARES, BY_ROTATOR, &to, &err));
	assert_error(ERR_INTERNAL,
	    debt_next(STYLE_REPLACE, DEBT_OWED, DEBT_EVENTS, BY_ROTATOR, &to, &err));
}

/* Whatever was done to it, and whichever style: RETIRED can still be reached. */
static void
every_state_leads_to_the_end(void **state)
{
	(void)state;
	for (enum style style = 0; style < STYLES; style++) {
		bool leads[DEBT_STATES] = {[DEBT_RETIRED] = true}, reached[DEBT_STATES] = {true};

		for (size_t round = 0; round < DEBT_STATES; round++)
			for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
				if ((rows[i].styles & 1u << style) == 0)
					continue;
				leads[rows[i].from] |= leads[rows[i].to];
				reached[rows[i].to] |= reached[rows[i].from];
			}
		for (size_t i = 0; i < DEBT_STATES; i++)
			assert_int_equal(leads[i] && reached[i], reached[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_not_in_the_table_is_refused),
	    cmocka_unit_test(that_a_value_works_or_is_dead_rests_on_no_rotators_word),
	    cmocka_unit_test(nothing_is_known_of_other_styles_states_and_events),
	    cmocka_unit_test(every_state_leads_to_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
