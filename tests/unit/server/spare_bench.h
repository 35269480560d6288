/* SPDX-License-Identifier: Apache-2.0 */
/* secops hands shares of prod/db on to the spare and tests it, spoken by hand so that each step can be wrong. */
#ifndef TESTS_UNIT_SERVER_SPARE_BENCH_H
#define TESTS_UNIT_SERVER_SPARE_BENCH_H

#include "ceremony/protocol/spare.h"
#include "ceremony/protocol/test.h"
#include "tests/unit/server/server_bench.h"

/* A handing on under way: of one secret, by secops to the spare. */
struct handing {
	struct p256_key *ephemeral, *reply;
	struct secret *box_seed;
	struct spare spare;
	struct spare_open open;
	struct dsse statement;
	struct buf box; /* header and sealed envelope, as they came */
};
void handing_done(struct handing *handing);
void handing_expect(enum err_code got, enum err_code code, const struct err *err, const char *part);
size_t handing_list(struct bench *bench, bool again, struct spare_open *ret_open);
size_t handing_missing(struct bench *bench, struct spare_open *ret_open);
void handing_draw(struct bench *bench, struct handing *handing);
enum err_code handing_send(struct bench *bench, struct handing *handing,
    const struct person *signer, struct err *err);
struct json *handing_about(const char *op, const struct handing *handing);
enum err_code handing_fetch(struct bench *bench, struct handing *handing, struct err *err);
/* The envelope that was sealed to the statement's one-time key, opened with KEY. */
enum err_code handing_unwrap(const struct handing *handing, struct p256_key *key, struct view box,
    struct buf *ret_envelope, struct err *err);
/* What an honest officer's client makes of the envelope. */
void handing_seal(struct bench *bench, const struct handing *handing, struct buf *ret_ciphertext);
enum err_code handing_store_signed(struct bench *bench, const struct handing *handing,
    const struct secret *seed, struct view ciphertext, struct err *err);
enum err_code handing_store(struct bench *bench, const struct handing *handing,
    struct view ciphertext, struct err *err);
/* All of it, for the only secret; with SPOILT, one byte of the box is wrong. */
void handing_run_with(struct bench *bench, bool again, bool spoilt);
void handing_run(struct bench *bench);
/* secops approves ID with the spare, whose envelope it is. */
enum err_code handing_approve(struct bench *bench, const struct id *id, struct err *err);
struct bench *handing_bench(void);
uint64_t handing_leaves(struct bench *bench);
#define HANDING CLEANUP(handing_done) struct handing

/* `token test` of the spare: of its share key, and of each envelope that was handed on to it. */
struct testing {
	struct readiness readiness;
	struct readiness_spare spare;
	int64_t begun;
	struct secret *probe;
	struct spare_open open;
	char name[65]; /* of its secret */
	size_t listed;
};

void testing_done(struct testing *testing);
#define TESTING CLEANUP(testing_done) struct testing
/* The op test-begin, and its probe opened. */
void testing_begin(struct bench *bench, struct testing *testing);
/* The op test-box, with the digest OPENED. */
enum err_code testing_box(struct bench *bench, const struct testing *testing,
    const struct digest *opened, struct buf *ret_blob, struct err *err);
/* Opens the one envelope as the spare's client does; what it finds is its answer. */
enum err_code testing_open(struct bench *bench, struct testing *testing, struct err *err);
/* The op test. */
enum err_code testing_sign(struct bench *bench, struct testing *testing, struct err *err);

#endif
