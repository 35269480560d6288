/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of adoption, and boxes, that are another's, of another time, or swapped: refused, and no target hears of it. */
#include <stdio.h>

#include "base/credential.h"
#include "base/crypto_key.h"
#include "base/hpke.h"
#include "tests/unit/changes/changes_bench.h"

enum { ONE, TWO, DEFINED };

/* prod/one and prod/two are defined, and one statement of infra names both; each value was sealed to the host. */
struct adopting {
	struct bench *bench;
	struct definition definitions[DEFINED];
	struct order_item items[DEFINED];
	struct adopt adopt; /* its items are ITEMS */
	struct dsse statement;
	struct secret *seed; /* of its key for boxes */
	struct box {
		struct point enc;
		struct buf ciphertext;
		uint8_t signature[ED25519_SIGNATURE_SIZE];
	} boxes[DEFINED];
};

static void
adopting_done(struct adopting *adopting)
{
	dsse_done(&adopting->statement);
	secret_freep(&adopting->seed);
	for (size_t i = 0; i < DEFINED; i++) {
		definition_done(&adopting->definitions[i]);
		buf_done(&adopting->boxes[i].ciphertext);
	}
}
#define ADOPTING CLEANUP(adopting_done) struct adopting

/* The statement as ADOPT is now, signed by PERSON. */
static void
state_it(struct adopting *adopting, const struct person *person)
{
	struct err err;
	JSON *payload = NULL;

	dsse_done(&adopting->statement);
	adopting->statement = (struct dsse){0};
	assert_ok(
	    order_payload(&adopting->adopt.order, adopt_members, &adopting->adopt, &payload, &err));
	assert_ok(statement_new(STATEMENT_ADOPT, false, payload, &adopting->statement, &err));
	person_sign(person, &adopting->statement);
	assert_ok(dsse_digest(&adopting->statement, &adopting->adopt.order.digest, &err));
}

static void
sign_box(struct adopting *adopting, size_t of, const struct secret *seed, struct box *box)
{
	struct err err;
	struct digest digest;

	assert_ok(adopt_box_digest(&adopting->adopt, &adopting->items[of], &box->enc,
	    buf_view(&box->ciphertext), &digest, &err));
	assert_ok(ed25519_sign(seed, VIEW_OF(digest.bytes), box->signature, &err));
}

static void
seal_box(struct adopting *adopting, size_t of)
{
	static const char *const passwords[] = {"password-one", "password-two"};
	struct box *box = &adopting->boxes[of];
	SECRET *credential = NULL;
	HPKE *hpke = NULL;
	struct digest info;
	struct err err;

	buf_done(&box->ciphertext);
	box->ciphertext = (struct buf){0};
	assert_ok(credential_new(&credential, &err));
	assert_ok(credential_add(credential, FIELD_PASSWORD, view_of_text(passwords[of]), &err));
	assert_ok(adopt_info(&adopting->bench->vault_id, &adopting->items[of], &info, &err));
	assert_ok(hpke_sender(hpke_suite_default, &adopting->bench->charter->host_escrow,
	    VIEW_OF(info.bytes), &hpke, &box->enc, &err));
	assert_ok(hpke_seal(hpke, VIEW_OF(adopting->adopt.order.digest.bytes),
	    secret_view(credential), &box->ciphertext, &err));
	sign_box(adopting, of, adopting->seed, box);
}

static void
define(struct adopting *adopting, size_t of, const char *name)
{
	CLEANUP(credential_box_done) struct credential_box box = {0};
	struct err err;

	bench_box(adopting->bench, name, "unused", &box);
	assert_ok(bench_propose(adopting->bench, &box.statement, 0, -1, &err));
	assert_ok(definition_copy(&box.definition, &adopting->definitions[of], &err));
	adopting->items[of] = (struct order_item){box.definition.secret, box.definition.digest, 0};
}

static void
adopting_begin(struct adopting *adopting, struct bench *bench)
{
	const struct person *infra = &bench->people[INFRA];
	struct err err;

	adopting->bench = bench;
	target_accept(bench, "password-one\npassword-two\n");
	define(adopting, ONE, "prod/one");
	define(adopting, TWO, "prod/two");
	adopting->adopt = (struct adopt){.order = {.vault = bench->vault_id,
	                                     .token = infra->seat.tokens[0].id,
	                                     .items = adopting->items,
	                                     .count = DEFINED,
	                                     .created = bench->shared->now,
	                                     .expires = bench->shared->now + ORDER_LIFE}};
	snprintf(adopting->adopt.order.seat, sizeof(adopting->adopt.order.seat), "%s", infra->name);
	assert_ok(secret_new(ED25519_SIZE, &adopting->seed, &err));
	assert_ok(secret_random(adopting->seed, ED25519_SIZE, &err));
	assert_ok(ed25519_public(adopting->seed, &adopting->adopt.box_key, &err));
	state_it(adopting, infra);
	seal_box(adopting, ONE);
	seal_box(adopting, TWO);
}

/* BOX as the value of OF. */
static enum err_code
send(const struct adopting *adopting, size_t of, const struct box *box, struct err *err)
{
	struct json *request = op_new("adopt");
	JSON *reply = NULL;

	put_statement(request, "adopt", &adopting->statement);
	json_put_hex(request, "secret", VIEW_OF(adopting->items[of].secret.bytes));
	json_put_hex(request, "enc", VIEW_OF(box->enc.bytes));
	json_put_hex(request, "signature", VIEW_OF(box->signature));
	return bench_call(adopting->bench, request, buf_view(&box->ciphertext), &reply, NULL, err);
}

static void
expect_refused(const struct adopting *adopting, size_t of, const struct box *box,
    enum err_code code, const char *says)
{
	struct bench *bench = adopting->bench;
	size_t begun = changes_begun(bench);
	uint64_t leaves = bench_log_size(bench);
	struct err err;

	assert_error(code, send(adopting, of, box, &err));
	assert_says(says);
	assert_int_equal(changes_begun(bench), begun);
	assert_int_equal(bench_log_size(bench), leaves);
	assert_int_equal(bench_files(bench, "escrow"), 0);
}

/* --- Statements ------------------------------------------------------------------------------- */

static void
one_statement_adopts_each_that_it_names_once(void **state)
{
	ADOPTING adopting = {0};
	struct bench *bench = *state;
	struct err err;

	adopting_begin(&adopting, bench);
	assert_ok(send(&adopting, ONE, &adopting.boxes[ONE], &err));
	expect_refused(&adopting, ONE, &adopting.boxes[ONE], ERR_EXISTS, "has a value already");
	assert_ok(send(&adopting, TWO, &adopting.boxes[TWO], &err));
	assert_int_equal(bench_current(bench, "prod/two"), 1);
	bench_verify(bench);
}

static void
a_statement_is_good_for_no_secret_that_it_does_not_name(void **state)
{
	ADOPTING adopting = {0};
	struct bench *bench = *state;

	adopting_begin(&adopting, bench);
	adopting.adopt.order.count = 1;
	state_it(&adopting, &bench->people[INFRA]);
	seal_box(&adopting, TWO);
	expect_refused(&adopting, TWO, &adopting.boxes[TWO], ERR_REFUSED, "is not among them");
}

static void
a_statement_is_good_for_no_other_definition(void **state)
{
	static const int quorum[] = {SECOPS, INFRA, -1};
	ADOPTING adopting = {0};
	struct bench *bench = *state;
	DEFINITION next = {0};
	DSSE statement = {0};
	bool live;
	struct err err;

	adopting_begin(&adopting, bench);
	changes_draw(bench, "prod/one", &next);
	changes_edit(bench, PROGRAM, &next);
	changes_state(bench, &next, 1, &statement);
	assert_ok(changes_send(bench, &statement, quorum, &live, &err));
	assert_true(live);
	expect_refused(&adopting, ONE, &adopting.boxes[ONE], ERR_REFUSED,
	    "its definition changed; run the command again");
	assert_ok(send(&adopting, TWO, &adopting.boxes[TWO], &err));
	/* By the new one. */
	DEFINITION now = {0};
	changes_in_force(bench, "prod/one", &now);
	adopting.items[ONE].definition = now.digest;
	state_it(&adopting, &bench->people[INFRA]);
	seal_box(&adopting, ONE);
	assert_ok(send(&adopting, ONE, &adopting.boxes[ONE], &err));
	bench_verify(bench);
}

static void
a_statement_is_good_for_a_day(void **state)
{
	ADOPTING adopting = {0};
	struct bench *bench = *state;
	const struct person *infra = &bench->people[INFRA];

	adopting_begin(&adopting, bench);
	bench->shared->now += ORDER_LIFE;
	expect_refused(&adopting, ONE, &adopting.boxes[ONE], ERR_EXPIRED, "it is not of today");
	/* One that says it is good for longer. */
	adopting.adopt.order.created = bench->shared->now;
	adopting.adopt.order.expires = bench->shared->now + 7 * ORDER_LIFE;
	state_it(&adopting, infra);
	seal_box(&adopting, ONE);
	struct err err;
	enum err_code code = send(&adopting, ONE, &adopting.boxes[ONE], &err);
	assert_true(code == ERR_EXPIRED || code == ERR_INVALID);
	/* Of tomorrow. */
	adopting.adopt.order.created = bench->shared->now + ORDER_LIFE / 2;
	adopting.adopt.order.expires = adopting.adopt.order.created + ORDER_LIFE;
	state_it(&adopting, infra);
	seal_box(&adopting, ONE);
	expect_refused(&adopting, ONE, &adopting.boxes[ONE], ERR_REFUSED, "from the future");
}

static void
a_statement_is_an_operators(void **state)
{
	static const struct {
		int person;
		const char *says;
	} rows[] = {{SECOPS, "is no operator"}, {ALICE, "is no operator"}, {OTHER, ""}};
	ADOPTING adopting = {0};
	struct bench *bench = *state;

	adopting_begin(&adopting, bench);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct person *person = &bench->people[rows[i].person];

		adopting.adopt.order.token = person->seat.tokens[0].id;
		snprintf(adopting.adopt.order.seat, sizeof(adopting.adopt.order.seat), "%s",
		    person->name);
		state_it(&adopting, person);
		seal_box(&adopting, ONE);
		expect_refused(&adopting, ONE, &adopting.boxes[ONE], ERR_REFUSED, rows[i].says);
	}
	/* In infra's name, by another's token. */
	adopting.adopt.order.token = bench->people[INFRA].seat.tokens[0].id;
	snprintf(adopting.adopt.order.seat, sizeof(adopting.adopt.order.seat), "infra");
	state_it(&adopting, &bench->people[SECOPS]);
	seal_box(&adopting, ONE);
	expect_refused(&adopting, ONE, &adopting.boxes[ONE], ERR_REFUSED, "");
}

static void
a_statement_of_a_token_suspended_since_is_good_for_nothing(void **state)
{
	ADOPTING adopting = {0};
	struct bench *bench = *state;
	struct err err;

	adopting_begin(&adopting, bench);
	assert_ok(send(&adopting, ONE, &adopting.boxes[ONE], &err));
	assert_ok(bench_suspend(bench, CISO, INFRA, &err));
	expect_refused(&adopting, TWO, &adopting.boxes[TWO], ERR_REFUSED, "suspended");
	bench_verify(bench);
}

static void
a_statement_is_good_for_no_other_vault(void **state)
{
	ADOPTING adopting = {0};
	struct bench *bench = *state;

	adopting_begin(&adopting, bench);
	adopting.adopt.order.vault.bytes[0] ^= 1;
	state_it(&adopting, &bench->people[INFRA]);
	seal_box(&adopting, ONE);
	expect_refused(&adopting, ONE, &adopting.boxes[ONE], ERR_REFUSED,
	    "it is for another vault");
}

/* --- Boxes -------------------------------------------------------------------------------------- */

static void
a_box_is_of_who_signed_the_statement(void **state)
{
	ADOPTING adopting = {0};
	struct bench *bench = *state;
	SECRET *stranger = NULL;
	struct err err;
	struct box *box = &adopting.boxes[ONE];

	adopting_begin(&adopting, bench);
	assert_ok(secret_new(ED25519_SIZE, &stranger, &err));
	assert_ok(secret_random(stranger, ED25519_SIZE, &err));
	sign_box(&adopting, ONE, stranger, box);
	expect_refused(&adopting, ONE, box, ERR_REFUSED,
	    "the present value was not given by who signed the adoption");
	sign_box(&adopting, ONE, adopting.seed, box);
	box->ciphertext.data[0] ^= 1;
	expect_refused(&adopting, ONE, box, ERR_REFUSED, "was not given by who signed");
	box->ciphertext.data[0] ^= 1;
	box->enc = adopting.boxes[TWO].enc;
	expect_refused(&adopting, ONE, box, ERR_REFUSED, "was not given by who signed");
}

static void
a_box_is_good_for_no_other_secret(void **state)
{
	ADOPTING adopting = {0};
	struct bench *bench = *state;
	struct err err;

	adopting_begin(&adopting, bench);
	expect_refused(&adopting, ONE, &adopting.boxes[TWO], ERR_REFUSED,
	    "prod/one: the present value was not given by who signed the adoption");
	/* Nor where the same person signs it for that one. */
	sign_box(&adopting, ONE, adopting.seed, &adopting.boxes[TWO]);
	assert_int_not_equal(send(&adopting, ONE, &adopting.boxes[TWO], &err), ERR_OK);
	assert_says("was not sealed to this vault and definition");
	assert_int_equal(changes_begun(bench), 0);
	assert_ok(send(&adopting, ONE, &adopting.boxes[ONE], &err));
}

static void
a_box_is_good_for_no_other_statement(void **state)
{
	ADOPTING adopting = {0};
	struct bench *bench = *state;
	struct err err;

	adopting_begin(&adopting, bench);
	state_it(&adopting, &bench->people[INFRA]); /* of another nonce */
	expect_refused(&adopting, ONE, &adopting.boxes[ONE], ERR_REFUSED,
	    "was not given by who signed");
	sign_box(&adopting, ONE, adopting.seed, &adopting.boxes[ONE]);
	assert_int_not_equal(send(&adopting, ONE, &adopting.boxes[ONE], &err), ERR_OK);
	assert_says("was not sealed to this vault and definition");
	assert_int_equal(changes_begun(bench), 0);
}

static int
found(void **state)
{
	*state = bench_new(false);
	return 0;
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, found, bench_stop)
	const struct CMUnitTest tests[] = {
	    TEST(one_statement_adopts_each_that_it_names_once),
	    TEST(a_statement_is_good_for_no_secret_that_it_does_not_name),
	    TEST(a_statement_is_good_for_no_other_definition),
	    TEST(a_statement_is_good_for_a_day),
	    TEST(a_statement_is_an_operators),
	    TEST(a_statement_of_a_token_suspended_since_is_good_for_nothing),
	    TEST(a_statement_is_good_for_no_other_vault),
	    TEST(a_box_is_of_who_signed_the_statement),
	    TEST(a_box_is_good_for_no_other_secret),
	    TEST(a_box_is_good_for_no_other_statement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
