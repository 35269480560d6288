/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each text that somebody else chose on the screens on which definitions, charters and rosters are signed, times whatever
 * might be written there (screen.h).  Texts are put where they are drawn from, past the parsers; of each it is told beside
 * that, whether a parser takes a signed document that has it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ceremony/client/text/charter.h"
#include "ceremony/client/text/definition.h"
#include "tests/unit/client/screen.h"
#include "tests/unit/client/town.h"
#include "vault/documents/chain.h"

#define PLAIN "plain"

enum { PLACES_MAX = 20 };

/* As much of WORDS as has room in TEXT of SIZE bytes. */
static void
put(char *text, size_t size, const char *words)
{
	size_t fits = strlen(words) < size ? strlen(words) : size - 1;

	memcpy(text, words, fits);
	text[fits] = '\0';
}
#define PUT(field, words) put(field, sizeof(field), words)

/* The places of a screen, what stands in each, and the document that has them all. */
struct stage {
	const char *const *names;
	size_t count;
	void (*play)(const void *context, const struct ui *ui);
	/* Do the parsers take its documents, with WORDS where SCREEN_PLACE stands? */
	bool (*parses)(const struct stage *stage, const char *words);
	size_t bound; /* the place whose words come from a document that was in force; 0: none */
	const char *words[PLACES_MAX];
	const struct founded *founded;
};

/* STATEMENT as somebody signs it who wrote WORDS for SCREEN_PLACE. */
static void
reword(const struct dsse *statement, const char *words, struct dsse *ret_reworded)
{
	BUF text = {0}, payload = {0};
	struct err err;

	screen_escape(words, LABEL_MAX, &text);
	buf_bytes(&payload, buf_view(&statement->payload));
	if (strstr(buf_string(&payload), SCREEN_PLACE) != NULL)
		edit_payload(statement, SCREEN_PLACE, buf_string(&text), ret_reworded);
	else
		fine(dsse_set(ret_reworded, statement->type, buf_view(&payload), &err), &err);
}

static void
check_parsers(const struct stage *stage, size_t place)
{
	if (!stage->parses(stage, SCREEN_PLACE))
		fail_msg("%s: not even a plain one is taken", stage->names[place]);
	for (size_t i = 0; i < SCREEN_CONTENTS; i++) {
		const struct screen_content *content = &screen_contents()[i];
		bool taken = stage->parses(stage, content->text);

		if (taken != text_is_plain(view_of_text(content->text)))
			fail_msg("%s x %s: %s by the parser", stage->names[place], content->name,
			    taken ? "taken" : "refused");
	}
}

static void
fill_each_place(struct stage *stage)
{
	for (size_t i = 0; i < stage->count; i++)
		stage->words[i] = PLAIN;
	for (size_t place = 0; place < stage->count; place++) {
		SCREEN plain = {0};

		stage->words[place] = SCREEN_PLACE;
		if (!stage->bound || place != stage->bound)
			check_parsers(stage, place);
		screen_play(stage->play, stage, &plain);
		screen_has_place(stage->names[place], &plain);
		for (size_t i = 0; i < SCREEN_CONTENTS; i++) {
			const struct screen_content *content = &screen_contents()[i];
			SCREEN screen = {0};
			char what[100];

			snprintf(what, sizeof(what), "%s x %s", stage->names[place], content->name);
			stage->words[place] = content->text;
			screen_play(stage->play, stage, &screen);
			screen_compare(what, &plain, &screen);
		}
		stage->words[place] = PLAIN;
	}
}

/* ---- definitions ---- */

enum {
	EFFECT_WAS,
	EFFECT,
	VALUE_WAS,
	VALUE,
	ROW,
	DEEP_VALUE,
	KEY,
	DEEP_KEY,
	ACCOUNT_WAS,
	ACCOUNT,
	DEFINITION_PLACES
};
static const char *const definition_places[DEFINITION_PLACES] = {"effect as it was", "effect",
    "member of the target as it was", "member of the target", "row of a list", "nested member",
    "name of a member", "name of a nested member", "member of the account as it was",
    "member of the account"};

/* A key of WORDS, which is never one of ours; JSON has none that is no UTF-8. */
static void
put_member(struct json *object, const char *key, const char *value)
{
	char name[TARGET_KEY_MAX + 1];

	PUT(name, key);
	json_put_text(object, name, value);
}

static struct json *
make_target(const struct stage *stage, bool now)
{
	struct json *target = json_new_object(), *list = json_new_array(),
	            *deep = json_new_object(), *deeper = json_new_object();

	json_put_text(target, "host", stage->words[now ? VALUE : VALUE_WAS]);
	if (now) {
		json_add_text(list, "first");
		json_add_text(list, stage->words[ROW]);
		json_add_text(list, "last");
		json_put(target, "hosts", list);
		json_put_text(deeper, "inner", stage->words[DEEP_VALUE]);
		put_member(deeper, stage->words[DEEP_KEY], "x");
		json_put(deep, "deeper", deeper);
		json_put(target, "settings", deep);
		put_member(target, stage->words[KEY], "y");
	} else {
		json_free(list);
		json_free(deeper);
		json_free(deep);
	}
	json_put_text(target, "user", "root");
	return target;
}

/* What the words of STAGE make of a definition, NOW or before. */
static void
make_definition(const struct stage *stage, bool now, struct definition *ret_definition)
{
	*ret_definition = (struct definition){.name = "prod/db",
	    .revision = now ? 2 : 1,
	    .policy = "default",
	    .rotator = "ssh-key",
	    .contract = 2,
	    .announced = {.holds = 1, .can = CAN_EXPEL, .account_count = 2},
	    .change = {.policy = "default"},
	    .target = make_target(stage, now)};
	PUT(ret_definition->effect, stage->words[now ? EFFECT : EFFECT_WAS]);
	PUT(ret_definition->announced.account[0], "host");
	PUT(ret_definition->announced.account[1], stage->words[now ? ACCOUNT : ACCOUNT_WAS]);
}

static bool
parses_definition(struct definition *definition, const char *words)
{
	const struct definitions definitions = {.rows = definition, .count = 1};
	DEFINITIONS_OF read = {0};
	DSSE statement = {0}, reworded = {0};
	JSON *payload = NULL;
	struct err err;

	fine(definitions_payload(&definitions, &payload, &err), &err);
	fine(statement_new(STATEMENT_SECRET, false, payload, &statement, &err), &err);
	reword(&statement, words, &reworded);
	return definitions_parse(&reworded, false, &read, &err) == ERR_OK;
}

static bool
definitions_parse_with(const struct stage *stage, const char *words)
{
	DEFINITION before = {0}, after = {0};

	make_definition(stage, false, &before);
	make_definition(stage, true, &after);
	return parses_definition(&before, words) && parses_definition(&after, words);
}

static void
play_definitions(const void *context, const struct ui *ui)
{
	const struct stage *stage = context;
	const struct definition_screen screen = {.ui = ui, .charter = stage->founded->charter};
	DEFINITION before = {0}, after = {0};
	struct definition rows[2]; /* borrowed */
	struct err err;

	make_definition(stage, false, &before);
	make_definition(stage, true, &after);
	rows[0] = rows[1] = after;
	fine(show_definitions(&screen, &(struct definitions){.rows = rows, .count = 1}, &err),
	    &err);
	fine(ui_demand(ui, "Sign this definition? Type yes", "yes", &err), &err);
	fine(show_definition_changes(&screen,
	         (const struct definition_before[]){{&before, true}, {&before, false}},
	         &(struct definitions){.rows = rows, .count = 2}, &err),
	    &err);
	fine(ui_demand(ui, "Sign these 2 changes? Type yes", "yes", &err), &err);
}

static void
on_definitions_it_changes_nothing_beside_it(void **state)
{
	FOUNDED founded = {0};
	struct stage stage = {.names = definition_places,
	    .count = DEFINITION_PLACES,
	    .play = play_definitions,
	    .parses = definitions_parse_with,
	    .founded = &founded};

	(void)state;
	found(&founded);
	fill_each_place(&stage);
}

/* ---- charters and rosters ---- */

enum {
	PERSON_WAS,
	PERSON,
	LABEL_WAS,
	LABEL,
	WAIVER_WAS,
	WAIVER,
	RESTORED_LABEL,
	RESTORED_REASON,
	COPY,
	CHARTER_PLACES
};
static const char *const charter_places[CHARTER_PLACES] = {"person as it was", "person",
    "label of a token that goes", "label of a token that comes", "waiver as it was", "waiver",
    "label of a suspended token", "reason of a suspension", "place for copies"};

/* The charter of STAGE, NOW or before: ops has another token. */
static struct charter *
make_charter(const struct stage *stage, bool now)
{
	struct charter *charter = calloc(1, sizeof(*charter));

	assert_non_null(charter);
	*charter = *stage->founded->charter;
	struct seat *seat = &charter->seats[OPS];
	if (now)
		put_key(&seat->tokens[0], KEY_SIGN, stage->founded->spares[1]);
	PUT(seat->person, stage->words[now ? PERSON : PERSON_WAS]);
	PUT(seat->tokens[0].label, stage->words[now ? LABEL : LABEL_WAS]);
	charter->waiver_count = 1;
	charter->waivers[0] =
	    (struct charter_waiver){.token = seat->tokens[0].id, .waives = WAIVE_FIRMWARE};
	PUT(charter->waivers[0].reason, stage->words[now ? WAIVER : WAIVER_WAS]);
	if (now)
		snprintf(charter->copy, sizeof(charter->copy), "directory:/%.*s",
		    (int)sizeof(charter->copy) - 12, stage->words[COPY]);
	return charter;
}

static void
make_suspension(const struct stage *stage, struct suspension *ret_row)
{
	*ret_row = (struct suspension){.seat = "infra",
	    .holder = "ops",
	    .time = TOWN_NOW,
	    .digest = {{1}}};
	PUT(ret_row->reason, stage->words[RESTORED_REASON]);
	PUT(ret_row->bound.label, stage->words[RESTORED_LABEL]);
}

static bool
parses_charter(const struct charter *charter, const char *words)
{
	CHARTER *read = NULL;
	DSSE statement = {0}, reworded = {0};
	JSON *payload = NULL;
	struct err err;

	fine(charter_payload(charter, &payload, &err), &err);
	fine(statement_new(STATEMENT_CHARTER, false, payload, &statement, &err), &err);
	reword(&statement, words, &reworded);
	return charter_parse(&reworded, &read, &err) == ERR_OK;
}

static bool
parses_suspension(const struct suspension *row, const char *words)
{
	struct suspension read;
	DSSE statement = {0}, reworded = {0};
	JSON *payload = NULL;
	struct err err;

	fine(suspension_payload(row, &payload, &err), &err);
	fine(statement_new(STATEMENT_SUSPEND, false, payload, &statement, &err), &err);
	reword(&statement, words, &reworded);
	return suspension_parse(&reworded, false, &read, &err) == ERR_OK;
}

static bool
charters_parse_with(const struct stage *stage, const char *words)
{
	CHARTER *before = make_charter(stage, false), *after = make_charter(stage, true);
	struct suspension row;

	make_suspension(stage, &row);
	return parses_charter(before, words) && parses_charter(after, words) &&
	    parses_suspension(&row, words);
}

/* As `charter sign`, `roster sign` and those who admit somebody show it. */
static void
play_charters(const void *context, const struct ui *ui)
{
	const struct stage *stage = context;
	CHARTER *before = make_charter(stage, false), *after = make_charter(stage, true);
	ROSTER *roster = NULL;
	struct suspension row;
	const struct suspensions suspended = {.rows = &row, .count = 1};
	struct chain chain = {.suspensions = suspended};
	struct err err;

	make_suspension(stage, &row);
	row.suspended = after->seats[OPS].tokens[0].id;
	after->restored[after->restored_count++] = row.digest;
	fine(roster_new(&roster, &err), &err);
	roster->version = 2;
	roster->seat_count = 1;
	roster->seats[0] = after->seats[OPS];
	chain.roster = roster;
	show_charter(ui, &chain, after);
	show_charter_changes(ui, before, after, &suspended);
	show_fingerprint(ui, "Fingerprint:", &after->digest);
	fine(ui_demand(ui, "Sign this charter? Type yes", "yes", &err), &err);
	show_roster(ui, &chain);
	show_enrolment(ui, &roster->seats[0], &after->digest);
	show_seat_changes(ui, &before->seats[OPS], 1, roster->seats, 1);
	fine(ui_demand(ui, "Sign this roster? Type yes", "yes", &err), &err);
}

static void
on_charters_and_rosters_it_changes_nothing_beside_it(void **state)
{
	FOUNDED founded = {0};
	struct stage stage = {.names = charter_places,
	    .count = CHARTER_PLACES,
	    .play = play_charters,
	    .parses = charters_parse_with,
	    .bound = RESTORED_LABEL,
	    .founded = &founded};

	(void)state;
	found(&founded);
	fill_each_place(&stage);
}

/* ---- what stands on the screens as it is ---- */

enum { NAME_FIELDS = 8 };

/* Do the parsers take WORDS where name FIELD stands? */
static bool
takes_name(const struct stage *stage, size_t field, const char *words)
{
	static const char *const members[NAME_FIELDS] = {"\"name\":\"prod/db\"",
	    "\"policy\":\"default\"", "\"name\":\"ssh-key\"", "\"2 of (ciso, infra)\"",
	    "\"name\":\"ops\"", "\"name\":\"default\"", "\"quorum\":\"2 of (ciso, infra, audit)\"",
	    "\"change\":\"2 of (ciso, infra, audit)\""};
	const bool definition = field < 4;
	const char *member = members[field];
	const char *value = strrchr(member, ':') != NULL ? strrchr(member, ':') + 1 : member;
	DSSE statement = {0}, place = {0};
	DEFINITION after = {0};
	CHARTER *charter = make_charter(stage, true), *read = NULL;
	DEFINITIONS_OF found = {0};
	const struct definitions definitions = {.rows = &after, .count = 1};
	JSON *payload = NULL;
	BUF text = {0};
	struct err err;

	make_definition(stage, true, &after);
	fine(definition_add_quorum(&after.change, "2 of (ciso, infra)", &err), &err);
	fine(definition ? definitions_payload(&definitions, &payload, &err) :
	                  charter_payload(charter, &payload, &err),
	    &err);
	fine(statement_new(definition ? STATEMENT_SECRET : STATEMENT_CHARTER, false, payload,
	         &statement, &err),
	    &err);
	buf_format(&text, "%.*s\"", (int)(value - member), member);
	screen_escape(words, LABEL_MAX, &text);
	buf_text(&text, "\"");
	edit_payload(&statement, member, buf_string(&text), &place);
	return (definition ? definitions_parse(&place, false, &found, &err) :
	                     charter_parse(&place, &read, &err)) == ERR_OK;
}

/* Names, and quorums, which are made of names.  A name is no more than letters without a space. */
static void
names_and_quorums_are_refused_wherever_they_are_more(void **state)
{
	FOUNDED founded = {0};
	struct stage stage = {.founded = &founded};

	(void)state;
	found(&founded);
	for (size_t i = 0; i < ARRAY_SIZE(stage.words); i++)
		stage.words[i] = PLAIN;
	for (size_t field = 0; field < 3; field++)
		assert_true(takes_name(&stage, field, "other"));
	for (size_t i = 0; i < SCREEN_CONTENTS; i++) {
		const struct screen_content *content = &screen_contents()[i];

		if (strspn(content->text, "x") > 1)
			continue; /* a long name */
		for (size_t field = 0; field < NAME_FIELDS; field++)
			if (takes_name(&stage, field, content->text))
				fail_msg("name %zu x %s: taken", field, content->name);
	}
}

static void
a_vault_that_is_called_as_we_warn_is_in_no_colour_of_ours(void **state)
{
	FOUNDED founded = {0};
	struct stage stage = {.founded = &founded};
	SCREEN screen = {0};

	(void)state;
	found(&founded);
	PUT(founded.charter->name, "WARNING");
	for (size_t i = 0; i < ARRAY_SIZE(stage.words); i++)
		stage.words[i] = PLAIN;
	screen_play(play_charters, &stage, &screen);
	assert_non_null(strstr(buf_string(&screen.shown), "Charter 1 of WARNING"));
	assert_null(strchr(buf_string(&screen.shown), '\033'));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(on_definitions_it_changes_nothing_beside_it),
	    cmocka_unit_test(on_charters_and_rosters_it_changes_nothing_beside_it),
	    cmocka_unit_test(names_and_quorums_are_refused_wherever_they_are_more),
	    cmocka_unit_test(a_vault_that_is_called_as_we_warn_is_in_no_colour_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
