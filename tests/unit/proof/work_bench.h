/* SPDX-License-Identifier: Apache-2.0 */
/* A vault in which something of every kind is under way, and whatever somebody may ask of it that they must sign. */
#ifndef TESTS_UNIT_PROOF_WORK_BENCH_H
#define TESTS_UNIT_PROOF_WORK_BENCH_H

#include <stdlib.h>

#include "base/json.h"
#include "tests/unit/server/spare_bench.h"
#include "vault/documents/charter.h"

/* prod/db is asked for, ciso has approved, an officer's draft waits, secops hands prod/db on; prod/web is released, and
 * prod/late is defined. */
struct work {
	struct bench *bench;
	struct id id, released;
	struct shown shown;
	struct approving ciso;
	struct dsse draft; /* by secops */
	struct handing handing;
	struct buf box; /* for the spare */
	struct testing testing;
	struct credential_box late;
};
void work_begin(struct work *work);
void work_done(struct work *work);
#define WORK CLEANUP(work_done) struct work

DESTRUCTOR(free_charter, struct charter, free)
#define NEXT_CHARTER CLEANUP(free_charter) struct charter
/* The one after BENCH's, with nothing changed; and its statement, unsigned. */
struct charter *work_charter(const struct bench *bench);
void work_charter_statement(const struct charter *charter, struct dsse *ret_statement);

enum err_code work_ask(struct bench *bench, struct json *request, struct err *err);
struct asked {
	const char *name;
	enum err_code (*ask)(struct work *work, struct bench *bench, struct err *err);
	int signer;       /* of people */
	const char *over; /* what is said when their token is suspended */
};
enum { WORK_ASKED = 13 };
extern const struct asked work_asked[WORK_ASKED];
enum err_code work_request(struct work *work, struct bench *bench, struct err *err);
enum err_code work_approve(struct work *work, struct bench *bench, struct err *err);
enum err_code work_deny(struct work *work, struct bench *bench, struct err *err);
enum err_code work_shares(struct work *work, struct bench *bench, struct err *err);
enum err_code work_spare(struct work *work, struct bench *bench, struct err *err);

/* What others sent before, or asks for nothing. */
struct json *work_try_message(const struct dsse *statement, bool try);
struct json *work_advance_message(const struct work *work);
struct json *work_approve_message(const struct work *work);
struct json *work_envelope_message(const struct work *work);
struct json *work_request_message(const struct work *work);

#endif
