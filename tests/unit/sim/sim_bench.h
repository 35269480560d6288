/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bench for the PIV applet: a card with a token of some firmware on it, under a host whose
 * touches, time and disk the test decides.  Every function fails the test when the card does not
 * keep to the form of its answers.
 */
#ifndef TESTS_UNIT_SIM_SIM_BENCH_H
#define TESTS_UNIT_SIM_SIM_BENCH_H

#include "base/crypto.h"
#include "tokens/sim/card/management.h"
#include "tokens/sim/card/otp.h"
#include "tokens/sim/piv/applet.h"

struct bench {
	struct sim_state state;
	struct piv piv;
	struct management management;
	struct applet applets[3];
	struct card card;
	unsigned touches, saves; /* asked for so far */
	bool touched, broken;    /* does somebody touch?  is the disk full? */
	int64_t now;
};

int bench_setup(void **state);       /* firmware 5.7.4 */
int bench_setup_old(void **state);   /* 4.2.0 */
int bench_setup_4(void **state);     /* 4.3.5 */
int bench_setup_3des(void **state);  /* 5.4.3 */
int bench_setup_58(void **state);    /* 5.8.0 */
int bench_setup_plain(void **state); /* no YubiKey, without quirks */
int bench_teardown(void **state);

/* Commands in hex: SELECT, VERIFY with the factory PIN, and with a wrong one. */
extern const char bench_select_management[];
extern const char bench_select[], bench_verify[], bench_verify_wrong[];
extern const uint8_t bench_digest[DIGEST_SIZE];

/* Send COMMAND and fetch the whole answer; returns the status word. */
uint16_t bench_exchange(struct bench *bench, struct view command, struct buf *ret_data);
/* The same for a command in hex, only its status. */
uint16_t bench_status_of(struct bench *bench, const char *hex);
/* The answer to a command, status word included, must be this. */
void bench_expect(struct bench *bench, const char *hex, const char *answer);
/* Send HEADER (hex: CLA INS P1 P2) with DATA, extended. */
uint16_t bench_send_data(struct bench *bench, const char *header, struct view data,
    struct buf *ret_data);
void bench_begin(struct bench *bench); /* SELECT */
/* Mutual authentication with a management key, as a host does it; checks the card's half. */
uint16_t bench_authenticate(struct bench *bench, const uint8_t *key);
void bench_admin(struct bench *bench); /* with the right key */
/* Make a P-256 key in SLOT with these policies. */
void bench_generate(struct bench *bench, uint8_t slot, uint8_t pin, uint8_t touch_policy,
    struct point *ret_point);
/* Sign bench_digest with a P-256 key. */
uint16_t bench_sign(struct bench *bench, uint8_t slot, struct buf *ret_signature);
uint16_t bench_try_sign(struct bench *bench, uint8_t slot);

#endif
