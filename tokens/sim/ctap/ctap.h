/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of the FIDO2 application share: its state, touch, and saving. */
#ifndef TOKENS_SIM_CTAP_CTAP_H
#define TOKENS_SIM_CTAP_CTAP_H

#include "base/crypto.h"
#include "tokens/sim/card/card.h"
#include "tokens/sim/ctap/cbor.h"
#include "tokens/sim/ctap/protocol.h"
#include "tokens/sim/ctap/status.h"
#include "tokens/sim/faults.h"
#include "tokens/sim/state/state.h"

enum {
	CTAP_MESSAGE_MAX = 2048,     /* bytes of a request, command byte included */
	CTAP_LIST_MAX = 16,          /* credentials in an allow or exclude list */
	CTAP_BOOT_TRIES = 3,         /* wrong PINs in a row until it must be pulled */
	CTAP_RESET_MS = 10000,       /* after being plugged in, as 6.6 says */
	CTAP_NEXT_MS = 30000,        /* until getNextAssertion comes too late (6.3) */
	CTAP_TOKEN_FIRST_MS = 30000, /* until a token that nobody used expires (6.5.2.1) */
	CTAP_TOKEN_MS = 600000,
	CTAP_PRESENT_MS = 30000, /* how long a touch given for a token counts */
	CTAP_POLL_MS = 100,      /* how long 80 11 waits before it says "still waiting" */
};

enum ctap_touch { CTAP_TOUCHED, CTAP_UNTOUCHED, CTAP_STILL_WAITING };

/* What the application asks of the token around it. */
struct ctap_host {
	void *context;
	/* Blink until a person touches, or their time is over (UNTOUCHED), or the token is pulled
	 * (UNTOUCHED), or SLICE milliseconds have gone by (STILL_WAITING; negative: no limit).
	 * Called again after STILL_WAITING the time goes on. */
	enum ctap_touch (*touch)(void *context, int slice);
	void (*touch_end)(void *context); /* do not blink any more */
	/* Is the finger that touched an enrolled one? */
	bool (*finger)(void *context);
	enum err_code (*save)(void *context, struct err *err);
	int64_t (*milliseconds)(void *context); /* monotonic */
	/* The token's lies, NULL for none; a delay that is due, false when it was pulled
	 * meanwhile; pulling it. */
	struct faults *faults;
	bool (*pause)(void *context, unsigned milliseconds);
	void (*unplug)(void *context);
};

/* Permissions of a pinUvAuthToken (6.5.5.7). */
enum {
	CTAP_MAY_MAKE = 0x01,
	CTAP_MAY_ASSERT = 0x02,
	CTAP_MAY_MANAGE = 0x04,
	CTAP_MAY_CONFIGURE = 0x20,
};

struct ctap_token { /* pinUvAuthToken (6.5.2.1) */
	uint8_t value[CTAP_PROTOCOLS][CTAP_TOKEN_SIZE];
	uint8_t protocol; /* in use under this one; 0: not in use */
	uint8_t permissions;
	bool verified, present, used, bound;
	struct digest rp; /* when BOUND */
	int64_t began;
};

/* What getNextAssertion goes on with. */
struct ctap_assertion {
	struct digest rp, client_data;
	uint8_t flags;
	bool verified;
	bool hmac; /* hmac-secret was asked for, with: */
	struct ctap_shared shared;
	uint8_t salts[64];
	size_t salts_size;
	size_t found[FIDO_CREDENTIALS_MAX]; /* places in the state, the newest first */
	size_t count, next;
	int64_t at;
};

struct ctap {
	struct sim_state *state;
	struct ctap_host host;
	/* What lasts until removal: */
	int64_t plugged_at;
	bool reset_any_time;  /* set the clock rule of reset aside; see halligan-simtoken(1) */
	unsigned boot_misses; /* wrong PINs in a row */
	struct buf agreement[CTAP_PROTOCOLS]; /* keys for key agreement, PKCS#8; may be empty */
	struct ctap_token token;
	struct ctap_assertion assertion; /* COUNT 0: none to go on with */
	struct {                         /* of credentialManagement; the last command's */
		size_t found[FIDO_CREDENTIALS_MAX];
		size_t count, next;
		uint8_t next_command;
	} listing;
	/* The request under way: */
	struct buf request;
	bool waiting; /* for a touch, with the request kept to be run again */
	bool keep_alive;
	bool pull;      /* the token is pulled when it has run */
	unsigned given; /* touches, for this request */
	struct cbor_tree tree;
};

/* A command takes its parameters (NULL: none) and appends to RET_BODY what follows the status byte;
 * CTAP_WAITING means "run me again". */
typedef uint8_t ctap_command(struct ctap *ctap, const struct cbor *map, struct buf *ret_body);

/* CTAP2_OK, or the status to end with: CTAP_WAITING, CTAP2_ERR_USER_ACTION_TIMEOUT. */
uint8_t ctap_touch(struct ctap *ctap);
/* Built-in user verification, which is a touch too.  Also CTAP2_ERR_UV_INVALID, _UV_BLOCKED. */
uint8_t ctap_verify_finger(struct ctap *ctap);
uint8_t ctap_save(struct ctap *ctap);
/* Is it protected by some form of user verification? */
bool ctap_protected(const struct ctap *ctap);
/* The number of such faults for the command under way, 0 without. */
size_t ctap_fault(const struct ctap *ctap, enum fault_kind kind);
/* Where the command under way stands among the faults. */
int ctap_fault_place(const struct ctap *ctap);

#endif
