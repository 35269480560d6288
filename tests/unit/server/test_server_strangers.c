/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What whoever reaches the server can send it: what they heard others say, what is signed for something
 * else, and what nobody could mean.  Each is refused by its line, and nothing changes.
 */
#include <stdio.h>

#include "base/file.h"
#include "tests/unit/server/server_bench.h"
#include "vault/seal/reply.h"

enum { DATABASE_MAX = 1 << 26 };

static struct person *
who(struct bench *bench, int index)
{
	return &bench->people[index];
}

/* All of the database, and how many ceremonies have a key. */
struct standing {
	struct digest database;
	size_t keys;
};

static struct standing
remember(struct bench *bench)
{
	struct standing standing = {.keys = bench_files(bench, "ceremony")};
	struct err err;
	BUF bytes = {0};
	char path[300];

	snprintf(path, sizeof(path), "%s/vault.db", bench->vault);
	assert_ok(file_read(path, DATABASE_MAX, &bytes, &err));
	assert_ok(sha256_one(buf_view(&bytes), &standing.database, &err));
	return standing;
}

static void
assert_unchanged(struct bench *bench, const struct standing *before)
{
	struct standing now = remember(bench);

	assert_true(digest_equal(&now.database, &before->database));
	assert_int_equal(now.keys, before->keys);
}

/* The statement of PAYLOAD (taken over), unsigned. */
static void
state_it(enum statement_type type, struct json *payload, struct dsse *ret_statement)
{
	struct err err;

	assert_ok(statement_new(type, false, payload, ret_statement, &err));
	json_free(payload);
}

/* OP about the ceremony ID with STATEMENT as its member NAME. */
static enum err_code
send_it(struct bench *bench, const char *op, const struct id *id, const char *name,
    const struct dsse *statement, struct err *err)
{
	JSON *reply = NULL;
	struct json *message = op_new(op);

	if (id != NULL)
		json_put_hex(message, "id", VIEW_OF(id->bytes));
	else
		json_put_bool(message, "another", true);
	put_statement(message, name, statement);
	return bench_call(bench, message, (struct view){0}, &reply, NULL, err);
}

/* --- Approvals that others hear ----------------------------------------------------------- */

/* The envelope that the approval of the digest in APPROVING brings, as KEY opens it. */
static enum err_code
fetch_with(struct bench *bench, const struct shown *shown, const struct approving *approving,
    struct p256_key *key, struct err *err)
{
	JSON *reply = NULL;
	BUF box = {0}, envelope = {0};
	struct json *message = op_new("envelopes");
	const struct reply_ids ids = {.vault = bench->vault_id,
	    .statement = approving->digest,
	    .header = shown->ceremony.items.rows[0].header,
	    .seat = approving->approval.seat,
	    .token = approving->approval.token};

	json_put_hex(message, "id", VIEW_OF(shown->id.bytes));
	bench_put_position(message, 0);
	json_put_hex(message, "approval", VIEW_OF(approving->digest.bytes));
	TRY(bench_call(bench, message, (struct view){0}, &reply, &box, err));
	return reply_open(&ids, key, bench_field(&box), &envelope, err);
}

static void
an_approval_said_again_brings_nothing_that_opens_and_makes_no_leaf(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SHOWN shown = {0};
	APPROVING approving = {0}, stolen = {0};
	BUF envelope = {0};
	P256_KEY *stranger = NULL;
	struct id id = bench_request(bench, who(bench, ALICE), "prod/db");

	assert_ok(p256_key_new(&stranger, &err));
	bench_show(bench, &id, &shown);
	approving_draw(bench, who(bench, CISO), &shown, &approving);
	approving_sign(&approving);
	assert_ok(approving_ask(bench, &shown, &approving, &envelope, &err));
	struct standing before = remember(bench);
	assert_ok(send_it(bench, "approve", &id, "approval", &approving.statement, &err));
	assert_ok(fetch_with(bench, &shown, &approving, approving.reply, &err));
	assert_error(ERR_INTEGRITY, fetch_with(bench, &shown, &approving, stranger, &err));
	assert_says("not sealed to this request");
	/* Nor does the key to which the envelope was sealed first, which is an officer's. */
	assert_error(ERR_INTEGRITY,
	    fetch_with(bench, &shown, &approving, who(bench, CISO)->keys[KEY_SHARE], &err));
	/* The same words with another "reply" are not what was signed. */
	approving_draw(bench, who(bench, CISO), &shown, &stolen);
	stolen.approval.enc = approving.approval.enc;
	approving_sign(&stolen);
	struct dsse_signature kept = stolen.statement.signatures[0];
	stolen.statement.signatures[0] = approving.statement.signatures[0];
	assert_error(ERR_INTEGRITY,
	    send_it(bench, "approve", &id, "approval", &stolen.statement, &err));
	assert_says("the approval of seat \"ciso\"");
	stolen.statement.signatures[0] = kept;
	assert_error(ERR_REFUSED, fetch_with(bench, &shown, &stolen, stolen.reply, &err));
	assert_says("no such approval");
	assert_unchanged(bench, &before);
	assert_ok(bench_object(bench, who(bench, ALICE), &id, STATEMENT_CANCEL, &err));
}

/* --- The end of a lease ------------------------------------------------------------------- */

/* SEAT with TOKEN says that what RELEASE names is over; unsigned. */
static void
say_done(const struct done *done, struct dsse *ret_statement)
{
	struct err err;
	struct json *payload = NULL;

	assert_ok(done_payload(done, &payload, &err));
	state_it(STATEMENT_DONE, payload, ret_statement);
}

static struct done
done_by(struct bench *bench, const struct digest *release, const struct person *person)
{
	struct done done = {.vault = bench->vault_id,
	    .release = *release,
	    .time = bench->shared->now};

	if (person != NULL) {
		done.token = person->seat.tokens[0].id;
		snprintf(done.seat, sizeof(done.seat), "%s", person->name);
	}
	return done;
}

/* What carol was given, with its release. */
static struct id
release_to_carol(struct bench *bench, struct digest *ret_release)
{
	struct err err;
	SHOWN shown = {0};
	struct id id = bench_request(bench, who(bench, CAROL), "prod/db");

	assert_ok(bench_approve(bench, who(bench, CISO), &id, &err));
	assert_ok(bench_approve(bench, who(bench, SECOPS), &id, &err));
	bench_show(bench, &id, &shown);
	assert_string_equal(shown.state, "released");
	*ret_release = shown.release;
	return id;
}

/* SIGNER's, or the lease key's of LEASE, or nobody's signature under DONE. */
static enum err_code
send_done(struct bench *bench, const struct id *id, const struct done *done,
    const struct person *signer, const struct secret *lease, struct err *err)
{
	DSSE statement = {0};
	struct err inner;

	say_done(done, &statement);
	if (signer != NULL)
		person_sign(signer, &statement);
	if (lease != NULL)
		assert_int_equal(statement_sign_lease(&statement, lease, &inner), ERR_OK);
	return send_it(bench, "done", id, "done", &statement, err);
}

static void
nobody_else_ends_a_lease(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SECRET *other = NULL, *credential = NULL;
	char debt[20];
	struct digest release;
	struct id id = release_to_carol(bench, &release);
	struct standing before = remember(bench);
	const struct person *alice = who(bench, ALICE), *ciso = who(bench, CISO);
	struct done done;

	assert_ok(secret_new(ED25519_SIZE, &other, &err));
	assert_ok(secret_random(other, ED25519_SIZE, &err));
#define REFUSED(code, person, change, signer, lease, says)                                         \
	do {                                                                                       \
		done = done_by(bench, &release, person);                                           \
		change;                                                                            \
		assert_error(code, send_done(bench, &id, &done, signer, lease, &err));             \
		assert_says(says);                                                                 \
	} while (0)
	REFUSED(ERR_INVALID, NULL, (void)0, NULL, NULL, "one signature");
	REFUSED(ERR_INTEGRITY, NULL, (void)0, NULL, other, "done: ");
	REFUSED(ERR_REFUSED, NULL, (void)0, alice, NULL, "the holder of the lease did not sign it");
	REFUSED(ERR_REFUSED, alice, (void)0, alice, NULL,
	    "seat \"alice\" neither asked for it nor is an officer");
	REFUSED(ERR_REFUSED, who(bench, SECOND), (void)0, who(bench, SECOND), NULL, "done: ");
	REFUSED(ERR_REFUSED, who(bench, CAROL), (void)0, alice, NULL, "did not sign it");
	REFUSED(ERR_REFUSED, ciso, (void)0, alice, NULL, "did not sign it");
	REFUSED(ERR_INVALID, ciso, (void)0, NULL, NULL, "one signature");
	REFUSED(ERR_REFUSED, ciso, done.release.bytes[0] ^= 1, ciso, NULL,
	    "release: it is for another release");
	REFUSED(ERR_REFUSED, ciso, done.vault.bytes[0] ^= 1, ciso, NULL,
	    "vault: it is for another vault");
#undef REFUSED
	assert_unchanged(bench, &before);
	assert_ok(bench_open(bench, who(bench, CAROL), &id, &credential, NULL, &err));
	assert_ok(bench_done(bench, &id, debt, &err));
	assert_string_equal(debt, "retired");
}

/* The lease key's private half, as it stands before the credential. */
static void
open_seed(struct bench *bench, const struct id *id, struct secret **ret_seed)
{
	struct err err;
	SECRET *answer = NULL;

	assert_ok(bench_open_answer(bench, who(bench, CAROL), id, 0, &answer, NULL, &err));
	assert_ok(secret_from(view_of(secret_data(answer), ED25519_SIZE), ret_seed, &err));
}

static void
its_key_the_requester_and_an_officer_end_a_lease(void **state)
{
	struct bench *bench = *state;
	struct err err;

	for (int way = 0; way < 3; way++) {
		struct person *by = way == 0 ? NULL : who(bench, way == 1 ? CAROL : AUDIT);
		SECRET *seed = NULL;
		SHOWN shown = {0};
		struct digest release;
		struct id id = release_to_carol(bench, &release);
		struct done done = done_by(bench, &release, by);

		open_seed(bench, &id, &seed);
		assert_ok(send_done(bench, &id, &done, by, by == NULL ? seed : NULL, &err));
		bench_show(bench, &id, &shown);
		assert_string_equal(shown.state, "closed");
	}
}

/* --- Statements of another vault ---------------------------------------------------------- */

static void
a_right_token_under_a_statement_of_another_vault_changes_nothing(void **state)
{
	struct bench *bench = *state;
	struct err err;
	SHOWN shown = {0};
	APPROVING approving = {0};
	BUF envelope = {0};
	struct request wanted;
	struct id id = bench_request(bench, who(bench, ALICE), "prod/db"), other;

	bench_show(bench, &id, &shown);
	bench_request_make(bench, who(bench, ALICE), "prod/db", &wanted);
	struct standing before = remember(bench);
	wanted.vault.bytes[0] ^= 1;
	assert_error(ERR_REFUSED,
	    bench_request_send(bench, who(bench, ALICE), &wanted, &other, &err));
	assert_says("request: vault: it is for another vault");
	approving_draw(bench, who(bench, CISO), &shown, &approving);
	approving.approval.vault.bytes[0] ^= 1;
	approving_sign(&approving);
	assert_error(ERR_REFUSED, approving_ask(bench, &shown, &approving, &envelope, &err));
	assert_says("the approval of seat \"ciso\": vault: it is for another vault");
	for (int cancels = 0; cancels < 2; cancels++) {
		const struct person *by = who(bench, cancels ? ALICE : CISO);
		enum statement_type type = cancels ? STATEMENT_CANCEL : STATEMENT_DENIAL;
		struct objection objection = {.vault = bench->vault_id,
		    .ceremony = shown.ceremony.digest,
		    .token = by->seat.tokens[0].id,
		    .reason = "not like this",
		    .time = bench->shared->now};
		struct json *payload = NULL;
		DSSE statement = {0};

		objection.vault.bytes[0] ^= 1;
		snprintf(objection.seat, sizeof(objection.seat), "%s", by->name);
		assert_ok(objection_payload(&objection, &payload, &err));
		state_it(type, payload, &statement);
		person_sign(by, &statement);
		assert_error(ERR_REFUSED,
		    send_it(bench, "object", &id, "statement", &statement, &err));
		assert_says("another vault");
	}
	assert_unchanged(bench, &before);
	assert_ok(bench_object(bench, who(bench, ALICE), &id, STATEMENT_CANCEL, &err));
}

/* --- Requests ----------------------------------------------------------------------------- */

/* As alice signs it; where its text says FROM, it says TO, which is as long. */
static enum err_code
ask(struct bench *bench, const struct request *request, const char *from, const char *to,
    struct err *err)
{
	struct json *payload = NULL;
	DSSE statement = {0};
	struct err inner;

	assert_int_equal(request_payload(request, &payload, &inner), ERR_OK);
	state_it(STATEMENT_REQUEST, payload, &statement);
	if (from != NULL) {
		uint8_t *at =
		    memmem(statement.payload.data, statement.payload.size, from, strlen(from));
		assert_non_null(at);
		memcpy(at, to, strlen(to));
	}
	person_sign(who(bench, ALICE), &statement);
	return send_it(bench, "request", NULL, "request", &statement, err);
}

/* PROD/TWO stands beside prod/db. */
static void
add_second(struct bench *bench, struct item *ret_item)
{
	CLEANUP(credential_box_done) struct credential_box box = {0};
	JSON *reply = NULL;
	struct err err;

	target_accept(bench, "another-password\n");
	bench_box(bench, "prod/two", "another-password", &box);
	assert_ok(bench_send_box(bench, &box, false, &reply, &err));
	bench_item(bench, "prod/two", ret_item);
}

static void
a_request_that_nobody_could_mean_is_named_by_its_line_and_changes_nothing(void **state)
{
	static struct item rows[CEREMONY_ITEMS + 1];
	struct bench *bench = *state;
	struct err err;
	struct request right, wrong;
	struct item two;

	add_second(bench, &two);
	bench_request_make(bench, who(bench, ALICE), "prod/db", &right);
	const struct item one = bench->asked;
	const struct seat_token *carol = &who(bench, CAROL)->seat.tokens[0];
	struct standing before = remember(bench);
#define REFUSED(code, count_, change, from, to, says)                                              \
	do {                                                                                       \
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)                                      \
			rows[i] = one;                                                             \
		wrong = right;                                                                     \
		wrong.items = (struct items){rows, count_};                                        \
		rows[1] = two;                                                                     \
		change;                                                                            \
		assert_error(code, ask(bench, &wrong, from, to, &err));                            \
		assert_says(says);                                                                 \
	} while (0)
	REFUSED(ERR_INVALID, 0, (void)0, NULL, NULL, "request: items");
	REFUSED(ERR_INVALID, CEREMONY_ITEMS + 1, (void)0, NULL, NULL, "request: items");
	REFUSED(ERR_INVALID, 2, rows[1] = one, NULL, NULL,
	    "request: items[1]: the secret stands twice");
	REFUSED(ERR_REFUSED, 2, rows[1].definition = one.definition, NULL, NULL,
	    "items[1]: definition");
	REFUSED(ERR_REFUSED, 2, rows[1].header = one.header, NULL, NULL, "items[1]: header");
	REFUSED(ERR_REFUSED, 2, rows[0].header = two.header, NULL, NULL, "items[0]: header");
	REFUSED(ERR_INVALID, 2, (void)0, "\"mode\":\"release\"", "\"mode\":\"borrows\"",
	    "request: mode");
	REFUSED(ERR_INVALID, 2, wrong.recipients.count = 0, NULL, NULL, "request: recipients");
	REFUSED(ERR_REFUSED, 2,
	    (wrong.recipients.count = 2,
	        wrong.recipients.rows[1] = (struct recipient){carol->id, carol->keys[KEY_RELEASE]}),
	    NULL, NULL, "request: recipients[1]");
#undef REFUSED
	assert_unchanged(bench, &before);
	rows[0] = one;
	rows[1] = two;
	right.items = (struct items){rows, 2};
	assert_ok(ask(bench, &right, NULL, NULL, &err));
}

/* It says that its sender does not have the key, and nothing about what is stored: nobody restores a backup for it. */
static void
a_forged_request_is_no_alarm_about_the_database(void **state)
{
	struct bench *bench = *state;
	struct person mask = *who(bench, ALICE);
	struct request request;
	struct id id;
	struct err err;

	mask.keys[KEY_SIGN] = who(bench, OTHER)->keys[KEY_SIGN];
	bench_request_make(bench, who(bench, ALICE), "prod/db", &request);
	struct standing before = remember(bench);
	assert_error(ERR_INTEGRITY, bench_request_send(bench, &mask, &request, &id, &err));
	assert_says("request: seat \"alice\": the signature of token");
	assert_null(strstr(err.text, "What to do"));
	assert_unchanged(bench, &before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_approval_said_again_brings_nothing_that_opens_and_makes_no_leaf),
	    cmocka_unit_test(nobody_else_ends_a_lease),
	    cmocka_unit_test(a_forged_request_is_no_alarm_about_the_database),
	    cmocka_unit_test(its_key_the_requester_and_an_officer_end_a_lease),
	    cmocka_unit_test(a_right_token_under_a_statement_of_another_vault_changes_nothing),
	    cmocka_unit_test(
	        a_request_that_nobody_could_mean_is_named_by_its_line_and_changes_nothing),
	};

	return cmocka_run_group_tests_name("server_strangers", tests, bench_start, bench_stop);
}
