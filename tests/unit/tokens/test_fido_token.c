/* SPDX-License-Identifier: Apache-2.0 */
/* tokens/fido/token.c and fido/use.c over a link that does, and lies, as the test tells it. */
#include "tests/unit/tokens/fido_bench.h"

/* ---- unlock ---- */

static void
the_pin_is_sent_once_and_without_a_touch(void **state)
{
	struct fake *fake = *state;

	ready(fake, 1);
	assert_int_equal(fake->pins, 1);
	assert_string_equal(fake->pin, "1357");
	assert_int_equal(fake->asked, 1);
	assert_int_equal(fake->announced, 0);
}

static void
nothing_is_sent_when_the_token_cannot_take_it(void **state)
{
	struct fake *fake = *state;
	struct fido_facts *facts = &fake->token.link.facts, good = *facts;
	struct err err;

	assert_error(ERR_INVALID, unlock(fake, "135", false, 1, &err));
	assert_says("token 77: a FIDO2 PIN has 4 to 63 characters");
	facts->pin_set = false;
	assert_error(ERR_REFUSED, unlock(fake, "1357", false, 1, &err));
	assert_says("token 77: it has no FIDO2 PIN: set one");
	facts->pin_possible = false;
	assert_error(ERR_REFUSED, unlock(fake, "1357", false, 1, &err));
	*facts = good;
	facts->pin_change = true;
	assert_error(ERR_REFUSED, unlock(fake, "1357", false, 1, &err));
	*facts = good;
	assert_error(ERR_REFUSED, unlock(fake, NULL, false, 1, &err));
	fake->tries = 0;
	assert_error(ERR_PIN_BLOCKED, unlock(fake, "1357", true, 1, &err));
	fake->tries = -1;
	assert_error(ERR_TOKEN, unlock(fake, "1357", true, 1, &err));
	fake->tries = 9;
	assert_error(ERR_TOKEN, unlock(fake, "1357", true, 1, &err));
	fake->tries = 5;
	fake->replug = true;
	assert_error(ERR_PIN_BLOCKED, unlock(fake, "1357", true, 1, &err));
	assert_says("plugged in again");
	fake->replug = false;
	fake->tries = 1;
	assert_error(ERR_PIN_BLOCKED, unlock(fake, "1357", false, 1, &err));
	assert_says("1 PIN try is left and was not spent");
	assert_int_equal(fake->pins, 0);
	fake->status = FIDO_STATUS_NO_CREDENTIALS; /* none is bound */
	assert_ok(unlock(fake, "1357", true, 1, &err));
	assert_int_equal(fake->pins, 1);
}

static void
each_refusal_of_the_pin_has_its_error(void **state)
{
	static const struct {
		int status;
		enum err_code code;
		const char *says;
	} rows[] = {
	    {FIDO_STATUS_PIN_INVALID, ERR_PIN, "PIN refused, 7 tries left"},
	    {FIDO_STATUS_PIN_AUTH_INVALID, ERR_PIN, "its FIDO2 PIN is asked for"},
	    {FIDO_STATUS_PIN_BLOCKED, ERR_PIN_BLOCKED, "no try is left"},
	    {FIDO_STATUS_PIN_AUTH_BLOCKED, ERR_PIN_BLOCKED, "plugged in again"},
	    {FIDO_STATUS_PIN_POLICY, ERR_REFUSED, "wants another FIDO2 PIN"},
	    {FIDO_STATUS_NO_CREDENTIALS, ERR_NOT_FOUND, "does not hold the credential"},
	    {FIDO_STATUS_INVALID_CREDENTIAL, ERR_NOT_FOUND, "does not hold the credential"},
	    {FIDO_STATUS_UV_BLOCKED, ERR_PIN_BLOCKED, "fingers"},
	    {0x7f, ERR_TOKEN, "CTAP status 7F"},
	};
	struct fake *fake = *state;
	struct token_credential credential = credential_of(fake);
	struct err err;

	assert_ok(fido_token_bind(&fake->token, &credential, &err));
	fake->tries = 7;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fake->status = rows[i].status;
		assert_error(rows[i].code, unlock(fake, "1357", false, 1, &err));
		assert_says(rows[i].says);
		assert_false(fake->token.unlocked);
		assert_null(fake->token.pin);
	}
}

static void
without_a_bound_credential_only_the_pin_is_tried(void **state)
{
	struct fake *fake = *state;
	struct err err;

	assert_error(ERR_TOKEN, unlock(fake, "1357", false, 1, &err));
	assert_says("signs for a credential that nobody made");
	fake->status = FIDO_STATUS_NO_CREDENTIALS;
	assert_ok(unlock(fake, "1357", false, 1, &err));
	assert_int_equal(fake->pins, 2);
}

static void
a_token_that_answers_with_another_key_is_not_unlocked(void **state)
{
	struct fake *fake = *state;
	struct token_credential credential = credential_of(fake);
	struct err err;

	assert_ok(fido_token_bind(&fake->token, &credential, &err));
	fake->other_key = true;
	assert_error(ERR_TOKEN, unlock(fake, "1357", false, 1, &err));
	assert_says("but not with its key");
	assert_false(fake->token.unlocked);
}

static void
a_pulled_token_stays_gone(void **state)
{
	struct fake *fake = *state;
	struct err err;

	ready(fake, 2);
	fake->fails = ERR_TOKEN_GONE;
	assert_error(ERR_TOKEN_GONE, sign(fake, &err));
	fake->fails = ERR_OK;
	assert_error(ERR_TOKEN_GONE, sign(fake, &err));
	assert_says("token 77: it was pulled out or reset");
}

/* ---- touches ---- */

static void
one_touch_signs_and_derives_and_later_ones_compare(void **state)
{
	struct fake *fake = *state;
	struct point share, release, again;
	SECRET *shared = NULL;
	struct err err;

	ready(fake, 2);
	assert_ok(sign(fake, &err));
	assert_ok(fido_use_derive(&fake->token, TOKEN_SHARE, "derive", &share, &err));
	assert_ok(fido_use_derive(&fake->token, TOKEN_RELEASE, "derive", &release, &err));
	assert_false(point_equal(&share, &release));
	assert_ok(fido_use_agree(&fake->token, TOKEN_SHARE, &fake->public, "open", &shared, &err));
	assert_int_equal(secret_size(shared), 32);
	assert_int_equal(fake->announced, 1);
	assert_ok(sign(fake, &err));
	assert_ok(fido_use_derive(&fake->token, TOKEN_SHARE, "derive", &again, &err));
	assert_true(point_equal(&share, &again));
	assert_int_equal(fake->announced, 2);
	assert_int_equal(fake->touched, 2);
	assert_error(ERR_INTEGRITY, sign(fake, &err));
	assert_says("of the announced number of touches, 2, all are done");
	assert_int_equal(fake->announced, 2);
}

static void
to_derive_alone_signs_nothing_that_anybody_said(void **state)
{
	struct fake *fake = *state;
	struct point key;
	struct digest first;
	struct err err;

	ready(fake, 2);
	assert_ok(fido_use_derive(&fake->token, TOKEN_SHARE, "derive", &key, &err));
	first = fake->asked_hash;
	fido_token_forget(&fake->token);
	assert_ok(fido_use_derive(&fake->token, TOKEN_SHARE, "derive", &key, &err));
	assert_false(digest_equal(&first, &fake->asked_hash));
}

static void
a_prf_that_changed_is_refused_and_forgotten(void **state)
{
	struct fake *fake = *state;
	struct err err;

	ready(fake, 3);
	assert_ok(sign(fake, &err));
	fake->prf[40] ^= 1;
	assert_error(ERR_TOKEN, sign(fake, &err));
	assert_says("verified the person at one touch and not at the other");
	assert_null(fake->token.prf);
	assert_null(fake->token.keys[TOKEN_SHARE]);
}

static void
spoilt_answers_are_not_used(void **state)
{
	struct fake *fake = *state;
	struct fake good = *fake;
	struct err err;

	ready(fake, 9);
	fake->flags = ASSERTION_UP;
	assert_error(ERR_TOKEN, sign(fake, &err));
	assert_says("no PIN or fingerprint was given for it");
	fake->flags = ASSERTION_UV;
	assert_error(ERR_TOKEN, sign(fake, &err));
	fake->flags = good.flags;
	fake->other_key = true;
	assert_error(ERR_TOKEN, sign(fake, &err));
	assert_says("its answer is not what was asked for");
	fake->other_key = false;
	fake->other_hash = true;
	assert_error(ERR_TOKEN, sign(fake, &err));
	fake->other_hash = false;
	for (size_t size = 0; size < FIDO_SALTS_SIZE; size += 32) {
		fake->prf_size = size;
		assert_error(ERR_TOKEN, sign(fake, &err));
		assert_says("did not compute its secret function");
	}
	fake->prf_size = FIDO_SALTS_SIZE;
	memset(fake->prf, 1, sizeof(fake->prf));
	assert_error(ERR_TOKEN, sign(fake, &err));
	assert_says("the same for everything");
	assert_null(fake->token.prf);
	memcpy(fake->prf, good.prf, sizeof(good.prf));
	assert_ok(sign(fake, &err));
}

static void
a_touch_that_did_not_come_is_not_counted(void **state)
{
	struct fake *fake = *state;
	struct err err;

	ready(fake, 1);
	fake->status = FIDO_STATUS_USER_TIMEOUT;
	assert_error(ERR_TOUCH, sign(fake, &err));
	assert_says("token 77: it was not touched in time for: sign it");
	assert_int_equal(fake->touched, 0);
	fake->status = FIDO_STATUS_OK;
	assert_ok(sign(fake, &err));
	assert_error(ERR_INTEGRITY, sign(fake, &err));
}

static void
a_pin_that_is_refused_later_is_not_sent_again(void **state)
{
	struct fake *fake = *state;
	struct err err;

	ready(fake, 3);
	fake->status = FIDO_STATUS_PIN_INVALID;
	assert_error(ERR_PIN, sign(fake, &err));
	fake->status = FIDO_STATUS_OK;
	assert_error(ERR_INTERNAL, sign(fake, &err));
	assert_int_equal(fake->pins, 2);
}

static void
a_peer_that_is_no_point_costs_no_touch(void **state)
{
	struct fake *fake = *state;
	struct point peer = {{0x04, 1}};
	struct secret *shared = NULL;
	struct err err;

	ready(fake, 1);
	assert_error(ERR_INVALID,
	    fido_use_agree(&fake->token, TOKEN_SHARE, &peer, "open", &shared, &err));
	assert_error(ERR_INTERNAL,
	    fido_use_agree(&fake->token, TOKEN_SIGN, &fake->public, "open", &shared, &err));
	assert_null(shared);
	assert_int_equal(fake->announced, 0);
}

/* ---- make, bind, change ---- */

static enum err_code
make(struct fake *fake, struct token_made *ret_made, struct err *err)
{
	struct token_wish wish = {.name = "secops", .salt = {{4}}};

	return fido_use_make(&fake->token, &wish, "make it", ret_made, err);
}

static void
what_was_made_is_checked_and_bound(void **state)
{
	struct fake *fake = *state;
	CLEANUP(token_made_done) struct token_made made = {0};
	struct err err;

	fake->status = FIDO_STATUS_NO_CREDENTIALS;
	assert_ok(unlock(fake, "1357", false, 3, &err));
	fake->status = FIDO_STATUS_OK;
	fake->recipe.flags = 0xc1;
	assert_error(ERR_TOKEN, make(fake, &made, &err));
	assert_says("no PIN or fingerprint was given for the registration");
	assert_false(fake->token.bound);
	fake->recipe.flags = 0x45;
	assert_error(ERR_REFUSED, make(fake, &made, &err));
	fake->recipe.flags = 0;
	assert_ok(make(fake, &made, &err));
	assert_true(point_equal(&made.credential.key, &fake->public));
	assert_int_equal(made.credential.size, 10);
	assert_int_equal(made.credential.salt.bytes[0], 4);
	assert_true(fake->token.bound);
	assert_error(ERR_INTEGRITY, sign(fake, &err));
}

static void
a_token_that_lacks_something_makes_nothing(void **state)
{
	struct fake *fake = *state;
	struct fido_facts *facts = &fake->token.link.facts, good = *facts;
	struct token_made made = {0};
	struct err err;

	ready(fake, 3);
	facts->hmac_secret = false;
	assert_error(ERR_REFUSED, make(fake, &made, &err));
	assert_says("it lacks hmac-secret");
	*facts = good;
	facts->cred_protect = false;
	assert_error(ERR_REFUSED, make(fake, &made, &err));
	*facts = good;
	facts->es256 = false;
	assert_error(ERR_REFUSED, make(fake, &made, &err));
	assert_int_equal(made.authdata.size, 0);
}

static void
only_real_credentials_are_bound(void **state)
{
	struct fake *fake = *state;
	struct token_credential credential = credential_of(fake);
	struct err err;

	credential.size = 0;
	assert_error(ERR_INVALID, fido_token_bind(&fake->token, &credential, &err));
	credential.size = TOKEN_CREDENTIAL_MAX + 1;
	assert_error(ERR_INVALID, fido_token_bind(&fake->token, &credential, &err));
	credential = credential_of(fake);
	credential.key.bytes[64] ^= 1;
	assert_error(ERR_INVALID, fido_token_bind(&fake->token, &credential, &err));
	assert_false(fake->token.bound);
}

static enum err_code
change(struct fake *fake, const char *old_text, const char *new_text, struct err *err)
{
	SECRET *old = NULL, *new = NULL;

	if (old_text != NULL)
		assert_int_equal(secret_from(view_of_text(old_text), &old, err), ERR_OK);
	assert_int_equal(secret_from(view_of_text(new_text), &new, err), ERR_OK);
	return fido_token_change(&fake->token, TOKEN_PIN, old, new, err);
}

static void
a_pin_is_changed_by_the_rules_of_the_token_and_ours(void **state)
{
	struct fake *fake = *state;
	struct err err;

	assert_error(ERR_REFUSED, change(fake, NULL, "2468", &err));
	assert_error(ERR_REFUSED, change(fake, "1357", "123456", &err));
	fake->token.link.facts.min_pin = 6;
	assert_error(ERR_REFUSED, change(fake, "1357", "24681", &err));
	fake->tries = 1;
	assert_error(ERR_PIN_BLOCKED, change(fake, "1357", "246813", &err));
	fake->tries = 8;
	assert_int_equal(fake->pins, 0);
	assert_ok(change(fake, "1357", "246813", &err));
	assert_int_equal(fake->pins, 2);
	fake->status = FIDO_STATUS_PIN_POLICY;
	assert_error(ERR_REFUSED, change(fake, "1357", "246813", &err));
	fake->status = FIDO_STATUS_PIN_INVALID;
	assert_error(ERR_PIN, change(fake, "1357", "246813", &err));
	fake->status = FIDO_STATUS_OK;
	fake->token.link.facts.pin_set = false;
	assert_error(ERR_REFUSED, change(fake, "1357", "246813", &err));
	assert_ok(change(fake, NULL, "246813", &err));
	assert_error(ERR_INTERNAL, fido_token_change(&fake->token, TOKEN_PUK, NULL, NULL, &err));
}

static void
info_tells_the_state_and_the_keys(void **state)
{
	struct fake *fake = *state;
	struct token_info info;
	struct err err;

	fake->tries = 5;
	fake->replug = true;
	assert_ok(fido_token_info(&fake->token, TOKEN_WHOLE, &info, &err));
	assert_int_equal(info.serial, 77);
	assert_int_equal(info.pin_tries, 5);
	assert_true(info.replug && !info.pin_missing && !info.keys[TOKEN_SIGN].present);
	fake->replug = false;
	ready(fake, 1);
	assert_ok(sign(fake, &err));
	assert_ok(fido_token_info(&fake->token, TOKEN_WHOLE, &info, &err));
	assert_true(point_equal(&info.keys[TOKEN_SIGN].key, &fake->public));
	assert_true(info.keys[TOKEN_SHARE].present && info.keys[TOKEN_RELEASE].present);
	assert_false(info.replug);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_pin_is_sent_once_and_without_a_touch),
	    TEST(nothing_is_sent_when_the_token_cannot_take_it),
	    TEST(each_refusal_of_the_pin_has_its_error),
	    TEST(without_a_bound_credential_only_the_pin_is_tried),
	    TEST(a_token_that_answers_with_another_key_is_not_unlocked),
	    TEST(a_pulled_token_stays_gone),
	    TEST(one_touch_signs_and_derives_and_later_ones_compare),
	    TEST(to_derive_alone_signs_nothing_that_anybody_said),
	    TEST(a_prf_that_changed_is_refused_and_forgotten),
	    TEST(spoilt_answers_are_not_used),
	    TEST(a_touch_that_did_not_come_is_not_counted),
	    TEST(a_pin_that_is_refused_later_is_not_sent_again),
	    TEST(a_peer_that_is_no_point_costs_no_touch),
	    TEST(what_was_made_is_checked_and_bound),
	    TEST(a_token_that_lacks_something_makes_nothing),
	    TEST(only_real_credentials_are_bound),
	    TEST(a_pin_is_changed_by_the_rules_of_the_token_and_ours),
	    TEST(info_tells_the_state_and_the_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
