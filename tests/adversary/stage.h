/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where those who reach a server stand: the bench of tests/unit/server/server_bench.h, with prod/db, version 2.  Its
 * people are played by hand, so that an adversary can say anything in anybody's name; what they sign with is their own.
 */
#ifndef TESTS_ADVERSARY_STAGE_H
#define TESTS_ADVERSARY_STAGE_H

#include "tests/adversary/attempt.h"
#include "tests/unit/server/server_bench.h"
#include "vault/documents/charter.h"

/* Of struct adversary: a vault without a copy sink. */
void *stage_arrive(void);
void stage_pause(void *stage);
void stage_again(void *stage);
void stage_leave(void *stage);
#define STAGE_FROM(begin)                                                                          \
	.arrive = begin, .pause = stage_pause, .again = stage_again, .leave = stage_leave
#define STAGE STAGE_FROM(stage_arrive)

/* What is there now stands at the beginning of each attempt. */
void stage_keep(struct bench *bench);

/* The seat and token of the person OF, with the keys of WITH (NULL: of nobody whom the vault knows): whoever speaks in
 * their name.  For stage_unmask. */
struct person stage_mask(const struct bench *bench, int of, const struct person *with);
void stage_unmask(struct person *mask);
#define MASK CLEANUP(stage_unmask) struct person

/* The person OTHER becomes somebody of whom the vault has never heard, with a token of the right make. */
const struct person *stage_newcomer(struct bench *bench, unsigned roles);
/* The person WHICH (SECOND, OTHER) is called NAME and has a token of SERIAL that nobody has seen before. */
void stage_enroll(struct bench *bench, int which, const char *name, unsigned roles,
    uint32_t serial);
/* The person OTHER has the token of alice, as if it were their own. */
void stage_steal(struct bench *bench);

/* --- The scenes that others bring about ------------------------------------------------------ */

struct id stage_asked(struct bench *bench, int by);    /* a request for prod/db that collects */
struct id stage_approved(struct bench *bench, int by); /* and ciso has approved it */
struct id stage_released(struct bench *bench, int by); /* and it is released to BY */
/* secops has a spare token in the charter, second. */
void stage_spare(struct bench *bench);

/* --- Saying something ------------------------------------------------------------------------ */

/* PAYLOAD (taken over) as a statement, signed by SIGNER (NULL: nobody). */
void stage_state(enum statement_type type, struct json *payload, const struct person *signer,
    struct dsse *ret_statement);
/* OP about the ceremony ID (NULL: about none) with STATEMENT as its member NAME. */
enum err_code stage_send(struct bench *bench, const char *op, const struct id *id, const char *name,
    const struct dsse *statement, struct err *err);
/* A done for ID in the name of NAMED, signed by SIGNER. */
enum err_code stage_done(struct bench *bench, const struct id *id, const struct person *named,
    const struct person *signer, struct err *err);
/* The host's clock stands an hour behind the log, of which BY says that it is right; signed for a moment OFF seconds away.  Is it
 * believed? */
bool stage_sets_clock(struct bench *bench, int by, int64_t off, struct err *why);
/* A denial or cancel of ID. */
void stage_objection(struct bench *bench, const struct id *id, const struct person *named,
    enum statement_type type, struct dsse *ret_statement);
/* bench->charter, as the attempt has changed it, as the next charter, proposed with the signatures of SIGNERS
 * and the enrolments of people FIRST to LAST; once it is in force, bench->charter is what came of it. */
enum err_code stage_charter(struct bench *bench, const struct person *const *signers, size_t count,
    int first, int last, struct err *err);
/* A roster after the present one, with SEATS and the enrolments of people FIRST to LAST. */
enum err_code stage_roster(struct bench *bench, const struct seat *seats, size_t seat_count,
    const struct person *const *signers, size_t count, int first, int last, struct err *err);
/* bench_suspend of the person OF, in the name of BY. */
enum err_code stage_suspend(struct bench *bench, const struct person *by, int of, struct err *err);
/* bench_order, sent. */
enum err_code stage_order(struct bench *bench, const struct person *by, struct err *err);

/* --- What has become of the vault ------------------------------------------------------------- */

int64_t stage_rows(struct bench *bench, const char *table);
/* The only column of the first row of QUERY, as a thief of the database has it. */
void stage_blob(struct bench *bench, const char *query, struct buf *ret_bytes);
/* Is the ceremony ID in STATE? */
bool stage_is(struct bench *bench, const struct id *id, const char *state);
/* How many bytes of what the target accepts as prod/db's password stand in BYTES: all or none. */
bool stage_holds(struct bench *bench, struct view bytes);
/* Has BYTES an envelope in it as the vault stores it? */
bool stage_has_envelope(struct bench *bench, struct view bytes);
/* Is the answer of ID for PERSON handed out? */
bool stage_fetches(struct bench *bench, const struct person *person, const struct id *id,
    struct err *err);
/* Does somebody hold what ID released to PERSON? */
bool stage_opens(struct bench *bench, const struct person *person, const struct id *id,
    struct err *err);

#endif
