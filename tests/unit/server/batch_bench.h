/* SPDX-License-Identifier: Apache-2.0 */
/* The bench's client for batches (server_bench.h), spoken by hand so that each step can be wrong. */
#ifndef TESTS_UNIT_SERVER_BATCH_BENCH_H
#define TESTS_UNIT_SERVER_BATCH_BENCH_H

#include "ceremony/protocol/statements_host.h"
#include "tests/unit/server/server_bench.h"

enum { SECRETS = 4, NOTES_MAX = 16384 };

/* What an officer sees. */
struct seen {
	struct ceremony ceremony;
	char state[20], missing[300], notes[NOTES_MAX];
};
void seen_done(struct seen *seen);
#define SEEN CLEANUP(seen_done) struct seen

/* An officer's approval under way. */
struct giving {
	const struct person *person;
	struct p256_key *ephemeral, *reply;
	struct digest digest; /* of the approval */
};
void giving_done(struct giving *giving);
#define GIVING CLEANUP(giving_done) struct giving

/* GOT is CODE, and the error says PART. */
void batch_expect(enum err_code got, enum err_code code, const struct err *err, const char *part);
/* COUNT values, prod/s0 and on, as they were handed in: "password-N". */
struct bench *batch_bench(bool copy, size_t count);
void batch_name(size_t index, char ret_name[32]);
/* The op reseal-list, to its end; RET_WHY: of the last. */
size_t batch_list(struct bench *bench, bool all, struct item *opens, char ret_why[600]);
enum err_code batch_send_request(struct bench *bench, const struct person *person,
    const struct request *request, struct id *ret_id, struct err *err) MUST_CHECK;
void batch_draw_request(struct bench *bench, const struct person *person, enum mode mode, bool all,
    struct item *opens, struct request *request);
/* infra asks for everything; for a release alice does. */
struct id batch_ask(struct bench *bench, enum mode mode);
/* The same where COUNT secrets are at most. */
struct id batch_ask_many(struct bench *bench, enum mode mode, size_t count);
/* How the request calls the secret at POSITION. */
void batch_name_at(struct bench *bench, const struct id *id, size_t position,
    char ret_name[SEAT_NAME_MAX + 1]);
/* The op approve. */
enum err_code batch_sign(struct bench *bench, const struct person *person, const struct id *id,
    const struct seen *seen, struct giving *giving, struct err *err) MUST_CHECK;
/* One version's shares, as an honest client re-seals them; SPOIL changes one byte before. */
enum err_code batch_give(struct bench *bench, const struct giving *giving, const struct id *id,
    const struct seen *seen, size_t position, bool spoil, struct err *err) MUST_CHECK;
/* The same of several, with one call each for headers, envelopes and shares. */
enum err_code batch_give_some(struct bench *bench, const struct giving *giving, const struct id *id,
    const struct seen *seen, const struct positions *positions, bool spoil,
    struct err *err) MUST_CHECK;
enum err_code batch_advance_op(struct bench *bench, const struct id *id,
    struct err *err) MUST_CHECK;
/* All of an officer's part but the last step. */
void batch_give_all(struct bench *bench, const struct person *person, const struct id *id);
/* The same as the last thing in a session, which nobody goes on after. */
void batch_give_last(struct bench *bench, const struct person *person, const struct id *id);
void batch_approve(struct bench *bench, const struct person *person, const struct id *id);
void batch_look(struct bench *bench, const struct id *id, struct seen *seen);
void batch_states(struct bench *bench, const struct id *id, char ret_state[20],
    char ret_notes[NOTES_MAX]);
/* NAME opens, by people A and B, to PASSWORD. */
void batch_opens_to(struct bench *bench, const char *name, const char *password, int a, int b);
/* secops leaves and the spare takes the seat. */
void batch_replace_token(struct bench *bench);

#endif
