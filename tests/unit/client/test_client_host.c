/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the host of a vault, or whoever waits for a second signature, says while somebody signs a document, times whatever might
 * be written there (screen.h): progress, an error, who proposed it, why a token is to be suspended.  Here all of it
 * comes over the wire, so that a parser may refuse it.
 */
#include <stdio.h>
#include <unistd.h>

#include "ceremony/client/documents/definition.h"
#include "ceremony/client/documents/definition_change.h"
#include "ceremony/client/documents/suspend.h"
#include "ceremony/client/sync.h"
#include "tests/unit/client/screen.h"
#include "tests/unit/client/town.h"

#define FAR_PLACE "ssh://vault.example/srv/town"

/* ---- frames of a server that writes what it likes ---- */

static void
send_text(const struct town *town, const char *before, const char *words, const char *after)
{
	BUF text = {0}, frame = {0};

	buf_text(&text, before);
	screen_escape(words, strlen(words), &text);
	buf_text(&text, after);
	buf_u32(&frame, (uint32_t)text.size);
	buf_u32(&frame, 0);
	buf_bytes(&frame, buf_view(&text));
	if (write(town->fd, frame.data, frame.size) != (ssize_t)frame.size)
		abort();
}

/* Before each honest reply. */
static void
send_progress(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)reply;
	(void)blob;
	if (strcmp(op, "hello") != 0)
		send_text(town, "{\"progress\":\"", town->words, "\"}");
}

/* Instead of the draft that is to be signed. */
static void
send_error(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)reply;
	(void)blob;
	if (strcmp(op, "draft") == 0)
		send_text(town, "{\"ok\":false,\"code\":\"refused\",\"text\":\"", town->words,
		    "\"}");
}

/* ---- who signs ---- */

/* A town in which a change waits for infra's signature. */
static void
open_with_a_change(struct town *town)
{
	static const char *const names[] = {"prod/db"};
	const struct change_plan plan = {.names = names, .count = 1, .effect = "root on all"};
	CLIENT *client = NULL;
	const struct vault_view *view;
	struct err err;

	town_open(town);
	fine(town_connect(town, TOWN_CISO, &client, &err), &err);
	fine(definition_change(client, &plan, &err), &err);
	client_freep(&client);
	town->place = FAR_PLACE;
	fine(town_connect(town, TOWN_CISO, &client, &err), &err);
	fine(client_sync(client, &view, &err), &err); /* says that the vault has moved */
	client_freep(&client);
}

/* What infra reads and is asked meanwhile. */
static enum err_code
sign(struct town *town, struct screen *ret_screen, struct err *err)
{
	CLIENT *client = NULL;
	enum err_code code;

	buf_done(&town->screen);
	fine(town_connect(town, TOWN_INFRA, &client, err), err);
	code = definition_sign(client, NULL, err);
	screen_of(buf_string(&town->screen), ret_screen);
	client_freep(&client);
	return code;
}

static bool
asks(struct screen *screen)
{
	return strstr(buf_string(&screen->said), "Type yes") != NULL;
}

static bool
is_plain(const struct screen_content *content)
{
	return text_is_plain(view_of_text(content->text));
}

static void
what_the_host_tells_of_its_progress_is_nowhere_on_the_screen(void **state)
{
	struct town town;
	SCREEN plain = {0};
	struct err err;

	(void)state;
	open_with_a_change(&town);
	fine(sign(&town, &plain, &err), &err);
	assert_true(asks(&plain));
	town.lie = send_progress;
	for (size_t i = 0; i < SCREEN_CONTENTS; i++) {
		const struct screen_content *content = &screen_contents()[i];
		SCREEN screen = {0};

		town.words = content->text;
		if ((sign(&town, &screen, &err) == ERR_OK) != is_plain(content))
			fail_msg("progress x %s: %s", content->name, err.text);
		if (is_plain(content))
			screen_compare(content->name, &plain, &screen);
		else if (asks(&screen))
			fail_msg("progress x %s: it is asked", content->name);
	}
	town_close(&town);
}

/* As the command says it. */
static void
show_error(const struct err *err, struct screen *ret_screen)
{
	BUF lines = {0};

	for (size_t i = 0; i < err_parts(err); i++) {
		char part[ERR_TEXT_SIZE];

		err_copy_part(err, i, part);
		buf_format(&lines, "halligan: %s\n", part);
	}
	screen_of(buf_string(&lines), ret_screen);
}

static void
an_error_of_the_host_ends_it_in_words_of_its_own(void **state)
{
	struct town town;
	SCREEN plain = {0}, none = {0};
	struct err err;

	(void)state;
	open_with_a_change(&town);
	town.lie = send_error;
	town.words = SCREEN_PLACE;
	assert_int_equal(sign(&town, &none, &err), ERR_REFUSED);
	show_error(&err, &plain);
	screen_has_place("error", &plain);
	for (size_t i = 0; i < SCREEN_CONTENTS; i++) {
		const struct screen_content *content = &screen_contents()[i];
		SCREEN screen = {0}, error = {0};

		town.words = content->text;
		enum err_code code = sign(&town, &screen, &err);
		if (code == ERR_OK || asks(&screen) || !text_is_plain(view_of_text(err.text)))
			fail_msg("error x %s: %s", content->name, err.text);
		show_error(&err, &error);
		if (code == ERR_REFUSED)
			screen_compare(content->name, &plain, &error);
		else if (is_plain(content) && strlen(content->text) < ERR_TEXT_SIZE)
			fail_msg("error x %s: %s", content->name, err.text);
	}
	town_close(&town);
}

static void
who_proposed_it_is_a_name_or_the_draft_is_refused(void **state)
{
	struct town town;
	struct err err;

	(void)state;
	open_with_a_change(&town);
	for (size_t i = 0; i < SCREEN_CONTENTS; i++) {
		SCREEN screen = {0};

		if (!is_plain(&screen_contents()[i]))
			continue; /* no JSON has it */
		town.proposer = screen_contents()[i].text;
		if (sign(&town, &screen, &err) == ERR_OK || asks(&screen))
			fail_msg("seat x %s: taken", screen_contents()[i].name);
	}
	town_close(&town);
}

/* ---- a suspension that waits for a second signature ---- */

static void
suspend_for(struct town *town, const char *reason)
{
	struct err err;
	JSON *payload = NULL;
	const struct seat *seats = town->founded.charter->seats;
	struct suspension suspension = {.vault = town->vault,
	    .token = seats[CISO].tokens[0].id,
	    .suspended = seats[AUDIT].tokens[0].id,
	    .seat = "ciso",
	    .holder = "audit",
	    .reason = SCREEN_PLACE,
	    .time = TOWN_NOW - 60};
	DSSE statement = {0};
	BUF text = {0};

	fine(dsse_digest(&town->charter, &suspension.charter, &err), &err);
	fine(dsse_digest(&town->roster, &suspension.roster, &err), &err);
	fine(suspension_payload(&suspension, &payload, &err), &err);
	fine(statement_new(STATEMENT_SUSPEND, false, payload, &statement, &err), &err);
	screen_escape(reason, SUSPENSION_REASON_MAX, &text);
	dsse_done(&town->proposed);
	edit_payload(&statement, SCREEN_PLACE, buf_string(&text), &town->proposed);
	sign_with(&town->proposed, town->founded.keys[CISO][KEY_SIGN]);
}

static enum err_code
second(struct town *town, struct screen *ret_screen, struct err *err)
{
	CLIENT *client = NULL;
	enum err_code code;
	bool live;

	buf_done(&town->screen);
	fine(town_connect(town, TOWN_INFRA, &client, err), err);
	code = suspend_run(client, "audit key", "agreed", &live, err);
	screen_of(buf_string(&town->screen), ret_screen);
	client_freep(&client);
	return code;
}

static void
why_a_token_is_to_be_suspended_changes_nothing_beside_it(void **state)
{
	struct town town;
	SCREEN plain = {0}, first = {0};
	struct err err;

	(void)state;
	town_open(&town);
	suspend_for(&town, SCREEN_PLACE);
	fine(second(&town, &first, &err), &err); /* says that it is the first contact */
	fine(second(&town, &plain, &err), &err);
	screen_has_place("reason of a suspension", &plain);
	assert_true(asks(&plain));
	for (size_t i = 0; i < SCREEN_CONTENTS; i++) {
		const struct screen_content *content = &screen_contents()[i];
		SCREEN screen = {0};

		suspend_for(&town, content->text);
		if ((second(&town, &screen, &err) == ERR_OK) != is_plain(content))
			fail_msg("reason x %s: %s", content->name, err.text);
		if (is_plain(content))
			screen_compare(content->name, &plain, &screen);
		else if (asks(&screen))
			fail_msg("reason x %s: it is asked", content->name);
	}
	town_close(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_host_tells_of_its_progress_is_nowhere_on_the_screen),
	    cmocka_unit_test(an_error_of_the_host_ends_it_in_words_of_its_own),
	    cmocka_unit_test(who_proposed_it_is_a_name_or_the_draft_is_refused),
	    cmocka_unit_test(why_a_token_is_to_be_suspended_changes_nothing_beside_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
