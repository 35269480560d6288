/* SPDX-License-Identifier: Apache-2.0 */
/* The bench's people: their keys, and enrolments of them. */
#include "tests/unit/server/server_bench.h"

#include <stdio.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "tests/lib/p256_sign.h"
#include "vault/documents/suspension.h"

void
person_sign(const struct person *person, struct dsse *statement)
{
	struct err err;
	struct digest digest;
	char keyid[2 * DIGEST_SIZE + 1];
	BUF sig = {0};

	text_hex(VIEW_OF(person->seat.tokens[0].id.bytes), keyid);
	assert_ok(dsse_digest(statement, &digest, &err));
	assert_ok(p256_sign(person->keys[KEY_SIGN], &digest, &sig, &err));
	assert_ok(dsse_add(statement, keyid, buf_view(&sig), (struct view){0}, &err));
}

/* A key in this process and its certificate as if the token had made it. */
static void
make_key(struct bench *bench, struct person *person, int key, struct buf *ret_certificate)
{
	struct err err;
	static const uint8_t firmware[] = {5, 7, 4}, policies[] = {PIN_ONCE, TOUCH_ALWAYS};
	uint32_t serial = person->seat.tokens[0].serial;
	const uint8_t number[] = {0x02, 0x03, (uint8_t)(serial >> 16), (uint8_t)(serial >> 8),
	    (uint8_t)serial};
	const struct recipe recipe = {.subject = "YubiKey PIV Attestation 82",
	    .firmware = VIEW_OF(firmware),
	    .serial = VIEW_OF(number),
	    .policies = VIEW_OF(policies)};
	EVP_PKEY *pair = EVP_EC_gen("P-256");
	BIGNUM *private = NULL;
	SECRET *scalar = NULL;

	assert_non_null(pair);
	assert_int_equal(EVP_PKEY_get_bn_param(pair, "priv", &private), 1);
	assert_ok(secret_new(SCALAR_SIZE, &scalar, &err));
	assert_int_equal(BN_bn2binpad(private, secret_data(scalar), SCALAR_SIZE), SCALAR_SIZE);
	assert_ok(secret_resize(scalar, SCALAR_SIZE, &err));
	assert_ok(p256_key_from(scalar, &person->keys[key], &err));
	certificate_make(&recipe, pair, &bench->device, ret_certificate);
	BN_free(private);
	EVP_PKEY_free(pair);
}

static void
sign_enrolment(const struct enrolment *enrolment, struct person *person)
{
	struct err err;
	JSON *payload = NULL;
	DSSE statement = {0};

	assert_ok(enrolment_payload(enrolment, &payload, &err));
	assert_ok(statement_new(STATEMENT_ENROLMENT, false, payload, &statement, &err));
	person_sign(person, &statement);
	assert_ok(dsse_digest(&statement, &person->seat.tokens[0].enrolment, &err));
	dsse_done(&person->enrolment);
	person->enrolment = statement;
	statement = (struct dsse){0};
}

void
bench_enroll_again(struct bench *bench, struct person *person)
{
	struct err err;
	ENROLMENT enrolment = {0};

	assert_ok(enrolment_parse(&person->enrolment, false, &enrolment, &err));
	enrolment.created = bench->shared->now;
	enrolment.expires = enrolment.created + ENROLMENT_LIFE;
	sign_enrolment(&enrolment, person);
}

void
bench_enroll(struct bench *bench, struct person *person, uint32_t serial)
{
	struct err err;
	ENROLMENT enrolment = {.init = bench->init,
	    .created = BENCH_START,
	    .expires = BENCH_START + ENROLMENT_LIFE};
	struct seat_token *token = &person->seat.tokens[0];

	snprintf(person->seat.name, sizeof(person->seat.name), "%s", person->name);
	snprintf(person->seat.person, sizeof(person->seat.person), "Person %s", person->name);
	person->seat.roles = person->roles;
	person->seat.token_count = 1;
	token->serial = serial;
	snprintf(token->label, sizeof(token->label), "%s-%d", person->name,
	    person >= &bench->people[SECOND] ? 2 : 1);
	snprintf(token->driver, sizeof(token->driver), "piv");
	memcpy(token->firmware, (const uint8_t[]){5, 7, 4}, 3);
	const bool wanted[KEY_COUNT] = {true, (person->roles & ROLE_OFFICER) != 0,
	    (person->roles & ROLE_RESPONDER) != 0};
	for (int i = 0; i < KEY_COUNT; i++) {
		token->has[i] = wanted[i];
		if (!wanted[i])
			continue;
		make_key(bench, person, i, &enrolment.attestation[i]);
		p256_key_public(person->keys[i], &token->keys[i]);
		enrolment.unsealed[i] = i != KEY_SIGN;
	}
	assert_ok(token_id(&token->keys[KEY_SIGN], &token->id, &err));
	enrolment.seat = person->seat;
	enrolment.attested = true;
	buf_bytes(&enrolment.device, buf_view(&bench->device.der));
	enrolment.certificate_views[0] = buf_view(&bench->root.der);
	enrolment.certificate_count = 1;
	sign_enrolment(&enrolment, person);
}

void
bench_draw_suspension(const struct bench *bench, int by, int of, struct dsse *ret_statement)
{
	struct suspension suspension = {.vault = bench->vault_id,
	    .charter = bench->charter->digest,
	    .roster = bench->roster,
	    .token = bench->people[by].seat.tokens[0].id,
	    .suspended = bench->people[of].seat.tokens[0].id,
	    .time = bench->shared->now,
	    .reason = "lost"};
	JSON *payload = NULL;
	struct err err;

	snprintf(suspension.seat, sizeof(suspension.seat), "%s", bench->people[by].name);
	snprintf(suspension.holder, sizeof(suspension.holder), "%s", bench->people[of].name);
	assert_ok(suspension_payload(&suspension, &payload, &err));
	assert_ok(statement_new(STATEMENT_SUSPEND, false, payload, ret_statement, &err));
	person_sign(&bench->people[by], ret_statement);
}

enum err_code
bench_suspend(struct bench *bench, int by, int of, struct err *err)
{
	DSSE statement = {0};

	bench_draw_suspension(bench, by, of, &statement);
	return bench_propose(bench, &statement, 0, -1, err);
}
