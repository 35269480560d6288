/* SPDX-License-Identifier: Apache-2.0 */
/* One person with one fake token, for the walk of an enrolment. */
#ifndef TESTS_UNIT_CLIENT_ENROL_BENCH_H
#define TESTS_UNIT_CLIENT_ENROL_BENCH_H

#include "ceremony/client/enrol/enrol.h"
#include "tests/unit/certificates.h"

enum { SERIAL = 1000001, ANSWERS = 16 };
/* A PIV token, a person who types ANSWERS one after the other, and what became of both. */
struct bench {
	struct authority root, device;
	EVP_PKEY *pairs[TOKEN_KEYS];
	struct p256_key *keys[TOKEN_KEYS];
	bool made[TOKEN_KEYS], strange[TOKEN_KEYS], destroyed;
	uint8_t firmware[3];
	char pin[16], puk[16];
	bool management_default, protected, unlocked, no_attestation;
	unsigned announced, touches;
	struct buf screen, pem;
	const char *answers[ANSWERS]; /* to PINs and secrets */
	size_t answered;
	const char *words[ANSWERS]; /* to confirmations; NULL: what is asked for */
	size_t confirmed;
	struct ui ui;
	struct token_driver driver;
	char folder[64], out[96];
};

int enrol_start(void **state);
int enrol_stop(void **state);
/* What stands in the plan is accepted: one officer with a token of the bench's root. */
struct enrol_plan plan_of(struct bench *bench);
struct client_options options_of(struct bench *bench);
enum err_code enroll(struct bench *bench, const struct enrol_plan *plan,
    struct enrol_result *ret_result, struct err *err) MUST_CHECK;
/* TEXT was said to the person. */
bool saw(struct bench *bench, const char *text);
/* No key, no file, no touch. */
bool nothing_made(const struct bench *bench);

#endif
