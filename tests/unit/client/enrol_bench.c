/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/client/enrol_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crypto_key.h"
#include "base/file.h"
#include "tests/lib/p256_sign.h"
#include "tests/unit/check.h"

enum { NOW = 1767225600 };
static const uint8_t serial_bytes[] = {0x02, 0x03, 0x0f, 0x42, 0x41};
static const uint8_t policies[] = {PIN_ONCE, TOUCH_ALWAYS};

/* ---- the token ---- */

static enum err_code
list(void *driver, const struct token_seek *seek, struct token_list *ret_list, struct err *err)
{
	(void)driver;
	(void)seek;
	(void)err;
	*ret_list = (struct token_list){.count = 1};
	ret_list->found[0] = (struct token_found){.reader = "reader", .serial = SERIAL};
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
info(void *token, enum token_detail detail, struct token_info *ret_info, struct err *err)
{
	struct bench *bench = token;

	assert_int_equal(detail,
	    TOKEN_WHOLE); /* nothing is made on a token of which less is known */
	(void)err;
	*ret_info = (struct token_info){.serial = SERIAL,
	    .metadata = true,
	    .pin_tries = 3,
	    .pin_tries_total = 3,
	    .puk_tries = 3,
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
	    .firmware = view_of(bench->firmware, 3),
	    .serial = VIEW_OF(serial_bytes),
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
change(void *token, enum token_reference which, const struct secret *old, const struct secret *new,
    struct err *err)
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

static const struct token_traits traits = {.name = "piv",
    .label = "PIV",
    .pin_name = "PIV PIN",
    .pin_shape = "6 to 8 characters, digits are best",
    .tells_serial = true,
    .managed = true};

static const struct token_ops ops = {.traits = &traits,
    .list = list,
    .open = open_token,
    .info = info,
    .unlock = unlock,
    .agree = agree,
    .sign = sign,
    .attest = attest,
    .generate = generate,
    .change = change,
    .protect = protect,
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

bool
saw(struct bench *bench, const char *text)
{
	return strstr(buf_string(&bench->screen), text) != NULL;
}

/* ---- the bench ---- */

int
enrol_start(void **state)
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
	bench->ui = (struct ui){.context = bench,
	    .say = say,
	    .relay = say,
	    .progress = say,
	    .confirm = confirm,
	    .ask_pin = ask_pin,
	    .ask_secret = ask_secret};
	bench->driver = (struct token_driver){.ops = &ops, .driver = bench};
	snprintf(bench->folder, sizeof(bench->folder), "/tmp/halligan-enrol-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->out, sizeof(bench->out), "%s/out", bench->folder);
	*state = bench;
	return 0;
}

int
enrol_stop(void **state)
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

struct client_options
options_of(struct bench *bench)
{
	return (struct client_options){.drivers = &bench->driver,
	    .driver_count = 1,
	    .ui = &bench->ui,
	    .person = true,
	    .now = now};
}

struct enrol_plan
plan_of(struct bench *bench)
{
	struct enrol_plan plan = {.seat = "carol",
	    .person = "Carol Oncall",
	    .label = "carol-1",
	    .roles = ROLE_OFFICER,
	    .certificates = buf_view(&bench->pem),
	    .out = bench->out,
	    .offer = true,
	    .policy = {.roots = {bench->root.fingerprint},
	        .root_count = 1,
	        .min_firmware = {5, 7, 0}}};

	memset(plan.init.bytes, 7, DIGEST_SIZE);
	return plan;
}

enum err_code
enroll(struct bench *bench, const struct enrol_plan *plan, struct enrol_result *ret_result,
    struct err *err)
{
	const struct client_options options = options_of(bench);

	return enrol_run(&options, plan, ret_result, err);
}

bool
nothing_made(const struct bench *bench)
{
	for (int i = 0; i < TOKEN_KEYS; i++)
		if (bench->made[i])
			return false;
	return !file_exists(bench->out) && bench->touches == 0;
}
