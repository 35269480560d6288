/* SPDX-License-Identifier: Apache-2.0 */
/* What else a host offers to whoever is let: sockets, ports, memory by number, keys, a terminal; and who knocks. */
#ifndef TESTS_ADVERSARY_ROTATOR_OFFERS_H
#define TESTS_ADVERSARY_ROTATOR_OFFERS_H

#include <sys/types.h>

#include "base/bytes.h"
#include "tests/adversary/rotator/world.h"

enum { OFFERED_FDS = 16, OFFERED_WAYS = 16 };

struct offers {
	int fds[OFFERED_FDS];
	size_t count;
	bool made;  /* what has a number: 0 is one */
	int queue;  /* of POSIX messages; -1: none */
	int knocks; /* a socket; 0: none */
	char names[WORLD_TEXTS][128];
	int64_t numbers[WORLD_NUMBERS]; /* 0 or -1: none */
};

/* In the folder FOLDER, as OWNER's, but for the keys; WORLD is told of them, and its texts are theirs. */
enum err_code offers_make(struct offers *offers, const char *folder, uid_t owner,
    struct world *world, struct err *err) MUST_CHECK;
/* Which ways (attempts.h, ATTEMPT_OUTLIVES) knocked since the last call, by datagrams: a bit for each number. */
uint32_t offers_knocks(const struct offers *offers);
void offers_end(struct offers *offers); /* accepts {0} */

#endif
