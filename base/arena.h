/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arena of a process: blocks of locked memory, carved from few locked ranges (base/locked.h), since making a range
 * costs more than most of what is done with a secret.  Each block is zero when it is given, aligned to 16 bytes, stands
 * between canaries, and is wiped whole when it is given back.  A canary that changed ends the process: somebody wrote
 * beyond the end of a block, and what else was overwritten nobody knows.  Any thread may call.
 *
 * The child of a fork has none of its parent's blocks; it may not use them, may free them, which does nothing, and
 * gets blocks of its own.  For base/ only.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/locked.h"

/* A block of SIZE bytes, rounded up to a multiple of 16, at least 16.  Where it is large, a guard page begins right
 * behind it.  ERR_MEMORY names RLIMIT_MEMLOCK and how to raise it; ERR_CRYPTO when the kernel gives no canary. */
enum err_code arena_new(size_t size, void **ret_block, struct err *err) MUST_CHECK;
/* What arena_new() made of the size. */
size_t arena_size(const void *block);
/* Wipes BLOCK, which arena_new() gave and nobody freed since. */
void arena_free(void *block);
/* A thread's stack of SIZE bytes, as of locked_new_stack(), all zero. */
enum err_code arena_stack_new(size_t size, struct locked *ret_stack, struct err *err) MUST_CHECK;
/* Wipes it, and keeps it for the next one: a command runs dozens of them. */
void arena_stack_free(struct locked stack);

/* Gives back what is kept although nothing is in it.  Was there anything? */
bool arena_trim(void);

#endif
