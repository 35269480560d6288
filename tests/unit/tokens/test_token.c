/* SPDX-License-Identifier: Apache-2.0 */
/* tokens/token.c over drivers that lie. */
#include <stdio.h>

#include "tests/unit/check.h"
#include "tokens/token.h"

/* A driver of any name that shows COUNT tokens and opens whatever is asked for. */
struct fake {
	uint32_t serial;        /* of the first in the list */
	uint32_t opened_serial; /* of the one that is really there */
	size_t count;
	enum err_code fails; /* in list, open or info */
	unsigned opened, closed, calls;
	bool asked; /* for one that is sought */
	const struct token_ui *ui;
	char reader[TOKEN_READER_MAX + 1];
};

static enum err_code
fake_list(void *driver, const struct token_seek *seek, struct token_list *ret_list, struct err *err)
{
	struct fake *fake = driver;

	fake->asked = seek != NULL;
	if (fake->fails != ERR_OK)
		return err_set(err, fake->fails, "the driver fails");
	for (size_t i = 0; i < fake->count; i++) {
		struct token_found *found = &ret_list->found[i];

		*found = (struct token_found){.serial = fake->serial + (uint32_t)i};
		snprintf(found->reader, sizeof(found->reader), "reader %zu", i);
	}
	ret_list->count = fake->count;
	return ERR_OK;
}

static enum err_code
fake_open(void *driver, const char *reader, const struct token_ui *ui, void **ret_token,
    struct err *err)
{
	struct fake *fake = driver;

	if (fake->fails == ERR_TOKEN_ABSENT)
		return err_set(err, fake->fails, "the driver fails");
	fake->ui = ui;
	memcpy(fake->reader, reader, strlen(reader) + 1);
	fake->opened++;
	*ret_token = fake;
	return ERR_OK;
}

static enum err_code
fake_info(void *token, enum token_detail detail, struct token_info *ret_info, struct err *err)
{
	struct fake *fake = token;

	(void)detail;
	if (fake->fails == ERR_TOKEN_GONE)
		return err_set(err, fake->fails, "the driver fails");
	*ret_info = (struct token_info){.serial = fake->opened_serial};
	return ERR_OK;
}

static enum err_code
fake_unlock(void *token, struct secret *pin, bool last_try, unsigned touches, struct err *err)
{
	struct fake *fake = token;

	(void)err;
	assert_int_equal(secret_size(pin), 6);
	assert_true(last_try);
	assert_int_equal(touches, 2);
	fake->calls |= 1;
	return ERR_OK;
}

static enum err_code
fake_agree(void *token, enum token_key key, const struct point *peer, const char *purpose,
    struct secret **ret_shared, struct err *err)
{
	struct fake *fake = token;

	assert_int_equal(key, TOKEN_RELEASE);
	assert_int_equal(peer->bytes[0], 4);
	assert_string_equal(purpose, "open");
	fake->calls |= 2;
	return secret_from(VIEW_OF(peer->bytes), ret_shared, err);
}

static enum err_code
fake_sign(void *token, const struct digest *digest, const char *purpose,
    struct token_signature *ret_signature, struct err *err)
{
	struct fake *fake = token;

	(void)err;
	assert_int_equal(digest->bytes[0], 9);
	assert_string_equal(purpose, "sign");
	*ret_signature = (struct token_signature){.der = {0x30}, .size = 1};
	fake->calls |= 4;
	return ERR_OK;
}

static enum err_code
fake_attest(void *token, enum token_key key, struct buf *ret_slot, struct buf *ret_device,
    struct err *err)
{
	struct fake *fake = token;

	(void)err;
	assert_int_equal(key, TOKEN_SHARE);
	buf_u8(ret_slot, 1);
	buf_u8(ret_device, 2);
	fake->calls |= 8;
	return ERR_OK;
}

static enum err_code
fake_generate(void *token, enum token_key key, const struct secret *management_key, bool overwrite,
    struct point *ret_key, struct err *err)
{
	struct fake *fake = token;

	assert_int_equal(key, TOKEN_SIGN);
	assert_null(management_key);
	assert_true(overwrite);
	ret_key->bytes[0] = 4;
	fake->calls |= 16;
	return err_set(err, ERR_EXISTS, "there is one");
}

static void
fake_close(void *token)
{
	struct fake *fake = token;

	fake->closed++;
}

static const struct token_traits fake_traits = {.name = "fake"}, other_traits = {.name = "other"};

static const struct token_ops fake_ops = {.traits = &fake_traits,
    .list = fake_list,
    .open = fake_open,
    .info = fake_info,
    .unlock = fake_unlock,
    .agree = fake_agree,
    .sign = fake_sign,
    .attest = fake_attest,
    .generate = fake_generate,
    .close = fake_close};
static const struct token_ops other_ops = {.traits = &other_traits,
    .list = fake_list,
    .open = fake_open,
    .info = fake_info,
    .unlock = fake_unlock,
    .agree = fake_agree,
    .sign = fake_sign,
    .attest = fake_attest,
    .generate = fake_generate,
    .close = fake_close};

static void
the_lists_of_all_drivers_are_joined(void **state)
{
	struct fake one = {.serial = 100, .count = 2}, two = {.serial = 200, .count = 1};
	const struct token_driver drivers[] = {{&fake_ops, &one}, {&other_ops, &two}};
	struct token_list list;
	struct err err;

	(void)state;
	assert_ok(token_list_all(drivers, 2, &list, &err));
	assert_int_equal(list.count, 3);
	assert_int_equal(list.found[0].serial, 100);
	assert_int_equal(list.found[1].serial, 101);
	assert_int_equal(list.found[2].serial, 200);
	assert_ptr_equal(list.found[1].driver, &drivers[0]);
	assert_ptr_equal(list.found[2].driver, &drivers[1]);
	one.count = two.count = 0;
	assert_ok(token_list_all(drivers, 2, &list, &err));
	assert_int_equal(list.count, 0);
}

/* Sought is a token of the driver called CONTEXT: 100 and 200 are meant, 201 fits. */
static bool
may_be(const void *context, const struct token_traits *traits, uint32_t serial)
{
	(void)serial;
	return strcmp(context, traits->name) == 0;
}

static enum token_fit
fits(const void *context, const struct token_traits *traits, const struct token_found *found)
{
	if (!may_be(context, traits, found->serial))
		return TOKEN_MISFIT;
	if (found->serial == 100 || found->serial == 200)
		return TOKEN_IS_MEANT;
	return found->serial == 201 ? TOKEN_FITS : TOKEN_MISFIT;
}

static void
drivers_whose_tokens_may_not_be_meant_are_asked_last_and_only_when_none_fits(void **state)
{
	struct fake one = {.serial = 100, .count = 2}, two = {.serial = 200, .count = 1};
	const struct token_driver drivers[] = {{&fake_ops, &one}, {&other_ops, &two}};
	const struct token_seek seek = {other_ops.traits->name, may_be, fits};
	struct token_list list;
	struct err err;

	(void)state;
	for (two.serial = 200; two.serial <= 201; two.serial++) {
		assert_ok(token_list_sought(drivers, 2, &seek, &list, &err));
		assert_int_equal(list.count, 1);
		assert_int_equal(list.found[0].serial, two.serial);
		assert_ptr_equal(list.found[0].driver, &drivers[1]);
		assert_true(two.asked);
	}
	assert_ok(token_list_sought(drivers, 2, &seek, &list, &err));
	assert_int_equal(list.count, 3);
	assert_int_equal(list.found[0].serial, 100);
	assert_ptr_equal(list.found[0].driver, &drivers[0]);
	assert_int_equal(list.found[2].serial, 202);
	assert_ptr_equal(list.found[2].driver, &drivers[1]);
	assert_false(one.asked);
}

static void
too_many_tokens_and_failing_drivers_are_errors(void **state)
{
	struct fake one = {.count = TOKENS_MAX}, two = {.count = 1};
	const struct token_driver drivers[] = {{&fake_ops, &one}, {&other_ops, &two}};
	struct token_list list = {.count = 4711};
	struct err err;

	(void)state;
	assert_error(ERR_TOKEN, token_list_all(drivers, 2, &list, &err));
	assert_int_equal(list.count, 4711);
	one.count = 1;
	two.fails = ERR_TOKEN;
	assert_error(ERR_TOKEN, token_list_all(drivers, 2, &list, &err));
	assert_int_equal(list.count, 4711);
}

static void
every_call_reaches_the_driver_with_its_arguments(void **state)
{
	struct fake fake = {.serial = 7, .opened_serial = 7};
	const struct token_driver driver = {&fake_ops, &fake};
	const struct token_found found = {.driver = &driver, .reader = "reader 0", .serial = 7};
	const struct token_ui ui = {.context = &fake};
	const struct point peer = {{4}};
	const struct digest digest = {{9}};
	struct token *token = NULL;
	struct token_signature signature;
	struct token_info info;
	struct point made;
	SECRET *pin = NULL, *shared = NULL;
	BUF one = {0};
	BUF two = {0};
	struct err err;

	(void)state;
	assert_ok(secret_from(view_of_text("246813"), &pin, &err));
	assert_ok(token_open(&found, &ui, TOKEN_WHOLE, &token, &info, &err));
	assert_int_equal(info.serial, 7);
	assert_ptr_equal(fake.ui, &ui);
	assert_string_equal(fake.reader, "reader 0");
	assert_ok(token_get_info(token, TOKEN_WHOLE, &info, &err));
	assert_ptr_equal(info.traits, &fake_traits);
	assert_ok(token_unlock(token, pin, true, 2, &err));
	assert_ok(token_agree(token, TOKEN_RELEASE, &peer, "open", &shared, &err));
	assert_int_equal(secret_size(shared), POINT_SIZE);
	assert_ok(token_sign(token, &digest, "sign", &signature, &err));
	assert_int_equal(signature.size, 1);
	assert_ok(token_attest(token, TOKEN_SHARE, &one, &two, &err));
	assert_int_equal(one.size, 1);
	assert_int_equal(two.size, 1);
	assert_error(ERR_EXISTS, token_generate(token, TOKEN_SIGN, NULL, true, &made, &err));
	assert_int_equal(fake.calls, 31);
	token_closep(&token);
	assert_null(token);
	assert_int_equal(fake.closed, 1);
	token_close(NULL);
}

static void
a_token_of_another_serial_than_listed_is_not_opened(void **state)
{
	struct fake fake = {.serial = 7, .opened_serial = 8};
	const struct token_driver driver = {&fake_ops, &fake};
	const struct token_found found = {.driver = &driver, .reader = "reader 0", .serial = 7};
	struct token *token = NULL;
	struct token_info info;
	struct err err;

	(void)state;
	assert_error(ERR_TOKEN_ABSENT, token_open(&found, NULL, TOKEN_WHOLE, &token, &info, &err));
	assert_says("token 7 is no longer in reader reader 0: token 8 is there now");
	assert_null(token);
	assert_int_equal(fake.closed, 1);
}

static void
what_fails_while_opening_is_closed_again(void **state)
{
	struct fake fake = {.serial = 7, .opened_serial = 7, .fails = ERR_TOKEN_GONE};
	const struct token_driver driver = {&fake_ops, &fake};
	const struct token_found found = {.driver = &driver, .reader = "reader 0", .serial = 7};
	struct token *token = NULL;
	struct token_info info;
	struct err err;

	(void)state;
	assert_error(ERR_TOKEN_GONE, token_open(&found, NULL, TOKEN_WHOLE, &token, &info, &err));
	assert_int_equal(fake.closed, 1);
	fake.fails = ERR_TOKEN_ABSENT;
	assert_error(ERR_TOKEN_ABSENT, token_open(&found, NULL, TOKEN_WHOLE, &token, &info, &err));
	assert_int_equal(fake.closed, 1);
	assert_null(token);
}

static void
a_token_listed_with_a_problem_is_not_opened(void **state)
{
	struct fake fake = {.serial = 7, .opened_serial = 7};
	const struct token_driver driver = {&fake_ops, &fake};
	const struct token_found found = {.driver = &driver,
	    .reader = "reader 0",
	    .serial = 7,
	    .problem = "another program uses it"};
	struct token *token = NULL;
	struct token_info info;
	struct err err;

	(void)state;
	assert_error(ERR_TOKEN, token_open(&found, NULL, TOKEN_WHOLE, &token, &info, &err));
	assert_says("the token in reader reader 0 cannot be used: another program uses it");
	assert_int_equal(fake.opened, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_lists_of_all_drivers_are_joined),
	    cmocka_unit_test(
	        drivers_whose_tokens_may_not_be_meant_are_asked_last_and_only_when_none_fits),
	    cmocka_unit_test(too_many_tokens_and_failing_drivers_are_errors),
	    cmocka_unit_test(every_call_reaches_the_driver_with_its_arguments),
	    cmocka_unit_test(a_token_of_another_serial_than_listed_is_not_opened),
	    cmocka_unit_test(what_fails_while_opening_is_closed_again),
	    cmocka_unit_test(a_token_listed_with_a_problem_is_not_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
