/* SPDX-License-Identifier: Apache-2.0 */
/* vault/seal/quorum.c, and the promise that its verdict is what dealt shares can open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "vault/seal/deal.h"
#include "vault/seal/share.h"

static struct quorum
parsed(const char *text)
{
	struct err err;
	struct quorum quorum;
	if (quorum_parse(text, &quorum, &err) != ERR_OK)
		fail_msg("%s: %s", text, err.text);
	return quorum;
}

static void
expect_canonical(const char *text, const char *canonical)
{
	struct err err;
	BUF formatted = {0};
	struct quorum quorum = parsed(text);
	assert_int_equal(quorum_format(&quorum, &formatted, &err), ERR_OK);
	assert_string_equal(buf_string(&formatted), canonical);
	struct quorum again = parsed(canonical);
	assert_memory_equal(&again, &quorum, sizeof(quorum));
}

static void
expect_refused(const char *text, const char *cause)
{
	struct err err;
	struct quorum quorum, before;
	memset(&before, 0x5a, sizeof(before));
	quorum = before;
	assert_int_equal(quorum_parse(text, &quorum, &err), ERR_INVALID);
	if (strstr(err.text, cause) == NULL)
		fail_msg("%s: \"%s\" lacks \"%s\"", text, err.text, cause);
	assert_memory_equal(&quorum, &before, sizeof(before));
}

static void
canonical_text_parses_to_the_same_quorum(void **state)
{
	(void)state;
	expect_canonical("2 of (a, b, c)", "2 of (a, b, c)");
	expect_canonical("  2  of(a,b ,c ) ", "2 of (a, b, c)");
	expect_canonical("((2 of (a, b)))", "2 of (a, b)");
	expect_canonical("1 of (a) and 1 of (b)", "1 of (a) and 1 of (b)");
	expect_canonical("(1 of (a) and 1 of (b))", "1 of (a) and 1 of (b)");
	expect_canonical("1 of (a) and 1 of (b) or (2 of (c, d))",
	    "(1 of (a) and 1 of (b)) or 2 of (c, d)");
	expect_canonical("3 of (ciso, secops, infra) or (1 of (ceo, cto) and 2 of (secops, infra))",
	    "3 of (ciso, secops, infra) or (1 of (ceo, cto) and 2 of (secops, infra))");
	/* Words of the grammar may begin names. */
	expect_canonical("1 of (office, order, android, 3)", "1 of (office, order, android, 3)");
}

static void
wrong_thresholds_are_refused(void **state)
{
	(void)state;
	expect_refused("0 of (a, b)", "m is 0");
	expect_refused("4 of (a, b, c)", "m is 4 but the group has 3 seats");
	expect_refused("999 of (a)", "m is 999");
	expect_refused("1000 of (a)", "expected a group");
	expect_refused("02 of (a, b)", "begins with 0");
	expect_refused("-1 of (a)", "expected a group");
	expect_refused("1x of (a)", "expected a group");
}

static void
one_seat_in_two_groups_of_a_clause_is_refused(void **state)
{
	(void)state;
	expect_refused("1 of (a, b) and 1 of (c, a)",
	    "column 26: seat \"a\" stands in two groups "
	    "joined by 'and'");
	expect_refused("2 of (a, b, a)", "column 13: seat \"a\" stands twice in one group");
	parsed("1 of (a, b) or 1 of (c, a)");
}

static void
bad_grammar_is_refused_with_its_column(void **state)
{
	(void)state;
	expect_refused("", "column 1: expected a group");
	expect_refused("   ", "column 4: expected a group");
	expect_refused("2 (a, b)", "column 3: expected \"of\"");
	expect_refused("2 of a, b", "column 6: expected '('");
	expect_refused("1 of (a", "column 8: expected ')'");
	expect_refused("1 of (a b)", "column 9: expected ')'");
	expect_refused("1 of ()", "column 7: expected the name of a seat");
	expect_refused("1 of (a,)", "column 9: expected the name of a seat");
	expect_refused("1 of (a) or", "column 12: expected a group");
	expect_refused("1 of (a) and", "column 13: expected a group");
	expect_refused("1 of (a) xor 1 of (b)", "column 10: expected \"and\", \"or\" or the end");
	expect_refused("1 of (a))", "column 9: expected \"and\"");
	expect_refused("(1 of (a)", "column 10: expected ')'");
	expect_refused("(1 of (a) or 1 of (b))", "column 11: expected ')'");
	expect_refused("(1 of (a)) and 1 of (b)", "column 12: 'and' joins groups");
	expect_refused("1 of (a) and (1 of (b))", "column 14: expected a group");
	expect_refused("1\tof (a)", "column 1: expected a group");
}

static void
bad_seat_names_are_refused(void **state)
{
	(void)state;
	expect_refused("1 of (CISO)", "column 7: \"CISO\" is not the name of a seat");
	expect_refused("1 of (-a)", "\"-a\" is not the name of a seat");
	expect_refused("1 of (a\n)", "is not the name of a seat");
	expect_refused("1 of (or)", "\"or\" cannot be the name of a seat");
	expect_refused("1 of (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)",
	    "at most 63 bytes");
}

/* "1 of (s0, s1, ...)" with COUNT seats from FIRST on. */
static void
put_group(struct buf *text, unsigned first, unsigned count)
{
	buf_text(text, "1 of (");
	for (unsigned i = 0; i < count; i++)
		buf_format(text, "%ss%u", i > 0 ? ", " : "", first + i);
	buf_text(text, ")");
}

static void
limits_hold_and_one_more_is_refused(void **state)
{
	(void)state;
	static const struct {
		unsigned clauses, groups, seats, step;
		const char *cause; /* NULL: fits */
	} rows[] = {
	    {1, 1, 32, 0, NULL},
	    {1, 1, 33, 0, "more than 32 seats in one group"},
	    {1, 8, 8, 8, NULL},
	    {1, 9, 1, 1, "more than 8 groups"},
	    {8, 1, 2, 0, NULL},
	    {9, 1, 2, 0, "more than 8 alternatives"},
	    {1, 2, 32, 32, NULL},
	    {1, 3, 22, 22, "more than 64 seats"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		BUF text = {0};
		for (unsigned c = 0; c < rows[i].clauses; c++)
			for (unsigned g = 0; g < rows[i].groups; g++) {
				buf_text(&text, g > 0 ? " and " : c > 0 ? " or " : "");
				put_group(&text, g * rows[i].step, rows[i].seats);
			}
		if (rows[i].cause == NULL)
			parsed(buf_string(&text));
		else
			expect_refused(buf_string(&text), rows[i].cause);
	}
}

static void
text_that_grows_over_the_limit_is_refused(void **state)
{
	(void)state;
	BUF text = {0};
	/* 8 clauses of 8 groups of one long name each: short of 4096 only without its spaces. */
	for (unsigned c = 0; c < 8; c++)
		for (unsigned g = 0; g < 8; g++)
			buf_format(&text, "%s1 of(s%u%052u)",
			    g > 0     ? "and " :
			        c > 0 ? "or " :
			                "",
			    g, 0);
	assert_in_range(text.size, 4050, QUORUM_TEXT_MAX);
	expect_refused(buf_string(&text), "canonical text");
	buf_format(&text, "%0100d", 0);
	expect_refused(buf_string(&text), "at most 4096");
}

static void
unknown_seats_name_the_nearest(void **state)
{
	(void)state;
	struct err err;
	static const char *const names[] = {"ciso", "infra", "audit", NULL};
	struct quorum quorum = parsed("2 of (ciso, infra)");
	assert_int_equal(quorum_check_seats(&quorum, names, &err), ERR_OK);
	quorum = parsed("2 of (ciso, infar)");
	assert_int_equal(quorum_check_seats(&quorum, names, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "no seat \"infar\"; did you mean \"infra\"?"));
	quorum = parsed("1 of (xxxxxxxxxxxx)");
	assert_int_equal(quorum_check_seats(&quorum, names, &err), ERR_INVALID);
	assert_null(strstr(err.text, "did you mean"));
}

static unsigned
bits(unsigned set)
{
	return (unsigned)__builtin_popcount(set);
}

static void
set_flags(unsigned set, bool *flags)
{
	for (unsigned i = 0; i < QUORUM_SEATS; i++)
		flags[i] = i < 32 && (set >> i & 1) != 0;
}

static void
m_of_n_is_met_by_exactly_the_sets_of_m_or_more(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 7; n++)
		for (unsigned m = 1; m <= n; m++) {
			char text[64];
			snprintf(text, sizeof(text), "%u of (%.*s)", m, (int)(3 * n - 2),
			    "a, b, c, d, e, f, g");
			struct quorum quorum = parsed(text);
			assert_int_equal(quorum_least(&quorum), m);
			for (unsigned set = 0; set < 1u << n; set++) {
				bool present[QUORUM_SEATS];
				set_flags(set, present);
				assert_int_equal(quorum_met(&quorum, present), bits(set) >= m);
			}
		}
}

static void
missing_counts_what_the_cheapest_reachable_clause_needs(void **state)
{
	(void)state;
	bool present[QUORUM_SEATS] = {false}, available[QUORUM_SEATS];
	struct quorum quorum = parsed("3 of (a, b, c) or (1 of (d) and 1 of (a, b))");
	set_flags(0xf, available);
	assert_int_equal(quorum_least(&quorum), 2);
	assert_int_equal(quorum_missing(&quorum, present, available), 2);
	present[3] = true; /* d */
	assert_int_equal(quorum_missing(&quorum, present, available), 1);
	set_flags(0x7, available); /* present seats need not be available */
	assert_int_equal(quorum_missing(&quorum, present, available), 1);
	present[3] = false;
	assert_int_equal(quorum_missing(&quorum, present, available), 3);
	set_flags(0x3, available);
	assert_int_equal(quorum_missing(&quorum, present, available), -1);
	set_flags(0x3, present);
	assert_int_equal(quorum_missing(&quorum, present, available), -1);
	set_flags(0x9, present);
	assert_int_equal(quorum_missing(&quorum, present, available), 0);
	assert_true(quorum_met(&quorum, present));
}

/* xorshift32: the same quorums in every run. */
static unsigned
draw(uint32_t *seed, unsigned limit)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % limit;
}

static void
random_clause(uint32_t *seed, struct buf *text)
{
	unsigned order[7] = {0, 1, 2, 3, 4, 5, 6}, used = 0;
	for (unsigned i = 6; i > 0; i--) {
		unsigned other = draw(seed, i + 1), swap = order[i];
		order[i] = order[other];
		order[other] = swap;
	}
	unsigned groups = 1 + draw(seed, 3);
	for (unsigned i = 0; i < groups && used < 7; i++) {
		unsigned n = 1 + draw(seed, i + 1 < groups ? 3 : 7 - used);
		n = n > 7 - used ? 7 - used : n;
		buf_format(text, "%s%u of (", i > 0 ? " and " : "", 1 + draw(seed, n));
		for (unsigned j = 0; j < n; j++)
			buf_format(text, "%s%c", j > 0 ? ", " : "", 'a' + (int)order[used++]);
		buf_text(text, ")");
	}
}

/* What the values of the PRESENT seats of one group give when as many as can be are used. */
static void
combine_present(const struct quorum *quorum, unsigned clause, const struct quorum_group *group,
    struct secret *matrix, const bool *present, struct secret *parts)
{
	struct err err;
	SECRET *values = NULL;
	SECRET *part = NULL;
	const uint8_t zeros[DEAL_SIZE] = {0};
	uint8_t xs[QUORUM_GROUP_SEATS];
	unsigned count = 0;
	assert_int_equal(secret_new(QUORUM_GROUP_SEATS * DEAL_SIZE, &values, &err), ERR_OK);
	for (unsigned i = 0; i < group->n && count < group->m; i++)
		if (present[group->seats[i]]) {
			xs[count++] = (uint8_t)(i + 1);
			assert_int_equal(secret_append(values,
			                     view_of(deal_cell(quorum, matrix, clause,
			                                 group->seats[i]),
			                         DEAL_SIZE),
			                     &err),
			    ERR_OK);
		}
	if (count > 0)
		assert_int_equal(share_combine(count, group->n, xs, count, values, DEAL_SIZE, &part,
		                     &err),
		    ERR_OK);
	assert_int_equal(secret_append(parts, count > 0 ? secret_view(part) : VIEW_OF(zeros), &err),
	    ERR_OK);
}

/* Can the seats in PRESENT rebuild DEK from MATRIX?  Asks the arithmetic alone, not the policy. */
static bool
shares_open(const struct quorum *quorum, struct secret *matrix, const bool *present,
    const struct secret *dek)
{
	struct err err;
	const uint8_t xs[QUORUM_GROUPS] = {1, 2, 3, 4, 5, 6, 7, 8};
	bool opens = false;
	for (unsigned i = 0; i < quorum->clause_count; i++) {
		const struct quorum_clause *clause = &quorum->clauses[i];
		SECRET *parts = NULL;
		SECRET *opened = NULL;
		assert_int_equal(secret_new(QUORUM_GROUPS * DEAL_SIZE, &parts, &err), ERR_OK);
		for (unsigned j = 0; j < clause->group_count; j++)
			combine_present(quorum, i, &clause->groups[j], matrix, present, parts);
		assert_int_equal(share_combine(clause->group_count, clause->group_count, xs,
		                     clause->group_count, parts, DEAL_SIZE, &opened, &err),
		    ERR_OK);
		bool right = secret_equal(opened, dek);
		SECRET *combined = NULL;
		enum err_code code = deal_combine(quorum, i, present, matrix, &combined, &err);
		assert_int_equal(code, right ? ERR_OK : ERR_WAITING);
		if (right)
			assert_true(secret_equal(combined, dek));
		opens = opens || right;
	}
	return opens;
}

static void
verdict_equals_what_the_shares_open_for_1000_random_quorums(void **state)
{
	(void)state;
	struct err err;
	uint32_t seed = 0x48414c76;
	unsigned met = 0, unmet = 0;
	printf("# seed 0x%08x\n", seed);
	for (unsigned round = 0; round < 1000; round++) {
		BUF text = {0};
		SECRET *dek = NULL;
		SECRET *matrix = NULL;
		unsigned clauses = 1 + draw(&seed, 3);
		for (unsigned i = 0; i < clauses; i++) {
			buf_text(&text, i > 0 ? " or (" : "(");
			random_clause(&seed, &text);
			buf_text(&text, ")");
		}
		struct quorum quorum = parsed(buf_string(&text));
		assert_int_equal(secret_new(DEAL_SIZE, &dek, &err), ERR_OK);
		assert_int_equal(secret_random(dek, DEAL_SIZE, &err), ERR_OK);
		assert_int_equal(deal_split(&quorum, dek, &matrix, &err), ERR_OK);
		/* Four random sets of seats each, and every set for each 50th. */
		unsigned sets = 1u << quorum.seat_count, tries = round % 50 == 0 ? sets : 4;
		for (unsigned i = 0; i < tries; i++) {
			bool present[QUORUM_SEATS];
			set_flags(tries == sets ? i : draw(&seed, sets), present);
			bool verdict = quorum_met(&quorum, present);
			if (verdict != shares_open(&quorum, matrix, present, dek))
				fail_msg("round %u: %s: verdict %d", round, buf_string(&text),
				    verdict);
			met += verdict ? 1 : 0;
			unmet += verdict ? 0 : 1;
		}
	}
	assert_true(met > 1000 && unmet > 1000);
}

static void
every_clause_is_dealt_independently(void **state)
{
	(void)state;
	struct err err;
	SECRET *dek = NULL;
	SECRET *matrix = NULL;
	struct quorum quorum = parsed("2 of (a, b) or 2 of (a, b)");
	assert_int_equal(secret_new(DEAL_SIZE, &dek, &err), ERR_OK);
	assert_int_equal(secret_random(dek, DEAL_SIZE, &err), ERR_OK);
	assert_int_equal(deal_split(&quorum, dek, &matrix, &err), ERR_OK);
	for (unsigned seat = 0; seat < 2; seat++)
		assert_memory_not_equal(deal_cell(&quorum, matrix, 0, seat),
		    deal_cell(&quorum, matrix, 1, seat), DEAL_SIZE);
}

static int
start(void **state)
{
	(void)state;
	struct err err;
	return crypto_start(&err) == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(canonical_text_parses_to_the_same_quorum),
	    cmocka_unit_test(wrong_thresholds_are_refused),
	    cmocka_unit_test(one_seat_in_two_groups_of_a_clause_is_refused),
	    cmocka_unit_test(bad_grammar_is_refused_with_its_column),
	    cmocka_unit_test(bad_seat_names_are_refused),
	    cmocka_unit_test(limits_hold_and_one_more_is_refused),
	    cmocka_unit_test(text_that_grows_over_the_limit_is_refused),
	    cmocka_unit_test(unknown_seats_name_the_nearest),
	    cmocka_unit_test(m_of_n_is_met_by_exactly_the_sets_of_m_or_more),
	    cmocka_unit_test(missing_counts_what_the_cheapest_reachable_clause_needs),
	    cmocka_unit_test(verdict_equals_what_the_shares_open_for_1000_random_quorums),
	    cmocka_unit_test(every_clause_is_dealt_independently),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
