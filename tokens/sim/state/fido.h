/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the FIDO2 application remembers without power: the member "fido" of the state file (see
 * state.h), absent in files of before it.  Names that clients gave stand there as hex, since they
 * may hold what JSON text of ours may not.
 *
 *	{"uv":false,"always_uv":false,"min_pin":4,"change_pin":false,"counter":7,
 *	 "pin_tries":8,"uv_tries":3,
 *	 "pin":{"hash":HEX,"length":6},			absent: no PIN is set
 *	 "key":HEX,					absent: not needed yet
 *	 "credentials":[{"id":HEX,"rp":HEX,"user":HEX,"name":HEX,"display":HEX}]}
 *
 * Only discoverable credentials are listed.  The private parts of every credential are in its id,
 * encrypted under "key" (tokens/sim/ctap/credential.h): a reset, which replaces the key, forgets
 * them all.
 */
#ifndef TOKENS_SIM_STATE_FIDO_H
#define TOKENS_SIM_STATE_FIDO_H

#include "base/bytes.h"

enum {
	FIDO_KEY_SIZE = 32,
	FIDO_PIN_HASH_SIZE = 16, /* the first half of SHA-256 (CTAP 2.1, 6.5.5.5) */
	FIDO_PIN_BYTES_MAX = 63,
	FIDO_PIN_MIN = 4, /* code points */
	FIDO_PIN_TRIES = 8,
	FIDO_UV_TRIES = 3,
	FIDO_ID_SIZE = 161,
	FIDO_RP_MAX = 253,
	FIDO_USER_MAX = 64, /* bytes of a user id, and of each name (longer ones are cut) */
	FIDO_CREDENTIALS_MAX = 100,
};

struct fido_text { /* bytes or UTF-8 */
	uint8_t bytes[FIDO_USER_MAX];
	uint8_t size;
};

struct fido_credential {
	uint8_t id[FIDO_ID_SIZE];
	uint8_t rp[FIDO_RP_MAX];
	uint8_t rp_size;
	struct fido_text user, name, display;
};

struct sim_fido {
	bool uv; /* has built-in user verification: a fingerprint reader */
	bool always_uv;
	uint8_t min_pin;
	bool change_pin; /* no token until the PIN has been changed */
	uint32_t counter;
	uint8_t pin_tries, uv_tries;
	bool pin_set;
	uint8_t pin_hash[FIDO_PIN_HASH_SIZE];
	uint8_t pin_length; /* code points */
	bool has_key;
	uint8_t key[FIDO_KEY_SIZE];
	struct fido_credential credentials[FIDO_CREDENTIALS_MAX]; /* oldest first */
	size_t count;
};

struct json;

/* As the factory leaves it; a reset is the same with the UV there was, and not ALWAYS_UV. */
void sim_fido_init(struct sim_fido *fido, bool uv, bool always_uv);
/* Set a PIN; ERR_INVALID unless it has MIN_PIN code points at least and 63 bytes at most. */
enum err_code sim_fido_set_pin(struct sim_fido *fido, struct view pin, struct err *err) MUST_CHECK;
/* The member "fido". */
struct json *sim_fido_write(const struct sim_fido *fido);
enum err_code sim_fido_read(const struct json *json, struct sim_fido *ret_fido,
    struct err *err) MUST_CHECK;

#endif
