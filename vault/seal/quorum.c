/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recursive-descent reader without recursion: a clause in parentheses holds one clause only, so
 * counting the open ones is enough.  Words are runs of bytes other than space, comma and
 * parentheses; what a word may be depends on its place, so "of" cannot be taken for a seat.
 *
 * Seats get their index in order of first appearance.  Within a clause a seat stands at most once,
 * which makes the groups of a clause disjoint: every count below is a plain sum.
 */
#include "vault/seal/quorum.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct parser {
	const char *text;
	size_t at; /* of the next byte */
	struct quorum *quorum;
	struct err *err;
};

static enum err_code fail(const struct parser *parser, size_t at, const char *format, ...)
    FORMAT_LIKE(3, 4);

static enum err_code
fail(const struct parser *parser, size_t at, const char *format, ...)
{
	char what[320];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	return err_set(parser->err, ERR_INVALID, "quorum: column %zu: %s", at + 1, what);
}

static void
skip_spaces(struct parser *parser)
{
	while (parser->text[parser->at] == ' ')
		parser->at++;
}

static bool
accept_byte(struct parser *parser, char byte)
{
	skip_spaces(parser);
	if (parser->text[parser->at] != byte)
		return false;
	parser->at++;
	return true;
}

/* The next word without taking it; empty before punctuation and at the end. */
static struct view
peek_word(struct parser *parser)
{
	skip_spaces(parser);
	const char *start = parser->text + parser->at;
	return view_of(start, strcspn(start, " ,()"));
}

static bool
accept_word(struct parser *parser, const char *word)
{
	struct view next = peek_word(parser);
	if (!view_equal(next, view_of_text(word)))
		return false;
	parser->at += next.size;
	return true;
}

static enum err_code
expect_byte(struct parser *parser, char byte, const char *where)
{
	if (accept_byte(parser, byte))
		return ERR_OK;
	return fail(parser, parser->at, "expected '%c' %s", byte, where);
}

/* M, 0..999; the caller judges it when the group's size is known. */
static enum err_code
read_number(struct parser *parser, unsigned *ret_number)
{
	struct view word = peek_word(parser);
	unsigned number = 0;
	for (size_t i = 0; i < word.size && i < 3; i++) {
		if (word.data[i] < '0' || word.data[i] > '9')
			word.size = 0;
		else
			number = number * 10 + (unsigned)(word.data[i] - '0');
	}
	if (word.size < 1 || word.size > 3)
		return fail(parser, parser->at, "expected a group such as \"2 of (alice, bob)\"");
	if (word.data[0] == '0' && word.size > 1)
		return fail(parser, parser->at, "a number begins with 0");
	parser->at += word.size;
	*ret_number = number;
	return ERR_OK;
}

static enum err_code
read_seat_name(struct parser *parser, char ret_name[SEAT_NAME_MAX + 1])
{
	static const char *const reserved[] = {"of", "or", "and"};
	struct view word = peek_word(parser);
	if (word.size == 0)
		return fail(parser, parser->at, "expected the name of a seat");
	if (word.size > SEAT_NAME_MAX)
		return fail(parser, parser->at, "the name of a seat has at most %d bytes",
		    (int)SEAT_NAME_MAX);
	char name[SEAT_NAME_MAX + 1] = "";
	memcpy(name, word.data, word.size);
	if (!text_is_name(name))
		return fail(parser, parser->at,
		    "\"%s\" is not the name of a seat (a-z 0-9 - _ . /, first a letter or digit)",
		    name);
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (strcmp(name, reserved[i]) == 0)
			return fail(parser, parser->at, "\"%s\" cannot be the name of a seat",
			    name);
	parser->at += word.size;
	memcpy(ret_name, name, sizeof(name));
	return ERR_OK;
}

static bool
group_has(const struct quorum_group *group, unsigned seat)
{
	for (unsigned i = 0; i < group->n; i++)
		if (group->seats[i] == seat)
			return true;
	return false;
}

/* The index of NAME, which is added when it is new. */
static enum err_code
intern_seat(struct parser *parser, size_t at, const char *name, uint8_t *ret_seat)
{
	struct quorum *quorum = parser->quorum;
	int known = quorum_seat(quorum, name);
	if (known < 0) {
		if (quorum->seat_count == QUORUM_SEATS)
			return fail(parser, at, "more than %d seats", (int)QUORUM_SEATS);
		known = quorum->seat_count++;
		memcpy(quorum->seats[known], name, strlen(name) + 1);
	}
	*ret_seat = (uint8_t)known;
	return ERR_OK;
}

/* One seat of the group under construction, which is the clause's last. */
static enum err_code
read_seat(struct parser *parser, struct quorum_clause *clause, struct quorum_group *group)
{
	char name[SEAT_NAME_MAX + 1];
	uint8_t seat = 0;
	skip_spaces(parser);
	size_t at = parser->at;
	TRY(read_seat_name(parser, name));
	TRY(intern_seat(parser, at, name, &seat));
	if (group_has(group, seat))
		return fail(parser, at, "seat \"%s\" stands twice in one group", name);
	for (unsigned i = 0; i < clause->group_count; i++)
		if (group_has(&clause->groups[i], seat))
			return fail(parser, at, "seat \"%s\" stands in two groups joined by 'and'",
			    name);
	if (group->n == QUORUM_GROUP_SEATS)
		return fail(parser, at, "more than %d seats in one group", (int)QUORUM_GROUP_SEATS);
	group->seats[group->n++] = seat;
	return ERR_OK;
}

static enum err_code
read_group(struct parser *parser, struct quorum_clause *clause)
{
	struct quorum_group group = {0};
	unsigned m = 0;
	skip_spaces(parser);
	size_t at = parser->at;
	if (clause->group_count == QUORUM_GROUPS)
		return fail(parser, at, "more than %d groups joined by 'and'", (int)QUORUM_GROUPS);
	TRY(read_number(parser, &m));
	if (!accept_word(parser, "of"))
		return fail(parser, parser->at, "expected \"of\" after %u", m);
	TRY(expect_byte(parser, '(', "before the seats"));
	do {
		TRY(read_seat(parser, clause, &group));
	} while (accept_byte(parser, ','));
	TRY(expect_byte(parser, ')', "or ',' after a seat"));
	if (m == 0)
		return fail(parser, at, "m is 0: a group needs at least one of its seats");
	if (m > group.n)
		return fail(parser, at, "m is %u but the group has %u seats", m, group.n);
	group.m = (uint8_t)m;
	clause->groups[clause->group_count++] = group;
	return ERR_OK;
}

static enum err_code
read_clause(struct parser *parser)
{
	struct quorum *quorum = parser->quorum;
	unsigned open = 0;
	skip_spaces(parser);
	if (quorum->clause_count == QUORUM_CLAUSES)
		return fail(parser, parser->at, "more than %d alternatives joined by 'or'",
		    (int)QUORUM_CLAUSES);
	while (accept_byte(parser, '('))
		open++;
	struct quorum_clause *clause = &quorum->clauses[quorum->clause_count++];
	do {
		TRY(read_group(parser, clause));
	} while (accept_word(parser, "and"));
	for (; open > 0; open--)
		TRY(expect_byte(parser, ')', "after a clause in parentheses"));
	return ERR_OK;
}

/* Short input can have a long canonical text ("a,b" becomes "a, b"), and formats bound that. */
static enum err_code
check_canonical_size(const struct quorum *quorum, struct err *err)
{
	BUF text = {0};
	TRY(quorum_format(quorum, &text, err));
	if (text.size > QUORUM_TEXT_MAX)
		return err_set(err, ERR_INVALID,
		    "quorum: its canonical text has %zu bytes, at most %d", text.size,
		    (int)QUORUM_TEXT_MAX);
	return ERR_OK;
}

enum err_code
quorum_parse(const char *text, struct quorum *ret_quorum, struct err *err)
{
	struct quorum quorum = {0};
	struct parser parser = {.text = text, .quorum = &quorum, .err = err};
	if (strlen(text) > QUORUM_TEXT_MAX)
		return err_set(err, ERR_INVALID, "quorum: %zu bytes, at most %d", strlen(text),
		    (int)QUORUM_TEXT_MAX);
	do {
		TRY(read_clause(&parser));
	} while (accept_word(&parser, "or"));
	skip_spaces(&parser);
	if (accept_word(&parser, "and"))
		return fail(&parser, parser.at - 3,
		    "'and' joins groups, not clauses in parentheses: write each alternative out");
	if (text[parser.at] != '\0')
		return fail(&parser, parser.at, "expected \"and\", \"or\" or the end");
	TRY(check_canonical_size(&quorum, err));
	*ret_quorum = quorum;
	return ERR_OK;
}

static void
format_group(const struct quorum *quorum, const struct quorum_group *group, struct buf *text)
{
	buf_format(text, "%u of (", group->m);
	for (unsigned i = 0; i < group->n; i++)
		buf_format(text, "%s%s", i > 0 ? ", " : "", quorum->seats[group->seats[i]]);
	buf_text(text, ")");
}

enum err_code
quorum_format(const struct quorum *quorum, struct buf *ret_text, struct err *err)
{
	for (unsigned i = 0; i < quorum->clause_count; i++) {
		const struct quorum_clause *clause = &quorum->clauses[i];
		bool parentheses = quorum->clause_count > 1 && clause->group_count > 1;
		buf_format(ret_text, "%s%s", i > 0 ? " or " : "", parentheses ? "(" : "");
		for (unsigned j = 0; j < clause->group_count; j++) {
			buf_text(ret_text, j > 0 ? " and " : "");
			format_group(quorum, &clause->groups[j], ret_text);
		}
		buf_text(ret_text, parentheses ? ")" : "");
	}
	return buf_check(ret_text, err);
}

enum err_code
quorum_canonical(const char *text, struct quorum *ret_quorum, struct buf *ret_text, struct err *err)
{
	TRY(quorum_parse(text, ret_quorum, err));
	return quorum_format(ret_quorum, ret_text, err);
}

enum err_code
quorum_check_seats(const struct quorum *quorum, const char *const *names, struct err *err)
{
	for (unsigned i = 0; i < quorum->seat_count; i++) {
		const char *seat = quorum->seats[i];
		bool known = false;
		for (size_t j = 0; names[j] != NULL; j++)
			known = known || strcmp(names[j], seat) == 0;
		if (known)
			continue;
		const char *near = text_nearest(seat, names);
		if (near == NULL)
			return err_set(err, ERR_INVALID, "quorum: there is no seat \"%s\"", seat);
		return err_set(err, ERR_INVALID,
		    "quorum: there is no seat \"%s\"; did you mean \"%s\"?", seat, near);
	}
	return ERR_OK;
}

int
quorum_seat(const struct quorum *quorum, const char *seat)
{
	for (int i = 0; i < quorum->seat_count; i++)
		if (strcmp(quorum->seats[i], seat) == 0)
			return i;
	return -1;
}

static unsigned
count_present(const struct quorum_group *group, const bool *present)
{
	unsigned count = 0;
	for (unsigned i = 0; i < group->n; i++)
		count += present[group->seats[i]] ? 1 : 0;
	return count;
}

bool
quorum_met(const struct quorum *quorum, const bool *present)
{
	for (unsigned i = 0; i < quorum->clause_count; i++) {
		const struct quorum_clause *clause = &quorum->clauses[i];
		bool met = clause->group_count > 0;
		for (unsigned j = 0; j < clause->group_count; j++)
			met = met &&
			    count_present(&clause->groups[j], present) >= clause->groups[j].m;
		if (met)
			return true;
	}
	return false;
}

unsigned
quorum_least(const struct quorum *quorum)
{
	unsigned least = 0;
	for (unsigned i = 0; i < quorum->clause_count; i++) {
		unsigned sum = 0;
		for (unsigned j = 0; j < quorum->clauses[i].group_count; j++)
			sum += quorum->clauses[i].groups[j].m;
		if (i == 0 || sum < least)
			least = sum;
	}
	return least;
}

/* How many more seats CLAUSE needs, or -1 when those that are available do not suffice. */
static int
clause_missing(const struct quorum_clause *clause, const bool *present, const bool *available)
{
	int missing = 0;
	for (unsigned i = 0; i < clause->group_count; i++) {
		const struct quorum_group *group = &clause->groups[i];
		unsigned here = count_present(group, present), could = 0;
		for (unsigned j = 0; j < group->n; j++)
			could += available[group->seats[j]] && !present[group->seats[j]] ? 1 : 0;
		if (here + could < group->m)
			return -1;
		missing += here < group->m ? (int)(group->m - here) : 0;
	}
	return missing;
}

int
quorum_missing(const struct quorum *quorum, const bool *present, const bool *available)
{
	int least = -1;
	for (unsigned i = 0; i < quorum->clause_count; i++) {
		int missing = clause_missing(&quorum->clauses[i], present, available);
		if (missing >= 0 && (least < 0 || missing < least))
			least = missing;
	}
	return least;
}
