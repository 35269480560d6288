/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault's own hand: changes of the database with a leaf, through the vault's own store, so that the state
 * tree knows of them and the anchor names them.  By it a test brings about what no client can: what our
 * own fault, or a disk's, would leave.  (bench_tamper is somebody else's hand.)
 */
#ifndef TESTS_UNIT_SERVER_HAND_BENCH_H
#define TESTS_UNIT_SERVER_HAND_BENCH_H

#include "ceremony/server/vault/host.h"
#include "tests/unit/server/server_bench.h"
#include "vault/log/anchor.h"
#include "vault/store/secret.h"

struct hand {
	struct host_keys keys;
	struct store *store; /* within a transaction */
};
/* Ends the session of the server. */
void hand_begin(struct bench *bench, struct hand *ret_hand);
void hand_commit(struct bench *bench, struct hand *hand);
/* With a leaf that says that the state's root is ROOT. */
void hand_commit_as(struct bench *bench, struct hand *hand, const struct digest *root);

/* CHANGE, in SQL; the triggers of the form are in force. */
void hand_write(struct bench *bench, const char *change);

/* A version as it is stored. */
struct hand_version {
	struct version_row row;
	struct header *header;
	struct sealed_box envelopes[HEADER_ENVELOPES];
};
/* NAME's current version is put out, and back as CHANGE has made it; its row gets the hash of its header. */
void hand_exchange(struct bench *bench, const char *name,
    void (*change)(const struct bench *bench, struct hand_version *version));

/* The slot of the anchor that counts. */
void hand_anchor(struct bench *bench, struct anchor_slot *ret_slot);

/* The anchor as a writer leaves it that dies between COMMIT and his last word. */
void hand_unsettle(struct bench *bench);
/* ERR is an alarm that says WHAT was met, since when at the earliest, and what to do.  A leaf that it names is in the
 * database, of the time that it says; where a row was met it is the last one that the anchor has, but for one that is met when the database is opened. */
void assert_alarm(struct bench *bench, const char *what, const struct err *err);

#endif
