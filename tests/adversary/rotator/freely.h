/* SPDX-License-Identifier: Apache-2.0 */
/* Which attempts are stopped though nothing isolates the rotator: all others must succeed where they are tried so. */
#ifndef TESTS_ADVERSARY_ROTATOR_FREELY_H
#define TESTS_ADVERSARY_ROTATOR_FREELY_H

/* Why the attempt called NAME may be stopped for us (root, or another) on this machine; NULL: it may not. */
const char *stopped_freely(const char *name);

#endif
