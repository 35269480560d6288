/* SPDX-License-Identifier: Apache-2.0 */
/* vault/documents/reach.c: what can still be opened, held against trying everything. */
#include "vault/documents/reach.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/expect.h"

enum { QUORUMS = 1000, SEATS_MAX = 10 };

static uint32_t
draw(uint32_t *state, uint32_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state % below;
}

/* Some quorum over at most SEATS_MAX seats, as people could write it. */
static void
draw_quorum(uint32_t *state, struct quorum *ret_quorum)
{
	struct err err;
	BUF text = {0};
	unsigned clauses = 1 + draw(state, 3);

	for (unsigned c = 0; c < clauses; c++) {
		unsigned order[SEATS_MAX], left = SEATS_MAX, groups = 1 + draw(state, 3);

		for (unsigned i = 0; i < SEATS_MAX; i++)
			order[i] = i;
		buf_format(&text, "%s(", c > 0 ? " or " : "");
		for (unsigned g = 0; g < groups; g++) {
			unsigned size = 1 + draw(state, left / (groups - g));
			unsigned m = 1 + draw(state, size);

			buf_format(&text, "%s%u of (", g > 0 ? " and " : "", m);
			for (unsigned i = 0; i < size; i++) {
				unsigned pick = draw(state, left);

				buf_format(&text, "%ss%u", i > 0 ? ", " : "", order[pick]);
				order[pick] = order[--left];
			}
			buf_text(&text, ")");
		}
		buf_text(&text, ")");
	}
	assert_ok(quorum_parse(buf_string(&text), ret_quorum, &err));
}

/* The smallest set of the available seats whose loss breaks it, by trying all sets. */
static unsigned
brute_force(const struct quorum *quorum, const bool *available)
{
	unsigned best = QUORUM_SEATS;

	for (uint32_t lost = 0; lost < 1u << quorum->seat_count; lost++) {
		bool present[QUORUM_SEATS] = {false};
		unsigned count = 0;

		for (unsigned i = 0; i < quorum->seat_count; i++) {
			present[i] = available[i] && (lost >> i & 1) == 0;
			count += available[i] && (lost >> i & 1) != 0;
		}
		if (count < best && !quorum_met(quorum, present))
			best = count;
	}
	return best;
}

static void
the_margin_is_what_trying_every_loss_finds(void **state)
{
	uint32_t seed = 20260105;
	unsigned breakable = 0, broken = 0;
	(void)state;

	for (unsigned i = 0; i < QUORUMS; i++) {
		struct quorum quorum;
		bool available[QUORUM_SEATS] = {false};
		unsigned expected;

		draw_quorum(&seed, &quorum);
		for (unsigned s = 0; s < quorum.seat_count; s++)
			available[s] = draw(&seed, 5) != 0;
		expected = brute_force(&quorum, available);
		assert_int_equal(quorum_break(&quorum, available), expected);
		breakable += expected > 1;
		broken += expected == 0;
	}
	assert_true(breakable > 100); /* not only the simple cases were drawn */
	assert_true(broken > 20);
}

static void
a_quorum_built_to_be_hard_is_never_said_to_be_safer_than_it_is(void **state)
{
	struct err err;
	BUF text = {0};
	struct quorum quorum;
	bool available[QUORUM_SEATS];
	uint32_t seed = 7;
	(void)state;

	for (unsigned c = 0; c < QUORUM_CLAUSES; c++) {
		unsigned order[48], left = 48;

		for (unsigned i = 0; i < 48; i++)
			order[i] = i;
		buf_format(&text, "%s(", c > 0 ? " or " : "");
		for (unsigned g = 0; g < 4; g++) {
			buf_format(&text, "%s5 of (", g > 0 ? " and " : "");
			for (unsigned i = 0; i < 12; i++) {
				unsigned pick = draw(&seed, left);

				buf_format(&text, "%ss%u", i > 0 ? ", " : "", order[pick]);
				order[pick] = order[--left];
			}
			buf_text(&text, ")");
		}
		buf_text(&text, ")");
	}
	assert_ok(quorum_parse(buf_string(&text), &quorum, &err));
	for (unsigned i = 0; i < QUORUM_SEATS; i++)
		available[i] = true;
	/* 8 of 12 must go from one group at least; the truth is somewhere above. */
	assert_true(quorum_break(&quorum, available) >= 8);
	assert_true(quorum_break(&quorum, available) <= 48);
}

/* One of two seats has nothing but a spare that was handed its shares. */
static void
a_spare_counts_when_it_was_tested_and_is_tried_before(void **state)
{
	struct charter *charter = calloc(1, sizeof(*charter));
	struct quorum quorum;
	struct reach reach;
	struct reach_spares spares = {.count = 1, .rows = {{.token = {{9}}, .envelope = 0}}};
	HEADER *header = NULL;
	struct err err;

	(void)state;
	assert_non_null(charter);
	assert_ok(header_new(&header, &err));
	assert_ok(quorum_parse("1 of (audit, ciso)", &quorum, &err));
	charter->seat_count = header->envelope_count = 2;
	for (int i = 0; i < 2; i++) {
		struct seat *seat = &charter->seats[i];

		snprintf(seat->name, sizeof(seat->name), "%s", quorum.seats[i]);
		snprintf(header->envelopes[i].seat, sizeof(header->envelopes[i].seat), "%s",
		    quorum.seats[i]);
		seat->roles = ROLE_OFFICER;
		seat->token_count = 1;
		seat->tokens[0].id = header->envelopes[i].token =
		    (struct digest){{(uint8_t)(1 + i)}};
	}
	charter->seats[0].tokens[0].id = spares.rows[0].token;
	reach_of(charter, NULL, header, &spares, &quorum, &quorum, &reach);
	assert_int_equal(reach.margin, 0);
	assert_int_equal(reach.seat_count, 1);
	assert_true(reach_seat(charter, NULL, header, &spares, quorum.seats[0]));
	spares.rows[0].tested = true;
	reach_of(charter, NULL, header, &spares, &quorum, &quorum, &reach);
	assert_int_equal(reach.margin, 1);
	assert_int_equal(reach.seat_count, 2);
	free(charter);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_margin_is_what_trying_every_loss_finds),
	    cmocka_unit_test(a_quorum_built_to_be_hard_is_never_said_to_be_safer_than_it_is),
	    cmocka_unit_test(a_spare_counts_when_it_was_tested_and_is_tried_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
