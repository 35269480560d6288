/* SPDX-License-Identifier: Apache-2.0 */
/* What a simulated token remembers without power; tokens/sim/state/file.h keeps it. */
#ifndef TOKENS_SIM_STATE_STATE_H
#define TOKENS_SIM_STATE_STATE_H

#include "tokens/sim/crypto/crypto.h"
#include "tokens/sim/state/fido.h"
#include "tokens/sim/state/profile.h"

enum {
	SIM_PIN_SIZE = 8,      /* PIN and PUK, padded with FF */
	SIM_OBJECT_MAX = 3072, /* bytes of one data object */
	SIM_OBJECTS = 64,
	SIM_KEYS = 25, /* 9A 9C 9D 9E, 82..95, F9 */
	SIM_SLOT_ATTESTATION = 0xf9,
	SIM_OBJECT_ATTESTATION = 0x5fff01,
};

struct sim_reference { /* PIN or PUK */
	uint8_t value[SIM_PIN_SIZE];
	uint8_t tries, total;
};

struct sim_management {
	uint8_t algorithm;
	uint8_t key[SIM_BLOCK_KEY_MAX];
	bool touch;
};

struct sim_key {
	uint8_t slot;
	uint8_t algorithm; /* 0: no key */
	uint8_t pin_policy, touch_policy;
	bool generated;
	struct buf private_key; /* PKCS#8 DER */
};

struct sim_object {
	uint32_t tag;
	struct buf value; /* what stands inside tag 53 */
};

struct sim_state {
	uint32_t serial;
	uint8_t firmware[3]; /* 0.0.0: no YubiKey, plain SP 800-73-4 */
	unsigned quirks;     /* of enum sim_quirk */
	struct sim_reference pin, puk;
	struct sim_management management;
	struct sim_key keys[SIM_KEYS]; /* every slot, in the order 9A 9C 9D 9E 82..95 F9 */
	struct sim_object objects[SIM_OBJECTS];
	size_t object_count;
	struct sim_fido fido;
};

/* An empty token: factory PIN, PUK and management key, no keys, no objects. */
void sim_state_init(struct sim_state *state, uint32_t serial, const uint8_t firmware[3]);
void sim_state_done(struct sim_state *state);
#define SIM_STATE CLEANUP(sim_state_done) struct sim_state

/* Give it what the factory gives: an attestation key and its certificate. */
enum err_code sim_state_attest(struct sim_state *state, struct err *err) MUST_CHECK;
/* Give it what the issuer of a card that is no YubiKey gives: CHUID and CCC. */
enum err_code sim_state_identify(struct sim_state *state, struct err *err) MUST_CHECK;
/* Forget all PIV keys and objects but those of attestation; factory PIN, PUK, management key. */
void sim_state_reset(struct sim_state *state);

bool sim_state_is_yubikey(const struct sim_state *state);
/* A YubiKey of this firmware or later? */
bool sim_state_has(const struct sim_state *state, uint8_t major, uint8_t minor, uint8_t patch);
struct sim_key *sim_state_key(struct sim_state *state, uint8_t slot); /* NULL: no such slot */
void sim_key_clear(struct sim_key *key);
struct sim_object *sim_state_object(struct sim_state *state, uint32_t tag); /* NULL: none */
/* Replace, make, or (empty VALUE) remove an object.  ERR_NO_SPACE when it does not fit. */
enum err_code sim_state_put(struct sim_state *state, uint32_t tag, struct view value,
    struct err *err) MUST_CHECK;

/* Text of 1..8 bytes padded with FF; ERR_INVALID otherwise. */
enum err_code sim_reference_set(struct sim_reference *reference, const char *text,
    struct err *err) MUST_CHECK;
bool sim_reference_is_factory(const struct sim_state *state, const struct sim_reference *which);
bool sim_management_is_factory(const struct sim_state *state);

/* "5.7.4" <-> three bytes. */
enum err_code sim_firmware_from(const char *text, uint8_t ret_firmware[3],
    struct err *err) MUST_CHECK;

#endif
