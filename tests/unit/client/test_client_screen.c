/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each text on the screen before a signature that somebody else chose, times whatever a person might have written there
 * who wants to change what is beside it.  The screen is drawn by the command's own code on a terminal of 80 columns,
 * and compared with that where the text is a plain one.  Texts are put where they are drawn from, past all that
 * would have refused them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "ceremony/client/case_fetch.h"
#include "ceremony/client/overheard.h"
#include "ceremony/client/text/ceremony.h"
#include "tests/unit/client/screen.h"
#include "tests/unit/client/town.h"

#define PLAIN "plain"

/* What is drawn, and how it is asked. */
struct scene {
	const struct dossier *dossier;
	const struct vault_view *view;
	const char *spoken; /* on standard error of ssh; NULL: nothing */
};

/* The screen of an approval, and the question, with somebody speaking beside it. */
static void
play(const void *context, const struct ui *ui)
{
	const struct scene *scene = context;
	struct overheard overheard;
	struct err err;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	overheard_begin(&overheard, ends[0], "the host", ui);
	overheard_hush(&overheard);
	for (int half = 0; half < 2; half++) {
		if (scene->spoken != NULL)
			assert_true(write(ends[1], scene->spoken, strlen(scene->spoken)) > 0);
		overheard_hear(&overheard);
		if (half == 0)
			fine(ceremony_show(scene->dossier, scene->view, ui, TOWN_NOW, false, NULL,
			         &err),
			    &err);
	}
	fine(ui_demand(ui, "Approve? Type yes", "yes", &err), &err);
	close(ends[1]);
	close(overheard.beside.fd); /* what is told afterwards is another screen */
}

/* ---- places ---- */

enum place {
	REASON,
	INCIDENT,
	USER,
	HOST,
	PERSON,
	LABEL,
	EFFECT,
	STALE,
	DENIAL,
	OFFICERS_LABEL,
	WAIVER,
	SSH,
	PLACES
};
static const char *const place_names[PLACES] = {"reason", "incident", "user", "host", "person",
    "label", "effect", "why it is stale (a program's words)", "denial", "an officer's label",
    "waiver", "ssh's standard error"};

/* WORDS into TEXT of SIZE bytes, as much as has room. */
static void
put(const char *text, size_t size, const char *words)
{
	size_t fits = strlen(words) < size ? strlen(words) : size - 1;
	char *into =
	    (char *)(uintptr_t)text; /* the test owns it, whoever shows it may not change it */

	memcpy(into, words, fits);
	into[fits] = '\0';
}
#define PUT(field, words) put(field, sizeof(field), words)

static void
put_words(struct scene *scene, enum place place, const char *words)
{
	const struct dossier *dossier = scene->dossier;
	const struct transcript *transcript = dossier->transcript;
	const struct charter *charter = scene->view->chain.charter;

	switch (place) {
	case REASON:
		PUT(transcript->request.reason, words);
		break;
	case INCIDENT:
		PUT(transcript->request.incident, words);
		break;
	case USER:
		PUT(transcript->request.user, words);
		break;
	case HOST:
		PUT(transcript->request.host, words);
		break;
	case PERSON:
		PUT(transcript->requester->person, words);
		break;
	case LABEL:
		PUT(transcript->token->label, words);
		break;
	case EFFECT:
		PUT(dossier->items[0].exhibit->definition->effect, words);
		break;
	case STALE:
		PUT(dossier->items[1].stale, words);
		break;
	case DENIAL:
		PUT(transcript->voices[0].reason, words);
		break;
	case OFFICERS_LABEL:
		PUT(charter->seats[AUDIT].tokens[0].label, words);
		break;
	case WAIVER:
		PUT(charter->waivers[0].reason, words);
		break;
	case SSH:
		scene->spoken = words;
		break;
	case PLACES:
		fail();
	}
}

static void
whatever_others_wrote_changes_nothing_beside_it(void **state)
{
	struct town town;
	CLIENT *client = NULL;
	DOSSIER *dossier = NULL;
	const struct vault_view *view;
	const struct dossier_wanted wanted = {.states = 1u << CEREMONY_COLLECTING};
	struct err err;

	(void)state;
	town_open_many(&town, 2, MODE_RELEASE);
	town_deny(&town, CISO, PLAIN);
	town.items[1].stale = PLAIN;
	fine(town_connect(&town, TOWN_INFRA, &client, &err), &err);
	fine(dossier_take(client, &wanted, &view, &dossier, &err), &err);
	fine(dossier_fetch_items(client, view, dossier, &err), &err);
	struct scene scene = {.dossier = dossier, .view = view};
	for (enum place place = 0; place < PLACES; place++)
		put_words(&scene, place, PLAIN);
	scene.spoken = NULL;
	for (enum place place = 0; place < PLACES; place++) {
		SCREEN plain = {0};

		put_words(&scene, place, SCREEN_PLACE);
		screen_play(play, &scene, &plain);
		if (place != SSH) /* who speaks beside it has no place */
			screen_has_place(place_names[place], &plain);
		for (size_t i = 0; i < SCREEN_CONTENTS; i++) {
			const struct screen_content *content = &screen_contents()[i];
			SCREEN screen = {0};
			char what[100];

			snprintf(what, sizeof(what), "%s x %s", place_names[place], content->name);
			put_words(&scene, place, content->text);
			screen_play(play, &scene, &screen);
			screen_compare(what, &plain, &screen);
		}
		put_words(&scene, place, PLAIN);
		scene.spoken = NULL;
	}
	dossier_freep(&dossier);
	client_freep(&client);
	town_close(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whatever_others_wrote_changes_nothing_beside_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
