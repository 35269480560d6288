/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bench for the FIDO2 applet: a card with a token on it, under a host whose touches, fingers,
 * time and disk the test decides, and the platform's half of the PIN protocols.
 */
#ifndef TESTS_UNIT_SIM_CTAP_BENCH_H
#define TESTS_UNIT_SIM_CTAP_BENCH_H

#include "tests/unit/check.h"
#include "tokens/sim/ctap/applet.h"
#include "tokens/sim/ctap/credential.h"

struct ctap_bench {
	struct sim_state state;
	struct ctap ctap;
	struct applet applet;
	struct card card;
	struct faults faults;
	enum ctap_touch touch; /* what happens when it blinks */
	unsigned touches, saves, ends, unplugs;
	bool wrong_finger, broken; /* is the disk full? */
	int64_t now;
	struct ctap_shared shared; /* of the last ctap_bench_agree() */
	struct point platform;
};

int ctap_bench_setup(void **state);     /* firmware 5.7.4 */
int ctap_bench_setup_old(void **state); /* 5.4.3 */
int ctap_bench_teardown(void **state);

/* One APDU's status word; its data is appended. */
uint16_t ctap_bench_apdu(struct ctap_bench *bench, struct view command, struct buf *ret_data);
/* Send a message (its command byte and CBOR): its CTAP status, and what follows it. */
uint8_t ctap_bench_send(struct ctap_bench *bench, uint8_t command, const struct buf *cbor,
    struct buf *ret_body);
/* The same with CBOR in hex (NULL: none), for its status. */
uint8_t ctap_bench_status(struct ctap_bench *bench, uint8_t command, const char *hex);

/* A member of a body that was answered; the tree is static to the call's caller. */
const struct cbor *ctap_bench_member(const struct buf *body, int64_t key, struct cbor_tree *tree);

/* Agree on a key under PROTOCOL. */
void ctap_bench_agree(struct ctap_bench *bench, uint8_t protocol);
/* MAC of COUNT parts under KEY, of the protocol's size. */
void ctap_bench_mac(uint8_t protocol, const uint8_t key[32], const struct view *parts, size_t count,
    struct buf *ret_mac);
/* setPIN; changePIN; a token with PERMISSIONS for RP (may be NULL): their status. */
uint8_t ctap_bench_set_pin(struct ctap_bench *bench, uint8_t protocol, const char *pin);
uint8_t ctap_bench_change_pin(struct ctap_bench *bench, uint8_t protocol, const char *old,
    const char *pin);
uint8_t ctap_bench_token(struct ctap_bench *bench, uint8_t protocol, const char *pin,
    uint32_t permissions, const char *rp, uint8_t ret_token[32]);

/* A request for makeCredential or getAssertion; what is zero is left out. */
struct ctap_bench_ask {
	const char *rp, *user, *name;
	struct view id;     /* the only one in the list */
	const char *option; /* "rk", "uv", "up", with the value: */
	bool value;
	uint8_t protect;
	bool hmac; /* makeCredential */
	const uint8_t *token;
	uint8_t protocol;
};
extern const struct digest ctap_bench_hash;
uint8_t ctap_bench_make(struct ctap_bench *bench, const struct ctap_bench_ask *ask,
    uint8_t ret_id[FIDO_ID_SIZE]);
uint8_t ctap_bench_get(struct ctap_bench *bench, const struct ctap_bench_ask *ask,
    struct buf *ret_body);

#endif
