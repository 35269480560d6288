/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof that a token works, without opening anything.  The host seals a probe to each key of the token
 * that opens; the person unlocks, touches, opens them, and signs what came out:
 *
 * test {"format":1,"vault":HEX32,"seat":..,"token":HEX32,"opened":{"share":HEX32,"release":HEX32},
 *	 "spares":[{"statement":HEX32,"box":HEX32}] (0..500),"size":N,"root":HEX32,"time":TIME,
 *	 "nonce":HEX16}
 *
 * "opened" has the SHA-256 of each probe, for the keys that the token has (an operator's: none); "spares"
 * names the envelopes that its seat handed on to it (ceremony/protocol/spare.h) and that it opened; "size"
 * and "root" are the newest checkpoint that the signer had seen.  A probe is
 *
 *	HMAC-SHA256(K, vault || token || lp8 key name || u64 begun),  K = HMAC-SHA256(the host's
 *	statement seed, "halligan/v1 test probe")
 *
 * so that the host keeps nothing; it lives READINESS_SECONDS.  It is sealed with HPKE, info = SHA-256(lp8
 * "halligan/v1 test" || vault || token || lp8 key name || u64 begun), no AAD.
 *
 * An envelope that was handed on goes out to whoever opened the share key's probe, sealed (vault/seal/reply.h)
 * to the key that DeriveKeyPair makes of HMAC-SHA256(the probe, "halligan/v1 test reply"): whoever
 * repeats the request does not have it.
 */
#ifndef CEREMONY_PROTOCOL_TEST_H
#define CEREMONY_PROTOCOL_TEST_H

#include "base/crypto_key.h"
#include "vault/documents/charter.h"

enum { READINESS_SECONDS = 600, READINESS_DUE = 90 * 24 * 3600 /* the next test */ };
enum { READINESS_SPARES = 500 };

struct readiness {
	struct digest digest, vault;
	char seat[SEAT_NAME_MAX + 1];
	struct digest token;
	bool has[KEY_COUNT]; /* KEY_SHARE, KEY_RELEASE */
	struct digest opened[KEY_COUNT];
	struct readiness_spare {
		struct digest statement, box;
	} * spares;
	size_t spare_count;
	uint64_t size;
	struct digest root;
	int64_t time;
};
/* A request for an envelope that was handed on to a token under test. */
struct test_box {
	const char *seat;
	struct digest token, opened; /* OPENED: of the share key's probe */
	int64_t begun;
	struct secret_id secret;
	uint32_t version;
};
extern const struct member test_box_members[];
void readiness_done(struct readiness *readiness); /* accepts {0} */
#define READINESS CLEANUP(readiness_done) struct readiness
enum err_code readiness_payload(const struct readiness *readiness, struct json **ret_payload,
    struct err *err) MUST_CHECK;
enum err_code readiness_parse(const struct dsse *statement, bool training,
    struct readiness *ret_readiness, struct err *err) MUST_CHECK;
/* The HPKE info of the probe for KEY. */
enum err_code readiness_info(const struct digest *vault, const struct digest *token, int key,
    int64_t begun, struct digest *ret_info, struct err *err) MUST_CHECK;
/* The probe itself; SEED is the host's. */
enum err_code readiness_probe(const struct secret *seed, const struct digest *vault,
    const struct digest *token, int key, int64_t begun, struct secret **ret_probe,
    struct err *err) MUST_CHECK;
/* The key to which envelopes go out to whoever opened PROBE. */
enum err_code readiness_reply(const struct secret *probe, struct p256_key **ret_key,
    struct err *err) MUST_CHECK;

#endif
