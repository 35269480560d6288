/* SPDX-License-Identifier: Apache-2.0 */
/* Contact with a server: greeting, chain, first contact, and servers that break the protocol. */
#include "base/text.h"
#include "ceremony/client/case_fetch.h"
#include "ceremony/client/documents/suspend.h"
#include "ceremony/client/opening/approve.h"
#include "ceremony/client/sync.h"
#include "tests/unit/client/town.h"

static void
the_chain_is_verified_and_remembered(void **state)
{
	struct town town;
	const struct vault_view *view;
	struct err err;

	(void)state;
	town_open(&town);
	for (int contact = 0; contact < 2; contact++) {
		CLIENT *client = NULL;

		fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
		fine(client_sync(client, &view, &err), &err);
		assert_true(digest_equal(&view->chain.vault, &town.vault));
		assert_int_equal(view->chain.roster->seat_count, 1);
		assert_int_equal(town_saw(&town, "First contact"), contact == 0);
		buf_done(&town.screen);
	}
	town_close(&town);
}

static void
a_server_that_breaks_the_protocol_ends_the_session(void **state)
{
	static const enum town_rude ways[] = {TOWN_CLOSES, TOWN_GARBAGE, TOWN_HUGE, TOWN_HALF,
	    TOWN_NO_REPLY};
	static const char *const ops[] = {"hello", "chain"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways) * ARRAY_SIZE(ops); i++) {
		struct town town;
		CLIENT *client = NULL;
		const struct vault_view *view;
		struct err err = {0};
		enum err_code code;

		town_open(&town);
		town.rude = ways[i / ARRAY_SIZE(ops)];
		town.rude_at = ops[i % ARRAY_SIZE(ops)];
		code = town_connect(&town, TOWN_CISO, &client, &err);
		if (code == ERR_OK)
			code = client_sync(client, &view, &err);
		expect_error(code, ERR_PROTOCOL, &err, "");
		/* Nothing more is read from a place where half a reply may be. */
		if (client != NULL)
			expect_error(client_sync(client, &view, &err), ERR_PROTOCOL, &err,
			    "broken");
		client_freep(&client);
		town_close(&town);
	}
}

static struct digest other_vault = {{0x99}};

static void
greet_with_another_vault(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)blob;
	(void)reply;
	if (strcmp(op, "hello") == 0)
		town->vault = other_vault; /* also what `chain` then says */
}

static void
a_vault_id_that_is_not_the_first_charters_is_refused(void **state)
{
	struct town town;
	CLIENT *client = NULL;
	const struct vault_view *view;
	struct err err;

	(void)state;
	town_open(&town);
	fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
	fine(client_sync(client, &view, &err), &err);
	client_freep(&client);
	town.lie = greet_with_another_vault;
	fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
	expect_error(client_sync(client, &view, &err), ERR_INTEGRITY, &err, "another vault");
	client_freep(&client);
	town_close(&town);
}

static void
on_first_contact_the_vault_id_must_be_the_first_charters(void **state)
{
	struct town town;
	CLIENT *client = NULL;
	const struct vault_view *view;
	struct err err;

	(void)state;
	town_open(&town);
	town.vault = other_vault; /* in `hello` and in `chain` */
	fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
	expect_error(client_sync(client, &view, &err), ERR_INTEGRITY, &err, "first charter");
	assert_false(town_saw(&town, "First contact"));
	client_freep(&client);
	town_close(&town);
}

static void
a_known_vault_that_is_gone_or_founded_again_is_an_alarm(void **state)
{
	static const struct {
		const char *hello;
		enum err_code before;
	} rows[] = {{"absent", ERR_NOT_FOUND}, {"founding", ERR_REFUSED}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct town town;
		CLIENT *client = NULL;
		const struct vault_view *view;
		struct err err;

		town_open(&town);
		town.hello_state = rows[i].hello;
		fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
		expect_error(client_sync(client, &view, &err), rows[i].before, &err, "");
		client_freep(&client);
		town.hello_state = NULL;
		fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
		fine(client_sync(client, &view, &err), &err);
		client_freep(&client);
		town.hello_state = rows[i].hello;
		fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
		expect_error(client_sync(client, &view, &err), ERR_INTEGRITY, &err, "was alive");
		client_freep(&client);
		town_close(&town);
	}
}

static void
spoil_the_checkpoint(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)reply;
	(void)blob;
	if (strcmp(op, "hello") == 0)
		town->checkpoint.data[town->checkpoint.size - 10] ^= 1;
}

static void
a_checkpoint_with_a_wrong_signature_is_refused(void **state)
{
	struct town town;
	CLIENT *client = NULL;
	const struct vault_view *view;
	struct err err;

	(void)state;
	town_open(&town);
	town.lie = spoil_the_checkpoint;
	fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
	expect_error(client_sync(client, &view, &err), ERR_INTEGRITY, &err, "checkpoint");
	client_freep(&client);
	town_close(&town);
}

static void
add_a_member(struct town *town, const char *op, struct json *reply, struct buf *blob)
{
	(void)town;
	(void)blob;
	if (strcmp(op, "ceremony-find") == 0)
		json_put_text(reply, "surprise", "x");
}

/* The ceremony that WANTED means, as the first thing that CLIENT asks for. */
static enum err_code
find(struct client *client, struct dossier_wanted wanted, struct err *err)
{
	const struct vault_view *view;
	DOSSIER *dossier = NULL;

	return dossier_take(client, &wanted, &view, &dossier, err);
}

static void
an_unknown_member_in_a_reply_is_refused(void **state)
{
	struct town town;
	CLIENT *client = NULL;
	struct err err;

	(void)state;
	town_open(&town);
	town.lie = add_a_member;
	fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
	expect_error(find(client, (struct dossier_wanted){.states = ~0u}, &err), ERR_INVALID, &err,
	    "surprise");
	client_freep(&client);
	town_close(&town);
}

static void
ids_can_be_shortened_but_not_guessed(void **state)
{
	static const char *const wrong[] = {"777", "77x7", "7777A", "",
	    "777777777777777777777777777777777"};
	struct town town;
	CLIENT *client = NULL;
	struct err err;

	(void)state;
	town_open(&town);
	fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
	fine(find(client, (struct dossier_wanted){.id = "7777"}, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		expect_error(find(client, (struct dossier_wanted){.id = wrong[i]}, &err), ERR_USAGE,
		    &err, "id");
	expect_error(find(client, (struct dossier_wanted){.id = "8888"}, &err), ERR_NOT_FOUND, &err,
	    "");
	expect_error(find(client, (struct dossier_wanted){.states = 1u << CEREMONY_RELEASED}, &err),
	    ERR_NOT_FOUND, &err, "");
	client_freep(&client);
	town_close(&town);
}

/* The server says which ceremony is meant, and may say another than was asked for. */
static void
a_ceremony_that_was_not_asked_for_is_an_alarm(void **state)
{
	struct town town;
	CLIENT *client = NULL;
	struct err err;

	(void)state;
	town_open(&town);
	town.any = true;
	fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
	expect_error(find(client, (struct dossier_wanted){.id = "8888"}, &err), ERR_INTEGRITY, &err,
	    "another id");
	expect_error(find(client, (struct dossier_wanted){.states = 1u << CEREMONY_RELEASED}, &err),
	    ERR_INTEGRITY, &err, "not asked for");
	expect_error(find(client,
	                 (struct dossier_wanted){.states = 1u << CEREMONY_COLLECTING,
	                     .requester = "bob"},
	                 &err),
	    ERR_INTEGRITY, &err, "not asked for: one of alice");
	client_freep(&client);
	town_close(&town);
}

/* SEAT (index in founded) suspends the token of HOLDER; KEY signs. */
static void
suspend(struct town *town, size_t seat, size_t holder, const struct p256_key *key)
{
	struct err err;
	JSON *payload = NULL;
	const struct seat *seats = town->founded.charter->seats;
	struct suspension suspension = {.vault = town->vault,
	    .token = seats[seat].tokens[0].id,
	    .suspended = seats[holder].tokens[0].id,
	    .reason = "lost on the train",
	    .time = TOWN_NOW - 60};
	struct dsse *statement = &town->suspensions[town->suspension_count++];

	assert_ok(dsse_digest(&town->charter, &suspension.charter, &err));
	assert_ok(dsse_digest(&town->roster, &suspension.roster, &err));
	snprintf(suspension.seat, sizeof(suspension.seat), "%s", seats[seat].name);
	snprintf(suspension.holder, sizeof(suspension.holder), "%s", seats[holder].name);
	assert_ok(suspension_payload(&suspension, &payload, &err));
	assert_ok(statement_new(STATEMENT_SUSPEND, false, payload, statement, &err));
	sign_with(statement, key);
}

static enum err_code
sync_once(struct town *town, struct err *err)
{
	CLIENT *client = NULL;
	const struct vault_view *view;

	TRY(town_connect(town, TOWN_CISO, &client, err));
	return client_sync(client, &view, err);
}

static void
a_suspension_that_was_seen_cannot_be_forgotten(void **state)
{
	struct town here, *town = &here;
	struct err err;

	(void)state;
	town_open(town);
	suspend(town, INFRA, AUDIT, town->founded.keys[INFRA][KEY_SIGN]);
	suspend(town, INFRA, OPS, town->founded.keys[INFRA][KEY_SIGN]);
	assert_ok(sync_once(town, &err));
	town->suspension_count = 1;
	assert_error(ERR_INTEGRITY, sync_once(town, &err));
	assert_says("somebody hides what changed");
	town->suspension_count = 2;
	assert_ok(sync_once(town, &err));
	town_close(town);
}

/* At PLACE; the screen is what this said alone. */
static enum err_code
sync_at(struct town *town, const char *place, struct err *err)
{
	town->place = place;
	buf_done(&town->screen);
	return sync_once(town, err);
}

static const char elsewhere[] = "ssh://ops@town.example/srv/town";

static void
a_known_vault_at_a_new_place_is_told_once(void **state)
{
	struct town here, *town = &here;
	struct err err;

	(void)state;
	town_open(town);
	assert_ok(sync_at(town, "/srv/town", &err));
	assert_ok(sync_at(town, elsewhere, &err));
	assert_false(town_saw(town, "First contact"));
	assert_true(
	    town_saw(town, "was at /srv/town and is now at ssh://ops@town.example/srv/town"));
	assert_true(town_saw(town, "still counts"));
	for (int again = 0; again < 2; again++) {
		assert_ok(sync_at(town, again == 0 ? elsewhere : "/srv/town", &err));
		assert_false(town_saw(town, "was at"));
		assert_false(town_saw(town, "First contact"));
	}
	town_close(town);
}

static void
a_place_has_one_name_whatever_its_slashes(void **state)
{
	static const char *const same[] = {"/srv/town/", "/srv//town", "/srv/./town/."};
	static const char *const remote[] = {"ssh://ops@town.example/srv/town/",
	    "ssh://ops@town.example//srv/./town"};
	struct town here, *town = &here;
	struct err err;

	(void)state;
	town_open(town);
	assert_ok(sync_at(town, "/srv/town", &err));
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		assert_ok(sync_at(town, same[i], &err));
		assert_int_equal(town->screen.size, 0);
	}
	assert_ok(sync_at(town, elsewhere, &err));
	for (size_t i = 0; i < ARRAY_SIZE(remote); i++) {
		assert_ok(sync_at(town, remote[i], &err));
		assert_int_equal(town->screen.size, 0);
	}
	town_close(town);
}

/* A log of SIZE leaves, signed by the vault's own key. */
static void
show_log(struct town *town, uint64_t size, uint8_t root)
{
	struct err err;
	const struct charter *charter = town->founded.charter;
	struct checkpoint checkpoint = {.size = size};

	memset(checkpoint.root.bytes, root, DIGEST_SIZE);
	assert_ok(checkpoint_origin(charter->name, &town->vault, checkpoint.origin, &err));
	buf_done(&town->checkpoint);
	assert_ok(checkpoint_sign(&checkpoint, town->log_seed, &charter->host_log,
	    &town->checkpoint, &err));
}

static void
an_old_vault_is_refused_at_every_place(void **state)
{
	static const struct {
		size_t suspensions;
		uint64_t size;
		uint8_t root;
		const char *says;
	} rows[] = {{1, TOWN_LEAVES, 0x66,
	                "shows 3 charters, rosters and suspensions, but this "
	                "computer has seen 4"},
	    {2, TOWN_LEAVES - 1, 0x66, "has 6 entries, but this computer has seen 7"},
	    {2, TOWN_LEAVES, 0x67, "the log was rewritten"},
	    {2, TOWN_LEAVES + 1, 0x66, "forked or rewritten"}};
	struct town here, *town = &here;
	struct err err;

	(void)state;
	town_open(town);
	suspend(town, INFRA, AUDIT, town->founded.keys[INFRA][KEY_SIGN]);
	suspend(town, INFRA, OPS, town->founded.keys[INFRA][KEY_SIGN]);
	assert_ok(sync_at(town, "/srv/town", &err));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		town->suspension_count = rows[i].suspensions;
		show_log(town, rows[i].size, rows[i].root);
		assert_error(ERR_INTEGRITY, sync_at(town, elsewhere, &err));
		assert_says(rows[i].says);
		assert_says(
		    "what stands at ssh://ops@town.example/srv/town claims to be the vault that "
		    "was at /srv/town");
		assert_int_equal(town->screen.size, 0);
	}
	town->suspension_count = 2;
	show_log(town, TOWN_LEAVES, 0x66);
	assert_ok(sync_at(town, elsewhere, &err));
	assert_true(town_saw(town, "was at /srv/town")); /* those were not remembered */
	town_close(town);
}

static void
another_vault_in_a_known_place_is_an_alarm_until_that_place_is_forgotten(void **state)
{
	struct town first, second;
	struct err err;
	const char *pointer, *end;
	char path[512], hex[2 * DIGEST_SIZE + 1];

	(void)state;
	town_open(&second);
	town_open(&first);
	assert_ok(sync_at(&first, "/srv/town", &err));
	assert_ok(sync_at(&second, elsewhere, &err));
	assert_error(ERR_INTEGRITY, sync_at(&second, "/srv/town", &err));
	assert_says("another vault stands here than before");
	assert_false(town_saw(&second, "was at"));
	text_hex(VIEW_OF(first.vault.bytes), hex);
	hex[16] = '\0';
	assert_says(hex);
	pointer = strstr(err.text, first.home);
	assert_non_null(pointer);
	end = strchr(pointer, ',');
	assert_non_null(end);
	snprintf(path, sizeof(path), "%.*s", (int)(end - pointer), pointer);
	assert_ok(sync_at(&first, "/srv/town", &err));
	assert_int_equal(remove(path), 0);
	assert_ok(sync_at(&second, "/srv/town", &err));
	assert_true(town_saw(&second, "was at ssh://ops@town.example/srv/town"));
	assert_error(ERR_INTEGRITY, sync_at(&first, "/srv/town", &err));
	assert_ok(sync_at(&first, "/srv/other", &err)); /* its memory is as it was */
	assert_true(town_saw(&first, "was at /srv/town"));
	town_close(&first);
	town_close(&second);
}

static void
a_vault_that_moved_away_is_named_where_it_is_missed(void **state)
{
	struct town here, *town = &here;
	struct err err;

	(void)state;
	town_open(town);
	assert_ok(sync_at(town, "/srv/town", &err));
	assert_ok(sync_at(town, elsewhere, &err));
	town->hello_state = "absent";
	assert_error(ERR_INTEGRITY, sync_at(town, "/srv/town", &err));
	assert_says("was alive");
	assert_says("It was met last at ssh://ops@town.example/srv/town");
	town_close(town);
}

static void
a_suspension_that_nobody_could_sign_is_an_alarm(void **state)
{
	struct town here, *town = &here;
	struct err err;

	(void)state;
	town_open(town);
	suspend(town, INFRA, AUDIT, town->founded.keys[CISO][KEY_SIGN]);
	assert_error(ERR_INTEGRITY, sync_once(town, &err));
	assert_says("suspension 1");
	dsse_done(&town->suspensions[0]);
	town->suspension_count = 0;
	suspend(town, OPS, AUDIT,
	    town->founded.keys[OPS][KEY_SIGN]); /* an operator, of another seat */
	assert_error(ERR_INTEGRITY, sync_once(town, &err));
	assert_says("is no officer");
	town_close(town);
}

static void
what_is_in_force_the_chain_says_and_not_the_server(void **state)
{
	struct town town;
	CLIENT *client = NULL;
	struct err err;
	bool live;

	(void)state;
	town_open(&town);
	fine(town_connect(&town, TOWN_CISO, &client, &err), &err);
	fine(suspend_run(client, "audit key", "left in a taxi", &live, &err), &err);
	assert_false(live);
	assert_true(town_saw(&town, "NOT YET in force"));
	town.says_live = true;
	expect_error(suspend_run(client, "audit key", "left in a taxi", &live, &err), ERR_INTEGRITY,
	    &err, "is in force, and its documents do not have it");
	assert_false(town_saw(&town, "Suspended"));
	town.says_other = true;
	expect_error(suspend_run(client, "audit key", "left in a taxi", &live, &err), ERR_INTEGRITY,
	    &err, "another document");
	client_freep(&client);
	town_close(&town);
}

static void
a_suspended_token_is_refused_with_who_when_and_why(void **state)
{
	struct town here, *town = &here;
	struct err err;
	CLIENT *client = NULL;

	(void)state;
	town_open(town);
	suspend(town, INFRA, CISO, town->founded.keys[INFRA][KEY_SIGN]);
	assert_ok(town_connect(town, TOWN_CISO, &client, &err));
	assert_error(ERR_REFUSED, approve_run(client, &(struct approve_plan){0}, &err));
	assert_says("suspended by infra on ");
	assert_says("lost on the train");
	assert_int_equal(town->pins_asked, 0);
	client_freep(&client);
	town_close(town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_chain_is_verified_and_remembered),
	    cmocka_unit_test(a_server_that_breaks_the_protocol_ends_the_session),
	    cmocka_unit_test(a_vault_id_that_is_not_the_first_charters_is_refused),
	    cmocka_unit_test(on_first_contact_the_vault_id_must_be_the_first_charters),
	    cmocka_unit_test(a_known_vault_that_is_gone_or_founded_again_is_an_alarm),
	    cmocka_unit_test(a_checkpoint_with_a_wrong_signature_is_refused),
	    cmocka_unit_test(an_unknown_member_in_a_reply_is_refused),
	    cmocka_unit_test(ids_can_be_shortened_but_not_guessed),
	    cmocka_unit_test(a_ceremony_that_was_not_asked_for_is_an_alarm),
	    cmocka_unit_test(a_suspension_that_was_seen_cannot_be_forgotten),
	    cmocka_unit_test(a_known_vault_at_a_new_place_is_told_once),
	    cmocka_unit_test(a_place_has_one_name_whatever_its_slashes),
	    cmocka_unit_test(an_old_vault_is_refused_at_every_place),
	    cmocka_unit_test(
	        another_vault_in_a_known_place_is_an_alarm_until_that_place_is_forgotten),
	    cmocka_unit_test(a_vault_that_moved_away_is_named_where_it_is_missed),
	    cmocka_unit_test(a_suspension_that_nobody_could_sign_is_an_alarm),
	    cmocka_unit_test(a_suspended_token_is_refused_with_who_when_and_why),
	    cmocka_unit_test(what_is_in_force_the_chain_says_and_not_the_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
