/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vault with its server in a process of its own, people whose tokens are keys in this process, and a
 * fake target.  The client side is spoken by hand, so that every step can be done wrongly.
 *
 *	ciso secops infra audit		officers (infra also operator)
 *	carol				officer and responder
 *	alice				responder, by the roster
 *	second				a second token of secops, in no charter before bench_spare
 *	other				a second token of the seat alice, in no roster
 *
 * policy "production": 2 of (ciso, secops, infra, carol); audit stands outside it
 * policy "narrow": 2 of (ciso, carol)
 */
#ifndef TESTS_UNIT_SERVER_SERVER_BENCH_H
#define TESTS_UNIT_SERVER_SERVER_BENCH_H

#include "ceremony/protocol/adopt.h"
#include "ceremony/protocol/enrolment.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/statements.h"
#include "ceremony/protocol/statements_host.h"
#include "tests/unit/certificates.h"
#include "tests/unit/check.h"
#include "tests/unit/server/served.h"
#include "vault/documents/definition.h"
#include "vault/documents/roster.h"
#include "vault/documents/state_names.h"
#include "vault/log/note.h"

enum { CISO, SECOPS, INFRA, AUDIT, CAROL, ALICE, SECOND, OTHER, PEOPLE };
enum { BENCH_START = 1767225600 }; /* 2026-01-01 */

struct person {
	const char *name;
	unsigned roles;
	struct p256_key *keys[KEY_COUNT];
	struct seat seat; /* with one token */
	struct dsse enrolment;
};
struct bench {
	struct item asked; /* what the last request of bench_request_make names */
	char folder[64], vault[128], target[128], copy[128], shared_path[128];
	struct served_shared *shared;
	struct authority root, device;
	struct person people[PEOPLE];
	pid_t pid; /* of the server; 0: none */
	int fd;
	int status;                           /* of the last server that ended, as of waitpid */
	struct digest init, vault_id, roster; /* roster 1 */
	struct charter *charter;
	struct dsse draft; /* of charter 1 */
	struct buf progress;
	const char *policy;            /* of the next definition; */
	struct announcement announced; /* and what it announces */
	int64_t kept_at;               /* the clock of what is kept */
};

/* All founders but carol have signed charter 1. */
struct bench *bench_found(bool copy);
/* A founded vault with the roster; COPY: with a copy sink. */
struct bench *bench_new(bool copy);
void bench_free(struct bench *bench);
/* For a group of tests: a vault with prod/db, without and with a copy sink. */
int bench_start(void **state);
int bench_start_copied(void **state);
int bench_stop(void **state);
/* Keys of a token with SERIAL, in an enrolment of BENCH_START. */
void bench_enroll(struct bench *bench, struct person *person, uint32_t serial);
/* PERSON's token with the same keys, in an enrolment of now. */
void bench_enroll_again(struct bench *bench, struct person *person);
/* The op propose, with the enrolments of people FIRST to LAST. */
enum err_code bench_propose(struct bench *bench, const struct dsse *statement, int first, int last,
    struct err *err);
/* The op sign: PERSON signs what hashes as STATEMENT does. */
enum err_code bench_sign(struct bench *bench, const struct person *person,
    const struct dsse *statement, bool *ret_live, struct err *err);
/* A further charter, signed by ciso and secops, with the policy's longest duration SECONDS. */
void bench_charter(struct bench *bench, int64_t seconds);
/* The same, signed by these two. */
void bench_charter_by(struct bench *bench, int64_t seconds, int first, int second);
/* bench->charter, as the test has changed it, becomes the next charter. */
void bench_change(struct bench *bench);
/* A further charter that gives secops the spare token. */
void bench_spare(struct bench *bench);
/* One request.  REQUEST is taken over.  Error replies become ERR. */
enum err_code bench_call(struct bench *bench, struct json *request, struct view blob,
    struct json **ret_reply, struct buf *ret_out, struct err *err);
/* It must succeed, and reply what may be thrown away. */
void bench_must(struct bench *bench, struct json *request);
/* The op hello of another session, which begins as each does. */
enum err_code bench_hello(struct bench *bench, struct err *err);
/* End the session, and with it what is due is done; the next call starts another.  Its exit status goes to
 * bench->status. */
void bench_end(struct bench *bench);
/* A server of BENCH's vault beside its own, for a client that the test plays by hand; it dies with whoever started
 * it. */
struct other_server {
	pid_t pid;
	int to, from;
};
void other_server_start(const struct bench *bench, struct other_server *ret_server);
/* A whole session that asks for nothing: what is due is done after it. */
void bench_due(struct bench *bench);
/* Keep vault, target, copy and clock as they are, with the session ended, and bring that back: a sweep begins each
 * case there, and its vault does not grow from case to case.  PLACE: a name for what is kept. */
void bench_keep(struct bench *bench, const char *place);
void bench_restore(struct bench *bench, const char *place);

/* COMMAND in the bench's folder, where it finds vault, target and copy; with the session ended. */
void bench_shell(struct bench *bench, const char *format, ...) FORMAT_LIKE(2, 3);
/* As somebody who can write the database, and knows how to get around its triggers; who reads it; both
 * end the session. */
void bench_tamper(struct bench *bench, const char *change);
int64_t bench_count(struct bench *bench, const char *query);
/* Has `status` a line of KIND about SUBJECT? */
bool bench_status(struct bench *bench, const char *kind, const char *subject);
/* MEMBER ("text", "kind", ..) of the last line about SUBJECT, or "" where there is none. */
void bench_status_of(struct bench *bench, const char *subject, const char *member,
    char ret_text[600]);
/* Its text has PART in it; "": there is no such line. */
void bench_expect_line(struct bench *bench, const char *subject, const char *part);

/* The person BY suspends the token of the person OF; as it is signed, and proposed. */
void bench_draw_suspension(const struct bench *bench, int by, int of, struct dsse *ret_statement);
enum err_code bench_suspend(struct bench *bench, int by, int of, struct err *err);
void person_sign(const struct person *person, struct dsse *statement);
/* A text member of the reply to REQUEST. */
void bench_ask_text(struct bench *bench, struct json *request, const char *name, char *ret_text,
    size_t size);

/* --- The fake target ---------------------------------------------------------------------- */
void target_accept(struct bench *bench, const char *passwords);
void target_mode(struct bench *bench, const char *modes);
/* What was asked of it since the last time, one verb a line. */
const char *target_calls(struct bench *bench, struct buf *text);
bool target_accepts(struct bench *bench, const struct secret *credential);

/* --- Secrets ------------------------------------------------------------------------------ */
struct credential_box {
	struct dsse statement; /* that defines it */
	struct definition definition;
	struct dsse adopt;
	struct point enc;
	struct buf ciphertext;
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	char password[64];
	const char *note;         /* a field of the value beside the password; NULL */
	const struct secret *key; /* lent; the text of a private key that goes along; NULL: none */
	bool keeps;               /* the adoption says that the value is not replaced */
};
void credential_box_done(struct credential_box *box);
/* The definition of NAME signed by infra and secops; and PASSWORD sealed to the host, for which infra signed. */
void bench_box(struct bench *bench, const char *name, const char *password,
    struct credential_box *ret_box);
/* PASSWORD alone, for the definition that BOX has. */
void bench_box_value(struct bench *bench, const char *password, struct credential_box *box);
/* The value of one that is defined. */
enum err_code bench_send_value(struct bench *bench, const struct credential_box *box, bool rotate,
    struct json **ret_reply, struct err *err);
/* Both. */
enum err_code bench_send_box(struct bench *bench, const struct credential_box *box, bool rotate,
    struct json **ret_reply, struct err *err);
/* PERSON signs an order to replace the value of NAME: that of its definition and present version, of now. */
void bench_order(struct bench *bench, const struct person *person, const char *name,
    struct order_item *ret_item, struct dsse *ret_statement);
/* Of SECRET, one that STATEMENT names. */
enum err_code bench_send_order(struct bench *bench, const struct dsse *statement,
    const struct secret_id *secret, struct json **ret_reply, struct err *err);
/* "prod/db", rotated: version 2 is current. */
void bench_add_secret(struct bench *bench);

/* --- Ceremonies --------------------------------------------------------------------------- */
/* NAME's current version, as a request names it. */
void bench_item(struct bench *bench, const char *name, struct item *ret_item);
void bench_request_make(struct bench *bench, const struct person *person, const char *name,
    struct request *ret_request);
enum err_code bench_request_send(struct bench *bench, const struct person *person,
    const struct request *request, struct id *ret_id, struct err *err);
struct id bench_request(struct bench *bench, const struct person *person, const char *name);

/* What an officer sees. */
struct shown {
	struct id id;
	struct ceremony ceremony;
	struct header *header;
	char requester[SEAT_NAME_MAX + 1];
	struct digest release; /* of the statement; zero: none */
	char state[20], missing[300], reason[NOTE_TEXT_MAX + 1];
	bool part_exposed;
};
void shown_done(struct shown *shown);
#define SHOWN CLEANUP(shown_done) struct shown
void bench_show(struct bench *bench, const struct id *id, struct shown *ret_shown);

/* An approval under way. */
struct approving {
	const struct person *person;
	struct approval approval;
	struct hpke *hpke;
	struct p256_key *reply;
	struct dsse statement;
	struct digest digest; /* of it */
	uint32_t envelope;
	struct secret *shares;
	struct buf ciphertext; /* re-sealed */
	bool spoil;            /* a byte of the shares is changed before they are re-sealed */
};
void approving_done(struct approving *approving);
#define APPROVING CLEANUP(approving_done) struct approving
/* Draw the encapsulation and fill in the statement, unsigned. */
void approving_draw(struct bench *bench, const struct person *person, const struct shown *shown,
    struct approving *ret_approving);
void approving_sign(struct approving *approving);
/* The ops "approve" and "envelopes": the envelope as it is stored, opened with the reply key. */
enum err_code approving_ask(struct bench *bench, const struct shown *shown,
    struct approving *approving, struct buf *ret_envelope, struct err *err);
/* The same; opens the envelope and re-seals the shares. */
enum err_code approving_send(struct bench *bench, const struct shown *shown,
    struct approving *approving, struct err *err);
/* The ops "shares" and "advance". */
enum err_code approving_finish(struct bench *bench, const struct shown *shown,
    const struct approving *approving, struct err *err);
/* "positions" with one in it; the only length-prefixed field of BLOB, and BYTES as one. */
void bench_put_position(struct json *request, size_t position);
struct view bench_field(const struct buf *blob);
void bench_as_field(struct view bytes, struct buf *ret_blob);
/* All of it. */
enum err_code bench_approve(struct bench *bench, const struct person *person, const struct id *id,
    struct err *err);
enum err_code bench_object(struct bench *bench, const struct person *person, const struct id *id,
    enum statement_type type, struct err *err);
/* The responder fetches and opens; RET_BOX (may be NULL) gets the raw bytes. */
enum err_code bench_open(struct bench *bench, const struct person *person, const struct id *id,
    struct secret **ret_credential, struct buf *ret_box, struct err *err);
/* The same of the item at POSITION. */
enum err_code bench_open_at(struct bench *bench, const struct person *person, const struct id *id,
    size_t position, struct secret **ret_credential, struct buf *ret_box, struct err *err);
/* All that was sealed to them: the lease key's seed [32], then the credential. */
enum err_code bench_open_answer(struct bench *bench, const struct person *person,
    const struct id *id, size_t position, struct secret **ret_answer, struct buf *ret_box,
    struct err *err);
/* The message "done" for ID, signed by the requester's token; sent by bench_done. */
struct json *bench_done_message(struct bench *bench, const struct id *id);
enum err_code bench_done(struct bench *bench, const struct id *id, char ret_debt[20],
    struct err *err);
/* `rotate NAME`: the error's name and the note. */
void bench_rotate(struct bench *bench, const char *name, char ret_code[32], char ret_note[600]);
/* State of the open debt of NAME; "" when there is none. */
void bench_debt(struct bench *bench, const char *name, char ret_state[20]);
uint32_t bench_current(struct bench *bench, const char *name);
uint64_t bench_log_size(struct bench *bench);
/* Everything that log-verify checks holds. */
void bench_verify(struct bench *bench);
/* How many files stand in FOLDER of the vault. */
size_t bench_files(struct bench *bench, const char *folder);

#endif
