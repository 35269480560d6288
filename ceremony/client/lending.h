/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal is lent to ssh until it is connected: it may ask for a passphrase, or about a host key, and so may the
 * ssh of a jump host.  Then it is taken back: ssh is left in a background process group, which reads no terminal and
 * asks nothing there, since it is stopped when it tries.  A host can have it try at any time, by another key
 * exchange with another kind of host key, in the middle of a decision, and the answer would go to ssh.
 *
 * Ctrl-C and Ctrl-Z do what they do when nothing is lent: they are for our process group, too.
 */
#ifndef CEREMONY_CLIENT_LENDING_H
#define CEREMONY_CLIENT_LENDING_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/process.h"

struct lending {
	int terminal;    /* -1: none is lent */
	pid_t to;        /* a child of ours that leads a process group; 0: not begun */
	sigset_t before; /* signals that were blocked */
};

/* Is there a terminal, and are we in its foreground?  Then RET_LENDING may be lent; else it never is. */
bool lending_can(struct lending *ret_lending);
/* From now on to TO. */
void lending_begin(struct lending *lending, pid_t to);
/* Until something stands in FD, or it has ended, or LENT_SECONDS are over; BESIDE is listened to.  At once when nothing
 * is lent. */
enum { LENT_SECONDS = 300 };
void lending_await(struct lending *lending, int fd, const struct fd_beside *beside);
/* Ours again.  Accepts one that is over. */
void lending_end(struct lending *lending);

#endif
