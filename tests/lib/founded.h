/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small vault's charter to take apart in tests: officers ciso, infra (also operator) and audit,
 * operator ops.  Keys in this process stand in for tokens: key N stands for every purpose's key
 * number N, in the order seat, purpose.
 */
#ifndef TESTS_LIB_FOUNDED_H
#define TESTS_LIB_FOUNDED_H

#include <stdio.h>

#include "base/crypto_key.h"
#include "base/text.h"
#include "tests/lib/expect.h"
#include "tests/lib/p256_sign.h"
#include "vault/documents/charter.h"
#include "vault/documents/roster.h"

enum { FOUNDED_SEATS = 4, CISO = 0, INFRA = 1, AUDIT = 2, OPS = 3, FOUNDED_SPARES = 4 };

struct founded {
	struct charter *charter; /* to edit, then founded_state */
	struct p256_key *keys[FOUNDED_SEATS][KEY_COUNT];
	struct p256_key *spares[FOUNDED_SPARES]; /* of nobody */
};

__attribute__((unused)) static void
founded_done(struct founded *founded)
{
	charter_freep(&founded->charter);
	for (size_t i = 0; i < FOUNDED_SEATS; i++)
		for (size_t j = 0; j < KEY_COUNT; j++)
			p256_key_freep(&founded->keys[i][j]);
	for (size_t i = 0; i < FOUNDED_SPARES; i++)
		p256_key_freep(&founded->spares[i]);
}
#define FOUNDED CLEANUP(founded_done) struct founded

__attribute__((unused)) static void
put_key(struct seat_token *token, int purpose, const struct p256_key *key)
{
	struct err err;
	token->has[purpose] = true;
	p256_key_public(key, &token->keys[purpose]);
	if (purpose == KEY_SIGN)
		fine(token_id(&token->keys[KEY_SIGN], &token->id, &err), &err);
}

__attribute__((unused)) static void
put_seat(struct founded *founded, size_t index, const char *name, unsigned roles)
{
	struct err err;
	struct seat *seat = &founded->charter->seats[index];
	struct seat_token *token = &seat->tokens[0];
	snprintf(seat->name, sizeof(seat->name), "%s", name);
	snprintf(seat->person, sizeof(seat->person), "Person %s", name);
	seat->roles = roles;
	seat->token_count = 1;
	snprintf(token->label, sizeof(token->label), "%s key", name);
	snprintf(token->driver, sizeof(token->driver), "piv");
	token->serial = 1000 + (uint32_t)index;
	memcpy(token->firmware, (const uint8_t[]){5, 7, 4}, 3);
	memset(token->enrolment.bytes, (int)index + 1, DIGEST_SIZE);
	for (int i = 0; i < KEY_COUNT; i++)
		fine(p256_key_new(&founded->keys[index][i], &err), &err);
	put_key(token, KEY_SIGN, founded->keys[index][KEY_SIGN]);
	if ((roles & ROLE_OFFICER) != 0)
		put_key(token, KEY_SHARE, founded->keys[index][KEY_SHARE]);
}

__attribute__((unused)) static void
found(struct founded *founded)
{
	struct err err;
	fine(crypto_start(&err), &err);
	struct charter *charter = calloc(1, sizeof(*charter));
	assert_non_null(charter);
	founded->charter = charter;
	snprintf(charter->name, sizeof(charter->name), "example.org");
	charter->version = 1;
	memset(charter->init.bytes, 7, DIGEST_SIZE);
	memset(charter->host_statement.bytes, 8, ED25519_SIZE);
	memset(charter->host_log.bytes, 9, ED25519_SIZE);
	for (size_t i = 0; i < FOUNDED_SPARES; i++)
		fine(p256_key_new(&founded->spares[i], &err), &err);
	p256_key_public(founded->spares[0], &charter->host_escrow);
	memset(charter->roots[0].bytes, 10, DIGEST_SIZE);
	charter->root_count = 1;
	memcpy(charter->min_firmware, (const uint8_t[]){5, 7, 0}, 3);
	charter->seat_count = FOUNDED_SEATS;
	put_seat(founded, CISO, "ciso", ROLE_OFFICER);
	put_seat(founded, INFRA, "infra", ROLE_OFFICER | ROLE_OPERATOR);
	put_seat(founded, AUDIT, "audit", ROLE_OFFICER);
	put_seat(founded, OPS, "ops", ROLE_OPERATOR);
	charter->policy_count = 1;
	struct policy *policy = &charter->policies[0];
	snprintf(policy->name, sizeof(policy->name), "default");
	snprintf(policy->quorum_text, sizeof(policy->quorum_text), "2 of (ciso, infra, audit)");
	policy->max_duration = 3600;
	policy->request_ttl = 900;
	policy->max_age = 365 * 86400;
	snprintf(charter->change_text, sizeof(charter->change_text), "2 of (ciso, infra, audit)");
	snprintf(charter->copy, sizeof(charter->copy), "none");
	charter->created = 1767225600;
}

/* The unsigned statement of the charter as it is now. */
__attribute__((unused)) static void
founded_state(const struct founded *founded, struct dsse *ret_statement)
{
	struct err err;
	JSON *payload = NULL;
	fine(charter_payload(founded->charter, &payload, &err), &err);
	fine(statement_new(STATEMENT_CHARTER, founded->charter->training, payload, ret_statement,
	         &err),
	    &err);
}

/* Sign as the token whose sign key is KEY. */
__attribute__((unused)) static void
sign_with(struct dsse *statement, const struct p256_key *key)
{
	struct err err;
	struct point public;
	struct digest id, digest;
	char keyid[2 * DIGEST_SIZE + 1];
	BUF signature = {0};
	p256_key_public(key, &public);
	fine(token_id(&public, &id, &err), &err);
	text_hex(VIEW_OF(id.bytes), keyid);
	fine(dsse_digest(statement, &digest, &err), &err);
	fine(p256_sign(key, &digest, &signature, &err), &err);
	fine(dsse_add(statement, keyid, buf_view(&signature), (struct view){0}, &err), &err);
}

/* The same statement with the first FROM in its payload replaced by TO; no signatures. */
__attribute__((unused)) static void
edit_payload(const struct dsse *statement, const char *from, const char *to,
    struct dsse *ret_edited)
{
	struct err err;
	BUF copy = {0};
	BUF edited = {0};
	buf_bytes(&copy, buf_view(&statement->payload));
	const char *text = buf_string(&copy);
	const char *at = strstr(text, from);
	if (at == NULL)
		fail_msg("the payload has no %s: %s", from, text);
	buf_bytes(&edited, view_of(text, (size_t)(at - text)));
	buf_text(&edited, to);
	buf_text(&edited, at + strlen(from));
	fine(dsse_set(ret_edited, statement->type, buf_view(&edited), &err), &err);
}

#endif
