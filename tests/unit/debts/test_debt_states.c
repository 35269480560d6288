/* SPDX-License-Identifier: Apache-2.0 */
/* The table of a rotation debt (ceremony/server/rotation/states.c), said once more: what is not here is refused. */
#include "ceremony/server/rotation/states.h"
#include "tests/unit/check.h"

enum { R = 1u << STYLE_REPLACE, O = 1u << STYLE_OVERLAP, I = 1u << STYLE_ISSUE, ALL = R | O | I };

static const struct row {
	enum debt_state from;
	enum debt_event event;
	unsigned styles;
	enum debt_state to;
} rows[] = {
    /* a value is made */
    {DEBT_OWED, DEBT_ISSUES, I, DEBT_ISSUING},
    {DEBT_OWED, DEBT_PREPARES, R | O, DEBT_PREPARED},
    {DEBT_ISSUING, DEBT_PREPARES, I, DEBT_PREPARED},
    /* the target gets it */
    {DEBT_PREPARED, DEBT_APPLIES, R | O, DEBT_APPLYING},
    {DEBT_EXPELLED, DEBT_APPLIES, R, DEBT_APPLYING},
    {DEBT_DEGRADED, DEBT_APPLIES, R | O, DEBT_APPLYING},
    {DEBT_APPLYING, DEBT_EXPELS, R, DEBT_EXPELLED},
    {DEBT_DEGRADED, DEBT_EXPELS, R, DEBT_EXPELLED},
    /* it does not want it */
    {DEBT_PREPARED, DEBT_REJECTS, I, DEBT_OWED},
    {DEBT_APPLYING, DEBT_REJECTS, R | O, DEBT_OWED},
    {DEBT_DEGRADED, DEBT_REJECTS, ALL, DEBT_OWED},
    /* it accepts it */
    {DEBT_PREPARED, DEBT_VERIFIES, I, DEBT_VERIFIED},
    {DEBT_APPLYING, DEBT_VERIFIES, O, DEBT_VERIFIED},
    {DEBT_EXPELLED, DEBT_VERIFIES, R, DEBT_VERIFIED},
    {DEBT_DEGRADED, DEBT_VERIFIES, O | I, DEBT_VERIFIED},
    /* it accepts another */
    {DEBT_PREPARED, DEBT_FINDS, I, DEBT_VERIFIED},
    {DEBT_APPLYING, DEBT_FINDS, R, DEBT_APPLYING},
    {DEBT_APPLYING, DEBT_FINDS, O, DEBT_VERIFIED},
    {DEBT_EXPELLED, DEBT_FINDS, R, DEBT_APPLYING},
    {DEBT_DEGRADED, DEBT_FINDS, R, DEBT_APPLYING},
    {DEBT_DEGRADED, DEBT_FINDS, O | I, DEBT_VERIFIED},
    /* it accepts nothing */
    {DEBT_OWED, DEBT_DEGRADES, ALL, DEBT_DEGRADED},
    {DEBT_ISSUING, DEBT_DEGRADES, I, DEBT_DEGRADED},
    {DEBT_PREPARED, DEBT_DEGRADES, I, DEBT_DEGRADED},
    {DEBT_APPLYING, DEBT_DEGRADES, R | O, DEBT_DEGRADED},
    {DEBT_EXPELLED, DEBT_DEGRADES, R, DEBT_DEGRADED},
    {DEBT_DEGRADED, DEBT_DEGRADES, ALL, DEBT_DEGRADED},
    /* the old one dies */
    {DEBT_VERIFIED, DEBT_COMMITS, ALL, DEBT_COMMITTED},
    {DEBT_COMMITTED, DEBT_WATCHES_DEATH, R, DEBT_WATCHED},
    {DEBT_COMMITTED, DEBT_WITHDRAWS, O | I, DEBT_WITHDRAWING},
    {DEBT_WATCHED, DEBT_WITHDRAWS, O | I, DEBT_WITHDRAWING},
    {DEBT_WITHDRAWING, DEBT_WATCHES_DEATH, O | I, DEBT_WATCHED},
    {DEBT_WITHDRAWING, DEBT_LOSES, I, DEBT_OWED},
    {DEBT_WATCHED, DEBT_RETIRES, ALL, DEBT_RETIRED},
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
what_is_not_in_the_table_is_refused(void **state)
{
	(void)state;
	for (enum style style = 0; style < STYLES; style++)
		for (enum debt_state from = 0; from < DEBT_STATES; from++)
			for (enum debt_event event = 0; event < DEBT_EVENTS; event++) {
				const struct row *row = row_of(style, from, event);
				enum debt_state to = DEBT_STATES;
				struct err err;
				enum err_code code = debt_next(style, from, event, &to, &err);

				assert_int_equal(code, row != NULL ? ERR_OK : ERR_INTERNAL);
				assert_int_equal(to, row != NULL ? row->to : DEBT_STATES);
			}
}

static void
nothing_is_known_of_other_styles_states_and_events(void **state)
{
	enum debt_state to;
	struct err err;

	(void)state;
	assert_error(ERR_INTERNAL, debt_next(STYLES, DEBT_OWED, DEBT_PREPARES, &to, &err));
	assert_error(ERR_INTERNAL, debt_next(STYLE_REPLACE, DEBT_STATES, DEBT_PREPARES, &to, &err));
	assert_error(ERR_INTERNAL, debt_next(STYLE_REPLACE, DEBT_OWED, DEBT_EVENTS, &to, &err));
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
	    cmocka_unit_test(nothing_is_known_of_other_styles_states_and_events),
	    cmocka_unit_test(every_state_leads_to_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
