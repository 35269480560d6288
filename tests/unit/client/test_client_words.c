/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever people may choose is chosen so that it looks like lines of ours; then each screen is read, as terminals
 * of several widths show it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ceremony/client/documents/charter_sign.h"
#include "ceremony/client/documents/suspend.h"
#include "ceremony/client/opening/approve.h"
#include "ceremony/client/opening/done.h"
#include "ceremony/client/opening/object.h"
#include "ceremony/client/sync.h"
#include "ceremony/client/text/ceremony.h"
#include "ceremony/client/text/charter.h"
#include "ceremony/client/text/definition.h"
#include "cli/terminal/wrap.h"
#include "tests/unit/client/town.h"

/* A label has room for it after a seat's name. */
static const char forged[] = "\"  FORGED \u00a0 \u3000FORGED   FORGED  ciso\" FORGED";

/* LINE as a terminal of COLUMNS shows it; SEEN counts the words of others. */
static void
check_line(const char *line, size_t columns, size_t *seen)
{
	BUF text = {0};
	bool quoted = false, begins = true;

	wrap_line(line, columns, &text);
	for (const char *at = buf_string(&text); *at != '\0'; at++) {
		bool theirs = strncmp(at, "FORGED", 6) == 0;

		if (theirs && (begins || !quoted))
			fail_msg("at %zu columns looks like ours:\n%s", columns, buf_string(&text));
		if (theirs && (at[-1] == ' ' && at[-2] == ' '))
			fail_msg("at %zu columns stands in a column:\n%s", columns,
			    buf_string(&text));
		*seen += theirs;
		quoted ^= *at == '"';
		begins = *at == '\n' || (begins && *at == ' ');
	}
	if (quoted)
		fail_msg("a quotation has no end:\n%s", buf_string(&text));
}

/* All that was said, which is then forgotten; SAYS: at least once in words of others. */
static void
check_screen(struct town *town, bool says)
{
	static const size_t columns[] = {0, 20, 40, 80, 200};
	size_t seen = 0;
	char *line, *rest = (char *)town->screen.data;

	assert_int_equal(town->screen.data[town->screen.size - 1], '\n');
	town->screen.data[town->screen.size - 1] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL)
		for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
			check_line(line, columns[i], &seen);
	if (says)
		assert_true(seen > 0);
	buf_done(&town->screen);
}

/* An error is a line, too. */
static void
check_error(struct town *town, enum err_code code, const struct err *err)
{
	assert_int_not_equal(code, ERR_OK);
	buf_format(&town->screen, "halligan: %s\n", err->text);
	check_screen(town, true);
}

static void
on_ceremonies_they_look_like_nothing_of_ours(void **state)
{
	struct town town;
	CLIENT *officer = NULL;
	struct err err;

	(void)state;
	town_open_worded(&town, forged);
	town_deny(&town, AUDIT, forged);
	town.items[1].stale = forged;
	fine(town_connect(&town, TOWN_CISO, &officer, &err), &err);
	fine(approve_run(officer, &(struct approve_plan){0}, &err), &err);
	check_screen(&town, true);
	fine(deny_run(officer, NULL, forged, &err), &err);
	check_screen(&town, true);
	client_freep(&officer);
	town_close(&town);
}

static void
on_releases_they_look_like_nothing_of_ours(void **state)
{
	struct town town;
	CLIENT *requester = NULL;
	struct err err;
	OPENED opened = {0};
	bool retired;

	(void)state;
	town_open_worded(&town, forged);
	town_approve(&town, CISO);
	town_approve(&town, AUDIT);
	town_release(&town);
	fine(town_connect(&town, TOWN_ALICE_2, &requester, &err), &err);
	check_error(&town, open_run(requester, &(struct open_plan){0}, &opened, &err), &err);
	client_freep(&requester);
	fine(town_connect(&town, TOWN_ALICE, &requester, &err), &err);
	fine(done_run(requester, NULL, &retired, &err), &err);
	check_screen(&town, true);
	client_freep(&requester);
	town_close(&town);
}

static void
on_documents_they_look_like_nothing_of_ours(void **state)
{
	struct town town;
	CLIENT *client = NULL;
	const struct vault_view *view;
	char label[LABEL_MAX + 1];
	struct err err;
	bool live;

	(void)state;
	town_open_worded(&town, forged);
	fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
	fine(show_charters(client, &err), &err);
	check_screen(&town, true);
	snprintf(label, sizeof(label), "%d%s", AUDIT, forged);
	fine(suspend_run(client, label, forged, &live, &err), &err);
	check_screen(&town, true);
	fine(client_sync(client, &view, &err), &err);
	const struct charter *charter = view->chain.charter;
	CHARTER *other = calloc(1, sizeof(*other));
	assert_non_null(other);
	*other = *charter;
	other->waiver_count = 0;
	for (size_t i = 0; i < other->seat_count; i++) {
		other->seats[i].person[0] = 'x';
		other->seats[i].tokens[0].id.bytes[0] ^= 1;
	}
	struct suspension row = {.seat = "infra", .holder = "audit"};
	struct suspensions suspended = {.rows = &row, .count = 1};
	snprintf(row.reason, sizeof(row.reason), "%s", forged);
	snprintf(row.bound.label, sizeof(row.bound.label), "%s", forged);
	other->restored[other->restored_count++] = row.digest;
	show_charter_changes(&town.ui, charter, other, &suspended);
	check_screen(&town, true);
	show_charter_changes(&town.ui, other, charter, &suspended);
	check_screen(&town, true);
	show_roster(&town.ui, &view->chain);
	check_screen(&town, true);
	show_enrolment(&town.ui, &view->chain.roster->seats[0], &charter->digest);
	check_screen(&town, true);
	client_freep(&client);
	town_close(&town);
}

/* One text, a list, a key, and a text that needs several rows. */
static struct json *
forge_target(void)
{
	struct json *target = json_new_object(), *list = json_new_array(),
	            *deep = json_new_object();
	BUF flood = {0};

	for (size_t i = 0; i < 100; i++)
		buf_text(&flood, forged);
	json_put_text(target, "host", forged);
	json_add_text(list, forged);
	json_add_text(list, buf_string(&flood));
	json_put(target, "hosts", list);
	json_put_text(deep, forged, forged);
	json_put(target, "settings", deep);
	return target;
}

static void
on_definitions_they_look_like_nothing_of_ours(void **state)
{
	struct town town;
	JSON *target = forge_target(), *none = json_new_object();
	DEFINITION before = {.revision = 1,
	    .policy = "default",
	    .rotator = "ssh-key",
	    .contract = 2};
	DEFINITION after = {.revision = 2,
	    .policy = "default",
	    .rotator = "ssh-key",
	    .contract = 2};
	struct err err;

	(void)state;
	town_open(&town);
	const struct definition_screen screen = {.ui = &town.ui, .charter = town.founded.charter};
	struct definition rows[2]; /* borrowed */
	fine(definition_set_target(&before, none, &err), &err);
	fine(definition_set_target(&after, target, &err), &err);
	snprintf(after.effect, sizeof(after.effect), "%s", forged);
	fine(show_definitions(&screen, &(struct definitions){.rows = &after, .count = 1}, &err),
	    &err);
	check_screen(&town, true);
	rows[0] = after;
	rows[1] = before;
	fine(show_definition_changes(&screen,
	         (const struct definition_before[]){{&before, true}, {&after, true}},
	         &(struct definitions){.rows = rows, .count = 2}, &err),
	    &err);
	check_screen(&town, true);
	town_close(&town);
}

static void
no_vault_is_called_so(void **state)
{
	struct town town;
	CLIENT *client = NULL;
	struct err err;

	(void)state;
	town_open(&town);
	snprintf(town.founded.charter->name, sizeof(town.founded.charter->name), "%s", forged);
	expect_error(town_connect(&town, TOWN_CISO, &client, &err), ERR_INVALID, &err,
	    "no vault's name");
	town_close(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(on_ceremonies_they_look_like_nothing_of_ours),
	    cmocka_unit_test(on_releases_they_look_like_nothing_of_ours),
	    cmocka_unit_test(no_vault_is_called_so),
	    cmocka_unit_test(on_documents_they_look_like_nothing_of_ours),
	    cmocka_unit_test(on_definitions_they_look_like_nothing_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
