/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run FUNCTION(ARGUMENT) on a thread whose stack is locked like a secret and wiped afterwards,
 * for libraries that leave secrets on the stack.  While it runs, WAIT (may be NULL) is called on
 * the calling thread every 250 ms with the milliseconds so far.  Returns what FUNCTION returned.
 */
#ifndef BASE_SECRET_STACK_H
#define BASE_SECRET_STACK_H

#include "base/err.h"

enum err_code secret_stack_run(enum err_code (*function)(void *argument, struct err *err),
    void *argument, void (*wait)(void *wait_argument, unsigned milliseconds), void *wait_argument,
    struct err *err) MUST_CHECK;

#endif
