/* SPDX-License-Identifier: Apache-2.0 */
/* ceremony/client/hand/: which token is meant, whose it is, which PIN, and what is said while one waits. */
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/opening/approve.h"
#include "tests/unit/client/town_parts.h"

/* Those tokens and no others are plugged in; ends with 0. */
static void
plug(struct town *town, const uint32_t *serials)
{
	for (size_t i = 0; i < TOWN_TOKENS; i++)
		town->tokens[i].plugged = false;
	for (; *serials != 0; serials++)
		town_token(town, *serials)->plugged = true;
}
#define PLUG(town, ...)    plug((town), (const uint32_t[]){__VA_ARGS__, 0})
#define PLUG_NOTHING(town) plug((town), (const uint32_t[]){0})

/* An officer's token of the charter, unlocked for an approval; RET_SEAT is whose. */
static enum err_code
take(struct town *town, char ret_seat[64], struct err *err)
{
	const struct charter *charter = town->founded.charter;
	const struct hand_want want = {.roles = ROLE_OFFICER,
	    .lists = {{charter->seats, charter->seat_count},
	        {town->alice_roster->seats, town->alice_roster->seat_count}}};
	const struct client_options options = town_options(town);
	HAND hand = {0};

	TRY(hand_take(&options, &want, &hand, err));
	TRY(hand_unlock(&hand, 1, 1, err));
	snprintf(ret_seat, 64, "%s", hand.seat->name);
	return ERR_OK;
}

static void
expect_seat(struct town *town, const char *expected)
{
	struct err err;
	char seat[64];

	fine(take(town, seat, &err), &err);
	assert_string_equal(seat, expected);
}

static void
a_fido2_officer_approves_with_one_touch(void **state)
{
	CLIENT *client = NULL;
	struct town town;
	struct err err;

	(void)state;
	town_open_fido(&town);
	fine(town_connect(&town, TOWN_AUDIT, &client, &err), &err);
	fine(approve_run(client, &(struct approve_plan){0}, &err), &err);
	assert_int_equal(town_token(&town, TOWN_AUDIT)->touches, 1);
	assert_non_null(town.items[0].received);
	assert_true(town_saw(&town, "FIDO2 PIN of audit's token \"audit key\", 8 tries left: "));
	assert_false(town_saw(&town, "PIV"));
	assert_false(town_saw(&town, "serial 0"));
	client_freep(&client);
	town_close(&town);
}

static void
another_fido2_token_of_the_model_is_named_after_its_right_pin(void **state)
{
	struct town town;
	struct err err;
	char seat[64];

	(void)state;
	town_open_fido(&town);
	PLUG(&town, TOWN_STRANGER);
	expect_error(take(&town, seat, &err), ERR_TOKEN_ABSENT, &err,
	    "the FIDO2 PIN is right, but this is not audit's token \"audit key\"");
	assert_int_equal(town.pins_asked, 1);
	assert_int_equal(town_token(&town, TOWN_STRANGER)->tries, TOWN_FIDO_TRIES);
	town_close(&town);
}

static void
exchange(struct town *town)
{
	PLUG(town, TOWN_AUDIT);
}

static void
the_right_one_is_asked_for_with_a_pin_of_its_own(void **state)
{
	struct town town;

	(void)state;
	town_open_fido(&town);
	town.choice.wait = 30;
	town.on_wait = exchange;
	PLUG(&town, TOWN_STRANGER);
	expect_seat(&town, "audit");
	assert_true(town_saw(&town, "this is not audit's token \"audit key\""));
	assert_true(town_saw(&town, "waiting for audit's token \"audit key\"; plug it in, Ctrl-C"));
	assert_int_equal(town.pins_asked, 2);
	assert_int_equal(town_token(&town, TOWN_STRANGER)->touches, 0);
	town_close(&town);
}

static void
bring_alice_then_ciso(struct town *town)
{
	if (!town_token(town, TOWN_ALICE)->plugged)
		PLUG(town, TOWN_ALICE);
	else
		PLUG(town, TOWN_ALICE, TOWN_CISO);
}

static void
who_waits_is_told_for_what_and_whose_the_wrong_key_is(void **state)
{
	struct town town;

	(void)state;
	town_open(&town);
	town.choice.wait = 30;
	town.on_wait = bring_alice_then_ciso;
	PLUG_NOTHING(&town);
	expect_seat(&town, "ciso");
	assert_true(
	    town_saw(&town, "waiting for a token of an officer; plug it in, Ctrl-C gives up"));
	assert_true(town_saw(&town,
	    "token 2000 belongs to the seat alice; this needs a token of an "
	    "officer."));
	PLUG_NOTHING(&town);
	town.choice.label = "ciso key";
	expect_seat(&town, "ciso");
	assert_true(
	    town_saw(&town, "waiting for ciso's token \"ciso key\" (serial 1000); plug it in"));
	town_close(&town);
}

static void
free_ciso(struct town *town)
{
	town_token(town, TOWN_CISO)->busy = false;
}

/* The stranger's token becomes the FIDO2 side of ciso's device, which no document names. */
static void
make_side_of_ciso(struct town *town)
{
	struct town_token *side = town_token(town, TOWN_STRANGER);

	side->tells = true;
	side->serial = TOWN_CISO;
	memset(town->founded.charter->seats[AUDIT].tokens[0].aaguid, 0x55, AAGUID_SIZE);
}

static void
a_device_whose_other_side_is_busy_is_no_misfit(void **state)
{
	struct town town;
	struct err err;
	char seat[64];

	(void)state;
	town_open_fido(&town);
	PLUG(&town, TOWN_CISO, TOWN_STRANGER);
	town_token(&town, TOWN_CISO)->busy = true;
	make_side_of_ciso(&town);
	expect_error(take(&town, seat, &err), ERR_TOKEN, &err,
	    "the token in \"reader 0\" cannot be used: somebody uses it");
	town.choice.serial = TOWN_CISO;
	expect_error(take(&town, seat, &err), ERR_TOKEN, &err,
	    "the one in \"reader 0\", which may be it, cannot be used: somebody uses it");
	town.choice.serial = 0;
	town.choice.wait = 30;
	town.on_wait = free_ciso;
	expect_seat(&town, "ciso");
	assert_true(town_saw(&town, "the token in \"reader 0\" cannot be used: somebody uses it."));
	assert_false(town_saw(&town, "belongs to the seat ciso"));
	town_close(&town);
}

static void
the_known_side_alone_is_said_to_be_missing(void **state)
{
	struct town town;
	struct err err;
	char seat[64];

	(void)state;
	town_open_fido(&town);
	PLUG(&town, TOWN_STRANGER);
	make_side_of_ciso(&town);
	expect_error(take(&town, seat, &err), ERR_TOKEN_ABSENT, &err,
	    "token 1000 is ciso's \"ciso key\" by its PIV side alone, which does not answer; this "
	    "needs a token of an officer");
	town_close(&town);
}

static void
nobody_there_means_no_waiting(void **state)
{
	struct town town;
	struct err err;
	char seat[64];

	(void)state;
	town_open(&town);
	PLUG_NOTHING(&town);
	expect_error(take(&town, seat, &err), ERR_TOKEN_ABSENT, &err,
	    "no token is plugged in; this needs a token of an officer");
	assert_int_equal(town.screen.size, 0);
	town_close(&town);
}

static void
never_the_right_one(struct town *town)
{
	PLUG(town, TOWN_ALICE);
}

static void
waiting_ends(void **state)
{
	struct town town;
	struct err err;
	char seat[64];

	(void)state;
	town_open(&town);
	town.choice.wait = 1;
	town.on_wait = never_the_right_one;
	PLUG_NOTHING(&town);
	expect_error(take(&town, seat, &err), ERR_TOKEN_ABSENT, &err,
	    "token 2000 belongs to the seat alice");
	town_close(&town);
}

static void
of_several_one_is_chosen_by_serial_label_or_touch(void **state)
{
	struct town town;
	struct err err;
	char seat[64];

	(void)state;
	town_open_fido(&town);
	PLUG(&town, TOWN_CISO, TOWN_INFRA, TOWN_ALICE);
	expect_error(take(&town, seat, &err), ERR_USAGE, &err,
	    "several tokens fit: 1000 (ciso), 1001 (infra); choose one with --serial");
	town.choice.serial = TOWN_INFRA;
	expect_seat(&town, "infra");
	town.choice.serial = 0;
	town.choice.label = "ciso key";
	expect_seat(&town, "ciso");
	town.choice.label = NULL;
	PLUG(&town, TOWN_STRANGER, TOWN_AUDIT);
	expect_error(take(&town, seat, &err), ERR_USAGE, &err, "choose one with --token LABEL");
	town.choice.wait = 30;
	town.touched_to_choose = TOWN_AUDIT;
	expect_seat(&town, "audit");
	assert_true(town_saw(&town, "2 tokens fit, and they blink. Touch the one to use"));
	town.touched_to_choose = 0;
	expect_error(take(&town, seat, &err), ERR_TOUCH, &err, "no token was touched");
	assert_int_equal(town_token(&town, TOWN_STRANGER)->touches, 0);
	town_close(&town);
}

/* So many tokens were asked what they are until the one of SEAT was found. */
static void
expect_asked(struct town *town, const char *seat, size_t count)
{
	town->asked = 0;
	expect_seat(town, seat);
	assert_int_equal(town->asked, count);
}

static void
nobody_is_asked_after_the_one_that_is_meant(void **state)
{
	struct town town;

	(void)state;
	town_open_fido(&town);
	PLUG(&town, TOWN_CISO, TOWN_INFRA, TOWN_ALICE, TOWN_AUDIT, TOWN_STRANGER);
	town.choice.serial = TOWN_CISO;
	expect_asked(&town, "ciso", 1);
	town.choice.serial = TOWN_INFRA;
	expect_asked(&town, "infra", 2);
	town.choice.serial = 0;
	town.choice.label = "ciso key";
	expect_asked(&town, "ciso", 1);
	town.choice.label = NULL;
	PLUG(&town, TOWN_ALICE, TOWN_CISO);
	expect_asked(&town, "ciso", 2); /* of three officers it may be any */
	town_close(&town);
}

static void
a_side_that_no_document_names_is_not_asked_when_the_other_fits(void **state)
{
	struct town town;

	(void)state;
	town_open_fido(&town);
	PLUG(&town, TOWN_ALICE, TOWN_STRANGER, TOWN_AUDIT);
	town.choice.label = "audit key"; /* PIV may not be it */
	town_token(&town, TOWN_AUDIT)->tells = true;
	town.founded.charter->seats[AUDIT].tokens[0].serial = TOWN_AUDIT;
	expect_asked(&town, "audit", 1);
	assert_false(town_saw(&town, "PIV and FIDO2 are both there"));
	town_close(&town);
}

static void
both_sides_of_one_device_are_asked_when_both_may_be_meant(void **state)
{
	struct town town;

	(void)state;
	town_open_fido(&town);
	PLUG(&town, TOWN_CISO, TOWN_STRANGER);
	make_side_of_ciso(&town);
	struct seat *ciso = &town.founded.charter->seats[CISO];
	ciso->tokens[ciso->token_count] = town.founded.charter->seats[AUDIT].tokens[0];
	ciso->tokens[ciso->token_count++].serial = TOWN_CISO;
	town.choice.serial = TOWN_CISO;
	expect_asked(&town, "ciso", 2);
	assert_true(town_saw(&town, "PIV and FIDO2 are both there; PIV is used"));
	town_close(&town);
}

static void
a_number_that_we_made_is_not_taken_for_unique(void **state)
{
	static const uint32_t made = 0x80000001;
	struct town town;
	struct err err;
	char seat[64];

	(void)state;
	town_open(&town);
	PLUG(&town, TOWN_CISO, TOWN_ALICE);
	town_token(&town, TOWN_CISO)->serial = made;
	town_token(&town, TOWN_ALICE)->serial = made;
	town.founded.charter->seats[CISO].tokens[0].serial = made;
	town.choice.serial = made;
	expect_error(take(&town, seat, &err), ERR_TOKEN, &err,
	    "two tokens say that their serial is 2147483649");
	town_close(&town);
}

static void
whose_the_wrong_token_is_is_said_of_all_that_are_there(void **state)
{
	struct town town;
	struct err err;
	char seat[64];

	(void)state;
	town_open_fido(&town);
	PLUG(&town, TOWN_ALICE, TOWN_STRANGER);
	town.choice.serial = TOWN_ALICE;
	expect_error(take(&town, seat, &err), ERR_TOKEN_ABSENT, &err,
	    "token 2000 belongs to the seat alice; this needs a token of an officer");
	town_token(&town, TOWN_STRANGER)->tells = true;
	town.founded.charter->seats[AUDIT].tokens[0].serial = TOWN_AUDIT;
	town.choice.serial = TOWN_STRANGER;
	expect_error(take(&town, seat, &err), ERR_TOKEN_ABSENT, &err,
	    "token 3000 belongs to no seat of this vault");
	town_close(&town);
}

static void
a_serial_outdoes_a_model(void **state)
{
	struct town town;

	(void)state;
	town_open_fido(&town);
	PLUG(&town, TOWN_CISO, TOWN_STRANGER);
	expect_seat(&town, "ciso");
	town.choice.driver = town_fido_ops.traits;
	PLUG(&town, TOWN_CISO, TOWN_AUDIT);
	expect_seat(&town, "audit");
	town_close(&town);
}

static void
a_model_of_several_people_asks_whose_it_is(void **state)
{
	struct town town;
	struct err err;
	char seat[64];

	(void)state;
	town_open_fido(&town);
	struct seat_token *ciso = &town.founded.charter->seats[CISO].tokens[0];
	const struct seat_token *audit = &town.founded.charter->seats[AUDIT].tokens[0];
	snprintf(ciso->driver, sizeof(ciso->driver), "fido2");
	memcpy(ciso->aaguid, audit->aaguid, AAGUID_SIZE);
	ciso->serial = 0;
	ciso->credential_size = 3;
	PLUG(&town, TOWN_AUDIT);
	expect_error(take(&town, seat, &err), ERR_USAGE, &err, "whose it is with --token LABEL");
	town.choice.wait = 30;
	town.line = "audit key";
	expect_seat(&town, "audit");
	town.line = "nobody's";
	expect_error(take(&town, seat, &err), ERR_USAGE, &err,
	    "none of them is called \"nobody's\"");
	town_close(&town);
}

static void
of_one_device_piv_is_used_unless_fido2_is_said(void **state)
{
	const struct client_options *wanted;
	struct town town;
	struct err err;

	(void)state;
	town_open_fido(&town);
	PLUG(&town, TOWN_CISO, TOWN_STRANGER);
	struct client_options options = town_options(&town);
	wanted = &options;
	HAND piv = {0}, fido = {0};
	fine(hand_take_any(wanted, &piv, &err), &err);
	assert_string_equal(piv.info.traits->name, "piv");
	assert_true(town_saw(&town, "PIV is used (--driver fido2 takes the other)"));
	options.driver = town_fido_ops.traits;
	fine(hand_take_any(wanted, &fido, &err), &err);
	assert_string_equal(fido.info.traits->name, "fido2");
	town_close(&town);
}

static void
without_a_vault_the_one_that_was_asked_for_is_waited_for(void **state)
{
	struct town town;
	struct err err;
	HAND hand = {0};

	(void)state;
	town_open(&town);
	PLUG_NOTHING(&town);
	town.choice.wait = 30;
	town.choice.serial = TOWN_CISO;
	town.on_wait = bring_alice_then_ciso;
	const struct client_options options = town_options(&town);
	fine(hand_take_any(&options, &hand, &err), &err);
	assert_int_equal(hand.info.serial, TOWN_CISO);
	assert_true(town_saw(&town, "token 2000 is plugged in; this needs token 1000."));
	hand_done(&hand);
	town_close(&town);
}

static void
what_a_fido2_pin_cannot_do_is_said_before_it_is_asked(void **state)
{
	struct town town;
	struct err err;
	char seat[64];

	(void)state;
	town_open_fido(&town);
	struct town_token *token = town_token(&town, TOWN_AUDIT);
	PLUG(&town, TOWN_AUDIT);
	token->replug = true;
	expect_error(take(&town, seat, &err), ERR_PIN_BLOCKED, &err,
	    "after three wrong FIDO2 PINs it takes no more until it is plugged in again");
	token->replug = false;
	token->pin_missing = true;
	expect_error(take(&town, seat, &err), ERR_REFUSED, &err,
	    "halligan token pin --driver fido2");
	token->pin_missing = false;
	token->tries = 0;
	expect_error(take(&town, seat, &err), ERR_PIN_BLOCKED, &err, "its FIDO2 PIN is blocked");
	assert_null(strstr(err.text, "PUK"));
	assert_int_equal(town.pins_asked, 0);
	token->tries = 1;
	town.answer_text = "yes";
	expect_error(take(&town, seat, &err), ERR_REFUSED, &err, "it was not spent");
	assert_int_equal(town.pins_asked, 0);
	town.answer_text = "audit key";
	expect_seat(&town, "audit");
	assert_false(town_saw(&town, "PIV"));
	town_close(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_fido2_officer_approves_with_one_touch),
	    cmocka_unit_test(another_fido2_token_of_the_model_is_named_after_its_right_pin),
	    cmocka_unit_test(the_right_one_is_asked_for_with_a_pin_of_its_own),
	    cmocka_unit_test(who_waits_is_told_for_what_and_whose_the_wrong_key_is),
	    cmocka_unit_test(a_device_whose_other_side_is_busy_is_no_misfit),
	    cmocka_unit_test(the_known_side_alone_is_said_to_be_missing),
	    cmocka_unit_test(nobody_there_means_no_waiting),
	    cmocka_unit_test(waiting_ends),
	    cmocka_unit_test(of_several_one_is_chosen_by_serial_label_or_touch),
	    cmocka_unit_test(nobody_is_asked_after_the_one_that_is_meant),
	    cmocka_unit_test(a_side_that_no_document_names_is_not_asked_when_the_other_fits),
	    cmocka_unit_test(both_sides_of_one_device_are_asked_when_both_may_be_meant),
	    cmocka_unit_test(a_number_that_we_made_is_not_taken_for_unique),
	    cmocka_unit_test(whose_the_wrong_token_is_is_said_of_all_that_are_there),
	    cmocka_unit_test(a_serial_outdoes_a_model),
	    cmocka_unit_test(a_model_of_several_people_asks_whose_it_is),
	    cmocka_unit_test(of_one_device_piv_is_used_unless_fido2_is_said),
	    cmocka_unit_test(without_a_vault_the_one_that_was_asked_for_is_waited_for),
	    cmocka_unit_test(what_a_fido2_pin_cannot_do_is_said_before_it_is_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
