/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault's side of the starter (rotators/contract/start.h): a program of its own (daemon/starter/), which does not
 * believe us.  Root has it started for each rotator, from beside the rotators; an ordinary user likewise, and it then
 * does what such a user can; where it listens on a socket, which root or that same user started it for, that is taken.
 */
#ifndef ROTATORS_CONTRACT_STARTER_H
#define ROTATORS_CONTRACT_STARTER_H

#include "rotators/contract/places.h"
#include "rotators/contract/start.h"

enum {
	STARTER_MILLISECONDS =
	    10000 /* to answer; before a rotator is started nobody waits for a target */
};

struct starter {
	bool reached;
	int socket;  /* then */
	int64_t pid; /* of a starter of our own; 0: none */
};
/* Has MESSAGE's rotator started.  ERR_REFUSED and others in the starter's own words; ERR_IO, ERR_TARGET_UNKNOWN. */
enum err_code starter_start(const struct rotator_places *places,
    const struct start_message *message, struct starter *ret_starter, struct err *err) MUST_CHECK;
/* What a rotator is isolated by here. */
enum err_code starter_holds(const struct rotator_places *places, struct start_holds *ret_holds,
    struct err *err) MUST_CHECK;
/* Until the rotator has ended by itself, or DEADLINE; false then.  RET_ENDED is set when it is known. */
bool starter_await(struct starter *starter, int64_t deadline, struct start_ended *ret_ended);
/* Ends it, whatever it does, and all that it started.  May be called again; accepts {0}. */
void starter_end(struct starter *starter);

#endif
