/* SPDX-License-Identifier: Apache-2.0 */
/* One statement of each kind that a ceremony knows, and the keys that sign it. */
#ifndef TESTS_UNIT_PROTOCOL_SAMPLES_H
#define TESTS_UNIT_PROTOCOL_SAMPLES_H

#include "ceremony/protocol/statements.h"
#include "ceremony/protocol/statements_host.h"

enum { KINDS = 10 };
struct sample {
	enum statement_type type;
	struct json *payload;
	enum err_code (
	    *parse)(const struct dsse *statement, struct digest *ret_digest, struct err *err);
};
struct bench {
	struct p256_key *token;
	struct point public;
	struct secret *host;
	struct ed25519_public host_public;
	struct sample samples[KINDS];
};

int samples_start(void **state);
int samples_stop(void **state);
/* SAMPLE as a statement without signatures. */
void state_sample(struct sample *sample, struct dsse *ret_statement);
struct digest filled(uint8_t byte);
struct request some_request(const struct point *key);
struct ceremony some_ceremony(const struct point *key);
struct approval some_approval(const struct point *enc);
struct objection some_objection(void);
struct release some_release(void);
struct rotation some_rotation(void);

#endif
