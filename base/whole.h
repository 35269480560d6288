/* SPDX-License-Identifier: Apache-2.0 */
/* All of this process's memory, for libraries that keep keys where they like. */
#ifndef BASE_WHOLE_H
#define BASE_WHOLE_H

#include <stdbool.h>

/* Keeps all memory of the process, now and later, out of swap.  False: the limit of locked memory (RLIMIT_MEMLOCK) is
 * below 64 MiB, so that a library's copy of a key may be swapped out while an attempt runs; ours never is. */
bool whole_lock(void);
/* Would a program that is started from here, by the same rights, be refused that on a host that has swap?  SWAPS:
 * "/proc/swaps", or a file like it. */
bool whole_may_swap(const char *swaps);

#endif
