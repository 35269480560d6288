/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ceremony/enrol*.c and upkeep.c: the walk of one person with one token, from factory values to a
 * public file, and what is refused on the way.
 */
#include "ceremony/client/enrol/enrol.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "ceremony/client/hand/pin_change.h"
#include "tests/unit/certificates.h"
#include "tests/unit/check.h"

enum { SERIAL = 1000001, NOW = 1767225600, ANSWERS = 16 };
static const uint8_t serial_bytes[] = {0x02, 0x03, 0x0f, 0x42, 0x41};
static const uint8_t policies[] = {PIN_ONCE, TOUCH_ALWAYS};

/* A PIV token, a person who types ANSWERS one after the other, and what became of both. */
struct bench {
	struct authority root, device;
	EVP_PKEY *pairs[TOKEN_KEYS];
	struct p256_key *keys[TOKEN_KEYS];
	bool made[TOKEN_KEYS], strange[TOKEN_KEYS], destroyed;
	uint8_t firmware[3];
	char pin[16], puk[16];
	bool management_default, protected, unlocked, no_attestation;
	unsigned announced, touches;
	struct buf screen, pem;
	const char *answers[ANSWERS]; /* to PINs and secrets */
	size_t answered;
	const char *words[ANSWERS]; /* to confirmations; NULL: what is asked for */
	size_t confirmed;
	struct ui ui;
	struct token_driver driver;
	char folder[64], out[96];
};

/* ---- the token ---- */

static enum err_code
list(void *driver, struct token_list *ret_list, struct err *err)
{
	(void)driver;
	(void)err;
	*ret_list = (struct token_list){.count = 1};
	ret_list->found[0] = (struct token_found){
		.driver = "piv", .reader = "reader", .serial = SERIAL};
	return ERR_OK;
}

static enum err_code
open_token(void *driver, const char *reader, const struct token_ui *ui, void **ret_token,
    struct err *err)
{
	(void)reader;
	(void)ui;
	(void)err;
	*ret_token = driver;
	return ERR_OK;
}

static enum err_code
info(void *token, struct token_info *ret_info, struct err *err)
{
	struct bench *bench = token;

	(void)err;
	*ret_info = (struct token_info){.driver = "piv", .serial = SERIAL, .metadata = true,
		.pin_tries = 3, .pin_tries_total = 3, .puk_tries = 3,
		.pin_default = strcmp(bench->pin, "123456") == 0,
		.puk_default = strcmp(bench->puk, "12345678") == 0,
		.management_default = bench->management_default,
		.management_protected = bench->protected};
	memcpy(ret_info->firmware, bench->firmware, 3);
	for (int key = 0; key < TOKEN_KEYS; key++) {
		struct token_key_info *row = &ret_info->keys[key];

		row->slot = (uint8_t)(0x82 + key);
		row->present = bench->made[key] || bench->strange[key];
		row->generated = !bench->strange[key];
		row->pin = PIN_ONCE;
		row->touch = TOUCH_ALWAYS;
		p256_key_public(bench->keys[key], &row->key);
	}
	return ERR_OK;
}

static enum err_code
unlock(void *token, struct secret *pin, bool last_try, unsigned touches, struct err *err)
{
	struct bench *bench = token;

	(void)last_try;
	if (!view_equal(secret_view(pin), view_of_text(bench->pin)))
		return err_set(err, ERR_PIN, "PIN refused, 2 tries left");
	bench->unlocked = true;
	bench->announced = touches;
	return ERR_OK;
}

static enum err_code
touch(struct bench *bench, struct err *err)
{
	assert_true(bench->unlocked);
	if (bench->announced == 0)
		return err_set(err, ERR_INTEGRITY, "a touch that nobody announced");
	bench->announced--;
	bench->touches++;
	return ERR_OK;
}

static enum err_code
agree(void *token, enum token_key key, const struct point *peer, const char *purpose,
    struct secret **ret_shared, struct err *err)
{
	struct bench *bench = token;

	assert_non_null(purpose);
	assert_true(bench->made[key]);
	TRY(touch(bench, err));
	return p256_agree(bench->keys[key], peer, ret_shared, err);
}

static enum err_code
sign(void *token, const struct digest *digest, const char *purpose,
    struct token_signature *ret_signature, struct err *err)
{
	struct bench *bench = token;
	BUF der = {0};

	assert_non_null(purpose);
	TRY(touch(bench, err));
	TRY(p256_sign(bench->keys[TOKEN_SIGN], digest, &der, err));
	*ret_signature = (struct token_signature){.size = der.size};
	memcpy(ret_signature->der, der.data, der.size);
	return ERR_OK;
}

static enum err_code
attest(void *token, enum token_key key, struct buf *ret_slot, struct buf *ret_device,
    struct err *err)
{
	struct bench *bench = token;
	const struct recipe recipe = {.subject = "YubiKey PIV Attestation 82",
		.firmware = view_of(bench->firmware, 3), .serial = VIEW_OF(serial_bytes),
		.policies = VIEW_OF(policies)};

	if (bench->no_attestation)
		return err_set(err, ERR_TOKEN, "this card cannot attest");
	certificate_make(&recipe, bench->pairs[key], &bench->device, ret_slot);
	buf_bytes(ret_device, buf_view(&bench->device.der));
	return ERR_OK;
}

static enum err_code
generate(void *token, enum token_key key, const struct secret *management_key, bool overwrite,
    struct point *ret_key, struct err *err)
{
	struct bench *bench = token;

	(void)err;
	assert_true(bench->unlocked);
	assert_true(management_key == NULL && bench->protected);
	assert_true(overwrite || (!bench->made[key] && !bench->strange[key]));
	bench->destroyed = bench->destroyed || bench->strange[key];
	bench->strange[key] = false;
	bench->made[key] = true;
	p256_key_public(bench->keys[key], ret_key);
	return ERR_OK;
}

static enum err_code
change(void *token, enum token_reference which, const struct secret *old,
    const struct secret *new, struct err *err)
{
	struct bench *bench = token;
	char *present = which == TOKEN_PIN ? bench->pin : bench->puk;

	assert_false(bench->unlocked);
	if (!view_equal(secret_view(old), view_of_text(present)))
		return err_set(err, ERR_PIN, "refused, 2 tries left");
	if (secret_size(new) < 6)
		return err_set(err, ERR_INVALID, "too short");
	snprintf(present, sizeof(bench->pin), "%.*s", (int)secret_size(new),
	    (const char *)secret_view(new).data);
	return ERR_OK;
}

static enum err_code
protect(void *token, const struct secret *old, struct err *err)
{
	struct bench *bench = token;

	(void)err;
	assert_true(bench->unlocked && old == NULL);
	bench->protected = true;
	bench->management_default = false;
	return ERR_OK;
}

static void
close_token(void *token)
{
	struct bench *bench = token;

	bench->unlocked = false;
	bench->announced = 0;
}

static const struct token_ops ops = {.name = "piv", .pin_name = "PIV PIN", .list = list,
	.open = open_token, .info = info, .unlock = unlock, .agree = agree, .sign = sign,
	.attest = attest, .generate = generate, .change = change, .protect = protect,
	.close = close_token};

/* ---- the person ---- */

static void
say(void *context, const char *line)
{
	struct bench *bench = context;

	buf_text(&bench->screen, line);
	buf_text(&bench->screen, "\n");
}

static enum err_code
confirm(void *context, const char *question, const char *word, bool *ret_yes, struct err *err)
{
	struct bench *bench = context;
	const char *typed;

	(void)err;
	say(context, question);
	assert_true(bench->confirmed < ANSWERS);
	typed = bench->words[bench->confirmed++];
	*ret_yes = typed == NULL || strcmp(typed, word) == 0;
	return ERR_OK;
}

static enum err_code
ask_secret(void *context, const char *prompt, size_t max, struct secret **ret_secret,
    struct err *err)
{
	struct bench *bench = context;
	const char *answer;

	(void)max;
	say(context, prompt);
	assert_true(bench->answered < ANSWERS);
	answer = bench->answers[bench->answered++];
	if (answer == NULL)
		fail_msg("nobody expected: %s", prompt);
	return secret_from(view_of_text(answer), ret_secret, err);
}

static enum err_code
ask_pin(void *context, const char *prompt, struct secret **ret_pin, struct err *err)
{
	return ask_secret(context, prompt, 0, ret_pin, err);
}

static bool
saw(struct bench *bench, const char *text)
{
	return strstr(buf_string(&bench->screen), text) != NULL;
}

/* ---- the bench ---- */

static int
start(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct err err;

	assert_non_null(bench);
	assert_ok(crypto_start(&err));
	authority_make(&(struct recipe){.subject = "Root", .authority = true}, NULL, &bench->root);
	authority_make(&(struct recipe){.subject = "Device", .authority = true}, &bench->root,
	    &bench->device);
	append_pem(&bench->pem, buf_view(&bench->root.der));
	for (int i = 0; i < TOKEN_KEYS; i++) {
		bench->pairs[i] = EVP_EC_gen("P-256");
		bench->keys[i] = certificate_key(bench->pairs[i]);
	}
	memcpy(bench->firmware, (const uint8_t[]){5, 7, 4}, 3);
	snprintf(bench->pin, sizeof(bench->pin), "73920158");
	snprintf(bench->puk, sizeof(bench->puk), "51907364");
	bench->protected = true;
	bench->ui = (struct ui){.context = bench, .say = say, .progress = say, .confirm = confirm,
		.ask_pin = ask_pin, .ask_secret = ask_secret};
	bench->driver = (struct token_driver){.ops = &ops, .driver = bench};
	snprintf(bench->folder, sizeof(bench->folder), "/tmp/halligan-enrol-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->out, sizeof(bench->out), "%s/out", bench->folder);
	*state = bench;
	return 0;
}

static int
stop(void **state)
{
	struct bench *bench = *state;

	authority_done(&bench->root);
	authority_done(&bench->device);
	for (int i = 0; i < TOKEN_KEYS; i++) {
		EVP_PKEY_free(bench->pairs[i]);
		p256_key_free(bench->keys[i]);
	}
	buf_done(&bench->screen);
	buf_done(&bench->pem);
	unlink(bench->out);
	rmdir(bench->folder);
	free(bench);
	return 0;
}

static int64_t
now(void)
{
	return NOW;
}

static struct client_options
options_of(struct bench *bench)
{
	return (struct client_options){.drivers = &bench->driver, .driver_count = 1,
		.ui = &bench->ui, .person = true, .now = now};
}

static struct enrol_plan
plan_of(struct bench *bench)
{
	struct enrol_plan plan = {.seat = "carol", .person = "Carol Oncall", .label = "carol-1",
		.roles = ROLE_OFFICER, .certificates = buf_view(&bench->pem), .out = bench->out,
		.offer = true,
		.policy = {.roots = {bench->root.fingerprint}, .root_count = 1,
		    .min_firmware = {5, 7, 0}}};

	memset(plan.init.bytes, 7, DIGEST_SIZE);
	return plan;
}

static enum err_code
enroll(struct bench *bench, const struct enrol_plan *plan, struct enrol_result *ret_result,
    struct err *err)
{
	const struct client_options options = options_of(bench);

	return enrol_run(&options, plan, ret_result, err);
}

static bool
nothing_made(const struct bench *bench)
{
	for (int i = 0; i < TOKEN_KEYS; i++)
		if (bench->made[i])
			return false;
	return !file_exists(bench->out) && bench->touches == 0;
}

/* ---- claims ---- */

static void
an_officer_is_enrolled_with_two_touches(void **state)
{
	struct bench *bench = *state;
	const struct enrol_plan plan = plan_of(bench);
	struct enrol_result result;
	struct err err;
	ENROLMENT read = {0};
	DSSE statement = {0};
	BUF text = {0};

	bench->answers[0] = bench->pin;
	assert_ok(enroll(bench, &plan, &result, &err));
	assert_int_equal(bench->touches, 2);
	assert_true(bench->made[TOKEN_SIGN] && bench->made[TOKEN_SHARE] && !bench->made[TOKEN_RELEASE]);
	assert_true(saw(bench, "PIV PIN of the token \"carol-1\" (serial 1000001), 3 tries left: "));
	assert_ok(file_read(bench->out, 65536, &text, &err));
	text.size--;
	assert_ok(dsse_parse(buf_view(&text), &statement, &err));
	assert_ok(enrolment_parse(&statement, false, &read, &err));
	assert_ok(enrolment_verify(&statement, &read, &plan.init, &plan.policy, &err));
	assert_true(digest_equal(&read.digest, &result.digest) && result.attested);
	assert_int_equal(result.serial, SERIAL);
	assert_true(read.unsealed[KEY_SHARE]);
}

static void
factory_values_are_changed_in_the_walk(void **state)
{
	struct bench *bench = *state;
	const struct enrol_plan plan = plan_of(bench);
	struct enrol_result result;
	struct err err;

	snprintf(bench->pin, sizeof(bench->pin), "123456");
	snprintf(bench->puk, sizeof(bench->puk), "12345678");
	bench->management_default = true;
	bench->protected = false;
	bench->answers[0] = "864209"; /* the two differ: once more */
	bench->answers[1] = "864208";
	bench->answers[2] = bench->answers[3] = "864209";
	bench->answers[4] = bench->answers[5] = "97531864";
	bench->answers[6] = "864209";
	assert_ok(enroll(bench, &plan, &result, &err));
	assert_string_equal(bench->pin, "864209");
	assert_string_equal(bench->puk, "97531864");
	assert_true(bench->protected);
	assert_true(saw(bench, "still has the factory PIN, which everybody knows."));
	assert_true(saw(bench, "The two differ; nothing was changed."));
	assert_true(saw(bench, "Write the PUK down and keep it apart from the token"));
	assert_true(saw(bench, "is a random one now, kept behind its PIN"));
	assert_false(saw(bench, "864209"));
	assert_false(saw(bench, "97531864"));
}

static void
factory_values_that_stay_are_refused(void **state)
{
	struct bench *bench = *state;
	struct enrol_plan plan = plan_of(bench);
	struct enrol_result result;
	struct err err;

	for (int round = 0; round < 2; round++) {
		plan.offer = round == 0;
		for (size_t i = 0; i < ANSWERS; i++)
			bench->words[i] = "no";
		snprintf(bench->pin, sizeof(bench->pin), "123456");
		assert_error(ERR_REFUSED, enroll(bench, &plan, &result, &err));
		assert_says("factory PIN");
		snprintf(bench->pin, sizeof(bench->pin), "73920158");
		snprintf(bench->puk, sizeof(bench->puk), "12345678");
		assert_error(ERR_REFUSED, enroll(bench, &plan, &result, &err));
		assert_says("factory PUK");
		snprintf(bench->puk, sizeof(bench->puk), "51907364");
		bench->management_default = true;
		assert_error(ERR_REFUSED, enroll(bench, &plan, &result, &err));
		assert_says("factory management key");
		bench->management_default = false;
		assert_int_equal(bench->answered, 0);
		assert_true(nothing_made(bench));
	}
	assert_int_equal(bench->confirmed, 3);
}

static void
strange_keys_go_only_after_overwrite_and_the_typed_serial(void **state)
{
	struct bench *bench = *state;
	struct enrol_plan plan = plan_of(bench);
	struct enrol_result result;
	struct err err;

	bench->strange[TOKEN_SHARE] = true;
	assert_error(ERR_EXISTS, enroll(bench, &plan, &result, &err));
	assert_says("--overwrite");
	plan.overwrite = true;
	bench->words[0] = "yes";
	assert_error(ERR_REFUSED, enroll(bench, &plan, &result, &err));
	assert_says("\"1000001\"");
	assert_true(saw(bench, "stops for ever"));
	assert_true(nothing_made(bench) && !bench->destroyed);
	bench->words[1] = "1000001";
	bench->answers[0] = bench->pin;
	assert_ok(enroll(bench, &plan, &result, &err));
	assert_true(bench->destroyed);
}

static void
keys_that_an_attempt_left_behind_are_enrolled_after_a_yes(void **state)
{
	struct bench *bench = *state;
	struct enrol_plan plan = plan_of(bench);
	struct enrol_result result;
	struct err err;

	bench->made[TOKEN_SIGN] = bench->made[TOKEN_SHARE] = true;
	bench->words[0] = "no";
	assert_error(ERR_REFUSED, enroll(bench, &plan, &result, &err));
	bench->answers[0] = bench->pin;
	assert_ok(enroll(bench, &plan, &result, &err));
	assert_true(saw(bench, "as after an enrolment that did not come to its end"));
}

static void
only_a_waiver_lets_old_or_unattested_tokens_pass(void **state)
{
	struct bench *bench = *state;
	struct enrol_plan plan = plan_of(bench);
	struct enrol_result result;
	struct err err;

	bench->firmware[1] = 4;
	for (size_t i = 0; i < ANSWERS; i++)
		bench->answers[i] = bench->pin;
	assert_error(ERR_REFUSED, enroll(bench, &plan, &result, &err));
	assert_says("firmware 5.4.4");
	assert_int_equal(bench->touches, 0);
	plan.policy.waives = ATTEST_WAIVE_FIRMWARE;
	assert_ok(enroll(bench, &plan, &result, &err));
	assert_int_equal(unlink(bench->out), 0);
	bench->no_attestation = true;
	assert_error(ERR_TOKEN, enroll(bench, &plan, &result, &err));
	plan.certificates = (struct view){0};
	assert_error(ERR_USAGE, enroll(bench, &plan, &result, &err));
	plan.policy.waives = ATTEST_WAIVE_ATTESTATION;
	assert_ok(enroll(bench, &plan, &result, &err));
	assert_false(result.attested);
}

static void
another_seats_token_is_refused_before_it_is_asked_for_anything(void **state)
{
	struct bench *bench = *state;
	struct enrol_plan plan = plan_of(bench);
	struct enrol_result result;
	struct seat *seat = calloc(1, sizeof(*seat));
	struct err err;

	assert_non_null(seat);
	snprintf(seat->name, sizeof(seat->name), "dave");
	seat->token_count = 1;
	seat->tokens[0].serial = SERIAL;
	plan.enrolled[1] = (struct hand_list){seat, 1};
	assert_error(ERR_EXISTS, enroll(bench, &plan, &result, &err));
	assert_says("for the seat dave already");
	assert_int_equal(bench->answered, 0);
	free(seat);
}

static void
a_pin_is_changed_by_who_knows_it(void **state)
{
	struct bench *bench = *state;
	const struct client_options options = options_of(bench);
	struct err err;
	HAND hand = {0};

	assert_ok(hand_take_any(&options, &hand, &err));
	bench->answers[0] = "00000000";
	bench->answers[1] = bench->answers[2] = "864209";
	assert_error(ERR_PIN, upkeep_pin(&hand, &err));
	assert_says("changing the PIV PIN of the token with serial 1000001: refused, 2 tries left");
	bench->answers[3] = "73920158";
	bench->answers[4] = bench->answers[5] = "cccccccfhcjkbdefghijklnrtuvcbdefghijklnrtuvc";
	assert_error(ERR_REFUSED, upkeep_pin(&hand, &err));
	assert_says("one-time password");
	bench->answers[6] = "73920158";
	bench->answers[7] = bench->answers[8] = "864209";
	assert_ok(upkeep_pin(&hand, &err));
	assert_string_equal(bench->pin, "864209");
	bench->answers[9] = "51907364";
	bench->answers[10] = bench->answers[11] = "97531864";
	assert_ok(upkeep_puk(&hand, &err));
	assert_true(saw(bench, "Present PIV PIN of the token with serial 1000001, 3 tries left: "));
}

int
main(void)
{
#define CLAIM(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		CLAIM(an_officer_is_enrolled_with_two_touches),
		CLAIM(factory_values_are_changed_in_the_walk),
		CLAIM(factory_values_that_stay_are_refused),
		CLAIM(strange_keys_go_only_after_overwrite_and_the_typed_serial),
		CLAIM(keys_that_an_attempt_left_behind_are_enrolled_after_a_yes),
		CLAIM(only_a_waiver_lets_old_or_unattested_tokens_pass),
		CLAIM(another_seats_token_is_refused_before_it_is_asked_for_anything),
		CLAIM(a_pin_is_changed_by_who_knows_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
