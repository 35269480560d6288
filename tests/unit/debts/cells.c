/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/debts/cells.h"

#include <stdio.h>

#include "tests/unit/check.h"

#define ON(verb) (1u << (verb))

enum grace_times { ALWAYS, AT_ONCE, AFTER_GRACE };

/* What is asked in each state.  Where the verb is asked, each of its faults can be met. */
static const struct asked {
	enum style style;
	enum debt_state state;
	unsigned verbs;
	enum grace_times when;
} asked[] = {
    {STYLE_REPLACE, DEBT_OWED, ON(VERB_CHECK) | ON(VERB_GENERATE) | ON(VERB_PROBE), ALWAYS},
    {STYLE_REPLACE, DEBT_APPLYING, ON(VERB_PROBE) | ON(VERB_APPLY) | ON(VERB_EXPEL), ALWAYS},
    {STYLE_REPLACE, DEBT_EXPELLED, ON(VERB_PROBE), ALWAYS},
    /* That the old value died is asked before the new one is current, where it dies at once; else when its time is over. */
    {STYLE_REPLACE, DEBT_EXPELLED, ON(VERB_APPLY) | ON(VERB_EXPEL), AT_ONCE},
    {STYLE_REPLACE, DEBT_WATCHED, ON(VERB_APPLY), AFTER_GRACE},
    {STYLE_REPLACE, DEBT_WATCHED, ON(VERB_PROBE) | ON(VERB_EXPEL), ALWAYS},
    {STYLE_REPLACE, DEBT_DEGRADED, ON(VERB_PROBE), ALWAYS},
    /* With a grace time what is found to work is told once more first. */
    {STYLE_REPLACE, DEBT_DEGRADED, ON(VERB_EXPEL), AT_ONCE},

    {STYLE_OVERLAP, DEBT_OWED, ON(VERB_CHECK) | ON(VERB_GENERATE) | ON(VERB_PROBE), ALWAYS},
    {STYLE_OVERLAP, DEBT_APPLYING, ON(VERB_PROBE) | ON(VERB_ADD) | ON(VERB_WITHDRAW), ALWAYS},
    {STYLE_OVERLAP, DEBT_WITHDRAWING,
        ON(VERB_PROBE) | ON(VERB_ADD) | ON(VERB_WITHDRAW) | ON(VERB_EXPEL), ALWAYS},
    {STYLE_OVERLAP, DEBT_WATCHED, ON(VERB_PROBE) | ON(VERB_EXPEL), ALWAYS},
    /* Where it dies at once the debt is WITHDRAWING again before it is told. */
    {STYLE_OVERLAP, DEBT_WATCHED, ON(VERB_WITHDRAW), AFTER_GRACE},
    {STYLE_OVERLAP, DEBT_DEGRADED, ON(VERB_PROBE), ALWAYS},

    {STYLE_ISSUE, DEBT_ISSUING, ON(VERB_CHECK) | ON(VERB_ISSUE) | ON(VERB_PROBE), ALWAYS},
    {STYLE_ISSUE, DEBT_PREPARED, ON(VERB_PROBE), ALWAYS},
    {STYLE_ISSUE, DEBT_WITHDRAWING,
        ON(VERB_PROBE) | ON(VERB_WITHDRAW) | ON(VERB_ORPHANS) | ON(VERB_EXPEL), ALWAYS},
    {STYLE_ISSUE, DEBT_WATCHED, ON(VERB_PROBE) | ON(VERB_EXPEL), ALWAYS},
    {STYLE_ISSUE, DEBT_WATCHED, ON(VERB_WITHDRAW), AFTER_GRACE},
    {STYLE_ISSUE, DEBT_DEGRADED, ON(VERB_PROBE), ALWAYS},
};

/* Asked where few cases come to, so that not each fault is met there. */
static const struct rare {
	enum style style;
	enum debt_state state;
	enum verb verb;
	const char *why;
} rare[] = {
    {STYLE_REPLACE, DEBT_WATCHED, VERB_APPLY,
        "what was there before was put back after the new value had become the current one"},
    {STYLE_OVERLAP, DEBT_OWED, VERB_WITHDRAW,
        "the escrow is full, and one of its values, rejected, is accepted all the same: it was told late"},
    {STYLE_OVERLAP, DEBT_WATCHED, VERB_WITHDRAW,
        "a value that was rejected, and refused when the old one was taken away, came late"},
    {STYLE_ISSUE, DEBT_ISSUING, VERB_WITHDRAW, "as where a value is told"},
    {STYLE_ISSUE, DEBT_WATCHED, VERB_WITHDRAW, "as where a value is told"},
};

/*
 * No cells: a debt that is PREPARED (but where the target made the value), VERIFIED, COMMITTED or RETIRED asks nothing, it
 * is moved on; one that is OWED where the target makes the value is ISSUING before it asks.  A run ends COMMITTED in
 * none: it is passed within a transaction.
 */
static const struct place {
	unsigned styles;
	enum debt_state state;
	bool plain; /* a case without a fault comes there */
} places[] = {
    {1u << STYLE_REPLACE | 1u << STYLE_OVERLAP | 1u << STYLE_ISSUE, DEBT_OWED, true},
    {1u << STYLE_ISSUE, DEBT_ISSUING, true},
    {1u << STYLE_REPLACE | 1u << STYLE_OVERLAP | 1u << STYLE_ISSUE, DEBT_PREPARED, true},
    {1u << STYLE_REPLACE | 1u << STYLE_OVERLAP, DEBT_APPLYING, true},
    {1u << STYLE_REPLACE, DEBT_EXPELLED, true},
    {1u << STYLE_OVERLAP | 1u << STYLE_ISSUE, DEBT_WITHDRAWING, true},
    {1u << STYLE_REPLACE | 1u << STYLE_OVERLAP | 1u << STYLE_ISSUE, DEBT_WATCHED, true},
    {1u << STYLE_REPLACE | 1u << STYLE_OVERLAP | 1u << STYLE_ISSUE, DEBT_RETIRED, true},
    {1u << STYLE_REPLACE | 1u << STYLE_OVERLAP | 1u << STYLE_ISSUE, DEBT_DEGRADED, false},
    /* Another value was found to work; else it is passed. */
    {1u << STYLE_OVERLAP | 1u << STYLE_ISSUE, DEBT_VERIFIED, false},
};

static const unsigned *
seen_at(enum style style, enum debt_state state, enum verb verb)
{
	return world()->tally.seen[style][state][verb];
}

bool
cell_is_new(const struct called *call, enum fault fault)
{
	enum style style = world()->scene.announced.style;

	return fault_fits(fault, (enum verb)call->verb) &&
	    seen_at(style, (enum debt_state)call->state, (enum verb)call->verb)[fault] == 0;
}

static bool
is_asked(enum style style, uint32_t grace, enum debt_state state, enum verb verb)
{
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
		if (asked[i].style == style && asked[i].state == state &&
		    (asked[i].verbs & ON(verb)) != 0 &&
		    (asked[i].when == ALWAYS || (asked[i].when == AFTER_GRACE) == (grace > 0)))
			return true;
	return false;
}

static bool
is_rare(enum style style, enum debt_state state, enum verb verb)
{
	for (size_t i = 0; i < ARRAY_SIZE(rare); i++)
		if (rare[i].style == style && rare[i].state == state && rare[i].verb == verb)
			return true;
	return false;
}

/* RET: how many cells it has that were not as expected; RET_MET: how many were met. */
static unsigned
expect_pair(enum style style, uint32_t grace, enum debt_state state, enum verb verb,
    unsigned *ret_met)
{
	const unsigned *seen = seen_at(style, state, verb);
	bool asks = is_asked(style, grace, state, verb);
	unsigned wrong = 0;

	for (int fault = FAULT_NONE; fault < FAULTS; fault++) {
		bool cell =
		    asks && (fault == FAULT_NONE || fault_fits((enum fault)fault, (enum verb)verb));

		if (cell == (seen[fault] > 0) || (!asks && is_rare(style, state, verb))) {
			*ret_met += cell;
			continue;
		}
		print_message("# %s, %u s: %s %s: %s was %s\n", style_names[style], grace,
		    debt_state_names[state], verb_names[verb], fault_names[fault],
		    cell ? "not met" : "met, and is not in the table");
		wrong++;
	}
	return wrong;
}

static unsigned
expect_killed(enum style style, uint32_t grace, bool whole)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const struct place *place = &places[i];

		if ((place->styles & 1u << style) == 0 || !(place->plain || whole) ||
		    world()->tally.killed[style][place->state] > 0)
			continue;
		print_message("# %s, %u s: nobody was killed while a debt was %s\n",
		    style_names[style], grace, debt_state_names[place->state]);
		wrong++;
	}
	return wrong;
}

void
cells_expect(enum style style, uint32_t grace, bool whole)
{
	unsigned met = 0, wrong = expect_killed(style, grace, whole);

	for (enum debt_state state = 0; state < DEBT_STATES; state++)
		for (enum verb verb = 0; verb < VERBS; verb++)
			wrong += expect_pair(style, grace, state, verb, &met);
	print_message("# %s, %u s: %u cells were met\n", style_names[style], grace, met);
	assert_int_equal(wrong, 0);
}
