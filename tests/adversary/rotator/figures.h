/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two processes that an adversary may want: one stands for the server, one for another rotator.  Each has a secret in its
 * memory and host.key open, and counts the real-time signals that reach it.
 */
#ifndef TESTS_ADVERSARY_ROTATOR_FIGURES_H
#define TESTS_ADVERSARY_ROTATOR_FIGURES_H

#include <sys/types.h>

#include "base/bytes.h"
#include "tests/adversary/rotator/world.h"

enum { FIGURES = 2, FIGURE_SIGNALS = 24 };

struct figures {
	pid_t pids[FIGURES];                /* 0: not running */
	uint32_t (*counts)[FIGURE_SIGNALS]; /* shared with them */
	uint8_t *secret;                    /* where it is in them; here it is gone */
	char *before[FIGURES];
};

/* The server runs as SERVER, the neighbour as NEIGHBOUR.  WORLD is told of them.  They end with us. */
enum err_code figures_start(struct figures *figures, uid_t server, uid_t neighbour,
    struct world *world, struct err *err) MUST_CHECK;
/* How often SIGRTMIN + NUMBER came to process PID of them, until now. */
uint32_t figures_count(const struct figures *figures, pid_t pid, int number);
/* ERR_INTEGRITY says which of them ended, is halted, or has other limits, priority, processors or memory. */
enum err_code figures_verify(const struct figures *figures, struct err *err) MUST_CHECK;
void figures_end(struct figures *figures); /* accepts {0} */

#endif
