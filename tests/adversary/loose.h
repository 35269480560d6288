/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rotator gone bad of tests/adversary/rotator, started by the starter as it is, in a world of an ordinary user's vault: for
 * programs that have other tables of attempts than its own, each a few of its 296.  All of them are made once in each way, and
 * what came of them is kept for every process that was forked since loose_new().
 */
#ifndef TESTS_ADVERSARY_LOOSE_H
#define TESTS_ADVERSARY_LOOSE_H

#include <stdbool.h>

#include "base/err.h"

/* What is taken from the kernel, so that one guard alone is left (daemon/starter/kernel.h). */
enum loose_way {
	LOOSE_SPACES,  /* namespaces and the filter, no Landlock */
	LOOSE_SAME,    /* the filter and Landlock at its floor, no namespaces */
	LOOSE_NOTHING, /* neither namespaces nor Landlock */
	LOOSE_WAYS
};

struct loose;
/* Root becomes an ordinary user for good: the vault is that user's. */
struct loose *loose_new(void);
void loose_free(struct loose *loose); /* all is removed */

/* Did one of the attempts NAMES, with blanks between them, succeed in WAY?  All of them?  WHY: what stopped the first that was
 * stopped, or why nothing ran. */
bool loose_any(struct loose *loose, enum loose_way way, const char *names, struct err *why);
bool loose_all(struct loose *loose, enum loose_way way, const char *names, struct err *why);

/* How the path that a definition shows for reading comes to be one of the vault. */
enum loose_path { LOOSE_LINK, LOOSE_MOUNT, LOOSE_ABOVE, LOOSE_HARD_LINK };
/* Did it read a file of the vault by that? */
bool loose_reads_by(struct loose *loose, enum loose_path how, struct err *why);
/* Or by a descriptor of the vault's folder, which it was handed as one of its values? */
bool loose_reads_by_descriptor(struct loose *loose, struct err *why);
/* Does it run on when its time is over? */
bool loose_runs_on(struct loose *loose, struct err *why);

#endif
