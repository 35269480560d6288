/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Someone who can write the database (docs/THREATS.md), and knows its format.  Whatever they could want is an
 * integrity alarm in the command that meets it, and nothing else happens: no row, leaf or file changes, no
 * rotator runs, nobody gets a credential.
 */
#ifndef TESTS_UNIT_WRITER_WRITER_BENCH_H
#define TESTS_UNIT_WRITER_WRITER_BENCH_H

#include "tests/unit/server/hand_bench.h"
#include "tests/unit/server/night_bench.h"

/* What a test has brought about. */
struct scene {
	struct bench *bench;
	struct night night;
	struct id id; /* of a ceremony */
	struct request request;
};
void scene_done(struct scene *scene);
#define SCENE CLEANUP(scene_done) struct scene

/* Officers have given their shares to one over prod/s0 and prod/s1; whatever is asked next opens both. */
void scene_collect(struct scene *scene);
/* alice has opened prod/db. */
void scene_release(struct scene *scene);

/* One command. */
typedef enum err_code command(struct scene *scene, struct err *err);
command scene_hello, scene_verify;
/* A session of its own, whose end may bring about what is due, and then the command in another. */
command scene_status, scene_advance; /* of the ceremony */
command scene_request;               /* of carol, as it was made */
enum err_code scene_ask(struct scene *scene, struct json *request, struct err *err);

/* RUN is the alarm that SAYS so, and nothing else happens; all is then as it was kept ("kept"). */
void expect_alarm(struct scene *scene, command *run, const char *says);

#define CHANGED(table) "a row of " table " in the database is not as the vault left it"
#define GONE(table)    "a row of " table " in the database is gone"
#define STRANGE(table) "a row of " table " in the database is none that the vault has"

/* The scene is kept; each CHANGE by itself makes RUN an alarm, and without any it is none. */
struct attack {
	const char *change, *says;
};
void expect_alarms(struct scene *scene, const struct attack *rows, size_t count, command *run);
#define EXPECT_ALARMS(scene, rows, run) expect_alarms(scene, rows, ARRAY_SIZE(rows), run)

/* For hand_exchange: another credential, "theirs", sealed to the public keys of the same officers. */
void scene_forge(const struct bench *bench, struct hand_version *version);
/* The vault's database as it was kept, but for TABLES, which it gets from the one that is there now. */
void take_tables(struct bench *bench, const char *const *tables);
/* The whole of what is there now, under the anchor that was kept. */
void take_database(struct bench *bench);

#endif
